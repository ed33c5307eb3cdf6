/** How the companion is, and how it was. */
import { bytes, hour, moment } from '../../core/format';
import { useLoad } from '../../core/load';
import { useQuery } from '../../core/router';
import { t, tOr } from '../../core/texts';
import { Chart } from '../../parts/chart';
import { Segments } from '../../parts/field';
import { Numbers } from '../../parts/numbers';
import { Bones, Shown } from '../../parts/state';

interface Sample {
  at: number;
  failing: string;
  database_ms: number;
  queue_lag_ms: number;
  jobs_waiting: number;
  disk_free: number;
  memory: number;
  load: number;
}
interface Told {
  well: boolean;
  parts: { name: string; well: boolean; says: string; ms: number }[];
  available: number;
  history: Sample[];
}
interface Totals {
  users: number;
  users_active: number;
  boxes: number;
  boxes_online: number;
  jobs: Record<string, number>;
  disk_free: number;
  outbox: string; // the folder of mail that is not sent
}

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** A scale from 0 to a round number above all values; 1 at least, so that an idle server shows a flat line. */
function scale(values: number[]): number[] {
  const most = Math.max(1, ...values);
  const power = 10 ** Math.floor(Math.log10(most));
  const top = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= most) ?? most;
  return [0, top / 2, top];
}

const MINUTE = 60_000;
const names = (failing: string) =>
  failing
    .split(',')
    .map((name) => tOr(`part.${name}`, name))
    .join(', ');

/** The times in which the same parts were ill, one after another; a minute without a sample does not part them. */
function spells(history: Sample[]): { from: number; to: number; failing: string }[] {
  const found: { from: number; to: number; failing: string }[] = [];
  for (const { at, failing } of history) {
    const last = found.at(-1);
    if (!failing) continue;
    if (last?.failing === failing && at - last.to <= 2.5 * MINUTE) last.to = at;
    else found.push({ from: at, to: at, failing });
  }
  return found;
}

export function Health() {
  const [hours, setHours] = useQuery('hours', '24');
  const told = useLoad<Told>(`/health?hours=${hours}`);
  const numbers = useLoad<Totals>('/admin/overview').data;
  const label = (at: number) => (Number(hours) > 48 ? day.format(at) : hour(at));
  const chart = (history: Sample[], title: string, says: string, unit: string, pick: (one: Sample) => number, show = (value: number) => String(Number(value.toPrecision(3)))) => {
    const points = history.map((one) => [one.at, pick(one)] as const);
    const first = points[0]?.[0] ?? 0;
    const last = points.at(-1)?.[0] ?? 0;
    return <Chart title={title} says={says} points={points} x={label} y={show} xTicks={[first, (first + last) / 2, last]} yTicks={scale(points.map(([, value]) => value))} xName={t('measure.time')} yName={unit} height={150} />;
  };
  return (
    <Shown of={told} bones={<Bones widths={[60, 100, 100]} height={60} />}>
      {({ well, parts, available, history }) => (
        <div class="stack">
          <p class="verdict">
            <span class={`dot ${well ? 'good' : 'bad'}`} />
            {t(well ? 'health.well' : 'health.ill')}
            <span class="soft figures"> {t('health.available', { share: `${(100 * available).toFixed(available === 1 ? 0 : 2)} %` })}</span>
          </p>
          <ul class="parts">
            {parts.map((one) => (
              <li key={one.name}>
                <span class={`dot ${one.well ? 'good' : 'bad'}`} />
                <strong>{tOr(`part.${one.name}`, one.name)}</strong>
                <span class={one.well ? 'soft' : 'bad'}>{one.says}</span>
                <span class="faint small figures end">{one.ms.toFixed(1)} ms</span>
              </li>
            ))}
          </ul>
          {numbers && (
            <Numbers
              rows={[
                [t('admin.users'), numbers.users, t('health.active', { n: numbers.users_active })],
                [t('nav.boxes'), numbers.boxes, t('health.online', { n: numbers.boxes_online })],
                [t('admin.jobs'), (numbers.jobs['queued'] ?? 0) + (numbers.jobs['running'] ?? 0), t('health.failed', { n: numbers.jobs['failed'] ?? 0 })],
                [t('health.disk'), bytes(numbers.disk_free * 1048576), t('health.disk.free')],
              ]}
            />
          )}
          {numbers?.outbox && (
            <section class="panel">
              <header>
                <h2>{t('health.mail')}</h2>
              </header>
              <p>
                {t('health.mail.kept')} <code class="secret">{numbers.outbox}</code>
              </p>
            </section>
          )}
          <Backups />
          <div class="tools">
            <h2>{t('health.history')}</h2>
            <span class="gap" />
            <Segments
              label={t('health.range')}
              value={hours}
              onValue={setHours}
              options={[
                ['6', t('health.hours', { n: 6 })],
                ['24', t('health.hours', { n: 24 })],
                ['168', t('health.days', { n: 7 })],
                ['720', t('health.days', { n: 30 })],
              ]}
            />
          </div>
          {history.length < 2 ? (
            <p class="soft">{t('health.noHistory')}</p>
          ) : (
            <div class="charts">
              {chart(history, t('health.database'), t('health.database.says'), 'ms', (one) => one.database_ms)}
              {chart(history, t('health.lag'), t('health.lag.says'), 's', (one) => one.queue_lag_ms / 1000)}
              {chart(history, t('health.memory'), t('health.memory.says'), 'MiB', (one) => one.memory)}
              {chart(history, t('health.load'), t('health.load.says'), '', (one) => one.load)}
            </div>
          )}
          {history.some((one) => one.failing) && (
            <ul class="rows">
              {spells(history)
                .slice(-10)
                .reverse()
                .map((one) => (
                  <li key={one.from}>
                    <span class="dot bad" />
                    <span class="grow">{names(one.failing)}</span>
                    <time class="small faint figures">{one.to - one.from < MINUTE ? moment(one.from) : `${moment(one.from)} – ${hour(one.to)}`}</time>
                  </li>
                ))}
            </ul>
          )}
        </div>
      )}
    </Shown>
  );
}

/** When the last backup was made, and what opens it on another machine. */
function Backups() {
  const path = '/admin/jobs?kind=backup&limit=1';
  const last = useLoad<{ items: { finished: number | null }[] }>(`${path}&state=done`).data;
  const failed = useLoad<{ items: { finished: number | null }[] }>(`${path}&state=failed`).data?.items[0]?.finished ?? 0;
  if (!last) return null;
  const made = last.items[0]?.finished ?? 0;
  return (
    <section class="panel">
      <header>
        <h2>{t('health.backups')}</h2>
      </header>
      <p class={failed > made ? 'bad' : ''}>
        {made ? t('health.backup.made', { when: moment(made) }) : t('health.backup.none')}
        {failed > made && ` ${t('health.backup.failed', { when: moment(failed) })}`}
      </p>
      <p class="soft">
        {t('health.backup.code')} <code>rackdeck companion admin keys recovery-code</code>
      </p>
    </section>
  );
}

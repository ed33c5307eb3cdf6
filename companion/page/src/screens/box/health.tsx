/** How a box did: load of the sound, drop-outs, temperature, and what crashed. */
import type { Crash, HealthReport } from '../../core/boxes';
import { ago, bytes, moment } from '../../core/format';
import { useList } from '../../core/load';
import { t, tOr } from '../../core/texts';
import { Chart } from '../../parts/chart';
import { Numbers } from '../../parts/numbers';
import { Bones, Shown, ShownList } from '../../parts/state';
import { CrashRows } from '../crashes';

const hour = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

export function Health({ path }: { path: string }) {
  const list = useList<HealthReport>(`${path}/health`, {}, 100);
  return (
    <section>
      <h2 class="unseen">{t('box.health')}</h2>
      <Shown of={{ data: list.rows, problem: list.problem, reload: list.reload }} bones={<Bones widths={[100, 100]} height={120} />}>
        {(rows) => (rows.length ? <Reports rows={rows} /> : <p class="soft">{t('box.health.none')}</p>)}
      </Shown>
      <Crashes path={`${path}/crashes`} />
    </section>
  );
}

function Reports({ rows }: { rows: HealthReport[] }) {
  const last = rows[0]!.report;
  const xruns = rows.reduce((sum, one) => sum + (one.report.sound?.xruns ?? 0), 0);
  const free = last.memory_free != null && last.memory_total ? bytes(last.memory_free) : '–';
  const warnings = [
    last.undervoltage && t('box.undervoltage'),
    last.throttled && t('box.throttled'),
    last.storage.errors > 0 && t('box.diskErrors', { n: last.storage.errors }),
    last.clock === 'none' && t('box.noClock'),
  ].filter(Boolean);
  return (
    <div class="stack close">
      {warnings.map((warning) => (
        <p class="note" key={String(warning)}>
          {warning}
        </p>
      ))}
      <Numbers
        rows={[
          [t('box.load'), last.sound ? `${Math.round(last.sound.load_mean)} %` : '–', last.sound ? t('box.load.worst', { n: Math.round(last.sound.load_worst) }) : ''],
          [t('box.xruns'), xruns, t('box.xruns.since', { when: ago(rows.at(-1)!.at) })],
          [t('box.temperature'), last.temperature == null ? '–' : `${Math.round(last.temperature)} °C`, ''],
          [t('health.memory'), free, free === '–' ? '' : t('health.disk.free')],
        ]}
      />
      <p class="small soft">{tOr(`network.${last.network}`, last.network)}</p>
      <Load rows={rows} />
    </div>
  );
}

/** The worst load of each period: what comes near 100 is heard. */
function Load({ rows }: { rows: HealthReport[] }) {
  const points = rows.map((one) => [one.at, one.report.sound?.load_worst ?? null] as const).reverse();
  const known = points.flatMap(([, value]) => value ?? []);
  if (known.length < 2) return null;
  const first = points[0]![0];
  const last = points.at(-1)![0];
  const label = (at: number) => (last - first > 2 * 86_400_000 ? day : hour).format(at);
  return (
    <Chart
      title={t('box.load.title')}
      says={t('box.load.says', { most: Math.round(Math.max(...known)), when: moment(last) })}
      points={points}
      x={label}
      y={(value) => String(Math.round(value))}
      xTicks={[first, (first + last) / 2, last]}
      yTicks={[0, 50, 100]}
      xName={t('measure.time')}
      yName="%"
      height={130}
    />
  );
}

function Crashes({ path }: { path: string }) {
  const list = useList<Crash>(path, {}, 20);
  if (!list.rows?.length) return null;
  return (
    <section class="below">
      <h2>{t('box.crashes')}</h2>
      <ShownList of={list}>{(rows) => <CrashRows rows={rows} path={path} />}</ShownList>
    </section>
  );
}

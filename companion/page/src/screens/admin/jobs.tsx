/** What is at work, waits, failed. */
import { post } from '../../core/api';
import { ago, lasting, moment } from '../../core/format';
import { invalidate, useList } from '../../core/load';
import { useQuery } from '../../core/router';
import { t, tOr } from '../../core/texts';
import { Button } from '../../parts/button';
import { Segments } from '../../parts/field';
import { Bones, Empty, Progress, ShownList } from '../../parts/state';

interface Job {
  id: string;
  kind: string;
  owner: string | null;
  owner_name: string;
  subject: string;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  progress: number;
  note: string;
  tries: number;
  created: number;
  started: number | null;
  finished: number | null;
}

const STATES = ['', 'queued', 'running', 'failed', 'done', 'cancelled'] as const;
const DOT = { queued: '', running: 'accent', done: 'good', failed: 'bad', cancelled: '' };

export function Jobs() {
  const [state, setState] = useQuery('state');
  const list = useList<Job>('/admin/jobs', { state }, 50);
  const act = (one: Job, what: 'retry' | 'cancel') => post(`/admin/jobs/${one.id}/${what}`).then(() => invalidate('/admin/jobs'));
  return (
    <>
      <div class="tools">
        <Segments label={t('jobs.state')} value={state} onValue={setState} options={STATES.map((one) => [one as string, tOr(`job.${one || 'all'}`, one)] as const)} />
      </div>
      <ShownList of={list} bones={<Bones height={40} />} empty={<Empty title={t('jobs.none')} />}>
        {(rows) => (
          <ul class="rows">
            {rows.map((one) => (
              <li key={one.id}>
                <span class={`dot ${DOT[one.state]}`} />
                <span class="grow">
                  {tOr(`jobKind.${one.kind}`, one.kind)} <span class="soft">{tOr(`job.${one.state}`, one.state)}</span>
                  <span class="small faint sub cut figures">
                    {one.owner_name || t('jobs.own')} · {one.started && one.finished ? t('jobs.took', { time: lasting((one.finished - one.started) / 1000) }) : ago(one.created)}
                    {one.tries > 1 && ` · ${t('jobs.tries', { n: one.tries })}`}
                    {one.note && ` · ${one.note}`}
                  </span>
                  {one.state === 'running' && <Progress value={one.progress || undefined} label={tOr(`jobKind.${one.kind}`, one.kind)} />}
                </span>
                <time class="small faint" title={moment(one.created)}>
                  {ago(one.created)}
                </time>
                {(one.state === 'failed' || one.state === 'cancelled') && (
                  <Button size="tiny" icon="retry" work={() => act(one, 'retry')}>
                    {t('do.retry')}
                  </Button>
                )}
                {(one.state === 'queued' || one.state === 'running') && (
                  <Button size="tiny" icon="close" work={() => act(one, 'cancel')}>
                    {t('do.cancel')}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </ShownList>
    </>
  );
}

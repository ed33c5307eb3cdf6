/** A box, live: what it does, its sets, how it is, what happened with it, giving it away. */
import { useState } from 'preact/hooks';
import { call, patch, remove } from '../core/api';
import type { Box, Status } from '../core/boxes';
import { capital, lasting, moment } from '../core/format';
import { invalidate, useList, useLoad } from '../core/load';
import { go } from '../core/router';
import { t, tOr } from '../core/texts';
import { Button } from '../parts/button';
import { ask, Dialog } from '../parts/dialog';
import { FormProblem, TextField, useForm } from '../parts/field';
import { InPlace } from '../parts/inplace';
import { Menu } from '../parts/menu';
import { Screen, ScreenOf } from '../parts/screen';
import { Bones, Trouble } from '../parts/state';
import type { SetRow } from '../core/sets';
import { Health } from './box/health';
import { Now } from './box/now';
import { BoxState, StorageBar } from './boxes';
import { SetRows } from './sets';

export function BoxScreen({ id = '' }: { id?: string }) {
  const loaded = useLoad<Box>(`/boxes/${id}`);
  return (
    <ScreenOf of={loaded}>{(box) => <Page box={box} />}</ScreenOf>
  );
}

function Page({ box }: { box: Box }) {
  const [giving, setGiving] = useState(false);
  const path = `/boxes/${box.id}`;
  const told = useLoad<Status>(`${path}/status`).data;
  const renew = () => invalidate('/boxes');
  const release = async () => {
    if (!(await ask({ title: t('boxes.release', { name: box.name }), text: t('boxes.release.text'), yes: t('boxes.release.do'), danger: true }))) return;
    await remove(path);
    go('/boxes');
    renew();
  };
  return (
    <Screen
      title={box.name}
      heading={
        <div class="track-name">
          <h1 class="unseen">{box.name}</h1>
          <InPlace class="title" label={t('boxes.name')} value={box.name} maxLength={60} save={(name) => patch(path, { name: name || box.name }).then(renew)} />
          <BoxState box={box} />
        </div>
      }
      actions={
        <Menu
          label={t('boxes.menu', { name: box.name })}
          choices={[
            box.given_to ? { label: t('boxes.keep'), icon: 'close', run: () => remove(`${path}/offer`).then(renew) } : { label: t('boxes.give'), icon: 'person', run: () => setGiving(true) },
            null,
            { label: t('boxes.release.do'), icon: 'trash', bad: true, run: release },
          ]}
        />
      }
    >
      {box.given_to && (
        <div class="note">
          <p>{t('boxes.givenTo', { who: box.given_to })}</p>
          <Button work={() => remove(`${path}/offer`).then(renew)}>{t('boxes.keep')}</Button>
        </div>
      )}
      <div class="columns">
        <div class="stack">
          {told && <Now told={told} />}
          <BoxSets id={box.id} />
          <Health path={path} />
          <Activity path={path} />
        </div>
        <section class="panel" aria-label={t('boxes.facts')}>
          <dl class="facts">
            <dt>{t('box.step')}</dt>
            <dd>
              <InStep told={told} />
            </dd>
            {told?.online && told.status && (
              <>
                <dt>{t('box.uptime')}</dt>
                <dd class="figures">{lasting(told.status.uptime)}</dd>
                <dt>{t('box.engine')}</dt>
                <dd>{tOr(`engine.${told.status.engine}`, told.status.engine)}</dd>
              </>
            )}
            <dt>{t('boxes.model')}</dt>
            <dd>{box.model || '–'}</dd>
            <dt>{t('boxes.storage')}</dt>
            <dd>
              <StorageBar box={box} />
            </dd>
            {Object.entries(box.versions).map(([part, version]) => (
              <>
                <dt>{capital(part)}</dt>
                <dd class="figures">{version}</dd>
              </>
            ))}
            <dt>{t('boxes.claimed.when')}</dt>
            <dd>{box.claimed ? moment(box.claimed) : '–'}</dd>
          </dl>
        </section>
      </div>
      {giving && <Give path={path} onClose={() => setGiving(false)} />}
    </Screen>
  );
}

/** How far box and companion are apart. */
function InStep({ told }: { told: Status | undefined }) {
  if (!told) return <>–</>;
  const up = told.online ? (told.status?.waiting ?? 0) : 0;
  if (!told.waiting && !up) return <>{t(told.online ? 'box.inStep' : 'box.inStep.away')}</>;
  return (
    <>
      {told.waiting > 0 && <span class="sub">{t('box.waiting.down', { n: told.waiting })}</span>}
      {up > 0 && <span class="sub">{t('box.waiting.up', { n: up })}</span>}
    </>
  );
}

/** The last sets of a box. */
function BoxSets({ id }: { id: string }) {
  const list = useList<SetRow>('/sets', { box: id }, 5);
  if (!list.rows?.length) return null;
  return (
    <section>
      <div class="tools">
        <h2>{t('nav.sets')}</h2>
        <span class="gap" />
        {!list.done && (
          <a class="small soft" href={`/sets?box=${id}`}>
            {t('box.allSets')}
          </a>
        )}
      </div>
      <SetRows sets={list.rows.slice(0, 5)} ofBox />
    </section>
  );
}

interface BoxEvent {
  id: number;
  kind: string;
  detail: Record<string, unknown>;
  at: number;
}

/** What more there is to say of an event: the new name, to whom, which software. */
function detailOf({ detail }: BoxEvent): string {
  const versions = Object.values((detail['versions'] as Record<string, string> | undefined) ?? {});
  return String(detail['name'] ?? detail['to'] ?? versions.join(', '));
}

function Activity({ path }: { path: string }) {
  const list = useList<BoxEvent>(`${path}/activity`, {}, 50);
  const rows = list.rows;
  return (
    <section>
      <h2>{t('boxes.activity')}</h2>
      {list.problem && !rows && <Trouble problem={list.problem} retry={list.reload} />}
      {!rows && !list.problem && <Bones />}
      {rows?.length === 0 && <p class="soft">{t('boxes.activity.none')}</p>}
      <ul class="rows">
        {rows?.map((event) => (
          <li key={event.id}>
            <span class="grow">
              {tOr(`boxEvent.${event.kind}`, event.kind)} <span class="soft">{detailOf(event)}</span>
            </span>
            <time class="small faint figures">{moment(event.at)}</time>
          </li>
        ))}
      </ul>
      {!list.done && <Button onClick={list.more}>{t('do.more')}</Button>}
    </section>
  );
}

function Give({ path, onClose }: { path: string; onClose: () => void }) {
  const form = useForm({ email: '' }, async (values) => {
    await call('PUT', `${path}/offer`, { body: values });
    invalidate('/boxes');
    onClose();
  });
  return (
    <Dialog title={t('boxes.give')} onClose={onClose}>
      <form class="form" onSubmit={form.submit}>
        <p class="soft">{t('boxes.give.text')}</p>
        <TextField label={t('sign.email')} type="email" required autofocus {...form.bind('email')} />
        <FormProblem problem={form.problem} />
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t('do.cancel')}
          </Button>
          <Button kind="primary" type="submit">
            {t('boxes.give.do')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

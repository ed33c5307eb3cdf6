/** A box, live: what it does, its sets, how it is, what happened with it, giving it away. */
import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import { call, patch, remove } from '../core/api';
import type { Box, Status } from '../core/boxes';
import { capital, lasting, moment } from '../core/format';
import { drop, invalidate, useList, useLoad } from '../core/load';
import { go } from '../core/router';
import { t, tOr } from '../core/texts';
import { Button } from '../parts/button';
import { ask, Dialog } from '../parts/dialog';
import { FormEnd, TextField, useForm } from '../parts/field';
import { InPlace } from '../parts/inplace';
import { Menu } from '../parts/menu';
import { Lost, Screen, ScreenOf } from '../parts/screen';
import { Tabs } from '../parts/tabs';
import type { SetRow } from '../core/sets';
import { Activity } from './box/activity';
import { Commands } from './box/commands';
import { Health } from './box/health';
import { Music } from './box/music';
import { Now } from './box/now';
import { Settings } from './box/settings';
import { BoxState, Machine } from './boxes';
import { SetRows } from './sets';

export function BoxScreen({ id = '', tab = '' }: { id?: string; tab?: string }) {
  const loaded = useLoad<Box>(isTab(tab) ? `/boxes/${id}` : null);
  if (!isTab(tab)) return <Lost text={t('lost.text')} />;
  return (
    <ScreenOf of={loaded}>{(box) => <Page box={box} tab={tab} />}</ScreenOf>
  );
}

const SHOWN = new Set(['rackdeck', 'system']); // of its software; what else changes stands in what happened
const TABS = ['', 'music', 'health', 'settings'] as const;
type Tab = (typeof TABS)[number];
const isTab = (name: string): name is Tab => (TABS as readonly string[]).includes(name);

function Page({ box, tab }: { box: Box; tab: Tab }) {
  const [giving, setGiving] = useState(false);
  const path = `/boxes/${box.id}`;
  const told = useLoad<Status>(`${path}/status`).data;
  const renew = () => invalidate('/boxes');
  const release = async () => {
    if (!(await ask({ title: t('boxes.release', { name: box.name }), text: t('boxes.release.text'), yes: t('boxes.release.do'), danger: true }))) return;
    await drop(path);
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
          <p>
            {t('boxes.givenTo', { who: box.given_to })} {t('boxes.givenTo.text')}
          </p>
          <Button work={() => remove(`${path}/offer`).then(renew)}>{t('boxes.keep')}</Button>
        </div>
      )}
      <Tabs label={t('box.parts')} base={path} current={tab} tabs={TABS.map((one) => [one, t(`box.tab.${one || 'now'}`)] as const)} />
      {tab === '' && (
        <div class="columns">
          <div class="stack">
            {told && <Now told={told} box={box.id} />}
            <BoxSets id={box.id} />
          </div>
          <div class="stack close">
            <Commands box={box.id} told={told} />
            <Facts box={box} told={told} />
          </div>
        </div>
      )}
      {tab === 'music' && <Music box={box} />}
      {tab === 'health' && (
        <div class="columns">
          <Health path={path} />
          <Activity path={path} />
        </div>
      )}
      {tab === 'settings' && <Settings path={path} name={box.name} />}
      {giving && <Give path={path} name={box.name} onClose={() => setGiving(false)} />}
    </Screen>
  );
}

function Facts({ box, told }: { box: Box; told: Status | undefined }) {
  return (
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
        <Machine box={box} />
        {Object.entries(box.versions).filter(([part]) => SHOWN.has(part)).map(([part, version]) => (
          <>
            <dt>{capital(part)}</dt>
            <dd class="figures">{version}</dd>
          </>
        ))}
        <dt>{t('boxes.claimed.when')}</dt>
        <dd>{box.claimed ? moment(box.claimed) : '–'}</dd>
      </dl>
    </section>
  );
}

/** How far box and companion are apart. */
function InStep({ told }: { told: Status | undefined }) {
  if (!told) return <>–</>;
  const up = told.online ? (told.status?.waiting ?? 0) : 0;
  if (!told.waiting && !up) return <>{t(told.online ? 'box.inStep' : 'box.inStep.away')}</>;
  return (
    <>
      {t('box.behind', { n: told.waiting + up })}
      {told.waiting > 0 && <span class="small soft sub">{t('box.behind.down', { n: told.waiting })}</span>}
      {up > 0 && <span class="small soft sub">{t('box.behind.up', { n: up })}</span>}
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

function Give({ path, name, onClose }: { path: string; name: string; onClose: () => void }) {
  const form = useForm({ email: '' }, async (values) => {
    await call('PUT', `${path}/offer`, { body: values });
    invalidate('/boxes');
    onClose();
  });
  return (
    <Dialog title={t('boxes.give.title', { name })} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <dl class="facts small">
          {(['goes', 'stays', 'they', 'until'] as const).map((one) => (
            <Fragment key={one}>
              <dt>{t(`boxes.give.${one}`)}</dt>
              <dd>{t(`boxes.give.${one}.text`)}</dd>
            </Fragment>
          ))}
        </dl>
        <TextField label={t('boxes.give.to')} hint={t('boxes.give.to.hint')} type="email" required autofocus {...form.bind('email')} />
        <FormEnd form={form} yes={t('boxes.give.do')} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

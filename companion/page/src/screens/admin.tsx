/** Administration: how it is, who is here, what is at work, what was done. */
import type { ComponentType } from 'preact';
import { useAtom } from '../core/atom';
import { user } from '../core/session';
import { t, type TextName } from '../core/texts';
import { Lost, Screen } from '../parts/screen';
import { Tabs } from '../parts/tabs';
import { Audit } from './admin/audit';
import { AllBoxes } from './admin/boxes';
import { Faults } from './admin/faults';
import { Flags } from './admin/flags';
import { Health } from './admin/health';
import { Jobs } from './admin/jobs';
import { Letters } from './admin/letters';
import { Users } from './admin/users';

const TABS: [string, TextName, ComponentType][] = [
  ['', 'admin.health', Health],
  ['users', 'admin.users', Users],
  ['jobs', 'admin.jobs', Jobs],
  ['boxes', 'nav.boxes', AllBoxes],
  ['faults', 'admin.faults', Faults],
  ['letters', 'admin.letters', Letters],
  ['audit', 'admin.audit', Audit],
  ['flags', 'admin.flags', Flags],
];

export function Admin({ tab = '' }: { tab?: string }) {
  const me = useAtom(user);
  const Tab = TABS.find(([name]) => name === tab)?.[2];
  if (!Tab) return <Lost text={t('lost.text')} />;
  if (me?.access !== 'admin')
    return (
      <Screen title={t('admin.notYours')}>
        <p class="soft">{t('admin.notYours.text')}</p>
      </Screen>
    );
  return (
    <Screen title={t('nav.admin')}>
      <Tabs label={t('nav.admin')} base="/admin" current={tab} tabs={TABS.map(([name, text]) => [name, t(text)] as const)} />
      <Tab />
    </Screen>
  );
}

/** The account: who you are, what protects it, keys for programs, how the page looks, your data. */
import type { ComponentType } from 'preact';
import { t, type TextName } from '../core/texts';
import { useAtom } from '../core/atom';
import { signOut, user } from '../core/session';
import { Button, LinkButton } from '../parts/button';
import { Lost, Screen } from '../parts/screen';
import { Tabs } from '../parts/tabs';
import { Data } from './account/data';
import { Keys } from './account/keys';
import { Look } from './account/look';
import { Profile } from './account/profile';
import { Security } from './account/security';

const TABS: [string, TextName, ComponentType][] = [
  ['', 'account.profile', Profile],
  ['security', 'account.security', Security],
  ['keys', 'account.keys', Keys],
  ['look', 'account.look', Look],
  ['data', 'account.data', Data],
];

export function Account({ tab = '' }: { tab?: string }) {
  const me = useAtom(user);
  const Tab = TABS.find(([name]) => name === tab)?.[2];
  if (!Tab) return <Lost text={t('lost.text')} />;
  return (
    <Screen
      title={t('nav.account')}
      actions={
        <>
          {me?.access === 'admin' && (
            <LinkButton class="narrow-only" icon="admin" href="/admin">
              {t('nav.admin')}
            </LinkButton>
          )}
          <Button icon="out" work={signOut}>
            {t('account.signOut')}
          </Button>
        </>
      }
    >
      <Tabs label={t('nav.account')} base="/account" current={tab} tabs={TABS.map(([name, text]) => [name, t(text)] as const)} />
      <Tab />
    </Screen>
  );
}

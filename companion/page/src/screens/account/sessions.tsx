/** Where the account is signed in. */
import { call, remove } from '../../core/api';
import { ago } from '../../core/format';
import { useLoad } from '../../core/load';
import { t } from '../../core/texts';
import { Button } from '../../parts/button';
import { Shown } from '../../parts/state';
import { Part, renew } from './part';

interface Session {
  id: string;
  agent: string;
  address: string;
  created: number;
  seen: number;
  current: boolean;
  program: boolean;
}

/** `Firefox on Linux`, from what a browser says of itself. */
function device(agent: string): string {
  const browser = /Edg\//.test(agent) ? 'Edge' : /Firefox\//.test(agent) ? 'Firefox' : /Chrome\//.test(agent) ? 'Chrome' : /Safari\//.test(agent) ? 'Safari' : '';
  const system = /Android/.test(agent) ? 'Android' : /iPhone|iPad/.test(agent) ? 'iOS' : /Mac OS/.test(agent) ? 'macOS' : /Windows/.test(agent) ? 'Windows' : /Linux/.test(agent) ? 'Linux' : '';
  return browser && system ? t('security.device', { browser, system }) : agent.slice(0, 60) || t('security.unknown');
}

export function Sessions() {
  const list = useLoad<{ items: Session[] }>('/account/sessions');
  const others = (list.data?.items.length ?? 0) > 1;
  return (
    <Part
      icon="clock"
      title={t('security.sessions')}
      state={t('security.sessions.text')}
      action={
        others && (
          <Button kind="danger" work={() => call('DELETE', '/account/sessions').then(renew)}>
            {t('security.sessions.endOthers')}
          </Button>
        )
      }
    >
      <Shown of={list}>
        {({ items }) => (
          <ul class="rows">
            {items.map((one) => (
              <li key={one.id}>
                <span class="grow">
                  {one.program ? t('security.program', { agent: device(one.agent) }) : device(one.agent)}
                  <span class="small faint sub figures">
                    {one.address} · {t('security.seen', { when: ago(one.seen) })}
                  </span>
                </span>
                {one.current ? (
                  <span class="chip accent">{t('security.here')}</span>
                ) : (
                  <Button work={() => remove(`/account/sessions/${one.id}`).then(renew)}>{t('security.sessions.end')}</Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </Part>
  );
}

/** Accounts at other sites that sign in here. */
import { post, remove } from '../../core/api';
import { useLoad } from '../../core/load';
import { t } from '../../core/texts';
import { Button } from '../../parts/button';
import { Part, renew } from './part';

interface Link {
  id: string;
  provider: string;
  email: string;
}

export function Elsewhere() {
  const list = useLoad<{ items: Link[] }>('/account/elsewhere').data?.items ?? [];
  const ways = useLoad<{ providers: { name: string; title: string }[] }>('/sign-in').data?.providers ?? [];
  const free = ways.filter((way) => !list.some((one) => one.provider === way.name));
  if (!list.length && !free.length) return null;
  const leave = async (name: string) => location.assign((await post<{ url: string }>(`/account/elsewhere/${name}`, { next: '/account/security' })).url);
  return (
    <Part icon="out" title={t('security.elsewhere')} state={t('security.elsewhere.text')}>
      <ul class="rows">
        {list.map((one) => (
          <li key={one.id}>
            <span class="grow">
              {ways.find((way) => way.name === one.provider)?.title ?? one.provider} <span class="soft">{one.email}</span>
            </span>
            <Button kind="quiet" icon="trash" label={t('security.remove', { name: one.provider })} work={() => remove(`/account/elsewhere/${one.id}`).then(renew)} />
          </li>
        ))}
        {free.map((way) => (
          <li key={way.name}>
            <span class="grow soft">{way.title}</span>
            <Button work={() => leave(way.name)}>{t('security.elsewhere.link')}</Button>
          </li>
        ))}
      </ul>
    </Part>
  );
}

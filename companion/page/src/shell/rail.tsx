/** The left rail; on a phone, the bar at the bottom. */
import { useAtom } from '../core/atom';
import { go, place } from '../core/router';
import { user } from '../core/session';
import { t, type TextName } from '../core/texts';
import { Icon, Mark, type IconName } from '../parts/icon';
import { Menu } from '../parts/menu';
import { paletteOpen } from './palette';
import { unread } from './unread';

const PLACES: [string, TextName, IconName][] = [
  ['/', 'nav.overview', 'overview'],
  ['/library', 'nav.library', 'library'],
  ['/projects', 'nav.projects', 'projects'],
  ['/playlists', 'nav.playlists', 'playlists'],
  ['/sets', 'nav.sets', 'sets'],
  ['/boxes', 'nav.boxes', 'boxes'],
  ['/earnings', 'nav.earnings', 'earnings'],
];

/** What a phone's bar has room for; the rest is in its menu. */
const FEW = ['/', '/library', '/sets', '/boxes'];

export function Rail() {
  const { path } = useAtom(place);
  const me = useAtom(user);
  const count = useAtom(unread);
  const others: typeof PLACES = [
    ...PLACES.filter(([href]) => !FEW.includes(href)),
    ['/notices', 'nav.notices', 'bell'],
    ['/account', 'nav.account', 'person'],
    ...(me?.access === 'admin' ? [['/admin', 'nav.admin', 'admin'] satisfies (typeof PLACES)[number]] : []),
  ];
  const current = (href: string) => (href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`));
  const item = (href: string, name: TextName, icon: IconName, extra = '') => (
    <a class={`item ${extra}`} href={href} key={href} aria-current={current(href) ? 'page' : undefined} title={t(name)}>
      <Icon name={icon} size={20} />
      <span>{t(name)}</span>
      {href === '/notices' && count > 0 && <span class="count">{count > 99 ? '99+' : count}</span>}
    </a>
  );
  return (
    <nav class="rail" aria-label={t('nav.label')}>
      <a class="brand" href="/" aria-label={t('nav.home')}>
        <Mark />
        <span>Rackdeck</span>
      </a>
      {PLACES.map(([href, name, icon]) => item(href, name, icon, FEW.includes(href) ? '' : 'rare'))}
      <div class="space" />
      <button class="item rare" type="button" onClick={() => paletteOpen.set(true)} title={t('nav.find')}>
        <Icon name="search" size={20} />
        <span>{t('nav.find')}</span>
        <kbd>{/Mac/.test(navigator.platform) ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      {me?.access === 'admin' && item('/admin', 'nav.admin', 'admin', 'rare')}
      {item('/notices', 'nav.notices', 'bell', 'rare')}
      {item('/account', 'nav.account', 'person', 'rare')}
      <span class={`others ${others.some(([href]) => current(href)) ? 'here' : ''}`}>
        <Menu label={t('nav.more')} text={t('nav.more')} choices={others.map(([href, name, icon]) => ({ label: t(name), icon, run: () => go(href) }))} />
        {count > 0 && <span class="count">{count > 99 ? '99+' : count}</span>}
      </span>
    </nav>
  );
}

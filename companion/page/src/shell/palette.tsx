/** Ctrl-K: everything by its name. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { get, query } from '../core/api';
import { atom, useAtom } from '../core/atom';
import { caps } from '../core/keys';
import { toggle } from '../core/player';
import { go } from '../core/router';
import { signOut, user } from '../core/session';
import { calledSet } from '../core/sets';
import { t } from '../core/texts';
import { density, theme, type Theme } from '../core/theme';
import { Dialog } from '../parts/dialog';
import { Icon, type IconName } from '../parts/icon';
import { failed } from '../parts/toast';
import { sheetOpen } from './keysheet';
import { chooseFiles } from './tray';

export const paletteOpen = atom(false);

interface Entry {
  group: string;
  name: string;
  icon: IconName;
  run: () => unknown;
  end?: string;
  words?: string;
}

function fixed(admin: boolean): Entry[] {
  const to = (path: string, name: string, icon: IconName, keys = '') => ({
    group: t('palette.go'),
    name,
    icon,
    run: () => go(path),
    end: keys && caps(keys).join(' '),
  });
  const look = (name: Theme) => ({
    group: t('palette.look'),
    name: t(`theme.${name}`),
    words: t('palette.theme'),
    icon: 'sun' as const,
    run: () => theme.set(name),
  });
  return [
    to('/', t('nav.overview'), 'overview', 'G O'),
    to('/library', t('nav.library'), 'library', 'G L'),
    to('/projects', t('nav.projects'), 'projects', 'G P'),
    to('/playlists', t('nav.playlists'), 'playlists', 'G Y'),
    to('/sets', t('nav.sets'), 'sets', 'G S'),
    to('/boxes', t('nav.boxes'), 'boxes', 'G B'),
    to('/earnings', t('nav.earnings'), 'earnings', 'G E'),
    to('/notices', t('nav.notices'), 'bell', 'G N'),
    to('/account', t('nav.account'), 'person', 'G A'),
    to('/account/security', t('account.security'), 'shield'),
    ...(admin ? [to('/admin', t('nav.admin'), 'admin')] : []),
    { group: t('palette.do'), name: t('upload.do'), icon: 'upload', run: () => chooseFiles(), end: 'U' },
    { group: t('palette.do'), name: t('projects.new'), icon: 'plus', run: () => go('/projects?new=1') },
    { group: t('palette.do'), name: t('playlists.new'), icon: 'plus', run: () => go('/playlists?new=1') },
    { group: t('palette.do'), name: t('boxes.claim'), icon: 'boxes', run: () => go('/boxes?claim=1') },
    { group: t('palette.do'), name: t('earnings.enter'), icon: 'earnings', run: () => go('/earnings?new=1') },
    { group: t('palette.do'), name: t('player.toggle'), icon: 'play', run: toggle, end: t('key.Space') },
    { group: t('palette.do'), name: t('keys.title'), icon: 'keyboard', run: () => sheetOpen.set(true), end: '?' },
    { group: t('palette.do'), name: t('account.signOut'), icon: 'out', run: signOut },
    look('dark'),
    look('light'),
    look('contrast'),
    look('system'),
    {
      group: t('palette.look'),
      name: t('density.toggle'),
      icon: 'rows',
      run: () => density.set(density.get() === 'compact' ? 'comfortable' : 'compact'),
    },
  ];
}

interface Found {
  items: { id: string; title?: string; name?: string; artist?: string }[];
}

async function search(words: string): Promise<Entry[]> {
  const [tracks, projects, playlists, sets] = await Promise.all([
    get<Found>(`/tracks${query({ q: words, limit: 6 })}`).catch(() => ({ items: [] })),
    get<Found>(`/projects${query({ search: words, limit: 4 })}`).catch(() => ({ items: [] })),
    get<Found>(`/documents${query({ of: 'playlist', search: words, limit: 4 })}`).catch(() => ({ items: [] })),
    get<Found>(`/sets${query({ search: words, limit: 4 })}`).catch(() => ({ items: [] })),
  ]);
  return [
    ...tracks.items.map((one) => ({
      group: t('nav.library'),
      name: one.title ?? '',
      end: one.artist ?? '',
      icon: 'library' as const,
      run: () => go(`/library/${one.id}`),
    })),
    ...projects.items.map((one) => ({
      group: t('nav.projects'),
      name: one.title ?? one.name ?? '',
      icon: 'projects' as const,
      run: () => go(`/projects/${one.id}`),
    })),
    ...playlists.items.map((one) => ({
      group: t('nav.playlists'),
      name: one.title ?? '',
      icon: 'playlists' as const,
      run: () => go(`/playlists/${one.id}`),
    })),
    ...sets.items.map((one) => ({
      group: t('nav.sets'),
      name: calledSet(one.title ?? ''),
      icon: 'sets' as const,
      run: () => go(`/sets/${one.id}`),
    })),
  ];
}

export function Palette() {
  const open = useAtom(paletteOpen);
  return open ? <OpenPalette /> : null;
}

function OpenPalette() {
  const me = useAtom(user);
  const [text, setText] = useState('');
  const [found, setFound] = useState<Entry[]>([]);
  const [at, setAt] = useState(0);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const close = () => paletteOpen.set(false);
  useEffect(() => {
    const words = text.trim();
    if (words.length < 2) return setFound([]);
    let current = true;
    const timer = setTimeout(() => void search(words).then((entries) => current && setFound(entries)), 140);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = fixed(me?.access === 'admin').filter((entry) => {
    const all = `${entry.group} ${entry.name} ${entry.words ?? ''}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const entries = [...found, ...matches];
  const chosen = Math.min(at, entries.length - 1);
  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    close();
    Promise.resolve(entry.run()).catch(failed);
  };
  const key = (event: KeyboardEvent) => {
    const to = { ArrowDown: chosen + 1, ArrowUp: chosen - 1 }[event.key];
    if (to !== undefined) {
      setAt((to + entries.length) % Math.max(1, entries.length));
      event.preventDefault();
    } else if (event.key === 'Enter') run(entries[chosen]);
  };
  useEffect(() => list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' }), [chosen]);
  const groups = [...new Set(entries.map((entry) => entry.group))];
  return (
    <Dialog title={t('palette.title')} onClose={close} bare class="palette">
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={entries.length ? `${id}-${chosen}` : undefined}
        aria-label={t('palette.title')}
        placeholder={t('palette.placeholder')}
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={key}
      />
      {entries.length ? (
        <div role="listbox" id={`${id}-list`} aria-label={t('palette.results')} ref={list}>
          {groups.map((group) => (
            <div role="group" aria-label={group} key={group}>
              <p aria-hidden="true">{group}</p>
              {entries.map(
                (entry, n) =>
                  entry.group === group && (
                    <div role="option" id={`${id}-${n}`} key={n} aria-selected={n === chosen} onPointerMove={() => setAt(n)} onClick={() => run(entry)}>
                      <Icon name={entry.icon} />
                      <span class="cut">{entry.name}</span>
                      <span class="end cut">{entry.end}</span>
                    </div>
                  ),
              )}
            </div>
          ))}
        </div>
      ) : (
        <p class="none" role="status">
          {t('palette.none', { text })}
        </p>
      )}
    </Dialog>
  );
}

/** The frame around every screen. */
import type { ComponentType } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { call, online } from '../core/api';
import { useAtom } from '../core/atom';
import { startDocuments } from '../core/documents';
import { date } from '../core/format';
import { bind } from '../core/keys';
import { audio, nudge, player, setLoop, shuttle, toggle } from '../core/player';
import { tryNow } from '../core/reach';
import { go, match, place, useScreen, type Params, type Route } from '../core/router';
import { useLoad } from '../core/load';
import { outbox } from '../core/outbox';
import { renewUser, user } from '../core/session';
import { findLeft, uploads } from '../core/uploads';
import { t } from '../core/texts';
import { Questions } from '../parts/dialog';
import { Icon } from '../parts/icon';
import { Lost, Screen } from '../parts/screen';
import { Bones, Trouble } from '../parts/state';
import { Button } from '../parts/button';
import { Toasts } from '../parts/toast';
import { KeySheet, sheetOpen } from './keysheet';
import { Palette, paletteOpen } from './palette';
import { PlayerBar } from './playerbar';
import { Proof } from './proof';
import { Rail } from './rail';
import { unread } from './unread';
import { chooseFiles, DropZone, Tray } from './tray';

/** A screen asks for what its pattern gives. */
const screen = (found: unknown) => found as ComponentType<Params>;

const ROUTES: Route[] = [
  { pattern: '/', load: () => import('../screens/overview').then((m) => screen(m.Overview)) },
  { pattern: '/library', load: () => import('../screens/library').then((m) => screen(m.Library)) },
  { pattern: '/library/:id', load: () => import('../screens/track').then((m) => screen(m.TrackScreen)) },
  { pattern: '/projects', load: () => import('../screens/projects').then((m) => screen(m.Projects)) },
  { pattern: '/projects/:id', load: () => import('../screens/project').then((m) => screen(m.ProjectScreen)) },
  { pattern: '/projects/:id/:tab', load: () => import('../screens/project').then((m) => screen(m.ProjectScreen)) },
  { pattern: '/playlists', load: () => import('../screens/playlists').then((m) => screen(m.Playlists)) },
  { pattern: '/playlists/:id', load: () => import('../screens/playlist').then((m) => screen(m.PlaylistScreen)) },
  { pattern: '/sets', load: () => import('../screens/sets').then((m) => screen(m.Sets)) },
  { pattern: '/sets/:id', load: () => import('../screens/set').then((m) => screen(m.SetScreen)) },
  { pattern: '/earnings', load: () => import('../screens/earnings').then((m) => screen(m.Earnings)) },
  { pattern: '/boxes', load: () => import('../screens/boxes').then((m) => screen(m.Boxes)) },
  { pattern: '/boxes/:id', load: () => import('../screens/box').then((m) => screen(m.BoxScreen)) },
  { pattern: '/boxes/:id/:tab', load: () => import('../screens/box').then((m) => screen(m.BoxScreen)) },
  { pattern: '/invitations', load: () => import('../screens/invitations').then((m) => screen(m.Invitations)) },
  { pattern: '/notices', load: () => import('../screens/notices').then((m) => screen(m.Notices)) },
  { pattern: '/account', load: () => import('../screens/account').then((m) => screen(m.Account)) },
  { pattern: '/account/:tab', load: () => import('../screens/account').then((m) => screen(m.Account)) },
  { pattern: '/admin', load: () => import('../screens/admin').then((m) => screen(m.Admin)) },
  { pattern: '/admin/:tab', load: () => import('../screens/admin').then((m) => screen(m.Admin)) },
];

const GO = [
  ['G O', '/', 'nav.overview'],
  ['G L', '/library', 'nav.library'],
  ['G P', '/projects', 'nav.projects'],
  ['G Y', '/playlists', 'nav.playlists'],
  ['G S', '/sets', 'nav.sets'],
  ['G B', '/boxes', 'nav.boxes'],
  ['G E', '/earnings', 'nav.earnings'],
  ['G N', '/notices', 'nav.notices'],
  ['G A', '/account', 'nav.account'],
] as const;

const loaded = () => player.get().track !== null;

function useKeys(): void {
  useLayoutEffect(
    () =>
      bind([
        ...GO.map(([keys, path, name]) => ({ keys, name, group: 'keys.go' as const, run: () => go(path) })),
        { keys: 'Mod+K', name: 'palette.title', group: 'keys.everywhere', run: () => paletteOpen.update((open) => !open) },
        { keys: '?', name: 'keys.title', group: 'keys.everywhere', run: () => sheetOpen.set(true) },
        { keys: '/', name: 'keys.search', group: 'keys.everywhere', run: () => document.querySelector<HTMLElement>('[data-search]')?.focus() },
        { keys: 'U', name: 'upload.do', group: 'keys.everywhere', run: () => chooseFiles() },
        { keys: 'Space', name: 'player.toggle', group: 'keys.player', when: loaded, run: toggle },
        { keys: 'J', name: 'player.slower', group: 'keys.player', when: loaded, run: () => shuttle(-1) },
        { keys: 'K', name: 'player.stop', group: 'keys.player', when: loaded, run: () => audio.pause() },
        {
          keys: 'L',
          name: 'player.faster',
          group: 'keys.player',
          when: loaded,
          run: () => (audio.paused ? toggle() : shuttle(1)),
        },
        { keys: 'ArrowLeft', name: 'player.back5', group: 'keys.player', when: loaded, run: () => nudge(-5) },
        { keys: 'ArrowRight', name: 'player.on5', group: 'keys.player', when: loaded, run: () => nudge(5) },
        { keys: 'Shift+ArrowLeft', name: 'player.back30', group: 'keys.player', when: loaded, run: () => nudge(-30) },
        { keys: 'Shift+ArrowRight', name: 'player.on30', group: 'keys.player', when: loaded, run: () => nudge(30) },
        {
          keys: 'I',
          name: 'player.loopFrom',
          group: 'keys.player',
          when: loaded,
          run: () => {
            const at = audio.currentTime;
            const end = player.get().loop?.to ?? player.get().track!.seconds;
            setLoop({ from: at, to: end > at ? end : player.get().track!.seconds });
          },
        },
        {
          keys: 'O',
          name: 'player.loopTo',
          group: 'keys.player',
          when: loaded,
          run: () => setLoop({ from: Math.min(player.get().loop?.from ?? 0, audio.currentTime), to: audio.currentTime }),
        },
        { keys: 'Shift+L', name: 'player.endLoop', group: 'keys.player', when: loaded, run: () => setLoop(null) },
      ]),
    [],
  );
}

export function Shell() {
  const { path } = useAtom(place);
  const reached = useAtom(online);
  const sending = useAtom(uploads).length > 0;
  const route = ROUTES.find((one) => match(one.pattern, path));
  const Found = useScreen(route);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const waiting = useAtom(outbox).length;
  const leaving = useAtom(user)?.leaving;
  const told = useLoad<{ unread: number }>('/notices/unread').data;
  useEffect(() => unread.set(told?.unread ?? 0), [told]);
  useKeys();
  useEffect(() => void findLeft(), []);
  useEffect(startDocuments, []);
  useEffect(() => {
    // a screen reader hears where it is; not at the first, which the browser reads itself
    if (!first.current) requestAnimationFrame(() => main.current?.focus({ preventScroll: true }));
    first.current = false;
  }, [route]);
  const params = (route && match(route.pattern, path)) ?? {};
  return (
    <>
      <a class="skip" href="#main" onClick={() => main.current?.focus()}>
        {t('nav.skip')}
      </a>
      <div class="shell">
        <Rail />
        <div class="column">
          {!reached && (
            <p class="offline" role="status">
              <Icon name="info" size={16} />
              {t('offline.banner')}
              {waiting > 0 && <strong>{t('offline.waiting', { n: waiting })}</strong>}
              <Button kind="quiet" size="tiny" icon="retry" work={tryNow}>
                {t('offline.try')}
              </Button>
            </p>
          )}
          {leaving && (
            <p class="offline leaving" role="status">
              <Icon name="trash" size={16} />
              {t('account.leaving', { when: date(leaving) })}
              <Button size="tiny" work={() => call('DELETE', '/account/deletion').then(renewUser)}>
                {t('account.stay')}
              </Button>
            </p>
          )}
          <main class="main" id="main" ref={main} tabIndex={-1}>
            {!route && <Lost text={t('lost.text')} />}
            {route && Found === undefined && (
              <div class="screen">
                <Bones widths={[30, 100, 100, 80]} height={24} />
              </div>
            )}
            {Found instanceof Error ? (
              <Screen title={t('lost.failed')}>
                <Trouble problem={{ status: 0, slug: 'page', detail: t('lost.module'), request: '', errors: [] }} retry={() => location.reload()} />
              </Screen>
            ) : (
              Found && <Found key={route!.pattern + (params['id'] ?? '')} {...params} />
            )}
          </main>
        </div>
      </div>
      <PlayerBar />
      <Tray />
      <Toasts beside={sending} />
      <DropZone />
      <Palette />
      <KeySheet />
      <Questions />
      <Proof />
    </>
  );
}

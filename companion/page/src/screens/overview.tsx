/** The overview: what changed, and what is next. */
import type { ComponentChildren } from 'preact';
import { useAtom } from '../core/atom';
import type { Box } from '../core/boxes';
import type { Cards } from '../core/earnings';
import { ago, bytes, capital, clock } from '../core/format';
import { useLoad } from '../core/load';
import { money } from '../core/money';
import { play } from '../core/player';
import { user } from '../core/session';
import type { SetRow } from '../core/sets';
import { t } from '../core/texts';
import { artworkOf, playable, waveformOf, type TrackRow } from '../core/tracks';
import { Artwork } from '../parts/artwork';
import { Button, LinkButton } from '../parts/button';
import { Icon } from '../parts/icon';
import { Screen } from '../parts/screen';
import { Bones, Shown } from '../parts/state';
import { Wave } from '../parts/waveform';
import { followHead, headOf } from '../shell/playerbar';
import { chooseFiles } from '../shell/tray';
import { unread } from '../shell/unread';
import { useConfirm } from './account/confirm';
import { BoxState } from './boxes';
import { FirstUpload } from './firstupload';
import { coverOf, StatusSteps, type ProjectRow } from './projects';
import { InvitationNotes } from './invitations';
import { SetRows } from './sets';

interface Tier {
  limits: { what: string; most: number; used: number | null }[];
}
interface Notice {
  id: string;
  text: string;
  link: string;
  at: number;
  read: number | null;
}

interface Step {
  id: string;
  text: string;
  action: ComponentChildren;
}

/** At most three things to do, the most useful first. */
function useSteps(tracks: TrackRow[] | undefined, projects: ProjectRow[] | undefined, boxes: Box[] | undefined): Step[] {
  const me = useAtom(user);
  const confirm = useConfirm();
  const steps: Step[] = [];
  if (!me || !tracks || !projects) return steps;
  if (confirm) steps.push({ id: 'verify', ...confirm });
  const loud = tracks.find((one) => one.loudness !== null && one.loudness > -8);
  if (loud) steps.push({ id: 'loud', text: t('next.loud', { title: loud.title, at: loud.loudness!.toFixed(1).replace('-', '−') }), action: <LinkButton href={`/library/${loud.id}`}>{t('next.look')}</LinkButton> });
  const unsigned = tracks.filter((one) => one.own && !one.artist);
  if (unsigned.length) steps.push({ id: 'artist', text: t('next.artist', { n: unsigned.length }), action: <LinkButton href={`/library/${unsigned[0]!.id}`}>{t('next.write')}</LinkButton> });
  if (!projects.length) steps.push({ id: 'project', text: t('next.project'), action: <LinkButton href="/projects?new=1">{t('projects.new')}</LinkButton> });
  if (boxes && !boxes.length) steps.push({ id: 'box', text: t('next.box'), action: <LinkButton href="/boxes?claim=1">{t('boxes.claim')}</LinkButton> });
  return steps.slice(0, 3);
}

export function Overview() {
  const me = useAtom(user);
  const tracks = useLoad<{ items: TrackRow[] }>('/tracks?sort=-changed&limit=6');
  const projects = useLoad<{ items: ProjectRow[] }>('/projects?limit=4');
  const boxes = useLoad<Box[]>('/boxes').data;
  const sets = useLoad<{ items: SetRow[] }>(boxes?.length ? '/sets?limit=2' : null).data?.items ?? [];
  const cards = useLoad<Cards>('/earnings').data;
  const tier = useLoad<Tier>('/account/tier').data;
  const news = useAtom(unread);
  const notices = useLoad<{ items: Notice[] }>('/notices?unread=true&limit=4').data?.items ?? [];
  const steps = useSteps(tracks.data?.items, projects.data?.items, boxes);
  const recent = tracks.data?.items;
  const storage = tier?.limits.find((one) => one.what === 'storage');
  const count = tier?.limits.find((one) => one.what === 'tracks');
  const first = me?.name.split(' ')[0] ?? '';
  return (
    <Screen
      title={t('nav.overview')}
      heading={<h1>{headline(recent, sets, news, first)}</h1>}
      actions={
        recent &&
        recent.length > 0 && (
          <Button kind="primary" icon="upload" onClick={() => chooseFiles()}>
            {t('upload.do')}
          </Button>
        )
      }
    >
      <InvitationNotes />
      <Shown of={tracks} bones={<Bones widths={[100, 100, 100]} height={56} />}>
        {({ items }) => (
          <div class="overview">
            <section class="lead">
              {items[0] ? <Latest track={items[0]} rest={items} /> : <FirstUpload />}
              {sets.length > 0 && (
                <>
                  <h2>{t('overview.sets')}</h2>
                  <SetRows sets={sets} />
                </>
              )}
              {items.length > 1 && (
                <>
                  <h2>{t('overview.recent')}</h2>
                  <ul class="rows links">
                    {items.slice(1).map((one) => (
                      <li key={one.id}>
                        <Button kind="quiet" icon="play" label={t('player.playOf', { title: one.title })} class="above" onClick={() => play(playable(one), items.map(playable))} />
                        <Artwork seed={one.id} src={artworkOf(one.artwork)} size={38} />
                        <span class="grow">
                          <a class="stretched name cut" href={`/library/${one.id}`}>
                            {one.title}
                          </a>
                          <span class="small soft sub cut">{one.artist || t('track.noArtist')}</span>
                        </span>
                        <span class="mini wide-only">
                          <Wave peaks={waveformOf(one.recording)} seconds={one.seconds} coarse bars />
                        </span>
                        <span class="end small faint figures">{clock(one.seconds)}</span>
                      </li>
                    ))}
                  </ul>
                </>
              )}
            </section>
            <aside class="stack">
              {steps.length > 0 && (
                <section class="panel">
                  <header>
                    <h2>{t('overview.next')}</h2>
                  </header>
                  <ol class="steps-list">
                    {steps.map((one) => (
                      <li key={one.id}>
                        <p>{one.text}</p>
                        {one.action}
                      </li>
                    ))}
                  </ol>
                </section>
              )}
              <Rack boxes={boxes ?? []} />
              <Month cards={cards} />
              {notices.length > 0 && (
                <section>
                  <h2>{t('overview.news')}</h2>
                  <ul class="rows links">
                    {notices.map((one) => (
                      <li key={one.id}>
                        <a class="grow stretched clamp" href={one.link}>
                          {capital(one.text)}
                        </a>
                        <time class="end small faint">{ago(one.at)}</time>
                      </li>
                    ))}
                  </ul>
                </section>
              )}
              {projects.data && projects.data.items.length > 0 && (
                <section>
                  <h2>{t('overview.projects')}</h2>
                  <ul class="rows links">
                    {projects.data.items.map((one) => (
                      <li key={one.id}>
                        <Artwork seed={one.id} src={coverOf(one.cover)} size={38} />
                        <span class="grow">
                          <a class="stretched name cut" href={`/projects/${one.id}`}>
                            {one.title}
                          </a>
                          <span class="small soft sub">
                            <StatusSteps status={one.status} />
                          </span>
                        </span>
                        <time class="end small faint">{ago(one.changed)}</time>
                      </li>
                    ))}
                  </ul>
                </section>
              )}
              <p class="small faint figures foot">
                {count && t('library.count', { n: count.used ?? 0 })}
                {storage && ` · ${t('overview.storage', { used: bytes(storage.used ?? 0), most: bytes(storage.most) })}`}
              </p>
            </aside>
          </div>
        )}
      </Shown>
    </Screen>
  );
}

/** The boxes: what each does now. */
function Rack({ boxes }: { boxes: Box[] }) {
  if (!boxes.length) return null;
  const online = boxes.filter((one) => one.online).length;
  return (
    <section class="panel">
      <header>
        <h2>{t('nav.boxes')}</h2>
        <span class="small soft">{t('overview.boxes', { n: online, all: boxes.length })}</span>
      </header>
      <ul class="rows links">
        {[...boxes.filter((one) => one.online), ...boxes.filter((one) => !one.online)].slice(0, 4).map((one) => (
          <li key={one.id}>
            <span class="grow">
              <a class="stretched name cut" href={`/boxes/${one.id}`}>
                {one.name}
              </a>
              <BoxState box={one} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What this month brought, each currency by itself. */
function Month({ cards: told }: { cards: Cards | undefined }) {
  if (!told?.cards.length) return null;
  const month = new Intl.DateTimeFormat('en-GB', { month: 'long', timeZone: 'UTC' }).format(Date.parse(told.day));
  return (
    <section class="panel month">
      <header>
        <h2>
          <a class="stretched" href="/earnings">
            {t('overview.earned', { month })}
          </a>
        </h2>
      </header>
      <ul>
        {told.cards.slice(0, 4).map((one) => (
          <li key={one.currency}>
            <strong class="figures">{money(one.month, one.currency)}</strong>
            <span class="small soft figures">{t('overview.earnedToday', { amount: money(one.today, one.currency) })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What changed, in one sentence. */
function headline(tracks: TrackRow[] | undefined, sets: SetRow[], news: number, name: string): string {
  if (!tracks) return t('overview.hello', { name });
  const since = Date.now() - 7 * 86_400_000;
  if (!tracks.length && !sets.length) return t('overview.welcome', { name });
  const week = tracks.filter((one) => one.created > since).length;
  if (news) return t('overview.newsCount', { n: news });
  if (week) return t(week >= 6 ? 'overview.busyWeek' : 'overview.week', { n: week });
  return t(sets.some((one) => one.started > since) ? 'overview.played' : 'overview.quiet', { name });
}

/** The track that was touched last, large. */
function Latest({ track, rest }: { track: TrackRow; rest: TrackRow[] }) {
  return (
    <article class="latest">
      <Artwork seed={track.id} src={artworkOf(track.artwork, 320)} size={116} />
      <div class="latest-text">
        <p class="small soft">{t(track.changed > track.created + 60_000 ? 'overview.changed' : 'overview.added', { when: ago(Math.max(track.changed, track.created)) })}</p>
        <h2>
          <a href={`/library/${track.id}`}>{track.title}</a>
        </h2>
        <p class="soft cut">{[track.artist || t('track.noArtist'), track.tempo && t('track.bpm', { n: Math.round(track.tempo * 10) / 10 }), track.key].filter(Boolean).join(' · ')}</p>
      </div>
      <button type="button" class="playbutton big" aria-label={t('player.playOf', { title: track.title })} onClick={() => play(playable(track), rest.map(playable))}>
        <Icon name="play" size={24} />
      </button>
      <a class="latest-wave" href={`/library/${track.id}`} tabIndex={-1} aria-hidden="true">
        <Wave peaks={waveformOf(track.recording)} seconds={track.seconds} coarse bars head={headOf(track.id)} subscribe={followHead} />
      </a>
    </article>
  );
}

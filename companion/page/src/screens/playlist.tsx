/** A playlist: its tracks in their order and its notes, edited by several at once, offline too. */
import { useState } from 'preact/hooks';
import { useAtom } from '../core/atom';
import { lasting } from '../core/format';
import { play, player, toggle } from '../core/player';
import { go } from '../core/router';
import { useSeveral } from '../core/several';
import { t } from '../core/texts';
import { playable } from '../core/tracks';
import { Here, People, StandingMark } from '../documents/presence';
import { useShared, type Shared } from '../documents/shared';
import { SharedText } from '../documents/text';
import { append, isAbsent, line, rowsOf } from '../documents/tracklist';
import { useUndo } from '../documents/undo';
import { Artwork } from '../parts/artwork';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { InPlace } from '../parts/inplace';
import { Menu } from '../parts/menu';
import { Lost, Screen } from '../parts/screen';
import { Bones, Empty } from '../parts/state';
import { AddTracks } from './playlist/addtracks';
import { Rows } from './playlist/rows';
import { deletePlaylist } from './playlists';
import { SendToBox } from './sendtobox';

const MOST_NOTES = 20_000; // characters

export function PlaylistScreen({ id = '' }: { id?: string }) {
  const shared = useShared(id);
  return shared ? <Open shared={shared} /> : null;
}

function Open({ shared }: { shared: Shared }) {
  const standing = useAtom(shared.standing);
  const known = useAtom(shared.known);
  if (standing === 'refused') return <Lost text={t('lost.gone')} />;
  if (known) return <Page shared={shared} />;
  if (standing === 'offline')
    return (
      <Screen title={t('playlists.one')}>
        <Empty title={t('document.notHere')}>
          <p>{t('document.notHere.text')}</p>
        </Empty>
      </Screen>
    );
  return (
    <div class="screen">
      <Bones widths={[40, 25]} height={28} />
      <Bones widths={[100, 100, 100, 100]} height={40} />
    </div>
  );
}

function Page({ shared }: { shared: Shared }) {
  const { track: now, playing } = useAtom(player);
  const people = useAtom(shared.people);
  useUndo(shared);
  const [adding, setAdding] = useState(false);
  const [sending, setSending] = useState(false);
  const title = String(shared.about.get('title') ?? '') || t('playlists.untitled');
  const rows = rowsOf(shared);
  const tracks = useSeveral(rows.map((one) => one.track));
  const sounds = rows.flatMap((one) => {
    const found = tracks?.get(one.track);
    return found?.recording ? [playable(found)] : [];
  });
  const mine = sounds.some((one) => one.id === now?.id);
  const start = (track = sounds[0]?.id) => {
    const sound = sounds.find((one) => one.id === track);
    if (sound && now?.id === sound.id) toggle();
    else if (sound) play(sound, sounds);
  };
  const drop = async () => {
    if (await deletePlaylist({ id: shared.id, title })) go('/playlists', true);
  };
  const absent = rows.filter((one) => isAbsent(one, tracks)).length;
  const seconds = rows.reduce((sum, one) => sum + (one.seconds ?? 0), 0);
  const add = (
    <Button kind={rows.length ? '' : 'primary'} icon="plus" onClick={() => setAdding(true)}>
      {t('playlists.add')}
    </Button>
  );
  return (
    <Screen
      title={title}
      heading={
        <div class="track-head playlist-head">
          <Artwork seed={shared.id} size={84} />
          <div class="track-name">
            <h1 class="unseen">{title}</h1>
            <InPlace
              class="title"
              label={t('playlists.title')}
              value={title}
              maxLength={120}
              save={async (text) => void (text && shared.change(() => shared.about.set('title', line(text))))}
            />
            <p class="facts-line figures">
              <span>{t('playlists.tracks', { n: rows.length })}</span>
              {seconds > 0 && <span>{lasting(seconds)}</span>}
              {absent > 0 && <span>{t('held.missing', { n: absent })}</span>}
              <StandingMark shared={shared} />
              <People shared={shared} />
            </p>
          </div>
        </div>
      }
      actions={
        <>
          {sounds.length > 0 && (
            <button type="button" class="playbutton big" aria-label={t(mine && playing ? 'player.pause' : 'player.play')} onClick={() => (mine ? toggle() : start())}>
              <Icon name={mine && playing ? 'pause' : 'play'} size={26} />
            </button>
          )}
          {rows.length > 0 && (
            <>
              {add}
              <Button icon="boxes" class="wide-only" onClick={() => setSending(true)}>
                {t('send.do')}
              </Button>
            </>
          )}
          <Menu
            label={t('playlists.menu', { title })}
            choices={[
              ...(rows.length ? [{ label: t('send.do'), icon: 'boxes' as const, run: () => setSending(true) }] : []),
              { label: t('do.delete'), icon: 'trash', bad: true, run: drop },
            ]}
          />
        </>
      }
    >
      <div class="columns">
        <section aria-label={t('playlists.list')}>
          {rows.length ? (
            <Rows shared={shared} rows={rows} tracks={tracks} people={people} start={start} />
          ) : (
            <Empty title={t('playlists.empty')} actions={add}>
              <p>{t('playlists.empty.text')}</p>
            </Empty>
          )}
        </section>
        <aside>
          <div class="tools">
            <h2>{t('playlists.notes')}</h2>
            <Here people={people} at="notes" />
          </div>
          <SharedText shared={shared} text={shared.notes} at="notes" class="notes" label={t('playlists.notes')} placeholder={t('playlists.notes.none')} maxLength={MOST_NOTES} />
        </aside>
      </div>
      {sending && <SendToBox what={{ list: { id: shared.id, of: 'playlist', title } }} onClose={() => setSending(false)} />}
      {adding && <AddTracks there={new Set(rows.map((one) => one.track))} add={(track) => append(shared, [track])} onClose={() => setAdding(false)} />}
    </Screen>
  );
}

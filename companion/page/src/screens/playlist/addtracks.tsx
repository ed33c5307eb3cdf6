/** Tracks of the library for a playlist, found and put in one after the other. */
import { useState } from 'preact/hooks';
import { useAtom } from '../../core/atom';
import { clock } from '../../core/format';
import { useList } from '../../core/load';
import { play, player, toggle } from '../../core/player';
import { t } from '../../core/texts';
import { artworkOf, playable, type TrackRow } from '../../core/tracks';
import { uploads } from '../../core/uploads';
import { Artwork } from '../../parts/artwork';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { SearchField } from '../../parts/field';
import { Icon } from '../../parts/icon';
import { Bones, Empty, ShownList } from '../../parts/state';
import { chooseFiles } from '../../shell/tray';

const BUSY = new Set(['waiting', 'sending', 'paused', 'probing']);

interface AddTracksProps {
  there: ReadonlySet<string>; // ids of tracks that are in it
  add: (track: TrackRow) => void;
  onClose: () => void;
}

export function AddTracks({ there, add, onClose }: AddTracksProps) {
  const [q, setQ] = useState('');
  const { track: now, playing } = useAtom(player);
  const list = useList<TrackRow>('/tracks', { q }, 50);
  return (
    <Dialog title={t('playlists.add')} onClose={onClose} wide>
      <SearchField value={q} onValue={setQ} label={t('library.search')} />
      <div class="scroll finding">
        <ShownList of={list} bones={<Bones height={36} />} empty={q ? <Empty title={t('library.notFound', { text: q })} /> : <NoTracks />}>
          {(rows) => (
            <ul class="rows">
              {rows.map((one) => {
                const sounds = now?.id === one.id && playing;
                return (
                  <li key={one.id}>
                    <button
                      type="button"
                      class="cover-play"
                      aria-label={t(sounds ? 'player.pauseOf' : 'player.playOf', { title: one.title })}
                      onClick={() => (now?.id === one.id ? toggle() : play(playable(one), rows.map(playable)))}
                    >
                      <Artwork seed={one.id} src={artworkOf(one.artwork)} size={36} />
                      <span class="over">
                        <Icon name={sounds ? 'pause' : 'play'} size={16} />
                      </span>
                    </button>
                    <span class="grow">
                      <span class="name cut">{one.title}</span>
                      <span class="small soft sub cut">{one.artist || t('track.noArtist')}</span>
                    </span>
                    {there.has(one.id) && <span class="small faint wide-only">{t('playlists.there')}</span>}
                    <span class="small faint figures">{clock(one.seconds)}</span>
                    <Button size="tiny" icon={there.has(one.id) ? 'check' : 'plus'} label={t('playlists.add.one', { title: one.title })} onClick={() => add(one)} />
                  </li>
                );
              })}
            </ul>
          )}
        </ShownList>
      </div>
      <div class="actions">
        <Uploading />
        <Button kind="primary" onClick={onClose}>
          {t('do.done')}
        </Button>
      </div>
    </Dialog>
  );
}

const upload = () => chooseFiles({ purpose: { purpose: 'track' } });

const NoTracks = () => (
  <Empty
    title={t('library.first')}
    actions={
      <Button kind="primary" icon="upload" onClick={upload}>
        {t('library.first.do')}
      </Button>
    }
  >
    <p>{t('playlists.add.upload')}</p>
  </Empty>
);

/** More music for the library from here; and how much of it is on its way, as what is beneath the dialog cannot be seen. */
function Uploading() {
  const busy = useAtom(uploads).filter((one) => BUSY.has(one.stage)).length;
  return (
    <>
      <Button kind="quiet" icon="upload" onClick={upload}>
        {t('upload.do')}
      </Button>
      <span class="gap small soft" role="status">
        {busy > 0 && t('upload.busy', { n: busy })}
      </span>
    </>
  );
}

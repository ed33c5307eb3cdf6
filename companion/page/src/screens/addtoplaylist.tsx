/** Put tracks into a playlist. */
import { useState } from 'preact/hooks';
import type { DocumentRow } from '../core/documents';
import { invalidate, useList } from '../core/load';
import { t } from '../core/texts';
import type { TrackRow } from '../core/tracks';
import { Artwork } from '../parts/artwork';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { SearchField } from '../parts/field';
import { Bones, Empty, ShownList } from '../parts/state';
import { failed, say } from '../parts/toast';
import { makePlaylist } from './playlists';

/** Into the document itself, so that it works offline and next to whoever edits it. */
async function put(playlist: string, tracks: TrackRow[]): Promise<void> {
  const [{ openDocument }, { append }] = await Promise.all([import('../documents/shared'), import('../documents/tracklist')]);
  const shared = openDocument(playlist);
  try {
    await shared.settled();
    if (!shared.known.get()) throw new Error(t('document.notHere.text'));
    append(shared, tracks);
    await shared.settled();
  } finally {
    shared.release();
  }
}

export function AddToPlaylist({ tracks, onClose }: { tracks: TrackRow[]; onClose: () => void }) {
  const [search, setSearch] = useState('');
  const list = useList<DocumentRow>('/documents', { of: 'playlist', search, sort: 'changed' }, 50);
  const add = async ({ id, title }: DocumentRow) => {
    await put(id, tracks);
    invalidate('/documents');
    say(t('library.addedTo', { n: tracks.length, playlist: title }));
    onClose();
  };
  const begin = async () => add(await makePlaylist(search || t('playlists.untitled')));
  return (
    <Dialog title={tracks.length === 1 ? t('library.toPlaylist.one', { title: tracks[0]!.title }) : t('library.toPlaylist.n', { n: tracks.length })} onClose={onClose}>
      <SearchField value={search} onValue={setSearch} label={t('playlists.search')} />
      <div class="scroll">
        <ShownList of={list} bones={<Bones height={36} />} empty={<Empty title={search ? t('playlists.notFound', { text: search }) : t('playlists.none')} />}>
          {(rows) => (
            <ul class="rows links">
              {rows.map((one) => (
                <li key={one.id}>
                  <Artwork seed={one.id} size={32} />
                  <span class="grow">
                    <button type="button" class="plain stretched cut" onClick={() => void add(one).catch(failed)}>
                      {one.title || t('playlists.untitled')}
                    </button>
                  </span>
                  <span class="small faint figures">{t('playlists.tracks', { n: one.count })}</span>
                </li>
              ))}
            </ul>
          )}
        </ShownList>
      </div>
      <div class="actions">
        <Button kind="quiet" onClick={onClose}>
          {t('do.cancel')}
        </Button>
        <Button icon="plus" work={begin}>
          {search ? t('playlists.new.named', { title: search }) : t('playlists.new')}
        </Button>
      </div>
    </Dialog>
  );
}

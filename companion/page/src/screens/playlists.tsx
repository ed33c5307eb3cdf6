/** Playlists: a list, and beginning, renaming, deleting one. */
import { useState } from 'preact/hooks';
import { patch, post, remove } from '../core/api';
import { useAtom } from '../core/atom';
import type { DocumentRow } from '../core/documents';
import { ago, moment } from '../core/format';
import { invalidate, useList } from '../core/load';
import { go, useQuery } from '../core/router';
import { t } from '../core/texts';
import { unsent } from '../core/unsent';
import { Artwork } from '../parts/artwork';
import { Button } from '../parts/button';
import { ask, Dialog } from '../parts/dialog';
import { FormEnd, SearchField, Sorter, TextField, useForm } from '../parts/field';
import { Menu } from '../parts/menu';
import { Screen } from '../parts/screen';
import { Bones, Empty, ShownList } from '../parts/state';
import { say } from '../parts/toast';

const TITLE = 120; // characters

/** Delete a playlist, here and on the boxes, once that is sure; resolves to whether it was. */
export async function deletePlaylist({ id, title }: { id: string; title: string }): Promise<boolean> {
  if (!(await ask({ title: t('playlists.delete', { title }), text: t('playlists.delete.text'), yes: t('do.delete'), danger: true }))) return false;
  await remove(`/documents/${id}`);
  invalidate('/documents');
  say(t('playlists.deleted', { title }));
  return true;
}

export function Playlists() {
  const [search, setSearch] = useQuery('q');
  const [sort, setSort] = useQuery('sort', 'changed');
  const [making, setMaking] = useQuery('new');
  const [renaming, setRenaming] = useState<DocumentRow>();
  const waiting = useAtom(unsent);
  const list = useList<DocumentRow>('/documents', { of: 'playlist', search, sort }, 60);
  const untouched = list.rows?.length === 0 && !search;
  const begin = (
    <Button kind="primary" icon="plus" onClick={() => setMaking('1')}>
      {t('playlists.new')}
    </Button>
  );
  return (
    <Screen title={t('nav.playlists')} actions={!untouched && begin}>
      {!untouched && (
        <div class="tools">
          <SearchField value={search} onValue={setSearch} label={t('playlists.search')} />
          <span class="gap" />
          <Sorter
            value={sort}
            options={[
              ['changed', t('playlists.sort.changed')],
              ['title', t('track.title')],
            ]}
            onValue={setSort}
          />
        </div>
      )}
      <ShownList
        of={list}
        bones={<Bones height={44} />}
        empty={
          search ? (
            <Empty title={t('playlists.notFound', { text: search })}>
              <p>{t('playlists.notFound.text')}</p>
            </Empty>
          ) : (
            <Empty title={t('playlists.none')} actions={begin}>
              <p>{t('playlists.none.text')}</p>
            </Empty>
          )
        }
      >
        {(rows) => (
          <ul class="rows links">
            {rows.map((one) => (
              <li key={one.id}>
                <Artwork seed={one.id} size={36} />
                <span class="grow">
                  <a class="stretched name cut" href={`/playlists/${one.id}`}>
                    {one.title || t('playlists.untitled')}
                  </a>
                  <span class="small soft sub cut figures">{t('playlists.tracks', { n: one.count })}</span>
                </span>
                {one.id in waiting && <span class="chip line">{t('document.waits')}</span>}
                <span class="end">
                  <time class="small faint wide-only" title={moment(one.changed)}>
                    {ago(one.changed)}
                  </time>
                  <span class="above">
                    <Menu
                      label={t('playlists.menu', { title: one.title })}
                      choices={[
                        { label: t('playlists.rename'), icon: 'edit', run: () => setRenaming(one) },
                        { label: t('do.delete'), icon: 'trash', bad: true, run: () => deletePlaylist(one) },
                      ]}
                    />
                  </span>
                </span>
              </li>
            ))}
          </ul>
        )}
      </ShownList>
      {making && <NewPlaylist onClose={() => setMaking('')} />}
      {renaming && <Rename playlist={renaming} onClose={() => setRenaming(undefined)} />}
    </Screen>
  );
}

/** Begin one. */
export async function makePlaylist(title: string): Promise<DocumentRow> {
  const made = await post<DocumentRow>('/documents', { title });
  invalidate('/documents');
  return made;
}

function NewPlaylist({ onClose }: { onClose: () => void }) {
  const form = useForm({ title: '' }, async ({ title = '' }) => go(`/playlists/${(await makePlaylist(title)).id}`));
  return (
    <Dialog title={t('playlists.new')} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <TextField label={t('playlists.title')} required maxLength={TITLE} autofocus {...form.bind('title')} />
        <FormEnd form={form} yes={t('playlists.begin')} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

function Rename({ playlist, onClose }: { playlist: DocumentRow; onClose: () => void }) {
  const form = useForm({ title: playlist.title }, async (values) => {
    await patch(`/documents/${playlist.id}`, values);
    invalidate('/documents');
    onClose();
  });
  return (
    <Dialog title={t('playlists.rename.of', { title: playlist.title })} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <TextField label={t('playlists.title')} required maxLength={TITLE} autofocus {...form.bind('title')} />
        <FormEnd form={form} yes={t('playlists.rename')} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

/** Put tracks into a project. */
import { useState } from 'preact/hooks';
import { ApiError, post } from '../core/api';
import { invalidate, useList } from '../core/load';
import { t } from '../core/texts';
import type { TrackRow } from '../core/tracks';
import { Artwork } from '../parts/artwork';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { SearchField } from '../parts/field';
import { Bones, Empty, Trouble } from '../parts/state';
import { failed, say } from '../parts/toast';
import { coverOf, type ProjectRow } from './projects';

export function AddToProject({ tracks, onClose }: { tracks: TrackRow[]; onClose: () => void }) {
  const [search, setSearch] = useState('');
  const list = useList<ProjectRow>('/projects', { search }, 50);
  const fitting = list.rows?.filter((one) => one.role === 'owner' || one.role === 'editor');
  const add = async (project: { id: string; title: string }) => {
    for (const one of tracks)
      await post(`/projects/${project.id}/items`, { kind: 'track', subject: one.id }).catch((error) => {
        if (!(error instanceof ApiError && error.problem.status === 409)) throw error; // it is there already
      });
    invalidate('/projects');
    say(t('library.added', { n: tracks.length, project: project.title }));
    onClose();
  };
  const begin = async () => {
    const title = search || tracks[0]?.title || t('projects.untitled');
    await add(await post<{ id: string; title: string }>('/projects', { title }));
  };
  return (
    <Dialog title={tracks.length === 1 ? t('library.toProject.one', { title: tracks[0]!.title }) : t('library.toProject.n', { n: tracks.length })} onClose={onClose}>
      <SearchField value={search} onValue={setSearch} label={t('projects.search')} />
      {list.problem && <Trouble problem={list.problem} retry={list.reload} />}
      {!fitting && !list.problem && <Bones height={36} />}
      {fitting?.length === 0 && <Empty title={t('projects.none')} />}
      <ul class="rows links scroll">
        {fitting?.map((one) => (
          <li key={one.id}>
            <Artwork seed={one.id} src={coverOf(one.cover)} size={32} />
            <button type="button" class="plain grow stretched cut" onClick={() => void add(one).catch(failed)}>
              {one.title}
            </button>
          </li>
        ))}
      </ul>
      <div class="actions">
        <Button kind="quiet" onClick={onClose}>
          {t('do.cancel')}
        </Button>
        <Button icon="plus" work={begin}>
          {t('projects.new')}
        </Button>
      </div>
    </Dialog>
  );
}

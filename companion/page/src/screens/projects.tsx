/** Projects: a list, and beginning a new one. */
import { post } from '../core/api';
import { ago } from '../core/format';
import { invalidate, useList } from '../core/load';
import { go, useQuery } from '../core/router';
import { t, tOr } from '../core/texts';
import { Artwork } from '../parts/artwork';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { FormEnd, SearchField, Segments, SelectField, Sorter, TextField, useForm } from '../parts/field';
import { Screen } from '../parts/screen';
import { Bones, Empty, ShownList } from '../parts/state';
import { InvitationNotes } from './invitations';

export interface ProjectCore {
  id: string;
  title: string;
  status: string;
  tempo: number | null;
  key: string;
  cover: string;
  owner: string;
  owner_name: string;
  role: 'owner' | 'editor' | 'commenter' | 'viewer';
  created: number;
  archived: number | null;
}

export interface ProjectRow extends ProjectCore {
  members: number;
  items: number;
  changed: number;
  deleted: number | null;
}

export const STATUSES = ['idea', 'sketch', 'recording', 'mixing', 'mastering', 'finished'] as const;
export const coverOf = (cover: string): string | null => (cover ? `/api/v1/artwork/${cover}` : null);

/** How far it is, as steps and as a word. */
export function StatusSteps({ status }: { status: string }) {
  const at = STATUSES.indexOf(status as (typeof STATUSES)[number]);
  return (
    <span class="steps">
      <span aria-hidden="true">
        {STATUSES.map((one, n) => (
          <i key={one} class={n <= at ? 'on' : ''} />
        ))}
      </span>
      {tOr(`status.${status}`, status)}
    </span>
  );
}

export function Projects() {
  const [search, setSearch] = useQuery('q');
  const [state, setState] = useQuery('state', 'active');
  const [sort, setSort] = useQuery('sort', 'changed');
  const [making, setMaking] = useQuery('new');
  const list = useList<ProjectRow>('/projects', { search, state, sort }, 60);
  const untouched = list.rows?.length === 0 && !search && state === 'active';
  const begin = (
    <Button kind="primary" icon="plus" onClick={() => setMaking('1')}>
      {t('projects.new')}
    </Button>
  );
  return (
    <Screen title={t('nav.projects')} actions={!untouched && begin}>
      <InvitationNotes />
      <div class="tools">
        <SearchField value={search} onValue={setSearch} label={t('projects.search')} />
        <Segments
          label={t('projects.state')}
          value={state}
          options={[
            ['active', t('projects.active')],
            ['archived', t('projects.archived')],
            ['deleted', t('projects.deleted')],
          ]}
          onValue={setState}
        />
        <span class="gap" />
        <Sorter
          value={sort}
          options={[
            ['changed', t('projects.sort.changed')],
            ['created', t('projects.sort.created')],
            ['title', t('projects.sort.title')],
          ]}
          onValue={setSort}
        />
      </div>
      <ShownList
        of={list}
        bones={<Bones widths={[100, 100, 100]} height={52} />}
        empty={
          search ? (
            <Empty title={t('projects.notFound', { text: search })}>
              <p>{t('projects.notFound.text')}</p>
            </Empty>
          ) : untouched ? (
            <Empty title={t('projects.none')} actions={begin}>
              <p>{t('projects.none.text')}</p>
            </Empty>
          ) : (
            <Empty title={t(state === 'archived' ? 'projects.noneArchived' : 'projects.noneDeleted')} />
          )
        }
      >
        {(rows) => (
          <ul class="rows links projects">
            {rows.map((one) => (
              <li key={one.id}>
                <Artwork seed={one.id} src={coverOf(one.cover)} size={44} />
                <span class="grow">
                  {one.deleted ? (
                    <strong class="cut">{one.title}</strong>
                  ) : (
                    <a class="stretched name cut" href={`/projects/${one.id}`}>
                      {one.title}
                    </a>
                  )}
                  <span class="small soft cut sub">
                    {t('projects.files', { n: one.items })}
                    {one.role !== 'owner' && ` · ${t('projects.of', { who: one.owner_name })}`}
                    {one.members > 1 && ` · ${t('projects.people', { n: one.members })}`}
                  </span>
                </span>
                <span class="wide-only">
                  <StatusSteps status={one.status} />
                </span>
                <span class="wide-only figures soft tempo">
                  {one.tempo ? t('track.bpm', { n: Math.round(one.tempo * 10) / 10 }) : ''} {one.key}
                </span>
                <span class="end">
                  {one.deleted ? (
                    <Button
                      class="above"
                      work={async () => {
                        await post(`/projects/${one.id}/undelete`);
                        invalidate('/projects');
                      }}
                    >
                      {t('projects.undelete')}
                    </Button>
                  ) : (
                    <time class="small faint">{ago(one.changed)}</time>
                  )}
                </span>
              </li>
            ))}
          </ul>
        )}
      </ShownList>
      {making && <NewProject onClose={() => setMaking('')} />}
    </Screen>
  );
}

function NewProject({ onClose }: { onClose: () => void }) {
  const form = useForm({ title: '', status: 'idea', tempo: '', key: '' }, async (values) => {
    const tempo = values['tempo'] ? Number(values['tempo']) : null;
    const made = await post<{ id: string }>('/projects', { ...values, tempo });
    invalidate('/projects');
    go(`/projects/${made.id}`);
  });
  return (
    <Dialog title={t('projects.new')} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <TextField label={t('projects.title')} required maxLength={200} autofocus {...form.bind('title')} />
        <SelectField label={t('projects.status')} options={STATUSES.map((one) => [one, tOr(`status.${one}`, one)] as const)} {...form.bind('status')} />
        <div class="pair">
          <TextField label={t('track.tempo')} type="number" min={20} max={400} step="any" {...form.bind('tempo')} />
          <TextField label={t('track.key')} maxLength={4} placeholder="F#m" {...form.bind('key')} />
        </div>
        <FormEnd form={form} yes={t('projects.begin')} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

/** A project: its music, its people, what was said, what was done. */
import type { ComponentType } from 'preact';
import { call, post } from '../core/api';
import { drop, invalidate, useLoad } from '../core/load';
import { edit } from '../core/outbox';
import { go } from '../core/router';
import { t, tOr, type TextName } from '../core/texts';
import { Artwork } from '../parts/artwork';
import { InPlace } from '../parts/inplace';
import { Menu } from '../parts/menu';
import { Lost, Screen, ScreenOf } from '../parts/screen';
import { Tabs } from '../parts/tabs';
import { say } from '../parts/toast';
import { Comments } from './project/comments';
import { History } from './project/history';
import { Music } from './project/music';
import { People } from './project/people';
import { coverOf, STATUSES, type ProjectCore } from './projects';

export interface Project extends ProjectCore {
  notes: string;
  version: number;
}

/** What every part of the page gets. */
export interface PartProps {
  project: Project;
  writes: boolean;
}

const TABS: [string, TextName, ComponentType<PartProps>][] = [
  ['', 'project.music', Music],
  ['comments', 'project.comments', Comments],
  ['people', 'project.people', People],
  ['history', 'project.history', History],
];

export function ProjectScreen({ id = '', tab = '' }: { id?: string; tab?: string }) {
  const path = `/projects/${id}`;
  const Part = TABS.find(([name]) => name === tab)?.[2];
  const loaded = useLoad<Project>(Part ? path : null);
  if (!Part) return <Lost text={t('lost.text')} />;
  return (
    <ScreenOf of={loaded}>{(project) => <Page project={project} Part={Part} tab={tab} />}</ScreenOf>
  );
}

function Page({ project, Part, tab }: { project: Project; Part: ComponentType<PartProps>; tab: string }) {
  const path = `/projects/${project.id}`;
  const writes = project.role === 'owner' || project.role === 'editor';
  const save = async (body: Record<string, unknown>) => {
    if (await edit(path, body)) invalidate('/projects');
    else say(t('outbox.kept'));
  };
  const bin = async () => {
    await drop(path);
    go('/projects');
    invalidate('/projects');
    say(t('project.binned', { title: project.title }), { label: t('do.undo'), run: () => post(`${path}/undelete`).then(() => invalidate('/projects')) });
  };
  const archive = async () => {
    await call(project.archived ? 'DELETE' : 'PUT', `${path}/archive`);
    invalidate('/projects');
  };
  return (
    <Screen
      title={project.title}
      heading={
        <div class="track-head">
          <Artwork seed={project.id} src={coverOf(project.cover)} size={84} />
          <div class="track-name">
            <h1 class="unseen">{project.title}</h1>
            <InPlace class="title" label={t('projects.title')} value={project.title} maxLength={200} disabled={!writes} save={(title) => save({ title: title || project.title })} />
            <p class="facts-line">
              <select class="inplace fit" aria-label={t('projects.status')} disabled={!writes} value={project.status} onChange={(event) => void save({ status: event.currentTarget.value })}>
                {STATUSES.map((one) => (
                  <option key={one} value={one}>
                    {tOr(`status.${one}`, one)}
                  </option>
                ))}
              </select>
              {(writes || project.tempo !== null) && (
                <span class="with-unit">
                  <InPlace
                    class="short figures"
                    label={t('track.tempo')}
                    placeholder={t('track.tempo')}
                    value={project.tempo === null ? '' : String(project.tempo)}
                    inputMode="decimal"
                    disabled={!writes}
                    save={(text) => save({ tempo: text ? Number(text.replace(',', '.')) : null })}
                  />
                  {project.tempo !== null && t('track.bpm.unit')}
                </span>
              )}
              {(writes || project.key) && <InPlace class="short" label={t('track.key')} placeholder={t('track.key')} value={project.key} maxLength={4} disabled={!writes} save={(key) => save({ key })} />}
              {project.role !== 'owner' && <span class="chip line">{t('project.asRole', { who: project.owner_name, role: tOr(`role.${project.role}`, project.role) })}</span>}
              {project.archived && <span class="chip">{t('projects.archived')}</span>}
            </p>
          </div>
        </div>
      }
      actions={
        <Menu
          label={t('project.menu')}
          choices={
            project.role === 'owner'
              ? [
                  { label: t(project.archived ? 'project.reopen' : 'project.archive'), icon: 'boxes', run: archive },
                  null,
                  { label: t('do.delete'), icon: 'trash', bad: true, run: bin },
                ]
              : [{ label: t('project.leave'), icon: 'out', bad: true, run: () => go(`/projects/${project.id}/people`) }]
          }
        />
      }
    >
      <Tabs label={t('project.parts')} base={`/projects/${project.id}`} current={tab} tabs={TABS.map(([name, text]) => [name, t(text)] as const)} />
      <Part project={project} writes={writes} />
    </Screen>
  );
}

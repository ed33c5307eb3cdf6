/** What was done in a project; every line can be gone back to. */
import { post } from '../../core/api';
import { ago, moment } from '../../core/format';
import { invalidate, useList } from '../../core/load';
import { t, tOr } from '../../core/texts';
import { Face } from '../../parts/artwork';
import { Button } from '../../parts/button';
import { Bones, Empty, ShownList } from '../../parts/state';
import { say } from '../../parts/toast';
import type { PartProps } from '../project';

interface Change {
  id: number;
  what: string;
  actor: string | null;
  actor_name: string;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
  at: number;
}

/** A value as a word: of a piece of music its name, a state by what it is called. */
function word(name: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return '';
  if (typeof value === 'object') return String((value as { name?: string }).name ?? '');
  if (name === 'invitation' || name.startsWith('member:')) return tOr(`role.${value}`, String(value));
  return name === 'status' ? tOr(`status.${value}`, String(value)) : String(value).slice(0, 80);
}

/** `Title: Night bus → Day bus`, at most three of them. Keys such as `item:…` name a thing whose value tells enough. */
function details({ before, after }: Change): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .flatMap((name) => {
      const values = [...new Set([word(name, before[name]), word(name, after[name])].filter(Boolean))].join(' → ');
      return values ? [name.includes(':') || name === 'invitation' ? values : `${tOr(`field.${name}`, name)}: ${values}`] : [];
    })
    .slice(0, 3)
    .join(' · ');
}

export function History({ project, writes }: PartProps) {
  const path = `/projects/${project.id}/history`;
  const list = useList<Change>(path, {}, 50);
  const restore = async (one: Change) => {
    await post(`/projects/${project.id}/restore`, { change: one.id });
    invalidate('/projects');
    say(t('history.restored', { when: moment(one.at) }));
  };
  return (
    <ShownList of={list} bones={<Bones height={36} />} empty={<Empty title={t('history.none')} />}>
      {(rows) => (
        <ol class="rows history">
          {rows.map((one, at) => (
            <li key={one.id}>
              <Face name={one.actor_name || '?'} />
              <span class="grow">
                {one.actor_name || t('comments.gone')} {tOr(`change.${one.what}`, one.what)}
                <span class="small faint sub cut">{details(one)}</span>
              </span>
              <span class="end">
                <time class="small faint" title={moment(one.at)}>
                  {ago(one.at)}
                </time>
                {writes && at > 0 && (
                  <Button kind="quiet" size="tiny" icon="history" label={t('history.restore')} work={() => restore(one)}>
                    <span class="wide-only">{t('history.restore')}</span>
                  </Button>
                )}
              </span>
            </li>
          ))}
        </ol>
      )}
    </ShownList>
  );
}

/** What was said about a project or a place in its music. */
import { useState } from 'preact/hooks';
import { patch, post, remove } from '../../core/api';
import { useAtom } from '../../core/atom';
import { ago, clock, moment } from '../../core/format';
import { invalidate, useList, useLoad } from '../../core/load';
import { audio, play, player, seek } from '../../core/player';
import { user } from '../../core/session';
import { t } from '../../core/texts';
import { playable, type TrackRow } from '../../core/tracks';
import { Face } from '../../parts/artwork';
import { Button } from '../../parts/button';
import { Field, FormProblem, Tick, useForm } from '../../parts/field';
import { Menu } from '../../parts/menu';
import { Bones, Empty, Trouble } from '../../parts/state';
import type { PartProps } from '../project';
import type { Item } from './music';

interface Comment {
  id: string;
  item: string | null;
  author: string | null;
  author_name: string;
  answers: string;
  text: string;
  position: number | null;
  created: number;
  edited: number | null;
  resolved: number | null;
}

export function Comments({ project }: PartProps) {
  const path = `/projects/${project.id}/comments`;
  const list = useList<Comment>(path, {}, 100);
  const items = useLoad<Item[]>(`/projects/${project.id}/items`).data ?? [];
  const [all, setAll] = useState(false);
  const [answering, setAnswering] = useState('');
  const speaks = project.role !== 'viewer';
  const rows = list.rows;
  const threads = (rows ?? []).filter((one) => !one.answers && (all || !one.resolved));
  const done = (rows ?? []).filter((one) => !one.answers && one.resolved).length;
  const renew = () => invalidate(path);
  return (
    <div class="stack comments">
      {list.problem && !rows && <Trouble problem={list.problem} retry={list.reload} />}
      {!rows && !list.problem && <Bones height={40} />}
      {rows && !threads.length && (
        <Empty title={t(done ? 'comments.allDone' : 'comments.none')}>
          <p>{t(speaks ? 'comments.none.text' : 'comments.none.viewer')}</p>
        </Empty>
      )}
      {done > 0 && <Tick label={t('comments.showDone', { n: done })} checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />}
      <ul class="threads">
        {threads.map((one) => (
          <li key={one.id}>
            <Said comment={one} path={path} items={items} speaks={speaks} owner={project.role === 'owner'} renew={renew} />
            {(rows ?? [])
              .filter((other) => other.answers === one.id)
              .map((other) => (
                <div class="answer" key={other.id}>
                  <Said comment={other} path={path} items={items} speaks={speaks} owner={project.role === 'owner'} renew={renew} />
                </div>
              ))}
            {speaks &&
              (answering === one.id ? (
                <div class="answer">
                  <Say path={path} items={[]} answers={one.id} onSaid={() => setAnswering('')} />
                </div>
              ) : (
                <Button kind="quiet" size="tiny" class="reply" onClick={() => setAnswering(one.id)}>
                  {t('comments.answer')}
                </Button>
              ))}
          </li>
        ))}
      </ul>
      {!list.done && <Button onClick={list.more}>{t('do.more')}</Button>}
      {speaks && <Say path={path} items={items} />}
    </div>
  );
}

function Said({ comment, path, items, speaks, owner, renew }: { comment: Comment; path: string; items: Item[]; speaks: boolean; owner: boolean; renew: () => void }) {
  const me = useAtom(user);
  const [editing, setEditing] = useState(false);
  const own = comment.author === me?.id;
  const item = items.find((one) => one.id === comment.item);
  const track = useLoad<TrackRow>(item ? `/tracks/${item.subject}` : null).data;
  const form = useForm({ text: comment.text }, async (values) => {
    await patch(`${path}/${comment.id}`, values);
    setEditing(false);
    renew();
  });
  const listen = () => {
    if (!track || comment.position === null) return;
    if (player.get().track?.id === track.id) seek(comment.position / 1000);
    else play(playable(track), [], comment.position / 1000);
  };
  return (
    <article class={`said-row ${comment.resolved ? 'resolved' : ''}`}>
      <Face name={comment.author_name || '?'} />
      <div class="grow">
        <p class="small">
          <strong>{comment.author_name || t('comments.gone')}</strong>{' '}
          <time class="faint" title={moment(comment.created)}>
            {ago(comment.created)}
          </time>
          {comment.edited && <span class="faint"> · {t('comments.edited')}</span>}
          {comment.resolved && <span class="chip good">{t('comments.done')}</span>}
        </p>
        {item && (
          <button type="button" class="chip place figures" disabled={!track || comment.position === null} onClick={listen}>
            {item.name}
            {comment.position !== null && ` · ${clock(comment.position / 1000)}`}
          </button>
        )}
        {editing ? (
          <form class="form" noValidate onSubmit={form.submit}>
            <Field label={t('comments.text')}>{(ids) => <textarea class="input" {...ids} value={form.values['text']} onInput={(event) => form.set('text', event.currentTarget.value)} />}</Field>
            <div class="actions">
              <Button kind="primary" type="submit">
                {t('do.save')}
              </Button>
              <Button kind="quiet" onClick={() => setEditing(false)}>
                {t('do.cancel')}
              </Button>
            </div>
          </form>
        ) : (
          <p class="spoken">{comment.text}</p>
        )}
      </div>
      {speaks && !comment.answers && (
        <Button
          kind="quiet"
          size="tiny"
          icon="check"
          label={t(comment.resolved ? 'comments.reopen' : 'comments.resolve')}
          aria-pressed={Boolean(comment.resolved)}
          work={() => patch(`${path}/${comment.id}`, { resolved: !comment.resolved }).then(renew)}
        />
      )}
      {(own || owner) && (
        <Menu
          label={t('comments.menu')}
          choices={[
            ...(own ? [{ label: t('comments.edit'), icon: 'edit' as const, run: () => setEditing(true) }] : []),
            { label: t('do.delete'), icon: 'trash' as const, bad: true, run: () => remove(`${path}/${comment.id}`).then(renew) },
          ]}
        />
      )}
    </article>
  );
}

function Say({ path, items, answers = '', onSaid }: { path: string; items: Item[]; answers?: string; onSaid?: () => void }) {
  const { track } = useAtom(player);
  const item = items.find((one) => one.subject === track?.id);
  const [here, setHere] = useState(true);
  // the place where typing began, however long it takes
  const [place, setPlace] = useState<{ item: Item; position: number }>();
  const form = useForm({ text: '' }, async ({ text }) => {
    await post(path, { text, answers, ...(place && here && { item: place.item.id, position: place.position }) });
    form.set('text', '');
    setPlace(undefined);
    invalidate(path);
    onSaid?.();
  });
  return (
    <form class="form say" noValidate onSubmit={form.submit}>
      <Field label={t(answers ? 'comments.answer' : 'comments.say')}>
        {(ids) => (
          <textarea
            class="input"
            required
            maxLength={4000}
            autofocus={Boolean(answers)}
            {...ids}
            value={form.values['text']}
            onInput={(event) => {
              const text = event.currentTarget.value;
              if (!text) setPlace(undefined);
              else if (!form.values['text'] && item) setPlace({ item, position: Math.round(audio.currentTime * 1000) });
              form.set('text', text);
            }}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
            }}
          />
        )}
      </Field>
      {(place || item) && <Tick label={place ? t('comments.here', { at: clock(place.position / 1000), title: place.item.name }) : t('comments.there', { title: item!.name })} checked={here} onChange={(event) => setHere(event.currentTarget.checked)} />}
      <FormProblem problem={form.problem} />
      <div class="actions">
        <Button kind="primary" type="submit" aria-busy={form.busy}>
          {t('comments.send')}
        </Button>
        <span class="small faint wide-only">{t('comments.keys')}</span>
      </div>
    </form>
  );
}

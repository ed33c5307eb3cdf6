/** Dead letters: messages of boxes that had no effect. Seen, mended, replayed, or let be. */
import { useState } from 'preact/hooks';
import { post, put, remove } from '../../core/api';
import { ago, moment } from '../../core/format';
import { invalidate, useList } from '../../core/load';
import { useQuery } from '../../core/router';
import { t, tOr } from '../../core/texts';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { Field, FormProblem, Segments, useForm } from '../../parts/field';
import { Bones, Empty, ShownList } from '../../parts/state';
import { say } from '../../parts/toast';

interface Letter {
  id: string;
  box: string;
  stream: string;
  seq: number;
  kind: string;
  kv: number;
  reason: string;
  state: 'open' | 'later' | 'replayed' | 'discarded';
  came: number;
  settled: number | null;
  text: string;
  mended: boolean;
}

const STATES = ['', 'open', 'later', 'replayed', 'discarded'] as const;
const DOT = { open: 'bad', later: 'accent', replayed: 'good', discarded: '' };

export function Letters() {
  const [state, setState] = useQuery('state');
  const list = useList<Letter>('/admin/letters', { state }, 50);
  const [open, setOpen] = useState('');
  const shown = list.rows?.find((one) => one.id === open);
  return (
    <>
      <p class="soft lead-in">{t('letters.text')}</p>
      <div class="tools">
        <Segments label={t('jobs.state')} value={state} onValue={setState} options={STATES.map((one) => [one as string, tOr(`letter.${one || 'all'}`, one)] as const)} />
      </div>
      <ShownList
        of={list}
        bones={<Bones height={40} />}
        empty={
          <Empty title={t('letters.none')}>
            <p>{t('letters.none.text')}</p>
          </Empty>
        }
      >
        {(rows) => (
          <ul class="rows links">
            {rows.map((one) => (
              <li key={one.id}>
                <span class={`dot ${DOT[one.state]}`} />
                <span class="grow">
                  <button type="button" class="plain stretched cut" onClick={() => setOpen(one.id)}>
                    {one.kind || t('letters.strange')}
                  </button>
                  <span class="small soft sub cut">
                    {tOr(`letter.${one.state}`, one.state)} · {one.reason}
                  </span>
                </span>
                <time class="end small faint" title={moment(one.came)}>
                  {ago(one.came)}
                </time>
              </li>
            ))}
          </ul>
        )}
      </ShownList>
      {shown && <One letter={shown} onClose={() => setOpen('')} />}
    </>
  );
}

function One({ letter, onClose }: { letter: Letter; onClose: () => void }) {
  const path = `/admin/letters/${letter.id}`;
  const alive = letter.state === 'open' || letter.state === 'later';
  const done = (text: string) => {
    invalidate('/admin/letters');
    say(text);
    onClose();
  };
  const form = useForm({ text: letter.text }, async ({ text }) => {
    if (text !== letter.text) await put(path, { text });
    await post(`${path}/replay`);
    done(t('letters.replayed'));
  });
  const { wrong, ...text } = form.bind('text');
  return (
    <Dialog title={letter.kind || t('letters.strange')} onClose={onClose} wide>
      <form class="form" noValidate onSubmit={form.submit}>
        <p class={alive ? 'bad' : 'soft'}>{letter.reason}</p>
        <dl class="facts small">
          <dt>{t('letters.box')}</dt>
          <dd>
            <code>{letter.box}</code>
          </dd>
          <dt>{t('letters.stream')}</dt>
          <dd class="figures">{t('letters.place', { stream: letter.stream, n: letter.seq })}</dd>
          <dt>{t('letters.came')}</dt>
          <dd>{moment(letter.came)}</dd>
          {letter.settled && (
            <>
              <dt>{tOr(`letter.${letter.state}`, letter.state)}</dt>
              <dd>{moment(letter.settled)}</dd>
            </>
          )}
        </dl>
        <Field label={t(letter.mended ? 'letters.message.mended' : 'letters.message')} wrong={wrong} hint={alive && t('letters.message.hint')}>
          {(ids) => <textarea class="input code-text" rows={10} spellcheck={false} readOnly={!alive} {...ids} {...text} />}
        </Field>
        <FormProblem problem={form.problem} />
        <div class="actions">
          {alive && (
            <>
              <Button kind="danger" work={() => remove(path).then(() => done(t('letters.discarded')))}>
                {t('letters.discard')}
              </Button>
              <span class="gap" />
            </>
          )}
          <Button kind="quiet" onClick={onClose}>
            {t('do.close')}
          </Button>
          {alive && (
            <Button kind="primary" type="submit" icon="retry" aria-busy={form.busy}>
              {t(form.values['text'] === letter.text ? 'letters.replay' : 'letters.mend')}
            </Button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

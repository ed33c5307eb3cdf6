/** All entries; a wrong one is taken back by another, and both stay to be seen. */
import { useState } from 'preact/hooks';
import { post } from '../../core/api';
import { SOURCES, type Entry } from '../../core/earnings';
import { date } from '../../core/format';
import { invalidate, useList } from '../../core/load';
import { money } from '../../core/money';
import { useQuery } from '../../core/router';
import { t, tOr } from '../../core/texts';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { FormProblem, Segments, TextField, useForm } from '../../parts/field';
import { Menu } from '../../parts/menu';
import { Bones, ShownList } from '../../parts/state';
import { say } from '../../parts/toast';

interface EntriesProps {
  currency: string; // empty: all of them
  releases: Map<string, string>;
  /** Opens the form for a new entry, filled in as one that was wrong. */
  onAnew: (like: Entry) => void;
}

export function Entries({ currency, releases, onAnew }: EntriesProps) {
  const [source, setSource] = useQuery('kind');
  const list = useList<Entry>('/earnings/entries', { source, currency }, 50);
  const [wrong, setWrong] = useState<Entry>();
  return (
    <section class="below">
      <div class="tools">
        <h2>{t('earnings.entries')}</h2>
        <span class="gap" />
        <Segments label={t('earnings.kind')} value={source} onValue={setSource} options={['', ...SOURCES].map((one) => [one, tOr(`source.${one || 'all'}`, one)] as const)} />
      </div>
      <ShownList of={list} bones={<Bones height={36} />} empty={<p class="soft">{t('earnings.entries.none')}</p>}>
        {(rows) => (
          <ul class="rows entries">
            {rows.map((one) => (
              <li key={one.id} class={one.reversed_by || one.reverses ? 'settled' : ''}>
                <span class="grow">
                  <span class="name cut">{one.title}</span>
                  <span class="small soft sub cut">{[one.reversed_by && t('earnings.reversed'), one.reverses && t('earnings.reverses'), tOr(`source.${one.source}`, one.source), releases.get(one.release), one.note].filter(Boolean).join(' · ')}</span>
                </span>
                <span class="end amount">
                  <span class={`figures ${one.amount < 0 ? 'soft' : ''}`}>{money(one.amount, one.currency)}</span>
                  <time class="small faint figures">{date(Date.parse(one.day))}</time>
                </span>
                <span class="room">
                  {!one.reversed_by && !one.reverses && (
                    <Menu label={t('earnings.entry.menu', { title: one.title })} choices={[{ label: t('earnings.reverse'), icon: 'history', run: () => setWrong(one) }]} />
                  )}
                </span>
              </li>
            ))}
          </ul>
        )}
      </ShownList>
      {wrong && <TakeBack entry={wrong} onClose={() => setWrong(undefined)} onAnew={onAnew} />}
    </section>
  );
}

function TakeBack({ entry, onClose, onAnew }: { entry: Entry; onClose: () => void; onAnew: (like: Entry) => void }) {
  const [anew, setAnew] = useState(false);
  const form = useForm({ note: '' }, async ({ note }) => {
    await post(`/earnings/entries/${entry.id}/reversal`, { note: note?.trim() ?? '' });
    invalidate('/earnings');
    say(t('earnings.takenBack', { title: entry.title }));
    onClose();
    if (anew) onAnew(entry);
  });
  return (
    <Dialog title={t('earnings.reverse.title', { title: entry.title })} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <p class="soft">{t('earnings.reverse.text', { amount: money(-entry.amount, entry.currency), day: date(Date.parse(entry.day)) })}</p>
        <TextField label={t('earnings.why')} maxLength={500} autofocus {...form.bind('note')} />
        <FormProblem problem={form.problem} />
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t('do.cancel')}
          </Button>
          <Button type="submit" aria-busy={form.busy} onClick={() => setAnew(false)}>
            {t('earnings.reverse')}
          </Button>
          <Button kind="primary" type="submit" aria-busy={form.busy} onClick={() => setAnew(true)}>
            {t('earnings.reverse.anew')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

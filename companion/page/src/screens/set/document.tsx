/** What is written about a set, in step with its box: tracklist and notes of its document, once there is one. */
import { useState } from 'preact/hooks';
import { useAtom } from '../../core/atom';
import { clock, parseClock } from '../../core/format';
import { go } from '../../core/router';
import type { SetWhole } from '../../core/sets';
import { t } from '../../core/texts';
import { Note } from '../../documents/note';
import { Here, People, StandingMark } from '../../documents/presence';
import { useShared, type Shared } from '../../documents/shared';
import { SharedText } from '../../documents/text';
import { enter, rowsOf, takeOut, write, type Row } from '../../documents/tracklist';
import { useUndo } from '../../documents/undo';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { FormEnd, TextField, useForm } from '../../parts/field';
import { InPlace } from '../../parts/inplace';
import { Menu } from '../../parts/menu';
import { say } from '../../parts/toast';
import { Heard, played, Time, useHeardNow, type TracklistProps } from './heard';

const MOST_NOTES = 20_000; // characters
const LINE = 120;

/** Whether the content of a document is here, and may be written. */
function useOpen(shared: Shared): boolean {
  const standing = useAtom(shared.standing);
  return useAtom(shared.known) && standing !== 'refused';
}

export function Tracklist(props: TracklistProps) {
  const shared = useShared(props.set.document || null);
  return shared ? <Written {...props} shared={shared} /> : <Plain {...props} />;
}

function Plain(props: TracklistProps) {
  return (
    <>
      <h2>{t('sets.tracklist')}</h2>
      <Heard {...props} />
    </>
  );
}

function Written({ set, start, shared }: TracklistProps & { shared: Shared }) {
  const people = useAtom(shared.people);
  useUndo(shared);
  const [noting, setNoting] = useState<string>();
  const [changing, setChanging] = useState<Row | 'new'>();
  const rows = rowsOf(shared).sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity) || 0);
  const now = useHeardNow(set, rows.map((one) => one.at ?? Infinity));
  if (!useOpen(shared)) return <Plain set={set} start={start} />;
  const drop = (row: Row) => say(t('playlists.takenOut', { title: row.title }), { label: t('do.undo'), run: takeOut(shared, row.key) });
  return (
    <>
      <div class="tools">
        <h2>{t('sets.tracklist')}</h2>
        <StandingMark shared={shared} />
        <People shared={shared} />
      </div>
      {rows.length === 0 && <p class="soft">{t('sets.tracklist.none')}</p>}
      <ol class="rows tracklist">
        {rows.map((row, at) => {
          const heard = set.entries.find((one) => row.at !== null && Math.abs(one.at - row.at) < 0.01);
          return (
            <li key={row.key} aria-current={at === now ? 'true' : undefined}>
              {row.at === null ? <span class="time" /> : <Time at={row.at} title={row.title} now={at === now} start={start} />}
              <span class="grow">
                {row.track ? (
                  <a class="name cut" href={`/library/${row.track}`}>
                    {row.title}
                  </a>
                ) : (
                  <span class="name cut">{row.title}</span>
                )}
                <span class="small soft sub cut">{row.artist || t('track.noArtist')}</span>
                <Note shared={shared} row={row} people={people} open={noting === row.key} onLeave={() => setNoting(undefined)} />
              </span>
              {heard && <span class="small faint figures wide-only">{played(heard)}</span>}
              <Menu
                label={t('library.menu', { title: row.title })}
                choices={[
                  { label: t('document.note.write'), icon: 'note', run: () => setNoting(row.key) },
                  { label: t('sets.track.change'), icon: 'edit', run: () => setChanging(row) },
                  ...(row.track ? [{ label: t('sets.track.open'), icon: 'library' as const, run: () => go(`/library/${row.track}`) }] : []),
                  null,
                  { label: t('playlists.takeOut'), icon: 'close', bad: true, run: () => drop(row) },
                ]}
              />
            </li>
          );
        })}
      </ol>
      <p class="after">
        <Button kind="quiet" icon="plus" onClick={() => setChanging('new')}>
          {t('sets.track.add')}
        </Button>
      </p>
      {changing && <Change shared={shared} row={changing === 'new' ? undefined : changing} seconds={set.seconds} onClose={() => setChanging(undefined)} />}
    </>
  );
}

/** What a track of a set really was, and when; without a row, one that the box did not hear. */
function Change({ shared, row, seconds, onClose }: { shared: Shared; row: Row | undefined; seconds: number; onClose: () => void }) {
  const [wrong, setWrong] = useState('');
  const form = useForm({ at: row?.at == null ? '' : clock(row.at), title: row?.title ?? '', artist: row?.artist ?? '' }, async ({ at = '', title = '', artist = '' }) => {
    const time = parseClock(at);
    if (at && (time === null || time > seconds + 1)) return setWrong(t('sets.track.at.wrong', { most: clock(seconds) }));
    // a time that was not touched stays as exact as it was
    const exact = row?.at != null && at === clock(row.at) ? row.at : time;
    if (row) write(shared, row, { title: title.trim(), artist: artist.trim(), at: exact });
    else enter(shared, { title: title.trim(), artist: artist.trim(), at: exact });
    return onClose();
  });
  return (
    <Dialog title={t(row ? 'sets.track.change' : 'sets.track.add')} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <TextField label={t('track.title')} required maxLength={LINE} autofocus {...form.bind('title')} />
        <TextField label={t('track.artist')} maxLength={LINE} {...form.bind('artist')} />
        <TextField label={t('sets.track.at')} hint={t('sets.track.at.hint')} inputMode="numeric" placeholder="12:30" {...form.bind('at')} wrong={wrong || undefined} />
        <FormEnd form={form} yes={t(row ? 'do.save' : 'do.add')} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

export function Notes({ set, save }: { set: SetWhole; save: (notes: string) => Promise<unknown> }) {
  const shared = useShared(set.document || null);
  return shared ? <SharedNotes set={set} save={save} shared={shared} /> : <PlainNotes set={set} save={save} />;
}

function PlainNotes({ set, save }: { set: SetWhole; save: (notes: string) => Promise<unknown> }) {
  return (
    <>
      <h2>{t('sets.notes')}</h2>
      <InPlace long class="notes" label={t('sets.notes')} placeholder={t('sets.notes.none')} value={set.notes} maxLength={10_000} save={save} />
    </>
  );
}

function SharedNotes({ set, save, shared }: { set: SetWhole; save: (notes: string) => Promise<unknown>; shared: Shared }) {
  const people = useAtom(shared.people);
  if (!useOpen(shared)) return <PlainNotes set={set} save={save} />;
  return (
    <>
      <div class="tools">
        <h2>{t('sets.notes')}</h2>
        <Here people={people} at="notes" />
      </div>
      <SharedText shared={shared} text={shared.notes} at="notes" class="notes" label={t('sets.notes')} placeholder={t('sets.notes.none')} maxLength={MOST_NOTES} />
    </>
  );
}

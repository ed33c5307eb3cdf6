/** The note of one track of a document: shown where there is one, or while one is written. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../core/texts';
import { Here } from './presence';
import type { Person, Shared } from './shared';
import { SharedText } from './text';
import { noteOf, type Row } from './tracklist';

const MOST = 2000; // characters

interface NoteProps {
  shared: Shared;
  row: Row;
  people: Person[];
  open: boolean;
  onLeave: () => void;
}

export function Note({ shared, row, people, open, onLeave }: NoteProps) {
  const box = useRef<HTMLDivElement>(null);
  const written = (row.note?.length ?? 0) > 0;
  const others = people.some((one) => one.at === row.key);
  useLayoutEffect(() => {
    if (open) box.current?.querySelector('textarea')?.focus();
  }, [open]);
  if (!open && !written && !others) return null;
  return (
    <div class="track-note" ref={box}>
      <SharedText
        shared={shared}
        text={row.note}
        make={() => noteOf(shared, row)}
        at={row.key}
        label={t('document.note.of', { title: row.title })}
        placeholder={t('document.note.none')}
        maxLength={MOST}
        onLeave={onLeave}
      />
      <Here people={people} at={row.key} />
    </div>
  );
}

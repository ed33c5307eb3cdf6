/** A field whose text several write at once: the cursor stays where it is between the others' letters. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { YTextEvent } from 'yjs';
import type * as Y from 'yjs';
import type { Shared } from './shared';
import { whole } from './tracklist';

type Delta = YTextEvent['delta'];

interface SharedTextProps {
  shared: Shared;
  /** The text, or what makes it when something is written. */
  text: Y.Text | undefined;
  make?: () => Y.Text;
  label: string;
  placeholder?: string;
  /** Where others are told that one is. */
  at: string;
  maxLength: number;
  class?: string;
  onLeave?: () => void;
}

/** Where a place in a text is after a change to it. */
function shift(place: number, delta: Delta): number {
  let at = 0;
  for (const one of delta) {
    if (one.retain !== undefined) at += one.retain;
    else if (typeof one.insert === 'string') {
      if (at < place) place += one.insert.length;
      at += one.insert.length;
    } else if (one.delete !== undefined && at < place) place = Math.max(at, place - one.delete);
    if (at > place) break;
  }
  return place;
}

/** What was typed: from where on how many units went, and what came. `caret` is behind what came. Nothing parts a character in two. */
function difference(before: string, after: string, caret: number): { from: number; gone: number; come: string } {
  // of two equal letters in a row, the one at the cursor is the one that was typed
  let end = 0;
  const tail = after.length - caret;
  while (end < tail && end < before.length && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  if (/^[\uDC00-\uDFFF]/.test(after.slice(after.length - end))) end -= 1;
  let from = 0;
  const most = Math.min(before.length, after.length) - end;
  while (from < most && before[from] === after[from]) from += 1;
  if (/[\uD800-\uDBFF]$/.test(before.slice(0, from))) from -= 1;
  return { from, gone: before.length - from - end, come: whole(after.slice(from, after.length - end)) };
}

export function SharedText({ shared, text, make, label, placeholder, at, maxLength, class: extra, onLeave }: SharedTextProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const known = useRef(''); // what the field showed last
  const composing = useRef(false);
  const missed = useRef<Delta[]>([]); // what others wrote while a letter was being composed
  const [rows, setRows] = useState(1);

  const show = (value: string) => {
    known.current = value;
    setRows(Math.min(24, value.split('\n').length));
    if (field.current && field.current.value !== value) field.current.value = value;
  };
  useLayoutEffect(() => {
    show(text?.toString() ?? '');
    if (!text) return undefined;
    const heard = (event: YTextEvent) => {
      if (event.transaction.local && event.transaction.origin !== shared.history) return;
      const element = field.current!;
      if (composing.current) return void missed.current.push(event.delta);
      const { selectionStart, selectionEnd, selectionDirection } = element;
      show(text.toString());
      if (document.activeElement === element)
        element.setSelectionRange(shift(selectionStart, event.delta), shift(selectionEnd, event.delta), selectionDirection);
    };
    text.observe(heard);
    return () => text.unobserve(heard);
  }, [text]);

  const take = () => {
    const element = field.current!;
    if (composing.current || element.value === known.current) return;
    const caret = element.selectionEnd;
    const { from, gone, come } = difference(known.current, element.value, caret);
    const place = (from: number) => missed.current.reduce(shift, from);
    const written = text ?? make?.();
    if (!written) return;
    shared.type(() => {
      const start = place(from);
      written.delete(start, place(from + gone) - start);
      written.insert(start, come);
    });
    const later = missed.current.length > 0;
    const end = place(from) + come.length;
    missed.current = [];
    show(written.toString());
    if (later) element.setSelectionRange(end, end);
  };

  return (
    <textarea
      ref={field}
      class={`inplace ${extra ?? ''}`}
      aria-label={label}
      placeholder={placeholder}
      maxLength={maxLength}
      rows={rows}
      spellcheck={false}
      onFocus={() => shared.goTo(at)}
      onBlur={() => {
        shared.goTo('');
        onLeave?.();
      }}
      onCompositionStart={() => {
        composing.current = true;
      }}
      onCompositionEnd={() => {
        composing.current = false;
        take();
      }}
      onInput={take}
      onKeyDown={(event) => {
        const held = event.ctrlKey || event.metaKey;
        if (held && !event.altKey && event.key.toLowerCase() === 'z') {
          // one's own steps alone: the browser's would take back what others wrote
          event.preventDefault();
          event.stopPropagation();
          if (event.shiftKey) shared.history.redo();
          else shared.history.undo();
        } else if (event.key === 'Escape') {
          event.stopPropagation();
          field.current!.blur();
        }
      }}
    />
  );
}

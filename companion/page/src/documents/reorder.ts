/** Rows that are put into another order: drawn by their handle with a pointer, or moved by keys on it. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

interface Drawn {
  key: string;
  from: number;
  to: number;
  by: number; // pixels that the pointer has come
  height: number;
}

const EDGE = 90; // pixels from the window's edge, within which it scrolls
const STEP = 14;

interface Reorder {
  /** Of the list. */
  list: { current: HTMLOListElement | null };
  /** Let a row be the one at a place; `keep` the focus on its handle. */
  put: (key: string, to: number, keep?: boolean) => void;
  /** Of the row at a place: how far it stands off while another is drawn past it. */
  rowStyle: (at: number) => { style?: { transform: string }; class: string };
  /** Of its handle. */
  handle: (key: string, at: number) => {
    onPointerDown: (event: PointerEvent) => void;
    onPointerMove: (event: PointerEvent) => void;
    onPointerUp: () => void;
    onPointerCancel: () => void;
    onKeyDown: (event: KeyboardEvent) => void;
    'data-handle': string;
  };
}

/** keys: of the rows as they stand. `move` puts one behind another, or to the top; `moved` is told its new place. */
export function useReorder(keys: string[], move: (key: string, before: string | undefined) => void, moved: (key: string, at: number) => void): Reorder {
  const list = useRef<HTMLOListElement>(null);
  const [drawn, setDrawn] = useState<Drawn>();
  const middles = useRef<number[]>([]); // of all rows, on the page, as drawing began
  const begun = useRef(0);
  const pointer = useRef(0);
  const focus = useRef<string | undefined>(undefined);
  const now = useRef(keys); // rows are not drawn again for what changes elsewhere
  now.current = keys;

  // moving an element takes the focus from it
  useLayoutEffect(() => {
    if (focus.current === undefined) return;
    list.current?.querySelector<HTMLElement>(`[data-handle="${focus.current}"]`)?.focus();
    focus.current = undefined;
  });

  const put = (key: string, to: number, keep = true) => {
    const others = now.current.filter((one) => one !== key);
    const place = Math.max(0, Math.min(others.length, to));
    if (now.current[place] === key) return;
    if (keep) focus.current = key;
    move(key, others[place - 1]);
    moved(key, place);
  };
  const follow = () =>
    setDrawn((was) => {
      if (!was) return was;
      const by = pointer.current + scrollY - begun.current;
      const middle = (middles.current[was.from] ?? 0) + by;
      const to = middles.current.filter((other, at) => at !== was.from && other < middle).length;
      return { ...was, by, to };
    });
  const scroll = () => {
    if (!list.current?.querySelector('.drawn')) return;
    const over = pointer.current < EDGE ? -STEP : pointer.current > innerHeight - EDGE - 70 ? STEP : 0;
    if (over) {
      scrollBy(0, over);
      follow();
    }
    requestAnimationFrame(scroll);
  };
  const end = () => setDrawn(undefined);

  return {
    list,
    put,
    rowStyle: (at) => {
      if (!drawn) return { class: '' };
      if (at === drawn.from) return { class: 'drawn', style: { transform: `translateY(${drawn.by}px)` } };
      const past = at > drawn.from && at <= drawn.to ? -drawn.height : at < drawn.from && at >= drawn.to ? drawn.height : 0;
      return { class: 'aside', style: { transform: `translateY(${past}px)` } };
    },
    handle: (key, at) => ({
      'data-handle': key,
      onPointerDown: (event) => {
        if (event.button) return;
        const boxes = [...(list.current?.children ?? [])].map((row) => row.getBoundingClientRect());
        middles.current = boxes.map((box) => box.top + box.height / 2 + scrollY);
        pointer.current = event.clientY;
        begun.current = event.clientY + scrollY;
        (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
        setDrawn({ key, from: at, to: at, by: 0, height: boxes[at]?.height ?? 0 });
        requestAnimationFrame(() => requestAnimationFrame(scroll));
      },
      onPointerMove: (event) => {
        pointer.current = event.clientY;
        if (drawn) follow();
      },
      onPointerUp: () => {
        // by what stands there now: others may have moved rows meanwhile
        if (drawn && drawn.to !== drawn.from) put(drawn.key, drawn.to);
        end();
      },
      onPointerCancel: end,
      onKeyDown: (event) => {
        const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: now.current.length - 1 }[event.key];
        if (event.key === 'Escape' && drawn) end();
        else if (to !== undefined && !event.ctrlKey && !event.metaKey) put(key, to);
        else return;
        event.preventDefault();
        event.stopPropagation();
      },
    }),
  };
}

/** What the server says, kept while the page is open: shown at once, renewed in the background. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { asProblem, get, online, query, remove, type Problem } from './api';

interface Kept {
  data: unknown;
  at: number;
}

const kept = new Map<string, Kept>();
const open = new Map<string, Set<() => void>>(); // path to those who show it

function enter(path: string, listener: () => void): () => void {
  const listeners = open.get(path) ?? new Set();
  open.set(path, listeners.add(listener));
  return () => {
    listeners.delete(listener);
    if (!listeners.size) open.delete(path);
  };
}

const gone = new Set<string>(); // addresses of things that are no more
const GONE: Problem = { status: 404, slug: 'not-found', detail: '', request: '', errors: [] };
const within = (path: string, start: string) => path === start || path.startsWith(`${start}/`) || path.startsWith(`${start}?`);
const isGone = (path: string): boolean => [...gone].some((start) => within(path, start));

/** Delete; meanwhile and from then on `what` (what is deleted) is not asked for, until somebody opens it anew. */
export async function drop(path: string, what = path): Promise<void> {
  gone.add(what);
  try {
    await remove(path);
    for (const one of kept.keys()) if (within(one, what)) kept.delete(one);
  } catch (error) {
    gone.delete(what);
    throw error;
  }
}

/** What an address names was deleted elsewhere: whoever shows it is told, without asking for it. */
export function end(start: string): void {
  if (gone.has(start)) return; // it is being deleted here
  gone.add(start);
  for (const path of kept.keys()) if (within(path, start)) kept.delete(path);
  for (const [path, listeners] of open) if (within(path, start)) for (const listener of [...listeners]) listener();
}

/** Ask again for all that begins with one of these paths; what is on the screen is renewed at once. */
export function invalidate(...starts: string[]): void {
  const concerned = (path: string) => starts.some((start) => path.startsWith(start)) && !isGone(path);
  for (const [path, entry] of kept) if (concerned(path)) entry.at = 0;
  for (const [path, listeners] of open) if (concerned(path)) for (const listener of [...listeners]) listener();
}

/** Forget everything, when somebody else signs in. */
export function forgetAll(): void {
  kept.clear();
  gone.clear();
}

/** Put what is known already, as after a change. */
export function keep(path: string, data: unknown): void {
  kept.set(path, { data, at: Date.now() });
  for (const listener of open.get(path) ?? []) listener();
}

online.watch((now) => now && invalidate('/'));

export interface Loaded<T> {
  data: T | undefined;
  problem: Problem | undefined;
  reload: () => void;
}

const FRESH_MS = 2000;

/** The answer to a GET; null asks nothing. */
export function useLoad<T>(path: string | null): Loaded<T> {
  const [, redraw] = useState(0);
  const problem = useRef<Problem | undefined>(undefined);
  const fetchNow = useCallback(
    (force: boolean) => {
      if (path === null) return () => undefined;
      const entry = kept.get(path);
      if (!force && entry && Date.now() - entry.at < FRESH_MS) return () => undefined;
      const control = new AbortController();
      get<T>(path, control.signal).then(
        (data) => {
          problem.current = undefined;
          kept.set(path, { data, at: Date.now() });
          redraw((n) => n + 1);
        },
        (error) => {
          if (control.signal.aborted) return;
          problem.current = asProblem(error);
          redraw((n) => n + 1);
        },
      );
      return () => control.abort();
    },
    [path],
  );
  useEffect(() => {
    problem.current = undefined;
    if (path === null) return undefined;
    gone.delete(path);
    let stop = fetchNow(false);
    const leave = enter(path, () => {
      if (isGone(path)) {
        stop();
        problem.current = GONE;
        return redraw((n) => n + 1);
      }
      const entry = kept.get(path);
      if (entry && Date.now() - entry.at < FRESH_MS && entry.at) redraw((n) => n + 1);
      else {
        stop();
        stop = fetchNow(true);
      }
    });
    return () => {
      stop();
      leave();
    };
  }, [path, fetchNow]);
  return {
    data: path === null ? undefined : (kept.get(path)?.data as T | undefined),
    problem: problem.current,
    reload: () => void fetchNow(true),
  };
}

interface Page<Row> {
  items: Row[];
  next: string;
  total?: number;
}

export interface Listed<Row> {
  rows: Row[] | undefined;
  total: number | undefined;
  problem: Problem | undefined;
  done: boolean;
  more: () => void;
  reload: () => void;
}

/** A list in pages: the first at once, the next when `more` is called. */
export function useList<Row extends object>(
  path: string | null,
  asked: Record<string, string | number | boolean | undefined | null> = {},
  limit = 100,
): Listed<Row> {
  const first = path === null ? null : path + query({ ...asked, limit });
  const [state, setState] = useState<{ of: string | null; rows: Row[]; next: string; total?: number }>();
  const [problem, setProblem] = useState<Problem>();
  const busy = useRef(false);
  const current = useRef(first);
  current.current = first;

  const load = useCallback(
    async (after: string, known: Row[]) => {
      if (first === null || path === null) return;
      busy.current = true;
      try {
        // a list that was scrolled is renewed to the same length
        let page = await get<Page<Row>>(after ? path + query({ ...asked, limit, after }) : first);
        const rows = after ? [...known, ...page.items] : page.items;
        while (!after && rows.length < known.length && page.next) {
          page = await get<Page<Row>>(path + query({ ...asked, limit, after: page.next }));
          rows.push(...page.items);
        }
        if (current.current !== first) return;
        if (!after) kept.set(first, { data: page, at: Date.now() });
        setState((was) => ({ of: first, rows, next: page.next, total: page.total ?? (after ? was?.total : undefined) }));
        setProblem(undefined);
      } catch (error) {
        if (current.current === first) setProblem(asProblem(error));
      } finally {
        busy.current = false;
      }
    },
    [first],
  );
  const known = useRef<Row[]>([]);
  known.current = state?.of === first ? state.rows : [];
  useEffect(() => {
    if (first === null) return undefined;
    setProblem(undefined);
    void load('', []);
    return enter(first, () => !isGone(first) && void load('', known.current));
  }, [first, load]);

  const fallback = first === null ? undefined : (kept.get(first)?.data as Page<Row> | undefined);
  const shown = state && state.of === first ? state : fallback && { rows: fallback.items, next: fallback.next, total: fallback.total };
  // while another order or search is on its way, the old rows stay
  const rows = shown?.rows ?? (state && !problem ? state.rows : undefined);
  return {
    rows,
    total: shown?.total,
    problem,
    done: !shown?.next,
    more: () => {
      if (state && state.of === first && state.next && !busy.current) void load(state.next, state.rows);
    },
    reload: () => void load('', known.current),
  };
}

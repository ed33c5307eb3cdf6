/** State outside of components: a value, and who wants to know when it changes. */
import { useEffect, useState } from 'preact/hooks';

export interface Atom<T> {
  get(): T;
  set(next: T): void;
  update(change: (was: T) => T): void;
  watch(listener: (now: T) => void): () => void;
}

export function atom<T>(first: T): Atom<T> {
  let value = first;
  const listeners = new Set<(now: T) => void>();
  const set = (next: T) => {
    if (Object.is(next, value)) return;
    value = next;
    for (const listener of [...listeners]) listener(next);
  };
  return {
    get: () => value,
    set,
    update: (change) => set(change(value)),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** An atom whose value this browser remembers under `name`. */
export function remembered<T>(name: string, first: T): Atom<T> {
  let found = first;
  try {
    const kept = localStorage.getItem(name);
    if (kept !== null) found = JSON.parse(kept) as T;
  } catch {
    // private windows may refuse; the page works without
  }
  const made = atom(found);
  made.watch((now) => {
    try {
      localStorage.setItem(name, JSON.stringify(now));
    } catch {
      // as above
    }
  });
  return made;
}

/** An atom's value; the component is drawn again when it changes. */
export function useAtom<T>(source: Atom<T>): T {
  const [value, setValue] = useState<T>(() => source.get());
  useEffect(() => {
    const take = () => setValue(() => source.get());
    take();
    return source.watch(take);
  }, [source]);
  return value;
}

/** Addresses and screens. Links are plain anchors: one listener turns those of this page into a change of screen. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { atom, useAtom } from './atom';

export type Params = Record<string, string>;
export interface Place {
  path: string;
  search: string;
}

const here = (): Place => ({ path: location.pathname, search: location.search });
export const place = atom<Place>(here());

/** Go to another address of this page. */
export function go(address: string, replace = false): void {
  if (address === location.pathname + location.search) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  place.set(here());
  if (!replace) scrollTo(0, 0);
}

addEventListener('popstate', () => place.set(here()));
document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest?.('a[href]') as HTMLAnchorElement | null;
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
  if (/^\/(api|graphql|assets)\b/.test(link.pathname)) return;
  event.preventDefault();
  go(link.pathname + link.search);
});

/** `/library/:id` against an address: what stands for `id`, or null. */
export function match(pattern: string, path: string): Params | null {
  const want = pattern.split('/');
  const have = path.replace(/(.)\/$/, '$1').split('/');
  if (want.length !== have.length) return null;
  const params: Params = {};
  for (const [at, word] of want.entries()) {
    const given = have[at] ?? '';
    if (word.startsWith(':')) params[word.slice(1)] = decodeURIComponent(given);
    else if (word !== given) return null;
  }
  return params;
}

/** One value of the query string, and how to change it in place. */
export function useQuery(name: string, otherwise = ''): [string, (value: string) => void] {
  const { search } = useAtom(place);
  const value = new URLSearchParams(search).get(name) ?? otherwise;
  const set = (next: string) => {
    const all = new URLSearchParams(location.search);
    if (next && next !== otherwise) all.set(name, next);
    else all.delete(name);
    const text = all.toString();
    go(location.pathname + (text ? `?${text}` : ''), true);
  };
  return [value, set];
}

export interface Route {
  pattern: string;
  load: () => Promise<ComponentType<Params>>;
}

/** A module that is fetched when it is first shown; undefined until it is there. */
export function useScreen(route: Route | undefined): ComponentType<Params> | Error | undefined {
  const [found, setFound] = useState<{ of: Route; screen: ComponentType<Params> | Error }>();
  useEffect(() => {
    if (!route) return;
    route.load().then(
      (screen) => setFound({ of: route, screen }),
      (error) => setFound({ of: route, screen: error instanceof Error ? error : new Error(String(error)) }),
    );
  }, [route]);
  return found && found.of === route ? found.screen : undefined;
}

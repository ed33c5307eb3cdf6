/** Keys that work everywhere: one table, which the `?` sheet shows too. Single keys can be switched off. */
import { remembered } from './atom';
import type { TextName } from './texts';

export interface Shortcut {
  keys: string; // `Space`, `Mod+K`, `G L` for one after the other
  name: TextName;
  group: TextName;
  run: (event: KeyboardEvent) => void;
  /** Only while this is so. */
  when?: () => boolean;
}

/** Whether keys without Ctrl do something (WCAG 2.1.4). */
export const singleKeys = remembered('keys', true);

const all = new Set<Shortcut>();
let before = '';
let beforeAt = 0;

/** Let keys do something, until the returned function is called. */
export function bind(shortcuts: Shortcut[]): () => void {
  for (const one of shortcuts) all.add(one);
  return () => {
    for (const one of shortcuts) all.delete(one);
  };
}

export const shortcuts = (): Shortcut[] => [...all];

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox], [type=radio], [type=range])'));

function pressed(event: KeyboardEvent): string {
  const key = event.key === ' ' ? 'Space' : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push('Mod');
  if (event.altKey) parts.push('Alt');
  if (event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key))) parts.push('Shift');
  return [...parts, key].join('+');
}

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const key = pressed(event);
  const held = key.startsWith('Mod+') || key.startsWith('Alt+');
  if (!held && (typing(event.target) || !singleKeys.get())) return;
  if (document.querySelector('dialog[open]') && !held) return;
  // Space and Enter belong to the control that has the focus, arrows to sliders
  if (key === 'Space' && event.target instanceof Element && event.target.closest('button, a, input, summary, [role=row]')) return;
  if (key.includes('Arrow') && event.target instanceof Element && event.target.closest('[role=slider], [role=grid], [role=tablist], input')) return;
  const pair = Date.now() - beforeAt < 1200 ? `${before} ${key}` : '';
  const bound = [...all].reverse().filter((one) => one.when?.() ?? true);
  const found = bound.find((one) => one.keys === pair) ?? bound.find((one) => one.keys === key);
  before = key;
  beforeAt = Date.now();
  if (!found) return;
  event.preventDefault();
  found.run(event);
});

const SIGNS: Record<string, string> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Mod: /Mac/.test(navigator.platform) ? '⌘' : 'Ctrl',
  Shift: '⇧',
};

/** The caps to press: `['Ctrl', 'K']`. */
export const caps = (keys: string): string[] => (keys.match(/[^ +]+|\+$/g) ?? []).map((key) => SIGNS[key] ?? key);

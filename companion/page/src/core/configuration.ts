/** A box's settings as its owner wants them. */
import type { Value } from './commands';

export interface Setting {
  name: string;
  title: string;
  kind: 'flag' | 'number' | 'choice' | 'text';
  default: boolean | number | null; // null: as it was set on the box itself
  low: number;
  high: number;
  unit: string;
  choices: string[];
  takes: 'at once' | 'at the next start';
}

export interface Configuration {
  revision: number; // 0: nothing was ever wanted
  settings: Record<string, Value>;
  applied: number; // the revision that the box goes by
  applied_at: number | null;
  refused: { name: string; said: string }[];
  known: Setting[];
}

/** What was typed for a setting; null is the box's own. */
export function typed(setting: Setting, text: string): Value {
  if (text === '') return null;
  if (setting.kind === 'flag') return text === 'true';
  return setting.kind === 'number' ? Number(text) : text;
}

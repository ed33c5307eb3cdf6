/** Texts by name, from the catalogue. A translation is another file with the same names. */
import { en } from '../texts/en';

export type TextName = keyof typeof en;
type Values = Record<string, string | number>;

const plural = new Intl.PluralRules('en');

/** The text `name`; `{word}` is filled from `values`, and of a pair the first is for one, by `values.n`. */
export function t(name: TextName, values: Values = {}): string {
  const found: string | readonly [string, string] = en[name];
  const text = typeof found === 'string' ? found : found[plural.select(Number(values.n)) === 'one' ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, word: string) => {
    const value = values[word];
    return typeof value === 'number' ? value.toLocaleString('en') : (value ?? '');
  });
}

/** A text that may be missing from the catalogue, such as the name of a job's kind: then what is given. */
export function tOr(name: string, otherwise: string): string {
  const found = (en as Record<string, string | readonly [string, string]>)[name];
  return typeof found === 'string' ? found : otherwise;
}

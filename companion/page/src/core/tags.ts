/** What may be written as a tag: text as it is typed, against what a track holds. */
import { t, type TextName } from './texts';

const KEY = /^(?:[A-G][b#♭♯]?m?|(?:1[0-2]|0?[1-9])[ABdm])$/; // F#m, 4A, 11m
const NUMBER = /^[A-Z]?\d{1,3}(\/\d{1,3})?$/i; // 7, 7/12, B2

/** F#m of “f# minor”, 8A of “8a”. */
function key(text: string): string {
  const short = text.replace(/\s*min(or)?$/i, 'm').replace(/\s*maj(or)?$/i, '');
  return /^\d/.test(short) ? short.replace(/[ab]$/, (letter) => letter.toUpperCase()) : short.charAt(0).toUpperCase() + short.slice(1);
}

/** A value as it is stored; Error with a sentence for what is none. Empty takes it off. */
export function tag(name: string, text: string): string | number | null {
  const refuse = (why: TextName): never => {
    throw new Error(t(why, { text }));
  };
  if (name === 'tempo' || name === 'year') {
    if (!text) return null;
    const value = Number(text.replace(/\s*bpm$/i, '').replace(',', '.'));
    if (name === 'tempo') return value >= 20 && value <= 400 ? value : refuse('tag.tempo.wrong');
    return /^\d{4}$/.test(text) && value > 0 ? value : refuse('tag.year.wrong');
  }
  if (name === 'key' && text) return KEY.test(key(text)) ? key(text) : refuse('tag.key.wrong');
  if (name === 'number' && text) return NUMBER.test(text) ? text : refuse('tag.number.wrong');
  return text;
}

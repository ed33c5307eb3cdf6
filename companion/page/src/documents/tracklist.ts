/** The tracks of a document, in their order: which is by `place` and not by where they lie, so that a move changes one number. */
import * as Y from 'yjs';
import { newId } from '../core/ids';
import type { TrackRow } from '../core/tracks';
import type { Shared } from './shared';

type Entry = Y.Map<unknown>;

/** A track of a document as it stands. What is not known is empty or null. */
export interface Row {
  key: string; // of the row, the same for everybody and for good
  entry: Entry;
  track: string; // in the catalogue
  title: string;
  artist: string;
  seconds: number | null;
  tempo: number | null;
  pitch: string; // its musical key
  at: number | null; // seconds after the beginning, in a set
  note: Y.Text | undefined;
}

const LINE = 120; // characters that a title has room for

/** A text without halves of characters, which other sides cannot read. */
export const whole = (text: string): string => text.replace(/\p{Cs}/gu, '\uFFFD');
/** A text as one line of a document has room for it. */
export const line = (text: string): string => [...whole(text)].slice(0, LINE).join('');
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

function rowOf(entry: Entry): Row {
  const item = entry._item!.id;
  const own = text(entry.get('id'));
  const note = entry.get('note');
  return {
    key: own || `${item.client}:${item.clock}`,
    entry,
    track: text(entry.get('track')),
    title: text(entry.get('title')),
    artist: text(entry.get('artist')),
    seconds: number(entry.get('seconds')),
    tempo: number(entry.get('tempo')),
    pitch: text(entry.get('key')),
    at: number(entry.get('at')),
    note: note instanceof Y.Text ? note : undefined,
  };
}

/** Whether a track is none of the library, as far as is known: its file may be on a box, or it was deleted. */
export const isAbsent = (row: Row, found: Map<string, TrackRow> | undefined): boolean => row.track === '' || (found !== undefined && !found.has(row.track));

const placeOf = (row: Row): number => number(row.entry.get('place')) ?? Infinity;

/** All tracks in their order; what was never moved stands behind, as it lies. */
export function rowsOf(shared: Shared): Row[] {
  const seen = new Set<string>();
  const all = shared.tracks.toArray().filter((one) => one instanceof Y.Map).map(rowOf);
  const rows = all.filter(({ key }) => !seen.has(key) && seen.add(key)); // a copy of one that is there does not count
  // Infinity minus itself is no number: neither is before the other
  return rows.sort((a, b) => placeOf(a) - placeOf(b) || 0);
}

/** Tracks of the library, behind all others. */
export function append(shared: Shared, tracks: Pick<TrackRow, 'id' | 'hash' | 'title' | 'artist' | 'seconds' | 'tempo' | 'key'>[]): void {
  // by the hash a box knows a file that lies in a folder of its own
  const entries = tracks.map(({ id, hash, title, artist, seconds, tempo, key }) => entryOf({ track: id, hash, title, artist, seconds, tempo, key }));
  shared.change(() => push(shared, entries));
}

/** Take a track out; call what is returned to have it back, where it was. */
export function takeOut(shared: Shared, key: string): () => void {
  const rows = rowsOf(shared);
  const row = rows.find((one) => one.key === key);
  if (!row) return () => undefined;
  const before = rows[rows.indexOf(row) - 1]?.key;
  const note = row.note?.toString() ?? '';
  const fields = [...row.entry.entries()].filter(([name]) => name !== 'note' && name !== 'place');
  shared.change(() => remove(shared, key));
  return () =>
    shared.change(() => {
      push(shared, [entryOf(Object.fromEntries(fields) as Fields, note)]);
      put(shared, key, before);
    });
}

function remove(shared: Shared, key: string): void {
  for (let at = shared.tracks.length - 1; at >= 0; at -= 1) {
    const entry = shared.tracks.get(at);
    if (entry instanceof Y.Map && rowOf(entry).key === key) shared.tracks.delete(at);
  }
}

/** Move a track behind another, or to the top. */
export const moveBehind = (shared: Shared, key: string, before: string | undefined): void => shared.change(() => put(shared, key, before));

function put(shared: Shared, key: string, before: string | undefined): void {
  const all = rowsOf(shared);
  const row = all.find((one) => one.key === key);
  if (!row || before === key) return;
  const others = all.filter((one) => one !== row);
  const to = others.findIndex((one) => one.key === before) + 1;
  // where there is no room between two, or some have no place, all get one
  if (!between(others, to)) others.forEach((one, at) => placeOf(one) !== at + 1 && one.entry.set('place', at + 1));
  row.entry.set('place', between(others, to)!.middle);
}

function between(rows: Row[], to: number): { middle: number } | null {
  const low = to > 0 ? placeOf(rows[to - 1]!) : -Infinity;
  const high = to < rows.length ? placeOf(rows[to]!) : Infinity;
  if (!rows.length) return { middle: 1 };
  if (to === 0) return high === Infinity ? null : { middle: high - 1 };
  if (low === Infinity) return null;
  // behind the last, unless others were never moved: those stand behind all that were
  if (to === rows.length) return { middle: low + 1 };
  if (high === Infinity) return null;
  const middle = (low + high) / 2;
  return middle > low && middle < high ? { middle } : null;
}

type Fields = Record<string, string | number | null>;

/** Write fields of a track; what is not known is not there. */
export function write(shared: Shared, row: Row, fields: Fields): void {
  shared.change(() => {
    for (const [name, given] of Object.entries(fields)) {
      const value = typeof given === 'string' ? line(given) : given;
      if (value === null || value === '') row.entry.delete(name);
      else if (row.entry.get(name) !== value) row.entry.set(name, value);
    }
  });
}

/** A track that is in no library, such as one of a set that its box did not hear. */
export const enter = (shared: Shared, fields: Fields): void => shared.change(() => push(shared, [entryOf(fields)]));

/** Behind all others; each with a place, as a move that had to number the others first would be at odds with another's. */
function push(shared: Shared, entries: Entry[]): void {
  const last = rowsOf(shared).at(-1);
  const place = last ? placeOf(last) : 0;
  if (place !== Infinity) entries.forEach((one, at) => one.set('place', place + at + 1));
  shared.tracks.push(entries);
}

function entryOf(fields: Fields, note = ''): Entry {
  const entry: Entry = new Y.Map();
  for (const [name, value] of Object.entries({ id: newId(), ...fields }))
    if (value !== null && value !== '') entry.set(name, typeof value === 'string' ? line(value) : value);
  entry.set('note', new Y.Text(note));
  return entry;
}

/** The note of a track, which is begun when it is first needed. */
export function noteOf(shared: Shared, row: Row): Y.Text {
  if (row.note) return row.note;
  const note = new Y.Text();
  shared.type(() => row.entry.set('note', note));
  return note;
}

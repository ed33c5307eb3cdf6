/** Sets that boxes played, as the server tells of them. */
import { BASE } from './api';
import type { Playable } from './player';
import { t } from './texts';

interface SetFile {
  hash: string;
  size: number;
  name: string;
  file: string; // empty until it came from the box
}

export interface SetRow {
  id: string;
  box: string;
  box_name: string;
  number: string; // its id on the box
  document: string; // of what is written about it, on both sides; empty where there is none yet
  title: string;
  notes: string;
  state: 'playing' | 'finished';
  started: number;
  seconds: number;
  tracks: number;
  ended: string;
  recorded: boolean;
  samplerate: number;
  dropped: number;
  loudness: number | null;
  peak: number | null;
  recording: SetFile | null;
  log: SetFile | null;
}

export interface SetEntry {
  position: number;
  at: number; // seconds after the beginning
  title: string;
  artist: string;
  track: string;
  tempo: number | null;
  key: string;
  deck: number;
  heard: number;
  pitch: number;
}

export interface SetWhole extends SetRow {
  entries: SetEntry[];
}

const UNNAMED = /^(\d{4})-(\d\d)-(\d\d) (\d\d)-(\d\d)-\d\d(?: \(\d+\))?$/; // as a box calls what nobody named

/** Whether a set is called by when it was recorded, and nothing else. */
export const isUnnamed = (title: string): boolean => UNNAMED.test(title);

/** What to call a set: by its name, or as “Saturday night”. What begins after midnight belongs to the evening before. */
export function calledSet(title: string, started?: number): string {
  const found = UNNAMED.exec(title);
  if (!found) return title;
  const [, year, month, day, hour, minute] = found.map(Number) as [number, number, number, number, number, number];
  const at = new Date(started ?? new Date(year, month - 1, day, hour, minute));
  const hours = at.getHours();
  const part = hours < 5 || hours >= 21 ? 'night' : hours < 12 ? 'morning' : hours < 17 ? 'afternoon' : 'evening';
  if (hours < 5) at.setDate(at.getDate() - 1);
  return t(`sets.called.${part}`, { day: new Intl.DateTimeFormat('en-GB', { weekday: 'long' }).format(at) });
}

/** What the player takes of a set, once its recording came. */
export const heardOf = (set: SetRow): Playable | null =>
  set.recording?.file
    ? {
        id: set.id,
        title: calledSet(set.title, set.started),
        artist: t('sets.on', { box: set.box_name }),
        seconds: set.seconds,
        audio: `${BASE}/sets/${set.id}/recording`,
        peaks: `${BASE}/sets/${set.id}/waveform`,
        artwork: null,
      }
    : null;

/** Seconds that a set which is still played has lasted. */
export const lastsNow = (set: SetRow): number => (set.state === 'playing' ? Math.max(0, (Date.now() - set.started) / 1000) : set.seconds);

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

/** What the player takes of a set, once its recording came. */
export const heardOf = (set: SetRow): Playable | null =>
  set.recording?.file
    ? {
        id: set.id,
        title: set.title,
        artist: t('sets.on', { box: set.box_name }),
        seconds: set.seconds,
        audio: `${BASE}/sets/${set.id}/recording`,
        peaks: `${BASE}/sets/${set.id}/waveform`,
        artwork: null,
      }
    : null;

/** Seconds that a set which is still played has lasted. */
export const lastsNow = (set: SetRow): number => (set.state === 'playing' ? Math.max(0, (Date.now() - set.started) / 1000) : set.seconds);

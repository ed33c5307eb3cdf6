/** Tracks as the server tells of them. */
import type { Playable } from './player';
import { BASE } from './api';

export interface TrackRow {
  id: string;
  own: boolean;
  title: string;
  artist: string;
  album: string;
  year: number | null;
  genre: string;
  tempo: number | null;
  key: string;
  seconds: number;
  format: string;
  loudness: number | null;
  artwork: string;
  recording: string;
  hash: string; // SHA-256 of the version that is played
  version: number;
  created: number;
  changed: number;
}

export interface Recording {
  id: string;
  number: number;
  kind: string;
  label: string;
  created: number;
  file: string;
  name: string;
  format: string;
  size: number;
  facts: Facts;
}

export interface Facts {
  codec?: string;
  rate?: number;
  channels?: number;
  bits?: number | null;
  bitrate?: number;
  seconds?: number;
  cut_short?: number; // seconds that it should have
  loudness?: Partial<Record<'integrated' | 'range' | 'momentary' | 'short_term' | 'true_peak' | 'sample_peak', number | null>>;
}

export interface Marker {
  start: number;
  end: number | null;
  label: string;
  colour: number;
}

export interface Track extends TrackRow {
  number: string;
  isrc: string;
  label: string;
  copyright: string;
  notes: string;
  credits: { artist: string; name: string; role: string }[];
  recordings: Recording[];
  markers: (Marker & { id: string })[];
  analysis: { state: 'none' | 'waiting' | 'done'; found: Record<string, unknown>[]; possible: boolean };
}

export const KINDS = ['mix', 'master', 'edit', 'remix', 'live', 'demo', 'instrumental', 'acapella', 'stem'] as const;

export const audioOf = (recording: string): string => `${BASE}/recordings/${recording}/audio`;
export const waveformOf = (recording: string): string => `${BASE}/recordings/${recording}/waveform`;
export const artworkOf = (artwork: string, size: 96 | 320 | 1200 = 96): string | null =>
  artwork ? `${BASE}/artwork/${artwork}/${size}` : null;

export const playable = (track: TrackRow): Playable => ({
  id: track.id,
  title: track.title,
  artist: track.artist,
  seconds: track.seconds,
  audio: audioOf(track.recording),
  peaks: waveformOf(track.recording),
  artwork: artworkOf(track.artwork, 320),
});

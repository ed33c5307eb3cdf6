/** Boxes as the server tells of them. */

export interface Box {
  id: string;
  name: string;
  model: string;
  claimed: number | null;
  online: boolean;
  seen: number | null;
  versions: Record<string, string>;
  storage_used: number | null;
  storage_total: number | null;
  playing: string;
  given_to: string;
}

export interface Deck {
  deck: number;
  title: string;
  artist: string;
  playing: boolean;
  position: number;
  seconds: number;
  tempo: number | null;
}

export interface Status {
  online: boolean;
  at: number | null; // when it came
  status: {
    uptime: number;
    engine: 'running' | 'starting' | 'stopped';
    waiting: number;
    decks: Deck[];
    set: { set: string; title: string; seconds: number; tracks: number; recording: boolean; left?: number | null } | null;
  } | null;
  words: string; // the last before it went away
  reason: string;
  waiting: number; // messages for the box
}

export interface HealthReport {
  id: number;
  at: number;
  report: {
    sound: { load_mean: number; load_worst: number; xruns: number } | null;
    temperature?: number | null; // what a machine cannot tell is left out
    throttled?: boolean | null;
    undervoltage?: boolean | null;
    memory_total?: number | null;
    memory_free?: number | null;
    storage: { errors: number };
    waiting: { messages: number; files: number; file_bytes: number };
    clock: string;
    network: string;
  };
}

export interface Crash {
  id: number;
  process: string;
  version: string;
  reason: string;
  crashed: number;
}

/** The one player of the page: what it plays, where it is, its loop. */
import { online } from './api';
import { atom, remembered } from './atom';

export interface Playable {
  id: string;
  title: string;
  artist: string;
  seconds: number;
  audio: string; // address of what is played
  peaks: string | null;
  artwork: string | null;
}

export interface Loop {
  from: number;
  to: number;
}

export interface PlayerState {
  track: Playable | null;
  playing: boolean;
  waiting: boolean;
  rate: number;
  loop: Loop | null;
  problem: 'offline' | 'refused' | null; // nobody was reached, or the browser does not know the format
}

export const player = atom<PlayerState>({ track: null, playing: false, waiting: false, rate: 1, loop: null, problem: null });
export const volume = remembered('volume', 0.9);
export const muted = atom(false);
const change = (part: Partial<PlayerState>) => player.update((was) => ({ ...was, ...part }));

export const audio = document.createElement('audio');
audio.id = 'audio';
audio.preload = 'auto';
document.body.append(audio);

let queue: Playable[] = [];
const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];

volume.watch(() => (audio.volume = volume.get() ** 2)); // loudness as it is heard
muted.watch(() => (audio.muted = muted.get()));
audio.volume = volume.get() ** 2;
audio.onplay = () => {
  change({ playing: true });
  requestAnimationFrame(frame);
};
audio.onpause = () => change({ playing: false, waiting: false });
audio.onwaiting = () => change({ waiting: true });
audio.onplaying = () => change({ waiting: false });
audio.onended = () => step(1);
audio.onerror = () => player.get().track && change({ problem: online.get() && navigator.onLine ? 'refused' : 'offline', playing: false, waiting: false });

const tickers = new Set<(time: number) => void>();
/** Called with the play head's time (seconds) for every picture while it moves. */
export function onTick(ticker: (time: number) => void): () => void {
  tickers.add(ticker);
  return () => tickers.delete(ticker);
}
const tick = () => tickers.forEach((ticker) => ticker(audio.currentTime));
audio.onseeked = tick;

function frame(): void {
  const { loop } = player.get();
  if (loop && audio.currentTime >= loop.to) audio.currentTime = loop.from;
  tick();
  if (!audio.paused) requestAnimationFrame(frame);
}

/** Play a track; `next` is what follows when it ends. */
export function play(track: Playable, next: Playable[] = [], at?: number): void {
  if (next.length) queue = next;
  else if (!queue.some((one) => one.id === track.id)) queue = [track];
  if (player.get().track?.audio !== track.audio) {
    audio.src = track.audio;
    audio.playbackRate = 1;
    player.set({ track, playing: false, waiting: true, rate: 1, loop: null, problem: null });
    describe(track);
  }
  if (at !== undefined) seek(at);
  // refused before the first click on the page, or replaced by another track: both show in the state
  audio.play().catch(() => change({ waiting: false }));
}

export function toggle(): void {
  const { track } = player.get();
  if (!track) return;
  if (audio.paused) void audio.play().catch(() => undefined);
  else audio.pause();
}

export function seek(seconds: number): void {
  const end = Number.isFinite(audio.duration) ? audio.duration : (player.get().track?.seconds ?? 0);
  audio.currentTime = Math.max(0, Math.min(seconds, Math.max(0, end - 0.05)));
  tick();
}

export const nudge = (seconds: number): void => seek(audio.currentTime + seconds);

/** The next or the one before; back to the beginning first. */
export function step(by: 1 | -1): void {
  const { track } = player.get();
  const at = queue.findIndex((one) => one.id === track?.id);
  if (by < 0 && audio.currentTime > 3) return seek(0);
  const other = queue[at + by];
  if (other) play(other);
  else if (by < 0) seek(0);
}

/** L and its opposite: faster or slower by one step. */
export function shuttle(by: 1 | -1): void {
  const at = RATES.indexOf(player.get().rate);
  const rate = RATES[Math.max(0, Math.min(RATES.length - 1, at + by))] ?? 1;
  audio.playbackRate = rate;
  change({ rate });
}

/** Repeat a part; null ends it. */
export function setLoop(loop: Loop | null): void {
  change({ loop: loop && loop.to - loop.from >= 0.05 ? loop : null });
}

/** A track is known anew: what it is called, and its sound where that of `before` was the one that is played. */
export function renew(track: Playable, before: string): void {
  queue = queue.map((one) => (one.id === track.id ? track : one));
  const { track: now, rate } = player.get();
  if (now?.id !== track.id) return;
  if (now.audio !== before || before === track.audio) {
    const named = { ...now, title: track.title, artist: track.artist, artwork: track.artwork };
    change({ track: named });
    return describe(named);
  }
  const at = audio.currentTime;
  const playing = !audio.paused;
  audio.src = track.audio;
  audio.playbackRate = rate;
  audio.currentTime = Math.max(0, Math.min(at, track.seconds - 0.05));
  player.set({ track, playing: false, waiting: playing, rate, loop: null, problem: null });
  describe(track);
  if (playing) audio.play().catch(() => change({ waiting: false }));
}

/** Stop and forget, as when somebody signs out. */
export function eject(): void {
  audio.pause();
  audio.removeAttribute('src');
  audio.load();
  queue = [];
  player.set({ track: null, playing: false, waiting: false, rate: 1, loop: null, problem: null });
}

/** Keys and screens of the system, where the browser tells them. */
function describe(track: Playable): void {
  if (!navigator.mediaSession) return;
  navigator.mediaSession.metadata = new MediaMetadata({
    title: track.title,
    artist: track.artist,
    artwork: track.artwork ? [{ src: track.artwork }] : [],
  });
  const actions: [MediaSessionAction, () => void][] = [
    ['play', toggle],
    ['pause', toggle],
    ['nexttrack', () => step(1)],
    ['previoustrack', () => step(-1)],
  ];
  for (const [name, act] of actions) navigator.mediaSession.setActionHandler(name, act);
}

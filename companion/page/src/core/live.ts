/** Live events: a WebSocket while the page is open; where there is none, what is shown is asked for again. */
import { atom } from './atom';
import { online, post } from './api';
import { invalidate } from './load';
import { onTry, patience } from './reach';

export interface LiveEvent {
  id: number;
  kind: string;
  at: number;
  body: Record<string, unknown>;
}

type Listener = (event: LiveEvent) => void;

/** How news arrive: `live`, or `polling` while the WebSocket is away. */
export const news = atom<'off' | 'live' | 'polling'>('off');

const POLL_MS = 15_000;
const REST_MS = 60_000; // between two tries, at most
const listeners = new Map<string, Set<Listener>>(); // by kind
let socket: WebSocket | undefined;
let wanted = false;
let busy = false; // a ticket is being fetched
let last = 0;
let failures = 0;
let silence: number | undefined;
let again: number | undefined;
let poll: number | undefined;

/** Hear events of a kind. */
export function hear(kind: string, listener: Listener): () => void {
  const there = listeners.get(kind) ?? new Set();
  listeners.set(kind, there.add(listener));
  return () => there.delete(listener);
}

function deliver(event: LiveEvent): void {
  for (const listener of [...(listeners.get(event.kind) ?? [])]) listener(event);
}

/** Say something to the companion; nothing while there is no line. */
export function tell(kind: string, body: Record<string, unknown>): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ kind, body }));
}

async function connect(): Promise<void> {
  if (!wanted || busy || socket) return;
  clearTimeout(again);
  busy = true;
  try {
    const { url } = await post<{ url: string }>('/live/ticket');
    if (!wanted) return;
    socket = new WebSocket(last ? `${url}&after=${last}` : url);
  } catch {
    lost();
    return;
  } finally {
    busy = false;
  }
  let beat = 30_000;
  const alive = () => {
    clearTimeout(silence);
    silence = setTimeout(giveUp, beat);
  };
  socket.onopen = alive;
  socket.onmessage = (message) => {
    alive();
    const event = JSON.parse(String(message.data)) as LiveEvent;
    if (event.kind === 'hello') {
      failures = 0;
      last = Math.max(last, Number(event.body['last'] ?? 0));
      beat = 1000 * Number(event.body['heartbeat'] ?? 20) + 10_000;
      const away = news.get() === 'polling';
      news.set('live');
      clearInterval(poll);
      poll = undefined;
      if (away) invalidate('/');
    } else if (event.kind === 'resync') invalidate('/');
    else {
      last = Math.max(last, event.id ?? 0); // live state has no number
      deliver(event);
    }
  };
  socket.onclose = lost;
}

/** Leave a line on which nothing comes, without waiting for the other end to agree. */
function giveUp(): void {
  if (!socket) return;
  socket.onmessage = socket.onclose = null;
  socket.close();
  lost();
}

function lost(): void {
  clearTimeout(silence);
  socket = undefined;
  if (!wanted) return;
  news.set('polling');
  poll ??= setInterval(() => document.visibilityState === 'visible' && online.get() && invalidate('/'), POLL_MS);
  failures += 1;
  clearTimeout(again);
  again = setTimeout(() => void connect(), patience(failures + 1, REST_MS));
}

/** Begin to hear; once somebody is signed in. */
export function startLive(): void {
  if (wanted) return;
  wanted = true;
  void connect();
}

export function stopLive(): void {
  wanted = false;
  last = 0;
  clearTimeout(again);
  clearInterval(poll);
  poll = undefined;
  socket?.close();
  news.set('off');
}

online.watch((now) => (now ? void connect() : giveUp()));
onTry(connect);

/** The line to the companion for one document: Yjs's sync and awareness protocols, over a WebSocket with a one-use ticket. */
import { createDecoder, readVarUint, readVarUint8Array } from 'lib0/decoding';
import { createEncoder, length, toUint8Array, writeVarUint, writeVarUint8Array, type Encoder } from 'lib0/encoding';
import { applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates, type Awareness } from 'y-protocols/awareness';
import { messageYjsSyncStep1, messageYjsSyncStep2, readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync';
import type { Doc } from 'yjs';
import { asProblem, online, post } from '../core/api';
import { atom } from '../core/atom';
import { onTry, patience } from '../core/reach';

/** opening: what is kept is being read; refused: gone, or not for this user (any more); full: no more fits in. */
export type Standing = 'opening' | 'connecting' | 'inStep' | 'offline' | 'refused' | 'full';

/** What an update that was read from this browser's own store is marked with. */
export const KEPT = 'kept';

const SYNC = 0;
const AWARENESS = 1;
const WHO = 3; // others ask what one says of oneself
const PROVE_MS = 250; // after an edit, to ask for the rest of the document: the answer comes once the edit is stored
const BEAT_MS = 25_000;
const PATIENCE_MS = 10_000; // for an answer
const REST_MS = 30_000; // between two tries, at most
const STALE = 4401; // the ticket was not taken: another is fetched
const ENDS: Partial<Record<number, Standing>> = { 4403: 'refused', 4404: 'refused', 4409: 'full' };

export class Line {
  readonly standing = atom<Standing>('connecting');
  /** Whether the companion is known to have all that was written here. */
  readonly arrived = atom(true);
  private socket: WebSocket | undefined;
  private busy = false; // a ticket is being fetched
  private over = false;
  private failures = 0;
  private edits = 0;
  private asked: number[] = []; // for each answer that is waited for, how many edits it will prove
  private offered = false; // on this connection the companion was given what it lacked
  private again: number | undefined;
  private prove: number | undefined;
  private patience: number | undefined;
  private readonly beat: number;
  private readonly unwatch: (() => void)[];

  /** waiting: edits of an earlier time may not have arrived. */
  constructor(
    private readonly document: string,
    private readonly doc: Doc,
    private readonly awareness: Awareness,
    waiting: boolean,
  ) {
    if (waiting) this.count();
    doc.on('update', this.edited);
    awareness.on('update', this.moved);
    this.unwatch = [online.watch((now) => (now ? this.connect() : this.giveUp())), onTry(() => this.connect())];
    this.beat = setInterval(() => this.ask(), BEAT_MS);
    void this.connect();
  }

  close(): void {
    this.over = true;
    for (const stop of this.unwatch) stop();
    this.doc.off('update', this.edited);
    this.awareness.off('update', this.moved);
    for (const timer of [this.again, this.prove, this.patience, this.beat]) clearTimeout(timer);
    this.socket?.close();
  }

  private async connect(): Promise<void> {
    if (this.socket || this.busy || this.over || Object.values(ENDS).includes(this.standing.get())) return;
    clearTimeout(this.again);
    this.busy = true;
    try {
      const { url } = await post<{ url: string }>(`/documents/${this.document}/ticket`);
      if (!this.over) this.open(url);
    } catch (error) {
      const { status, wait } = asProblem(error);
      if (status === 403 || status === 404) this.standing.set('refused');
      else this.lost(wait);
    } finally {
      this.busy = false;
    }
  }

  private open(url: string): void {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.wait();
    socket.onopen = () => {
      this.ask();
      this.tell([this.doc.clientID]);
    };
    socket.onmessage = (message) => this.take(message.data as ArrayBuffer);
    socket.onclose = ({ code }) => {
      this.socket = undefined;
      const end = ENDS[code];
      if (end) {
        this.forget();
        this.standing.set(end);
      } else if (code === STALE && !this.failures) {
        this.failures = 1;
        void this.connect();
      } else this.lost();
    };
  }

  private forget(): void {
    clearTimeout(this.patience);
    this.patience = undefined;
    this.asked = [];
    this.offered = false;
    removeAwarenessStates(this.awareness, [...this.awareness.getStates().keys()].filter((one) => one !== this.doc.clientID), this);
  }

  /** Leave a line on which nothing comes, without waiting for the other end to agree. */
  private giveUp(): void {
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = undefined;
    this.lost();
  }

  private lost(wait = 0): void {
    this.forget();
    if (this.over) return;
    this.standing.set('offline');
    this.failures += 1;
    clearTimeout(this.again);
    this.again = setTimeout(() => void this.connect(), Math.max(wait, patience(this.failures, REST_MS)));
  }

  private take(data: ArrayBuffer): void {
    const decoder = createDecoder(new Uint8Array(data));
    const kind = readVarUint(decoder);
    if (kind === WHO) return this.tell([this.doc.clientID]);
    if (kind === AWARENESS) return applyAwarenessUpdate(this.awareness, readVarUint8Array(decoder), this);
    if (kind !== SYNC) return undefined;
    const answer = begin(SYNC);
    const said = readSyncMessage(decoder, answer, this.doc, this);
    if (length(answer) > 1) this.send(answer);
    if (said === messageYjsSyncStep1) {
      this.offered = true;
      this.ask();
    } else if (said === messageYjsSyncStep2) this.answered();
    return undefined;
  }

  /** Ask for what is missing here. Answers come in order, so each proves that what was sent before has arrived. */
  private ask(): void {
    clearTimeout(this.prove);
    this.prove = undefined;
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const question = begin(SYNC);
    writeSyncStep1(question, this.doc);
    this.send(question);
    this.asked.push(this.offered ? this.edits : -1);
    this.wait();
  }

  private wait(): void {
    this.patience ??= setTimeout(() => this.giveUp(), PATIENCE_MS);
  }

  private answered(): void {
    const proved = this.asked.shift();
    clearTimeout(this.patience);
    this.patience = undefined;
    if (this.asked.length) this.wait();
    this.failures = 0;
    this.standing.set('inStep');
    if (proved === this.edits) this.arrived.set(true);
  }

  private count(): void {
    this.edits += 1;
    this.arrived.set(false);
  }

  private readonly edited = (update: Uint8Array, origin: unknown): void => {
    if (origin === this || origin === KEPT) return;
    this.count();
    const message = begin(SYNC);
    writeUpdate(message, update);
    this.send(message);
    this.prove ??= setTimeout(() => this.ask(), PROVE_MS);
  };

  private readonly moved = ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>, origin: unknown): void => {
    if (origin !== this) this.tell([...added, ...updated, ...removed]);
  };

  private tell(clients: number[]): void {
    const message = begin(AWARENESS);
    writeVarUint8Array(message, encodeAwarenessUpdate(this.awareness, clients));
    this.send(message);
  }

  private send(message: Encoder): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(toUint8Array(message));
  }
}

function begin(kind: number): Encoder {
  const encoder = createEncoder();
  writeVarUint(encoder, kind);
  return encoder;
}

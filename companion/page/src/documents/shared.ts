/** A document that several edit at once: what it holds, how it stands to the companion, who else is there. */
import { useEffect, useState } from 'preact/hooks';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { atom, type Atom } from '../core/atom';
import { user } from '../core/session';
import { setUnsent, unsent } from '../core/unsent';
import { Kept } from './kept';
import { KEPT, Line, type Standing } from './line';

export type { Standing } from './line';

/** Somebody else who has the document open. */
export interface Person {
  client: number;
  name: string;
  colour: number; // of the palette, 1…8; no two of those who are here have the same
  at: string; // where: `notes`, the key of a row, or nothing
}

const COLOURS = 8;
const LINGER_MS = 5000;
const MINE = 'mine'; // what is marked so can be undone here
const open = new Map<string, Shared>();
let kept: { of: string; in: Kept } | undefined;

function keptOf(whose: string): Kept {
  if (kept?.of !== whose || kept.in.closed) kept = { of: whose, in: new Kept(whose) };
  return kept.in;
}

export class Shared {
  readonly doc = new Y.Doc();
  readonly about: Y.Map<unknown> = this.doc.getMap('about');
  readonly tracks: Y.Array<Y.Map<unknown>> = this.doc.getArray('tracks');
  readonly notes: Y.Text = this.doc.getText('notes');
  readonly standing: Atom<Standing> = atom<Standing>('opening');
  /** Whether the companion is known to have all that was written here. */
  readonly arrived = atom(true);
  /** Whether its content is here, from this browser or the companion. */
  readonly known = atom(false);
  readonly people = atom<Person[]>([]);
  readonly history = new Y.UndoManager([this.about, this.tracks, this.notes], { trackedOrigins: new Set([MINE]) });
  private readonly awareness = new Awareness(this.doc);
  private readonly colours = new Map<number, number>();
  private readonly whose = user.get()?.id ?? '';
  private line: Line | undefined;
  private users = 0;

  constructor(readonly id: string) {
    this.awareness.setLocalState({ user: { id: this.whose, name: user.get()?.name ?? '' } });
    this.awareness.on('change', () => this.meet());
    void this.begin();
  }

  private async begin(): Promise<void> {
    const store = keptOf(this.whose);
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === KEPT) return;
      void store.add(this.id, update);
      if (origin === this.line) return;
      this.arrived.set(false);
      setUnsent(this.id, this.whose);
    });
    const before = await store.read(this.id).catch(() => null);
    if (before) {
      Y.applyUpdate(this.doc, before, KEPT);
      this.known.set(true);
    }
    const line = new Line(this.id, this.doc, this.awareness, !this.arrived.get() || this.id in unsent.get());
    this.line = line;
    const follow = () => {
      const standing = line.standing.get();
      if (standing === 'inStep') this.known.set(true);
      if (standing === 'refused') {
        // edits that nobody takes stay, as what was deleted may come back, but are not tried again by themselves
        if (line.arrived.get()) void store.forget(this.id);
        setUnsent(this.id, null);
      }
      this.standing.set(standing);
    };
    line.standing.watch(follow);
    line.arrived.watch((now) => {
      this.arrived.set(now);
      setUnsent(this.id, now ? null : this.whose);
    });
    this.arrived.set(line.arrived.get());
    follow();
  }

  /** Change it, as one step that can be undone. */
  change<T>(work: () => T): T {
    this.history.stopCapturing();
    return this.doc.transact(work, MINE);
  }

  /** As `change`; what follows closely is one step with it, as typing is. */
  type(work: () => void): void {
    this.doc.transact(work, MINE);
  }

  /** Tell the others where one is. */
  goTo(at: string): void {
    if (this.awareness.getLocalState()?.['at'] !== at) this.awareness.setLocalStateField('at', at);
  }

  /** Resolves once all is with the companion, or cannot be for now. */
  settled(): Promise<void> {
    return new Promise((done) => {
      const stops: (() => void)[] = [];
      const look = () => {
        const standing = this.standing.get();
        if (standing === 'opening' || standing === 'connecting' || (standing === 'inStep' && !this.arrived.get())) return;
        for (const stop of stops) stop();
        done();
      };
      stops.push(this.standing.watch(look), this.arrived.watch(look));
      look();
    });
  }

  hold(): this {
    this.users += 1;
    return this;
  }

  /** It is not shown any more; its line is closed once everything has arrived. */
  release(): void {
    this.users -= 1;
    if (this.users > 0) return;
    this.goTo('');
    const end = () => {
      if (this.users > 0 || open.get(this.id) !== this) return;
      open.delete(this.id);
      this.awareness.destroy();
      this.line?.close();
      this.doc.destroy();
    };
    void Promise.race([this.settled(), new Promise((later) => setTimeout(later, LINGER_MS))]).then(end);
  }

  private meet(): void {
    const states = [...this.awareness.getStates()].filter(([client]) => client !== this.doc.clientID);
    for (const client of this.colours.keys()) if (!this.awareness.getStates().has(client)) this.colours.delete(client);
    this.people.set(
      states.flatMap(([client, state]) => {
        const name = (state['user'] ?? state['box'])?.name;
        return typeof name === 'string' && name ? [{ client, name, colour: this.colourOf(client), at: typeof state['at'] === 'string' ? state['at'] : '' }] : [];
      }),
    );
  }

  private colourOf(client: number): number {
    const given = this.colours.get(client);
    if (given) return given;
    const taken = new Set(this.colours.values());
    const free = Array.from({ length: COLOURS }, (_, at) => at + 1).find((one) => !taken.has(one)) ?? (client % COLOURS) + 1;
    this.colours.set(client, free);
    return free;
  }
}

/** A document by its id, the same for all who show it; each of them releases it. */
export function openDocument(id: string): Shared {
  const found = open.get(id) ?? new Shared(id);
  open.set(id, found);
  return found.hold();
}

/** Whether more changed than a text that its own field shows: then it is of interest only whether there is one. */
const isSeen = ({ target, delta }: Y.YEvent<Y.AbstractType<unknown>>): boolean =>
  !(target instanceof Y.Text) || target.length === 0 || delta.some((one) => typeof one.insert === 'string' && one.insert.length === target.length);

/** A document while a component shows it, drawn again as its title or its tracks change. */
export function useShared(id: string | null): Shared | undefined {
  const [shared, setShared] = useState<Shared>();
  const [, draw] = useState(0);
  useEffect(() => {
    if (id === null) return undefined;
    const found = openDocument(id);
    let frame = 0; // many updates may come between two pictures
    const redraw = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        draw((n) => n + 1);
      });
    };
    const look = (events: Y.YEvent<Y.AbstractType<unknown>>[]) => events.some(isSeen) && redraw();
    found.about.observe(redraw);
    found.tracks.observeDeep(look);
    setShared(found);
    return () => {
      cancelAnimationFrame(frame);
      found.about.unobserve(redraw);
      found.tracks.unobserveDeep(look);
      found.release();
      setShared(undefined);
    };
  }, [id]);
  return shared;
}

/** Uploads: several at a time, going on after a pause, a lost line or a closed page. */
import { asProblem, get, online, sentence, type Problem } from './api';
import { atom, remembered } from './atom';
import { hear } from './live';
import { invalidate } from './load';
import { arrived, begin, sendPiece, takeBack, type Place } from './tus';

/** left: begun before this page was loaded; the file is to be chosen again. */
export type Stage = 'waiting' | 'sending' | 'paused' | 'left' | 'probing' | 'done' | 'failed';

export interface Upload {
  id: number;
  name: string;
  size: number; // bytes
  file?: File;
  stage: Stage;
  sent: number;
  speed: number; // bytes a second
  url?: string;
  upload?: string; // its id on the server
  track?: string; // what came of it
  share?: number; // of the look at it, 0…1
  problem?: Problem;
  refused?: boolean; // trying again would not help
  duplicate?: boolean;
  became?: string; // the purpose that it was taken for
  purpose: Purpose;
  then?: (result: string) => void;
}

/** What a file is for; empty lets the server tell by its content. */
export interface Purpose {
  purpose?: 'track' | 'version' | 'stem' | 'artwork' | 'file';
  subject?: string; // the track
}

interface Begun {
  url: string;
  name: string;
  size: number;
  purpose: Purpose;
}

export const uploads = atom<Upload[]>([]);
const AT_ONCE = 2;
const AGAIN_MS = 3000;
/** Until when the server asked to be sent nothing more (ms since 1970). */
export const rest = atom(0);
const PASSING = new Set([0, 409, 423, 429, 502, 503, 504]); // nobody answers, or still has the end of a lost line in hand
const HOPELESS = new Set([413, 415, 422]); // the file itself is not taken
const running = new Map<number, XMLHttpRequest>();
/** Uploads of this browser that are not over, by what tells a file from others. */
const begun = remembered<Record<string, Begun>>('uploads', {});
let count = 0;

const change = (id: number, part: Partial<Upload>) => uploads.update((all) => all.map((one) => (one.id === id ? { ...one, ...part } : one)));
const find = (id: number) => uploads.get().find((one) => one.id === id);
const idOf = (url: string) => url.split('/').pop();
const markOf = (file: File, { purpose, subject }: Purpose) => [file.name, file.size, file.lastModified, purpose, subject].join(':');
const forget = (url: string | undefined) => begun.update((all) => Object.fromEntries(Object.entries(all).filter(([, one]) => one.url !== url)));

/** Begin to send files. */
export function send(files: Iterable<File>, purpose: Purpose = {}, then?: (result: string) => void): void {
  for (const file of files) {
    const known = begun.get()[markOf(file, purpose)]?.url;
    const one: Upload = { id: (count += 1), name: file.name, size: file.size, file, stage: 'waiting', sent: 0, speed: 0, purpose, then };
    uploads.update((all) => [...all.filter((other) => !known || other.url !== known || other.stage !== 'left'), one]);
  }
  next();
}

/** Go on with one that a closed page left, with its file; false if that is another file. */
export function goOnWith(id: number, file: File): boolean {
  const one = find(id);
  if (!one || file.name !== one.name || file.size !== one.size) return false;
  change(id, { file });
  resume(id);
  return true;
}

/** Look for what was begun with this browser and is not over; once somebody is signed in. */
export async function findLeft(): Promise<void> {
  for (const { url, name, size, purpose } of Object.values(begun.get())) {
    if (uploads.get().some((one) => one.url === url)) continue;
    const sent = await arrived(url).catch(() => undefined);
    if (sent === undefined) return; // nobody answers: another time
    if (sent === null || sent === size) forget(url);
    else uploads.update((all) => [...all, { id: (count += 1), name, size, stage: 'left', sent, speed: 0, url, upload: idOf(url), purpose }]);
  }
}

function next(): void {
  if (Date.now() < rest.get()) return; // whoever was told so calls again
  const busy = uploads.get().filter((one) => one.stage === 'sending').length;
  for (const one of uploads.get().filter((entry) => entry.stage === 'waiting').slice(0, Math.max(0, AT_ONCE - busy))) {
    change(one.id, { stage: 'sending', problem: undefined });
    void run(one.id).finally(next);
  }
}

/** Where an upload goes on: where it stopped, or at its beginning. */
async function place(one: Upload, file: File): Promise<Place> {
  const mark = markOf(file, one.purpose);
  const known = one.url ?? begun.get()[mark]?.url;
  const sent = known ? await arrived(known) : null;
  if (known && sent !== null) return { url: known, sent };
  if (known) forget(known);
  const made = await begin(one.size, { filename: one.name, ...one.purpose });
  begun.update((all) => ({ ...all, [mark]: { url: made.url, name: one.name, size: one.size, purpose: one.purpose } }));
  return made;
}

async function run(id: number): Promise<void> {
  const one = find(id);
  const file = one?.file;
  if (!one || !file) return;
  try {
    let { url, sent } = await place(one, file);
    change(id, { url, upload: idOf(url), sent });
    while (sent < one.size) {
      if (find(id)?.stage !== 'sending') return;
      sent = await sendPiece(
        { url, sent },
        file,
        (request) => running.set(id, request),
        (now, speed) => change(id, { sent: now, ...(speed && { speed }) }),
      );
      change(id, { sent });
    }
    forget(url);
    change(id, { stage: 'probing', sent: one.size });
    void watch(id);
  } catch (error) {
    if (!find(id) || (error instanceof DOMException && error.name === 'AbortError')) return;
    const problem = error instanceof TypeError ? { ...asProblem(error), slug: 'offline' } : asProblem(error);
    // what passes is waited for; everything else is for a person
    if (PASSING.has(problem.status)) {
      const wait = problem.wait ?? AGAIN_MS;
      if (problem.status === 429) rest.set(Math.max(rest.get(), Date.now() + wait));
      change(id, { stage: 'paused', speed: 0, problem });
      setTimeout(() => (find(id)?.stage === 'paused' && find(id)?.problem ? resume(id) : next()), wait + 50);
    } else {
      const refused = HOPELESS.has(problem.status);
      if (refused) forget(find(id)?.url);
      change(id, { stage: 'failed', refused, problem });
    }
  } finally {
    running.delete(id);
  }
}

export function pause(id: number): void {
  change(id, { stage: 'paused', speed: 0, problem: undefined });
  running.get(id)?.abort();
}

export function resume(id: number): void {
  change(id, { stage: 'waiting', problem: undefined });
  next();
}

/** Stop and take back what was sent. */
export async function cancel(id: number): Promise<void> {
  const one = find(id);
  uploads.update((all) => all.filter((entry) => entry.id !== id));
  running.get(id)?.abort();
  if (one?.url) {
    forget(one.url);
    if (one.stage !== 'done') await takeBack(one.url);
  }
  next();
}

/** Take what is finished off the list, and what was left, until the page is loaded again. */
export const clear = (): void => uploads.update((all) => all.filter((one) => !['done', 'failed', 'left'].includes(one.stage)));

/** Leave everything where it is, as when somebody signs out. */
export function leaveAll(): void {
  uploads.set([]);
  for (const request of running.values()) request.abort();
}

interface State {
  id: string;
  state: 'receiving' | 'checking' | 'ready' | 'refused';
  reason: string;
  purpose: string;
  result: string;
  duplicate: boolean;
}

/** After the last byte the server looks at the file; ask how it goes, in case no event comes. */
async function watch(id: number): Promise<void> {
  for (let wait = 250; find(id)?.stage === 'probing'; wait = Math.min(4000, wait * 1.5)) {
    const again = await get<State>(`/uploads/${find(id)!.upload}`).then(settle, (error) => asProblem(error).wait);
    await new Promise((done) => setTimeout(done, Math.max(wait, again ?? 0)));
  }
}

function settle(state: State): void {
  const one = uploads.get().find((entry) => entry.upload === state.id && entry.stage === 'probing');
  if (!one || (state.state !== 'ready' && state.state !== 'refused')) return;
  if (state.state === 'refused') {
    const problem = { status: 422, slug: 'refused', detail: sentence(state.reason), request: '', errors: [] };
    change(one.id, { stage: 'failed', refused: true, problem });
    return;
  }
  change(one.id, { stage: 'done', duplicate: state.duplicate, became: state.purpose, track: state.purpose === 'track' ? state.result : undefined });
  invalidate('/tracks', '/files', '/uploads', '/account/tier');
  one.then?.(state.result);
}

hear('job', ({ body }) => {
  const one = uploads.get().find((entry) => entry.upload === body['subject']);
  if (one?.stage === 'probing') change(one.id, { share: Number(body['progress'] ?? 0) });
});
hear('upload', ({ body }) => settle(body as unknown as State));
online.watch((now) => {
  if (now) for (const one of uploads.get()) if (one.stage === 'paused' && one.problem && one.problem.status !== 429) resume(one.id);
});
addEventListener('beforeunload', (event) => {
  if (uploads.get().some((one) => one.stage === 'sending')) event.preventDefault();
});

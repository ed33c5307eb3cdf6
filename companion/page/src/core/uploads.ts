/** Uploads by tus 1.0: in pieces, several at a time, going on after a pause, a lost line or a closed page. */
import { atom } from './atom';
import { ApiError, asProblem, BASE, get, csrfHeader, online, problemOf, type Problem } from './api';
import { hear } from './live';
import { invalidate } from './load';

export type Stage = 'waiting' | 'sending' | 'paused' | 'probing' | 'done' | 'failed';

export interface Upload {
  id: number;
  file: File;
  stage: Stage;
  sent: number;
  speed: number; // bytes a second
  url?: string;
  upload?: string; // its id on the server
  track?: string; // what came of it
  share?: number; // of the look at it, 0…1
  problem?: Problem;
  refused?: boolean; // the file itself is not taken: trying again would not help
  duplicate?: boolean;
  result?: string;
  purpose: Purpose;
  then?: (result: string) => void;
}

/** What a file is for; empty lets the server tell by its content. */
export interface Purpose {
  purpose?: 'track' | 'version' | 'stem' | 'artwork' | 'file';
  subject?: string; // the track
  label?: string;
  kind?: string;
}

export const uploads = atom<Upload[]>([]);
const PIECE = 8 << 20;
const AT_ONCE = 2;
const TUS = { 'Tus-Resumable': '1.0.0' };
const running = new Map<number, XMLHttpRequest>();
let count = 0;

const change = (id: number, part: Partial<Upload>) =>
  uploads.update((all) => all.map((one) => (one.id === id ? { ...one, ...part } : one)));
const find = (id: number) => uploads.get().find((one) => one.id === id);
const mark = ({ file, purpose }: Upload) =>
  `tus:${file.name}:${file.size}:${file.lastModified}:${purpose.purpose ?? ''}:${purpose.subject ?? ''}`;

/** Begin to send files. */
export function send(files: Iterable<File>, purpose: Purpose = {}, then?: (result: string) => void): void {
  const fresh = [...files].map((file): Upload => ({ id: (count += 1), file, stage: 'waiting', sent: 0, speed: 0, purpose, then }));
  uploads.update((all) => [...all, ...fresh]);
  next();
}

function next(): void {
  const busy = uploads.get().filter((one) => one.stage === 'sending').length;
  for (const one of uploads.get().filter((entry) => entry.stage === 'waiting').slice(0, Math.max(0, AT_ONCE - busy))) {
    change(one.id, { stage: 'sending', problem: undefined });
    void run(one.id).finally(next);
  }
}

const encode = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

async function create(one: Upload): Promise<{ url: string; sent: number }> {
  const known = localStorage.getItem(mark(one));
  if (known) {
    const head = await fetch(known, { method: 'HEAD', headers: TUS });
    if (head.ok) return { url: known, sent: Number(head.headers.get('Upload-Offset') ?? 0) };
    localStorage.removeItem(mark(one));
  }
  const fields = { filename: one.file.name, ...one.purpose };
  const response = await fetch(`${BASE}/uploads`, {
    method: 'POST',
    headers: {
      ...TUS,
      ...csrfHeader(),
      'Upload-Length': String(one.file.size),
      'Upload-Metadata': Object.entries(fields).map(([name, value]) => `${name} ${encode(value)}`).join(','),
    },
  });
  if (!response.ok) throw new ApiError(await problemOf(response));
  const url = new URL(response.headers.get('Location') ?? '', location.origin).pathname;
  localStorage.setItem(mark(one), url);
  return { url, sent: Number(response.headers.get('Upload-Offset') ?? 0) };
}

/** One piece; resolves to the new offset. */
function piece(id: number, url: string, file: File, from: number): Promise<number> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    running.set(id, request);
    const began = performance.now();
    request.open('PATCH', url);
    const headers = { ...TUS, ...csrfHeader(), 'Upload-Offset': String(from), 'Content-Type': 'application/offset+octet-stream' };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      const seconds = (performance.now() - began) / 1000;
      change(id, { sent: from + event.loaded, ...(seconds > 0.2 && { speed: event.loaded / seconds }) });
    };
    request.onload = () => {
      if (request.status === 204) return done(Number(request.getResponseHeader('Upload-Offset') ?? 0));
      const response = new Response(request.response, { status: Math.max(200, request.status) });
      void problemOf(response).then((problem) => fail(new ApiError(problem)));
    };
    request.onerror = () => fail(new ApiError({ status: 0, slug: 'offline', detail: '', request: '', errors: [] }));
    request.onabort = () => fail(new DOMException('paused', 'AbortError'));
    request.send(file.slice(from, from + PIECE));
  });
}

async function run(id: number): Promise<void> {
  const one = find(id);
  if (!one) return;
  try {
    let { url, sent } = await create(one);
    change(id, { url, upload: url.split('/').pop(), sent });
    while (sent < one.file.size) {
      if (find(id)?.stage !== 'sending') return;
      sent = await piece(id, url, one.file, sent);
      change(id, { sent });
    }
    localStorage.removeItem(mark(one));
    change(id, { stage: 'probing', sent: one.file.size });
    void watch(id);
  } catch (error) {
    if (!find(id) || (error instanceof DOMException && error.name === 'AbortError')) return;
    const problem = asProblem(error);
    // without a line it waits for one; everything else is for a person
    if (problem.status === 0) {
      change(id, { stage: 'paused', problem });
      setTimeout(() => find(id)?.stage === 'paused' && resume(id), 5000);
    } else change(id, { stage: 'failed', problem });
  } finally {
    running.delete(id);
  }
}

export function pause(id: number): void {
  change(id, { stage: 'paused', speed: 0 });
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
  if (!one) return;
  localStorage.removeItem(mark(one));
  if (one.url && one.stage !== 'done') await fetch(one.url, { method: 'DELETE', headers: { ...TUS, ...csrfHeader() } });
  next();
}

/** Take what is finished off the list. */
export const clear = (): void =>
  uploads.update((all) => all.filter((one) => one.stage !== 'done' && one.stage !== 'failed'));

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
    await get<State>(`/uploads/${find(id)!.upload}`).then(settle, () => undefined); // or asked again
    await new Promise((done) => setTimeout(done, wait));
  }
}

function settle(state: State): void {
  const one = uploads.get().find((entry) => entry.upload === state.id && entry.stage === 'probing');
  if (!one || (state.state !== 'ready' && state.state !== 'refused')) return;
  if (state.state === 'refused') {
    const problem = { status: 422, slug: 'refused', detail: state.reason, request: '', errors: [] };
    change(one.id, { stage: 'failed', refused: true, problem });
    return;
  }
  change(one.id, {
    stage: 'done',
    result: state.result,
    duplicate: state.duplicate,
    track: state.purpose === 'track' ? state.result : undefined,
  });
  invalidate('/tracks', '/files', '/uploads', '/account/tier');
  one.then?.(state.result);
}

hear('job', ({ body }) => {
  const one = uploads.get().find((entry) => entry.upload === body['subject']);
  if (one?.stage === 'probing') change(one.id, { share: Number(body['progress'] ?? 0) });
});
hear('upload', ({ body }) => settle(body as unknown as State));
online.watch((now) => {
  if (now) for (const one of uploads.get()) if (one.stage === 'paused' && one.problem) resume(one.id);
});
addEventListener('beforeunload', (event) => {
  if (uploads.get().some((one) => one.stage === 'sending')) event.preventDefault();
});

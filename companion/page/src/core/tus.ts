/** The tus 1.0 protocol: begin an upload, ask how far it is, send a piece, take it back. */
import { ApiError, BASE, csrfHeader, problemOf } from './api';

const TUS = { 'Tus-Resumable': '1.0.0' };
const PIECE = 8 << 20;

/** Where an upload is sent to, and how many bytes of it are there. */
export interface Place {
  url: string;
  sent: number;
}

const encode = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const offset = (headers: Headers) => Number(headers.get('Upload-Offset') ?? 0);

/** `fields` are for the server to know what it is: filename, purpose, subject. */
export async function begin(size: number, fields: Record<string, string | undefined>): Promise<Place> {
  const metadata = Object.entries(fields).flatMap(([name, value]) => (value ? [`${name} ${encode(value)}`] : []));
  const headers = { ...TUS, ...csrfHeader(), 'Upload-Length': String(size), 'Upload-Metadata': metadata.join(',') };
  const response = await fetch(`${BASE}/uploads`, { method: 'POST', headers });
  if (!response.ok) throw new ApiError(await problemOf(response));
  return { url: new URL(response.headers.get('Location') ?? '', location.origin).pathname, sent: offset(response.headers) };
}

/** How many bytes are there; null where the server knows of no such upload. */
export async function arrived(url: string): Promise<number | null> {
  const response = await fetch(url, { method: 'HEAD', headers: TUS });
  if (response.ok) return offset(response.headers);
  if (response.status === 404) return null;
  throw new ApiError(await problemOf(response));
}

/** Send one piece from a byte on; resolves to the byte that comes next. */
export function sendPiece(
  { url, sent }: Place,
  file: File,
  begun: (request: XMLHttpRequest) => void,
  progress: (sent: number, bytesPerSecond: number) => void,
): Promise<number> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest(); // fetch tells nothing of bytes that are on their way
    begun(request);
    const began = performance.now();
    request.open('PATCH', url);
    const headers = { ...TUS, ...csrfHeader(), 'Upload-Offset': String(sent), 'Content-Type': 'application/offset+octet-stream' };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      const seconds = (performance.now() - began) / 1000;
      progress(sent + event.loaded, seconds > 0.2 ? event.loaded / seconds : 0);
    };
    request.onload = () => {
      if (request.status === 204) return done(Number(request.getResponseHeader('Upload-Offset') ?? 0));
      const headers = { 'Retry-After': request.getResponseHeader('Retry-After') ?? '' };
      const response = new Response(request.response, { status: Math.max(200, request.status), headers });
      void problemOf(response).then((problem) => fail(new ApiError(problem)));
    };
    request.onerror = () => fail(new ApiError({ status: 0, slug: 'offline', detail: '', request: '', errors: [] }));
    request.onabort = () => fail(new DOMException('paused', 'AbortError'));
    request.send(file.slice(sent, sent + PIECE));
  });
}

export const takeBack = (url: string): Promise<unknown> => fetch(url, { method: 'DELETE', headers: { ...TUS, ...csrfHeader() } });

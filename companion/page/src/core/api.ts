/** Calls to the server: JSON in and out, CSRF token, one kind of error, retries of reads. */
import { atom } from './atom';
import { capital } from './format';

export const BASE = '/api/v1';

export interface Problem {
  status: number; // 0: the server was not reached
  slug: string;
  detail: string;
  request: string;
  errors: { field: string; error: string }[];
  wait?: number; // ms, after which the server wants to be asked again
}

/** What a call throws when it is refused or nobody answers. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

export const asProblem = (error: unknown): Problem =>
  error instanceof ApiError
    ? error.problem
    : { status: 0, slug: 'page', detail: error instanceof Error ? error.message : String(error), request: '', errors: [] };

/** Whether the server answers. False: what is shown may be a kept copy. */
export const online = atom(navigator.onLine);
addEventListener('online', () => online.set(true));
addEventListener('offline', () => online.set(false));

let csrf = '';
/** What proves to the server that a change comes from this page. */
export const setCsrf = (token: string): void => {
  csrf = token;
};
export const csrfHeader = (): Record<string, string> => (csrf ? { 'X-CSRF-Token': csrf } : {});

let signedOut: () => void = () => undefined;
/** Called when the server does not know the session any more. */
export const onSignedOut = (listener: () => void): void => {
  signedOut = listener;
};

let prove: () => Promise<boolean> = async () => false;
/** What asks a person to prove that it is still them; resolves to whether they did. */
export const onProofNeeded = (ask: () => Promise<boolean>): void => {
  prove = ask;
};

export async function problemOf(response: Response): Promise<Problem> {
  const body = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get('Retry-After'));
  return {
    status: response.status,
    slug: String(body.type ?? '').replace('/problems/', ''),
    detail: sentence(String(body.detail || body.title || response.statusText)),
    request: String(body.request ?? response.headers.get('X-Request-Id') ?? ''),
    errors: Array.isArray(body.errors) ? body.errors : [],
    ...(seconds > 0 && { wait: 1000 * seconds }),
  };
}

/** With a capital letter and a full stop. */
export function sentence(text: string): string {
  const start = capital(text);
  return /[.!?…]$/.test(start) ? start : `${start}.`;
}

const SIGNING = /^\/session(\/|$)|^\/account\/(password|deletion)$/; // where a wrong password is no end of the session

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

export interface CallOptions {
  body?: unknown;
  raw?: BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** One call. Reads are tried three times; ApiError otherwise. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
  if (method !== 'GET') Object.assign(headers, csrfHeader());
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  const init: RequestInit = {
    method,
    headers,
    credentials: 'same-origin',
    body: options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
    signal: options.signal,
  };
  for (let attempt = 1; ; attempt += 1) {
    const last = method !== 'GET' || attempt >= 3;
    let response: Response;
    try {
      response = await fetch(BASE + path, init);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      if (!last && navigator.onLine) {
        await pause(250 * attempt);
        continue;
      }
      online.set(false);
      throw new ApiError({ status: 0, slug: 'offline', detail: '', request: '', errors: [] });
    }
    online.set(response.headers.get('X-Kept') === null);
    if (response.ok) {
      const text = await response.text(); // what is only taken note of is answered with nothing
      return (text ? JSON.parse(text) : undefined) as T;
    }
    if (!last && response.status >= 502) {
      await pause(400 * attempt);
      continue;
    }
    const problem = await problemOf(response);
    if (problem.slug === 'proof-needed' && (await prove())) continue;
    if (problem.slug === 'sign-in-needed' && response.status === 401 && csrf && !SIGNING.test(path)) signedOut();
    throw new ApiError(problem);
  }
}

export const get = <T>(path: string, signal?: AbortSignal) => call<T>('GET', path, { signal });
export const post = <T>(path: string, body?: unknown) => call<T>('POST', path, { body: body ?? {} });
export const patch = <T>(path: string, body: unknown) => call<T>('PATCH', path, { body });
export const put = <T>(path: string, body: unknown) => call<T>('PUT', path, { body });
export const remove = <T>(path: string, body?: unknown) => call<T>('DELETE', path, { body });

/** A query string of what is not empty. */
export function query(values: Record<string, string | number | boolean | undefined | null>): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return pairs.length ? `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}` : '';
}

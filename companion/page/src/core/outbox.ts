/** Changes made without the companion being reached: kept in this browser, sent when it is there again. */
import { ApiError, online, patch } from './api';
import { remembered } from './atom';
import { invalidate } from './load';

interface Waiting {
  path: string;
  body: Record<string, unknown>;
}

export const outbox = remembered<Waiting[]>('outbox', []);
let sending = false;

/** Change fields at an address: now, or when the companion is reached; resolves to whether it was now. */
export async function edit(path: string, body: Record<string, unknown>): Promise<boolean> {
  try {
    if (outbox.get().some((one) => one.path === path)) throw new ApiError({ status: 0, slug: 'offline', detail: '', request: '', errors: [] });
    await patch(path, body);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem.slug !== 'offline') throw error;
    const others = outbox.get().filter((one) => one.path !== path);
    const before = outbox.get().find((one) => one.path === path)?.body;
    outbox.set([...others, { path, body: { ...before, ...body } }]);
    return false;
  }
}

/** Send what waits, in order. What is refused is given up: `refused` says so. */
export async function flush(refused: (error: unknown) => void): Promise<void> {
  if (sending) return;
  sending = true;
  try {
    for (let first = outbox.get()[0]; first; first = outbox.get()[0]) {
      try {
        await patch(first.path, first.body);
      } catch (error) {
        if (error instanceof ApiError && error.problem.status === 0) return;
        refused(error);
      }
      const done = first;
      outbox.update((all) => all.filter((one) => one !== done));
      invalidate(done.path.replace(/\/[^/]*$/, ''));
    }
  } finally {
    sending = false;
  }
}

/** Send what waits whenever the companion is reached. */
export function startOutbox(refused: (error: unknown) => void): void {
  online.watch((now) => now && void flush(refused));
  if (outbox.get().length) void flush(refused);
}

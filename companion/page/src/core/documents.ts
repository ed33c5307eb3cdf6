/** Documents that several edit at once, as the server tells of them; and sending edits that were made without it. */
import { online } from './api';
import { user } from './session';
import { unsentOf } from './unsent';

export interface DocumentRow {
  id: string;
  of: 'playlist' | 'set';
  title: string;
  count: number; // of its tracks
  created: number;
  changed: number;
}

/** Send what waits, without anybody opening the documents again. */
async function flush(): Promise<void> {
  const waiting = unsentOf(user.get()?.id ?? '');
  if (!waiting.length || !online.get()) return;
  const { openDocument } = await import('../documents/shared');
  for (const one of waiting) {
    const shared = openDocument(one);
    await shared.settled();
    shared.release();
  }
}

/** Send what waits whenever the companion is reached; once somebody is signed in. */
export function startDocuments(): () => void {
  void flush();
  return online.watch((now) => now && void flush());
}

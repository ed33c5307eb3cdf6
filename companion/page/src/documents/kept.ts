/** What this browser keeps of documents: their updates, in a database of each user's own. */
import { applyUpdate, Doc, encodeStateAsUpdate, mergeUpdates } from 'yjs';

const MOST = 200; // updates of one document, before they are made one: there is one for every few letters

interface Row {
  document: string;
  update: Uint8Array;
}

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((take, fail) => {
    request.onsuccess = () => take(request.result);
    request.onerror = () => fail(request.error);
  });

/** The kept documents of one user. Where the browser keeps nothing (a private window), all are empty. */
export class Kept {
  /** Whether it is gone, as somebody signed out. */
  closed = false;
  private readonly opened: Promise<IDBDatabase | null>;
  private readonly counts = new Map<string, number>(); // of updates that are kept, by document

  constructor(user: string) {
    const request = indexedDB.open(`documents-${user}`, 1);
    request.onupgradeneeded = () => request.result.createObjectStore('updates', { autoIncrement: true }).createIndex('document', 'document');
    this.opened = done(request).then(
      (database) => {
        database.onversionchange = () => {
          this.closed = true; // it is about to be deleted
          database.close();
        };
        return database;
      },
      () => null,
    );
  }

  private async updates(mode: IDBTransactionMode): Promise<IDBObjectStore | undefined> {
    try {
      return (await this.opened)?.transaction('updates', mode).objectStore('updates');
    } catch {
      return undefined; // closed meanwhile
    }
  }

  /** All that is kept of a document, in one update; null when that is nothing. */
  async read(document: string): Promise<Uint8Array | null> {
    const store = await this.updates('readonly');
    const rows = store ? ((await done(store.index('document').getAll(document))) as Row[]) : [];
    this.counts.set(document, rows.length);
    return rows.length ? mergeUpdates(rows.map((one) => one.update)) : null;
  }

  async add(document: string, update: Uint8Array): Promise<void> {
    const store = await this.updates('readwrite');
    if (!store) return;
    await done(store.add({ document, update } satisfies Row)).catch(() => undefined); // a full disk
    const count = (this.counts.get(document) ?? 0) + 1;
    this.counts.set(document, count > MOST ? 1 : count);
    if (count > MOST) await this.squash(document);
  }

  async forget(document: string): Promise<void> {
    const store = await this.updates('readwrite');
    const keys = store ? await done(store.index('document').getAllKeys(document)) : [];
    for (const key of keys) store!.delete(key);
  }

  /** Make all updates of a document one, without what was deleted since; all of it is done, or nothing. */
  private async squash(document: string): Promise<void> {
    const store = await this.updates('readwrite');
    if (!store) return;
    const index = store.index('document');
    const [keys, rows] = await Promise.all([done(index.getAllKeys(document)), done(index.getAll(document)) as Promise<Row[]>]);
    const whole = new Doc();
    for (const { update } of rows) applyUpdate(whole, update);
    for (const key of keys) store.delete(key);
    store.add({ document, update: encodeStateAsUpdate(whole) } satisfies Row);
    whole.destroy();
  }
}

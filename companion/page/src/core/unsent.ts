/** Documents with edits of this browser that the companion has not said to have, and whose they are. */
import { remembered } from './atom';

export const unsent = remembered<Record<string, string>>('documents', {});

/** Note that edits wait, and whose; null: that none do. */
export function setUnsent(document: string, whose: string | null): void {
  unsent.update((all) => {
    if ((all[document] ?? null) === whose) return all;
    const { [document]: _, ...others } = all;
    return whose === null ? others : { ...others, [document]: whose };
  });
}

export const unsentOf = (whose: string): string[] => Object.entries(unsent.get()).flatMap(([document, of]) => (of === whose ? [document] : []));

/** What this browser keeps of somebody's documents goes when they leave it; not while edits wait, which would be lost. */
export function forgetDocuments(whose: string): void {
  if (!unsentOf(whose).length) indexedDB.deleteDatabase(`documents-${whose}`);
}

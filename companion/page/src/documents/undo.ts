/** Ctrl-Z on a screen of a document: one's own last step is taken back, nothing of the others'. */
import { useEffect } from 'preact/hooks';
import { bind } from '../core/keys';
import type { Shared } from './shared';

// a field takes back what was typed into it by itself
const elsewhere = () => !document.activeElement?.matches('input, textarea, select');

export function useUndo(shared: Shared): void {
  useEffect(
    () =>
      bind([
        { keys: 'Mod+Z', name: 'document.undo', group: 'keys.everywhere', when: elsewhere, run: () => shared.history.undo() },
        { keys: 'Mod+Shift+Z', name: 'document.redo', group: 'keys.everywhere', when: elsewhere, run: () => shared.history.redo() },
      ]),
    [shared],
  );
}

/** Looking at a box's panel: its values as they change, while somebody looks. */
import { useEffect, useState } from 'preact/hooks';
import type { Value } from './commands';
import { hear, news, tell } from './live';

export type Panel = ReadonlyMap<string, Value>;

const SILENT_MS = 8000; // after which what was told is not what is: a box says all of it every few seconds

/** The values of a box's panel by name; null while none come, as when the box is away. */
export function usePanel(box: string, online: boolean): Panel | null {
  const [panel, setPanel] = useState<Panel | null>(null);
  useEffect(() => {
    if (!online) return setPanel(null);
    let values = new Map<string, Value>();
    let silence: number | undefined;
    let drawing = 0;
    const look = () => tell(document.visibilityState === 'visible' ? 'watch' : 'unwatch', { box });
    const leave = hear('box.live', ({ body }) => {
      if (body['id'] !== box) return;
      values = new Map([...values, ...Object.entries(body['values'] as Record<string, Value>)]); // what is whole comes in pieces
      clearTimeout(silence);
      silence = setTimeout(() => setPanel(null), SILENT_MS);
      drawing ||= requestAnimationFrame(() => {
        drawing = 0;
        setPanel(values);
      });
    });
    const again = news.watch((how) => how === 'live' && look()); // another line knows nothing of it
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      leave();
      again();
      clearTimeout(silence);
      cancelAnimationFrame(drawing);
      document.removeEventListener('visibilitychange', look);
      tell('unwatch', { box });
    };
  }, [box, online]);
  return panel;
}

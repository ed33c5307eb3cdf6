/** Tracks of the library by their ids, asked for together. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, query } from './api';
import { hear } from './live';
import type { TrackRow } from './tracks';

const MOST = 100;

/** Those of these tracks that are there; undefined until that is known. */
export function useSeveral(ids: string[]): Map<string, TrackRow> | undefined {
  const [found, setFound] = useState<Map<string, TrackRow>>();
  const known = useRef(new Set<string>());
  const wanted = [...new Set(ids)].filter(Boolean).sort();
  const [round, setRound] = useState(0);
  useEffect(
    () =>
      hear('track', () => {
        known.current.clear();
        setRound((n) => n + 1);
      }),
    [],
  );
  useEffect(() => {
    let current = true;
    const missing = wanted.filter((id) => !known.current.has(id));
    const ask = async () => {
      const rows: TrackRow[] = [];
      for (let at = 0; at < missing.length; at += MOST) rows.push(...(await get<TrackRow[]>(`/tracks/several${query({ ids: missing.slice(at, at + MOST).join() })}`)));
      if (!current) return;
      for (const id of missing) known.current.add(id);
      setFound((was) => new Map([...(was ?? []), ...rows.map((one) => [one.id, one] as const)]));
    };
    ask().catch(() => undefined); // what is not known is not shown; the document is
    return () => {
      current = false;
    };
  }, [wanted.join(), round]);
  return found;
}

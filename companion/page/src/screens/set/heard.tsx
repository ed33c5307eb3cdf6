/** The tracklist of a set as its box heard it. */
import { useEffect, useState } from 'preact/hooks';
import { useAtom } from '../../core/atom';
import { clock } from '../../core/format';
import { useList } from '../../core/load';
import { audio, player } from '../../core/player';
import type { SetEntry, SetWhole } from '../../core/sets';
import { t } from '../../core/texts';
import { Icon } from '../../parts/icon';

export interface TracklistProps {
  set: SetWhole;
  start?: (at: number) => void;
}

/** Which of these times (seconds, in order) the play head is behind, while the set is heard: its place in the list. */
export function useHeardNow(set: SetWhole, times: number[]): number {
  const mine = useAtom(player).track?.id === set.id;
  const [at, setAt] = useState(-1);
  const all = times.join();
  useEffect(() => {
    if (!mine) return setAt(-1);
    const look = () => setAt(times.findLastIndex((one) => one <= audio.currentTime + 0.05));
    look();
    const timer = setInterval(look, 250);
    return () => clearInterval(timer);
  }, [mine, all]);
  return at;
}

/** When a track began; with sound, what plays it from there. */
export function Time({ at, title, now, start }: { at: number; title: string; now: boolean; start?: (at: number) => void }) {
  const { playing } = useAtom(player);
  if (!start) return <span class="figures soft time">{clock(at)}</span>;
  return (
    <button type="button" class="button quiet tiny figures time" aria-label={t('sets.from', { at: clock(at), title })} onClick={() => start(at)}>
      <Icon name={now && playing ? 'volume' : 'play'} size={14} />
      {clock(at)}
    </button>
  );
}

export function Heard({ set, start }: TracklistProps) {
  const entries = useSoFar(set) ?? set.entries;
  const now = useHeardNow(set, entries.map((one) => one.at));
  if (!entries.length) return <p class="soft">{t(set.state === 'playing' ? 'sets.tracklist.later' : 'sets.tracklist.none')}</p>;
  return (
    <ol class="rows tracklist">
      {entries.map((one, n) => (
        <li key={one.position} aria-current={n === now ? 'true' : undefined}>
          <Time at={one.at} title={one.title} now={n === now} start={start} />
          <span class="grow">
            {one.track ? (
              <a class="name cut" href={`/library/${one.track}`}>
                {one.title}
              </a>
            ) : (
              <span class="name cut">{one.title}</span>
            )}
            <span class="small soft sub cut">{one.artist || t('track.noArtist')}</span>
          </span>
          <span class="small faint figures wide-only">{played(one)}</span>
        </li>
      ))}
    </ol>
  );
}

interface Play extends Omit<SetEntry, 'position' | 'at' | 'tempo' | 'key'> {
  id: number;
  set: string;
  started: number;
}

/** Of a set that is still played, what was heard so far: the box sends the tracklist when it is over. */
function useSoFar(set: SetWhole): SetEntry[] | undefined {
  const live = set.state === 'playing';
  const heard = useList<Play>(live ? '/plays' : null, { box: set.box, since: set.started }, 200).rows;
  return live
    ? heard
        ?.filter((one) => one.set === set.number)
        .map((one) => ({ ...one, position: one.id, at: Math.max(0, (one.started - set.started) / 1000), tempo: null, key: '' }))
        .reverse()
    : undefined;
}

/** 124.2 BPM · 8A · deck 1: as it was heard. */
export function played(one: SetEntry): string {
  const tempo = one.tempo && t('track.bpm', { n: Math.round(one.tempo * (1 + one.pitch / 100) * 10) / 10 });
  return [tempo, one.key, t('sets.deck', { n: one.deck })].filter(Boolean).join(' · ');
}

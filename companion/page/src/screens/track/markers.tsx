/** The markers as a list: the same as the flags on the waveform, for eyes, keys and ears. */
import { clock, parseClock } from '../../core/format';
import { play, player, seek, setLoop, type Playable } from '../../core/player';
import { t } from '../../core/texts';
import type { Marker } from '../../core/tracks';
import { Button } from '../../parts/button';
import { InPlace } from '../../parts/inplace';

interface MarkersProps {
  sound: Playable;
  markers: readonly Marker[];
  /** Without, they are only read. */
  onChange?: (markers: Marker[]) => Promise<void>;
}

export function Markers({ sound, markers, onChange }: MarkersProps) {
  if (!markers.length) return null;
  const change = (at: number, part: Partial<Marker>) => onChange?.(markers.map((one, n) => (n === at ? { ...one, ...part } : one))) ?? Promise.resolve();
  const jump = (one: Marker) => {
    if (player.get().track?.id === sound.id) seek(one.start);
    else play(sound, [], one.start);
    if (one.end !== null) setLoop({ from: one.start, to: one.end });
  };
  return (
    <ol class="markers" aria-label={t('marker.list')}>
      {markers.map((one, at) => (
        <li key={`${at}-${one.start}`}>
          <button
            type="button"
            class={`flag m${(one.colour % 8) + 1}`}
            disabled={!onChange}
            aria-label={t('marker.colour', { at: at + 1, label: one.label, n: (one.colour % 8) + 1 })}
            onClick={() => void change(at, { colour: (one.colour + 1) % 8 })}
          >
            {at + 1}
          </button>
          <InPlace
            class="figures time"
            label={t('marker.time', { label: one.label })}
            value={clock(one.start, true)}
            disabled={!onChange}
            save={async (text) => {
              const start = parseClock(text);
              if (start !== null) await change(at, { start: Math.min(start, sound.seconds) });
            }}
          />
          <InPlace label={t('marker.label')} value={one.label} maxLength={60} disabled={!onChange} save={(label) => change(at, { label })} />
          {one.end !== null && <span class="small soft figures">{t('marker.until', { at: clock(one.end, true) })}</span>}
          <span class="buttons">
            <Button kind="quiet" size="tiny" icon={one.end === null ? 'play' : 'loop'} label={t('marker.go', { label: one.label })} onClick={() => jump(one)} />
            {onChange && <Button kind="quiet" size="tiny" icon="close" label={t('marker.remove', { label: one.label })} work={() => onChange(markers.filter((_, n) => n !== at))} />}
          </span>
        </li>
      ))}
    </ol>
  );
}

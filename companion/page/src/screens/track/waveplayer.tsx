/** The large waveform: playing, moving, zooming, a loop, markers; everything by keys too. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useAtom } from '../../core/atom';
import { clock } from '../../core/format';
import { bind } from '../../core/keys';
import { audio, nudge, onTick, play, player, seek, setLoop, type Playable } from '../../core/player';
import { ruler } from '../../core/ruler';
import { t } from '../../core/texts';
import type { Marker } from '../../core/tracks';
import { Button } from '../../parts/button';
import { Wave, type View } from '../../parts/waveform';
import { followHead, headOf } from '../../shell/playerbar';
import { Markers } from './markers';

const CLOSEST = 1.5; // seconds of the nearest view

interface WavePlayerProps {
  sound: Playable;
  /** Places in it, with flags. */
  marks: readonly Marker[];
  /** Keeps other markers; without, they are not edited here. */
  keep?: (markers: Marker[]) => Promise<unknown>;
  /** The screen has a list of them already. */
  listed?: boolean;
}

export function WavePlayer({ sound, marks, keep, listed }: WavePlayerProps) {
  const { track: now, loop } = useAtom(player);
  const mine = now?.id === sound.id;
  const all = sound.seconds;
  const peaks = sound.peaks;
  const [view, setView] = useState<View>({ from: 0, to: all });
  const [markers, setMarkers] = useState<readonly Marker[]>(marks);
  const box = useRef<HTMLDivElement>(null);
  const drag = useRef<{ from: number; moved: boolean } | null>(null);
  useEffect(() => setMarkers(marks), [marks]);
  useEffect(() => setView({ from: 0, to: all }), [peaks, all]); // another version is played
  const shown = mine ? loop : null;
  const zoomed = view.to - view.from < all - 0.01;

  const zoom = useCallback(
    (factor: number, around?: number) =>
      setView((was) => {
        const length = Math.min(all, Math.max(Math.min(all, CLOSEST), (was.to - was.from) * factor));
        const centre = around ?? (audio.currentTime >= was.from && audio.currentTime <= was.to && mine ? audio.currentTime : (was.from + was.to) / 2);
        const share = (centre - was.from) / (was.to - was.from || 1);
        const from = Math.max(0, Math.min(all - length, centre - share * length));
        return { from, to: from + length };
      }),
    [all, mine],
  );
  // the view follows the play head, a page at a time
  useEffect(() => {
    if (!mine) return undefined;
    return onTick((time) =>
      setView((was) => {
        const length = was.to - was.from;
        if (audio.paused || length > all - 0.01 || (time >= was.from && time < was.to)) return was;
        const from = Math.max(0, Math.min(all - length, time - length * 0.1));
        return { from, to: from + length };
      }),
    );
  }, [mine, all]);

  const store = async (next: Marker[]) => {
    const sorted = [...next].sort((a, b) => a.start - b.start);
    setMarkers(sorted);
    await keep?.(sorted);
  };
  const add = (start: number, end: number | null) =>
    store([...markers, { start, end, label: t('marker.name', { n: markers.length + 1 }), colour: markers.length % 8 }]);
  const addMarker = () => add(mine ? Math.round(audio.currentTime * 1000) / 1000 : 0, null);
  const near = (a: number | null, b: number) => a !== null && Math.abs(a - b) < 0.002; // what is stored is in milliseconds
  const loopKept = shown !== null && markers.some((one) => near(one.start, shown.from) && near(one.end, shown.to));
  const jump = (by: 1 | -1) => {
    const times = [0, ...markers.map((one) => one.start)];
    const time = audio.currentTime;
    const to = by > 0 ? times.find((one) => one > time + 0.05) : times.reverse().find((one) => one < time - 0.6);
    if (to !== undefined) seek(to);
  };
  const latest = useRef({ addMarker, jump, zoom });
  latest.current = { addMarker, jump, zoom };
  useEffect(
    () =>
      bind([
        ...(keep ? [{ keys: 'M', name: 'marker.add' as const, group: 'keys.track' as const, run: () => void latest.current.addMarker() }] : []),
        { keys: '.', name: 'marker.next', group: 'keys.track', run: () => latest.current.jump(1) },
        { keys: ',', name: 'marker.previous', group: 'keys.track', run: () => latest.current.jump(-1) },
        { keys: '+', name: 'wave.in', group: 'keys.track', run: () => latest.current.zoom(0.5) },
        { keys: '=', name: 'wave.in', group: 'keys.track', run: () => latest.current.zoom(0.5) },
        { keys: '-', name: 'wave.out', group: 'keys.track', run: () => latest.current.zoom(2) },
        { keys: '0', name: 'wave.all', group: 'keys.track', run: () => setView({ from: 0, to: all }) },
      ]),
    [sound.id, keep !== undefined, all],
  );

  const timeAt = (event: MouseEvent, of: View = view) => {
    const rect = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return of.from + (Math.max(0, Math.min(rect.width, event.clientX - rect.left)) / rect.width) * (of.to - of.from);
  };
  const to = (time: number) => (mine ? seek(time) : play(sound, [], time));
  const down = (event: PointerEvent) => {
    if (event.button) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    drag.current = { from: timeAt(event), moved: false };
  };
  const move = (event: PointerEvent) => {
    if (!drag.current) return;
    const at = timeAt(event);
    const width = ((view.to - view.from) / (box.current?.clientWidth || 1)) * 5;
    if (!drag.current.moved && Math.abs(at - drag.current.from) < width) return;
    drag.current.moved = true;
    if (!mine) play(sound, [], drag.current.from);
    setLoop({ from: Math.min(at, drag.current.from), to: Math.max(at, drag.current.from) });
  };
  const up = (event: PointerEvent) => {
    if (drag.current && !drag.current.moved) to(timeAt(event));
    drag.current = null;
  };
  const wheel = (event: WheelEvent) => {
    if (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event));
    else {
      const by = (event.deltaX / (box.current?.clientWidth || 1)) * (view.to - view.from);
      const from = Math.max(0, Math.min(all - (view.to - view.from), view.from + by));
      setView({ from, to: from + view.to - view.from });
    }
  };
  useEffect(() => {
    const element = box.current;
    element?.addEventListener('wheel', wheel, { passive: false });
    return () => element?.removeEventListener('wheel', wheel);
  });
  const slider = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const write = () => {
      const at = mine ? audio.currentTime : 0;
      slider.current?.setAttribute('aria-valuenow', at.toFixed(1));
      slider.current?.setAttribute('aria-valuetext', t('player.at', { at: clock(at), of: clock(all) }));
    };
    write();
    return onTick(write);
  }, [mine, all]);
  const key = (event: KeyboardEvent) => {
    const page = (view.to - view.from) / 10;
    const by = { ArrowLeft: event.shiftKey ? -0.1 : -1, ArrowRight: event.shiftKey ? 0.1 : 1, PageUp: page, PageDown: -page }[event.key];
    if (by !== undefined) (mine ? nudge(by) : to(Math.max(0, by)));
    else if (event.key === 'Home') to(0);
    else if (event.key === 'End') to(all);
    else if (event.key === 'Enter') to(mine ? audio.currentTime : 0);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const flags = markers.map((one) => ({ at: one.start, colour: `m${(one.colour % 8) + 1}` }));

  return (
    <section class="waveplayer" aria-label={t('track.waveform')}>
      {zoomed && (
        <div class="strip" aria-hidden="true" onPointerDown={(event) => to(timeAt(event, { from: 0, to: all }))}>
          <Wave peaks={peaks} seconds={all} head={headOf(sound.id)} subscribe={mine ? followHead : undefined} window={view} flags={flags} bars />
        </div>
      )}
      <div
        ref={slider}
        class="big-wave"
        role="slider"
        tabIndex={0}
        aria-label={t('wave.label', { title: sound.title })}
        aria-valuemin={0}
        aria-valuemax={Number(all.toFixed(1))}
        aria-valuenow={0}
        onKeyDown={key}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
      >
        <div ref={box} class="inside-wave">
          <Wave peaks={peaks} seconds={all} view={view} head={headOf(sound.id)} subscribe={mine ? followHead : undefined} loop={shown} flags={flags} />
        </div>
      </div>
      <div class="ruler figures small faint" aria-hidden="true">
        {ruler(view.from, view.to).map((at) => (
          <span key={at} style={{ left: `${((at - view.from) / (view.to - view.from)) * 100}%` }}>
            {clock(at, view.to - view.from < 8)}
          </span>
        ))}
      </div>
      <div class="wave-tools">
        <Button kind="quiet" icon="zoomout" label={t('wave.out')} disabled={!zoomed} onClick={() => zoom(2)} />
        <Button kind="quiet" icon="zoomin" label={t('wave.in')} onClick={() => zoom(0.5)} />
        {zoomed && (
          <Button kind="quiet" onClick={() => setView({ from: 0, to: all })}>
            {t('wave.all')}
          </Button>
        )}
        <span class="gap" />
        {mine && loop ? (
          <span class="loop-now">
            <span class="small soft figures">{t('wave.loop', { from: clock(loop.from, true), to: clock(loop.to, true) })}</span>
            <Button kind="quiet" icon="close" label={t('player.endLoop')} onClick={() => setLoop(null)} />
            {keep && (
              <Button icon="loop" disabled={loopKept} work={() => add(loop.from, loop.to)}>
                {t(loopKept ? 'marker.loopKept' : 'marker.addLoop')}
              </Button>
            )}
          </span>
        ) : (
          <span class="small faint wide-only">{t('wave.hint')}</span>
        )}
        {keep && (
          <Button icon="marker" work={addMarker}>
            {t('marker.add')}
          </Button>
        )}
      </div>
      {!listed && <Markers sound={sound} markers={markers} onChange={keep && store} />}
    </section>
  );
}

/** The player at the bottom, on every screen. */
import { useEffect, useRef } from 'preact/hooks';
import { useAtom } from '../core/atom';
import { clock } from '../core/format';
import { audio, muted, nudge, onTick, player, seek, setLoop, step, toggle, volume } from '../core/player';
import { t } from '../core/texts';
import { Artwork } from '../parts/artwork';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { Wave } from '../parts/waveform';

/** Where the play head is, as text that follows it. */
export function Now({ left = false }: { left?: boolean }) {
  const ref = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const write = () => {
      const all = player.get().track?.seconds ?? 0;
      if (ref.current) ref.current.textContent = left ? clock(audio.currentTime - all) : clock(audio.currentTime);
    };
    write();
    const stop = [onTick(write), player.watch(write)];
    return () => stop.forEach((end) => end());
  }, [left]);
  return <span class="figures" ref={ref} />;
}

/** A slider over a track's time; what is drawn is for the eye only. */
function Seek({ children, seconds }: { children: preact.ComponentChildren; seconds: number }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const write = () => {
      ref.current?.setAttribute('aria-valuenow', String(Math.round(audio.currentTime)));
      ref.current?.setAttribute('aria-valuetext', t('player.at', { at: clock(audio.currentTime), of: clock(seconds) }));
    };
    write();
    return onTick(write);
  }, [seconds]);
  const to = (event: PointerEvent) => {
    const box = ref.current!.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * seconds);
  };
  const key = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -5, ArrowRight: 5, PageDown: -30, PageUp: 30 }[event.key];
    if (by !== undefined) nudge(by);
    else if (event.key === 'Home') seek(0);
    else if (event.key === 'End') seek(seconds);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={ref}
      class="seek"
      role="slider"
      tabIndex={0}
      aria-label={t('player.position')}
      aria-valuemin={0}
      aria-valuemax={Math.round(seconds)}
      onKeyDown={key}
      onPointerDown={(event) => {
        (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
        to(event);
      }}
      onPointerMove={(event) => event.buttons && to(event)}
    >
      {children}
    </div>
  );
}

export const headOf = (id: string) => () => (player.get().track?.id === id ? audio.currentTime : null);
export const followHead = (draw: () => void) => {
  const stop = [onTick(draw), player.watch(draw)];
  return () => stop.forEach((end) => end());
};

export function PlayerBar() {
  const { track, playing, waiting, loop, rate, problem } = useAtom(player);
  const loud = useAtom(volume);
  const off = useAtom(muted);
  useEffect(() => {
    document.documentElement.style.setProperty('--player', track ? (matchMedia('(max-width: 720px)').matches ? '60px' : '72px') : '0px');
  }, [track]);
  if (!track) return null;
  return (
    <section class="player" aria-label={t('player.label')}>
      <div class="what">
        <Artwork seed={track.id} src={track.artwork} size={44} />
        <div>
          <a class="cut title" href={`/library/${track.id}`}>
            {track.title}
          </a>
          <p class="cut small soft">{problem ? <span class="bad">{t(problem === 'offline' ? 'player.notHere' : 'player.failed')}</span> : track.artist || t('track.noArtist')}</p>
        </div>
      </div>
      <div class="transport">
        <Button kind="quiet" icon="back" label={t('player.previous')} class="skip-track" onClick={() => step(-1)} />
        <button type="button" class="playbutton" aria-label={t(playing ? 'player.pause' : 'player.play')} onClick={toggle} aria-busy={waiting || undefined}>
          <Icon name={playing ? 'pause' : 'play'} size={20} />
        </button>
        <Button kind="quiet" icon="forward" label={t('player.next')} onClick={() => step(1)} />
      </div>
      <div class="line">
        <Now />
        <Seek seconds={track.seconds}>
          <Wave peaks={track.peaks} seconds={track.seconds} head={headOf(track.id)} subscribe={followHead} loop={loop} bars />
        </Seek>
        <Now left />
      </div>
      <div class="side">
        {rate !== 1 && <span class="chip accent figures">{rate}×</span>}
        {loop && <Button kind="quiet" icon="loop" label={t('player.endLoop')} aria-pressed onClick={() => setLoop(null)} />}
        <Button kind="quiet" icon={off ? 'muted' : 'volume'} label={t('player.mute')} aria-pressed={off} onClick={() => muted.set(!off)} />
        <input
          type="range"
          class="volume"
          min={0}
          max={1}
          step={0.01}
          value={loud}
          style={{ '--at': `${loud * 100}%` }}
          aria-label={t('player.volume')}
          aria-valuetext={`${Math.round(loud * 100)} %`}
          onInput={(event) => volume.set(Number(event.currentTarget.value))}
        />
      </div>
    </section>
  );
}

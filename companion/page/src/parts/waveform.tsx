/** A track's waveform on a canvas: all of it as a strip, or a part that can be zoomed into. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { calm, token } from '../core/theme';
import { columns, finer, openCoarse, openPeaks, type Peaks } from '../core/peaks';

export interface Flag {
  at: number; // seconds
  colour: string; // a token, such as m3
}

export interface View {
  from: number; // seconds
  to: number;
}

interface WaveProps {
  peaks: string | null;
  seconds: number;
  view?: View;
  /** Where the play head is now, drawn for every picture by `redraw`. */
  head?: () => number | null;
  subscribe?: (redraw: () => void) => () => void;
  loop?: View | null;
  window?: View | null; // what another waveform shows of this one
  flags?: Flag[];
  bars?: boolean;
  /** The coarsest level is enough. */
  coarse?: boolean;
  class?: string;
}

/** The peaks at an address: undefined on their way, null without any. */
export function usePeaks(url: string | null, seconds: number, coarse = false): Peaks | null | undefined {
  const [found, setFound] = useState<{ of: string; peaks: Peaks | null }>();
  useEffect(() => {
    if (!url) return;
    (coarse ? openCoarse : openPeaks)(url, seconds).then(
      (peaks) => setFound({ of: url, peaks }),
      () => setFound({ of: url, peaks: null }),
    );
  }, [url, coarse]);
  return url === null ? null : found?.of === url ? found.peaks : undefined;
}

export function Wave({ peaks: url, seconds, view, head, subscribe, loop, window: shown, flags = [], bars, coarse, class: extra }: WaveProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const peaks = usePeaks(url, seconds, coarse);
  const [, redraw] = useState(0);
  const from = view?.from ?? 0;
  const to = view?.to ?? seconds;

  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    let shape: HTMLCanvasElement[] = [];
    let width = 0;
    let height = 0;
    let ratio = 1;

    const draw = () => {
      const context = element.getContext('2d');
      if (!context || !width) return;
      const x = (time: number) => ((time - from) / (to - from || 1)) * width;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, element.width, element.height);
      const now = head?.() ?? null;
      const edge = now === null ? 0 : Math.max(0, Math.min(width, x(now)));
      const paste = (image: HTMLCanvasElement | undefined, left: number, right: number) => {
        const a = Math.round(left * ratio);
        const b = Math.round(right * ratio);
        if (image && b > a) context.drawImage(image, a, 0, b - a, image.height, a, 0, b - a, image.height);
      };
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      if (loop) {
        context.fillStyle = token('accent-tint');
        context.fillRect(x(loop.from), 0, x(loop.to) - x(loop.from), height);
      }
      context.setTransform(1, 0, 0, 1, 0, 0);
      paste(shape[0], edge, width);
      paste(shape[1], 0, edge);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      if (shown) {
        context.fillStyle = token('base');
        context.globalAlpha = 0.62;
        context.fillRect(0, 0, x(shown.from), height);
        context.fillRect(x(shown.to), 0, width - x(shown.to), height);
        context.globalAlpha = 1;
        context.strokeStyle = token('edge');
        context.strokeRect(Math.max(0.5, x(shown.from)), 0.5, Math.max(3, Math.min(width - 0.5, x(shown.to)) - Math.max(0.5, x(shown.from))), height - 1);
      }
      for (const flag of flags) {
        const at = Math.round(x(flag.at));
        if (at < -8 || at > width + 8) continue;
        context.fillStyle = token(flag.colour);
        context.fillRect(at, 0, bars ? 2 : 1.5, height);
        if (!bars) {
          context.beginPath();
          context.moveTo(at, 0);
          context.lineTo(at + 9, 4.5);
          context.lineTo(at, 9);
          context.fill();
        }
      }
      if (loop) {
        context.fillStyle = token('accent');
        context.fillRect(x(loop.from), 0, 1.5, height);
        context.fillRect(x(loop.to) - 1.5, 0, 1.5, height);
      }
      if (now !== null && now >= from && now <= to) {
        context.fillStyle = token('text');
        context.fillRect(Math.round(edge * ratio) / ratio - 0.5, 0, 1.5, height);
      }
    };

    const render = () => {
      const box = element.getBoundingClientRect();
      ratio = Math.min(3, devicePixelRatio || 1);
      width = box.width;
      height = box.height;
      element.width = Math.max(1, Math.round(width * ratio));
      element.height = Math.max(1, Math.round(height * ratio));
      shape = peaks && width ? [paint(peaks, 'wave', 'wave-far'), paint(peaks, 'accent', 'accent')] : [];
      draw();
    };

    const paint = (source: Peaks, colour: string, far: string) => {
      const image = document.createElement('canvas');
      image.width = element.width;
      image.height = element.height;
      const context = image.getContext('2d')!;
      const pitch = bars ? Math.max(2, Math.round(3 * ratio)) : 1;
      const thick = bars ? Math.max(1, Math.round(2 * ratio)) : 1;
      const count = Math.max(1, Math.floor(image.width / pitch));
      const values = columns(source, from * source.rate, to * source.rate, count);
      const middle = image.height / 2;
      // a strip shows what is heard, by peak and RMS, and fills its height: it compares parts, not tracks
      const heard = (n: number) => Math.max(values[3 * n]!, -values[3 * n + 1]!) * 0.45 + values[3 * n + 2]! * 0.55;
      let most = 0.02;
      if (bars) for (let n = 0; n < count; n += 1) most = Math.max(most, heard(n));
      const room = middle - (bars ? 0 : 1);
      if (!bars) {
        context.fillStyle = token(far);
        if (colour === 'accent') context.globalAlpha = 0.45;
        for (let n = 0; n < count; n += 1) {
          const top = middle - values[3 * n]! * room;
          context.fillRect(n, top, 1, Math.max(1, (values[3 * n]! - values[3 * n + 1]!) * room));
        }
        context.globalAlpha = 1;
      }
      context.fillStyle = token(colour);
      for (let n = 0; n < count; n += 1) {
        const size = (bars ? Math.max(0.04, (heard(n) / most) ** 1.3) : Math.max(0.004, values[3 * n + 2]!)) * room;
        if (bars && context.roundRect) {
          context.beginPath();
          context.roundRect(n * pitch, middle - size, thick, Math.max(1, 2 * size), thick / 2);
          context.fill();
        } else context.fillRect(n * pitch, middle - size, thick, Math.max(1, 2 * size));
      }
      return image;
    };

    render();
    if (peaks && !coarse) {
      const perPixel = ((to - from) * peaks.rate) / Math.max(1, width * ratio);
      void finer(peaks, perPixel).then((came) => came && redraw((n) => n + 1), () => undefined);
    }
    const observer = new ResizeObserver(() => {
      const box = element.getBoundingClientRect();
      if (box.width !== width || box.height !== height) render();
    });
    observer.observe(element);
    addEventListener('themechange', render);
    const stop = subscribe?.(draw);
    return () => {
      observer.disconnect();
      removeEventListener('themechange', render);
      stop?.();
    };
  });
  const state = peaks === undefined && url ? 'waiting' : peaks === null ? 'none' : '';
  return <canvas ref={canvas} class={`wave ${state} ${calm() ? '' : 'moving'} ${extra ?? ''}`} aria-hidden="true" />;
}

/** The picture beside the doors: a waveform that was composed, not recorded. */
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../core/texts';
import { calm, token } from '../core/theme';

/** Loudness at 0…1 of an imagined track: bars of four, a break, a lift. */
function level(x: number): number {
  const bar = Math.exp(-6 * ((x * 48) % 1));
  const parts = x < 0.18 ? 0.3 + x * 1.4 : x < 0.42 ? 0.8 : x < 0.55 ? 0.18 + (x - 0.42) * 1.6 : x < 0.88 ? 0.95 : 0.95 - (x - 0.88) * 6.5;
  const grain = 0.5 + 0.5 * Math.abs(Math.sin(x * 913) * Math.cos(x * 377));
  return Math.max(0.03, parts * (0.36 + 0.4 * bar + 0.26 * grain));
}

export function SignArt() {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current!;
    let handle = 0;
    const began = performance.now();
    const draw = (now: number) => {
      const box = canvas.getBoundingClientRect();
      const ratio = Math.min(2, devicePixelRatio);
      canvas.width = Math.max(1, Math.round(box.width * ratio));
      canvas.height = Math.max(1, Math.round(box.height * ratio));
      const context = canvas.getContext('2d')!;
      context.scale(ratio, ratio);
      const pitch = 7;
      const count = Math.ceil(box.height / pitch);
      const head = calm() ? 0.38 : ((now - began) / 60_000 + 0.3) % 1;
      for (let n = 0; n < count; n += 1) {
        const x = n / count;
        const size = level(x) * box.width * 0.36;
        const near = Math.abs(x - head) * count;
        context.fillStyle = token(x <= head ? 'accent' : 'wave-far');
        context.globalAlpha = x <= head ? 0.9 : 1;
        context.beginPath();
        context.roundRect(box.width / 2 - size - (near < 1 ? 8 : 0), n * pitch, 2 * size + (near < 1 ? 16 : 0), 3, 1.5);
        context.fill();
      }
      if (!calm() && document.visibilityState === 'visible') handle = setTimeout(() => requestAnimationFrame(draw), 180);
    };
    const start = () => {
      clearTimeout(handle);
      requestAnimationFrame(draw);
    };
    start();
    const observer = new ResizeObserver(start);
    observer.observe(canvas);
    addEventListener('themechange', start);
    document.addEventListener('visibilitychange', start);
    return () => {
      clearTimeout(handle);
      observer.disconnect();
      removeEventListener('themechange', start);
      document.removeEventListener('visibilitychange', start);
    };
  }, []);
  return (
    <aside class="door-art" aria-hidden="true">
      <canvas ref={ref} />
      <p>{t('sign.line')}</p>
    </aside>
  );
}

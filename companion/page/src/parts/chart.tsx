/** A line or bar chart: canvas, a sentence that says what it shows, a cursor by keys, and the same as a table. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t } from '../core/texts';
import { token } from '../core/theme';

export interface Mark {
  value: number;
  label: string;
}

interface ChartProps {
  title: string;
  /** What it shows, in a sentence. */
  says: ComponentChildren;
  /** null is a gap. */
  points: readonly (readonly [x: number, y: number | null])[];
  x: (value: number) => string;
  y: (value: number) => string;
  /** A value in full with its unit, where `y` makes it short. */
  exact?: (value: number) => string;
  xTicks?: readonly number[];
  yTicks: readonly number[];
  logarithmic?: boolean;
  bars?: boolean;
  lines?: Mark[];
  height?: number;
  xName: string;
  yName: string;
  onPick?: (x: number) => void;
  /** x of the play head, drawn as it moves. */
  head?: () => number | null;
  subscribe?: (redraw: () => void) => () => void;
}

const LEFT = 44;
const BOTTOM = 22;
const TOP = 8;
const RIGHT = 8;

export function Chart(props: ChartProps) {
  const { title, says, points, x, y, xTicks = [], yTicks, logarithmic, bars, lines = [], height = 190, xName, yName, exact = (value) => `${y(value)} ${yName}`, onPick, head, subscribe } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const [table, setTable] = useState(false);
  const id = useId();
  const scale = (value: number) => (logarithmic ? Math.log10(Math.max(1e-9, value)) : value);
  const first = scale(points[0]?.[0] ?? 0);
  const last = scale(points.at(-1)?.[0] ?? 1);
  const low = Math.min(...yTicks);
  const high = Math.max(...yTicks);

  useEffect(() => {
    const element = canvas.current;
    if (!element || table) return undefined;
    const draw = () => {
      const box = element.getBoundingClientRect();
      const ratio = Math.min(3, devicePixelRatio || 1);
      const size = [Math.max(1, Math.round(box.width * ratio)), Math.max(1, Math.round(box.height * ratio))] as const;
      if (element.width !== size[0] || element.height !== size[1]) [element.width, element.height] = size;
      const context = element.getContext('2d')!;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, box.width, box.height);
      const wide = box.width - LEFT - RIGHT;
      const tall = box.height - TOP - BOTTOM;
      const inset = bars ? wide / points.length / 2 : 0;
      const px = (value: number) => LEFT + inset + ((scale(value) - first) / (last - first || 1)) * (wide - 2 * inset);
      const py = (value: number) => TOP + (1 - (Math.max(low, Math.min(high, value)) - low) / (high - low || 1)) * tall;
      context.font = `11px ${token('font')}`;
      context.lineWidth = 1;
      context.textBaseline = 'middle';
      context.textAlign = 'right';
      for (const value of yTicks) {
        context.strokeStyle = token('line');
        context.beginPath();
        context.moveTo(LEFT, Math.round(py(value)) + 0.5);
        context.lineTo(box.width - RIGHT, Math.round(py(value)) + 0.5);
        context.stroke();
        context.fillStyle = token('faint');
        context.fillText(y(value), LEFT - 8, py(value));
      }
      context.textAlign = 'center';
      context.textBaseline = 'alphabetic';
      for (const value of xTicks) {
        context.fillStyle = token('faint');
        context.fillText(x(value), Math.max(LEFT + 8, Math.min(box.width - 18, px(value))), box.height - 5);
      }
      context.fillStyle = token('accent');
      if (bars) {
        const thick = Math.max(2, (wide / points.length) * 0.62);
        const strongest = Math.max(...points.map(([, value]) => value ?? -Infinity));
        for (const [at, value] of points) {
          if (value === null || value <= low) continue;
          context.fillStyle = token(value === strongest ? 'accent' : 'wave');
          context.beginPath();
          context.roundRect(px(at) - thick / 2, py(value), thick, py(low) - py(value), [2, 2, 0, 0]);
          context.fill();
        }
      } else {
        const path = new Path2D();
        const area = new Path2D();
        let begun: number | null = null;
        points.forEach(([at, value], n) => {
          if (value === null) return;
          const broken = n === 0 || points[n - 1]![1] === null;
          path[broken ? 'moveTo' : 'lineTo'](px(at), py(value));
          if (broken) {
            begun = px(at);
            area.moveTo(begun, py(low));
          }
          area.lineTo(px(at), py(value));
          if (n === points.length - 1 || points[n + 1]![1] === null) {
            area.lineTo(px(at), py(low));
            area.closePath();
          }
        });
        context.globalAlpha = 0.14;
        context.fill(area);
        context.globalAlpha = 1;
        context.strokeStyle = token('accent');
        context.lineWidth = 1.6;
        context.lineJoin = 'round';
        context.stroke(path);
      }
      for (const mark of lines) {
        context.strokeStyle = token('soft');
        context.lineWidth = 1;
        context.setLineDash([3, 4]);
        context.beginPath();
        context.moveTo(LEFT, py(mark.value));
        context.lineTo(box.width - RIGHT, py(mark.value));
        context.stroke();
        context.setLineDash([]);
        context.textAlign = 'right';
        context.textBaseline = 'middle';
        context.strokeStyle = token('base'); // a rim, to be read on the curve too
        context.lineWidth = 4;
        context.strokeText(mark.label, box.width - RIGHT - 2, py(mark.value) - 9);
        context.fillStyle = token('soft');
        context.fillText(mark.label, box.width - RIGHT - 2, py(mark.value) - 9);
      }
      const now = head?.() ?? null;
      if (now !== null) {
        context.fillStyle = token('text');
        context.fillRect(px(now) - 0.5, TOP, 1.5, tall);
      }
      const chosen = cursor === null ? undefined : points[cursor];
      if (chosen) {
        context.fillStyle = token('soft');
        context.fillRect(px(chosen[0]) - 0.5, TOP, 1, tall);
        if (chosen[1] !== null) {
          context.fillStyle = token('text');
          context.beginPath();
          context.arc(px(chosen[0]), py(chosen[1]), 3.5, 0, 7);
          context.fill();
        }
      }
    };
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    addEventListener('themechange', draw);
    const stop = subscribe?.(draw);
    return () => {
      observer.disconnect();
      removeEventListener('themechange', draw);
      stop?.();
    };
  });

  const nearest = (event: PointerEvent | MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    const wide = box.width - LEFT - RIGHT;
    const share = Math.max(0, Math.min(1, (event.clientX - box.left - LEFT) / wide));
    const wanted = first + share * (last - first);
    let best = 0;
    points.forEach(([at], n) => {
      if (Math.abs(scale(at) - wanted) < Math.abs(scale(points[best]![0]) - wanted)) best = n;
    });
    return best;
  };
  const key = (event: KeyboardEvent) => {
    const by = event.shiftKey ? 10 : 1;
    const at = cursor ?? 0;
    const to = { ArrowRight: at + by, ArrowLeft: at - by, Home: 0, End: points.length - 1 }[event.key];
    if (to !== undefined) {
      setCursor(Math.max(0, Math.min(points.length - 1, to)));
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === 'Enter' && cursor !== null && onPick) onPick(points[cursor]![0]);
  };
  const value = cursor === null ? undefined : points[cursor];
  const said = value ? `${x(value[0])}: ${value[1] === null ? '–' : exact(value[1])}` : '';

  return (
    <figure class="chart">
      <div class="chart-head">
        <h3 id={id}>{title}</h3>
        <span class="small soft figures" aria-hidden="true">
          {said}
        </span>
        <button type="button" class="button quiet tiny" aria-pressed={table} onClick={() => setTable(!table)}>
          {t(table ? 'chart.picture' : 'chart.table')}
        </button>
      </div>
      {table ? (
        <div class="chart-table" tabIndex={0} role="region" aria-labelledby={id}>
          <table>
            <thead>
              <tr>
                <th scope="col">{xName}</th>
                <th scope="col">{yName}</th>
              </tr>
            </thead>
            <tbody>
              {points.map(([at, level]) => (
                <tr key={at}>
                  <td>{x(at)}</td>
                  <td>{level === null ? '–' : props.exact ? props.exact(level) : y(level)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <canvas
          ref={canvas}
          style={{ height: `${height}px` }}
          tabIndex={0}
          role="slider"
          aria-labelledby={id}
          aria-valuemin={0}
          aria-valuemax={Math.max(0, points.length - 1)}
          aria-valuenow={cursor ?? 0}
          aria-valuetext={said || t('chart.keys')}
          onKeyDown={key}
          onPointerMove={(event) => setCursor(nearest(event))}
          onPointerLeave={() => setCursor(null)}
          onClick={(event) => onPick?.(points[nearest(event)]![0])}
        />
      )}
      <figcaption class="small soft">{says}</figcaption>
    </figure>
  );
}

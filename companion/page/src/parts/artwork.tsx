/** A cover; without one, a pattern that is always the same for the same thing. */
import { useState } from 'preact/hooks';

function numbers(seed: string): () => number {
  let state = 2166136261;
  for (const letter of seed) state = Math.imul(state ^ letter.charCodeAt(0), 16777619);
  return () => {
    state = Math.imul(state ^ (state >>> 15), 2246822507) ^ Math.imul(state ^ (state >>> 13), 3266489909);
    return ((state ^= state >>> 16) >>> 0) / 4294967296;
  };
}

const HUES = [34, 14, 348, 262, 216, 188, 152, 84];

function Pattern({ seed }: { seed: string }) {
  const next = numbers(seed);
  const hue = HUES[Math.floor(next() * HUES.length)] ?? 34;
  const turn = Math.floor(next() * 4) * 45;
  const kind = Math.floor(next() * 3);
  const bars = Array.from({ length: 7 }, () => 0.15 + 0.85 * next());
  const ink = `hsl(${hue} 42% 62%)`;
  return (
    <svg viewBox="0 0 48 48" aria-hidden="true">
      <rect width="48" height="48" fill={`hsl(${hue} 22% 19%)`} />
      <g transform={`rotate(${kind === 0 ? 0 : turn} 24 24)`} fill="none" stroke={ink}>
        {kind === 0 &&
          bars.map((high, at) => <path key={at} d={`M${9 + at * 5} ${24 - high * 13}V${24 + high * 13}`} stroke-width="2.4" stroke-linecap="round" />)}
        {kind === 1 &&
          bars.slice(0, 4).map((width, at) => <circle key={at} cx={12 + at * 4} cy="24" r={5 + at * 5 + width * 2} stroke-width={0.8 + width * 1.4} opacity={1 - at * 0.18} />)}
        {kind === 2 &&
          bars.slice(0, 6).map((bend, at) => <path key={at} d={`M-6 ${6 + at * 7.5}C12 ${at * 7.5 - 12 * bend} 34 ${18 + at * 7.5 + 8 * bend} 54 ${4 + at * 7.5}`} stroke-width={0.8 + bend * 1.6} />)}
      </g>
    </svg>
  );
}

export function Artwork({ seed, src, size = 40 }: { seed: string; src?: string | null; size?: number }) {
  const [missing, setMissing] = useState<string>();
  return (
    <span class="art" style={{ '--size': `${size}px` }}>
      {src && src !== missing ? <img src={src} alt="" loading="lazy" decoding="async" onError={() => setMissing(src)} /> : <Pattern seed={seed} />}
    </span>
  );
}

/** A person: their initials. */
export function Face({ name }: { name: string }) {
  const words = name.trim().split(/\s+/);
  const initials = (words.length > 1 ? `${words[0]?.[0]}${words.at(-1)?.[0]}` : name.slice(0, 2)).toUpperCase();
  return (
    <span class="face" aria-hidden="true" title={name}>
      {initials}
    </span>
  );
}

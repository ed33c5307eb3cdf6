/** A track's waveform as the server keeps it: levels of peaks in one file, of which a part is fetched at a time. */

/** Points of one level: lowest and highest −127…127, RMS 0…255, one after another. */
export interface Level {
  span: number; // frames a point
  count: number;
  offset: number;
  points?: Uint8Array;
}

export interface Peaks {
  url: string;
  rate: number;
  frames: number;
  levels: Level[]; // finest first
}

const POINT = 3;
const HEAD = 4096; // bytes, which hold the table
const STEP = 4; // each level has a quarter of the points of the one before
const COARSEST = 1024; // points of the last level at most
const LARGE_SECONDS = 1200; // a longer track's waveform is fetched in parts
const MOST_BYTES = 24_000_000;
const found = new Map<string, Promise<Peaks>>();

async function bytesOf(url: string, start: number, length?: number): Promise<{ bytes: Uint8Array; whole: boolean }> {
  const range = `bytes=${start}-${length === undefined ? '' : start + length - 1}`;
  const response = await fetch(url, { headers: { Range: range }, credentials: 'same-origin' });
  if (!response.ok) throw new Error(`waveform: ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { bytes, whole: response.status === 200 };
}

function once(name: string, make: () => Promise<Peaks>): Promise<Peaks> {
  let promise = found.get(name);
  if (!promise) {
    promise = make();
    found.set(name, promise);
    promise.catch(() => found.delete(name));
    if (found.size > 400) found.delete(found.keys().next().value!);
  }
  return promise;
}

/** A waveform, whole; of a long track the table and the coarsest level, and finer ones by `finer`. */
export const openPeaks = (url: string, seconds: number): Promise<Peaks> => once(url, () => load(url, seconds > LARGE_SECONDS));

/** The coarsest level alone, by one small request: what a row of a list shows. */
export const openCoarse = (url: string, seconds: number): Promise<Peaks> =>
  found.get(url) ?? once(`${url}#coarse`, () => loadCoarse(url, seconds));

/** The last level ends the file, and the file's size tells how many points it has. */
async function loadCoarse(url: string, seconds: number): Promise<Peaks> {
  const response = await fetch(url, { headers: { Range: `bytes=-${POINT * COARSEST}` }, credentials: 'same-origin' });
  if (!response.ok) throw new Error(`waveform: ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const total = Number(/\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1]);
  if (response.status !== 206 || !total) return parse(url, bytes);
  const count = lastCount(total);
  const points = bytes.subarray(Math.max(0, bytes.length - POINT * count));
  return { url, rate: count / (seconds || 1), frames: count, levels: [{ span: 1, count, offset: 0, points }] };
}

function lastCount(total: number): number {
  let low = 0;
  let high = total;
  const shape = (finest: number) => {
    let bytes = 24;
    let count = finest;
    for (;;) {
      bytes += 16 + POINT * count;
      if (count <= COARSEST) return { bytes, count };
      count = Math.ceil(count / STEP);
    }
  };
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (shape(middle).bytes < total) low = middle + 1;
    else high = middle;
  }
  return shape(low).count;
}

async function load(url: string, large: boolean): Promise<Peaks> {
  if (!large) {
    const response = await fetch(url, { credentials: 'same-origin' });
    if (!response.ok) throw new Error(`waveform: ${response.status}`);
    return parse(url, new Uint8Array(await response.arrayBuffer()));
  }
  const { bytes } = await bytesOf(url, 0, HEAD);
  const peaks = parse(url, bytes);
  const coarse = peaks.levels.at(-1);
  if (coarse && !coarse.points) coarse.points = (await bytesOf(url, coarse.offset, POINT * coarse.count)).bytes;
  return peaks;
}

/** A file, or its beginning: levels that are whole have their points. */
function parse(url: string, bytes: Uint8Array): Peaks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (new TextDecoder().decode(bytes.subarray(0, 8)) !== 'RDPEAKS1') throw new Error('waveform: unknown format');
  const peaks: Peaks = { url, rate: view.getUint32(8, true), frames: Number(view.getBigUint64(16, true)), levels: [] };
  for (let n = 0; n < view.getUint32(12, true); n += 1) {
    const at = 24 + 16 * n;
    const level: Level = {
      span: view.getUint32(at, true),
      count: view.getUint32(at + 4, true),
      offset: Number(view.getBigUint64(at + 8, true)),
    };
    const end = level.offset + POINT * level.count;
    if (end <= bytes.length) level.points = bytes.subarray(level.offset, end);
    peaks.levels.push(level);
  }
  return peaks;
}

/** Fetch the level for so many frames a pixel, if it is not there; true when something came. */
export async function finer(peaks: Peaks, framesPerPixel: number): Promise<boolean> {
  const level = peaks.levels.filter((one) => one.span <= framesPerPixel).at(-1) ?? peaks.levels[0];
  if (!level || level.points || level.count * POINT > MOST_BYTES) return false;
  const { bytes, whole } = await bytesOf(peaks.url, level.offset, POINT * level.count);
  level.points = whole ? bytes.subarray(level.offset, level.offset + POINT * level.count) : bytes;
  return true;
}

/** Highest, lowest and RMS (0…1) of the frames of each column, from the best level that is there. */
export function columns(peaks: Peaks, from: number, to: number, count: number): Float32Array {
  const perColumn = (to - from) / count;
  const there = peaks.levels.filter((one) => one.points);
  const level = there.filter((one) => one.span <= perColumn * 1.01).at(-1) ?? there[0];
  const result = new Float32Array(3 * count);
  if (!level?.points) return result;
  for (let column = 0; column < count; column += 1) {
    const first = Math.max(0, Math.floor((from + column * perColumn) / level.span));
    const last = Math.min(level.count, Math.max(first + 1, Math.ceil((from + (column + 1) * perColumn) / level.span)));
    let high = 0;
    let low = 0;
    let square = 0;
    for (let point = first; point < last; point += 1) {
      const at = POINT * point;
      low = Math.min(low, ((level.points[at]! << 24) >> 24) / 127);
      high = Math.max(high, ((level.points[at + 1]! << 24) >> 24) / 127);
      square += level.points[at + 2]! ** 2;
    }
    result[3 * column] = high;
    result[3 * column + 1] = low;
    result[3 * column + 2] = last > first ? Math.sqrt(square / (last - first)) / 255 : 0;
  }
  return result;
}

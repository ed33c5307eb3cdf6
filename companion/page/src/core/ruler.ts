/** Round marks along a stretch of time. */
const STEPS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800];

/** About `count` times (seconds) from the first to the last, none near the end, where its words would be cut. */
export function ruler(from: number, to: number, count = 8): number[] {
  const wanted = (to - from) / count;
  const step = STEPS.find((one) => one >= wanted) ?? 3600;
  const marks = [];
  for (let at = Math.ceil(from / step) * step; at < from + 0.9 * (to - from); at += step) marks.push(at);
  return marks;
}

/** When to try again what did not reach the companion: soon where it is near, and at once when somebody looks. */

type Attempt = () => unknown;

const NEAR_MS = 2000;
const attempts = new Set<Attempt>();

/** Whether the companion is on this machine or in the same house, where nobody is in the way of frequent tries. */
export function isNear(host = location.hostname): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (name.includes(':')) return name === '::1' || /^f[cd]|^fe[89ab]/.test(name);
  if (/^[\d.]+$/.test(name)) return /^(10|127|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\./.test(name);
  return !name.includes('.') || /\.(local|lan|home\.arpa|internal|localhost)$/.test(name);
}

/** How long to wait after so many failures (ms), never with others at the same moment. */
export function patience(failures: number, most: number): number {
  return Math.min(isNear() ? NEAR_MS : most, 500 * 2 ** failures) * (0.75 + Math.random() / 2);
}

/** Call this whenever it is worth a try: the network is back, somebody looks at the page, or asks. */
export function onTry(attempt: Attempt): () => void {
  attempts.add(attempt);
  return () => attempts.delete(attempt);
}

/** Try everything at once; resolves when it is known how that went. */
export async function tryNow(): Promise<void> {
  await Promise.all([...attempts].map((attempt) => attempt()));
}

for (const kind of ['online', 'focus', 'pageshow']) addEventListener(kind, () => void tryNow());
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void tryNow());

/** The service worker: the page itself is there without a network, and so is what was read with one. */
declare const VERSION: string;
declare const SHELL: string[];

const SHELL_CACHE = `shell-${VERSION}`;
const scope = self as unknown as ServiceWorkerGlobalScope;
const READ_CACHE = 'read';
const MOST_READ = 600;
let reader = 0; // counts who signed out: what was asked for before is not kept after
const LASTING = /^\/api\/v1\/(artwork\/|recordings\/\w+\/(waveform|measures)$)/;

scope.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(SHELL_CACHE)
      .then((cache) => cache.addAll(SHELL))
      .then(() => scope.skipWaiting()),
  );
});

scope.addEventListener('activate', (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) if (name.startsWith('shell-') && name !== SHELL_CACHE) await caches.delete(name);
    await scope.clients.claim();
  };
  event.waitUntil(tidy());
});

// somebody signed out: nothing of theirs stays
scope.addEventListener('message', (event) => {
  if (event.data !== 'forget') return;
  reader += 1;
  event.waitUntil(caches.delete(READ_CACHE));
});

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (request.mode === 'navigate') {
    if (!/^\/(api|graphql|problems|healthz|readyz|metrics)\b/.test(url.pathname)) event.respondWith(page(request));
  } else if (url.pathname.startsWith('/assets/')) event.respondWith(asset(request));
  else if (LASTING.test(url.pathname) && !request.headers.has('Range')) event.respondWith(lasting(request));
  else if (url.pathname.startsWith('/api/v1/') && readable(request, url)) event.respondWith(read(request));
});

/** What is kept of the API: JSON and pictures. Sound is too large, and a range is no answer to keep. */
function readable(request: Request, url: URL): boolean {
  return !request.headers.has('Range') && request.destination !== 'audio' && !/\/(audio|file|state|openapi\.json)$/.test(url.pathname);
}

async function page(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    if (response.ok || response.status < 500) return response;
  } catch {
    // no network: the kept page
  }
  return (await caches.match('/', { cacheName: SHELL_CACHE })) ?? Response.error();
}

async function asset(request: Request): Promise<Response> {
  return (await caches.match(request, { cacheName: SHELL_CACHE })) ?? fetch(request);
}

/** What never changes needs no asking: covers, waveforms, measures. */
async function lasting(request: Request): Promise<Response> {
  return (await caches.match(request.url, { cacheName: READ_CACHE })) ?? read(request);
}

async function read(request: Request): Promise<Response> {
  const asked = reader;
  try {
    const response = await fetch(request);
    if (response.status === 200 && asked === reader) {
      const cache = await caches.open(READ_CACHE);
      await cache.put(request.url, response.clone());
      void trim(cache);
    }
    return response;
  } catch (error) {
    const kept = await caches.match(request.url, { cacheName: READ_CACHE });
    if (!kept) throw error;
    const headers = new Headers(kept.headers);
    headers.set('X-Kept', 'yes');
    return new Response(kept.body, { status: kept.status, headers });
  }
}

async function trim(cache: Cache): Promise<void> {
  const keys = await cache.keys();
  for (const key of keys.slice(0, Math.max(0, keys.length - MOST_READ))) await cache.delete(key);
}

export {};

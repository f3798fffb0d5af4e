// Keeps the page, the core and our guest for when the network goes, and leads to containers' ports. The build puts in what there is, and a
// version that changes with it.
// Service Workers 1; a new version waits until no page of the old one is open, so that a page's files are all of one version.

import { ServedPorts } from './served-ports.js';

declare const FILES: readonly string[];
declare const VERSION: string;

const worker = self as unknown as ServiceWorkerGlobalScope;
const PREFIX = 'tabvisor-page-';
const CACHE = PREFIX + VERSION;
const PAGE = './';
const ports = new ServedPorts(worker);

worker.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(dropOldVersions().then(() => worker.clients.claim()));
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  if (new URL(request.url).origin !== worker.location.origin) return;
  event.respondWith(answer(request, event.clientId));
});

async function answer(request: Request, clientId: string): Promise<Response> {
  const place = await ports.place(request, clientId);
  if (place) return ports.answer(place, request);
  if (request.method !== 'GET') return fetch(request);
  return request.mode === 'navigate' ? page(request) : file(request);
}

async function dropOldVersions(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** The newest there is. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await (await caches.open(CACHE)).match(PAGE);
    if (kept) return kept;
    throw error;
  }
}

/** Their names have a hash of what they are. */
async function file(request: Request): Promise<Response> {
  return (await (await caches.open(CACHE)).match(request)) ?? fetch(request);
}

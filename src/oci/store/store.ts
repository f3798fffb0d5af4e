// All of a store in one storage: content, layers, images.
// Ours. Whoever opens it is the only one that does: the host locks the folder.
import type { Storage } from '../../base/storage.js';
import type { StreamCodecs } from '../../base/streams.js';
import { ContentStore } from './content-store.js';
import { ImageStore } from './image-store.js';
import { LayerStore } from './layer-store.js';

/** What is on its way lies here. */
export const PARTIAL = 'partial';

export interface Store {
  storage: Storage;
  codecs: StreamCodecs;
  content: ContentStore;
  layers: LayerStore;
  images: ImageStore;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Rejects with InputError when the storage has something else in it. */
export async function openStore(storage: Storage, codecs: StreamCodecs, now: () => number): Promise<Store> {
  const content = new ContentStore(storage, codecs);
  const layers = new LayerStore(storage, codecs);
  // what was on its way when the last process ended is not; what came of blobs is kept, and goes on
  for (const name of await storage.list(PARTIAL)) if (name !== 'sha256') await storage.remove(`${PARTIAL}/${name}`);
  const images = await ImageStore.open(storage, content, layers, now);
  return { storage, codecs, content, layers, images, now };
}

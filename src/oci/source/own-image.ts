// The image that the package brings, so that a first container needs no network: its name is asked of no registry.
// Ours; the same root gives the same image.
import { parsePlatform } from '../platform.js';
import { familiar, parseReference, type Reference, withTag } from '../reference.js';
import type { Image } from '../store/image-store.js';
import type { Store } from '../store/store.js';
import { importRoot } from './make.js';

const NAME = withTag(parseReference('tabvisor'));
const CONFIG = {
  Cmd: ['sh'],
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
};

/** Its root, as a tar. */
export type OwnRoot = () => AsyncIterable<Uint8Array>;

export const isOwnImage = (reference: Reference): boolean => familiar(withTag(reference)) === familiar(NAME);

export async function importOwnImage(store: Store, root: OwnRoot): Promise<Image> {
  const making = { tag: NAME, created: 0, comment: "tabvisor's own image", config: CONFIG };
  return store.images.get(await importRoot(store, root(), parsePlatform('linux/386'), making));
}

// All that an image shows, as one tree, without a container. Ours; oci/tree.
import type { Image } from '../../oci/store/image-store.js';
import type { Store } from '../../oci/store/store.js';
import { flatten, type Tree, treeOf } from '../../oci/tree/tree.js';

export interface OpenTree {
  tree: Tree;
  /** Its files can't be read any more. */
  close(): void;
}

/** Undefined for an image of nothing. Rejects with InputError. */
export async function openImageTree(
  store: Store,
  image: Image | undefined,
): Promise<{ tree: Tree | undefined; close(): void }> {
  const layers = image ? await store.images.open(image.id) : [];
  const close = (): void => {
    for (const { tar } of layers) tar.close();
  };
  try {
    return { tree: layers.length > 0 ? flatten(layers.map(treeOf)) : undefined, close };
  } catch (error) {
    close();
    throw error;
  }
}

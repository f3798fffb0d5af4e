// What has been built already: an image of the same parent by the same words, that begins its containers in the same way.
// docs.docker.com/build/cache, "Build cache invalidation".
import type { Digest } from '../../oci/digest.js';
import type { ContainerDefaults } from '../../oci/config.js';
import { configDocument } from '../../oci/config-document.js';
import { formatPlatform, type Platform } from '../../oci/platform.js';
import type { Image, ImageStore } from '../../oci/store/image-store.js';

export interface Wanted {
  parent: Image | undefined;
  createdBy: string;
  config: ContainerDefaults;
  author: string | undefined;
  platform: Platform;
}

const words = (config: ContainerDefaults): string => JSON.stringify(configDocument(config));

/** The newest that fits. */
export async function findBuilt(images: ImageStore, wanted: Wanted): Promise<Image | undefined> {
  let found: Image | undefined;
  for (const id of images.childrenOf(wanted.parent?.id)) {
    const image = await images.get(id);
    if (!(await isWhole(images, image)) || !fits(image, wanted)) continue;
    if (!found || (image.config.created ?? '') > (found.config.created ?? '')) found = image;
  }
  return found;
}

function fits({ config }: Image, { parent, createdBy, config: begins, author, platform }: Wanted): boolean {
  const before = parent?.config;
  return (
    config.history.length === (before?.history.length ?? 0) + 1 &&
    config.history.at(-1)!.createdBy === createdBy &&
    (before?.diffIds ?? []).every((id, i) => config.diffIds[i] === id) &&
    formatPlatform(config.platform) === formatPlatform(platform) &&
    config.author === author &&
    words(config.config) === words(begins)
  );
}

const isWhole = async (images: ImageStore, { config }: Image): Promise<boolean> =>
  (await Promise.all(config.diffIds.map((id: Digest) => images.layers.has(id)))).every(Boolean);

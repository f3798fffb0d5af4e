// What has been built already: an image of the same parent by the same words, that begins its containers in the same way.
// docs.docker.com/build/cache, "Build cache invalidation".
import type { StreamCodecs } from '../../base/streams.js';
import { encodeText } from '../../base/text.js';
import { type Digest, digestOfHex } from '../../oci/digest.js';
import type { ContainerDefaults } from '../../oci/config.js';
import { configDocument } from '../../oci/config-document.js';
import { formatPlatform, type Platform } from '../../oci/platform.js';
import type { Image, ImageStore } from '../../oci/store/image-store.js';

export interface Step {
  /** All that makes another image of it: what it is known by, and what the classic builder's histories say. */
  known: string;
  /** What BuildKit's say; undefined: nothing. */
  told: string | undefined;
}

export interface Wanted {
  parent: Image | undefined;
  step: Step;
  /** Of a step of BuildKit, whose histories don't tell all that it is known by. */
  digest: Digest | undefined;
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

function fits({ config, step: made }: Image, wanted: Wanted): boolean {
  const { parent, step, digest, config: begins, author, platform } = wanted;
  const before = parent?.config;
  const isMadeSo =
    digest === undefined
      ? config.history.length === (before?.history.length ?? 0) + 1 && config.history.at(-1)!.createdBy === step.known
      : digest === made;
  return (
    isMadeSo &&
    (before?.diffIds ?? []).every((id, i) => config.diffIds[i] === id) &&
    formatPlatform(config.platform) === formatPlatform(platform) &&
    config.author === author &&
    words(config.config) === words(begins)
  );
}

export function stepDigest({ known, told }: Step, codecs: StreamCodecs): Digest {
  const hash = codecs.sha256();
  hash.update(encodeText(JSON.stringify([known, told])));
  return digestOfHex(hash.digest());
}

const isWhole = async (images: ImageStore, { config }: Image): Promise<boolean> =>
  (await Promise.all(config.diffIds.map((id: Digest) => images.layers.has(id)))).every(Boolean);

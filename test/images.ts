// Images for tests, made in memory: layers from files, their documents, and all of it in a store.
// OCI image-spec.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Digest, digestOfHex } from '../src/oci/digest.js';
import { jsonBytes } from '../src/oci/json.js';
import type { Descriptor } from '../src/oci/manifest.js';
import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../src/oci/media-types.js';
import { openStore, type Store } from '../src/oci/store/store.js';
import { nodeStreams } from '../src/hosts/node/stream-codecs.js';
import { type TarFile, tarOf } from './tar.js';
import { MemoryStorage } from './memory-storage.js';

export const sha256 = (bytes: Uint8Array): Digest => digestOfHex(createHash('sha256').update(bytes).digest('hex'));

export interface MadeImage {
  manifest: Uint8Array;
  manifestDigest: Digest;
  config: Uint8Array;
  id: Digest;
  layers: { tar: Uint8Array; blob: Uint8Array; diffId: Digest; descriptor: Descriptor }[];
  /** All blobs by digest. */
  blobs: Map<Digest, Uint8Array>;
}

export function imageOf(
  layers: readonly (readonly TarFile[])[],
  config: Record<string, unknown> = {},
  platform: Record<string, unknown> = { os: 'linux', architecture: '386' },
): MadeImage {
  const made = layers.map((files) => {
    const tar = tarOf(files);
    const blob = new Uint8Array(gzipSync(tar));
    return {
      tar,
      blob,
      diffId: sha256(tar),
      descriptor: { mediaType: OCI_LAYER_GZIP, digest: sha256(blob), size: blob.length },
    };
  });
  const document = jsonBytes({
    ...platform,
    config,
    rootfs: { type: 'layers', diff_ids: made.map(({ diffId }) => diffId) },
    history: made.map((_, i) => ({ created_by: `layer ${i}` })),
  });
  const id = sha256(document);
  const manifest = jsonBytes({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: id, size: document.length },
    layers: made.map(({ descriptor }) => descriptor),
  });
  const blobs = new Map<Digest, Uint8Array>(made.map(({ blob, descriptor }) => [descriptor.digest, blob]));
  blobs.set(id, document);
  return { manifest, manifestDigest: sha256(manifest), config: document, id, layers: made, blobs };
}

export const bytesOf = (...pieces: Uint8Array[]): AsyncIterable<Uint8Array> =>
  (async function* () {
    yield* pieces;
  })();

export function memoryStore(storage = new MemoryStorage()): Promise<Store> {
  return openStore(storage, nodeStreams, () => 1_000_000);
}

/** All of an image, with a name. */
export async function put(store: Store, image: MadeImage, name?: string): Promise<Digest> {
  const { parseReference } = await import('../src/oci/reference.js');
  await store.content.put(image.config);
  for (const { tar, blob, descriptor } of image.layers) {
    await store.content.ingest(descriptor, bytesOf(blob));
    await store.layers.ingest(bytesOf(tar));
  }
  const manifest = await store.content.put(image.manifest);
  return store.images.add(manifest, name === undefined ? {} : { tag: parseReference(name) });
}

export { nodeStreams };

// An image as it leaves: each of its layers is a blob. Those that were made here are tars alone, and are compressed now, once.
// OCI image-spec, manifest.md. The configuration stays, and with it the image's ID.
import type { Digest } from '../digest.js';
import { jsonBytes } from '../json.js';
import type { Descriptor, Manifest } from '../manifest.js';
import { OCI_LAYER_GZIP, OCI_MANIFEST } from '../media-types.js';
import type { Image, Lease } from './image-store.js';
import type { Store } from './store.js';

/** Its manifest, whose blobs are all in the content store, and stay while the lease is held. */
export async function sendable(
  store: Store,
  { id, manifest, manifestDigest, config }: Image,
  lease: Lease,
): Promise<{ manifest: Manifest; manifestDigest: Digest }> {
  const layers: Descriptor[] = [];
  let changed = false;
  for (const [i, layer] of manifest.layers.entries()) {
    if (await store.content.has(layer.digest)) {
      layers.push(layer);
      continue;
    }
    const { digest, size } = await store.content.ingestUnknown(
      store.codecs.gzip(store.layers.stream(config.diffIds[i]!)),
    );
    lease.hold(digest);
    layers.push({ mediaType: OCI_LAYER_GZIP, digest, size });
    changed = true;
  }
  if (!changed) return { manifest, manifestDigest };
  const made: Manifest = { kind: 'manifest', mediaType: OCI_MANIFEST, config: manifest.config, layers };
  const digest = await store.content.put(manifestBytes(made));
  lease.hold(digest);
  await store.images.setManifest(id, digest);
  return { manifest: made, manifestDigest: digest };
}

/** A manifest of ours as a document. */
export function manifestBytes({ mediaType, config, layers }: Manifest): Uint8Array {
  return jsonBytes({ schemaVersion: 2, mediaType, config, layers });
}

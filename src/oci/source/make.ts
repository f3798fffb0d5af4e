// Images that are made here: of a root as a tar, and of what has changed over another image.
// docker import, docker commit. The time is given, so that equal things give equal images.
import { InputError } from '../../base/errors.js';
import { type Digest, hexOf } from '../digest.js';
import { jsonBytes, type JsonObject } from '../json.js';
import { LAYERS_MAX } from '../manifest.js';
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from '../media-types.js';
import type { Platform } from '../platform.js';
import type { Reference } from '../reference.js';
import { manifestBytes } from '../store/sendable.js';
import type { Store } from '../store/store.js';
import { layerTar } from '../tree/layer-tar.js';
import type { Tree } from '../tree/tree.js';
import { uncompressed } from './compressed.js';

export interface Making {
  tag?: Reference;
  /** When it is made; in milliseconds since 1970. */
  created: number;
  author?: string;
  comment?: string;
  /** The document's `config`; undefined: the one of the image below. */
  config?: JsonObject;
}

/** An image of one layer. `root`: a tar, perhaps compressed. */
export async function importRoot(
  store: Store,
  root: AsyncIterable<Uint8Array>,
  platform: Platform,
  making: Making,
): Promise<Digest> {
  const { diffId } = await store.layers.ingest(await uncompressed(store.codecs, root, 'import'));
  const document = {
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant !== undefined && { variant: platform.variant }),
  };
  return made(store, document, [diffId], [], '', making);
}

/** An image of `base` and what has changed over it. */
export async function commit(
  store: Store,
  base: Digest,
  changes: Tree,
  making: Making,
  createdBy = '',
): Promise<Digest> {
  const { config } = await store.images.get(base);
  if (config.diffIds.length >= LAYERS_MAX)
    throw new InputError(
      `commit: the image has ${LAYERS_MAX} layers already`,
      'Export and import it: one layer is left of them.',
    );
  const { diffId } = await store.layers.ingest(layerTar(changes));
  const history = Array.isArray(config.document.history) ? config.document.history : [];
  return made(store, config.document, [...config.diffIds, diffId], history, createdBy, making);
}

async function made(
  store: Store,
  document: JsonObject,
  diffIds: readonly Digest[],
  history: readonly unknown[],
  createdBy: string,
  { tag, created, author, comment, config }: Making,
): Promise<Digest> {
  const { images, layers, content } = store;
  const lease = images.lease();
  try {
    lease.hold(...diffIds);
    const time = new Date(created).toISOString();
    const step = {
      created: time,
      created_by: createdBy,
      ...(author !== undefined && { author }),
      ...(comment !== undefined && { comment }),
    };
    const bytes = jsonBytes({
      ...document,
      created: time,
      ...(author !== undefined && { author }),
      config: config ?? document.config ?? {},
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: [...history, step],
    });
    const id = await content.put(bytes);
    lease.hold(id);
    const descriptors = [];
    for (const diffId of diffIds) descriptors.push(await descriptorFor(store, diffId, layers));
    const manifest = await content.put(
      manifestBytes({
        kind: 'manifest',
        mediaType: OCI_MANIFEST,
        config: { mediaType: OCI_CONFIG, digest: id, size: bytes.length },
        layers: descriptors,
      }),
    );
    return await images.add(manifest, tag ? { tag } : {});
  } finally {
    lease.release();
  }
}

/** The blob that a layer has come as, where another image knows one; else the tar itself. */
async function descriptorFor(store: Store, diffId: Digest, layers: Store['layers']) {
  const known = await store.images.blobOf(diffId);
  if (known) return known;
  const size = await layers.size(diffId);
  if (size === undefined) throw new InputError(`layer ${hexOf(diffId)}: is missing from the store`);
  return { mediaType: OCI_LAYER, digest: diffId, size };
}

// Images that are made here: of a root as a tar, and of what has changed over another image.
// docker import, docker commit. The time is given, so that equal things give equal images.
import { InputError } from '../../base/errors.js';
import { type Digest, hexOf } from '../digest.js';
import { DOCUMENT_MAX, jsonBytes, type JsonObject } from '../json.js';
import { LAYERS_MAX } from '../manifest.js';
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from '../media-types.js';
import type { Platform } from '../platform.js';
import type { Reference } from '../reference.js';
import type { Image, Lease } from '../store/image-store.js';
import { manifestBytes } from '../store/sendable.js';
import type { Store } from '../store/store.js';
import { archiveEnd } from '../tar/writer.js';
import { begun, uncompressed } from './compressed.js';

export interface Making {
  tag?: Reference;
  /** When it is made; in milliseconds since 1970. */
  created: number;
  author?: string;
  comment?: string;
  /** The document's `config`; undefined: the one of the image below. */
  config?: JsonObject;
  /** The image that it was made from, and what builds find the step again by. */
  parent?: Digest;
  step?: Digest;
}

/** An image of one layer. `root`: a tar, perhaps compressed. */
export async function importRoot(
  store: Store,
  root: AsyncIterable<Uint8Array>,
  platform: Platform,
  making: Making,
): Promise<Digest> {
  const document = {
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant !== undefined && { variant: platform.variant }),
  };
  return store.images.bring(async (lease) => {
    const { diffId } = await store.layers.ingest(await uncompressed(store.codecs, root, 'import'));
    return made(store, lease, document, [diffId], [], { created_by: '' }, making);
  });
}

/** An image of `base` and what has changed over it, a layer's tar. */
export async function commit(
  store: Store,
  base: Digest,
  changes: AsyncIterable<Uint8Array>,
  making: Making,
  createdBy = '',
): Promise<Digest> {
  const { config } = await store.images.get(base);
  if (config.diffIds.length >= LAYERS_MAX)
    throw new InputError(
      `commit: the image has ${LAYERS_MAX} layers already`,
      'Export and import it: one layer is left of them.',
    );
  const history = historyOf(config.document);
  return store.images.bring(async (lease) => {
    lease.hold(...config.diffIds);
    const { diffId } = await store.layers.ingest(changes);
    const entry = { created_by: createdBy };
    return made(store, lease, config.document, [...config.diffIds, diffId], history, entry, {
      ...making,
      parent: base,
    });
  });
}

const historyOf = (document: JsonObject): readonly unknown[] =>
  Array.isArray(document.history) ? document.history : [];

/**
 * One step of a build: an image of `base` (undefined: of nothing) with a layer more, or without one, as its configuration says.
 * `createdBy`: undefined, and the history says nothing of it.
 */
export async function buildStep(
  store: Store,
  base: Image | undefined,
  platform: Platform,
  createdBy: string | undefined,
  layer: AsyncIterable<Uint8Array> | undefined,
  making: Making & { config: JsonObject },
): Promise<Digest> {
  const document = base?.config.document ?? { ...platform };
  const below = base?.config.diffIds ?? [];
  const tar = layer && (await withContents(layer));
  if (tar && below.length >= LAYERS_MAX)
    throw new InputError(
      `build: the image has ${LAYERS_MAX} layers already`,
      'Join instructions that belong together.',
    );
  return store.images.bring(async (lease) => {
    lease.hold(...below);
    const added = tar ? [(await store.layers.ingest(tar)).diffId] : [];
    const step = createdBy !== undefined && {
      created_by: createdBy,
      ...(added.length === 0 && { empty_layer: true }),
    };
    const diffIds = [...below, ...added];
    return made(store, lease, document, diffIds, historyOf(document), step, { ...making, parent: base?.id });
  });
}

/** The tar again, or undefined when it is of nothing: its end alone. */
async function withContents(tar: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array> | undefined> {
  const { first, all } = await begun(tar, archiveEnd().length + 1);
  if (first.length > archiveEnd().length) return all;
  for await (const _ of all);
  return undefined;
}

async function made(
  store: Store,
  lease: Lease,
  document: JsonObject,
  diffIds: readonly Digest[],
  history: readonly unknown[],
  entry: JsonObject | false,
  { tag, created, author, comment, config, parent, step }: Making,
): Promise<Digest> {
  const { images, layers, content } = store;
  lease.hold(...diffIds);
  const time = new Date(created).toISOString();
  const told = entry && {
    created: time,
    ...entry,
    ...(author !== undefined && { author }),
    ...(comment !== undefined && { comment }),
  };
  const bytes = jsonBytes({
    ...document,
    created: time,
    ...(author !== undefined && { author }),
    config: config ?? document.config ?? {},
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: told ? [...history, told] : history,
  });
  if (bytes.length > DOCUMENT_MAX)
    throw new InputError(`the configuration of the image becomes longer than ${DOCUMENT_MAX >> 20} MiB`);
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
  lease.hold(manifest);
  return images.add(manifest, { tag, parent, step });
}

/** The blob that a layer has come as, where another image knows one; else the tar itself. */
async function descriptorFor(store: Store, diffId: Digest, layers: Store['layers']) {
  const known = await store.images.blobOf(diffId);
  if (known) return known;
  const size = await layers.size(diffId);
  if (size === undefined) throw new InputError(`layer ${hexOf(diffId)}: is missing from the store`);
  return { mediaType: OCI_LAYER, digest: diffId, size };
}

// Images out of a bundle: an OCI layout, what `docker save` writes today, and what it wrote before.
// OCI image-spec, image-layout.md; Docker's image specification 1.2, "Combined Image JSON + Filesystem Changeset Format".
import { InputError } from '../../base/errors.js';
import { Sha256 } from '../../base/sha256.js';
import type { Compression } from '../../base/streams.js';
import { decodeText } from '../../base/text.js';
import { parseConfig } from '../config.js';
import { type Digest, digestOf, hexOf } from '../digest.js';
import { DOCUMENT_MAX, Fields, type JsonObject, isObject, parseJson } from '../json.js';
import { type Descriptor, LAYERS_MAX, type Manifest, parseManifest } from '../manifest.js';
import {
  compressionOf,
  layerCompression,
  OCI_CONFIG,
  OCI_LAYER,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../media-types.js';
import { checkPlatform, choosePlatform, type Platform } from '../platform.js';
import { familiar, parseReference, type Reference } from '../reference.js';
import { counter, type Interest, type OnProgress } from '../registry/progress.js';
import { ContentError } from '../store/content-store.js';
import type { Lease } from '../store/image-store.js';
import { manifestBytes } from '../store/sendable.js';
import type { Store } from '../store/store.js';
import type { Bundle } from './bundle.js';
import { begun } from './compressed.js';
import { importWasm, isWasmArtifact, wasmPlatform } from './wasm-artifact.js';

const IMAGES_MAX = 1024;
const TAGS_MAX = 1024;
const NAME_ANNOTATIONS = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'];

export interface Loaded {
  id: Digest;
  /** Those that it came with; none: it has no name. */
  tags: Reference[];
}

export interface LoadOptions {
  /** The one that images must be for. */
  platform?: Platform | undefined;
  progress?: OnProgress;
  interest?: Interest;
}

/** All images of a bundle. Rejects with InputError; images that were whole before stay. */
export async function loadImages(store: Store, bundle: Bundle, options: LoadOptions = {}): Promise<Loaded[]> {
  return load(store, watched(bundle, options), options);
}

/** The same bundle: of its streams is told how far they have come, and they end when nobody wants them any more. */
function watched(bundle: Bundle, { progress = () => {}, interest }: LoadOptions): Watched {
  return {
    name: bundle.name,
    size: (path) => bundle.size(path),
    read: (path, most) => bundle.read(path, most),
    async *stream(path, layer) {
      const tell = layer && counter(progress, layer.slice(7, 19), 'Loading layer', (await bundle.size(path)) ?? 0);
      let read = 0;
      for await (const piece of bundle.stream(path)) {
        if (interest?.aborted) throw new InputError(`${bundle.name}: given up`);
        read += piece.length;
        yield piece;
        tell?.(read);
      }
    },
  };
}

interface Watched extends Bundle {
  /** `layer`: it is told of by this name. */
  stream(path: string, layer?: Digest): AsyncIterable<Uint8Array>;
}

async function load(store: Store, bundle: Watched, { platform }: LoadOptions): Promise<Loaded[]> {
  return store.images.bring(async (lease) => {
    const index = await bundle.read('index.json', DOCUMENT_MAX);
    const inLayout = index ? await manifestsIn(bundle, index, platform) : [];
    const list = await bundle.read('manifest.json', DOCUMENT_MAX);
    if (list) return await fromDockerList(store, bundle, list, inLayout, lease, platform);
    if (!index)
      throw new InputError(
        `${bundle.name}: holds no image`,
        'It is neither of docker save nor an OCI layout; a root as a tar is for import.',
      );
    const loaded: Loaded[] = [];
    for (const { manifest, bytes, names } of inLayout) {
      if (isWasmArtifact(manifest)) {
        const what = wasmPlatform(await documentOf(bundle, manifest.config), `${bundle.name}: configuration`);
        if (platform) checkPlatform(bundle.name, what.platform, platform);
        const program = bundle.stream(blobPath(manifest.layers[0]!.digest));
        loaded.push({ id: await importWasm(store, manifest, what, program, names[0]), tags: names });
        continue;
      }
      await takeManifest(store, bundle, manifest, lease, platform);
      loaded.push(await named(store, bytes, names, lease));
    }
    return loaded;
  });
}

interface LaidOut {
  manifest: Manifest;
  bytes: Uint8Array;
  names: Reference[];
}

/** The manifests that a layout's index leads to; of an index in it the one for our platform. */
async function manifestsIn(bundle: Bundle, bytes: Uint8Array, platform: Platform | undefined): Promise<LaidOut[]> {
  const layout = new Fields(
    parseJson((await bundle.read('oci-layout', DOCUMENT_MAX)) ?? new Uint8Array(0), 'oci-layout'),
    'oci-layout',
  );
  if (!layout.text('imageLayoutVersion')?.startsWith('1.'))
    throw new InputError(`${bundle.name}: is a layout of another version`);
  const index = parseManifest(bytes, undefined, `${bundle.name}: index.json`);
  if (index.kind !== 'index') throw new InputError(`${bundle.name}: its index.json is no index`);
  const found: LaidOut[] = [];
  for (const entry of index.manifests.slice(0, IMAGES_MAX)) {
    const names = namesOf(entry.annotations ?? {});
    let document = await documentOf(bundle, entry);
    let parsed = parseManifest(document, entry.mediaType || undefined, `${bundle.name}: ${entry.digest}`);
    if (parsed.kind === 'index') {
      document = await documentOf(bundle, choosePlatform(bundle.name, parsed.manifests, platform));
      parsed = parseManifest(document, undefined, `${bundle.name}: manifest`);
    }
    if (parsed.kind === 'index') throw new InputError(`${bundle.name}: an index leads to another index`);
    found.push({ manifest: parsed, bytes: document, names });
  }
  if (found.length === 0) throw new InputError(`${bundle.name}: its index names no image`);
  return found;
}

/** Of several names that say the same, the fullest. A tag alone is no name. */
function namesOf(annotations: Readonly<Record<string, string>>): Reference[] {
  for (const key of NAME_ANNOTATIONS) {
    const text = Object.hasOwn(annotations, key) ? annotations[key]! : '';
    if (text.includes('/') || text.includes(':')) return [parseReference(text)];
  }
  return [];
}

const blobPath = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`;

async function documentOf(bundle: Bundle, descriptor: Descriptor): Promise<Uint8Array> {
  const bytes = await bundle.read(blobPath(descriptor.digest), DOCUMENT_MAX);
  if (!bytes) throw new InputError(`${bundle.name}: has no ${descriptor.digest}`);
  return checked(bundle, bytes, descriptor);
}

function checked(bundle: Bundle, bytes: Uint8Array, { digest, size }: Descriptor): Uint8Array {
  const hash = new Sha256();
  hash.update(bytes);
  if (bytes.length !== size || `sha256:${hash.digest()}` !== digest)
    throw new ContentError(`${bundle.name}: ${digest} is something else`);
  return bytes;
}

/** All that a manifest names, out of a layout. */
async function takeManifest(
  store: Store,
  bundle: Watched,
  manifest: Manifest,
  lease: Lease,
  asked: Platform | undefined,
): Promise<void> {
  const config = await documentOf(bundle, manifest.config);
  const { diffIds, platform } = parseConfig(config, `${bundle.name}: configuration`);
  if (asked) checkPlatform(bundle.name, platform, asked);
  if (diffIds.length !== manifest.layers.length)
    throw new InputError(`${bundle.name}: has ${manifest.layers.length} layers, and checksums of ${diffIds.length}`);
  lease.hold(manifest.config.digest, ...diffIds, ...manifest.layers.map(({ digest }) => digest));
  await store.content.put(config);
  for (const [i, layer] of manifest.layers.entries()) {
    const compression = layerCompression(layer.mediaType);
    if ((await bundle.size(blobPath(layer.digest))) === undefined)
      throw new InputError(`${bundle.name}: has no ${layer.digest}`);
    if (compression !== 'none' && !(await store.content.has(layer.digest)))
      await store.content.ingest(layer, bundle.stream(blobPath(layer.digest)));
    if (await store.layers.has(diffIds[i]!)) continue;
    const bytes = bundle.stream(blobPath(layer.digest), diffIds[i]);
    await store.layers.ingest(
      compression === 'none' ? bytes : store.codecs.uncompress(compression, bytes),
      diffIds[i]!,
      layer.size,
    );
  }
}

async function named(store: Store, bytes: Uint8Array, tags: Reference[], lease: Lease): Promise<Loaded> {
  const manifest = await store.content.put(bytes);
  lease.hold(manifest);
  const id = await store.images.add(manifest, {});
  for (const tag of tags) await store.images.add(manifest, { tag });
  return { id, tags };
}

/** manifest.json: a list of configurations, tags and layers by their files' names. */
async function fromDockerList(
  store: Store,
  bundle: Watched,
  bytes: Uint8Array,
  inLayout: readonly LaidOut[],
  lease: Lease,
  asked: Platform | undefined,
): Promise<Loaded[]> {
  let list: unknown;
  try {
    list = JSON.parse(decodeText(bytes) ?? '');
  } catch (error) {
    throw new InputError(`${bundle.name}: manifest.json: is no JSON`, undefined, { cause: error });
  }
  if (!Array.isArray(list) || list.length === 0 || list.length > IMAGES_MAX || !list.every(isObject))
    throw new InputError(`${bundle.name}: manifest.json: is no list of images`);
  const loaded: Loaded[] = [];
  for (const image of list as JsonObject[]) {
    const fields = new Fields(image, `${bundle.name}: manifest.json`);
    const path = fields.text('Config') ?? '';
    const config = await bundle.read(path, DOCUMENT_MAX);
    if (!config) throw new InputError(`${bundle.name}: has no configuration '${path.slice(0, 200)}'`);
    const id = digestOf(store.codecs, config);
    const tags = (fields.texts('RepoTags', TAGS_MAX) ?? []).map(parseReference);
    const { platform } = parseConfig(config, `${bundle.name}: configuration`);
    if (asked) checkPlatform(tags[0] ? familiar(tags[0]) : bundle.name, platform, asked);
    // what has a manifest keeps it, and with it its digest
    const laidOut = inLayout.find(({ manifest }) => manifest.config.digest === id);
    if (laidOut) await takeManifest(store, bundle, laidOut.manifest, lease, asked);
    const manifest =
      laidOut?.bytes ?? (await takeLayers(store, bundle, config, id, fields.texts('Layers', LAYERS_MAX) ?? [], lease));
    loaded.push(await named(store, manifest, tags, lease));
  }
  return loaded;
}

/** Layers by their files' names; a manifest for them is made. */
async function takeLayers(
  store: Store,
  bundle: Watched,
  config: Uint8Array,
  id: Digest,
  paths: readonly string[],
  lease: Lease,
): Promise<Uint8Array> {
  const { diffIds } = parseConfig(config, `${bundle.name}: configuration`);
  if (diffIds.length !== paths.length)
    throw new InputError(`${bundle.name}: has ${paths.length} layers, and checksums of ${diffIds.length}`);
  lease.hold(id, ...diffIds);
  await store.content.put(config);
  const layers: Descriptor[] = [];
  for (const [i, path] of paths.entries()) layers.push(await takeLayer(store, bundle, path, diffIds[i]!, lease));
  return manifestBytes({
    kind: 'manifest',
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: id, size: config.length },
    layers,
  });
}

/** Of the others a manifest has no word. */
const TYPE_OF: Readonly<Record<Exclude<Compression, 'xz' | 'bzip2'> | 'none', string>> = {
  none: OCI_LAYER,
  gzip: OCI_LAYER_GZIP,
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
};

async function takeLayer(
  store: Store,
  bundle: Watched,
  path: string,
  diffId: Digest,
  lease: Lease,
): Promise<Descriptor> {
  const size = await bundle.size(path);
  if (size === undefined) throw new InputError(`${bundle.name}: has no layer '${path.slice(0, 200)}'`);
  const compression = compressionOf((await begun(bundle.stream(path))).first);
  if (compression === 'xz' || compression === 'bzip2')
    throw new InputError(`${bundle.name}: layer '${path.slice(0, 200)}' is compressed with ${compression}`);
  const isThere = await store.layers.has(diffId);
  if (compression === 'none') {
    if (!isThere) await store.layers.ingest(bundle.stream(path, diffId), diffId);
    return { mediaType: OCI_LAYER, digest: diffId, size: (await store.layers.size(diffId))! };
  }
  if (!isThere)
    await store.layers.ingest(store.codecs.uncompress(compression, bundle.stream(path, diffId)), diffId, size);
  const { digest } = await store.content.ingestUnknown(bundle.stream(path));
  lease.hold(digest);
  return { mediaType: TYPE_OF[compression], digest, size };
}

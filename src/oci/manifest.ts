// Manifests and indexes of images, from their bytes: what they name, each with digest and size.
// OCI image-spec, manifest.md, image-index.md, descriptor.md; Docker's schema 2. Hostile: ambiguous ones are refused.
import { InputError } from '../base/errors.js';
import { type Digest, parseDigest } from './digest.js';
import { Fields, type JsonObject, parseJson } from './json.js';
import {
  isConfigType,
  isIndexType,
  isManifestType,
  isWasmLayer,
  layerCompression,
  OCI_INDEX,
  OCI_MANIFEST,
  WASM_CONFIG,
} from './media-types.js';
import type { Platform } from './platform.js';

/** As Docker; who stacks more has something else in mind. */
export const LAYERS_MAX = 127;
const MANIFESTS_MAX = 1024;
const URLS_MAX = 16;
const ANNOTATIONS_MAX = 1024;

export interface Descriptor {
  mediaType: string;
  digest: Digest;
  size: number;
  /** Where else the content lies. */
  urls?: string[];
  annotations?: Record<string, string>;
  platform?: Platform;
}

export interface Manifest {
  kind: 'manifest';
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
}

export interface ImageIndex {
  kind: 'index';
  mediaType: string;
  manifests: Descriptor[];
}

/**
 * A document that names others. `told`: the media type that it came with; `what` names it in messages. Throws InputError.
 * What says two things of itself, or has the parts of both kinds, is refused: readers would differ about what it is.
 */
export function parseManifest(bytes: Uint8Array, told: string | undefined, what: string): Manifest | ImageIndex {
  const object = parseJson(bytes, what);
  const fields = new Fields(object, what);
  const own = fields.text('mediaType');
  const outside = told?.replace(/;.*/s, '').trim();
  const given = outside !== undefined && (isIndexType(outside) || isManifestType(outside)) ? outside : undefined;
  if (fields.integer('schemaVersion') === 1 || /distribution\.manifest\.v1\+(json|prettyjws)/.test(outside ?? ''))
    throw new InputError(
      `${what}: is of Docker's schema 1, which is not read any more`,
      'Push the image again with a newer tool.',
    );
  if (fields.integer('schemaVersion') !== 2) throw new InputError(`${what}: its schemaVersion is not 2`);
  if (own !== undefined && !isIndexType(own) && !isManifestType(own))
    throw new InputError(`${what}: the media type '${own.slice(0, 100)}' is not one of an image`);
  if (own !== undefined && given !== undefined && own !== given)
    throw new InputError(`${what}: is ambiguous: it came as ${given}, and calls itself ${own}`);
  const hasIndex = fields.has('manifests');
  const hasManifest = fields.has('config') || fields.has('layers');
  if (hasIndex && hasManifest)
    throw new InputError(`${what}: is ambiguous: it has the parts of an image, and those of an index`);
  if (!hasIndex && !hasManifest) throw new InputError(`${what}: has neither layers nor manifests`);
  const mediaType = own ?? given ?? (hasIndex ? OCI_INDEX : OCI_MANIFEST);
  if (isIndexType(mediaType) !== hasIndex)
    throw new InputError(
      `${what}: is ambiguous: its media type is ${mediaType}, its parts are those of the other kind`,
    );
  return hasIndex ? indexOf(fields, mediaType, what) : manifestOf(fields, mediaType, what);
}

function indexOf(fields: Fields, mediaType: string, what: string): ImageIndex {
  const manifests = fields
    .objects('manifests', MANIFESTS_MAX)!
    .map((entry) => descriptorOf(entry, `${what}: manifests`));
  return { kind: 'index', mediaType, manifests };
}

function manifestOf(fields: Fields, mediaType: string, what: string): Manifest {
  const given = fields.object_('config');
  if (!given) throw new InputError(`${what}: has no config`);
  const config = descriptorOf(given, `${what}: config`);
  const isWasm = config.mediaType === WASM_CONFIG;
  if (!isConfigType(config.mediaType) && !isWasm)
    throw new InputError(
      `${what}: its config is of type '${config.mediaType.slice(0, 100)}': it is an artifact, no image of a filesystem`,
    );
  const layers = (fields.objects('layers', LAYERS_MAX) ?? []).map((entry, i) =>
    descriptorOf(entry, `${what}: layer ${i}`),
  );
  if (!isWasm) for (const layer of layers) layerCompression(layer.mediaType);
  else if (layers.length !== 1 || !isWasmLayer(layers[0]!.mediaType))
    throw new InputError(`${what}: is an artifact of WebAssembly, and its layers are not one of application/wasm`);
  return { kind: 'manifest', mediaType, config, layers };
}

/** Throws InputError. */
export function descriptorOf(object: JsonObject, what: string): Descriptor {
  const fields = new Fields(object, what);
  const size = fields.size('size');
  if (size === undefined) throw new InputError(`${what}: has no size`);
  const urls = fields.texts('urls', URLS_MAX);
  const annotations = fields.map('annotations', ANNOTATIONS_MAX);
  const platform = fields.fields('platform');
  return {
    mediaType: fields.text('mediaType') ?? '',
    digest: parseDigest(fields.text('digest'), what),
    size,
    ...(urls && { urls }),
    ...(annotations && { annotations: Object.fromEntries(annotations) }),
    ...(platform && { platform: platformOf(platform) }),
  };
}

function platformOf(fields: Fields): Platform {
  const variant = fields.text('variant');
  return {
    os: fields.text('os') ?? 'unknown',
    architecture: fields.text('architecture') ?? 'unknown',
    ...(variant !== undefined && variant !== '' && { variant }),
  };
}

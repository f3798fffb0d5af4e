// What documents and layers are, by their media types: OCI's and Docker's names for the same things.
// OCI image-spec, media-types.md; Docker image manifest version 2, schema 2.
import { InputError } from '../base/errors.js';
import type { Compression } from '../base/streams.js';

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';
export const OCI_LAYER_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';

/** Of an artifact that is a WebAssembly program, and of its layer. */
export const WASM_CONFIG = 'application/vnd.wasm.config.v0+json';
const WASM_LAYER = 'application/wasm';

/** What a registry is asked for. */
export const MANIFEST_TYPES = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST];

export const isIndexType = (type: string): boolean => type === OCI_INDEX || type === DOCKER_LIST;
export const isManifestType = (type: string): boolean => type === OCI_MANIFEST || type === DOCKER_MANIFEST;
export const isConfigType = (type: string): boolean => type === OCI_CONFIG || type === DOCKER_CONFIG;

const LAYERS: Readonly<Record<string, Compression | 'none'>> = {
  [OCI_LAYER]: 'none',
  [OCI_LAYER_GZIP]: 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
  'application/vnd.oci.image.layer.nondistributable.v1.tar': 'none',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
  'application/vnd.docker.image.rootfs.foreign.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip': 'gzip',
};

/** How a layer's blob is compressed. Throws InputError for what is no layer. */
export function layerCompression(type: string): Compression | 'none' {
  const found = Object.hasOwn(LAYERS, type) ? LAYERS[type] : undefined;
  if (found === undefined)
    throw new InputError(
      `layer: the media type '${type.slice(0, 100)}' is not one of a layer`,
      'Layers are tars, as they are, with gzip or with zstd.',
    );
  return found;
}

/** A layer that is a WebAssembly file, no tar. */
export const isWasmLayer = (type: string): boolean => type === WASM_LAYER;

/** A layer that registries may not have: it names where it lies. */
export const isForeign = (type: string): boolean => /\.nondistributable\.|\.foreign\./.test(type);

/** How a file begins that is compressed. */
export function compressionOf(first: Uint8Array): Compression | 'none' {
  const begins = (...magic: number[]): boolean => magic.every((byte, i) => first[i] === byte);
  if (begins(0x1f, 0x8b)) return 'gzip';
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a)) return 'xz';
  if (begins(0x42, 0x5a, 0x68)) return 'bzip2';
  return 'none';
}

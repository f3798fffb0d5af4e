// A WebAssembly program as an OCI artifact, its one layer the file itself: it becomes an image of a root that has that file.
// CNCF TAG Runtime, "WASM OCI Artifact layout". Such a layer is no tar: what is mounted, and pushed on, is an image like others.
import { InputError } from '../../base/errors.js';
import { Sha256 } from '../../base/sha256.js';
import type { Digest } from '../digest.js';
import { Fields, parseJson } from '../json.js';
import type { Descriptor, Manifest } from '../manifest.js';
import { WASM_CONFIG } from '../media-types.js';
import type { Platform } from '../platform.js';
import type { Reference } from '../reference.js';
import { ContentError } from '../store/content-store.js';
import type { Store } from '../store/store.js';
import { archiveEnd, headersOf, padding } from '../tar/writer.js';
import { importRoot } from './make.js';

const TITLE = 'org.opencontainers.image.title';
const OTHERWISE = 'module.wasm';
const SYSTEMS = /^wasi(p[12])?$/;
/** Bytes of a program. */
const PROGRAM_MAX = 1 << 30;

export const isWasmArtifact = ({ config }: Manifest): boolean => config.mediaType === WASM_CONFIG;

/** What its configuration says. Throws InputError. */
export function wasmPlatform(config: Uint8Array, what: string): { platform: Platform; created: number } {
  const fields = new Fields(parseJson(config, what), what);
  const os = fields.text('os') ?? '';
  const architecture = fields.text('architecture') ?? '';
  if (architecture !== 'wasm' || !SYSTEMS.test(os))
    throw new InputError(`${what}: is for ${os || 'no system'}/${architecture || 'no processor'}, not for wasi/wasm`);
  const created = Date.parse(fields.text('created') ?? '');
  return { platform: { os, architecture }, created: Number.isNaN(created) ? 0 : created };
}

/** Makes the image. `bytes`: of the one layer, which are checked. Rejects with InputError. */
export async function importWasm(
  store: Store,
  { layers }: Manifest,
  { platform, created }: { platform: Platform; created: number },
  bytes: AsyncIterable<Uint8Array>,
  tag: Reference | undefined,
): Promise<Digest> {
  const layer = layers[0]!;
  const title = layer.annotations?.[TITLE] ?? '';
  const name = /^\w[\w.-]{0,98}$/.test(title) ? title : OTHERWISE;
  return importRoot(store, tarOf(name, layer, bytes), platform, {
    tag,
    created,
    comment: `artifact ${layer.digest}`,
    config: { Entrypoint: [`/${name}`] },
  });
}

async function* tarOf(
  name: string,
  { digest, size }: Descriptor,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (size > PROGRAM_MAX) throw new InputError(`${digest}: is a program of ${size} bytes: too large`);
  yield headersOf({ name, type: '0', mode: 0o755, size });
  const hash = new Sha256();
  let length = 0;
  for await (const piece of bytes) {
    length += piece.length;
    if (length > size) break;
    hash.update(piece);
    yield piece;
  }
  const found = `sha256:${hash.digest()}`;
  if (length !== size || found !== digest)
    throw new ContentError(`${digest}: what came is something else, ${length} bytes, ${found}`);
  yield padding(size);
  yield archiveEnd();
}

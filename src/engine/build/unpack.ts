// Archives that ADD unpacks: tars of the context, perhaps compressed; what is none is a file like any other.
// docs.docker.com/reference/dockerfile: ADD, "Adding local tar archives": what a file holds decides, not its name.
import type { LayerIndex } from '../../base/layer-index.js';
import { indexLayer } from '../../oci/layer.js';
import { compressionOf } from '../../oci/media-types.js';
import { spool, type Spooled } from '../../oci/source/spool.js';
import { uncompressedMax } from '../../oci/store/layer-store.js';
import type { Store } from '../../oci/store/store.js';
import { parseHeader } from '../../oci/tar/header.js';
import { type Tree, treeOf, typeOf } from '../../oci/tree/tree.js';
import type { Source } from './sources.js';

const BLOCK = 512;
const PIECE = 1 << 18;

/** The tree of an archive, which is there until `spooled` is released; undefined: it is none. Rejects with InputError. */
export async function unpack(
  store: Store,
  source: Source,
): Promise<{ tree: Tree; index: LayerIndex; spooled: Spooled } | undefined> {
  const { node, path } = source;
  if (typeOf(node) !== 0o100000 || node.size < 4) return undefined;
  const first = new Uint8Array(Math.min(BLOCK, node.size));
  await source.tree.read(node, 0, first);
  const compression = compressionOf(first);
  if (compression === 'none' && !isTar(first)) return undefined;
  const bytes = compression === 'none' ? pieces(source) : store.codecs.uncompress(compression, pieces(source));
  const spooled = await spool(store, bytes, path, uncompressedMax(node.size));
  try {
    const begin = new Uint8Array(Math.min(BLOCK, spooled.file.size));
    spooled.file.read(0, begin);
    if (isTar(begin)) {
      const index = indexLayer(spooled.file);
      return { tree: treeOf({ index, tar: spooled.file }), index, spooled };
    }
  } catch (error) {
    await spooled.release();
    throw error;
  }
  await spooled.release();
  return undefined;
}

function isTar(first: Uint8Array): boolean {
  if (first.length < BLOCK) return false;
  try {
    return parseHeader(first, 0) !== undefined;
  } catch {
    return false;
  }
}

async function* pieces({ tree, node }: Source): AsyncIterable<Uint8Array> {
  for (let at = 0; at < node.size; at += PIECE) {
    const bytes = new Uint8Array(Math.min(PIECE, node.size - at));
    await tree.read(node, at, bytes);
    yield bytes;
  }
}

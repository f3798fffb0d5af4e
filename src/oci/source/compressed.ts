// A stream that may be compressed: its first bytes say how. Hostile (threats: bombs): what it becomes is bounded by what has come of it.
// RFC 1952, RFC 8878, the .xz file format, bzip2.
import type { ByteSource } from '../../base/host.js';
import type { Compression, StreamCodecs } from '../../base/streams.js';
import { compressionOf } from '../media-types.js';
import { bomb, uncompressedMax } from '../store/layer-store.js';

const FIRST = 8;

/** The first bytes of a stream, `least` where there are so many, and all of it, those again. */
export async function begun(
  bytes: AsyncIterable<Uint8Array>,
  least = FIRST,
): Promise<{ first: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const pieces = bytes[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let size = 0;
  while (size < least) {
    const next = await pieces.next();
    if (next.done) break;
    held.push(next.value);
    size += next.value.length;
  }
  const first = new Uint8Array(size);
  let at = 0;
  for (const piece of held) {
    first.set(piece, at);
    at += piece.length;
  }
  const all = (async function* () {
    try {
      if (size > 0) yield first;
      for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
    } finally {
      await pieces.return?.();
    }
  })();
  return { first, all };
}

/** How a file is compressed. */
export function compressionIn(file: ByteSource): Compression | 'none' {
  const first = new Uint8Array(Math.min(FIRST, file.size));
  file.read(0, first);
  return compressionOf(first);
}

/** What a stream holds when it is uncompressed, if it has to be. `what` names it in messages. Rejects with InputError. */
export async function uncompressed(
  codecs: StreamCodecs,
  bytes: AsyncIterable<Uint8Array>,
  what: string,
  free?: number,
): Promise<AsyncIterable<Uint8Array>> {
  const { first, all } = await begun(bytes);
  const compression = compressionOf(first);
  if (compression === 'none') return all;
  const come = { bytes: 0 };
  return bounded(codecs.uncompress(compression, counted(all, come)), come, what, free);
}

async function* counted(bytes: AsyncIterable<Uint8Array>, come: { bytes: number }): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    come.bytes += piece.length;
    yield piece;
  }
}

/** `come`: how much of the compressed stream has come so far. */
async function* bounded(
  bytes: AsyncIterable<Uint8Array>,
  come: { readonly bytes: number },
  what: string,
  free?: number,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of bytes) {
    size += piece.length;
    const most = uncompressedMax(come.bytes, free);
    if (size > most) throw bomb(what, most);
    yield piece;
  }
}

// A browser's streams as the codec of snapshots.
// Contract: Codec in src/base/host.ts; Compression Streams standard.
import type { Codec } from '../../base/host.js';
import { crc32 } from '../../vmm/snapshot/crc32.js';

/** Throws TypeError when the bytes are none of that format, RangeError when they become more than `most`. */
async function through(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array,
  most: number,
): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  // what goes wrong is the reader's error, too
  writer.write(bytes as Uint8Array<ArrayBuffer>).catch(() => {});
  writer.close().catch(() => {});
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = stream.readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new RangeError('too long');
    }
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

export const browserCodec: Codec = {
  deflate: (bytes) => through(new CompressionStream('deflate-raw'), bytes, Number.POSITIVE_INFINITY),
  async inflate(bytes, size) {
    try {
      const whole = await through(new DecompressionStream('deflate-raw'), bytes, size);
      return whole.length === size ? whole : undefined;
    } catch {
      return undefined;
    }
  },
  crc32,
};

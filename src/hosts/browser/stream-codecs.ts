// The streams of a store in a browser: WebCrypto takes no pieces, and DecompressionStream no second member: SHA-256 is ours, and pako goes on where the browser ends.
// Contract: StreamCodecs in src/base/streams.ts; Compression Streams standard.
import { Sha256 } from '../../base/sha256.js';
import type { StreamCodecs } from '../../base/streams.js';
import { uncompress } from '../../base/uncompress.js';
import { nativeGunzip } from './native-gunzip.js';

export const browserStreams: StreamCodecs = {
  sha256: () => new Sha256(),
  uncompress: (compression, bytes) => (compression !== 'gzip' ? uncompress(compression, bytes) : nativeGunzip(bytes)),
  gzip: (bytes) => readAll(streamOf(bytes).pipeThrough(new CompressionStream('gzip'))),
};

function streamOf(bytes: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = bytes[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
    cancel: async () => void (await pieces.return?.()),
  });
}

/** Safari's streams are no iterables. */
export async function* readAll(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    ended = true;
  } finally {
    if (!ended) await reader.cancel().catch(() => {});
  }
}

// Node's crypto and zlib as the streams of a store.
// Contract: StreamCodecs in src/base/streams.ts.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import zlib from 'node:zlib';
import { InputError, messageOf } from '../../base/errors.js';
import type { StreamCodecs } from '../../base/streams.js';
import { uncompress } from '../../base/uncompress.js';

/** Larger than zlib's own: each piece is a turn of the event loop. */
const PIECE = 1 << 18;

export const nodeStreams: StreamCodecs = {
  sha256() {
    const hash = createHash('sha256');
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
  },
  uncompress(compression, bytes) {
    return compression !== 'gzip' ? uncompress(compression, bytes) : gunzip(bytes);
  },
  gzip(bytes) {
    return Readable.from(bytes, { objectMode: false }).pipe(zlib.createGzip({ chunkSize: PIECE }));
  },
};

/** RFC 1952, 2.2: one member behind another, and nothing else. */
async function* gunzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const unpacker = zlib.createGunzip({ chunkSize: PIECE });
  let given = 0;
  let failure: unknown;
  const source = (async function* () {
    try {
      for await (const piece of bytes) {
        given += piece.length;
        yield piece;
      }
    } catch (error) {
      failure = error;
      throw error;
    }
  })();
  const input = Readable.from(source, { objectMode: false });
  input.on('error', (error) => unpacker.destroy(error));
  input.pipe(unpacker);
  try {
    yield* unpacker;
  } catch (error) {
    if (failure !== undefined) throw failure;
    throw new InputError(`gzip: ${messageOf(error)}`, 'The archive is damaged.', { cause: error });
  } finally {
    input.destroy();
  }
  if (unpacker.bytesWritten !== given)
    throw new InputError(
      `gzip: something else follows the end, ${given - unpacker.bytesWritten} bytes`,
      'The archive is damaged.',
    );
}

// A stream as a file that can be read anywhere in it: an archive names at its end what lies at its beginning.
// Ours. The file is nobody's but the caller's, and gone when it is released or the store is opened the next time.
import type { ByteSource } from '../../base/host.js';
import { fileOf, type StoredFile } from '../../base/storage.js';
import type { Store } from '../store/store.js';
import { UNCOMPRESSED_MAX } from '../store/layer-store.js';
import { InputError } from '../../base/errors.js';
import { compressionIn, uncompressed } from './compressed.js';

let spools = 0;

export interface Spooled {
  file: StoredFile;
  /** What the storage calls it. */
  path: string;
  /** The file goes. */
  release(): Promise<void>;
}

/** The bytes as they are, `most` of them at most. `what` names them in messages. */
export async function spool(
  { storage }: Store,
  bytes: AsyncIterable<Uint8Array>,
  what: string,
  most = UNCOMPRESSED_MAX,
): Promise<Spooled> {
  const path = `partial/spool-${spools++}`;
  const writer = await storage.write(path, 0);
  try {
    try {
      let size = 0;
      for await (const piece of bytes) {
        size += piece.length;
        if (size > most) throw new InputError(`${what}: is longer than ${most} bytes`);
        await writer.write(piece);
      }
    } finally {
      await writer.abandon();
    }
    const file = (await storage.open(path))!;
    return {
      ...{ file, path },
      async release() {
        file.close();
        await storage.remove(path);
      },
    };
  } catch (error) {
    await storage.remove(path);
    throw error;
  }
}

/** Does something with what a stream holds, uncompressed; what is a file already is read where it lies. `what` names it in messages. */
export async function withSpooled<Result>(
  store: Store,
  bytes: AsyncIterable<Uint8Array>,
  what: string,
  work: (file: ByteSource) => Promise<Result>,
): Promise<Result> {
  const there = fileOf(bytes);
  if (there && compressionIn(there) === 'none') return work(there);
  const spooled = await spool(store, await uncompressed(store.codecs, bytes, what), what);
  try {
    return await work(spooled.file);
  } finally {
    await spooled.release();
  }
}

// A stream as a file that can be read anywhere in it: an archive names at its end what lies at its beginning.
// Ours. The file is nobody's but the caller's, and gone when it is released or the store is opened the next time.
import type { StoredFile } from '../../base/storage.js';
import type { Store } from '../store/store.js';
import { UNCOMPRESSED_MAX } from '../store/layer-store.js';
import { InputError } from '../../base/errors.js';
import { uncompressed } from './compressed.js';

let spools = 0;

/** Does something with what a stream holds, uncompressed. `what` names it in messages. */
export async function withSpooled<Result>(
  { storage, codecs }: Store,
  bytes: AsyncIterable<Uint8Array>,
  what: string,
  work: (file: StoredFile) => Promise<Result>,
): Promise<Result> {
  const path = `partial/spool-${spools++}`;
  const writer = await storage.write(path, 0);
  try {
    try {
      let size = 0;
      for await (const piece of await uncompressed(codecs, bytes, what)) {
        size += piece.length;
        if (size > UNCOMPRESSED_MAX) throw new InputError(`${what}: is longer than ${UNCOMPRESSED_MAX} bytes`);
        await writer.write(piece);
      }
    } finally {
      await writer.abandon();
    }
    const file = (await storage.open(path))!;
    try {
      return await work(file);
    } finally {
      file.close();
    }
  } finally {
    await storage.remove(path);
  }
}

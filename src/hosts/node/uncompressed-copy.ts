// A compressed archive's uncompressed copy, which is made once and kept in the user's cache: only of that can files be read in place.
// RFC 1952 (gzip); XDG Base Directory Specification (XDG_CACHE_HOME).
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { formatSize, GIB } from '../../base/bytes.js';
import { InputError } from '../../base/errors.js';
import { reason } from './files.js';

/** A file of some megabytes may say that it is terabytes. */
const COPY_MAX = 16 * GIB;

export interface CopyProgress {
  /** A copy is going to be made, at `path`. */
  begins(path: string): void;
  /** Bytes of the compressed file that have been read. */
  read(done: number, total: number): void;
}

/** The path of what `path`, a gzip file, holds. The copy is of this very file: another size, time or inode is another file. */
export async function uncompressedCopy(path: string, progress: CopyProgress): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  const key = createHash('sha256').update([dev, ino, size, mtimeNs, ctimeNs].join(':')).digest('hex').slice(0, 32);
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tabvisor', 'layers');
  const copy = join(folder, `${key}.tar`);
  if (existsSync(copy)) return copy;
  const partial = join(folder, `${key}.${randomUUID()}.partial`);
  progress.begins(copy);
  try {
    mkdirSync(folder, { recursive: true });
    const total = Number(size);
    await pipeline(
      createReadStream(path),
      counted((done) => progress.read(done, total)),
      createGunzip(),
      counted((done) => {
        if (done > COPY_MAX) throw new Error(`it holds more than ${formatSize(COPY_MAX)}`);
      }),
      createWriteStream(partial, { flags: 'wx', mode: 0o600 }),
    );
    renameSync(partial, copy);
    return copy;
  } catch (error) {
    rmSync(partial, { force: true });
    throw new InputError(
      `${basename(path)}: can't be uncompressed: ${reason(error)}`,
      `Uncompress it yourself (gunzip), or look at ${folder}.`,
      { cause: error },
    );
  }
}

/** Hands on what comes, and says how many bytes have come. */
function counted(see: (done: number) => void) {
  return async function* (from: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let done = 0;
    for await (const bytes of from) {
      done += bytes.length;
      see(done);
      yield bytes;
    }
  };
}

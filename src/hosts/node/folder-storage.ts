// A folder of the host as a store's storage: whole files appear by rename, and are on the disk before they do.
// Contract: Storage in src/base/storage.ts. man 2 rename, fsync: a name is safe when its folder is.
import { closeSync, createReadStream, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../../base/errors.js';
import { type Storage, StorageError, type StoredFile, type StoredWriter } from '../../base/storage.js';
import { reason } from './files.js';

const PIECE = 1 << 18;
const RESERVE = 'reserve';
const RESERVE_SIZE = 1 << 18;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';

function failed(path: string, error: unknown): StorageError {
  const full = codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
  return new StorageError(`${path}: ${reason(error)}`, full, { cause: error });
}

export class FolderStorage implements Storage {
  private aside = 0;
  private keepsBack = false;
  /** Folders that are known to be there. */
  private readonly made = new Set<string>();

  /** `beside`: the folder of what is not in its place yet; undefined: where its place is. */
  constructor(
    readonly root: string,
    private readonly beside?: string,
  ) {}

  private at(path: string): string {
    return join(this.root, path);
  }

  private async attempt<Result>(path: string, action: (full: string) => Promise<Result>): Promise<Result> {
    try {
      return await action(this.at(path));
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw failed(this.at(path), error);
    }
  }

  private async unlessMissing<Result, Else>(
    path: string,
    otherwise: Else,
    action: (full: string) => Promise<Result>,
  ): Promise<Result | Else> {
    return this.attempt(path, async (full) => {
      try {
        return await action(full);
      } catch (error) {
        if (isMissing(error)) return otherwise;
        throw error;
      }
    });
  }

  list(folder: string): Promise<string[]> {
    return this.unlessMissing(folder, [] as string[], async (full) => (await readdir(full)).sort());
  }

  size(path: string): Promise<number | undefined> {
    return this.unlessMissing(path, undefined, async (full) => {
      const stats = await stat(full);
      return stats.isFile() ? stats.size : undefined;
    });
  }

  read(path: string, most: number): Promise<Uint8Array | undefined> {
    return this.unlessMissing(path, undefined, async (full) => {
      const handle = await open(full, 'r');
      try {
        const { size } = await handle.stat();
        if (size > most) throw new InputError(`${full}: longer than ${most} bytes`);
        return new Uint8Array(await handle.readFile());
      } finally {
        await handle.close();
      }
    });
  }

  async *stream(path: string, from = 0): AsyncGenerator<Uint8Array> {
    try {
      yield* createReadStream(this.at(path), { start: from, highWaterMark: PIECE });
    } catch (error) {
      throw failed(this.at(path), error);
    }
  }

  async open(path: string): Promise<StoredFile | undefined> {
    const full = this.at(path);
    try {
      return new OpenFile(full, openSync(full, 'r'));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw failed(full, error);
    }
  }

  write(path: string, from: number): Promise<StoredWriter> {
    return this.attempt(path, async (full) => {
      await this.folderOf(full);
      const handle = await open(full, from === 0 ? 'w' : 'r+', 0o600);
      if (from > 0) await handle.truncate(from);
      return new Writer(full, handle, from);
    });
  }

  async replace(path: string, bytes: Uint8Array, frees = false): Promise<void> {
    if (!frees) await this.keepBack();
    try {
      await this.replaceNow(path, bytes);
    } catch (error) {
      if (!frees || !(error instanceof StorageError) || !error.full) throw error;
      await this.remove(RESERVE);
      this.keepsBack = false;
      await this.replaceNow(path, bytes);
    }
  }

  /** Room that only what frees more may take: on a full disk too something can be removed. */
  private async keepBack(): Promise<void> {
    if (this.keepsBack || this.beside === undefined) return;
    this.keepsBack = true;
    if ((await this.size(RESERVE)) === RESERVE_SIZE) return;
    try {
      const file = await this.write(RESERVE, 0);
      try {
        await file.write(new Uint8Array(RESERVE_SIZE));
      } finally {
        await file.abandon();
      }
    } catch {
      // there is no room for it: another time
      this.keepsBack = false;
      await this.remove(RESERVE);
    }
  }

  private replaceNow(path: string, bytes: Uint8Array): Promise<void> {
    return this.attempt(path, async (full) => {
      await this.folderOf(full);
      const beside = this.besideOf(full);
      await this.folderOf(beside);
      try {
        const handle = await open(beside, 'w', 0o600);
        try {
          await handle.writeFile(bytes);
          await handle.datasync();
        } finally {
          await handle.close();
        }
        await rename(beside, full);
      } catch (error) {
        await rm(beside, { force: true });
        throw error;
      }
      await syncFolder(dirname(full));
    });
  }

  move(from: string, to: string): Promise<void> {
    return this.attempt(from, async (full) => {
      const target = this.at(to);
      await this.folderOf(target);
      await rename(full, target);
      await syncFolder(dirname(target));
    });
  }

  remove(path: string, lasting = false): Promise<void> {
    this.made.clear();
    return this.attempt(path, async (full) => {
      await rm(full, { recursive: true, force: true });
      if (lasting && existsSync(dirname(full))) await syncFolder(dirname(full));
    });
  }

  private besideOf(full: string): string {
    const number = this.aside++;
    return this.beside === undefined ? `${full}.new-${number}` : this.at(`${this.beside}/new-${number}`);
  }

  /** Makes it, and its name safe, and those of the folders that it needed. */
  private async folderOf(full: string): Promise<void> {
    const folder = dirname(full);
    if (this.made.has(folder)) return;
    const first = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (first !== undefined)
      for (let made = folder; made.startsWith(first); made = dirname(made)) await syncFolder(dirname(made));
    this.made.add(folder);
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

class Writer implements StoredWriter {
  constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    private at: number,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, this.at);
        done += bytesWritten;
        this.at += bytesWritten;
      }
    } catch (error) {
      throw failed(this.path, error);
    }
  }

  async finish(): Promise<void> {
    try {
      await this.handle.datasync();
      await this.handle.close();
    } catch (error) {
      throw failed(this.path, error);
    }
  }

  async abandon(): Promise<void> {
    await this.handle.close().catch(() => {});
  }
}

class OpenFile implements StoredFile {
  readonly size: number;

  constructor(
    readonly name: string,
    private readonly fd: number,
  ) {
    this.size = fstatSync(fd).size;
  }

  read(offset: number, into: Uint8Array): void {
    try {
      for (let done = 0; done < into.length; ) {
        const count = readSync(this.fd, into, done, into.length - done, offset + done);
        if (count === 0) throw new Error('it ends early');
        done += count;
      }
    } catch (error) {
      throw failed(this.name, error);
    }
  }

  close(): void {
    closeSync(this.fd);
  }
}

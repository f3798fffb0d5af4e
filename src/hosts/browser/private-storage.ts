// A browser's private files of this page's origin as a store's storage. In a worker: only there may files be written in place.
// Contract: Storage in src/base/storage.ts. File System standard: createSyncAccessHandle, move (all engines have it for private files).
// DEVIATION: a file that is removed can't be read by who has it open: the store removes nothing that somebody reads.
import { InputError, messageOf } from '../../base/errors.js';
import { type Storage, StorageError, type StoredFile, type StoredWriter } from '../../base/storage.js';
import { BlobSource } from './files.js';
import { MemoryFolder } from './memory-folder.js';
import { resize, writeAll } from './sync-access.js';

const PIECE = 1 << 20;
/** Bytes that are written at once. */
const GATHERED = 1 << 22;

const nameOf = (error: unknown): string => (error instanceof DOMException ? error.name : '');
const isMissing = (error: unknown): boolean =>
  nameOf(error) === 'NotFoundError' || nameOf(error) === 'TypeMismatchError';

export function storageError(path: string, error: unknown): Error {
  if (error instanceof InputError) return error;
  const full = nameOf(error) === 'QuotaExceededError';
  const why = full ? 'the browser gives this page no more room' : messageOf(error);
  return new StorageError(`${path}: ${why}`, full, { cause: error });
}

/** Private files can be moved; the standard's types do not know it yet. */
interface MovableFile extends FileSystemFileHandle {
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

export class PrivateStorage implements Storage {
  private aside = 0;
  /** Files that are being written: who reads one reads by the same access, since another one may find it changed under its hands. */
  private readonly writers = new Map<string, Writer>();

  constructor(private readonly root: FileSystemDirectoryHandle) {}

  /** The folder below the origin's private files. Rejects with StorageError. */
  static async open(folder: string): Promise<PrivateStorage> {
    try {
      const all = await navigator.storage.getDirectory();
      return new PrivateStorage(await all.getDirectoryHandle(folder, { create: true }));
    } catch (error) {
      throw storageError(folder, error);
    }
  }

  /** Nothing is kept. */
  static inMemory(): PrivateStorage {
    return new PrivateStorage(new MemoryFolder() as unknown as FileSystemDirectoryHandle);
  }

  /** In memory: a file of another thread's. */
  async take(path: string, blob: Blob): Promise<void> {
    const file: unknown = await this.handle(path, true);
    (file as { take(blob: Blob): void }).take(blob);
  }

  private async folder(names: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle> {
    let at = this.root;
    for (const name of names) at = await at.getDirectoryHandle(name, { create });
    return at;
  }

  private async place(path: string, create: boolean): Promise<{ folder: FileSystemDirectoryHandle; name: string }> {
    const names = path.split('/').filter(Boolean);
    const name = names.pop()!;
    return { folder: await this.folder(names, create), name };
  }

  private async handle(path: string, create: boolean): Promise<MovableFile> {
    const { folder, name } = await this.place(path, create);
    return (await folder.getFileHandle(name, { create })) as MovableFile;
  }

  private async attempt<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      throw storageError(path, error);
    }
  }

  /** For who reads it in another thread; undefined when it is not there. */
  file(path: string): Promise<File | undefined> {
    return this.attempt(path, async () => {
      try {
        return await (await this.handle(path, false)).getFile();
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  /** A file, made where there is none, to be read and written at once. */
  access(path: string): Promise<FileSystemSyncAccessHandle> {
    return this.attempt(path, async () => (await this.handle(path, true)).createSyncAccessHandle());
  }

  list(folder: string): Promise<string[]> {
    return this.attempt(folder, async () => {
      const names: string[] = [];
      try {
        const at = await this.folder(folder.split('/').filter(Boolean), false);
        for await (const name of at.keys()) names.push(name);
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      return names.sort();
    });
  }

  async size(path: string): Promise<number | undefined> {
    return this.writers.get(path)?.size ?? (await this.file(path))?.size;
  }

  async read(path: string, most: number): Promise<Uint8Array | undefined> {
    const size = await this.size(path);
    if (size === undefined) return undefined;
    if (size > most) throw new InputError(`${path}: longer than ${most} bytes`);
    const all = new Uint8Array(size);
    let at = 0;
    for await (const piece of this.stream(path)) {
      all.set(piece.subarray(0, size - at), at);
      at += piece.length;
      if (at >= size) break;
    }
    return all;
  }

  async *stream(path: string, from = 0): AsyncGenerator<Uint8Array> {
    const writer = this.writers.get(path);
    if (writer) {
      const reader = writer.reader();
      try {
        for (let at = from; at < reader.size; at += PIECE) {
          const piece = new Uint8Array(Math.min(PIECE, reader.size - at));
          reader.read(at, piece);
          yield piece;
        }
      } finally {
        reader.close();
      }
      return;
    }
    const file = await this.file(path);
    if (!file) throw new StorageError(`${path}: is not there`, false);
    for (let at = from; at < file.size; at += PIECE)
      yield await this.attempt(path, async () => new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
  }

  async open(path: string): Promise<StoredFile | undefined> {
    const writer = this.writers.get(path);
    if (writer) return writer.reader();
    const file = await this.file(path);
    return file && new OpenFile(path, file);
  }

  write(path: string, from: number): Promise<StoredWriter> {
    return this.attempt(path, async () => {
      const handle = await this.handle(path, true);
      const access = await handle.createSyncAccessHandle();
      try {
        resize(access, from);
      } catch (error) {
        access.close();
        throw error;
      }
      const writer = new Writer(path, access, from, () => this.writers.delete(path));
      this.writers.set(path, writer);
      return writer;
    });
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    const beside = `${path}.new-${this.aside++}`;
    try {
      const writer = await this.write(beside, 0);
      try {
        await writer.write(bytes);
      } finally {
        await writer.finish();
      }
      await this.move(beside, path);
    } catch (error) {
      await this.remove(beside).catch(() => {});
      throw error;
    }
  }

  move(from: string, to: string): Promise<void> {
    return this.attempt(from, async () => {
      const { folder, name } = await this.place(to, true);
      await (await this.handle(from, false)).move(folder, name);
    });
  }

  remove(path: string): Promise<void> {
    return this.attempt(path, async () => {
      try {
        const { folder, name } = await this.place(path, false);
        await folder.removeEntry(name, { recursive: true });
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    });
  }
}

class Writer implements StoredWriter {
  private open = true;
  /** A browser asks for each write whether there is room, which takes it milliseconds: small ones wait for each other. */
  private readonly pieces: Uint8Array[] = [];
  private waiting = 0;
  private readers = 0;

  constructor(
    private readonly path: string,
    private readonly access: FileSystemSyncAccessHandle,
    private at: number,
    private readonly closed: () => void,
  ) {}

  get size(): number {
    return this.at + this.waiting;
  }

  /** Of what has been written so far. The file stays open for it. */
  reader(): StoredFile {
    this.pass();
    const { path: name, access, at: size } = this;
    this.readers++;
    let open = true;
    return {
      ...{ name, size },
      read(offset, into) {
        const count = access.read(into as Uint8Array<ArrayBuffer>, { at: offset });
        if (count !== into.length) throw storageError(name, new Error('it ends early'));
      },
      close: () => {
        if (!open) return;
        open = false;
        this.readers--;
        this.letGo();
      },
    };
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.waiting + bytes.length > GATHERED) this.pass();
    if (bytes.length >= GATHERED) {
      this.put(bytes);
      return;
    }
    this.pieces.push(bytes.slice());
    this.waiting += bytes.length;
  }

  /** Hands on what waits. */
  private pass(): void {
    const all = new Uint8Array(this.waiting);
    let at = 0;
    for (const piece of this.pieces.splice(0)) {
      all.set(piece, at);
      at += piece.length;
    }
    this.waiting = 0;
    this.put(all);
  }

  private put(bytes: Uint8Array): void {
    try {
      writeAll(this.access, bytes, this.at);
      this.at += bytes.length;
    } catch (error) {
      throw storageError(this.path, error);
    }
  }

  async finish(): Promise<void> {
    try {
      if (this.open) {
        this.pass();
        this.access.flush();
      }
    } catch (error) {
      throw storageError(this.path, error);
    } finally {
      await this.abandon();
    }
  }

  async abandon(): Promise<void> {
    if (!this.open) return;
    try {
      this.pass();
    } finally {
      this.open = false;
      this.letGo();
    }
  }

  private letGo(): void {
    if (this.open || this.readers > 0) return;
    this.access.close();
    this.closed();
  }
}

class OpenFile extends BlobSource implements StoredFile {
  constructor(path: string, file: File) {
    super(path, file, 'file');
  }

  close(): void {}
}

// A store's storage in memory, that can end as a process does: from one step on, nothing that is asked of it happens any more.
// Contract: Storage in src/base/storage.ts.
import type { Storage, StoredFile, StoredWriter } from '../src/base/storage.js';

/** What is asked of a storage whose process is gone. */
export class Gone extends Error {}

export class MemoryStorage implements Storage {
  readonly files: Map<string, Uint8Array>;
  /** Changes so far. */
  steps = 0;
  /** Before the change of this number the process ends. */
  endsAt = Number.POSITIVE_INFINITY;
  /** Bytes that may be written until the disk is full; what is then thrown. */
  room = Number.POSITIVE_INFINITY;
  full: () => Error = () => new Error('full');
  opened = 0;

  constructor(files: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.files = new Map(files);
  }

  private step(bytes = 0): void {
    if (++this.steps > this.endsAt) throw new Gone('the process is gone');
    this.room -= bytes;
    if (this.room < 0) {
      this.room = 0;
      throw this.full();
    }
  }

  async list(folder: string): Promise<string[]> {
    const names = [...this.files.keys()]
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1).split('/')[0]!);
    return [...new Set(names)].sort();
  }

  async size(path: string): Promise<number | undefined> {
    return this.files.get(path)?.length;
  }

  async read(path: string, most: number): Promise<Uint8Array | undefined> {
    const bytes = this.files.get(path);
    if (bytes && bytes.length > most) throw new Error(`${path}: too long`);
    return bytes?.slice();
  }

  async *stream(path: string, from = 0): AsyncGenerator<Uint8Array> {
    const bytes = this.files.get(path);
    if (!bytes) throw new Error(`${path}: is not there`);
    const PIECE = 5000;
    for (let at = from; at < bytes.length; at += PIECE) yield bytes.slice(at, at + PIECE);
  }

  async open(path: string): Promise<StoredFile | undefined> {
    const bytes = this.files.get(path);
    if (!bytes) return undefined;
    this.opened++;
    return {
      name: path,
      size: bytes.length,
      read: (offset, into) => into.set(bytes.subarray(offset, offset + into.length)),
      close: () => void this.opened--,
    };
  }

  async write(path: string, from: number): Promise<StoredWriter> {
    this.step();
    this.files.set(path, (this.files.get(path) ?? new Uint8Array(0)).slice(0, from));
    return {
      write: async (bytes) => {
        this.step(bytes.length);
        const old = this.files.get(path)!;
        const all = new Uint8Array(old.length + bytes.length);
        all.set(old);
        all.set(bytes, old.length);
        this.files.set(path, all);
      },
      finish: async () => this.step(),
      abandon: async () => {},
    };
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    this.step(bytes.length);
    this.files.set(path, bytes.slice());
  }

  async move(from: string, to: string): Promise<void> {
    this.step();
    const bytes = this.files.get(from);
    if (!bytes) throw new Error(`${from}: is not there`);
    this.files.set(to, bytes);
    this.files.delete(from);
  }

  async remove(path: string, _lasting?: boolean): Promise<void> {
    this.step();
    for (const name of [...this.files.keys()])
      if (name === path || name.startsWith(`${path}/`)) this.files.delete(name);
  }
}

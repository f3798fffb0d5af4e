// A store of a filesystem as three private files of the page's origin: data, log.0, log.1; opened before, then read and written at once.
// Contract: base/block-store.ts. File System standard 2.6 (FileSystemSyncAccessHandle): in a worker, and one has a file at a time.
import type { BlockStore, StoreFile } from '../../base/block-store.js';
import { crc32 } from '../../vmm/snapshot/crc32.js';
import type { PrivateStorage } from './private-storage.js';
import { resize, writeAll } from './sync-access.js';

/** Milliseconds for which the browser's word on how much room there is holds. */
const ROOM_HOLDS = 5000;

const noRoom = (cause?: unknown): Error =>
  Object.assign(new Error('the browser gives this page no more room', { cause }), { code: 'ENOSPC' });

class OpenFile implements StoreFile {
  constructor(private readonly access: FileSystemSyncAccessHandle) {}

  get size(): number {
    return this.access.getSize();
  }

  read(offset: number, into: Uint8Array): void {
    let done = 0;
    while (done < into.length) {
      const count = this.access.read(into.subarray(done) as Uint8Array<ArrayBuffer>, { at: offset + done });
      if (count === 0) break;
      done += count;
    }
    into.fill(0, done);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.attempt(() => writeAll(this.access, bytes, offset));
  }

  truncate(size: number): void {
    this.attempt(() => resize(this.access, size));
  }

  flush(): void {
    this.attempt(() => this.access.flush());
  }

  private attempt<Result>(action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      if (error instanceof DOMException && error.name === 'QuotaExceededError') throw noRoom(error);
      throw error;
    }
  }
}

/** What the browser would still give; asked for now and then, since it answers in its own time. */
class Room {
  private bytes = Number.MAX_SAFE_INTEGER;
  private asked = Number.NEGATIVE_INFINITY;

  async ask(): Promise<void> {
    this.asked = performance.now();
    const { quota = Number.MAX_SAFE_INTEGER, usage = 0 } = (await navigator.storage?.estimate()) ?? {};
    this.bytes = Math.max(0, quota - usage);
  }

  get left(): number {
    if (performance.now() - this.asked > ROOM_HOLDS) void this.ask().catch(() => {});
    return this.bytes;
  }
}

const room = new Room();

/** Opens the store in the folder `path`, which is made where there is none. Rejects with StorageError. */
export async function openBlockStore(storage: PrivateStorage, path: string): Promise<BlockStore> {
  const opened: FileSystemSyncAccessHandle[] = [];
  const close = (): void => {
    for (const access of opened) access.close();
  };
  try {
    for (const name of ['data', 'log.0', 'log.1']) opened.push(await storage.access(`${path}/${name}`));
    await room.ask();
  } catch (error) {
    close();
    throw error;
  }
  const [data, first, second] = opened.map((access) => new OpenFile(access)) as [OpenFile, OpenFile, OpenFile];
  return { name: path, data, logs: [first, second], crc32: (bytes) => crc32(bytes), room: () => room.left, close };
}

// A store of a filesystem as three files of a folder: data, log.0, log.1.
// Contract: base/block-store.ts.
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { BlockStore, StoreFile } from '../../base/block-store.js';
import { InputError } from '../../base/errors.js';
import { nodeCodec } from './codec.js';
import { adviceToWrite } from './file-advice.js';
import { readRange, writeRange } from './file-ranges.js';
import { reason } from './files.js';

const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;

class OpenFile implements StoreFile {
  /** Whoever writes to it when it is closed gets an error: its number may be another file's by then. */
  private fd: number;

  /** `named`: makes the names of new files last. */
  constructor(
    path: string,
    private readonly named: () => void,
  ) {
    this.fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  }

  get size(): number {
    return fstatSync(this.fd).size;
  }

  read(offset: number, into: Uint8Array): void {
    readRange(this.fd, offset, [into]);
  }

  write(offset: number, bytes: Uint8Array): void {
    writeRange(this.fd, offset, [bytes]);
  }

  truncate(size: number): void {
    ftruncateSync(this.fd, size);
  }

  flush(): void {
    this.named();
    fdatasyncSync(this.fd);
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }
}

/** Opens the store in the folder `path`, which is made where there is none. One process has it at a time, by the caller's care. Throws InputError. */
export function openBlockStore(path: string, name: string): BlockStore {
  const opened: OpenFile[] = [];
  const close = (): void => {
    for (const file of opened) file.close();
  };
  try {
    const made = mkdirSync(path, { recursive: true, mode: 0o700 });
    let isNamed = false;
    // of those who were here before one may have ended in the middle of it
    const named = (): void => {
      if (isNamed) return;
      const top = dirname(resolve(made ?? path));
      for (let at = resolve(path); at !== top; at = dirname(at)) syncFolder(at);
      syncFolder(top);
      isNamed = true;
    };
    const [data, first, second] = ['data', 'log.0', 'log.1'].map((file) => {
      const open = new OpenFile(join(path, file), named);
      opened.push(open);
      return open;
    }) as [OpenFile, OpenFile, OpenFile];
    return {
      name,
      data,
      logs: [first, second],
      room() {
        const { bavail, bsize } = statfsSync(path);
        return bavail * bsize;
      },
      crc32: nodeCodec.crc32,
      close,
    };
  } catch (error) {
    close();
    throw new InputError(`${name}: ${reason(error)}`, adviceToWrite(path, error), { cause: error });
  }
}

/** man 2 fsync: that a file is on the storage does not say that its name is. */
function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Nothing of it is left. Throws InputError. */
export function removeBlockStore(path: string, name: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    throw new InputError(`${name}: ${reason(error)}`, undefined, { cause: error });
  }
}

// The file that the changes of a root are kept in: ours alone while a node runs.
// Contract: JournalStore in src/kernel/fs/journal.ts.
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { InputError } from '../../base/errors.js';
import { adviceToWrite } from './file-advice.js';
import { readRange, writeRange } from './file-ranges.js';
import { nodeCodec } from './codec.js';
import { reason } from './files.js';

export class JournalFile {
  readonly name: string;
  private fd: number;
  private readonly path: string;

  /** Makes the file where there is none. Throws InputError, also while another process has it. */
  constructor(path: string, option: string) {
    this.name = `${option} ${path}`;
    try {
      this.fd = openSync(path, 'a+', 0o600);
      closeSync(this.fd);
      this.path = realpathSync(path);
      this.fd = openSync(this.path, 'r+');
    } catch (error) {
      throw new InputError(`${this.name}: ${reason(error)}`, adviceToWrite(path, error), { cause: error });
    }
    try {
      if (!fstatSync(this.fd).isFile())
        throw new InputError(`${this.name}: not a regular file`, 'Give a file of the host.');
      this.lock();
    } catch (error) {
      closeSync(this.fd);
      throw error;
    }
  }

  private get lockPath(): string {
    return `${this.path}.lock`;
  }

  /** Two nodes with one file would each write over what the other has written. A lock of a process that is gone is none. */
  private lock(): void {
    for (let attempt = 0; ; attempt++) {
      try {
        writeFileSync(this.lockPath, `${process.pid}\n`, { flag: 'wx' });
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
          throw new InputError(`${this.lockPath}: ${reason(error)}`, adviceToWrite(this.lockPath, error), {
            cause: error,
          });
      }
      const owner = this.lockOwner();
      if (attempt > 0 || (owner !== undefined && isAlive(owner)))
        throw new InputError(
          `${this.name}: process ${owner ?? '?'} uses it`,
          `End that one first. If it is something else, remove ${this.lockPath}.`,
        );
      rmSync(this.lockPath, { force: true });
    }
  }

  private lockOwner(): number | undefined {
    try {
      return Number.parseInt(readFileSync(this.lockPath, 'utf8'), 10) || undefined;
    } catch {
      return undefined;
    }
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

  sync(): void {
    fdatasyncSync(this.fd);
  }

  replace(write: (append: (bytes: Uint8Array) => void) => void): void {
    const path = `${this.path}.new`;
    const fd = openSync(path, 'w+', fstatSync(this.fd).mode & 0o777);
    try {
      let end = 0;
      write((bytes) => {
        writeRange(fd, end, [bytes]);
        end += bytes.length;
      });
      fsyncSync(fd);
      renameSync(path, this.path);
    } catch (error) {
      closeSync(fd);
      rmSync(path, { force: true });
      throw error;
    }
    closeSync(this.fd);
    this.fd = fd;
    syncFolder(dirname(this.path));
  }

  /** Whoever writes to it later gets an error: its number may be another file's by then. */
  close(): void {
    closeSync(this.fd);
    this.fd = -1;
    rmSync(this.lockPath, { force: true });
  }

  readonly crc32 = nodeCodec.crc32;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A file's new name lasts when its folder does. Not every host has that. */
function syncFolder(path: string): void {
  try {
    const fd = openSync(path, 'r');
    fsyncSync(fd);
    closeSync(fd);
  } catch {
    // the rename lasts later
  }
}

// Files as a machine uses them: sources to load, disks to read and write in place, copy-on-write overlays.
// Contracts: ByteSource in base/host.ts, BlockBackend in devices/storage/block-backend.ts.
import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { InputError, messageOf } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import { type BlockBackend, BlockError } from '../../devices/storage/block-backend.js';
import { adviceToOpen } from './file-advice.js';
import { FileDurability } from './file-durability.js';
import { readRange, writeRange } from './file-ranges.js';

const SECTOR = 512;
const CD_SECTOR = 2048;

/** Opens a regular file. `what` names the option in messages. */
function open(path: string, flags: string, what: string): number {
  let fd: number;
  try {
    fd = openSync(path, flags);
  } catch (error) {
    throw new InputError(`${what} ${path}: ${reason(error)}`, adviceToOpen(what, path, error, flags !== 'r'), {
      cause: error,
    });
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new InputError(`${what} ${path}: not a regular file`, 'Give a file of the host.');
}

/** A path that is no file at all has none. */
export function hasContents(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size > 0;
}

/** Why a call of the host failed, in words. */
export function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const known: Record<string, string> = {
    ENOENT: 'no such file or directory',
    EACCES: 'permission denied',
    EEXIST: 'is there already, and no folder',
    EISDIR: 'is a directory',
    EROFS: 'on a read-only file system',
    ENOSPC: 'no space left on the device',
    ETXTBSY: 'in use as a program',
  };
  return (code && known[code]) || messageOf(error);
}

/** A file to load into memory. */
export class FileSource implements ByteSource {
  readonly size: number;
  private fd: number;

  constructor(
    readonly name: string,
    private readonly what: string,
  ) {
    this.fd = open(name, 'r', what);
    this.size = fstatSync(this.fd).size;
    if (this.size === 0) throw new InputError(`${what} ${name}: the file is empty`);
  }

  close(): void {
    closeSync(this.fd);
    // the host gives the number to another file
    this.fd = -1;
  }

  read(offset: number, into: Uint8Array): void {
    try {
      readRange(this.fd, offset, [into]);
    } catch (error) {
      throw new InputError(`${this.what} ${this.name}: ${reason(error)}`, undefined, { cause: error });
    }
  }
}

/** A raw image file, read and written in place by ranges. */
export class FileDisk implements BlockBackend {
  readonly size: number;
  readonly readOnly: boolean;
  private readonly fd: number;
  private readonly durability: FileDurability;

  constructor(path: string, mode: 'write' | 'read-only', kind: 'disk' | 'cdrom' | 'floppy' = 'disk') {
    this.readOnly = mode !== 'write';
    this.fd = open(path, this.readOnly ? 'r' : 'r+', kind);
    this.durability = new FileDurability(this.fd);
    this.size = fstatSync(this.fd).size;
    const sector = { disk: SECTOR, cdrom: CD_SECTOR, floppy: 1 }[kind];
    if (this.size === 0 || this.size % sector !== 0) {
      closeSync(this.fd);
      throw new InputError(
        `${kind} ${path}: ${this.size} bytes; an image has a positive multiple of ${sector}`,
        kind === 'cdrom'
          ? 'Give an ISO 9660 image.'
          : `Make it ${Math.max(1, Math.ceil(this.size / SECTOR)) * SECTOR} bytes long (truncate -s).`,
      );
    }
  }

  read(offset: number, into: Uint8Array): void {
    this.readv(offset, [into]);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.writev(offset, [bytes]);
  }

  readv(offset: number, into: readonly Uint8Array[]): void {
    try {
      readRange(this.fd, offset, into);
    } catch (error) {
      throw new BlockError(messageOf(error), { cause: error });
    }
  }

  writev(offset: number, pieces: readonly Uint8Array[]): void {
    if (this.readOnly) throw new BlockError('the disk is read-only');
    this.durability.wrote();
    try {
      writeRange(this.fd, offset, pieces);
    } catch (error) {
      throw new BlockError(messageOf(error), { cause: error });
    }
  }

  flush(): void {
    this.durability.flush();
  }

  flushBeside(): Promise<void> | undefined {
    return this.durability.flushBeside();
  }

  close(): void {
    this.durability.whenIdle(() => closeSync(this.fd));
  }
}

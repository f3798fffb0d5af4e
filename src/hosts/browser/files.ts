// Files that a person has dropped, as a machine uses them: read by ranges, never written.
// Contracts: ByteSource in src/base/host.ts, BlockBackend in src/devices/storage/block-backend.ts; File API 6.5 (FileReaderSync).
import { InputError, messageOf } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import { type BlockBackend, BlockError } from '../../devices/storage/block-backend.js';
import { inflate } from '../../devices/storage/disk-image/inflate.js';
import { isQcow2, Qcow2 } from '../../devices/storage/disk-image/qcow2.js';
import { CLUSTER, MemoryOverlay, visitClusters } from './memory-overlay.js';
import type { NamedFile } from './named-file.js';

const SECTORS = { disk: 512, floppy: 512, cdrom: 2048 };
/** Clusters of the file that are kept, so that small reads in order are one read of the file. */
const CACHED = 64;

const reader = new FileReaderSync();

function slice(blob: Blob, from: number, to: number): Uint8Array {
  return new Uint8Array(reader.readAsArrayBuffer(blob.slice(from, to)));
}

/** A file to load into memory. */
export class BlobSource implements ByteSource {
  readonly name: string;
  readonly size: number;

  constructor(
    private readonly file: NamedFile,
    private readonly what: string,
  ) {
    this.name = file.name;
    this.size = file.blob.size;
    if (this.size === 0) throw new InputError(`${what} ${file.name}: the file is empty`, 'Choose another file.');
  }

  read(offset: number, into: Uint8Array): void {
    try {
      into.set(slice(this.file.blob, offset, offset + into.length));
    } catch (error) {
      throw new InputError(
        `${this.what} ${this.name}: the browser could not read it (${messageOf(error)})`,
        'The file may have changed or moved since it was chosen: choose it again.',
        { cause: error },
      );
    }
  }
}

/** A raw image as it is in the file. */
class BlobImage implements BlockBackend {
  readonly readOnly = true;
  readonly size: number;
  /** The oldest first. */
  private readonly cache = new Map<number, Uint8Array>();

  constructor(
    private readonly file: NamedFile,
    what: keyof typeof SECTORS,
  ) {
    this.size = file.blob.size;
    const sector = SECTORS[what];
    if (this.size > 0 && this.size % sector === 0) return;
    throw new InputError(
      `${what} ${file.name}: ${this.size} bytes; an image has a positive multiple of ${sector}`,
      'Give a raw image or a qcow2. Unpack a compressed one first; qemu-img convert -O raw makes one of any other format.',
    );
  }

  read(offset: number, into: Uint8Array): void {
    visitClusters(offset, into.length, (cluster, within, done, length) => {
      into.set(this.cluster(cluster).subarray(within, within + length), done);
    });
  }

  write(): void {
    throw new BlockError('the disk is read-only');
  }

  flush(): void {}

  private cluster(cluster: number): Uint8Array {
    const held = this.cache.get(cluster);
    if (held) return held;
    try {
      const bytes = slice(this.file.blob, cluster * CLUSTER, (cluster + 1) * CLUSTER);
      const [oldest] = this.cache.keys();
      if (this.cache.size >= CACHED && oldest !== undefined) this.cache.delete(oldest);
      this.cache.set(cluster, bytes);
      return bytes;
    } catch (error) {
      throw new BlockError(messageOf(error), { cause: error });
    }
  }
}

/** A raw or qcow2 image; what is written over a disk or floppy is kept in memory. Throws InputError. */
export function openImage(file: NamedFile, what: keyof typeof SECTORS): BlockBackend {
  const source = new BlobSource(file, what);
  if (what === 'cdrom') return new BlobImage(file, what);
  return new MemoryOverlay(isQcow2(source) ? new Qcow2(source, inflate) : new BlobImage(file, what));
}

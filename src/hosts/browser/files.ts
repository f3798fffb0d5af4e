// Files that a person has dropped, as a machine uses them: read by ranges, never written; writes stay in memory.
// Contracts: ByteSource in src/base/host.ts, BlockBackend in src/devices/storage/block-backend.ts; File API 6.5 (FileReaderSync).
import { formatSize, MIB } from '../../base/bytes.js';
import { InputError, messageOf } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import { type BlockBackend, BlockError } from '../../devices/storage/block-backend.js';
import type { NamedFile } from './named-file.js';

const SECTOR = 512;
const CD_SECTOR = 2048;
const CLUSTER = 65536;
/** Clusters of the file that are kept, so that small reads in order are one read of the file. */
const CACHED = 64;
/** What may be written over a disk before it is full. */
const OVERLAY_MOST = 1024 * MIB;

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

/** A disk image or CD of which only the written clusters are held in memory. */
export class BlobDisk implements BlockBackend {
  readonly size: number;
  private readonly written = new Map<number, Uint8Array>();
  /** The oldest first. */
  private readonly cache = new Map<number, Uint8Array>();

  constructor(
    private readonly file: NamedFile,
    readonly readOnly: boolean,
  ) {
    this.size = file.blob.size;
    const sector = readOnly ? CD_SECTOR : SECTOR;
    if (this.size > 0 && this.size % sector === 0) return;
    throw new InputError(
      `disk ${file.name}: ${this.size} bytes; an image has a positive multiple of ${sector}`,
      'Give a raw image. Unpack a compressed one first; qemu-img convert -O raw makes one of any other format.',
    );
  }

  read(offset: number, into: Uint8Array): void {
    this.pieces(offset, into.length, (cluster, within, done, length) => {
      into.set(this.cluster(cluster).subarray(within, within + length), done);
    });
  }

  write(offset: number, bytes: Uint8Array): void {
    if (this.readOnly) throw new BlockError('the disk is read-only');
    this.pieces(offset, bytes.length, (cluster, within, done, length) => {
      let place = this.written.get(cluster);
      if (!place) {
        if (this.written.size * CLUSTER >= OVERLAY_MOST)
          throw new BlockError(`more than ${formatSize(OVERLAY_MOST)} were written, which a tab does not hold`);
        place = this.cluster(cluster).slice();
        this.cache.delete(cluster);
        this.written.set(cluster, place);
      }
      place.set(bytes.subarray(done, done + length), within);
    });
  }

  flush(): void {}

  private cluster(cluster: number): Uint8Array {
    const held = this.written.get(cluster) ?? this.cache.get(cluster);
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

  private pieces(
    offset: number,
    length: number,
    visit: (cluster: number, within: number, done: number, length: number) => void,
  ): void {
    for (let done = 0; done < length; ) {
      const within = (offset + done) % CLUSTER;
      const piece = Math.min(length - done, CLUSTER - within);
      visit((offset + done - within) / CLUSTER, within, done, piece);
      done += piece;
    }
  }
}

// A copy-on-write overlay that lasts: writes go to a file of their own, the image below is never changed.
// Ours: a header, then a map of clusters (u32 each, 0 = below, else place + 1), then clusters as they were first written.
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { InputError, messageOf } from '../base/errors.js';
import { type BlockBackend, BlockError } from '../devices/block-backend.js';
import { reason } from './files.js';

const MAGIC = 'TVOVERLAY1\r\n\x1a\n\0\0';
const CLUSTER = 65536;
const HEADER = 4096;

export class OverlayFile implements BlockBackend {
  readonly readOnly = false;
  readonly size: number;
  private readonly fd: number;
  private readonly places: Uint32Array;
  private used = 0;
  private readonly dataAt: number;
  private dirty = false;
  private readonly cluster = new Uint8Array(CLUSTER);

  /** Opens the overlay at `path`, or makes it. Throws InputError when it is none, or one of another image. */
  constructor(
    path: string,
    private readonly below: BlockBackend,
  ) {
    this.size = below.size;
    const clusters = Math.ceil(below.size / CLUSTER);
    this.places = new Uint32Array(clusters);
    this.dataAt = Math.ceil((HEADER + clusters * 4) / CLUSTER) * CLUSTER;
    const there = existsSync(path);
    try {
      this.fd = openSync(path, there ? 'r+' : 'wx+', 0o644);
    } catch (error) {
      throw new InputError(`--disk overlay=${path}: ${reason(error)}`, 'Check the path.', { cause: error });
    }
    if (there) this.open(path);
    else this.create();
  }

  read(offset: number, into: Uint8Array): void {
    this.pieces(offset, into.length, (cluster, within, done, length) => {
      const place = this.places[cluster]!;
      const piece = into.subarray(done, done + length);
      if (place === 0) this.below.read(cluster * CLUSTER + within, piece);
      else this.guard(() => readSync(this.fd, piece, 0, length, this.at(place) + within));
    });
  }

  write(offset: number, bytes: Uint8Array): void {
    this.pieces(offset, bytes.length, (cluster, within, done, length) => {
      const place = this.places[cluster] || this.copyUp(cluster);
      this.guard(() => writeSync(this.fd, bytes, done, length, this.at(place) + within));
      this.dirty = true;
    });
  }

  flush(): void {
    if (!this.dirty) return;
    this.guard(() => fsyncSync(this.fd));
    this.dirty = false;
  }

  close(): void {
    closeSync(this.fd);
  }

  private create(): void {
    const header = Buffer.alloc(HEADER);
    header.write(MAGIC, 'latin1');
    header.writeBigUInt64LE(BigInt(this.size), 16);
    this.guard(() => {
      writeSync(this.fd, header, 0, HEADER, 0);
      writeSync(this.fd, new Uint8Array(this.places.buffer), 0, this.places.byteLength, HEADER);
      fsyncSync(this.fd);
    });
  }

  private open(path: string): void {
    const header = Buffer.alloc(HEADER);
    readSync(this.fd, header, 0, HEADER, 0);
    const wrong = (what: string): InputError =>
      new InputError(`--disk overlay=${path}: ${what}`, 'Give another file, or a name that is free.');
    if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) throw wrong('not an overlay of tabvisor');
    if (header.readBigUInt64LE(16) !== BigInt(this.size)) throw wrong('it belongs to a disk of another size');
    readSync(this.fd, new Uint8Array(this.places.buffer), 0, this.places.byteLength, HEADER);
    const room = Math.floor(Math.max(0, fstatSync(this.fd).size - this.dataAt) / CLUSTER);
    this.used = this.places.reduce((most, place) => Math.max(most, place), 0);
    if (this.used > room) throw wrong('damaged: its map leads behind its end');
  }

  private at(place: number): number {
    return this.dataAt + (place - 1) * CLUSTER;
  }

  /** The cluster is whole in the file before the map says so. */
  private copyUp(cluster: number): number {
    const length = Math.min(CLUSTER, this.size - cluster * CLUSTER);
    this.cluster.fill(0, length);
    this.below.read(cluster * CLUSTER, this.cluster.subarray(0, length));
    const place = ++this.used;
    const entry = new Uint8Array(4);
    new DataView(entry.buffer).setUint32(0, place, true);
    this.guard(() => {
      writeSync(this.fd, this.cluster, 0, CLUSTER, this.at(place));
      writeSync(this.fd, entry, 0, 4, HEADER + cluster * 4);
    });
    this.places[cluster] = place;
    return place;
  }

  private pieces(
    offset: number,
    length: number,
    visit: (cluster: number, within: number, done: number, length: number) => void,
  ): void {
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const within = at % CLUSTER;
      const piece = Math.min(length - done, CLUSTER - within);
      visit((at - within) / CLUSTER, within, done, piece);
      done += piece;
    }
  }

  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw new BlockError(messageOf(error), { cause: error });
    }
  }
}

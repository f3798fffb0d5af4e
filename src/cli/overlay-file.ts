// A copy-on-write overlay that lasts: writes go to a file of their own, the image below is never changed.
// Ours: a header, then a map of clusters (u32 each, 0 = below, else place + 1), then clusters as they were first written.
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { InputError } from '../base/errors.js';
import type { BlockBackend } from '../devices/block-backend.js';
import { CLUSTER, CopyOnWriteDisk } from './copy-on-write.js';
import { FileDurability } from './file-durability.js';
import { reason } from './files.js';

const MAGIC = 'TVOVERLAY1\r\n\x1a\n\0\0';
const HEADER = 4096;

export class OverlayFile extends CopyOnWriteDisk {
  protected readonly fd: number;
  private readonly places: Uint32Array;
  private used = 0;
  private readonly dataAt: number;
  private readonly durability: FileDurability;

  /** Opens the overlay at `path`, or makes it. Throws InputError when it is none, or one of another image. */
  constructor(path: string, below: BlockBackend) {
    super(below);
    const clusters = Math.ceil(below.size / CLUSTER);
    this.places = new Uint32Array(clusters);
    this.dataAt = Math.ceil((HEADER + clusters * 4) / CLUSTER) * CLUSTER;
    const there = existsSync(path);
    try {
      this.fd = openSync(path, there ? 'r+' : 'wx+', 0o644);
    } catch (error) {
      throw new InputError(`--disk overlay=${path}: ${reason(error)}`, 'Check the path.', { cause: error });
    }
    this.durability = new FileDurability(this.fd);
    if (there) this.open(path);
    else this.create();
  }

  override writev(offset: number, pieces: readonly Uint8Array[]): void {
    this.durability.wrote();
    super.writev(offset, pieces);
  }

  flush(): void {
    this.durability.flush();
  }

  flushBeside(): Promise<void> | undefined {
    return this.durability.flushBeside();
  }

  close(): void {
    closeSync(this.fd);
  }

  protected placeOf(cluster: number): number | undefined {
    const place = this.places[cluster]!;
    return place === 0 ? undefined : this.at(place);
  }

  /** The cluster is whole in the file before the map says so. */
  protected add(cluster: number, bytes: Uint8Array): number {
    const place = ++this.used;
    const entry = new Uint8Array(4);
    new DataView(entry.buffer).setUint32(0, place, true);
    this.guard(() => {
      writeSync(this.fd, bytes, 0, CLUSTER, this.at(place));
      writeSync(this.fd, entry, 0, 4, HEADER + cluster * 4);
    });
    this.places[cluster] = place;
    return this.at(place);
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
}

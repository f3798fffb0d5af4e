// A copy-on-write overlay that lasts: writes go to a file of their own, the image below is never changed.
// Ours: a header, then a map of clusters (u32 each, 0 = below, else place + 1), then clusters as they were first written. A cluster that was
// discarded has DISCARDED in its entry; its place, if it has one, waits for its next write.
import { existsSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { InputError } from '../../base/errors.js';
import type { Disk } from '../../library/platform.js';
import { BELOW, CLUSTER, CopyOnWriteDisk, ZEROS } from './copy-on-write.js';
import { FileDurability } from './file-durability.js';
import { adviceToWrite } from './file-advice.js';
import { reason } from './files.js';

const MAGIC = 'TVOVERLAY1\r\n\x1a\n\0\0';
const HEADER = 4096;
const DISCARDED = 0x80000000;

export class OverlayFile extends CopyOnWriteDisk {
  protected readonly fd: number;
  private readonly places: Uint32Array;
  private used = 0;
  private readonly dataAt: number;
  private readonly durability: FileDurability;

  /** Opens the overlay at `path`, or makes it. Throws InputError when it is none, or one of another image. */
  constructor(path: string, below: Disk) {
    super(below);
    const clusters = Math.ceil(below.size / CLUSTER);
    this.places = new Uint32Array(clusters);
    this.dataAt = Math.ceil((HEADER + clusters * 4) / CLUSTER) * CLUSTER;
    const there = existsSync(path);
    try {
      this.fd = openSync(path, there ? 'r+' : 'wx+', 0o644);
    } catch (error) {
      throw new InputError(`--disk overlay=${path}: ${reason(error)}`, adviceToWrite(path, error), { cause: error });
    }
    this.durability = new FileDurability(this.fd);
    if (there) this.open(path);
    else this.create();
  }

  override writev(offset: number, pieces: readonly Uint8Array[]): void {
    this.durability.wrote();
    super.writev(offset, pieces);
  }

  override discard(offset: number, length: number): void {
    this.durability.wrote();
    super.discard(offset, length);
  }

  flush(): void {
    this.durability.flush();
  }

  flushBeside(): Promise<void> | undefined {
    return this.durability.flushBeside();
  }

  override close(): void {
    this.durability.whenIdle(() => super.close());
  }

  protected placeOf(cluster: number): number {
    const entry = this.places[cluster]!;
    if (entry >= DISCARDED) return ZEROS;
    return entry === 0 ? BELOW : this.at(entry);
  }

  /** The cluster is whole in the file before the map says so. */
  protected add(cluster: number, bytes: Uint8Array): number {
    const place = placeIn(this.places[cluster]!) || ++this.used;
    this.guard(() => writeSync(this.fd, bytes, 0, CLUSTER, this.at(place)));
    this.enter(cluster, Uint32Array.of(place));
    return this.at(place);
  }

  protected drop(first: number, end: number): void {
    this.enter(
      first,
      this.places.slice(first, end).map((entry) => DISCARDED + placeIn(entry)),
    );
  }

  /** Puts entries into the map, from that of the cluster `first` on: in the file, then in memory. */
  private enter(first: number, entries: Uint32Array): void {
    const bytes = new Uint8Array(entries.buffer);
    this.guard(() => writeSync(this.fd, bytes, 0, bytes.length, HEADER + first * 4));
    this.places.set(entries, first);
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
    this.used = this.places.reduce((most, entry) => Math.max(most, placeIn(entry)), 0);
    if (this.used > room) throw wrong('damaged: its map leads behind its end');
  }

  private at(place: number): number {
    return this.dataAt + (place - 1) * CLUSTER;
  }
}

/** Place + 1 of an entry of the map; 0: the cluster has never been written. */
function placeIn(entry: number): number {
  return entry % DISCARDED;
}

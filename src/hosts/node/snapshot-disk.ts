// A disk whose writes stay in a temporary file and are forgotten at the end: the image below is never changed.
// Ours: copy on write by clusters; the index in memory costs 8 bytes a written cluster, however large the disk is.
import { mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SnapshotError } from '../../devices/snapshot-fields.js';
import type { Disk } from '../../library/platform.js';
import { BELOW, CLUSTER, CopyOnWriteDisk, ZEROS } from './copy-on-write.js';

/** Clusters of one piece of a saved overlay. */
const PIECE = 128;
/** In the number of a saved cluster: it was discarded, and has no bytes behind the numbers. */
const DISCARDED = 0x80000000;

export class SnapshotDisk extends CopyOnWriteDisk {
  protected readonly fd: number;
  /** Cluster of the disk to its place in the temporary file. */
  private readonly places = new Map<number, number>();
  private readonly discarded = new Set<number>();

  constructor(below: Disk) {
    super(below);
    const folder = mkdtempSync(join(tmpdir(), 'tabvisor-'));
    const path = join(folder, 'snapshot');
    this.fd = openSync(path, 'wx+', 0o600);
    // The open file stays until we end, however we end.
    rmSync(folder, { recursive: true });
  }

  flush(): void {}

  protected placeOf(cluster: number): number {
    if (this.discarded.has(cluster)) return ZEROS;
    const place = this.places.get(cluster);
    return place === undefined ? BELOW : place * CLUSTER;
  }

  protected add(cluster: number, bytes: Uint8Array): number {
    return this.put(cluster, bytes, 0);
  }

  protected drop(first: number, end: number): void {
    for (let cluster = first; cluster < end; cluster++) this.discarded.add(cluster);
  }

  /** What has been written or discarded, in pieces: numbers of clusters, then the bytes of those that have any. */
  save(): Uint8Array[] {
    const clusters = [...new Set([...this.places.keys(), ...this.discarded])].sort((a, b) => a - b);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < clusters.length; at += PIECE) {
      const some = clusters.slice(at, at + PIECE);
      const written = some.filter((cluster) => !this.discarded.has(cluster));
      const numbers = 4 + some.length * 4;
      const bytes = new Uint8Array(numbers + written.length * CLUSTER);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, some.length, true);
      some.forEach((cluster, i) => {
        view.setUint32(4 + i * 4, this.discarded.has(cluster) ? cluster + DISCARDED : cluster, true);
      });
      written.forEach((cluster, i) => {
        this.guard(() => readSync(this.fd, bytes, numbers + i * CLUSTER, CLUSTER, this.placeOf(cluster)));
      });
      pieces.push(bytes);
    }
    return pieces;
  }

  /** Takes one piece back. Throws SnapshotError. */
  load(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = bytes.length >= 4 ? view.getUint32(0, true) : -1;
    let at = 4 + count * 4;
    if (count < 0 || count > PIECE || bytes.length < at) throw new SnapshotError('a wrong overlay');
    const entries = Array.from({ length: count }, (_, i) => view.getUint32(4 + i * 4, true));
    if (bytes.length !== at + entries.filter((entry) => entry < DISCARDED).length * CLUSTER)
      throw new SnapshotError('a wrong overlay');
    for (const entry of entries) {
      const cluster = entry % DISCARDED;
      if (cluster * CLUSTER >= this.size) throw new SnapshotError('an overlay of another disk');
      if (entry >= DISCARDED) {
        this.discarded.add(cluster);
        continue;
      }
      this.put(cluster, bytes, at);
      at += CLUSTER;
    }
  }

  /** A whole cluster that begins at `from` in `bytes`; the value is where it is now. */
  private put(cluster: number, bytes: Uint8Array, from: number): number {
    const place = this.places.get(cluster) ?? this.places.size;
    this.guard(() => writeSync(this.fd, bytes, from, CLUSTER, place * CLUSTER));
    this.places.set(cluster, place);
    this.discarded.delete(cluster);
    return place * CLUSTER;
  }
}

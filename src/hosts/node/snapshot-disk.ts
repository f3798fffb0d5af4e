// A disk whose writes stay in a temporary file and are forgotten at the end: the image below is never changed.
// Ours: copy on write by clusters; the index in memory costs 8 bytes a written cluster, however large the disk is.
import { mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packOverlay, unpackOverlay } from '../../library/overlay-pieces.js';
import type { Disk } from '../../library/platform.js';
import { BELOW, CLUSTER, CopyOnWriteDisk, ZEROS } from './copy-on-write.js';

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
    return this.put(cluster, bytes);
  }

  protected drop(first: number, end: number): void {
    for (let cluster = first; cluster < end; cluster++) this.discarded.add(cluster);
  }

  save(): Uint8Array[] {
    return packOverlay(
      [...new Set([...this.places.keys(), ...this.discarded])],
      (cluster) => this.discarded.has(cluster),
      (cluster, into) => {
        this.guard(() => readSync(this.fd, into, 0, CLUSTER, this.placeOf(cluster)));
      },
    );
  }

  /** Takes one piece back. Throws SnapshotError. */
  load(bytes: Uint8Array): void {
    unpackOverlay(
      bytes,
      this.size,
      (cluster, written) => void this.put(cluster, written),
      (cluster) => void this.discarded.add(cluster),
    );
  }

  /** A whole cluster; the value is where it is now. */
  private put(cluster: number, bytes: Uint8Array): number {
    const place = this.places.get(cluster) ?? this.places.size;
    this.guard(() => writeSync(this.fd, bytes, 0, CLUSTER, place * CLUSTER));
    this.places.set(cluster, place);
    this.discarded.delete(cluster);
    return place * CLUSTER;
  }
}

// A disk whose writes stay in a temporary file and are forgotten at the end: the image below is never changed.
// Ours: copy on write by clusters; the index in memory costs 8 bytes a written cluster, however large the disk is.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlockBackend } from '../devices/block-backend.js';
import { SnapshotError } from '../devices/snapshot-fields.js';
import { CLUSTER, CopyOnWriteDisk } from './copy-on-write.js';

/** Clusters of one piece of a saved overlay. */
const PIECE = 128;

export class SnapshotDisk extends CopyOnWriteDisk {
  protected readonly fd: number;
  /** Cluster of the disk to its place in the temporary file. */
  private readonly places = new Map<number, number>();

  constructor(below: BlockBackend) {
    super(below);
    const folder = mkdtempSync(join(tmpdir(), 'tabvisor-'));
    const path = join(folder, 'snapshot');
    this.fd = openSync(path, 'wx+', 0o600);
    // The open file stays until we end, however we end.
    rmSync(folder, { recursive: true });
  }

  flush(): void {}

  protected placeOf(cluster: number): number | undefined {
    const place = this.places.get(cluster);
    return place === undefined ? undefined : place * CLUSTER;
  }

  protected add(cluster: number, bytes: Uint8Array): number {
    const place = this.places.size;
    this.guard(() => writeSync(this.fd, bytes, 0, CLUSTER, place * CLUSTER));
    this.places.set(cluster, place);
    return place * CLUSTER;
  }

  /** What has been written, in pieces: numbers of clusters and their bytes. */
  save(): Uint8Array[] {
    const clusters = [...this.places].sort(([a], [b]) => a - b);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < clusters.length; at += PIECE) {
      const some = clusters.slice(at, at + PIECE);
      const bytes = new Uint8Array(4 + some.length * (4 + CLUSTER));
      const view = new DataView(bytes.buffer);
      view.setUint32(0, some.length, true);
      some.forEach(([cluster, place], i) => {
        view.setUint32(4 + i * 4, cluster, true);
        const data = 4 + some.length * 4 + i * CLUSTER;
        this.guard(() => readSync(this.fd, bytes, data, CLUSTER, place * CLUSTER));
      });
      pieces.push(bytes);
    }
    return pieces;
  }

  /** Takes one piece back. Throws SnapshotError. */
  load(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = bytes.length >= 4 ? view.getUint32(0, true) : -1;
    if (count < 0 || count > PIECE || bytes.length !== 4 + count * (4 + CLUSTER))
      throw new SnapshotError('a wrong overlay');
    for (let i = 0; i < count; i++) {
      const cluster = view.getUint32(4 + i * 4, true);
      if (cluster * CLUSTER >= this.size) throw new SnapshotError('an overlay of another disk');
      const place = this.places.get(cluster) ?? this.places.size;
      this.guard(() => writeSync(this.fd, bytes, 4 + count * 4 + i * CLUSTER, CLUSTER, place * CLUSTER));
      this.places.set(cluster, place);
    }
  }

  close(): void {
    closeSync(this.fd);
  }
}

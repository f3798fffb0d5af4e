// A disk whose writes stay in a temporary file and are forgotten at the end: the image below is never changed.
// Ours: copy on write by clusters; the index in memory costs 8 bytes a written cluster, however large the disk is.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../base/errors.js';
import { type BlockBackend, BlockError } from '../devices/block-backend.js';
import { SnapshotError } from '../devices/snapshot-fields.js';

const CLUSTER = 65536;
/** Clusters of one piece of a saved overlay. */
const PIECE = 128;

export class SnapshotDisk implements BlockBackend {
  readonly readOnly = false;
  readonly size: number;
  /** Cluster of the disk to its place in the temporary file. */
  private readonly places = new Map<number, number>();
  private readonly fd: number;
  private readonly cluster = new Uint8Array(CLUSTER);

  constructor(private readonly below: BlockBackend) {
    this.size = below.size;
    const folder = mkdtempSync(join(tmpdir(), 'tabvisor-'));
    const path = join(folder, 'snapshot');
    this.fd = openSync(path, 'wx+', 0o600);
    // The open file stays until we end, however we end.
    rmSync(folder, { recursive: true });
  }

  read(offset: number, into: Uint8Array): void {
    this.pieces(offset, into.length, (cluster, within, done, length) => {
      const place = this.places.get(cluster);
      const piece = into.subarray(done, done + length);
      if (place === undefined) this.below.read(cluster * CLUSTER + within, piece);
      else this.guard(() => readSync(this.fd, piece, 0, length, place * CLUSTER + within));
    });
  }

  write(offset: number, bytes: Uint8Array): void {
    this.pieces(offset, bytes.length, (cluster, within, done, length) => {
      const place = this.places.get(cluster) ?? this.copyUp(cluster);
      this.guard(() => writeSync(this.fd, bytes, done, length, place * CLUSTER + within));
    });
  }

  flush(): void {}

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

  private copyUp(cluster: number): number {
    const length = Math.min(CLUSTER, this.size - cluster * CLUSTER);
    this.below.read(cluster * CLUSTER, this.cluster.subarray(0, length));
    const place = this.places.size;
    this.guard(() => writeSync(this.fd, this.cluster, 0, CLUSTER, place * CLUSTER));
    this.places.set(cluster, place);
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

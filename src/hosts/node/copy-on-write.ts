// What disks whose writes go to another file share: reads of clusters that were written and of those that were not.
// Ours: a cluster is copied whole before its first write; one that was discarded is nowhere, and reads as zeros.
import { closeSync } from 'node:fs';
import { messageOf } from '../../base/errors.js';
import { BlockError, readPieces } from '../../devices/storage/block-backend.js';
import { CLUSTER } from '../../library/overlay-pieces.js';
import type { Disk } from '../../library/platform.js';
import { readRange, writeRange } from './file-ranges.js';

export { CLUSTER };
/** Where a cluster is that is not in the file: still in the image below. */
export const BELOW = -1;
/** Nowhere: it was discarded. */
export const ZEROS = -2;

export abstract class CopyOnWriteDisk implements Disk {
  readonly readOnly = false;
  readonly size: number;
  readonly discardUnit = CLUSTER;
  private readonly cluster = new Uint8Array(CLUSTER);

  constructor(protected readonly below: Disk) {
    this.size = below.size;
  }

  /** The file that takes the writes. */
  protected abstract readonly fd: number;
  /** Where a cluster lies in the file, BELOW or ZEROS. */
  protected abstract placeOf(cluster: number): number;
  /** Puts a whole cluster into the file that was BELOW or ZEROS; the value is where. */
  protected abstract add(cluster: number, bytes: Uint8Array): number;
  /** Makes clusters ZEROS, `first` to before `end`. */
  protected abstract drop(first: number, end: number): void;
  abstract flush(): void;

  /** What is below, too. */
  close(): void {
    closeSync(this.fd);
    this.below.close?.();
  }

  read(offset: number, into: Uint8Array): void {
    this.readv(offset, [into]);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.writev(offset, [bytes]);
  }

  readv(offset: number, into: readonly Uint8Array[]): void {
    this.byCluster(offset, into, (cluster, within, pieces) => {
      const place = this.placeOf(cluster);
      if (place === BELOW) readPieces(this.below, cluster * CLUSTER + within, pieces);
      else if (place === ZEROS) for (const bytes of pieces) bytes.fill(0);
      else this.guard(() => readRange(this.fd, place + within, pieces));
    });
  }

  writev(offset: number, from: readonly Uint8Array[]): void {
    this.byCluster(offset, from, (cluster, within, pieces, length) => {
      const place = this.placeOf(cluster);
      const there = place !== BELOW && place !== ZEROS;
      if (!there && length === CLUSTER) {
        this.addWhole(cluster, pieces);
        return;
      }
      const at = (there ? place : this.copyUp(cluster, place)) + within;
      this.guard(() => writeRange(this.fd, at, pieces));
    });
  }

  /** Clusters that lie in the range whole read as zeros; a part of one stays as it is. */
  discard(offset: number, length: number): void {
    const first = Math.ceil(offset / CLUSTER);
    const to = offset + length;
    // the last cluster of a disk may be a short one
    const end = to === this.size ? Math.ceil(to / CLUSTER) : Math.floor(to / CLUSTER);
    if (first < end) this.drop(first, end);
  }

  /** What the host refuses is a BlockError. */
  protected guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw new BlockError(messageOf(error), { cause: error });
    }
  }

  private copyUp(cluster: number, place: number): number {
    const length = place === ZEROS ? 0 : Math.min(CLUSTER, this.size - cluster * CLUSTER);
    this.cluster.fill(0, length);
    if (length > 0) this.below.read(cluster * CLUSTER, this.cluster.subarray(0, length));
    return this.add(cluster, this.cluster);
  }

  /** What is below need not be read when nothing of it stays. */
  private addWhole(cluster: number, pieces: readonly Uint8Array[]): void {
    let at = 0;
    for (const bytes of pieces) {
      this.cluster.set(bytes, at);
      at += bytes.length;
    }
    this.add(cluster, this.cluster);
  }

  /** Cuts a range where clusters end: `visit` gets the pieces that lie in one. */
  private byCluster(
    offset: number,
    pieces: readonly Uint8Array[],
    visit: (cluster: number, within: number, pieces: readonly Uint8Array[], length: number) => void,
  ): void {
    let at = offset;
    let some: Uint8Array[] = [];
    let length = 0;
    const end = (): void => {
      const within = at % CLUSTER;
      if (length > 0) visit((at - within) / CLUSTER, within, some, length);
      at += length;
      some = [];
      length = 0;
    };
    for (const bytes of pieces) {
      for (let done = 0; done < bytes.length; ) {
        const room = CLUSTER - (at % CLUSTER) - length;
        const piece = done === 0 && bytes.length <= room ? bytes : bytes.subarray(done, done + room);
        some.push(piece);
        length += piece.length;
        done += piece.length;
        if (piece.length === room) end();
      }
    }
    end();
  }
}

// What disks whose writes go to another file share: reads of clusters that were written and of those that were not.
// Ours: a cluster is copied whole before its first write.
import { readSync, writeSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import { type BlockBackend, BlockError } from '../devices/block-backend.js';

export const CLUSTER = 65536;

export abstract class CopyOnWriteDisk implements BlockBackend {
  readonly readOnly = false;
  readonly size: number;
  private readonly cluster = new Uint8Array(CLUSTER);

  constructor(protected readonly below: BlockBackend) {
    this.size = below.size;
  }

  /** The file that takes the writes. */
  protected abstract readonly fd: number;
  /** Where a written cluster lies in the file; undefined: it has not been written. */
  protected abstract placeOf(cluster: number): number | undefined;
  /** Puts a cluster's first bytes into the file; the value is where. */
  protected abstract add(cluster: number, bytes: Uint8Array): number;
  abstract flush(): void;

  read(offset: number, into: Uint8Array): void {
    this.pieces(offset, into.length, (cluster, within, done, length) => {
      const place = this.placeOf(cluster);
      const piece = into.subarray(done, done + length);
      if (place === undefined) this.below.read(cluster * CLUSTER + within, piece);
      else this.guard(() => readSync(this.fd, piece, 0, length, place + within));
    });
  }

  write(offset: number, bytes: Uint8Array): void {
    this.pieces(offset, bytes.length, (cluster, within, done, length) => {
      const place = this.placeOf(cluster) ?? this.copyUp(cluster);
      this.guard(() => writeSync(this.fd, bytes, done, length, place + within));
    });
  }

  /** What the host refuses is a BlockError. */
  protected guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw new BlockError(messageOf(error), { cause: error });
    }
  }

  private copyUp(cluster: number): number {
    const length = Math.min(CLUSTER, this.size - cluster * CLUSTER);
    this.cluster.fill(0, length);
    this.below.read(cluster * CLUSTER, this.cluster.subarray(0, length));
    return this.add(cluster, this.cluster);
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
}

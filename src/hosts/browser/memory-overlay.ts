// A disk whose writes stay in memory, over an image that is not changed.
// Contract: BlockBackend in src/devices/storage/block-backend.ts. A cluster is copied whole before its first write.
import { formatSize, MIB } from '../../base/bytes.js';
import { type BlockBackend, BlockError } from '../../devices/storage/block-backend.js';
import { CLUSTER, packOverlay, unpackOverlay } from '../../library/overlay-pieces.js';
import type { Disk } from '../../library/platform.js';

/** What may be written before the disk is full. */
const MOST = 1024 * MIB;

export class MemoryOverlay implements Disk {
  readonly size: number;
  readonly readOnly = false;
  private readonly written = new Map<number, Uint8Array>();

  constructor(private readonly below: BlockBackend) {
    this.size = below.size;
  }

  read(offset: number, into: Uint8Array): void {
    visitClusters(offset, into.length, (cluster, within, done, length) => {
      const place = this.written.get(cluster);
      const piece = into.subarray(done, done + length);
      if (place) piece.set(place.subarray(within, within + length));
      else this.below.read(offset + done, piece);
    });
  }

  write(offset: number, bytes: Uint8Array): void {
    visitClusters(offset, bytes.length, (cluster, within, done, length) => {
      const place = this.written.get(cluster) ?? this.copyUp(cluster);
      place.set(bytes.subarray(done, done + length), within);
    });
  }

  flush(): void {}

  save(): Uint8Array[] {
    return packOverlay(
      [...this.written.keys()],
      () => false,
      (cluster, into) => into.set(this.written.get(cluster) as Uint8Array),
    );
  }

  load(bytes: Uint8Array): void {
    unpackOverlay(
      bytes,
      this.size,
      (cluster, written) => {
        const length = Math.min(CLUSTER, this.size - cluster * CLUSTER);
        this.written.set(cluster, written.slice(0, length));
      },
      // a disk of another host may have discarded it, and so zeros are its contents
      (cluster) => void this.written.set(cluster, new Uint8Array(Math.min(CLUSTER, this.size - cluster * CLUSTER))),
    );
  }

  private copyUp(cluster: number): Uint8Array {
    if (this.written.size * CLUSTER >= MOST)
      throw new BlockError(`more than ${formatSize(MOST)} were written, which a tab does not hold`);
    const at = cluster * CLUSTER;
    const place = new Uint8Array(Math.min(CLUSTER, this.size - at));
    this.below.read(at, place);
    this.written.set(cluster, place);
    return place;
  }
}

/** Cuts a range where clusters end. */
export function visitClusters(
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

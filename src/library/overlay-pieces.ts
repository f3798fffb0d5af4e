// What was written over a disk, as pieces of a snapshot: numbers of clusters, then the bytes of those that have any.
// Ours. A cluster that was discarded has a mark in its number, and no bytes.
import { viewOf } from '../base/bytes.js';
import { SnapshotError } from '../devices/snapshot-fields.js';

export const CLUSTER = 65536;
/** Clusters of one piece. */
const PIECE = 128;
const DISCARDED = 0x80000000;

/** `clusters`: numbers of what was written or discarded. `read` fills a whole cluster. */
export function packOverlay(
  clusters: readonly number[],
  isDiscarded: (cluster: number) => boolean,
  read: (cluster: number, into: Uint8Array) => void,
): Uint8Array[] {
  const sorted = [...clusters].sort((a, b) => a - b);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < sorted.length; at += PIECE) {
    const some = sorted.slice(at, at + PIECE);
    const written = some.filter((cluster) => !isDiscarded(cluster));
    const numbers = 4 + some.length * 4;
    const bytes = new Uint8Array(numbers + written.length * CLUSTER);
    const view = viewOf(bytes);
    view.setUint32(0, some.length, true);
    some.forEach((cluster, i) => {
      view.setUint32(4 + i * 4, isDiscarded(cluster) ? cluster + DISCARDED : cluster, true);
    });
    written.forEach((cluster, i) => {
      const from = numbers + i * CLUSTER;
      read(cluster, bytes.subarray(from, from + CLUSTER));
    });
    pieces.push(bytes);
  }
  return pieces;
}

/** One piece, for a disk of `size` bytes. Throws SnapshotError. */
export function unpackOverlay(
  bytes: Uint8Array,
  size: number,
  write: (cluster: number, bytes: Uint8Array) => void,
  discard: (cluster: number) => void,
): void {
  const view = viewOf(bytes);
  const count = bytes.length >= 4 ? view.getUint32(0, true) : -1;
  let at = 4 + count * 4;
  if (count < 0 || count > PIECE || bytes.length < at) throw new SnapshotError('a wrong overlay');
  const entries = Array.from({ length: count }, (_, i) => view.getUint32(4 + i * 4, true));
  if (bytes.length !== at + entries.filter((entry) => entry < DISCARDED).length * CLUSTER)
    throw new SnapshotError('a wrong overlay');
  for (const entry of entries) {
    const cluster = entry % DISCARDED;
    if (cluster * CLUSTER >= size) throw new SnapshotError('an overlay of another disk');
    if (entry >= DISCARDED) discard(cluster);
    else {
      write(cluster, bytes.subarray(at, at + CLUSTER));
      at += CLUSTER;
    }
  }
}

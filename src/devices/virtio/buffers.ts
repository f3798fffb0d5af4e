// Reading and filling requests that a driver may have cut into buffers at any place.
// Source: virtio 1.2, section 2.7.4 (message framing: no assumption about it).
import type { Buffer } from './virtqueue.js';

/** Copies bytes `from` on into `into`; the value is how many there were. */
export function gather(buffers: readonly Buffer[], from: number, into: Uint8Array): number {
  let done = 0;
  each(buffers, from, into.length, (bytes) => {
    into.set(bytes, done);
    done += bytes.length;
  });
  return done;
}

/** Copies `data` to byte `at` and behind; the value is how many bytes had room. */
export function scatter(buffers: readonly Buffer[], at: number, data: Uint8Array): number {
  let done = 0;
  each(buffers, at, data.length, (bytes) => {
    bytes.set(data.subarray(done, done + bytes.length));
    done += bytes.length;
  });
  return done;
}

/** The pieces that bytes `from` to `from + length` lie in, in place. */
export function slices(buffers: readonly Buffer[], from: number, length: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  each(buffers, from, length, (bytes) => void found.push(bytes));
  return found;
}

function each(buffers: readonly Buffer[], from: number, length: number, visit: (bytes: Uint8Array) => void): void {
  let skip = from;
  let left = length;
  for (const { bytes } of buffers) {
    if (left <= 0) return;
    if (skip >= bytes.length) {
      skip -= bytes.length;
      continue;
    }
    const piece =
      skip === 0 && bytes.length <= left ? bytes : bytes.subarray(skip, Math.min(bytes.length, skip + left));
    visit(piece);
    left -= piece.length;
    skip = 0;
  }
}

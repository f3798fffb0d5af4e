// Memory that a guest has given back, by the balloon or by free page reporting: zeroed, so that a snapshot need not hold it.
// virtio 1.2, section 5.5.6.7: what the pages hold afterwards is the device's choice.

/** What is looked at as one. */
const PIECE = 256 * 1024;
const PAGE = 4096;

/**
 * A WebAssembly memory cannot shrink, but its pages are the host's until they are first touched, which takes some 4 us each. A guest that has
 * just booted reports nearly all of its memory, most of which it has never used: a piece whose first page is zero is taken to be zero and left alone.
 */
export function clearReleased(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE);
    if (piece.length <= PAGE || !isZero(piece.subarray(0, PAGE))) piece.fill(0);
  }
}

function isZero(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) if (view.getUint32(at) !== 0) return false;
  for (; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}

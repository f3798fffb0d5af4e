// Memory as its pages that are not all zeros: a bit for each page, then the pages.
// Ours.
import { SnapshotError } from '../../devices/snapshot-fields.js';

const PAGE = 4096;
/** 64-bit words would be quicker, and need an alignment that a wasm memory's pieces do not promise. */
const WORDS = PAGE / 4;

function isZero(words: Uint32Array, page: number): boolean {
  const end = (page + 1) * WORDS;
  for (let i = page * WORDS; i < end; i++) if (words[i] !== 0) return false;
  return true;
}

/** `memory` is whole pages, at a multiple of 4 bytes. */
export function packPages(memory: Uint8Array): Uint8Array {
  const pages = memory.length / PAGE;
  const words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length / 4);
  const used: number[] = [];
  for (let page = 0; page < pages; page++) if (!isZero(words, page)) used.push(page);
  const bitmap = Math.ceil(pages / 8);
  const packed = new Uint8Array(bitmap + used.length * PAGE);
  used.forEach((page, i) => {
    packed[page >> 3] |= 1 << (page & 7);
    packed.set(memory.subarray(page * PAGE, (page + 1) * PAGE), bitmap + i * PAGE);
  });
  return packed;
}

/**
 * Fills `memory` whole. Throws SnapshotError when `packed` is not what it should be.
 * `fresh`: nothing has been written to it yet. Zeros are left alone then, for to touch them would make the host find a page for each.
 */
export function unpackPages(packed: Uint8Array, memory: Uint8Array, fresh = false): void {
  const pages = memory.length / PAGE;
  const bitmap = Math.ceil(pages / 8);
  let at = bitmap;
  for (let page = 0; page < pages; page++) {
    const into = memory.subarray(page * PAGE, (page + 1) * PAGE);
    if (packed[page >> 3] & (1 << (page & 7))) {
      if (at + PAGE > packed.length) throw new SnapshotError('memory ends early');
      into.set(packed.subarray(at, at + PAGE));
      at += PAGE;
    } else if (!fresh) into.fill(0);
  }
  if (at !== packed.length) throw new SnapshotError('memory has a rest');
}

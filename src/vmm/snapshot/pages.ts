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

/** `memory` is whole pages, at a multiple of 4 bytes; undefined when it is all zeros. */
export function packPages(memory: Uint8Array): Uint8Array | undefined {
  const pages = memory.length / PAGE;
  const words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length / 4);
  const used: number[] = [];
  for (let page = 0; page < pages; page++) if (!isZero(words, page)) used.push(page);
  if (used.length === 0) return undefined;
  const bitmap = Math.ceil(pages / 8);
  const packed = new Uint8Array(bitmap + used.length * PAGE);
  used.forEach((page, i) => {
    packed[page >> 3] |= 1 << (page & 7);
    packed.set(memory.subarray(page * PAGE, (page + 1) * PAGE), bitmap + i * PAGE);
  });
  return packed;
}

/**
 * Fills `memory`, which is all zeros; pages that stay so are not touched: the host would have to find memory for each.
 * Throws SnapshotError when `packed` is not what it should be.
 */
export function unpackPages(packed: Uint8Array, memory: Uint8Array): void {
  const pages = memory.length / PAGE;
  const isUsed = (page: number): boolean => page < pages && (packed[page >> 3] & (1 << (page & 7))) !== 0;
  let at = Math.ceil(pages / 8);
  for (let page = 0; page < pages; page++) {
    const first = page;
    while (isUsed(page)) page++;
    if (page === first) continue;
    const end = at + (page - first) * PAGE;
    if (end > packed.length) throw new SnapshotError('memory ends early');
    memory.set(packed.subarray(at, end), first * PAGE);
    at = end;
  }
  if (at !== packed.length) throw new SnapshotError('memory has a rest');
}

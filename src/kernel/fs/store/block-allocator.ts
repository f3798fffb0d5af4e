// Which blocks of a store are in use: a bitmap in memory, made anew of the files' blocks at each mount. Blocks count from 1.
// Ours.
import { assert } from '../../../base/assert.js';

/** Blocks that a store can have: 256 GiB. */
export const BLOCKS_MAX = 2 ** 26;
const FULL = 0xffffffff;

export class BlockAllocator {
  /** A bit for each block, 32 to a word; bit 0 of the first stands for no block. */
  private words = new Uint32Array(32).fill(1, 0, 1);
  /** No block below is free. */
  private lowest = 1;
  /** Behind the last block that was handed out: what is written together lies together. */
  private next = 1;
  /** Blocks in use. */
  used = 0;

  isUsed(block: number): boolean {
    return ((this.words[block >>> 5] ?? 0) & (1 << (block & 31))) !== 0;
  }

  /** The block is a file's already, from an earlier life; false: it can't be, or is another's too. */
  reserve(block: number): boolean {
    if (block < 1 || block > BLOCKS_MAX || this.isUsed(block)) return false;
    this.mark(block);
    return true;
  }

  /** The next that are taken are the lowest that are free. */
  rewind(): void {
    this.next = this.lowest;
  }

  /** A block that nobody uses; 0: there is none. */
  take(): number {
    if (this.used >= BLOCKS_MAX) return 0;
    const from = this.next;
    let block = this.firstFree(from);
    if (block > BLOCKS_MAX) block = this.firstFree(this.lowest);
    this.mark(block);
    this.next = block + 1;
    if (from === this.lowest) this.lowest = block + 1;
    return block;
  }

  private firstFree(from: number): number {
    let block = from;
    while (this.isUsed(block)) block = this.words[block >>> 5] === FULL ? ((block >>> 5) + 1) * 32 : block + 1;
    return block;
  }

  private mark(block: number): void {
    const word = block >>> 5;
    if (word >= this.words.length) {
      const more = new Uint32Array(Math.max(word + 1, this.words.length * 2));
      more.set(this.words);
      this.words = more;
    }
    this.words[word]! |= 1 << (block & 31);
    this.used++;
  }

  free(block: number): void {
    assert(this.isUsed(block), 'a block that is freed is in use');
    this.words[block >>> 5]! &= ~(1 << (block & 31));
    this.used--;
    if (block < this.lowest) this.lowest = block;
  }

  /** The last block in use, or 0. */
  get last(): number {
    let word = this.words.length - 1;
    while (word > 0 && this.words[word] === 0) word--;
    return word * 32 + 31 - Math.clz32(this.words[word]!);
  }
}

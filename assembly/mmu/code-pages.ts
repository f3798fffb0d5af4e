// Decoded code by physical page: who has code, where its micro-ops are, and what a write to it undoes.
// A descriptor holds the decoded form of one physical page under one mode key; its offset table maps each byte of the page
// to the micro-op of the instruction that starts there. Micro-ops lie in blocks that belong to the page (code-area.ts).
import {
  ATTENTION, ATTENTION_CODE, CODE_PAGE_OF, COUNT_CODE_FLUSHES, COUNT_CODE_INVALIDATIONS, DESCRIPTOR_NEXT, DESCRIPTOR_NUMBER, DESCRIPTOR_SIZE,
  OFFSET_TABLE_SIZE,
} from '../abi';
import { OP_STALE } from '../generated/micro-ops';
import { closeEntries } from './region-entries';
import { U_LENGTH, U_OP, UOP_SIZE } from '../uop';
import {
  BLOCK_UOPS, blockBegin, descriptorNumber, descriptorOf, forgetArea, freeBlocks, freePages, freeTheBlocks, freeTheDescriptor, newBlock, newDescriptor,
  pagesTouched, tableOf,
} from './code-area';
import { evictCode } from './code-eviction';
import { forgetReturns } from './returns';
import { flushCodeTlb, protectHostPage } from './tlb';

/** Descriptor layout, bytes. */
const NEXT: usize = DESCRIPTOR_NEXT;
const NUMBER: usize = DESCRIPTOR_NUMBER;
const KEY: usize = 8;
const HOST: usize = 12;
/** u64: bit n set when bytes [64n, 64n + 64) of the page hold decoded instructions. */
const GRANULES: usize = 16;
/** u32: is there a region in the page (0, MADE, LINKED); how often its regions were dropped. */
const TRANSLATED: usize = 24;
const DROPS: usize = 28;
const MADE: u32 = 1;
const LINKED: u32 = 2;
/** Writes beside the page's code, how many may be: u32 each. */
const BESIDE: usize = 32;
const BESIDE_LIMIT: usize = 36;
/** The newest of its blocks (number + 1), and how many micro-ops of it are taken; how many blocks it has. */
const BLOCK: usize = 40;
const TAKEN: usize = 44;
const BLOCKS: usize = 48;
/** Bits: the code TLB has been asked for the page since the clock's hand was here; it is to be evicted; its micro-ops are void. */
const FLAGS: usize = 52;
const USED: u32 = 1;
const CHOSEN: u32 = 2;
const VOID: u32 = 4;
/** A page that has more blocks was decoded again and again, and begins anew. */
const BLOCKS_OF_A_PAGE_MAX: u32 = 128;

/** Changes whenever all decoded code is dropped. */
export let generation: u32 = 0;
/** Changes whenever a region that could be entered at a micro-op may not be any more. */
export let closings: u32 = 0;
export function noteClosing(): void { closings++; }

// @ts-ignore: decorator
@inline function first(number: u32): usize { return load<u32>(CODE_PAGE_OF + (number << 2)); }
// @ts-ignore: decorator
@inline export function hostPage(table: usize): usize { return load<u32>(descriptorOf(table) + HOST); }

/** A region lies in the page of `table`, and can be entered when `linked`. */
export function noteRegion(table: usize, linked: bool): void { store<u32>(descriptorOf(table) + TRANSLATED, linked ? LINKED : MADE); }
/** Is there a region in the page that waits to be linked? */
export function isBeingLinked(table: usize): bool { return load<u32>(descriptorOf(table) + TRANSLATED) == MADE; }
/** How often code of the page was written after it had been translated. */
export function regionDrops(table: usize): u32 { return load<u32>(descriptorOf(table) + DROPS); }
function dropRegions(table: usize): void {
  const d = descriptorOf(table);
  store<u32>(d + TRANSLATED, 0);
  store<u32>(d + DROPS, load<u32>(d + DROPS) + 1);
  closeEntries(table);
}

/** Mode key of the code that `table` finds. */
export function descriptorKey(table: usize): u32 { return load<u32>(descriptorOf(table) + KEY); }

/** Offset table for physical page `number` (host bytes at `host`) decoded under `key`; made when there is none. Only between instructions. */
export function codeTable(number: u32, key: u32, host: usize): usize {
  for (let d = first(number); d; d = load<u32>(d + NEXT)) {
    if (load<u32>(d + KEY) != key || load<u32>(d + HOST) != <u32>host) continue;
    store<u32>(d + FLAGS, load<u32>(d + FLAGS) | USED);
    return tableOf(d);
  }
  if (freePages == 0) evictCode();
  const d = newDescriptor();
  store<u32>(d + NEXT, <u32>first(number));
  store<u32>(d + NUMBER, number);
  store<u32>(d + KEY, key);
  store<u32>(d + HOST, <u32>host);
  store<u32>(d + FLAGS, USED);
  store<u32>(CODE_PAGE_OF + (number << 2), <u32>d);
  return tableOf(d);
}

// ---- micro-ops -------------------------------------------------------------------------------------------------------------------------

/** Is there a block for what is to be decoded? Else evictCode() makes room. */
export function uopRoom(): bool { return freeBlocks != 0; }

function voidBlocks(d: usize): void {
  freeTheBlocks(load<u32>(d + BLOCK));
  store<u32>(d + BLOCK, 0);
  store<u32>(d + BLOCKS, 0);
  store<u32>(d + FLAGS, load<u32>(d + FLAGS) & ~VOID);
}

/** End of the block that micro-ops go to. */
export let blockEnd: usize = 0;
/** Less room than this is left alone. */
const ROOM_MIN: u32 = 8;

function addBlock(d: usize): usize {
  const block = newBlock(load<u32>(d + BLOCK));
  store<u32>(d + BLOCK, block);
  store<u32>(d + BLOCKS, load<u32>(d + BLOCKS) + 1);
  store<u32>(d + TAKEN, 0);
  blockEnd = blockBegin(block) + BLOCK_UOPS * UOP_SIZE;
  return blockBegin(block);
}

/** Where micro-ops of the page of `table` go, up to `blockEnd`. Only between instructions, and when there is room. */
export function beginUops(table: usize): usize {
  const d = descriptorOf(table);
  if (load<u32>(d + BLOCKS) == BLOCKS_OF_A_PAGE_MAX) dropPage(d);
  if ((load<u32>(d + FLAGS) & VOID) != 0) voidBlocks(d);
  const block = load<u32>(d + BLOCK);
  const taken = load<u32>(d + TAKEN);
  if (block == 0 || taken + ROOM_MIN > BLOCK_UOPS) return addBlock(d);
  blockEnd = blockBegin(block) + BLOCK_UOPS * UOP_SIZE;
  return blockBegin(block) + taken * UOP_SIZE;
}
/** Does the block begin with `start`? Then no other has more room behind it. */
export function isWholeBlock(start: usize): bool { return start + BLOCK_UOPS * UOP_SIZE == blockEnd; }
/** The same in a new block, for those that did not find room behind `start`. */
export function widerUops(table: usize): usize { return addBlock(descriptorOf(table)); }
/** Micro-ops up to `end` are there to stay. */
export function endUops(table: usize, end: usize): void {
  store<u32>(descriptorOf(table) + TAKEN, BLOCK_UOPS - <u32>((blockEnd - end) / UOP_SIZE));
}

/** Notes that bytes [from, to) of the page hold decoded instructions; writes to the page become slow. */
export function coverCode(table: usize, from: u32, to: u32): void {
  const d = descriptorOf(table);
  const old = load<u64>(d + GRANULES);
  let mask = old;
  for (let g = from >>> 6; g <= (to - 1) >>> 6; g++) mask |= <u64>1 << g;
  if (mask == old) return;
  store<u64>(d + GRANULES, mask);
  if (old == 0) protectHostPage(load<u32>(d + HOST));
}

/** Does physical page `number` hold decoded code? Then writes to it must come through codeWritten(). */
export function hasCode(number: u32): bool {
  for (let d = first(number); d; d = load<u32>(d + NEXT)) if (load<u64>(d + GRANULES) != 0) return true;
  return false;
}

/** A longer write drops the whole page's decoded code at once. */
const SMALL_WRITE: u32 = 16;
const MAX_LENGTH: u32 = 15;

/** A write to `size` bytes at `offset` of physical page `number`: drops what was decoded from them. */
export function codeWritten(number: u32, offset: u32, size: u32): void {
  let mask: u64 = 0;
  for (let g = offset >>> 6; g <= (offset + size - 1) >>> 6; g++) mask |= <u64>1 << g;
  for (let d = first(number); d; d = load<u32>(d + NEXT)) {
    if ((load<u64>(d + GRANULES) & mask) == 0) {
      if (isTired(d)) dropPage(d);
      continue;
    }
    store<u64>(COUNT_CODE_INVALIDATIONS, load<u64>(COUNT_CODE_INVALIDATIONS) + 1);
    if (size > SMALL_WRITE) {
      dropPage(d);
      // other contents: what the page did before says nothing about them
      store<u32>(d + DROPS, 0);
    } else if (!expire(tableOf(d), offset, size)) uncover(d, mask);
    else if (load<u32>(d + TRANSLATED) != 0) {
      // a region that is running must leave too
      dropRegions(tableOf(d));
      store<u32>(ATTENTION, load<u32>(ATTENTION) | ATTENTION_CODE);
    }
  }
}

function dropPage(d: usize): void {
  memory.fill(tableOf(d), 0, OFFSET_TABLE_SIZE);
  store<u64>(d + GRANULES, 0);
  if (load<u32>(d + TRANSLATED) != 0) closeEntries(tableOf(d));
  store<u32>(d + TRANSLATED, 0);
  // micro-ops of the page are unreachable now, but for those that are executing
  store<u32>(d + FLAGS, load<u32>(d + FLAGS) | VOID);
  store<u32>(ATTENTION, load<u32>(ATTENTION) | ATTENTION_CODE);
}

const BESIDE_FIRST: u32 = 64;
const BESIDE_MAX: u32 = 1 << 20;

/**
 * A write has hit a page with code, but none of the code. Were there so many that its code is likely to be of an earlier life (a page of
 * a program that has ended is a stack now)? Twice as many the next time: pages with code and data exist too.
 */
function isTired(d: usize): bool {
  if (load<u64>(d + GRANULES) == 0) return false;
  const writes = load<u32>(d + BESIDE) + 1;
  const most = max(load<u32>(d + BESIDE_LIMIT), BESIDE_FIRST);
  store<u32>(d + BESIDE, writes);
  if (writes < most) return false;
  store<u32>(d + BESIDE, 0);
  store<u32>(d + BESIDE_LIMIT, min(most * 2, BESIDE_MAX));
  return true;
}

/** Does the instruction of micro-op `u`, at `at` in its page, reach byte `offset`? */
// @ts-ignore: decorator
@inline function reaches(u: usize, at: u32, offset: u32): bool {
  const length: u32 = load<u8>(u, U_LENGTH);
  return at + (length == 0 ? MAX_LENGTH : length) > offset;
}

/** Instructions with a byte in [offset, offset + size) are looked up again when execution gets to them. Were there any? */
function expire(table: usize, offset: u32, size: u32): bool {
  let found = false;
  for (let at: u32 = offset < MAX_LENGTH ? 0 : offset - MAX_LENGTH + 1; at < offset + size; at++) {
    const u: usize = load<u32>(table + (at << 2));
    if (u == 0 || !reaches(u, at, offset)) continue;
    store<u16>(u, OP_STALE, U_OP);
    store<u32>(table + (at << 2), 0);
    found = true;
  }
  return found;
}

/** Forgets those granules of `mask` that hold no instruction any more, so that a page that has become data is fast again. */
function uncover(d: usize, mask: u64): void {
  const table = tableOf(d);
  for (let g: u32 = 0; g < 64; g++) {
    if ((mask & (<u64>1 << g)) == 0) continue;
    const start = g << 6;
    let live = false;
    for (let at: u32 = start < MAX_LENGTH ? 0 : start - MAX_LENGTH + 1; at < start + 64; at++) {
      const u: usize = load<u32>(table + (at << 2));
      if (u != 0 && reaches(u, at, start)) live = true;
    }
    if (!live) store<u64>(d + GRANULES, load<u64>(d + GRANULES) & ~(<u64>1 << g));
  }
}

/** The host (DMA) wrote `length` bytes at physical `address`. */
export function invalidateCode(address: u32, length: u32): void {
  while (length > 0) {
    const offset = address & 0xfff;
    const size = min<u32>(length, 0x1000 - offset);
    if (first(address >>> 12)) codeWritten(address >>> 12, offset, size);
    address += size;
    length -= size;
  }
}

/** Drops all decoded code. Only between instructions: micro-op addresses are void afterwards. */
export function flushCode(): void {
  store<u64>(COUNT_CODE_FLUSHES, load<u64>(COUNT_CODE_FLUSHES) + 1);
  for (let i: u32 = 0; i < pagesTouched; i++) {
    const d = descriptorNumber(i);
    if (isTaken(d)) {
      store<u32>(CODE_PAGE_OF + (load<u32>(d + NUMBER) << 2), 0);
      if (load<u64>(d + GRANULES) != 0) memory.fill(tableOf(d), 0, OFFSET_TABLE_SIZE);
    }
    memory.fill(d, 0, DESCRIPTOR_SIZE);
  }
  forgetArea();
  generation++;
  closings++;
  forgetReturns();
  flushCodeTlb();
}

// ---- eviction: code-eviction.ts decides ------------------------------------------------------------------------------------------------

/** Does the descriptor belong to a page? */
function isTaken(d: usize): bool { return load<u32>(d + HOST) != 0; }

/**
 * The clock's hand is at descriptor `d`: is the page chosen, because nobody has asked for it since the last time? `translated`: only those with
 * regions that can be entered count.
 */
export function passes(d: usize, translated: bool): bool {
  if (!isTaken(d) || (translated && load<u32>(d + TRANSLATED) != LINKED)) return false;
  const flags = load<u32>(d + FLAGS);
  store<u32>(d + FLAGS, (flags & USED) != 0 ? flags & ~USED : flags | CHOSEN);
  return (flags & (USED | CHOSEN)) == 0;
}
export function isChosen(table: usize): bool { return (load<u32>(descriptorOf(table) + FLAGS) & CHOSEN) != 0; }
export function blocksOf(d: usize): u32 { return load<u32>(d + BLOCKS); }

/** The regions of a chosen page are closed: they alone were to go. */
export function unchoose(d: usize): void {
  const flags = load<u32>(d + FLAGS);
  if ((flags & CHOSEN) == 0) return;
  store<u32>(d + FLAGS, flags & ~CHOSEN);
  store<u32>(d + TRANSLATED, 0);
}

/** The regions of a chosen page are closed: forgets all that was decoded of it. Was it one? */
export function release(d: usize): bool {
  if ((load<u32>(d + FLAGS) & CHOSEN) == 0) return false;
  unlink(d);
  if (load<u64>(d + GRANULES) != 0) memory.fill(tableOf(d), 0, OFFSET_TABLE_SIZE);
  freeTheBlocks(load<u32>(d + BLOCK));
  freeTheDescriptor(d);
  return true;
}
function unlink(d: usize): void {
  let at: usize = CODE_PAGE_OF + (load<u32>(d + NUMBER) << 2);
  while (load<u32>(at) != <u32>d) at = load<u32>(at) + NEXT;
  store<u32>(at, load<u32>(d + NEXT));
}

// The slow side of a region's memory accesses: what its look-up in the TLB misses. A region gets a TLB entry back and goes on as if it
// had hit; where there is none to give, the entry is that of a page of our own. access.ts.
import { ALIGNMENT_ACTIVE, DR7 } from '../abi';
import { watchesPage } from '../cpu/debug-registers';
import { faulted, needsAttention } from '../cpu/fault';
import { misses, readEntry, readSlow16, readSlow32, readSlow8, writeEntry, writeSlow16, writeSlow32, writeSlow8 } from './access';
import { hasCode } from './code-pages';
import { ACCESS_WRITE, translate, walkedHost, walkGlobal, walkLarge } from './paging';
import { fillData, READ, userRights, WRITE } from './tlb';

/** What was read from a device or across pages; what a store behind a write that is done already may overwrite. */
const ASIDE: usize = memory.data(4096 + 16, 4096);
/** The value that is no entry: the region must leave with INTERRUPTED. */
const NONE: u32 = 0xffffffff;

/** Why. */
export const BY_FAULT: u32 = 0;
export const BY_WRITE: u32 = 1; // it is done and asked for attention
const BY_PAGE: u32 = 2; // nothing is done: the handler knows how
let why: u32 = 0;
export function interruptedBy(): u32 { return why; }

function interrupt(reason: u32): u32 {
  why = reason;
  return NONE;
}
// @ts-ignore: decorator
@inline function aside(lin: u32): u32 { return <u32>ASIDE ^ (lin & 0xfffff000); }

/** Reads `size` (1, 2, 4) bytes at `lin`. */
export function readMissed(lin: u32, size: u32): u32 {
  const value = size == 4 ? readSlow32(lin) : size == 1 ? readSlow8(lin) : readSlow16(lin);
  if (faulted()) return interrupt(BY_FAULT);
  const entry = readEntry(lin);
  if (!misses(lin, entry, size)) return entry;
  store<u32>(ASIDE + (lin & 0xfff), value);
  return aside(lin);
}

/** Writes `size` bytes at `lin`. */
export function writeMissed(lin: u32, value: u32, size: u32): u32 {
  const done = size == 4 ? writeSlow32(lin, value) : size == 1 ? writeSlow8(lin, value) : writeSlow16(lin, value);
  if (!done) return interrupt(BY_FAULT);
  return needsAttention() ? interrupt(BY_WRITE) : aside(lin);
}

/** In a size: the operand is read before it is written. */
export const MODIFIED: u32 = 8;
/** Makes `size` bytes at `lin` ready to be written by a region; what is more than plain memory is left to the handler. */
export function storeMissed(lin: u32, how: u32): u32 {
  const size = how & ~MODIFIED;
  if ((lin & 0xfff) + size > 0x1000 || load<u32>(ALIGNMENT_ACTIVE) != 0) return interrupt(BY_PAGE);
  const physical = translate(lin, ACCESS_WRITE, userRights);
  if (faulted()) return interrupt(BY_FAULT);
  const host = walkedHost(physical, true);
  if (host == 0 || hasCode(physical >>> 12) || ((load<u32>(DR7) & 0xff) != 0 && watchesPage(lin))) return interrupt(BY_PAGE);
  // what the interpreter would fill: string instructions count by what they find
  if ((how & MODIFIED) != 0 && misses(lin, readEntry(lin), 1)) fillData(READ, userRights, lin, <u32>host & 0xfffff000, walkGlobal, walkLarge);
  fillData(WRITE, userRights, lin, <u32>host & 0xfffff000, walkGlobal, walkLarge);
  return writeEntry(lin);
}

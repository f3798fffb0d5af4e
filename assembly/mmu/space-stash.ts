// What the TLB knows of the address spaces that are not in force: put aside at a switch, and back at the next one to it.
// Ours; tagged TLBs (SDM vol. 3A 4.10.1) by copying, as the addresses of the tables are constants in translated code.
import { ALIGNMENT_ACTIVE, DR7, REGIONS, REGION_COUNT, REGION_SIZE, STASH_SIZE } from '../abi';
import { hasCode } from './code-pages';
import { codeDrops, codeKey, hostOfFill, isCodeFill, isWriteFill, protections, putBack, putBackAll, takeOutLocals, wholeFlushes } from './tlb';

/**
 * A stash: whose it is (CR3, 0: nobody's) u32, its fills u32, then what codeDrops, codeKey, protections, wholeFlushes were, u32; from 32 on the
 * fills: {page and table, value} u32.
 */
const COUNT: usize = 4;
const DROPS: usize = 8;
const KEY: usize = 12;
const PROTECTIONS: usize = 16;
const FLUSHES: usize = 20;
const FILLS: usize = 32;
const FILL_MAX: u32 = 2044;

/** Where stashes lie, and how many: a power of two; 0: there are none. */
let stashes: usize = 0;
let stashMask: u32 = 0;

/** `count` stashes of STASH_SIZE bytes, all zeros, lie from `at` on. */
export function setStashes(at: usize, count: u32): void {
  stashes = at;
  stashMask = count - 1;
}

// @ts-ignore: decorator
@inline function stashOf(space: u32): usize { return stashes + <usize>(((space >>> 12) ^ (space >>> 5)) & stashMask) * STASH_SIZE; }

/** What was put aside of `space` is void. */
export function forgetStash(space: u32): void {
  if (stashes == 0) return;
  const stash = stashOf(space);
  if (load<u32>(stash) == space) store<u32>(stash, 0);
}

/** Takes the entries of `space`, which is in force, out of the TLB; the newest are kept. Global ones stay. */
export function putAside(space: u32): void {
  if (stashes == 0) return;
  const stash = stashOf(space);
  const count = takeOutLocals(stash + FILLS, FILL_MAX);
  store<u32>(stash, space);
  store<u32>(stash, count, COUNT);
  store<u32>(stash, codeDrops, DROPS);
  store<u32>(stash, codeKey, KEY);
  store<u32>(stash, protections, PROTECTIONS);
  store<u32>(stash, wholeFlushes, FLUSHES);
}

/** Has the host page at `host` got code since it was entered for writing? */
function isProtected(host: u32): bool {
  const count = load<u32>(REGION_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const region = REGIONS + <usize>i * REGION_SIZE;
    const offset = host - load<u32>(region, 8);
    if (offset < load<u32>(region, 4)) return hasCode((load<u32>(region) + offset) >>> 12);
  }
  return true;
}

/** Enters again what was put aside of `space`, which has come into force. */
export function putBackStash(space: u32): void {
  if (stashes == 0) return;
  const stash = stashOf(space);
  if (load<u32>(stash) != space) return;
  store<u32>(stash, 0);
  // watched and misaligned accesses are seen only by those that miss
  if (load<u32>(stash, FLUSHES) != wholeFlushes || (load<u32>(DR7) & 0xff) != 0 || load<u32>(ALIGNMENT_ACTIVE) != 0) return;
  const code = load<u32>(stash, DROPS) == codeDrops && load<u32>(stash, KEY) == codeKey;
  const unprotected = load<u32>(stash, PROTECTIONS) == protections;
  const count = load<u32>(stash, COUNT);
  if (code && unprotected) {
    putBackAll(stash + FILLS, count);
    return;
  }
  // the oldest first, as they were entered
  for (let i = count; i > 0; i--) {
    const at = stash + FILLS + (<usize>(i - 1) << 3);
    const fill = load<u32>(at);
    const value = load<u32>(at, 4);
    if (isCodeFill(fill) ? code : unprotected || !isWriteFill(fill) || !isProtected(hostOfFill(fill, value))) putBack(fill, value);
  }
}

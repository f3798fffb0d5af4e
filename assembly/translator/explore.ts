// What a region consists of: its code pages, and what of them is reached from where it begins.
// Ours. A region lies in one page, or, when several were joined (join.ts), in the pages of all. A *place* is a byte of one of its pages:
// page number << 12 | offset. Pages keep their distance in linear memory: a region that runs under another mapping has moved as a whole,
// and looks at each step to another page whether the code of that page is there.
import { REGION_PAGE_MAX, TRANSLATOR_SCRATCH } from '../abi';
import {
  FORM_CALL, FORM_CALL_INDIRECT, FORM_END, FORM_GOTO, FORM_JCC, FORM_JMP, FORM_JMP_INDIRECT, FORM_LOOP, FORM_NEXT_PAGE, FORM_RET, FORM_STALE,
} from '../generated/forms';
import { pending, pendingTable, pendingUop, pendingUser } from '../interpreter/samples';
import { U_IMM, U_LENGTH, U_OFFSET, U_SCALE, UC_TARGET, UOP_SIZE } from '../uop';
import { entrySlot, isBarrier, isClaimed, liveEntry } from '../mmu/region-entries';
import { isJoined } from './joined';
import { userRights } from '../mmu/tlb';
import { formOf } from './emit';

/** Blocks and micro-ops of a region of one page, and of one that was joined. */
const OWN_BLOCK_MAX: i32 = 128;
const OWN_UOP_MAX: i32 = 384;
export const BLOCK_MAX: i32 = 1024;
/** TurboFan's cost grows faster than the function: 40 KB of wasm took it 0.6 s, 12 KB 0.09 s. */
export const UOP_MAX: i32 = 600;
export const NONE: i32 = -1;

/** By place: u8 marks. */
const MARKS: usize = TRANSLATOR_SCRATCH;
const SEEN: u32 = 1;
const RETURN_POINT: u32 = 2;
const STARTS: u32 = 4;
const CALLED: u32 = 8;
/** Stack of places to go on from. */
const WORK: usize = TRANSLATOR_SCRATCH + 0x60000;
const WORK_MAX: i32 = 1024;
/** By page: {offset table u32, distance from page 0 in bytes u32}. */
const PAGES: usize = TRANSLATOR_SCRATCH + 0x61000;

/** Micro-ops that were explored. */
export let explored: i32 = 0;
export let pages: u32 = 0;
let joining: bool = false;
let work: i32 = 0;
let starts: i32 = 0;
/** Pages, a bit each, in which an indirect jump was seen. */
let jumps: u32 = 0;

// ---- places --------------------------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline export function tableOf(page: u32): usize { return load<u32>(PAGES + (<usize>page << 3)); }
/** How far behind page 0 of the region it lies, in bytes. */
// @ts-ignore: decorator
@inline export function distanceOf(page: u32): u32 { return load<u32>(PAGES + (<usize>page << 3), 4); }
/** How far behind the begin of page 0 a place lies. */
export function relative(place: u32): u32 { return distanceOf(place >>> 12) + (place & 0xfff); }
export function uopAt(place: u32): usize { return load<u32>(tableOf(place >>> 12) + (<usize>(place & 0xfff) << 2)); }
function isJumpTarget(place: u32): bool {
  const u = uopAt(place);
  return u != 0 && (load<u8>(u, U_SCALE) & UC_TARGET) != 0;
}
export function placeOf(page: u32, u: usize): u32 { return (page << 12) | load<u16>(u, U_OFFSET); }
// @ts-ignore: decorator
@inline function marks(place: u32): u32 { return load<u8>(MARKS + place); }
// @ts-ignore: decorator
@inline function mark(place: u32, bit: u32): void { store<u8>(MARKS + place, marks(place) | bit); }

/** Is a block to begin there, and was it explored? */
// @ts-ignore: decorator
@inline export function begins(place: u32): bool { return (marks(place) & (STARTS | SEEN)) == (STARTS | SEEN); }
export function isSeen(place: u32): bool { return (marks(place) & SEEN) != 0; }
export function isReturnPlace(place: u32): bool { return (marks(place) & RETURN_POINT) != 0; }
export function isCalled(place: u32): bool { return (marks(place) & CALLED) != 0; }

export function nextOffset(u: usize): u32 { return <u32>load<u16>(u, U_OFFSET) + load<u8>(u, U_LENGTH); }
/** Offset from the begin of its page that the branch `u` goes to; 0x1000 and more: elsewhere. */
export function branchOffset(u: usize): u32 { return nextOffset(u) + load<u32>(u, U_IMM); }

/** The place `offset` bytes from the begin of `page`; NONE when the region does not have that page. */
export function placeAt(page: u32, offset: u32): i32 {
  if (offset < 0x1000) return (page << 12) | offset;
  const distance = distanceOf(page) + (offset & 0xfffff000);
  for (let i: u32 = 0; i < pages; i++) if (distanceOf(i) == distance) return (i << 12) | (offset & 0xfff);
  return NONE;
}

/** The page of `table` at `distance`, new or known; NONE when another lies there or there are too many. */
export function addPage(table: usize, distance: u32): i32 {
  for (let i: u32 = 0; i < pages; i++) if (distanceOf(i) == distance) return tableOf(i) == table ? i : NONE;
  if (pages == <u32>REGION_PAGE_MAX) return NONE;
  const page = pages++;
  store<u32>(PAGES + (<usize>page << 3), <u32>table);
  store<u32>(PAGES + (<usize>page << 3), distance, 4);
  memory.fill(MARKS + (<usize>page << 12), 0, 0x1000);
  return page;
}

// ---- exploring -----------------------------------------------------------------------------------------------------------------------

/** Does nothing run on behind `form`? */
export function stops(form: u32): bool {
  return form == FORM_JMP || form == FORM_CALL || form == FORM_RET || form == FORM_JMP_INDIRECT || form == FORM_CALL_INDIRECT ||
    form == FORM_GOTO || form == FORM_NEXT_PAGE || form == FORM_STALE || form == FORM_END;
}

/** Does exploring stop at `u`? */
function isBorder(u: usize): bool {
  if (!isClaimed(u)) return false;
  if (joining) {
    const e = liveEntry(u);
    if (e != 0 && isJoined(entrySlot(e))) return false;
  }
  return isBarrier(u);
}

function startAt(place: i32, more: u32): void {
  if (place == NONE) return;
  const u = uopAt(place);
  if (u == 0 || isBorder(u)) return;
  if ((marks(place) & STARTS) == 0) {
    if (starts == (joining ? BLOCK_MAX : OWN_BLOCK_MAX)) return;
    starts++;
  }
  mark(place, STARTS | more);
  if ((marks(place) & SEEN) == 0 && work < WORK_MAX) {
    store<u32>(WORK + (<usize>work << 2), place);
    work++;
  }
}

/** Starts `offset` bytes from the begin of `page`, if that is in it: ways into other pages lead to where regions begin, which are started at anyway. */
function startWithin(page: u32, offset: u32, more: u32): void { if (offset < 0x1000) startAt((page << 12) | offset, more); }

/** Marks what is reached from the places on the stack, straight lines first. */
export function explore(): void {
  const limit = joining ? UOP_MAX : OWN_UOP_MAX;
  while (work > 0 && explored < limit) {
    work--;
    const start = load<u32>(WORK + (<usize>work << 2));
    const page = start >>> 12;
    let u = uopAt(start);
    for (;;) {
      const form = formOf(u) & 0xff;
      if (form == FORM_GOTO) {
        startAt(placeOf(page, u), 0);
        break;
      }
      if (form == FORM_NEXT_PAGE) {
        startWithin(page, nextOffset(u), 0);
        break;
      }
      const place = placeOf(page, u);
      if (form == FORM_STALE) {
        startAt(place, 0);
        break;
      }
      const named = uopAt(place) == u;
      if (named && ((marks(place) & SEEN) != 0 || isBorder(u))) break;
      if (named) mark(place, SEEN);
      explored++;
      if (form == FORM_JMP || form == FORM_JCC || form == FORM_LOOP) startWithin(page, branchOffset(u), 0);
      if (form == FORM_CALL) startWithin(page, branchOffset(u), CALLED);
      if (form == FORM_JCC || form == FORM_LOOP) startWithin(page, nextOffset(u), 0);
      // behind what ends a run too, if anything ever ran there: a system call comes back
      if (form == FORM_CALL || form == FORM_CALL_INDIRECT || form == FORM_END) startWithin(page, nextOffset(u), RETURN_POINT);
      if (form == FORM_JMP_INDIRECT && ((jumps >>> page) & 1) == 0) {
        // wherever such a jump has gone in this page
        jumps |= 1 << page;
        for (let at: u32 = 0; at < 0x1000; at++) if (isJumpTarget((page << 12) | at)) startAt((page << 12) | at, CALLED);
      }
      if (stops(form) || explored >= limit) break;
      u += UOP_SIZE;
    }
  }
}
function begin(): void {
  explored = 0;
  work = 0;
  starts = 0;
  jumps = 0;
  pages = 0;
}

/** Explores from `head` in the page of `table`. */
export function reach(head: usize, table: usize): void {
  joining = false;
  begin();
  addPage(table, 0);
  startAt(placeOf(0, head), 0);
  explore();
}

/** Begins a region that will be joined of several: pages are to be added, then entries, then it is explored. */
export function beginJoined(): void {
  joining = true;
  begin();
}
export function enterAt(place: u32): void { startAt(place, CALLED); }

/** The place of `u` of the page of `table` when it was seen, else NONE. */
export function reached(u: usize, table: usize): i32 {
  for (let page: u32 = 0; page < pages; page++) {
    const place = placeOf(page, u);
    if (tableOf(page) == table && uopAt(place) == u && isSeen(place)) return place;
  }
  return NONE;
}

/** What else is hot in the region is an entry of it too. */
export function enterWhereHot(): void {
  for (let i: u32 = 0; i < pending; i++) {
    if (pendingUser(i) == userRights) startAt(reached(pendingUop(i), pendingTable(i)), CALLED);
  }
}

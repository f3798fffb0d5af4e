// Room for translated code: slots of the core's function table, entries, modules; given out and taken back one by one.
// Ours. A region is closed when none of its entries can be entered any more. Its slot is given out again when the host has linked its module
// and emptied its place in the table, so that the engine may forget the module.
import { REGION_ENTRIES, REGION_ENTRY_MAX, REGION_MODULE_MAX, REGION_MODULES, REGION_SLOTS } from '../abi';
import { generation, isChosen } from './code-pages';
import { closeEntry, entryTable, openEntry } from './region-entries';
import { hasPage, noteLinked, regionPages, regionTable, setFirstRegion } from './regions';
import { forgetReturns } from './returns';

/**
 * By slot: its newest entry (number + 1) u16, entries that are in force or will be u16, module u16, next slot of the module or of a list (number + 1) u16, state u8, which it is of all
 * regions that were made u32.
 */
const SLOT_SHIFT: u32 = 4;
const ENTRIES: usize = 0;
const LIVE: usize = 2;
const MODULE: usize = 4;
const NEXT: usize = 6;
const STATE: usize = 8;
const REGION: usize = 12;
const FREE: u32 = 0;
const MADE: u32 = 1;
const LINKED: u32 = 2;
/** By module: first slot (number + 1) u16, slots that are not free u16, which it is of all that were made u32. */
const MODULE_SHIFT: u32 = 3;
const FIRST: usize = 0;
const SLOTS: usize = 2;
const SERIAL: usize = 4;
/** By entry, behind what region-entries.ts keeps: the next one of its region, or the next free one (number + 1). */
const ENTRY_SHIFT: u32 = 5;
const ENTRY_NEXT: usize = 24;

let firstSlot: u32 = 0;
let slotMax: u32 = 0;
let moduleMax: u32 = 0;

/** Lists of what is free (number + 1, 0: empty), and what lies behind all that was ever given out. */
let freeSlot: u32 = 0;
let slotsTouched: u32 = 0;
let freeEntry: u32 = 0;
export let entriesTouched: u32 = 0;
let freeModule: u32 = 0;
let modulesTouched: u32 = 0;
/** Closed slots whose functions the host has not thrown away yet. */
let closedSlot: u32 = 0;

let freeSlots: u32 = 0;
let closedSlots: u32 = 0;
let freeEntries: u32 = 0;
/** Modules that have regions, and how many wait to be linked. */
export let modules: u32 = 0;
let waiting: u32 = 0;
let serial: u32 = 0;
let regions: u32 = 0;
/** The module that is being written: its first and its last slot (number + 1). */
let opening: u32 = 0;
let last: u32 = 0;
/** Generation of the decoded code that all this belongs to. */
let era: u32 = 0;

// @ts-ignore: decorator
@inline function slotAt(i: u32): usize { return REGION_SLOTS + (<usize>i << SLOT_SHIFT); }
// @ts-ignore: decorator
@inline function moduleAt(i: u32): usize { return REGION_MODULES + (<usize>i << MODULE_SHIFT); }
// @ts-ignore: decorator
@inline function entryNumber(i: u32): usize { return REGION_ENTRIES + (<usize>i << ENTRY_SHIFT); }

/** The host has made room for `count` functions in the table, from `first` on, in at most `most` modules. */
export function setSlots(first: u32, count: u32, most: u32): void {
  firstSlot = first;
  setFirstRegion(first);
  slotMax = count;
  moduleMax = min(most, REGION_MODULE_MAX);
  forgetAll();
}

function forgetAll(): void {
  era = generation;
  freeSlot = 0;
  slotsTouched = 0;
  freeSlots = slotMax;
  closedSlot = 0;
  closedSlots = 0;
  freeEntry = 0;
  entriesTouched = 0;
  freeEntries = REGION_ENTRY_MAX;
  freeModule = 0;
  modulesTouched = 0;
  modules = 0;
  waiting = 0;
  opening = 0;
}
/** The decoded code of the regions may be gone. */
export function renewRegions(): void { if (era != generation) forgetAll(); }

/** Is there room for a region with `n` entries? */
export function hasRoom(n: u32): bool { return freeSlots != 0 && modules < moduleMax && freeEntries >= n; }
/** Is so little left that regions are to be closed? */
export function roomIsLow(): bool {
  return freeSlots + closedSlots <= slotMax >>> 3 || freeEntries <= <u32>REGION_ENTRY_MAX >>> 3 || modules >= moduleMax - (moduleMax >>> 3);
}

// ---- slots ---------------------------------------------------------------------------------------------------------------------------

/** Number in the table of the slot that newSlot() will give out. */
export function nextSlot(): u32 { return firstSlot + (freeSlot != 0 ? freeSlot - 1 : slotsTouched); }

/** A slot for a region of the module that is being written. */
export function newSlot(): u32 {
  freeSlots--;
  let i = slotsTouched;
  if (freeSlot != 0) {
    i = freeSlot - 1;
    freeSlot = load<u16>(slotAt(i), NEXT);
  } else slotsTouched++;
  const at = slotAt(i);
  store<u64>(at, 0);
  store<u32>(at, MADE, STATE);
  store<u32>(at, ++regions, REGION);
  if (opening == 0) opening = i + 1;
  else store<u16>(slotAt(last - 1), i + 1, NEXT);
  last = i + 1;
  return firstSlot + i;
}

/** For the host: a slot whose function will not be called any more and is to be thrown away; -1: there is none. */
export function closed(): i32 {
  renewRegions();
  if (closedSlot == 0) return -1;
  const i = closedSlot - 1;
  closedSlot = load<u16>(slotAt(i), NEXT);
  closedSlots--;
  store<u16>(slotAt(i), freeSlot, NEXT);
  freeSlot = i + 1;
  freeSlots++;
  return firstSlot + i;
}

/** The region in slot `i` has no entry in force; is that all of it? */
function freeIfClosed(i: u32): void {
  const at = slotAt(i);
  if (load<u16>(at, LIVE) != 0 || load<u8>(at, STATE) != LINKED) return;
  for (let e: u32 = load<u16>(at, ENTRIES); e != 0; ) {
    const entry = entryNumber(e - 1);
    const next: u32 = load<u16>(entry, ENTRY_NEXT);
    store<u16>(entry, freeEntry, ENTRY_NEXT);
    freeEntry = e;
    freeEntries++;
    e = next;
  }
  store<u16>(at, 0, ENTRIES);
  store<u8>(at, FREE, STATE);
  const module = moduleAt(load<u16>(at, MODULE));
  store<u16>(module, load<u16>(module, SLOTS) - 1, SLOTS);
  if (load<u16>(module, SLOTS) == 0) {
    store<u16>(module, freeModule, FIRST);
    freeModule = <u32>load<u16>(at, MODULE) + 1;
    modules--;
  }
  store<u16>(at, closedSlot, NEXT);
  closedSlot = i + 1;
  closedSlots++;
  // one that will be in this slot must not be returned to by this one's targets
  forgetReturns();
}

// ---- entries -------------------------------------------------------------------------------------------------------------------------

/** Room for an entry of the region in `slot`. There is some (hasRoom). */
export function newEntry(slot: u32): usize {
  freeEntries--;
  let i = entriesTouched;
  if (freeEntry != 0) {
    i = freeEntry - 1;
    freeEntry = load<u16>(entryNumber(i), ENTRY_NEXT);
  } else entriesTouched++;
  const at = slotAt(slot - firstSlot);
  store<u16>(entryNumber(i), load<u16>(at, ENTRIES), ENTRY_NEXT);
  store<u16>(at, i + 1, ENTRIES);
  store<u16>(at, load<u16>(at, LIVE) + 1, LIVE);
  return entryNumber(i);
}
// @ts-ignore: decorator
@inline export function numberOf(entry: usize): u32 { return <u32>(entry - REGION_ENTRIES) >>> ENTRY_SHIFT; }

/** An entry of the region in `slot` will not be entered any more. */
export function noteDropped(slot: u32): void {
  const at = slotAt(slot - firstSlot);
  store<u16>(at, load<u16>(at, LIVE) - 1, LIVE);
  freeIfClosed(slot - firstSlot);
}

/** Tells the regions apart that a slot has had. */
export function regionSerial(slot: u32): u32 { return load<u32>(slotAt(slot - firstSlot), REGION); }

/** Can the region in `slot` be entered? */
export function isInForce(slot: u32): bool {
  const at = slotAt(slot - firstSlot);
  return load<u8>(at, STATE) == LINKED && load<u16>(at, LIVE) != 0;
}

/** Closes the region of slot number `i`. */
function close(i: u32): void {
  // the last one frees the slot, and with it the list
  const live = <u32>load<u16>(slotAt(i), LIVE);
  let e: u32 = load<u16>(slotAt(i), ENTRIES);
  for (let left = live; left != 0; ) {
    const entry = entryNumber(e - 1);
    e = load<u16>(entry, ENTRY_NEXT);
    if (closeEntry(entry)) left--;
  }
}

/** Closes the regions that have code of the page of `table`; the value is whether one had code of others too. */
export function closePage(table: usize): bool {
  let joined = false;
  for (let i: u32 = 0; i < slotsTouched; i++) {
    if (load<u16>(slotAt(i), LIVE) == 0 || !hasPage(firstSlot + i, table)) continue;
    if (regionPages(firstSlot + i) > 1) joined = true;
    close(i);
  }
  return joined;
}

/** Closes the regions that have code of a chosen page. */
export function closeChosen(): void {
  renewRegions();
  for (let i: u32 = 0; i < slotsTouched; i++) if (load<u16>(slotAt(i), LIVE) != 0 && reachesChosen(firstSlot + i)) close(i);
}
function reachesChosen(slot: u32): bool {
  for (let page: u32 = 0; page < regionPages(slot); page++) if (isChosen(regionTable(slot, page))) return true;
  return false;
}

// ---- modules -------------------------------------------------------------------------------------------------------------------------

/** The module with the slots since the last one is about to be handed out: its number, for openModule(). */
export function closeModule(): u32 {
  let m = modulesTouched;
  if (freeModule != 0) {
    m = freeModule - 1;
    freeModule = load<u16>(moduleAt(m), FIRST);
  } else modulesTouched++;
  const module = moduleAt(m);
  let count: u32 = 0;
  for (let i = opening; i != 0; i = load<u16>(slotAt(i - 1), NEXT)) {
    store<u16>(slotAt(i - 1), m, MODULE);
    count++;
  }
  store<u16>(module, opening, FIRST);
  store<u16>(module, count, SLOTS);
  store<u32>(module, serial++, SERIAL);
  opening = 0;
  modules++;
  waiting++;
  return m;
}

/** Number in the table of slot number `n` of the module that is being written. */
export function openingSlot(n: u32): u32 {
  let i = opening;
  while (n-- != 0) i = load<u16>(slotAt(i - 1), NEXT);
  return firstSlot + i - 1;
}

/** Are all regions linked that were handed out? */
export function isSettled(): bool {
  renewRegions();
  return waiting == 0;
}

/** The host has linked module `m`, the next of those that it was given, or could not (`worked`). */
export function openModule(m: u32, worked: bool): void {
  waiting--;
  for (let s: u32 = load<u16>(moduleAt(m), FIRST); s != 0; ) {
    const at = slotAt(s - 1);
    for (let e: u32 = load<u16>(at, ENTRIES); e != 0; e = load<u16>(entryNumber(e - 1), ENTRY_NEXT)) {
      const entry = entryNumber(e - 1);
      // one whose code has changed since is not among the live ones any more
      if (entryTable(entry) != 0 && !openEntry(entry, worked)) store<u16>(at, load<u16>(at, LIVE) - 1, LIVE);
    }
    const next: u32 = load<u16>(at, NEXT);
    store<u8>(at, LINKED, STATE);
    if (load<u16>(at, LIVE) != 0) noteLinked(firstSlot + s - 1);
    else freeIfClosed(s - 1);
    s = next;
  }
}

/** Closes the regions of the module that was made first, of those that are linked. Is there one? */
export function closeOldest(): bool {
  let oldest: i32 = -1;
  for (let i: u32 = 0; i < slotsTouched; i++) {
    if (!isInForce(firstSlot + i)) continue;
    const m: u32 = load<u16>(slotAt(i), MODULE);
    if (oldest < 0 || load<u32>(moduleAt(m), SERIAL) < load<u32>(moduleAt(oldest), SERIAL)) oldest = m;
  }
  if (oldest < 0) return false;
  for (let i: u32 = 0; i < slotsTouched; i++) if (isInForce(firstSlot + i) && <i32>load<u16>(slotAt(i), MODULE) == oldest) close(i);
  return true;
}

// Where translated code begins: entry micro-ops, patched to run a region, and what they were before.
// Ours. A patched U_OP is FIRST_ENTRY + index, + USER_ENTRY when it was translated for CPL 3. Entries and table slots are given out
// once until all decoded code is dropped.
import { REGION_ENTRIES, REGION_ENTRY_MAX } from '../abi';
import { U_ATTR, U_OP, UA_ENTRY } from '../uop';
import { flushCode, generation, noteClosing } from './code-pages';
import { hasPage, noteLinked, regionPages, regionSize, setFirstRegion } from './regions';
import { userRights } from './tlb';

/**
 * Entry: table slot u32, target u32, micro-op u32, its own op u32, offset table of its page u32 (0: dropped), patched op u32. In the
 * target: its number in the low 12 bits, and how far its page lies behind page 0 of the region, in bytes, in the others.
 */
export const ENTRY_SHIFT: u32 = 5;
const ENTRY_SIZE: usize = 1 << ENTRY_SHIFT;
export const ENTRY_SLOT: u32 = 0;
export const ENTRY_TARGET: u32 = 4;
const FIRST_ENTRY: u32 = 0x4000;
const USER_ENTRY: u32 = 0x8000;

let firstSlot: u32 = 0;
let slots: u32 = 0;
let slotsUsed: u32 = 0;
/** Modules that were handed out, and how many may be. */
export let modules: u32 = 0;
let moduleMax: u32 = 0;
let entries: u32 = 0;
/** Entries before this one are linked. */
let live: u32 = 0;
/** Generation of the decoded code that the entries belong to. */
let era: u32 = 0;

// @ts-ignore: decorator
@inline function entryAt(op: u32): usize { return REGION_ENTRIES + <usize>(op & (REGION_ENTRY_MAX - 1)) * ENTRY_SIZE; }

/** The host has made room for `count` functions in the table, from `first` on, in at most `most` modules. */
export function setSlots(first: u32, count: u32, most: u32): void {
  moduleMax = most;
  firstSlot = first;
  setFirstRegion(first);
  slots = count;
}

/** The decoded code of the entries is gone. */
function renew(): void {
  if (era == generation) return;
  era = generation;
  slotsUsed = 0;
  modules = 0;
  entries = 0;
  live = 0;
}

/** Is there room for a region with `n` entries? */
export function hasRoom(n: u32): bool { return slotsUsed < slots && modules < moduleMax && entries + n <= <u32>REGION_ENTRY_MAX; }

/** The same; when not, drops everything. Only between instructions. */
export function makeRoom(n: u32): bool {
  renew();
  if (hasRoom(n)) return true;
  flushCode();
  renew();
  return false;
}

export function nextSlot(): u32 { return firstSlot + slotsUsed; }
export function newSlot(): u32 { return firstSlot + slotsUsed++; }

/** The op of entry 0 under the rights in force. */
export function firstEntry(): u32 { return FIRST_ENTRY + (userRights ? USER_ENTRY : 0); }

/**
 * Notes that `u`, of the page of `table`, will enter the region in `slot` at `target`; regions.ts knows the region. An entry of another
 * region moves to this one.
 */
export function addEntry(u: usize, table: usize, slot: u32, target: u32): void {
  const e: usize = REGION_ENTRIES + <usize>entries * ENTRY_SIZE;
  store<u32>(e, slot);
  store<u32>(e, target, 4);
  store<u32>(e, <u32>u, 8);
  store<u32>(e, opOf(u), 12);
  store<u32>(e, <u32>table, 16);
  store<u32>(e, firstEntry() + entries, 20);
  entries++;
  store<u8>(u, load<u8>(u, U_ATTR) | UA_ENTRY, U_ATTR);
}

/** The module of the entries since the last one is about to be handed out. The value is for openEntries(). */
export function closeModule(): u32 {
  modules++;
  return entries;
}

/**
 * The host has linked the next of the modules that were handed to it (or could not: `worked`), whose last entry is before `last`: they
 * work from now on. Those whose code has changed since do not.
 */
export function openEntries(last: u32, worked: bool): void {
  for (; live < last; live++) {
    const e = REGION_ENTRIES + <usize>live * ENTRY_SIZE;
    const u: usize = load<u32>(e, 8);
    const table: usize = load<u32>(e, 16);
    if (table == 0) continue;
    noteLinked(entrySlot(e));
    if (worked) {
      if (isEntry(u)) noteClosing();
      store<u16>(u, load<u32>(e, 20), U_OP);
    } else if (!isEntry(u)) forget(u);
  }
}

/** Are all regions linked that were handed out? */
export function isSettled(): bool { return live == entries; }

/** Changes whenever a region of several pages falls. */
export let partings: u32 = 0;

/** Code of the page of `table` has been written: regions with code of it are entered no more. */
export function closeEntries(table: usize): void {
  noteClosing();
  for (let i: u32 = 0; i < entries; i++) {
    const e = REGION_ENTRIES + <usize>i * ENTRY_SIZE;
    if (load<u32>(e, 16) == 0 || !hasPage(entrySlot(e), table)) continue;
    if (regionPages(entrySlot(e)) > 1) partings++;
    const u: usize = load<u32>(e, 8);
    store<u32>(e, 0, 16);
    const mine = <u32>load<u16>(u, U_OP) == load<u32>(e, 20);
    if (mine) store<u16>(u, load<u32>(e, 12), U_OP);
    // a region that has taken it over may be in order still
    if (mine || !isEntry(u)) forget(u);
  }
}

// @ts-ignore: decorator
@inline function forget(u: usize): void { store<u8>(u, load<u8>(u, U_ATTR) & ~UA_ENTRY, U_ATTR); }

// @ts-ignore: decorator
@inline export function isEntry(u: usize): bool { return <u32>load<u16>(u, U_OP) >= FIRST_ENTRY; }

/** Is it one, or about to be? */
// @ts-ignore: decorator
@inline export function isClaimed(u: usize): bool { return (load<u8>(u, U_ATTR) & UA_ENTRY) != 0; }

/** A region that is no larger is copied by those that reach it: links to it would cost more than it does. */
const COPIED_MAX: u32 = 32;

/** Does exploring stop at `u`, because it is the entry of a region worth going to? */
export function isBarrier(u: usize): bool {
  if (!isClaimed(u)) return false;
  const e = liveEntry(u);
  return e == 0 || regionSize(entrySlot(e)) > COPIED_MAX;
}
/** The entry of `u` under the rights in force; 0 when it is none, or one that waits to be linked. */
export function liveEntry(u: usize): usize { return isEntry(u) ? entryOf(u, userRights) : 0; }

/** What the micro-op is, patched or not. */
export function opOf(u: usize): u32 {
  const op: u32 = load<u16>(u, U_OP);
  return op < FIRST_ENTRY ? op : load<u32>(entryAt(op), 12);
}

/** The entry of `u` under the rights in force, 0 when it was translated for others. */
// @ts-ignore: decorator
@inline export function entryOf(u: usize, user: bool): usize {
  const op: u32 = load<u16>(u, U_OP);
  return ((op & USER_ENTRY) != 0) == user ? entryAt(op) : 0;
}
// @ts-ignore: decorator
@inline export function entrySlot(e: usize): u32 { return load<u32>(e); }
// @ts-ignore: decorator
@inline export function entryTarget(e: usize): u32 { return load<u32>(e, 4); }
/** How far the page of the entry lies behind page 0 of its region, in bytes. */
export function entryDistance(e: usize): u32 { return entryTarget(e) & 0xfffff000; }

/** Entry number `i` when it is in force: not dropped, linked, and not moved to another region. Else 0. */
export function entryInForce(i: u32): usize {
  const e = REGION_ENTRIES + <usize>i * ENTRY_SIZE;
  return entryTable(e) != 0 && <u32>load<u16>(entryUop(e), U_OP) == load<u32>(e, 20) ? e : 0;
}
export function entryCount(): u32 { return entries; }
export function entryUop(e: usize): usize { return load<u32>(e, 8); }
export function entryTable(e: usize): usize { return load<u32>(e, 16); }

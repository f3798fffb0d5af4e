// Where translated code begins: entry micro-ops, patched to run a region, and what they were before.
// Ours. A patched U_OP is FIRST_ENTRY + number, + USER_ENTRY when it was translated for CPL 3.
import { REGION_ENTRIES, REGION_ENTRY_MAX } from '../abi';
import { U_ATTR, U_OP, UA_ENTRY } from '../uop';
import { noteClosing } from './code-pages';
import { evictRegions } from './code-eviction';
import { closePage, hasRoom, newEntry, noteDropped, numberOf, renewRegions } from './region-slots';
import { regionSize } from './regions';
import { userRights } from './tlb';

/**
 * Entry: table slot u32, target u32, micro-op u32, its own op u32, offset table of its page u32 (0: it will not be entered), patched op u32. In
 * the target: its number in the low 12 bits, and how far its page lies behind page 0 of the region, in bytes, in the others.
 */
export const ENTRY_SHIFT: u32 = 5;
const ENTRY_SIZE: usize = 1 << ENTRY_SHIFT;
export const ENTRY_SLOT: u32 = 0;
export const ENTRY_TARGET: u32 = 4;
const FIRST_ENTRY: u32 = 0x4000;
const USER_ENTRY: u32 = 0x8000;

// @ts-ignore: decorator
@inline function entryAt(op: u32): usize { return REGION_ENTRIES + <usize>(op & (REGION_ENTRY_MAX - 1)) * ENTRY_SIZE; }

/** Is there room for a region with `n` entries? If not, closes regions; their slots are free when the host has heard of it. Only between instructions. */
export function makeRoom(n: u32): bool {
  renewRegions();
  if (hasRoom(n)) return true;
  evictRegions();
  return hasRoom(n);
}

/** The op of entry 0 under the rights in force. */
export function firstEntry(): u32 { return FIRST_ENTRY + (userRights ? USER_ENTRY : 0); }

/**
 * Notes that `u`, of the page of `table`, will enter the region in `slot` at `target`; regions.ts knows the region. An entry of another
 * region moves to this one when it is opened.
 */
export function addEntry(u: usize, table: usize, slot: u32, target: u32): void {
  const e = newEntry(slot);
  store<u32>(e, slot);
  store<u32>(e, target, 4);
  store<u32>(e, <u32>u, 8);
  store<u32>(e, opOf(u), 12);
  store<u32>(e, <u32>table, 16);
  store<u32>(e, firstEntry() + numberOf(e), 20);
  store<u8>(u, load<u8>(u, U_ATTR) | UA_ENTRY, U_ATTR);
}

/** The module of entry `e` is linked (or could not be: `worked`). Is it in force from now on? */
export function openEntry(e: usize, worked: bool): bool {
  const u = entryUop(e);
  if (worked) {
    if (isEntry(u)) {
      noteClosing();
      drop(entryAt(load<u16>(u, U_OP)));
    }
    store<u16>(u, load<u32>(e, 20), U_OP);
    return true;
  }
  store<u32>(e, 0, 16);
  if (!isEntry(u)) forget(u);
  return false;
}

function drop(e: usize): void {
  store<u32>(e, 0, 16);
  noteDropped(entrySlot(e));
}

/** Nothing goes by entry `e` any more. Did anything, or would it have? */
export function closeEntry(e: usize): bool {
  if (entryTable(e) == 0) return false;
  const u = entryUop(e);
  const mine = <u32>load<u16>(u, U_OP) == load<u32>(e, 20);
  if (mine) store<u16>(u, load<u32>(e, 12), U_OP);
  // a region that it would have been taken over from may be in order still
  if (mine || !isEntry(u)) forget(u);
  drop(e);
  return true;
}

/** Changes whenever a region of several pages falls. */
export let partings: u32 = 0;

/** Code of the page of `table` has been written: regions with code of it are entered no more. */
export function closeEntries(table: usize): void {
  noteClosing();
  if (closePage(table)) partings++;
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
export function entryUop(e: usize): usize { return load<u32>(e, 8); }
export function entryTable(e: usize): usize { return load<u32>(e, 16); }

// Extended page tables: guest-physical to host-physical, and what a missing or malformed entry makes.
// SDM vol. 3C section 28.2. Host-physical address H is wasm address RAM + H; beyond the memory there is nothing.
// Four levels, pages of 4 KiB, 2 MiB and 1 GiB, no execute-only translations, no accessed and dirty flags.
import { EPT_CACHE, EPT_CACHE_SIZE, FAULT_KIND, FLAGS_SYSTEM, RAM, VECTORING } from '../abi';
import { raiseExit } from '../cpu/fault';
import { RF } from '../cpu/flags';
import { noteExit } from '../cpu/vmx';
import { EPT_POINTER, GUEST_LINEAR_ADDRESS, GUEST_PHYSICAL_ADDRESS } from '../generated/vmcs';
import { EPT_VIOLATION_LINEAR_VALID, EPT_VIOLATION_TRANSLATED } from '../vmcs/controls';
import { EXIT_REASON_EPT_MISCONFIG, EXIT_REASON_EPT_VIOLATION } from '../vmcs/exit-reasons';

export const EPT_READ: u32 = 1;
export const EPT_WRITE: u32 = 2;
export const EPT_EXECUTE: u32 = 4;
const RIGHTS: u64 = 7;
const LARGE: u64 = 0x80;
/** Bits 51-36: beyond the physical address width. */
const RESERVED_HIGH: u64 = 0xffff000000000;
const RESERVED_TOP: u64 = 0xf8;
const RESERVED_TABLE: u64 = 0x78;
const RESERVED_2M: u64 = 0x1ff000;
const RESERVED_1G: u64 = 0x3ffff000;
const ADDRESS: u64 = 0xffffff000;

/** Bit 3 of a cache entry's tag: the entry is in use. */
const VALID: u32 = 8;

/** Host address of `size` bytes at host-physical `address`; 0 beyond the memory. They do not cross a page. */
export function hostPhysical(address: u64, size: u64): usize {
  const end = (<u64>memory.size() << 16) - RAM;
  return address < end && address + size <= end ? RAM + <usize>address : 0;
}

/** A byte of a bitmap at host-physical `address`. Beyond the memory all bits are 1. */
export function hostPhysicalByte(address: u64): u32 {
  const at = hostPhysical(address, 1);
  return at ? load<u8>(at) : 0xff;
}

/** Linear address whose translation is at work, and whether there is one. */
let linear: u32 = 0;
let linearValid: bool = false;
export function translatingFor(lin: u32): void {
  linear = lin;
  linearValid = true;
}
export function translatingForNobody(): void { linearValid = false; }

export function flushEpt(): void { memory.fill(EPT_CACHE, 0, EPT_CACHE_SIZE << 3); }

// Of the last walk.
let rights: u32 = 0;
let page: u32 = 0;
let malformed: bool = false;

/** Is an entry in use that breaks the rules of SDM vol. 3C 28.2.3.1? `reserved`: its reserved bits. */
function breaks(entry: u64, reserved: u64): bool {
  const granted = entry & RIGHTS;
  // write without read, or execute alone
  if (granted == 2 || granted == 4 || granted == 6) return true;
  return (entry & (reserved | RESERVED_HIGH)) != 0;
}

/** Bits 5-3 of a leaf: uncacheable, write-combining, -through, -protected, -back. */
function typeIsReserved(leaf: u64): bool {
  const type = (leaf >> 3) & 7;
  return type == 2 || type == 3 || type == 7;
}

/** An entry of the table at `table`; all ones (malformed) beyond the memory. */
function entryOf(table: u64, index: u32): u64 {
  const at = hostPhysical((table & ADDRESS) + (index << 3), 8);
  return at ? load<u64>(at) : u64.MAX_VALUE;
}

/** Takes the rights of `entry`; true while the walk goes on. */
function admits(entry: u64, reserved: u64): bool {
  if ((entry & RIGHTS) == 0) rights = 0;
  else if (breaks(entry, reserved)) malformed = true;
  else {
    rights &= <u32>entry;
    return true;
  }
  return false;
}

/** Finds host page and rights of guest-physical `address`, its bits 35-32 in `high`. Not present: rights 0. */
function walk(address: u32, high: u32): void {
  rights = 7;
  malformed = false;
  let entry = entryOf(load<u64>(EPT_POINTER), 0);
  if (!admits(entry, RESERVED_TOP)) return;
  entry = entryOf(entry, (address >>> 30) | (high << 2));
  let reserved = RESERVED_TABLE;
  let offset: u32 = 0;
  if ((entry & LARGE) != 0) {
    reserved = RESERVED_1G;
    offset = address & 0x3ffff000;
  }
  if (!admits(entry, reserved)) return;
  if ((entry & LARGE) == 0) {
    entry = entryOf(entry, (address >>> 21) & 0x1ff);
    reserved = RESERVED_TABLE;
    if ((entry & LARGE) != 0) {
      reserved = RESERVED_2M;
      offset = address & 0x1ff000;
    }
    if (!admits(entry, reserved)) return;
    if ((entry & LARGE) == 0) {
      entry = entryOf(entry, (address >>> 12) & 0x1ff);
      if (!admits(entry, 0)) return;
    }
  }
  if (typeIsReserved(entry)) {
    malformed = true;
    return;
  }
  page = <u32>hostPhysical((entry & ADDRESS) + offset, 0x1000);
}

/** Host page behind guest-physical `address`, from the cache (below 4 GiB) or a walk. False: it is malformed. */
function find(address: u32, high: u32): bool {
  if (high != 0) {
    walk(address, high);
    return !malformed;
  }
  const slot: usize = EPT_CACHE + <usize>(((address >>> 12) & (EPT_CACHE_SIZE - 1)) << 3);
  const tag = load<u32>(slot);
  if (((tag ^ address) & 0xfffff000) == 0 && (tag & VALID) != 0) {
    rights = tag & 7;
    page = load<u32>(slot, 4);
    return true;
  }
  walk(address, 0);
  if (malformed) return false;
  if (rights == 0) return true;
  store<u32>(slot, (address & 0xfffff000) | VALID | rights);
  store<u32>(slot, page, 4);
  return true;
}

/**
 * May guest-physical `address` (bits 35-32 in `high`) be accessed so (EPT_* bit)? If not, a VM exit is noted and raised. `translated`: it
 * is what the linear address translates to; otherwise an entry of the guest's own tables.
 */
export function eptAllows(address: u32, access: u32, translated: bool, high: u32): bool {
  const good = find(address, high);
  if (good && (rights & access) != 0) return true;
  if (load<u32>(FAULT_KIND) != 0) return false;
  let qualification: u32 = 0;
  if (good) {
    qualification = access | (rights << 3);
    if (linearValid) qualification |= EPT_VIOLATION_LINEAR_VALID | (translated ? EPT_VIOLATION_TRANSLATED : 0);
    store<u32>(GUEST_LINEAR_ADDRESS, linearValid ? linear : 0);
  }
  // the restarted instruction is not to meet its instruction breakpoint again (27.3.3)
  if (load<u32>(VECTORING) == 0) store<u32>(FLAGS_SYSTEM, load<u32>(FLAGS_SYSTEM) | RF);
  noteExit(good ? EXIT_REASON_EPT_VIOLATION : EXIT_REASON_EPT_MISCONFIG, qualification);
  store<u64>(GUEST_PHYSICAL_ADDRESS, (<u64>high << 32) | address);
  raiseExit();
  return false;
}

/** Host address of guest-physical `address`; 0 when it may not be accessed so, or when nothing is there. Raises nothing. */
export function eptHost(address: u32, writable: bool, high: u32): usize {
  if (!find(address, high) || (rights & (writable ? EPT_WRITE : EPT_READ)) == 0 || page == 0) return 0;
  return page + (address & 0xfff);
}

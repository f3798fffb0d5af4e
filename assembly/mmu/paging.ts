// The page walk: linear to physical. SDM vol. 3A chapter 4 (32-bit paging, PSE; PAE with NX), error codes 4.7.
import { CR0, CR3, CR4, EFER, EPT_ACTIVE, FAULT_KIND, PAGE_FAULT_ADDRESS, PDPTE, COUNT_TLB_MISSES } from '../abi';
import { faulted, raise, PF_FAULT } from '../cpu/fault';
import { EPT_EXECUTE, EPT_READ, EPT_WRITE, eptAllows, translatingFor } from './ept';
import { gated, hostOf, physicalOr32, physicalRead32, physicalRead64 } from './physical';

const PRESENT: u32 = 1;
const WRITABLE: u32 = 2;
const USER: u32 = 4;
const ACCESSED: u32 = 0x20;
const DIRTY: u32 = 0x40;
const LARGE: u32 = 0x80;
const GLOBAL: u32 = 0x100;

const CODE_WRITE: u32 = 2;
const CODE_USER: u32 = 4;
const CODE_RESERVED: u32 = 8;
const CODE_FETCH: u32 = 16;

const CR0_WP: u32 = 0x10000;
const CR4_PSE: u32 = 0x10;
const CR4_PAE: u32 = 0x20;
const CR4_PGE: u32 = 0x80;
const EFER_NXE: u32 = 0x800;
/** Physical address bits announced: 36 (CPUID); entries that set higher ones are reserved. */
const PAE_RESERVED: u64 = 0x7ffffff000000000;
const NX: u64 = 0x8000000000000000;

/** Of the last successful walk; `walkHigh` is bits 35-32 of the physical address, of which `translate` gives those below. */
export let walkGlobal: bool = false;
export let walkLarge: bool = false;
export let walkHigh: u32 = 0;

export const ACCESS_READ: u32 = 0;
export const ACCESS_WRITE: u32 = 1;
export const ACCESS_FETCH: u32 = 2;

function pageFault(lin: u32, code: u32, access: u32, user: bool): u32 {
  let error = code | (user ? CODE_USER : 0);
  if (access == ACCESS_WRITE) error |= CODE_WRITE;
  if (access == ACCESS_FETCH && (load<u32>(CR4) & CR4_PAE) != 0 && (load<u32>(EFER) & EFER_NXE) != 0) error |= CODE_FETCH;
  if (load<u32>(FAULT_KIND) == 0) store<u32>(PAGE_FAULT_ADDRESS, lin);
  raise(PF_FAULT, error);
  return 0;
}

/** May an access go through entries whose combined rights are `rights` (PRESENT | WRITABLE | USER)? */
function allowed(rights: u32, access: u32, user: bool): bool {
  if (user && (rights & USER) == 0) return false;
  if (access != ACCESS_WRITE || (rights & WRITABLE) != 0) return true;
  return !user && (load<u32>(CR0) & CR0_WP) == 0;
}

/**
 * Physical address of linear `lin` for `access` (ACCESS_*) with user or supervisor rights; sets accessed and dirty bits.
 * On failure raises #PF (or, in VMX non-root operation, an EPT violation) and returns 0: check faulted().
 */
export function translate(lin: u32, access: u32, user: bool): u32 {
  if (load<u32>(EPT_ACTIVE) == 0) return walk(lin, access, user);
  translatingFor(lin);
  const physical = walk(lin, access, user);
  if (faulted()) return 0;
  const needed = access == ACCESS_READ ? EPT_READ : access == ACCESS_WRITE ? EPT_WRITE : EPT_EXECUTE;
  return eptAllows(physical, needed, true, walkHigh) ? physical : 0;
}

/** Host address behind `physical` as `translate` has just given it, or 0 as hostOf(). */
// @ts-ignore: decorator
@inline export function walkedHost(physical: u32, writable: bool): usize { return hostOf(physical, writable, walkHigh); }

function walk(lin: u32, access: u32, user: bool): u32 {
  store<u64>(COUNT_TLB_MISSES, load<u64>(COUNT_TLB_MISSES) + 1);
  walkGlobal = true;
  walkLarge = false;
  walkHigh = 0;
  if (<i32>load<u32>(CR0) >= 0) return gated(lin);
  if ((load<u32>(CR4) & CR4_PAE) != 0) return walkPae(lin, access, user);
  const directory = gated((load<u32>(CR3) & 0xfffff000) + ((lin >>> 22) << 2));
  const pde = physicalRead32(directory);
  if ((pde & PRESENT) == 0) return pageFault(lin, 0, access, user);
  const global = (load<u32>(CR4) & CR4_PGE) != 0;
  if ((pde & LARGE) != 0 && (load<u32>(CR4) & CR4_PSE) != 0) {
    // bits 13-20 extend the address with PSE-36, which is not announced: reserved (SDM vol. 3A table 4-4)
    if ((pde & 0x3fe000) != 0) return pageFault(lin, PRESENT | CODE_RESERVED, access, user);
    if (!allowed(pde, access, user)) return pageFault(lin, PRESENT, access, user);
    const bits = access == ACCESS_WRITE ? ACCESSED | DIRTY : ACCESSED;
    if ((pde & bits) != bits) physicalOr32(directory, bits);
    walkGlobal = global && (pde & GLOBAL) != 0;
    walkLarge = true;
    return gated((pde & 0xffc00000) | (lin & 0x3fffff));
  }
  const slot = gated((pde & 0xfffff000) + (((lin >>> 12) & 0x3ff) << 2));
  const pte = physicalRead32(slot);
  if ((pte & PRESENT) == 0) return pageFault(lin, 0, access, user);
  if (!allowed(pde & pte, access, user)) return pageFault(lin, PRESENT, access, user);
  if ((pde & ACCESSED) == 0) physicalOr32(directory, ACCESSED);
  const bits = access == ACCESS_WRITE ? ACCESSED | DIRTY : ACCESSED;
  if ((pte & bits) != bits) physicalOr32(slot, bits);
  walkGlobal = global && (pte & GLOBAL) != 0;
  return gated((pte & 0xfffff000) | (lin & 0xfff));
}

/** Bits 35-32 of the address in an entry. */
// @ts-ignore: decorator
@inline function highOf(entry: u64): u32 { return <u32>(entry >> 32) & 0xf; }

function walkPae(lin: u32, access: u32, user: bool): u32 {
  const nxe = (load<u32>(EFER) & EFER_NXE) != 0;
  const reserved: u64 = nxe ? PAE_RESERVED : PAE_RESERVED | NX;
  const pdpte = load<u64>(PDPTE + ((lin >>> 30) << 3));
  if ((pdpte & PRESENT) == 0) return pageFault(lin, 0, access, user);
  const directory = gated(<u32>(pdpte & 0xfffff000) + (((lin >>> 21) & 0x1ff) << 3));
  const directoryHigh = highOf(pdpte);
  const pde = physicalRead64(directory, directoryHigh);
  if ((pde & PRESENT) == 0) return pageFault(lin, 0, access, user);
  const large = (pde & LARGE) != 0;
  if ((pde & reserved) != 0 || (large && (pde & 0x1fe000) != 0)) return pageFault(lin, PRESENT | CODE_RESERVED, access, user);
  const global = (load<u32>(CR4) & CR4_PGE) != 0;
  let rights = <u32>pde;
  let never = (pde & NX) != 0;
  let slot = directory;
  let slotHigh = directoryHigh;
  let leaf = pde;
  if (!large) {
    slot = gated(<u32>(pde & 0xfffff000) + (((lin >>> 12) & 0x1ff) << 3));
    slotHigh = highOf(pde);
    leaf = physicalRead64(slot, slotHigh);
    if ((leaf & PRESENT) == 0) return pageFault(lin, 0, access, user);
    if ((leaf & reserved) != 0) return pageFault(lin, PRESENT | CODE_RESERVED, access, user);
    rights &= <u32>leaf;
    never = never || (leaf & NX) != 0;
  }
  if (!allowed(rights, access, user) || (access == ACCESS_FETCH && nxe && never)) return pageFault(lin, PRESENT, access, user);
  if (!large && (<u32>pde & ACCESSED) == 0) physicalOr32(directory, ACCESSED, directoryHigh);
  const bits = access == ACCESS_WRITE ? ACCESSED | DIRTY : ACCESSED;
  if ((<u32>leaf & bits) != bits) physicalOr32(slot, bits, slotHigh);
  walkHigh = highOf(leaf);
  walkGlobal = global && (<u32>leaf & GLOBAL) != 0;
  walkLarge = large;
  return gated(large ? (<u32>leaf & 0xffe00000) | (lin & 0x1fffff) : (<u32>leaf & 0xfffff000) | (lin & 0xfff));
}

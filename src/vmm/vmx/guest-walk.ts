// The guest's own page tables, walked by the monitor as the processor would: rights, accessed and dirty bits, error codes.
// SDM vol. 3A chapter 4: 32-bit paging with PSE, PAE with NX; error codes 4.7.
import { type HostPhysical, NOWHERE } from './host-physical.js';

export const PRESENT = 1;
export const WRITABLE = 2;
export const USER = 4;
const ACCESSED = 0x20;
const DIRTY = 0x40;
const LARGE = 0x80;
const GLOBAL = 0x100;
/** Bit 63 and the address bits above the 36 that CPUID announces, in the high half of a PAE entry. */
const NX_HIGH = 0x80000000;
const RESERVED_HIGH = 0x7ffffff0;
/** Bits 35-32 of the address in a PAE entry. There is nothing above 4 GiB. */
const ADDRESS_HIGH = 0xf;

/** Of a page-fault error code. */
export const ERROR_PRESENT = 1;
export const ERROR_WRITE = 2;
export const ERROR_USER = 4;
export const ERROR_RESERVED = 8;
export const ERROR_FETCH = 16;

export const CR0_PE = 1;
export const CR0_WP = 0x10000;
export const CR0_PG = 0x80000000;
export const CR4_PSE = 0x10;
export const CR4_PAE = 0x20;
export const CR4_PGE = 0x80;
export const EFER_NXE = 0x800;

/** What the guest has in the registers that say how it pages. */
export class PagingState {
  cr0 = 0;
  cr3 = 0;
  cr4 = 0;
  efer = 0;
  a20Mask = 0xffffffff;
  /** PAE page-directory-pointer entries as loaded with CR3: low and high halves. */
  readonly pdptes = new Uint32Array(8);

  get paging(): boolean {
    return (this.cr0 & CR0_PG) !== 0;
  }

  get pae(): boolean {
    return this.paging && (this.cr4 & CR4_PAE) !== 0;
  }
}

/** Bits 1, 2, 5-8 of a page-directory-pointer entry. */
const PDPTE_RESERVED = 0x1e6;

/** Loads the four entries at `cr3`; false, and nothing has changed, when one has reserved bits: MOV to CR3 is #GP(0) then. */
export function loadDirectoryPointers(paging: PagingState, memory: HostPhysical, cr3: number): boolean {
  const fresh = new Uint32Array(8);
  for (let i = 0; i < 8; i += 2) {
    const at = memory.of((((cr3 & 0xffffffe0) + i * 4) & paging.a20Mask) >>> 0, false);
    if (at === NOWHERE) continue;
    fresh[i] = memory.read(at);
    fresh[i + 1] = memory.read(at + 4);
    if (fresh[i] & PRESENT && (fresh[i] & PDPTE_RESERVED || fresh[i + 1] & ~0xf)) return false;
  }
  paging.pdptes.set(fresh);
  return true;
}

export class GuestWalk {
  // What the last successful walk has found: a page of 4 KiB, or the 4 KiB of a large page that the address is in.
  /** Guest-physical address of the byte; NOWHERE above 4 GiB. */
  physical = 0;
  /** WRITABLE and USER, as all levels allow. */
  rights = 0;
  noExecute = false;
  global = false;
  large = false;
  dirty = false;
  /** Error code of the #PF when the walk has failed. */
  error = 0;

  constructor(
    private readonly paging: PagingState,
    private readonly memory: HostPhysical,
  ) {}

  /** Walks for the access that `access` describes (ERROR_WRITE, ERROR_USER, ERROR_FETCH); false: #PF with `error`. */
  walk(linear: number, access: number): boolean {
    const { paging } = this;
    this.noExecute = false;
    this.large = false;
    if (!paging.paging) {
      this.physical = (linear & paging.a20Mask) >>> 0;
      this.rights = WRITABLE | USER;
      this.global = true;
      this.dirty = true;
      return true;
    }
    return paging.cr4 & CR4_PAE ? this.walkPae(linear, access) : this.walk32(linear, access);
  }

  private walk32(linear: number, access: number): boolean {
    const { cr3, cr4 } = this.paging;
    const directory = this.slot((cr3 & 0xfffff000) + (linear >>> 22) * 4);
    const pde = this.read(directory);
    if (!(pde & PRESENT)) return this.fail(0, access);
    if (pde & LARGE && cr4 & CR4_PSE) {
      // Bits 13-20 extend the address with PSE-36, which is not announced.
      if (pde & 0x3fe000) return this.fail(ERROR_PRESENT | ERROR_RESERVED, access);
      if (!this.allowed(pde, access)) return this.fail(ERROR_PRESENT, access);
      this.large = true;
      return this.finish(directory, pde, pde, (pde & 0xffc00000) | (linear & 0x3fffff), access);
    }
    const slot = this.slot((pde & 0xfffff000) + ((linear >>> 12) & 0x3ff) * 4);
    const pte = this.read(slot);
    if (!(pte & PRESENT)) return this.fail(0, access);
    if (!this.allowed(pde & pte, access)) return this.fail(ERROR_PRESENT, access);
    if (!(pde & ACCESSED)) this.setBits(directory, pde, ACCESSED);
    return this.finish(slot, pte, pde & pte, (pte & 0xfffff000) | (linear & 0xfff), access);
  }

  private walkPae(linear: number, access: number): boolean {
    const { pdptes, efer } = this.paging;
    const nxe = (efer & EFER_NXE) !== 0;
    const reserved = nxe ? RESERVED_HIGH : RESERVED_HIGH | NX_HIGH;
    const pointer = pdptes[(linear >>> 30) * 2];
    if (!(pointer & PRESENT)) return this.fail(0, access);
    const pointerHigh = pdptes[(linear >>> 30) * 2 + 1];
    const directory = this.slot((pointer & 0xfffff000) + ((linear >>> 21) & 0x1ff) * 8, pointerHigh);
    const pde = this.read(directory);
    const pdeHigh = this.read(directory < 0 ? directory : directory + 4);
    if (!(pde & PRESENT)) return this.fail(0, access);
    const large = (pde & LARGE) !== 0;
    if (pdeHigh & reserved || (large && pde & 0x1fe000)) return this.fail(ERROR_PRESENT | ERROR_RESERVED, access);
    let slot = directory;
    let leaf = pde;
    let leafHigh = pdeHigh;
    if (!large) {
      slot = this.slot((pde & 0xfffff000) + ((linear >>> 12) & 0x1ff) * 8, pdeHigh);
      leaf = this.read(slot);
      if (!(leaf & PRESENT)) return this.fail(0, access);
      leafHigh = this.read(slot + 4);
      if (leafHigh & reserved) return this.fail(ERROR_PRESENT | ERROR_RESERVED, access);
    }
    this.noExecute = nxe && ((pdeHigh | leafHigh) & NX_HIGH) !== 0;
    const rights = pde & leaf;
    if (!this.allowed(rights, access) || (access & ERROR_FETCH && this.noExecute))
      return this.fail(ERROR_PRESENT, access);
    if (!large && !(pde & ACCESSED)) this.setBits(directory, pde, ACCESSED);
    this.large = large;
    const physical = large ? (leaf & 0xffe00000) | (linear & 0x1fffff) : (leaf & 0xfffff000) | (linear & 0xfff);
    const found = this.finish(slot, leaf, rights, physical, access);
    if (leafHigh & ADDRESS_HIGH) this.physical = NOWHERE;
    return found;
  }

  /** May the access go through entries whose combined rights are `rights`? */
  private allowed(rights: number, access: number): boolean {
    if (access & ERROR_USER && !(rights & USER)) return false;
    if (!(access & ERROR_WRITE) || rights & WRITABLE) return true;
    return !(access & ERROR_USER) && !(this.paging.cr0 & CR0_WP);
  }

  private finish(slot: number, leaf: number, rights: number, physical: number, access: number): boolean {
    const bits = access & ERROR_WRITE ? ACCESSED | DIRTY : ACCESSED;
    if ((leaf & bits) !== bits) this.setBits(slot, leaf, bits);
    this.physical = (physical & this.paging.a20Mask) >>> 0;
    this.rights = rights & (WRITABLE | USER);
    this.global = (leaf & GLOBAL) !== 0 && (this.paging.cr4 & CR4_PGE) !== 0;
    this.dirty = ((leaf | bits) & DIRTY) !== 0;
    return true;
  }

  private fail(code: number, access: number): boolean {
    const fetch = this.paging.pae && this.paging.efer & EFER_NXE ? ERROR_FETCH : 0;
    this.error = code | (access & (ERROR_WRITE | ERROR_USER | fetch));
    return false;
  }

  /** Host-physical address of the entry at guest-physical `address`, bits 35-32 of it in `high`. */
  private slot(address: number, high = 0): number {
    if (high & ADDRESS_HIGH) return NOWHERE;
    return this.memory.of((address & this.paging.a20Mask) >>> 0, false);
  }

  /** An entry that is not in memory reads as not present. */
  private read(slot: number): number {
    return slot === NOWHERE ? 0 : this.memory.read(slot);
  }

  /** Page tables in ROM stay as they are; nobody puts accessed bits there. */
  private setBits(slot: number, entry: number, bits: number): void {
    this.memory.write(slot, entry | bits);
  }
}

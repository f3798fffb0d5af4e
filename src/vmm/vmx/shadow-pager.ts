// Shadow paging, for a processor without EPT: page tables of the monitor's own, linear to host-physical, filled as the guest faults.
// SDM vol. 3C section 33.3 ("virtual TLB"): active tables start empty, CR3 loads and INVLPG drop what they drop in a TLB.
import {
  CR0_PG,
  ERROR_USER,
  ERROR_WRITE,
  GuestWalk,
  loadDirectoryPointers,
  type PagingState,
  PRESENT,
  USER,
  WRITABLE,
} from './guest-walk.js';
import { type HostPhysical, NOWHERE } from './host-physical.js';

const PAGE = 0x1000;
const LARGE_PAGE = 0x200000;
const ENTRIES = 512;
const SLOTS = 4 * ENTRIES;
/** Accessed and dirty are set from the start: the processor need not write shadow entries. */
const ACCESSED_DIRTY = 0x60;
const LARGE = 0x80;
const NX_HIGH = 0x80000000;

/** A page of pointers, four directories, and tables of 4 KiB pages. */
const FIXED_PAGES = 5;
export const SHADOW_PAGES = 1024;
const TABLES = SHADOW_PAGES - FIXED_PAGES;

/** Of a directory slot: it maps something; something that is not global; something from a large page of the guest. */
const USED = 1;
const LOCAL = 2;
const FROM_LARGE = 4;

/** What a page fault of the guest's processor turns out to be. */
export const FILLED = 0;
/** The guest's own: it gets a #PF with `walk.error`. */
export const GUEST_FAULT = 1;
/** There is no memory at `walk.physical` for this access: a device. */
export const DEVICE = 2;

/** Shadow tables are in PAE format always, whatever the guest's are: NX has its place there, and one format is enough. */
export class ShadowPager {
  readonly walk: GuestWalk;
  /** Filled entries and whole flushes, for statistics. */
  fills = 0;
  flushes = 0;
  private readonly flags = new Uint8Array(SLOTS);
  private readonly usedSlots = new Uint16Array(SLOTS);
  private used = 0;
  private readonly freeTables = new Uint16Array(TABLES);
  private free = 0;

  /** `area` is the host-physical address of SHADOW_PAGES pages that are the monitor's own. */
  constructor(
    private readonly paging: PagingState,
    private readonly memory: HostPhysical,
    private readonly area: number,
  ) {
    this.walk = new GuestWalk(paging, memory);
    this.reset();
  }

  /** What the guest's processor has in CR3. */
  get root(): number {
    return this.area;
  }

  reset(): void {
    this.memory.fill(this.area, FIXED_PAGES * PAGE);
    for (let i = 0; i < 4; i++) this.memory.write(this.area + i * 8, (this.area + (1 + i) * PAGE) | PRESENT);
    this.flags.fill(0);
    this.used = 0;
    for (let i = 0; i < TABLES; i++) this.freeTables[i] = TABLES - 1 - i;
    this.free = TABLES;
  }

  /** A page fault of the processor at `linear` for `access` (an error code). FILLED: the guest may try again. */
  fault(linear: number, access: number): number {
    const { walk, memory } = this;
    if (!walk.walk(linear, access)) return GUEST_FAULT;
    const write = (access & ERROR_WRITE) !== 0;
    const to = memory.of(walk.physical, write);
    if (to === NOWHERE) return DEVICE;
    this.enter(linear, to, access);
    return FILLED;
  }

  /** MOV to CR3: false is #GP(0), reserved bits in page-directory-pointer entries. */
  loadCr3(value: number): boolean {
    if (this.paging.pae && !loadDirectoryPointers(this.paging, this.memory, value)) return false;
    this.paging.cr3 = value;
    this.flush(true);
    return true;
  }

  /** Forgets everything, or all but what is global to the guest. */
  flush(keepGlobal: boolean): void {
    this.flushes++;
    let kept = 0;
    for (let i = 0; i < this.used; i++) {
      const slot = this.usedSlots[i];
      if (keepGlobal && !(this.flags[slot] & LOCAL)) this.usedSlots[kept++] = slot;
      else this.clear(slot);
    }
    this.used = kept;
  }

  /** INVLPG: the page of `linear` alone, but all of a large page. */
  invalidate(linear: number): void {
    const slot = linear >>> 21;
    if ((this.flags[slot] | this.flags[slot ^ 1]) & FROM_LARGE) {
      // A page of 4 MiB takes two slots.
      this.empty(slot);
      this.empty(slot ^ 1);
      return;
    }
    const table = this.tableOf(slot);
    if (table !== 0) this.write(table + ((linear >>> 12) & 0x1ff) * 8, 0, 0);
  }

  private enter(linear: number, to: number, access: number): void {
    const { walk } = this;
    this.fills++;
    let bits = PRESENT | ACCESSED_DIRTY | (walk.rights & USER);
    if (walk.rights & WRITABLE) {
      // Not writable before it is dirty: the first write must come by.
      if (walk.dirty && this.memory.of(walk.physical, true) !== NOWHERE) bits |= WRITABLE;
    } else if (access & ERROR_WRITE && !(access & ERROR_USER)) {
      // CR0.WP is 0 in the guest and 1 in the processor: the supervisor may write, and users must then fault.
      bits = (bits | WRITABLE) & ~USER;
    }
    const high = walk.noExecute ? NX_HIGH : 0;
    const slot = linear >>> 21;
    // Whole 2 MiB of a large page at once. Where the supervisor writes through a read-only one, its 4 KiB alone.
    const first = walk.physical - (linear & (LARGE_PAGE - 1));
    const whole = (walk.large || !(this.paging.cr0 & CR0_PG)) && first >= 0 && first % LARGE_PAGE === 0;
    if (whole && this.paging.a20Mask === 0xffffffff && this.memory.isWhole(first, LARGE_PAGE)) {
      const host = this.memory.of(first, true);
      if (host % LARGE_PAGE === 0) {
        this.clearTable(slot);
        this.note(slot);
        this.write(this.directoryEntry(slot), host | bits | LARGE, high);
        return;
      }
    }
    const table = this.openTable(slot);
    this.write(table + ((linear >>> 12) & 0x1ff) * 8, (to & ~(PAGE - 1)) | bits, high);
    this.note(slot);
  }

  private note(slot: number): void {
    const { walk } = this;
    if (this.flags[slot] === 0) this.usedSlots[this.used++] = slot;
    this.flags[slot] |= USED | (walk.global ? 0 : LOCAL) | (walk.large ? FROM_LARGE : 0);
  }

  /** The table of 4 KiB pages for `slot`, made when there is none; a large page there makes room. */
  private openTable(slot: number): number {
    const table = this.tableOf(slot);
    if (table !== 0) return table;
    if (this.free === 0) this.flush(false);
    const at = this.area + (FIXED_PAGES + this.freeTables[--this.free]) * PAGE;
    this.memory.fill(at, PAGE);
    this.write(this.directoryEntry(slot), at | PRESENT | WRITABLE | USER, 0);
    return at;
  }

  private tableOf(slot: number): number {
    const entry = this.memory.read(this.directoryEntry(slot));
    return entry & PRESENT && !(entry & LARGE) ? (entry & ~(PAGE - 1)) >>> 0 : 0;
  }

  /** Nothing is mapped in the slot any more; it stays in the list. */
  private empty(slot: number): void {
    this.clearTable(slot);
    this.write(this.directoryEntry(slot), 0, 0);
  }

  private clear(slot: number): void {
    this.empty(slot);
    this.flags[slot] = 0;
  }

  private clearTable(slot: number): void {
    const table = this.tableOf(slot);
    if (table !== 0) this.freeTables[this.free++] = (table - this.area) / PAGE - FIXED_PAGES;
  }

  private directoryEntry(slot: number): number {
    return this.area + PAGE + slot * 8;
  }

  private write(at: number, low: number, high: number): void {
    this.memory.write(at, low);
    this.memory.write(at + 4, high);
  }
}

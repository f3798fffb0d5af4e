// Extended page tables: guest-physical to host-physical, built whole from the memory map whenever that changes.
// SDM vol. 3C section 29.3 (the EPT translation mechanism). Identity of RAM lets most of it be 2 MiB pages.
import { assert } from '../../base/assert.js';
import { HOST_RAM } from '../../vcpu/engine.js';
import type { Region } from '../../vcpu/guest-memory.js';
import type { ApicMapping } from './host-physical.js';

const PAGE = 0x1000;
const LARGE_PAGE = 0x200000;
const READ = 1;
const WRITE = 2;
const EXECUTE = 4;
const ALL = READ | WRITE | EXECUTE;
/** Bits 5:3 of a leaf: write-back. */
const WRITE_BACK = 6 << 3;
const LARGE = 0x80;
const ENTRY = 8;
const TABLE_ENTRIES = 512;
const LARGE_PAGES = 2048;

/** PML4, one page of pointers, four directories. */
const FIXED_TABLES = 6;
/** Pages of 4 KiB each that the tables of one machine may take: the fixed ones, and one for each 2 MiB that is in pieces. */
export const EPT_PAGES = 64;
/** Page-walk length 4, write-back. */
const EPTP_BITS = (3 << 3) | 6;

export class Ept {
  private readonly tables: Uint32Array;
  private used = 0;

  /** `area` is the host-physical address of EPT_PAGES pages that are the monitor's own. */
  constructor(
    bytes: Uint8Array,
    private readonly area: number,
  ) {
    assert(area % PAGE === 0, 'EPT tables lie on pages');
    this.tables = new Uint32Array(bytes.buffer, HOST_RAM + area, (EPT_PAGES * PAGE) / 4);
  }

  /** What goes into the VMCS as EPT_POINTER. */
  get pointer(): number {
    return this.area + EPTP_BITS;
  }

  /** Maps what has memory behind it; everything else stays out, and an access to it is an EPT violation. First region wins. */
  build(regions: readonly Region[], apic?: ApicMapping): void {
    this.tables.fill(0);
    this.used = FIXED_TABLES;
    this.set(0, 0, this.area + PAGE, ALL);
    for (let i = 0; i < 4; i++) this.set(1, i, this.area + (2 + i) * PAGE, ALL);
    if (apic) this.map({ start: apic.guest, size: PAGE, host: HOST_RAM + apic.host, kind: 'ram' });
    for (let i = regions.length - 1; i >= 0; i--) this.map(regions[i]);
  }

  private map({ start, size, host, kind }: Region): void {
    const rights = (kind === 'ram' ? ALL : READ | EXECUTE) | WRITE_BACK;
    const physical = host - HOST_RAM;
    for (let done = 0; done < size; ) {
      const at = start + done;
      const to = physical + done;
      if (at % LARGE_PAGE === 0 && to % LARGE_PAGE === 0 && size - done >= LARGE_PAGE) {
        this.setDirectory(at / LARGE_PAGE, to, rights | LARGE);
        done += LARGE_PAGE;
      } else {
        this.set(this.tableOf(Math.floor(at / LARGE_PAGE)), (at / PAGE) % TABLE_ENTRIES, to, rights);
        done += PAGE;
      }
    }
  }

  /** Number of the table of 4 KiB pages for the `slot`th 2 MiB; a large page there is broken up. */
  private tableOf(slot: number): number {
    const entry = this.tables[(2 * TABLE_ENTRIES + slot) * 2];
    if (entry !== 0 && !(entry & LARGE)) return ((entry & ~(PAGE - 1)) >>> 0) / PAGE - this.area / PAGE;
    assert(this.used < EPT_PAGES && slot < LARGE_PAGES, 'the EPT area is full');
    const table = this.used++;
    if (entry & LARGE) {
      const to = (entry & ~(LARGE_PAGE - 1)) >>> 0;
      for (let i = 0; i < TABLE_ENTRIES; i++) this.set(table, i, to + i * PAGE, entry & (ALL | WRITE_BACK));
    }
    this.setDirectory(slot, this.area + table * PAGE, ALL);
    return table;
  }

  private setDirectory(slot: number, to: number, bits: number): void {
    this.set(2 + Math.floor(slot / TABLE_ENTRIES), slot % TABLE_ENTRIES, to, bits);
  }

  /** Entries are 64 bits; host-physical addresses here end below 4 GiB, so the high half is 0. */
  private set(table: number, index: number, to: number, bits: number): void {
    this.tables[(table * PAGE + index * ENTRY) / 4] = to | bits;
  }
}

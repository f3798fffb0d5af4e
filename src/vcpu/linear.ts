// Linear to physical addresses from the host's side, without side effects: for disassembly and crash reports.
// SDM vol. 3A sections 4.3 (32-bit paging) and 4.4 (PAE paging).
import { CR3, CR4 } from '../../assembly/abi.js';
import type { PhysicalMemory } from './guest-memory.js';
import type { Registers } from './registers.js';

const CR0_PG = 0x80000000;
const CR4_PSE = 0x10;
const CR4_PAE = 0x20;
const PRESENT = 1;
const LARGE = 0x80;

export class LinearMemory {
  constructor(
    private readonly view: DataView,
    private readonly registers: Registers,
    private readonly memory: PhysicalMemory,
  ) {}

  /** The physical address, or undefined where nothing is mapped. */
  translate(linear: number): number | undefined {
    if (!(this.registers.cr0 & CR0_PG)) return linear;
    const cr4 = this.view.getUint32(CR4, true);
    const cr3 = this.view.getUint32(CR3, true);
    if (cr4 & CR4_PAE) return this.walkPae(linear, cr3);
    const directory = this.memory.readU32(((cr3 & 0xfffff000) >>> 0) + (linear >>> 22) * 4);
    if (!(directory & PRESENT)) return undefined;
    if (directory & LARGE && cr4 & CR4_PSE) return ((directory & 0xffc00000) | (linear & 0x3fffff)) >>> 0;
    const page = this.memory.readU32(((directory & 0xfffff000) >>> 0) + ((linear >>> 12) & 0x3ff) * 4);
    return page & PRESENT ? ((page & 0xfffff000) | (linear & 0xfff)) >>> 0 : undefined;
  }

  /** Up to `length` bytes at `linear`; fewer where the mapping ends. */
  read(linear: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const physical = this.translate((linear + i) >>> 0);
      if (physical === undefined) return bytes.subarray(0, i);
      bytes[i] = this.memory.readU8(physical);
    }
    return bytes;
  }

  private walkPae(linear: number, cr3: number): number | undefined {
    const pointer = this.memory.readU32(((cr3 & 0xffffffe0) >>> 0) + (linear >>> 30) * 8);
    if (!(pointer & PRESENT)) return undefined;
    const directory = this.memory.readU32(((pointer & 0xfffff000) >>> 0) + ((linear >>> 21) & 0x1ff) * 8);
    if (!(directory & PRESENT)) return undefined;
    if (directory & LARGE) return ((directory & 0xffe00000) | (linear & 0x1fffff)) >>> 0;
    const page = this.memory.readU32(((directory & 0xfffff000) >>> 0) + ((linear >>> 12) & 0x1ff) * 8);
    return page & PRESENT ? ((page & 0xfffff000) | (linear & 0xfff)) >>> 0 : undefined;
  }
}

// The CPU's state at the entry of a kernel that is started without a BIOS.
// Documentation/arch/x86/boot.rst "32-bit Boot Protocol"; Multiboot 0.6.96 section 3.2.
import type { General, Registers } from '../../vcpu/registers.js';
import type { BootMemory } from './boot-memory.js';

const CODE_SELECTOR = 0x10;
const DATA_SELECTOR = 0x18;
/** Present, DPL 0, 32-bit, page granularity; accessed execute/read and read/write. */
const CODE_ATTRIBUTES = 0xc09b;
const DATA_ATTRIBUTES = 0xc093;
const GDT_ADDRESS = 0x500;
const GDT = [0, 0, 0x00cf9b000000ffffn, 0x00cf93000000ffffn];
const CR0_PE = 1;

/** Protected mode with flat 4 GiB segments, no paging, interrupts off. The GDT is real, for kernels that reload from it. */
export function enterProtected(
  registers: Registers,
  memory: BootMemory,
  eip: number,
  general: Partial<Record<General, number>>,
): void {
  const gdt = memory.view(GDT_ADDRESS, GDT.length * 8);
  GDT.forEach((descriptor, i) => {
    gdt.setBigUint64(i * 8, BigInt(descriptor), true);
  });
  registers.setGdtr(GDT_ADDRESS, GDT.length * 8 - 1);
  registers.cr0 = registers.cr0 | CR0_PE;
  registers.setSegment('cs', { selector: CODE_SELECTOR, base: 0, limit: 0xffffffff, attributes: CODE_ATTRIBUTES });
  for (const name of ['ds', 'es', 'ss', 'fs', 'gs'] as const) {
    registers.setSegment(name, { selector: DATA_SELECTOR, base: 0, limit: 0xffffffff, attributes: DATA_ATTRIBUTES });
  }
  registers.setSystemFlags(0);
  registers.eip = eip;
  for (const [name, value] of Object.entries(general)) registers.setGeneral(name as General, value);
}

/** Real mode: `segment` in every data segment register, `segment` + 0x20 in CS, interrupts off. */
export function enterReal(registers: Registers, segment: number, stackPointer: number): void {
  const real = (selector: number, attributes: number) => ({ selector, base: selector * 16, limit: 0xffff, attributes });
  registers.setSegment('cs', real(segment + 0x20, 0x9b));
  for (const name of ['ds', 'es', 'ss', 'fs', 'gs'] as const) registers.setSegment(name, real(segment, 0x93));
  registers.setSystemFlags(0);
  registers.eip = 0;
  registers.setGeneral('esp', stackPointer);
}

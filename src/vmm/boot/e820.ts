// The memory map that firmware would report.
// ACPI 6.4 section 15 (INT 15h E820h); Documentation/arch/x86/zero-page.rst.
import { ACPI_AREA, EBDA, HIGH_MEMORY, LOW_MEMORY_END } from '../layout.js';

export const E820_RAM = 1;
export const E820_RESERVED = 2;

export interface E820Entry {
  start: number;
  size: number;
  type: number;
}

/** The map of a machine with `memory` bytes of RAM and its tables in the BIOS area. */
export function memoryMap(memory: number): E820Entry[] {
  return [
    { start: 0, size: EBDA, type: E820_RAM },
    { start: EBDA, size: LOW_MEMORY_END - EBDA, type: E820_RESERVED },
    { start: ACPI_AREA, size: HIGH_MEMORY - ACPI_AREA, type: E820_RESERVED },
    { start: HIGH_MEMORY, size: memory - HIGH_MEMORY, type: E820_RAM },
  ];
}

export const E820_ENTRY_SIZE = 20;

/** Entries as INT 15h E820h stores them: base u64, length u64, type u32. */
export function encodeMap(map: readonly E820Entry[]): Uint8Array {
  const bytes = new Uint8Array(map.length * E820_ENTRY_SIZE);
  const view = new DataView(bytes.buffer);
  map.forEach((entry, i) => {
    const at = i * E820_ENTRY_SIZE;
    view.setUint32(at, entry.start, true);
    view.setUint32(at + 8, entry.size, true);
    view.setUint32(at + 16, entry.type, true);
  });
  return bytes;
}

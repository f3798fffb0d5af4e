// PAE page-directory-pointer entries, loaded with CR3.
// SDM vol. 3A section 4.4.1.
import { PDPTE } from '../../abi';
import { faulted, GP, raise } from '../../cpu/fault';
import { translatingForNobody } from '../../mmu/ept';
import { gated, physicalRead64 } from '../../mmu/physical';

const PRESENT: u64 = 1;
/** Bits 1, 2, 5-8 and those above the 36 of a physical address. */
const RESERVED: u64 = 0xfffffff0000001e6;

export function pointerIsGood(entry: u64): bool { return (entry & PRESENT) == 0 || (entry & RESERVED) == 0; }

/** Reads and checks the four entries at `cr3`; raises #GP(0) or an EPT violation, and nothing has changed then. */
export function loadDirectoryPointers(cr3: u32): bool {
  const table = cr3 & 0xffffffe0;
  translatingForNobody();
  for (let i: u32 = 0; i < 4; i++) {
    const entry = physicalRead64(gated(table + (i << 3)));
    if (faulted()) return false;
    if (!pointerIsGood(entry)) {
      raise(GP, 0);
      return false;
    }
  }
  for (let i: u32 = 0; i < 4; i++) store<u64>(PDPTE + (i << 3), physicalRead64(gated(table + (i << 3))));
  return true;
}

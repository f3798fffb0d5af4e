// PAE page-directory-pointer entries, loaded with CR3.
// SDM vol. 3A section 4.4.1.
import { PDPTE } from '../../abi';
import { faulted, GP, raise } from '../../cpu/fault';
import { translatingForNobody } from '../../mmu/ept';
import { entriesHost, gated } from '../../mmu/physical';

const PRESENT: u64 = 1;
/** Bits 1, 2, 5-8 and those above the 36 of a physical address. */
const RESERVED: u64 = 0xfffffff0000001e6;

export function pointerIsGood(entry: u64): bool { return (entry & PRESENT) == 0 || (entry & RESERVED) == 0; }

/** Reads and checks the four entries at `cr3`; raises #GP(0) or an EPT violation, and nothing has changed then. */
export function loadDirectoryPointers(cr3: u32): bool {
  const table = cr3 & 0xffffffe0;
  translatingForNobody();
  // four entries of 8 bytes, in one page
  const host = entriesHost(gated(table));
  if (faulted()) return false;
  for (let i: usize = 0; i < 4; i++) {
    if (host != 0 && !pointerIsGood(load<u64>(host + (i << 3)))) {
      raise(GP, 0);
      return false;
    }
  }
  for (let i: usize = 0; i < 4; i++) store<u64>(PDPTE + (i << 3), host != 0 ? load<u64>(host + (i << 3)) : 0);
  return true;
}

// Address spaces of programs whose kernel is the host: switching between them, and what it says after it has changed a page table.
// SDM vol. 3A 4.4.1, 4.10.4. The kernel writes the tables itself, so nothing here is seen by a program.
import { CR3, FAULT_KIND } from '../../abi';
import { pagingPae } from '../../cpu/control';
import { forgetStash, putAside, putBackStash } from '../../mmu/space-stash';
import { flushTlb } from '../../mmu/tlb';
import { loadDirectoryPointers } from './paging-control';

/**
 * Programs run in the space of `cr3` from now on, as if it had been loaded into CR3: entries of global pages stay. False when a PAE
 * page-directory-pointer entry has reserved bits set; nothing has changed then. Between runs.
 */
export function setSpace(cr3: u32): bool {
  if (pagingPae() && !loadDirectoryPointers(cr3)) {
    store<u32>(FAULT_KIND, 0);
    return false;
  }
  if (load<u32>(CR3) != cr3) putAside(load<u32>(CR3));
  store<u64>(CR3, cr3);
  flushTlb(false);
  putBackStash(cr3);
  return true;
}

/** What is known of a space is void: its tables were changed while it was not in force, or it is gone. */
export function forgetSpace(cr3: u32): void {
  if (load<u32>(CR3) == cr3) flushTlb(false);
  forgetStash(cr3);
}

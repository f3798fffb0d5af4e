// Which translations of linear addresses survive a VM entry: all of them with a VPID, unless what they were made under has changed.
// SDM vol. 3C 28.3 (a processor may always drop more than it must).
import { CR0, CR3, CR4, EFER } from '../abi';
import { CR0_PE, CR0_PG, CR0_WP, CR4_PAE, CR4_PGE, CR4_PSE } from '../cpu/control';
import { secondaryControls } from '../cpu/vmx';
import { EPT_POINTER, VIRTUAL_PROCESSOR_ID } from '../generated/vmcs';
import { flushEpt } from '../mmu/ept';
import { flushTlb } from '../mmu/tlb';
import { SECONDARY_EXEC_ENABLE_EPT, SECONDARY_EXEC_ENABLE_VPID } from '../vmcs/controls';

let lastCr0: u32 = 0;
let lastCr3: u32 = 0;
let lastCr4: u32 = 0;
let lastEfer: u32 = 0;
let lastVpid: u32 = 0;
/** All ones: without EPT. */
let lastEptp: u64 = 0;

function vpid(): u32 { return secondaryControls() & SECONDARY_EXEC_ENABLE_VPID ? load<u16>(VIRTUAL_PROCESSOR_ID) : 0; }
function eptp(): u64 { return secondaryControls() & SECONDARY_EXEC_ENABLE_EPT ? load<u64>(EPT_POINTER) : u64.MAX_VALUE; }

const CR0_BITS: u32 = CR0_PG | CR0_WP | CR0_PE;
const CR4_BITS: u32 = CR4_PAE | CR4_PGE | CR4_PSE;

/** The guest is left: what its translations were made under. */
export function rememberTranslations(): void {
  lastCr0 = load<u32>(CR0);
  lastCr3 = load<u32>(CR3);
  lastCr4 = load<u32>(CR4);
  lastEfer = load<u32>(EFER);
  lastVpid = vpid();
  lastEptp = eptp();
}

/** The guest has been loaded. */
export function dropTranslations(): void {
  const pointer = eptp();
  if (pointer != lastEptp) flushEpt();
  const id = vpid();
  const changed = ((lastCr0 ^ load<u32>(CR0)) & CR0_BITS) | ((lastCr4 ^ load<u32>(CR4)) & CR4_BITS) | (lastEfer ^ load<u32>(EFER));
  if (id == 0 || id != lastVpid || pointer != lastEptp || changed != 0) flushTlb(true);
  else if (lastCr3 != load<u32>(CR3)) flushTlb((load<u32>(CR4) & CR4_PGE) == 0);
}

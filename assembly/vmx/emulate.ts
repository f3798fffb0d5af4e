// The monitor's emulator is the interpreter: the guest is loaded as it sees itself, runs an instruction outside non-root operation, where
// ports and devices are the host's to answer, and is put back into the VMCS.
// Ours; what KVM does with arch/x86/kvm/emulate.c.
import {
  CR0, CR3, CR4, FAULT_KIND, INTERRUPT_WINDOW, PDPTE, REPLAY_COUNT, REPLAY_NEXT, VMX_EMULATING, VMX_STATE,
} from '../abi';
import { pagingPae } from '../cpu/control';
import { secondaryControls, settled } from '../cpu/vmx';
import {
  CR0_GUEST_HOST_MASK, CR0_READ_SHADOW, CR4_GUEST_HOST_MASK, CR4_READ_SHADOW, GUEST_CR0, GUEST_CR3, GUEST_CR4, GUEST_PENDING_DBG_EXCEPTIONS,
} from '../generated/vmcs';
import { flushTlb } from '../mmu/tlb';
import { loadDirectoryPointers } from '../ops/system/paging-control';
import { SECONDARY_EXEC_ENABLE_EPT } from '../vmcs/controls';
import { enterRoot } from './exit';
import { loadGuest, loadPointers, saveGuest } from './guest-state';

function withEpt(): bool { return (secondaryControls() & SECONDARY_EXEC_ENABLE_EPT) != 0; }

/** What the guest sees of a control register: its own bits, and for those of the monitor the shadow. */
function seen(real: usize, mask: usize, shadow: usize): u32 {
  const owned = load<u32>(mask);
  return (load<u32>(real) & ~owned) | (load<u32>(shadow) & owned);
}

/** The emulated instruction may have changed it: the shadow is what the guest sees now, and its own bits are in force. */
function putBack(value: u32, real: usize, mask: usize, shadow: usize): void {
  const owned = load<u32>(mask);
  store<u32>(shadow, value);
  store<u32>(real, (value & ~owned) | (load<u32>(real) & owned));
}

/** `cr3` is the guest's own. Without EPT the processor's translations are those of the monitor's tables, and not the guest's. */
export function beginEmulation(cr3: u32): void {
  store<u32>(VMX_STATE, VMX_EMULATING);
  store<u32>(FAULT_KIND, 0);
  store<u32>(REPLAY_COUNT, 0);
  store<u32>(REPLAY_NEXT, 0);
  store<u32>(INTERRUPT_WINDOW, 0);
  settled();
  loadGuest(seen(GUEST_CR0, CR0_GUEST_HOST_MASK, CR0_READ_SHADOW), cr3, seen(GUEST_CR4, CR4_GUEST_HOST_MASK, CR4_READ_SHADOW));
  if (withEpt()) loadPointers();
  else {
    flushTlb(true);
    if (pagingPae() && !loadDirectoryPointers(cr3)) {
      // entries that no guest could have loaded: nothing is mapped
      store<u32>(FAULT_KIND, 0);
      memory.fill(PDPTE, 0, 32);
    }
  }
}

/** The value is the guest's own CR3, which with EPT is also that of the VMCS. */
export function endEmulation(traps: u32): u32 {
  saveGuest();
  store<u32>(GUEST_PENDING_DBG_EXCEPTIONS, traps);
  putBack(load<u32>(CR0), GUEST_CR0, CR0_GUEST_HOST_MASK, CR0_READ_SHADOW);
  putBack(load<u32>(CR4), GUEST_CR4, CR4_GUEST_HOST_MASK, CR4_READ_SHADOW);
  const cr3 = load<u32>(CR3);
  if (withEpt()) store<u32>(GUEST_CR3, cr3);
  else flushTlb(true);
  enterRoot();
  return cr3;
}

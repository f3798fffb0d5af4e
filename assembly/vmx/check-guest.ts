// Checks of the guest-state area at VM entry. A failure is a VM exit with reason 33.
// SDM vol. 3C 26.3.1. Each function is one of its subsections; the value is true when all is well.
import { CR0_PE, CR0_PG, CR4_BITS, CR4_PAE } from '../cpu/control';
import { IF, TF, VM } from '../cpu/flags';
import { IA32_EFER, IA32_PAT, msrAccepts } from '../cpu/msr';
import { pinBased, secondaryControls } from '../cpu/vmx';
import {
  GUEST_ACTIVITY_STATE, GUEST_CR0, GUEST_CR4, GUEST_GDTR_LIMIT, GUEST_IA32_DEBUGCTL, GUEST_IA32_EFER, GUEST_IA32_PAT, GUEST_IDTR_LIMIT,
  GUEST_INTERRUPTIBILITY_INFO, GUEST_PDPTR0, GUEST_PENDING_DBG_EXCEPTIONS, GUEST_RFLAGS, GUEST_SS_AR_BYTES, VM_ENTRY_CONTROLS,
  VM_ENTRY_INTR_INFO_FIELD, VMCS_LINK_POINTER,
} from '../generated/vmcs';
import { pointerIsGood } from '../ops/system/paging-control';
import { segmentsAreGood } from './check-segments';
import {
  ENTRY_FAIL_DEFAULT, ENTRY_FAIL_NMI, ENTRY_FAIL_PDPTE, ENTRY_FAIL_VMCS_LINK_PTR,
} from '../vmcs/exit-reasons';
import {
  GUEST_ACTIVITY_ACTIVE, GUEST_ACTIVITY_HLT, GUEST_INTR_STATE_MOV_SS, GUEST_INTR_STATE_NMI, GUEST_INTR_STATE_STI, INTR_INFO_VALID_MASK,
  INTR_INFO_VECTOR_MASK, INTR_TYPE_EXT_INTR, INTR_TYPE_HARD_EXCEPTION, INTR_TYPE_MASK, INTR_TYPE_NMI_INTR, PIN_BASED_VIRTUAL_NMIS,
  SECONDARY_EXEC_ENABLE_EPT, SECONDARY_EXEC_UNRESTRICTED_GUEST, VM_ENTRY_LOAD_DEBUG_CONTROLS, VM_ENTRY_LOAD_IA32_EFER,
  VM_ENTRY_LOAD_IA32_PAT, VMX_CR0_FIXED0, VMX_CR4_FIXED0,
} from '../vmcs/controls';

/** LBR and BTF. */
const DEBUGCTL_BITS: u64 = 3;
const BTF: u32 = 2;
const DB: u32 = 1;
const MC: u32 = 18;
const BS: u32 = 0x4000;
const PENDING_RESERVED: u32 = 0xffffaff0;
const RFLAGS_RESERVED: u32 = 0xffc08028;
const INTERRUPTIBILITY_RESERVED: u32 = 0xfffffff4;

export const GOOD: u32 = 0xffffffff;

// @ts-ignore: decorator
@inline function injects(type: u32): bool {
  return (load<u32>(VM_ENTRY_INTR_INFO_FIELD) & (INTR_INFO_VALID_MASK | INTR_TYPE_MASK)) == (<u32>INTR_INFO_VALID_MASK | type);
}

/** 26.3.1.1 */
function controlRegisters(): bool {
  const cr0 = load<u32>(GUEST_CR0);
  let fixed = <u32>VMX_CR0_FIXED0;
  if (secondaryControls() & SECONDARY_EXEC_UNRESTRICTED_GUEST) fixed &= ~(CR0_PE | CR0_PG);
  if ((cr0 & fixed) != fixed || (cr0 & (CR0_PE | CR0_PG)) == CR0_PG) return false;
  const cr4 = load<u32>(GUEST_CR4);
  if ((cr4 & VMX_CR4_FIXED0) == 0 || (cr4 & ~(CR4_BITS | VMX_CR4_FIXED0)) != 0) return false;
  const controls = load<u32>(VM_ENTRY_CONTROLS);
  if ((controls & VM_ENTRY_LOAD_DEBUG_CONTROLS) != 0 && (load<u64>(GUEST_IA32_DEBUGCTL) & ~DEBUGCTL_BITS) != 0) return false;
  if ((controls & VM_ENTRY_LOAD_IA32_PAT) != 0 && !msrAccepts(IA32_PAT, load<u64>(GUEST_IA32_PAT))) return false;
  return (controls & VM_ENTRY_LOAD_IA32_EFER) == 0 || msrAccepts(IA32_EFER, load<u64>(GUEST_IA32_EFER));
}

/** 26.3.1.3, 26.3.1.4 */
function tablesAndFlags(): bool {
  if (load<u32>(GUEST_GDTR_LIMIT) > 0xffff || load<u32>(GUEST_IDTR_LIMIT) > 0xffff) return false;
  const flags = load<u32>(GUEST_RFLAGS);
  if ((flags & RFLAGS_RESERVED) != 0 || (flags & 2) == 0) return false;
  if ((flags & VM) != 0 && (load<u32>(GUEST_CR0) & CR0_PE) == 0) return false;
  return (flags & IF) != 0 || !injects(INTR_TYPE_EXT_INTR);
}

/** May the event to inject wake a processor that has halted? */
function wakes(): bool {
  const info = load<u32>(VM_ENTRY_INTR_INFO_FIELD);
  if ((info & INTR_INFO_VALID_MASK) == 0 || injects(INTR_TYPE_EXT_INTR) || injects(INTR_TYPE_NMI_INTR)) return true;
  const vector = info & INTR_INFO_VECTOR_MASK;
  return injects(INTR_TYPE_HARD_EXCEPTION) && (vector == DB || vector == MC);
}

/** 26.3.1.5, the activity state and blocking */
function nonRegisterState(): bool {
  const activity = load<u32>(GUEST_ACTIVITY_STATE);
  const blocking = load<u32>(GUEST_INTERRUPTIBILITY_INFO);
  const shadow = blocking & (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS);
  // shutdown and wait-for-SIPI are not supported
  if (activity > <u32>GUEST_ACTIVITY_HLT) return false;
  if (activity != GUEST_ACTIVITY_ACTIVE && ((load<u32>(GUEST_SS_AR_BYTES) & 0x60) != 0 || shadow != 0 || !wakes())) return false;
  if (blocking & INTERRUPTIBILITY_RESERVED) return false;
  const flags = load<u32>(GUEST_RFLAGS);
  if (shadow == 3 || ((blocking & GUEST_INTR_STATE_STI) != 0 && (flags & IF) == 0)) return false;
  if (shadow != 0 && injects(INTR_TYPE_EXT_INTR)) return false;
  if ((blocking & GUEST_INTR_STATE_MOV_SS) != 0 && injects(INTR_TYPE_NMI_INTR)) return false;
  if ((blocking & GUEST_INTR_STATE_NMI) != 0 && pinBased(PIN_BASED_VIRTUAL_NMIS) && injects(INTR_TYPE_NMI_INTR)) return false;
  const pending = load<u32>(GUEST_PENDING_DBG_EXCEPTIONS);
  if (pending & PENDING_RESERVED) return false;
  if (shadow == 0 && activity == GUEST_ACTIVITY_ACTIVE) return true;
  const steps = (flags & TF) != 0 && (load<u32>(GUEST_IA32_DEBUGCTL) & BTF) == 0;
  return ((pending & BS) != 0) == steps;
}

/** 26.3.1.6, when the VMCS holds the pointers (otherwise they are checked as they are loaded) */
function pointers(): bool {
  const pae = (load<u32>(GUEST_CR0) & CR0_PG) != 0 && (load<u32>(GUEST_CR4) & CR4_PAE) != 0;
  if (!pae || (secondaryControls() & SECONDARY_EXEC_ENABLE_EPT) == 0) return true;
  for (let i: u32 = 0; i < 4; i++) if (!pointerIsGood(load<u64>(GUEST_PDPTR0 + (i << 3)))) return false;
  return true;
}

/** GOOD, or the exit qualification of the failure. */
export function checkGuest(): u32 {
  if (!controlRegisters() || !segmentsAreGood() || !tablesAndFlags() || !nonRegisterState()) return ENTRY_FAIL_DEFAULT;
  if ((load<u32>(GUEST_INTERRUPTIBILITY_INFO) & GUEST_INTR_STATE_STI) != 0 && injects(INTR_TYPE_NMI_INTR)) return ENTRY_FAIL_NMI;
  if (load<u64>(VMCS_LINK_POINTER) != u64.MAX_VALUE) return ENTRY_FAIL_VMCS_LINK_PTR;
  return pointers() ? GOOD : ENTRY_FAIL_PDPTE;
}

// VM entry: VMLAUNCH and VMRESUME in one.
// SDM vol. 3C chapter 26. Section 26.1 is about the instruction, which there is not; 26.2 controls and host state, 26.3 guest state,
// 26.4 MSRs, 26.6 event injection, 26.7 what follows at once, 26.8 late failures.
import {
  CR0, CR3, EIP, EPT_ACTIVE, EXIT_VM, FAULT_KIND, INTERRUPT_SHADOW, INTERRUPT_WINDOW, NMI_BLOCKED, NO_ERROR_CODE,
  REPLAY_COUNT, REPLAY_NEXT, VMX_HALTED, VMX_NON_ROOT, VMX_STATE,
} from '../abi';
import { CR0_CD, CR0_ET, CR0_NW, pagingPae } from '../cpu/control';
import { KIND_EXIT, RESUME_UOP } from '../cpu/fault';
import { RF } from '../cpu/flags';
import { cpuBased, noteExit, secondaryControls, settled } from '../cpu/vmx';
import {
  EXIT_QUALIFICATION, GUEST_CR0, GUEST_CR3, GUEST_CR4, GUEST_PENDING_DBG_EXCEPTIONS, GUEST_RFLAGS, VM_ENTRY_EXCEPTION_ERROR_CODE,
  VM_ENTRY_INSTRUCTION_LEN, VM_ENTRY_INTR_INFO_FIELD, VM_EXIT_INSTRUCTION_LEN, VM_EXIT_REASON, VM_INSTRUCTION_ERROR,
} from '../generated/vmcs';
import { beginApicVirtualization, priorityIsBelow } from '../mmu/apic-access';
import { deliverEvent } from '../ops/control-flow/event';
import { deliverFault } from '../ops/control-flow/interrupt';
import { ENTERED } from '../ops/outcome';
import { loadDirectoryPointers } from '../ops/system/paging-control';
import { controlsAreGood, hostIsGood } from './check-controls';
import { checkGuest, GOOD } from './check-guest';
import {
  CPU_BASED_INTR_WINDOW_EXITING, CPU_BASED_NMI_WINDOW_EXITING, INTR_INFO_DELIVER_CODE_MASK, INTR_INFO_VALID_MASK, INTR_INFO_VECTOR_MASK,
  INTR_TYPE_MASK, INTR_TYPE_NMI_INTR, INTR_TYPE_SOFT_EXCEPTION, INTR_TYPE_SOFT_INTR, SECONDARY_EXEC_ENABLE_EPT,
} from '../vmcs/controls';
import { enterRoot, makeExit } from './exit';
import {
  ENTRY_FAIL_PDPTE, EXIT_REASON_FAILED_VMENTRY, EXIT_REASON_INVALID_STATE, EXIT_REASON_MSR_LOAD_FAIL, EXIT_REASON_TPR_BELOW_THRESHOLD, VMXERR_ENTRY_INVALID_CONTROL_FIELD,
  VMXERR_ENTRY_INVALID_HOST_STATE_FIELD,
} from '../vmcs/exit-reasons';
import { loadGuest, loadPointers } from './guest-state';
import { loadMsrArea } from './msr-areas';
import { dropTranslations } from './translations';

/** Bits of CR0 that no VM entry changes. */
const CR0_KEPT: u32 = CR0_ET | CR0_NW | CR0_CD;

function fail(error: u32): u32 {
  store<u32>(VM_INSTRUCTION_ERROR, error);
  return error;
}

/** Too late for a VMfail: a VM exit that saves nothing. */
function failLate(reason: u32, qualification: u32): u32 {
  store<u32>(VM_EXIT_REASON, reason | EXIT_REASON_FAILED_VMENTRY);
  store<u32>(EXIT_QUALIFICATION, qualification);
  enterRoot();
  return EXIT_VM;
}

function windows(): u32 {
  return (cpuBased(CPU_BASED_INTR_WINDOW_EXITING) ? 1 : 0) | (cpuBased(CPU_BASED_NMI_WINDOW_EXITING) ? 2 : 0);
}

/** Delivers the event that the monitor injects. False: its delivery made a VM exit. */
function inject(info: u32): bool {
  const type = info & INTR_TYPE_MASK;
  const vector = info & INTR_INFO_VECTOR_MASK;
  const length = load<u32>(VM_ENTRY_INSTRUCTION_LEN);
  const error: i32 = info & INTR_INFO_DELIVER_CODE_MASK ? load<i32>(VM_ENTRY_EXCEPTION_ERROR_CODE) : NO_ERROR_CODE;
  store<u32>(VM_EXIT_INSTRUCTION_LEN, length);
  store<u32>(VMX_HALTED, 0);
  const returnEip = type >= <u32>INTR_TYPE_SOFT_INTR ? load<u32>(EIP) + length : load<u32>(EIP);
  const outcome = deliverEvent(vector, error, returnEip, (load<u32>(GUEST_RFLAGS) & RF) != 0, type);
  if (outcome == ENTERED) {
    store<u32>(INTERRUPT_SHADOW, 0);
    if (type == INTR_TYPE_NMI_INTR) store<u32>(NMI_BLOCKED, 1);
    return true;
  }
  if (load<u32>(FAULT_KIND) != KIND_EXIT && deliverFault() == RESUME_UOP) return true;
  store<u32>(FAULT_KIND, 0);
  return false;
}

/** Debug exceptions that wait in the guest that has been loaded; most events that were injected have swallowed them (26.7.3). */
export function pendingTraps(): u32 {
  const info = load<u32>(VM_ENTRY_INTR_INFO_FIELD);
  const injected = (info & INTR_INFO_VALID_MASK) != 0;
  const type = info & INTR_TYPE_MASK;
  return injected && type != INTR_TYPE_SOFT_INTR && type != INTR_TYPE_SOFT_EXCEPTION ? 0 : load<u32>(GUEST_PENDING_DBG_EXCEPTIONS);
}

/**
 * Enters the guest of the VMCS. 0: it runs from now on; 7 or 8: VMfail with this VM-instruction error; EXIT_VM: a VM exit has happened,
 * because the entry failed late or the injected event could not be delivered.
 */
export function enterGuest(): u32 {
  if (!controlsAreGood()) return fail(VMXERR_ENTRY_INVALID_CONTROL_FIELD);
  if (!hostIsGood()) return fail(VMXERR_ENTRY_INVALID_HOST_STATE_FIELD);
  const problem = checkGuest();
  if (problem != GOOD) return failLate(EXIT_REASON_INVALID_STATE, problem);

  store<u32>(FAULT_KIND, 0);
  store<u32>(REPLAY_COUNT, 0);
  store<u32>(REPLAY_NEXT, 0);
  settled();
  store<u32>(VMX_STATE, VMX_NON_ROOT);
  store<u32>(EPT_ACTIVE, secondaryControls() & SECONDARY_EXEC_ENABLE_EPT ? 1 : 0);
  loadGuest((load<u32>(GUEST_CR0) & ~CR0_KEPT) | (load<u32>(CR0) & CR0_KEPT), load<u32>(GUEST_CR3), load<u32>(GUEST_CR4));
  dropTranslations();
  beginApicVirtualization();
  if (load<u32>(EPT_ACTIVE) != 0) loadPointers();
  else if (pagingPae() && !loadDirectoryPointers(load<u32>(CR3))) return failLate(EXIT_REASON_INVALID_STATE, ENTRY_FAIL_PDPTE);
  const bad = loadMsrArea();
  if (bad != 0) return failLate(EXIT_REASON_MSR_LOAD_FAIL, bad);
  store<u32>(INTERRUPT_WINDOW, windows());

  const info = load<u32>(VM_ENTRY_INTR_INFO_FIELD);
  const delivered = (info & INTR_INFO_VALID_MASK) == 0 || inject(info);
  if (delivered && !priorityIsBelow()) return 0;
  if (delivered) noteExit(EXIT_REASON_TPR_BELOW_THRESHOLD, 0);
  makeExit(delivered ? pendingTraps() : 0);
  return EXIT_VM;
}

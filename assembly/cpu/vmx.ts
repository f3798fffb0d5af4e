// VMX operation as the rest of the processor sees it: who runs, which controls are on, and how an instruction notes a VM exit.
// SDM vol. 3C chapters 24 and 25. The exit itself, saving the guest and loading the host, is made when the run ends (vmx/exit.ts).
import {
  CR0, CR4, EXIT_REASON, EXIT_VM, FAULT_KIND, VECTORING, VECTORING_ERROR, VMX_NON_ROOT, VMX_STATE,
} from '../abi';
import {
  CPU_BASED_VM_EXEC_CONTROL, CR0_GUEST_HOST_MASK, CR0_READ_SHADOW, CR4_GUEST_HOST_MASK, CR4_READ_SHADOW, EXCEPTION_BITMAP,
  EXIT_QUALIFICATION, PAGE_FAULT_ERROR_CODE_MASK, PAGE_FAULT_ERROR_CODE_MATCH, PIN_BASED_VM_EXEC_CONTROL,
  SECONDARY_VM_EXEC_CONTROL, VM_EXIT_INSTRUCTION_LEN, VM_EXIT_INTR_INFO, VM_EXIT_REASON, VMX_INSTRUCTION_INFO,
} from '../generated/vmcs';
import { U_LENGTH } from '../uop';
import {
  CPU_BASED_ACTIVATE_SECONDARY_CONTROLS, CPU_BASED_USE_TSC_OFFSETTING, INTR_INFO_DELIVER_CODE_MASK, INTR_INFO_VALID_MASK,
  INTR_TYPE_MASK,
} from '../vmcs/controls';
import { TSC_OFFSET } from '../generated/vmcs';
import { fault, PF_FAULT, raiseExit } from './fault';

// @ts-ignore: decorator
@inline export function nonRoot(): bool { return load<u32>(VMX_STATE) == VMX_NON_ROOT; }
// @ts-ignore: decorator
@inline export function pinBased(bits: u32): bool { return (load<u32>(PIN_BASED_VM_EXEC_CONTROL) & bits) != 0; }
// @ts-ignore: decorator
@inline export function cpuBased(bits: u32): bool { return (load<u32>(CPU_BASED_VM_EXEC_CONTROL) & bits) != 0; }
export function secondaryControls(): u32 {
  return cpuBased(CPU_BASED_ACTIVATE_SECONDARY_CONTROLS) ? load<u32>(SECONDARY_VM_EXEC_CONTROL) : 0;
}

/** Does the guest's instruction leave because of primary control `control`? */
export function exits(control: u32): bool { return nonRoot() && cpuBased(control); }

/** What RDTSC adds for a guest. */
export function guestTscOffset(): u64 {
  return load<u32>(VMX_STATE) >= <u32>VMX_NON_ROOT && cpuBased(CPU_BASED_USE_TSC_OFFSETTING) ? load<u64>(TSC_OFFSET) : 0;
}

// ---- control registers through masks and shadows (SDM vol. 3C 24.6.6) ---------------------------------------------------------

/** CR0 as MOV and SMSW read it. */
export function visibleCr0(): u32 {
  if (!nonRoot()) return load<u32>(CR0);
  const mask = load<u32>(CR0_GUEST_HOST_MASK);
  return (load<u32>(CR0) & ~mask) | (load<u32>(CR0_READ_SHADOW) & mask);
}
export function visibleCr4(): u32 {
  if (!nonRoot()) return load<u32>(CR4);
  const mask = load<u32>(CR4_GUEST_HOST_MASK);
  return (load<u32>(CR4) & ~mask) | (load<u32>(CR4_READ_SHADOW) & mask);
}

// ---- noting an exit -----------------------------------------------------------------------------------------------------------

/** Notes a VM exit. The caller ends the run; what was raised before stands. */
export function noteExit(reason: u32, qualification: u32): void {
  if (load<u32>(FAULT_KIND) != 0) return;
  store<u32>(VM_EXIT_REASON, reason);
  store<u32>(EXIT_QUALIFICATION, qualification);
  store<u32>(VM_EXIT_INTR_INFO, 0);
  store<u32>(EXIT_REASON, EXIT_VM);
}

/** Ends instruction `u` with a VM exit before it has done anything. */
export function exitAt(u: usize, reason: u32, qualification: u32): usize {
  noteExit(reason, qualification);
  noteLength(u);
  store<u32>(VMX_INSTRUCTION_INFO, 0);
  raiseExit();
  return fault(u);
}

/** For exits whose instruction is not known where they are noted: task switches, faults of software interrupts. */
// @ts-ignore: decorator
@inline export function noteLength(u: usize): void { store<u32>(VM_EXIT_INSTRUCTION_LEN, load<u8>(u, U_LENGTH)); }

// ---- exceptions ---------------------------------------------------------------------------------------------------------------

/** Does the exception leave? SDM vol. 3C 25.2. */
export function intercepts(vector: u32, error: i32): bool {
  const chosen = ((load<u32>(EXCEPTION_BITMAP) >>> vector) & 1) != 0;
  if (vector != PF_FAULT) return chosen;
  const matches = (<u32>error & load<u32>(PAGE_FAULT_ERROR_CODE_MASK)) == load<u32>(PAGE_FAULT_ERROR_CODE_MATCH);
  return matches ? chosen : !chosen;
}

/** Event information: valid, type, vector, and whether there is an error code. */
export function eventInfo(vector: u32, type: u32, error: bool): u32 {
  return INTR_INFO_VALID_MASK | type | vector | (error ? INTR_INFO_DELIVER_CODE_MASK : 0);
}

/** The delivery of an event begins. It ends with settled(), or with what it raised. */
export function beginVectoring(info: u32, error: u32): void {
  store<u32>(VECTORING, info);
  store<u32>(VECTORING_ERROR, error);
}
export function settled(): void { store<u32>(VECTORING, 0); }
export function vectoringType(): u32 { return load<u32>(VECTORING) & INTR_TYPE_MASK; }

// Checks of the control fields and of the host-state area at VM entry. A failure is a VMfail: nothing has changed.
// SDM vol. 3C 26.2.1 (VM-instruction error 7), 26.2.2 and 26.2.3 (error 8).
import { CR4_BITS } from '../cpu/control';
import { IA32_EFER, IA32_PAT, msrAccepts } from '../cpu/msr';
import { cpuBased, pinBased, secondaryControls } from '../cpu/vmx';
import {
  APIC_ACCESS_ADDR, CPU_BASED_VM_EXEC_CONTROL, CR3_TARGET_COUNT, EPT_POINTER, GUEST_CR0, HOST_CR0, HOST_CR4, HOST_CS_SELECTOR, HOST_ES_SELECTOR,
  HOST_IA32_EFER, HOST_IA32_PAT, HOST_SS_SELECTOR, HOST_TR_SELECTOR, IO_BITMAP_A, IO_BITMAP_B, MSR_BITMAP, PIN_BASED_VM_EXEC_CONTROL,
  TPR_THRESHOLD, VIRTUAL_APIC_PAGE_ADDR, VIRTUAL_PROCESSOR_ID, VM_ENTRY_CONTROLS, VM_ENTRY_EXCEPTION_ERROR_CODE, VM_ENTRY_INSTRUCTION_LEN, VM_ENTRY_INTR_INFO_FIELD,
  VM_ENTRY_MSR_LOAD_ADDR, VM_ENTRY_MSR_LOAD_COUNT, VM_EXIT_CONTROLS, VM_EXIT_MSR_LOAD_ADDR, VM_EXIT_MSR_LOAD_COUNT,
  VM_EXIT_MSR_STORE_ADDR, VM_EXIT_MSR_STORE_COUNT,
} from '../generated/vmcs';
import { priorityIsBelow } from '../mmu/apic-access';
import {
  CPU_BASED_MAY, CPU_BASED_MUST, CPU_BASED_NMI_WINDOW_EXITING, CPU_BASED_TPR_SHADOW, CPU_BASED_USE_IO_BITMAPS, CPU_BASED_USE_MSR_BITMAPS,
  INTR_INFO_DELIVER_CODE_MASK, INTR_INFO_VALID_MASK, INTR_INFO_VECTOR_MASK, INTR_TYPE_HARD_EXCEPTION, INTR_TYPE_MASK,
  INTR_TYPE_NMI_INTR, INTR_TYPE_SOFT_INTR, PIN_BASED_MAY, PIN_BASED_MUST, PIN_BASED_NMI_EXITING, PIN_BASED_VIRTUAL_NMIS,
  PIN_BASED_VMX_PREEMPTION_TIMER, SECONDARY_EXEC_APIC_REGISTER_VIRT, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES, SECONDARY_EXEC_ENABLE_EPT, SECONDARY_EXEC_ENABLE_VPID, SECONDARY_EXEC_UNRESTRICTED_GUEST, SECONDARY_MAY,
  VM_ENTRY_MAY, VM_ENTRY_MUST, VM_EXIT_LOAD_IA32_EFER, VM_EXIT_LOAD_IA32_PAT, VM_EXIT_MAY, VM_EXIT_MUST,
  VM_EXIT_SAVE_VMX_PREEMPTION_TIMER, VMX_CR0_FIXED0, VMX_CR4_FIXED0,
} from '../vmcs/controls';

const WIDTH: u64 = 36;
/** #DF #TS #NP #SS #GP #PF #AC. */
const WITH_ERROR_CODE: u32 = (1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 17);
const INFO_RESERVED: u32 = 0x7ffff000;

function allowed(field: usize, must: u32, may: u32): bool {
  const value = load<u32>(field);
  return (value & must) == must && (value & ~may) == 0;
}

/** Aligned to `alignment`, within the physical address width. */
function address(field: usize, alignment: u64): bool {
  const value = load<u64>(field);
  return (value & (alignment - 1)) == 0 && value >> WIDTH == 0;
}

function msrArea(count: usize, at: usize): bool {
  const entries: u64 = load<u32>(count);
  return entries == 0 || (address(at, 16) && (load<u64>(at) + entries * 16 - 1) >> WIDTH == 0);
}

/** Memory type uncacheable or write-back, four levels, no accessed and dirty flags. */
function eptPointer(): bool {
  const pointer = load<u64>(EPT_POINTER);
  const type = pointer & 7;
  return (type == 0 || type == 6) && (pointer & 0xff8) == 0x18 && pointer >> WIDTH == 0;
}

/** TPR shadow, APIC accesses and registers. */
function apicControls(secondary: u32): bool {
  const accesses = (secondary & SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES) != 0;
  if (accesses && !address(APIC_ACCESS_ADDR, 0x1000)) return false;
  if (!cpuBased(CPU_BASED_TPR_SHADOW)) return (secondary & SECONDARY_EXEC_APIC_REGISTER_VIRT) == 0;
  if (!address(VIRTUAL_APIC_PAGE_ADDR, 0x1000) || load<u32>(TPR_THRESHOLD) >>> 4 != 0) return false;
  return accesses || !priorityIsBelow();
}

function executionControls(): bool {
  if (!allowed(PIN_BASED_VM_EXEC_CONTROL, PIN_BASED_MUST, PIN_BASED_MAY)) return false;
  if (!allowed(CPU_BASED_VM_EXEC_CONTROL, CPU_BASED_MUST, CPU_BASED_MAY)) return false;
  const secondary = secondaryControls();
  if (secondary & ~SECONDARY_MAY) return false;
  if (load<u32>(CR3_TARGET_COUNT) > 4) return false;
  if (cpuBased(CPU_BASED_USE_IO_BITMAPS) && (!address(IO_BITMAP_A, 0x1000) || !address(IO_BITMAP_B, 0x1000))) return false;
  if (cpuBased(CPU_BASED_USE_MSR_BITMAPS) && !address(MSR_BITMAP, 0x1000)) return false;
  if (pinBased(PIN_BASED_VIRTUAL_NMIS) && !pinBased(PIN_BASED_NMI_EXITING)) return false;
  if (cpuBased(CPU_BASED_NMI_WINDOW_EXITING) && !pinBased(PIN_BASED_VIRTUAL_NMIS)) return false;
  if (!apicControls(secondary)) return false;
  if ((secondary & SECONDARY_EXEC_ENABLE_VPID) != 0 && load<u16>(VIRTUAL_PROCESSOR_ID) == 0) return false;
  if ((secondary & SECONDARY_EXEC_ENABLE_EPT) != 0) return eptPointer();
  return (secondary & SECONDARY_EXEC_UNRESTRICTED_GUEST) == 0;
}

function exitControls(): bool {
  if (!allowed(VM_EXIT_CONTROLS, VM_EXIT_MUST, VM_EXIT_MAY)) return false;
  const saves = (load<u32>(VM_EXIT_CONTROLS) & VM_EXIT_SAVE_VMX_PREEMPTION_TIMER) != 0;
  if (saves && !pinBased(PIN_BASED_VMX_PREEMPTION_TIMER)) return false;
  return msrArea(VM_EXIT_MSR_STORE_COUNT, VM_EXIT_MSR_STORE_ADDR) && msrArea(VM_EXIT_MSR_LOAD_COUNT, VM_EXIT_MSR_LOAD_ADDR);
}

/** The event to inject. */
function event(): bool {
  const info = load<u32>(VM_ENTRY_INTR_INFO_FIELD);
  if ((info & INTR_INFO_VALID_MASK) == 0) return true;
  const type = info & INTR_TYPE_MASK;
  const vector = info & INTR_INFO_VECTOR_MASK;
  if (type == 0x100 || type == 0x700 || (info & INFO_RESERVED) != 0) return false;
  if (type == INTR_TYPE_NMI_INTR && vector != 2) return false;
  if (type == INTR_TYPE_HARD_EXCEPTION && vector > 31) return false;
  const realGuest = (secondaryControls() & SECONDARY_EXEC_UNRESTRICTED_GUEST) != 0 && (load<u32>(GUEST_CR0) & 1) == 0;
  const coded = !realGuest && type == INTR_TYPE_HARD_EXCEPTION && ((WITH_ERROR_CODE >>> vector) & 1) != 0;
  if (coded != ((info & INTR_INFO_DELIVER_CODE_MASK) != 0)) return false;
  if (coded && load<u32>(VM_ENTRY_EXCEPTION_ERROR_CODE) >>> 16 != 0) return false;
  const length = load<u32>(VM_ENTRY_INSTRUCTION_LEN);
  return type < <u32>INTR_TYPE_SOFT_INTR || (length >= 1 && length <= 15);
}

export function controlsAreGood(): bool {
  if (!executionControls() || !exitControls()) return false;
  if (!allowed(VM_ENTRY_CONTROLS, VM_ENTRY_MUST, VM_ENTRY_MAY)) return false;
  return event() && msrArea(VM_ENTRY_MSR_LOAD_COUNT, VM_ENTRY_MSR_LOAD_ADDR);
}

export function hostIsGood(): bool {
  const fixed = <u32>VMX_CR0_FIXED0;
  if ((load<u32>(HOST_CR0) & fixed) != fixed) return false;
  const cr4 = load<u32>(HOST_CR4);
  if ((cr4 & VMX_CR4_FIXED0) == 0 || (cr4 & ~(CR4_BITS | VMX_CR4_FIXED0)) != 0) return false;
  const controls = load<u32>(VM_EXIT_CONTROLS);
  if ((controls & VM_EXIT_LOAD_IA32_PAT) != 0 && !msrAccepts(IA32_PAT, load<u64>(HOST_IA32_PAT))) return false;
  if ((controls & VM_EXIT_LOAD_IA32_EFER) != 0 && !msrAccepts(IA32_EFER, load<u64>(HOST_IA32_EFER))) return false;
  // no RPL and no LDT; ES to GS, then TR, lie side by side
  for (let selector = HOST_ES_SELECTOR; selector <= HOST_TR_SELECTOR; selector += 8) if (load<u16>(selector) & 7) return false;
  return load<u16>(HOST_CS_SELECTOR) != 0 && load<u16>(HOST_SS_SELECTOR) != 0 && load<u16>(HOST_TR_SELECTOR) != 0;
}

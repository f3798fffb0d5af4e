// The guest-state area: from the VMCS into the processor and back.
// SDM vol. 3C 26.3.2 (loading), 27.3 (saving). General registers, FPU, CR2, DR0-3 and DR6 are not in it: they stay where they are.
import {
  CR0, CR3, CR4, DR7, EFER, EIP, ESP, FLAGS_SYSTEM, GDTR_BASE, GDTR_LIMIT, IDTR_BASE, IDTR_LIMIT, INTERRUPT_SHADOW, MSR_PAT, MSR_SYSENTER_CS,
  MSR_SYSENTER_EIP, MSR_SYSENTER_ESP, NMI_BLOCKED, PDPTE, SEG, SEG_ATTRIBUTES, SEG_BASE, SEG_LIMIT, SEG_SELECTOR, SEG_SIZE, SEG_UNUSABLE,
  SHADOW_OF_SS, VMX_HALTED,
} from '../abi';
import { pagingPae } from '../cpu/control';
import { ALL_FLAGS, ARITHMETIC, getFlags, setArithmetic } from '../cpu/flags';
import { ACCESSED, CODE_DATA, GS, LDTR, TR } from '../cpu/segment';
import { secondaryControls } from '../cpu/vmx';
import {
  GUEST_ACTIVITY_STATE, GUEST_CR0, GUEST_CR3, GUEST_CR4, GUEST_DR7, GUEST_ES_AR_BYTES, GUEST_ES_BASE, GUEST_ES_LIMIT, GUEST_ES_SELECTOR,
  GUEST_GDTR_BASE, GUEST_GDTR_LIMIT, GUEST_IA32_EFER, GUEST_IA32_PAT, GUEST_IDTR_BASE, GUEST_IDTR_LIMIT, GUEST_INTERRUPTIBILITY_INFO,
  GUEST_PDPTR0, GUEST_RFLAGS, GUEST_RIP, GUEST_RSP, GUEST_SYSENTER_CS, GUEST_SYSENTER_EIP, GUEST_SYSENTER_ESP, VM_ENTRY_CONTROLS,
  VM_EXIT_CONTROLS,
} from '../generated/vmcs';
import { updateMode } from '../ops/system/mode';
import {
  GUEST_ACTIVITY_ACTIVE, GUEST_ACTIVITY_HLT, GUEST_INTR_STATE_MOV_SS, GUEST_INTR_STATE_NMI, GUEST_INTR_STATE_STI,
  SECONDARY_EXEC_ENABLE_EPT, VM_ENTRY_LOAD_DEBUG_CONTROLS, VM_ENTRY_LOAD_IA32_EFER, VM_ENTRY_LOAD_IA32_PAT,
  VM_EXIT_SAVE_DEBUG_CONTROLS, VM_EXIT_SAVE_IA32_EFER, VM_EXIT_SAVE_IA32_PAT,
} from '../vmcs/controls';

const BUSY: u32 = 2;
const ATTRIBUTES: u32 = SEG_UNUSABLE | 0xf0ff;
const DR7_ONES: u32 = 0x400;
const DR7_BITS: u32 = 0xffff23ff;

// @ts-ignore: decorator
@inline function copy(to: usize, from: usize): void { store<u32>(to, load<u32>(from)); }

function loadSegments(): void {
  for (let seg: u32 = 0; seg <= TR; seg++) {
    const at = SEG + seg * SEG_SIZE;
    const slot: usize = seg << 3;
    store<u16>(at + SEG_SELECTOR, load<u16>(GUEST_ES_SELECTOR + slot));
    store<u32>(at + SEG_ATTRIBUTES, load<u32>(GUEST_ES_AR_BYTES + slot) & ATTRIBUTES);
    store<u64>(at + SEG_BASE, load<u32>(GUEST_ES_BASE + slot));
    store<u32>(at + SEG_LIMIT, load<u32>(GUEST_ES_LIMIT + slot));
  }
}

/** Attributes as a VMCS has them: what is usable has been accessed, and the task register is busy. */
function attributesToSave(seg: u32): u32 {
  const attributes = load<u32>(SEG + seg * SEG_SIZE + SEG_ATTRIBUTES);
  if ((attributes & SEG_UNUSABLE) != 0) return attributes;
  if (seg <= GS) return attributes & CODE_DATA ? attributes | ACCESSED : attributes;
  return seg == LDTR ? attributes : attributes | BUSY;
}

function saveSegments(): void {
  for (let seg: u32 = 0; seg <= TR; seg++) {
    const at = SEG + seg * SEG_SIZE;
    const slot: usize = seg << 3;
    store<u32>(GUEST_ES_SELECTOR + slot, load<u16>(at + SEG_SELECTOR));
    store<u32>(GUEST_ES_AR_BYTES + slot, attributesToSave(seg));
    copy(GUEST_ES_BASE + slot, at + SEG_BASE);
    copy(GUEST_ES_LIMIT + slot, at + SEG_LIMIT);
  }
}

function loadTables(): void {
  store<u64>(GDTR_BASE, load<u32>(GUEST_GDTR_BASE));
  copy(GDTR_LIMIT, GUEST_GDTR_LIMIT);
  store<u64>(IDTR_BASE, load<u32>(GUEST_IDTR_BASE));
  copy(IDTR_LIMIT, GUEST_IDTR_LIMIT);
}

function loadMsrs(): void {
  const controls = load<u32>(VM_ENTRY_CONTROLS);
  if (controls & VM_ENTRY_LOAD_DEBUG_CONTROLS) store<u64>(DR7, (load<u32>(GUEST_DR7) & DR7_BITS) | DR7_ONES);
  if (controls & VM_ENTRY_LOAD_IA32_PAT) store<u64>(MSR_PAT, load<u64>(GUEST_IA32_PAT));
  if (controls & VM_ENTRY_LOAD_IA32_EFER) store<u64>(EFER, load<u64>(GUEST_IA32_EFER));
  store<u64>(MSR_SYSENTER_CS, load<u32>(GUEST_SYSENTER_CS));
  store<u64>(MSR_SYSENTER_ESP, load<u32>(GUEST_SYSENTER_ESP));
  store<u64>(MSR_SYSENTER_EIP, load<u32>(GUEST_SYSENTER_EIP));
}

/** Loads the guest. `cr0`, `cr3` and `cr4` are the real ones, or what the emulator is to see. */
export function loadGuest(cr0: u32, cr3: u32, cr4: u32): void {
  store<u64>(CR0, cr0);
  store<u64>(CR3, cr3);
  store<u64>(CR4, cr4);
  loadMsrs();
  loadSegments();
  loadTables();
  store<u32>(ESP, load<u32>(GUEST_RSP));
  store<u64>(EIP, load<u32>(GUEST_RIP));
  const flags = (load<u32>(GUEST_RFLAGS) & ALL_FLAGS) | 2;
  setArithmetic(flags);
  store<u32>(FLAGS_SYSTEM, flags & ~ARITHMETIC);
  const blocking = load<u32>(GUEST_INTERRUPTIBILITY_INFO);
  store<u32>(INTERRUPT_SHADOW, blocking & (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS) ? 1 : 0);
  store<u32>(SHADOW_OF_SS, blocking & GUEST_INTR_STATE_MOV_SS ? 1 : 0);
  store<u32>(NMI_BLOCKED, blocking & GUEST_INTR_STATE_NMI ? 1 : 0);
  store<u32>(VMX_HALTED, load<u32>(GUEST_ACTIVITY_STATE) == GUEST_ACTIVITY_HLT ? 1 : 0);
  updateMode();
}

/** With EPT a VMCS holds the page-directory-pointer entries of PAE paging. */
function keepsPointers(): bool { return pagingPae() && (secondaryControls() & SECONDARY_EXEC_ENABLE_EPT) != 0; }
export function loadPointers(): void {
  if (keepsPointers()) memory.copy(PDPTE, GUEST_PDPTR0, 32);
}

function saveMsrs(): void {
  const controls = load<u32>(VM_EXIT_CONTROLS);
  if (controls & VM_EXIT_SAVE_DEBUG_CONTROLS) store<u64>(GUEST_DR7, load<u32>(DR7) | DR7_ONES);
  if (controls & VM_EXIT_SAVE_IA32_PAT) store<u64>(GUEST_IA32_PAT, load<u64>(MSR_PAT));
  if (controls & VM_EXIT_SAVE_IA32_EFER) store<u64>(GUEST_IA32_EFER, load<u64>(EFER));
  copy(GUEST_SYSENTER_CS, MSR_SYSENTER_CS);
  copy(GUEST_SYSENTER_ESP, MSR_SYSENTER_ESP);
  copy(GUEST_SYSENTER_EIP, MSR_SYSENTER_EIP);
}

/** What the interrupt shadow and NMI blocking are now, as interruptibility state. */
function blockingNow(): u32 {
  const shadow: u32 = load<u32>(SHADOW_OF_SS) ? GUEST_INTR_STATE_MOV_SS : GUEST_INTR_STATE_STI;
  return (load<u32>(INTERRUPT_SHADOW) ? shadow : 0) | (load<u32>(NMI_BLOCKED) ? GUEST_INTR_STATE_NMI : 0);
}

/** Saves all of the guest but its control registers. */
export function saveGuest(): void {
  saveMsrs();
  saveSegments();
  copy(GUEST_GDTR_BASE, GDTR_BASE);
  copy(GUEST_GDTR_LIMIT, GDTR_LIMIT);
  copy(GUEST_IDTR_BASE, IDTR_BASE);
  copy(GUEST_IDTR_LIMIT, IDTR_LIMIT);
  copy(GUEST_RSP, ESP);
  copy(GUEST_RIP, EIP);
  store<u32>(GUEST_RFLAGS, getFlags());
  store<u32>(GUEST_INTERRUPTIBILITY_INFO, blockingNow());
  store<u32>(GUEST_ACTIVITY_STATE, load<u32>(VMX_HALTED) ? GUEST_ACTIVITY_HLT : GUEST_ACTIVITY_ACTIVE);
  if (keepsPointers()) memory.copy(GUEST_PDPTR0, PDPTE, 32);
}

export function saveControlRegisters(): void {
  copy(GUEST_CR0, CR0);
  copy(GUEST_CR3, CR3);
  copy(GUEST_CR4, CR4);
}

// A VM exit that has been noted is made: the guest is saved, event information written, the host loaded.
// SDM vol. 3C chapter 27.
import {
  ATTENTION, ATTENTION_APIC, ATTENTION_WATCH, EPT_ACTIVE, FAULT_KIND, INTERRUPT_WINDOW, REPLAY_COUNT, REPLAY_NEXT, VECTORING, VECTORING_ERROR, VMX_HALTED, VMX_ROOT, VMX_STATE,
} from '../abi';
import { takeWatchHits } from '../cpu/debug-registers';
import { noteExit, settled } from '../cpu/vmx';
import {
  GUEST_PENDING_DBG_EXCEPTIONS, IDT_VECTORING_ERROR_CODE, IDT_VECTORING_INFO_FIELD, VM_ENTRY_INTR_INFO_FIELD, VM_EXIT_CONTROLS,
  VMX_PREEMPTION_TIMER_VALUE,
} from '../generated/vmcs';
import { INTR_INFO_DELIVER_CODE_MASK, INTR_INFO_VALID_MASK, VM_EXIT_SAVE_VMX_PREEMPTION_TIMER } from '../vmcs/controls';
import { EXIT_REASON_PREEMPTION_TIMER } from '../vmcs/exit-reasons';
import { saveControlRegisters, saveGuest } from './guest-state';
import { loadHost } from './host-state';
import { loadHostMsrArea, storeMsrArea } from './msr-areas';
import { rememberTranslations } from './translations';

/** Leaves non-root operation as noted. `traps`: debug exceptions that wait for the end of the instruction before, as in DR6. */
export function makeExit(traps: u32): void {
  rememberTranslations();
  saveGuest();
  saveControlRegisters();
  store<u32>(GUEST_PENDING_DBG_EXCEPTIONS, traps);
  const during = load<u32>(VECTORING);
  store<u32>(IDT_VECTORING_INFO_FIELD, during);
  if (during & INTR_INFO_DELIVER_CODE_MASK) store<u32>(IDT_VECTORING_ERROR_CODE, load<u32>(VECTORING_ERROR));
  settled();
  store<u32>(VM_ENTRY_INTR_INFO_FIELD, load<u32>(VM_ENTRY_INTR_INFO_FIELD) & ~INTR_INFO_VALID_MASK);
  const stored = storeMsrArea();
  enterRoot();
  if (stored) loadHostMsrArea();
}

/** Root operation with the host's state; nothing of the guest's run is left over. */
export function enterRoot(): void {
  loadHost();
  takeWatchHits();
  store<u32>(ATTENTION, load<u32>(ATTENTION) & ~(ATTENTION_WATCH | ATTENTION_APIC));
  store<u32>(FAULT_KIND, 0);
  store<u32>(REPLAY_COUNT, 0);
  store<u32>(REPLAY_NEXT, 0);
  store<u32>(INTERRUPT_WINDOW, 0);
  store<u32>(VMX_HALTED, 0);
  store<u32>(EPT_ACTIVE, 0);
  store<u32>(VMX_STATE, VMX_ROOT);
}

/** The preemption timer has counted down. */
export function timerExit(traps: u32): void {
  store<u32>(FAULT_KIND, 0);
  noteExit(EXIT_REASON_PREEMPTION_TIMER, 0);
  if (load<u32>(VM_EXIT_CONTROLS) & VM_EXIT_SAVE_VMX_PREEMPTION_TIMER) store<u32>(VMX_PREEMPTION_TIMER_VALUE, 0);
  makeExit(traps);
}

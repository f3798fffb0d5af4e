// The core's exports: everything that the host calls. State is read and written in memory (assembly/abi.ts).
import {
  A20_MASK, CODE_AREA, CODE_AREA_END, EPT_ACTIVE, FAULT_KIND, FLAGS_SYSTEM, INTERRUPT_SHADOW, INTERRUPT_WINDOW, NMI_BLOCKED, REPLAY_COUNT,
  VMX_HALTED, VMX_OFF, VMX_ROOT, VMX_STATE,
} from './abi';
import { IF } from './cpu/flags';
import { initInterpreter, setTraps, stepPending, takeTraps } from './interpreter/control';
import { divideArea } from './mmu/code-area';
import { flushCode } from './mmu/code-pages';
import { flushEpt } from './mmu/ept';
import { initFetch } from './mmu/fetch';
import { flushTlb as flush, initTlb } from './mmu/tlb';
import { beginEmulation, endEmulation } from './vmx/emulate';
import { enterGuest, pendingTraps } from './vmx/entry';
import { timerExit } from './vmx/exit';

export { run, handlerTable } from './generated/dispatch';
export { runAlone } from './interpreter/control';
export { identify } from './cpu/cpuid';
export { injectInterrupt, injectNmi } from './ops/control-flow/interrupt';
export { updateMode } from './ops/system/mode';
export { reset } from './ops/system/reset';
// for a kernel that is the host (USER_EXITS)
export { forgetSpace, setSpace } from './ops/system/space';
export { loadTask, saveTask } from './ops/system/task-state';
export { dropUserWrites, invalidatePages } from './mmu/tlb';
export { setStashes } from './mmu/space-stash';
export { generation, invalidateCode } from './mmu/code-pages';

// the translator: what the host drives, then what regions import
export { closed, setSlots } from './mmu/region-slots';
export { regionBytes, regionLoop } from './mmu/regions';
export { lastModule, linked, translateHere, translateHot, translateLinked } from './translator/heat';
export { asking, setLinks } from './interpreter/links';
export { samples, setHot } from './interpreter/samples';
export { setNoting } from './translator/notes';
export { budget, setPeriod } from './cpu/budget';
export { readMissed as read, storeMissed as store, writeMissed as write } from './mmu/region-access';
export { settle } from './cpu/flag-kinds';
export { add80, div80, mul80 } from './ops/x87/float80-quick';

/** Once, after the memory was made and before anything else. */
export function init(): void {
  divideArea(CODE_AREA, CODE_AREA_END);
  initTlb();
  initFetch();
  initInterpreter();
  store<u32>(A20_MASK, 0xffffffff);
}

/** Decoded code lies in [from, end), bytes that are all zeros; from CODE_AREA on, anywhere. */
export function setCodeArea(from: usize, end: usize): void {
  flushCode();
  divideArea(from, end);
}

/** Is the guest at an instruction boundary where nothing goes before an event from outside? */
function open(): bool {
  return load<u32>(INTERRUPT_SHADOW) == 0 && load<u32>(REPLAY_COUNT) == 0 && load<u32>(FAULT_KIND) == 0 && !stepPending;
}
/** Can an interrupt be injected now? */
export function canInject(): bool { return (load<u32>(FLAGS_SYSTEM) & IF) != 0 && open(); }
/** Can an NMI? */
export function canInjectNmi(): bool { return load<u32>(NMI_BLOCKED) == 0 && open(); }

// ---- VMX: what the monitor calls ------------------------------------------------------------------------------------------------

/** VMXON and VMXOFF. */
export function setVmx(on: bool): void {
  store<u32>(VMX_STATE, on ? VMX_ROOT : VMX_OFF);
  store<u32>(EPT_ACTIVE, 0);
  store<u32>(VMX_HALTED, 0);
  store<u32>(INTERRUPT_WINDOW, 0);
  flushTlb(false);
}

/** Enters the guest of the VMCS: 0, a VM-instruction error (7, 8), or EXIT_VM. See vmx/entry.ts. */
export function vmEnter(): u32 {
  const outcome = enterGuest();
  setTraps(outcome == 0 ? pendingTraps() : 0);
  return outcome;
}

/** The preemption timer has reached 0 in the guest. */
export function vmTimerExit(): void { timerExit(takeTraps()); }

/** See vmx/emulate.ts. */
export function emulateBegin(cr3: u32): void {
  beginEmulation(cr3);
  setTraps(pendingTraps());
}
export function emulateEnd(): u32 { return endEmulation(takeTraps()); }

/** The host changed the memory map, page tables, the EPT or A20: forgets translations (and decoded code when `code`). */
export function flushTlb(code: bool): void {
  flush(true);
  flushEpt();
  if (code) flushCode();
}

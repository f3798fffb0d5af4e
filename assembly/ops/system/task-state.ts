// What of the processor belongs to one program, put aside and taken back: for a kernel that is the host, at its switch of tasks.
// Ours. Not its: control registers, descriptor tables, MSRs, counters, what an exit says, and what the mode is worked out to be.
import { DR0, DR7, FPR, GDTR_BASE, INTERRUPT_SHADOW, MSR_SYSENTER_CS, STATE, TASK_SIZE } from '../../abi';
import { flushTlb } from '../../mmu/tlb';
import { forgetTraps } from './debug';
import { updateMode } from './mode';

/** General registers, EIP, flags, segments; debug registers; x87, MMX and SSE. */
const GENERAL_SIZE: usize = GDTR_BASE - STATE;
const DEBUG_SIZE: usize = DR7 + 8 - DR0;
const FLOAT_SIZE: usize = MSR_SYSENTER_CS - FPR;
const ENABLED: u32 = 0xff;

/** Copies the state to `at`, TASK_SIZE bytes. Between runs. */
export function saveTask(at: usize): void { memory.copy(at, STATE, TASK_SIZE); }

/** Takes back what saveTask() has put at `at`. Between runs. */
export function loadTask(at: usize): void {
  const saved = at - STATE;
  // watched pages must not be in the TLB
  if (((load<u32>(DR7) | load<u32>(saved + DR7)) & ENABLED) != 0) flushTlb(true);
  memory.copy(STATE, at, GENERAL_SIZE);
  memory.copy(DR0, saved + DR0, DEBUG_SIZE);
  memory.copy(FPR, saved + FPR, FLOAT_SIZE);
  store<u32>(INTERRUPT_SHADOW, 0);
  forgetTraps();
  updateMode();
}

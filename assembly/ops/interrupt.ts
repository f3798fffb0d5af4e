// Interrupts and exceptions: the instructions that cause them, faults of instructions, events from outside; double and triple fault.
// SDM vol. 3A chapter 6, double-fault conditions table 6-5; vol. 2 INT n, BOUND.
import {
  COUNT_EXCEPTIONS, COUNT_INTERRUPTS, COUNT_PAGE_FAULTS, DR7, EIP, EXIT_REASON, EXIT_TRIPLE_FAULT, EXIT_VECTOR, FAULT_ERROR, FAULT_KIND,
  FAULT_VECTOR, INTERRUPT_SHADOW, NMI_BLOCKED, NO_ERROR_CODE,
} from '../abi';
import { virtual8086 } from '../cpu/control';
import {
  AC_FAULT, BP, BR, DB, DE, DF_FAULT, EXIT_UOP, fail, fault, faulted, GP, gp, KIND_EXIT, MF, NM, NMI, OVERFLOW, PF_FAULT, raise, RESUME_UOP,
  TS, XM,
} from '../cpu/fault';
import { iopl, ovf } from '../cpu/flags';
import { U_REG, U_SEGMENT, UOP_SIZE } from '../isa/uop';
import { read16, read32 } from '../mmu/access';
import { linearOf, segmentBase } from '../mmu/segmented';
import { BY_PROCESSOR, BY_PROGRAM, deliverEvent } from './event';
import { ea, imm, nextEip, resumeAfter, retire } from './operand';
import { BROKEN, ENTERED } from './outcome';
import { cancelTrap, DR7_GD } from './debug';

function count(counter: usize): void { store<u64>(counter, load<u64>(counter) + 1); }

function contributory(vector: u32): bool { return vector == DE || (vector >= TS && vector <= GP); }

/** Faults push RF so that an instruction breakpoint does not hit the restarted instruction again; traps and aborts do not. */
function isFault(vector: u32): bool {
  return vector == DE || (vector >= BR && vector <= NM) || (vector >= TS && vector <= PF_FAULT) || vector == MF || vector == AC_FAULT || vector == XM;
}

/** Does `second`, raised while `first` was delivered, make a double fault? */
function doubles(first: u32, second: u32): bool {
  if (contributory(first)) return contributory(second);
  return first == PF_FAULT && (contributory(second) || second == PF_FAULT);
}

function shutdown(vector: u32): usize {
  store<u32>(FAULT_KIND, 0);
  store<u32>(EXIT_VECTOR, vector);
  store<u32>(EXIT_REASON, EXIT_TRIPLE_FAULT);
  return EXIT_UOP;
}

/** Delivers the pending fault, and those that its delivery raises. EIP is where the handler shall return to. */
export function deliverFault(): usize {
  let vector = load<u32>(FAULT_VECTOR);
  let error = load<i32>(FAULT_ERROR);
  const first = vector;
  // ends after a double fault at the latest, or when benign vectors fail in turn: bounded all the same
  for (let i = 0; i < 8; i++) {
    store<u32>(FAULT_KIND, 0);
    store<u32>(INTERRUPT_SHADOW, 0);
    count(COUNT_EXCEPTIONS);
    if (vector == PF_FAULT) count(COUNT_PAGE_FAULTS);
    if (vector == DB) store<u32>(DR7, load<u32>(DR7) & ~DR7_GD);
    const outcome = deliverEvent(vector, error, load<u32>(EIP), isFault(vector), BY_PROCESSOR);
    if (outcome == ENTERED) return RESUME_UOP;
    // a table or stack that only a device could answer for: no machine works so
    if (load<u32>(FAULT_KIND) == KIND_EXIT) return shutdown(first);
    const second = load<u32>(FAULT_VECTOR);
    if (outcome == BROKEN) {
      // raised by the first steps of a task, not by the delivery
      vector = second;
      error = load<i32>(FAULT_ERROR);
    } else if (vector == DF_FAULT) return shutdown(first);
    else if (doubles(vector, second)) {
      vector = DF_FAULT;
      error = 0;
    } else {
      vector = second;
      error = load<i32>(FAULT_ERROR);
    }
  }
  return shutdown(first);
}

// ---- events from outside ------------------------------------------------------------------------------------------------------

/** Delivers an external event at an instruction boundary. A fault of the delivery stays pending: the next run begins with it. */
function inject(vector: u32): void {
  store<u32>(FAULT_KIND, 0);
  store<u32>(INTERRUPT_SHADOW, 0);
  count(COUNT_INTERRUPTS);
  deliverEvent(vector, NO_ERROR_CODE, load<u32>(EIP), false, BY_PROCESSOR);
  // a table in MMIO space cannot be waited for here
  if (load<u32>(FAULT_KIND) != KIND_EXIT) return;
  store<u32>(FAULT_KIND, 0);
  raise(DF_FAULT, 0);
}

/** An interrupt from the interrupt controller. The host has seen that IF is set and no shadow is in force. */
export function injectInterrupt(vector: u32): void { inject(vector & 0xff); }

export function injectNmi(): void {
  store<u32>(NMI_BLOCKED, 1);
  inject(NMI);
}

// ---- instructions ---------------------------------------------------------------------------------------------------------------

function interrupt(u: usize, vector: u32, program: bool): usize {
  const outcome = deliverEvent(vector, NO_ERROR_CODE, nextEip(u), false, program);
  if (outcome == ENTERED) {
    cancelTrap();
    retire(u);
    return RESUME_UOP;
  }
  if (outcome != BROKEN) return fault(u);
  retire(u);
  return deliverFault();
}

export function int(u: usize): usize {
  if (virtual8086() && iopl() != 3) return gp(u, 0);
  return interrupt(u, imm(u) & 0xff, BY_PROGRAM);
}
export function int3(u: usize): usize { return interrupt(u, BP, BY_PROGRAM); }
export function into(u: usize): usize { return ovf() ? interrupt(u, OVERFLOW, BY_PROGRAM) : u + UOP_SIZE; }
/** INT1: a #DB that no debug register asked for; gate DPL is not checked. */
export function icebp(u: usize): usize { return interrupt(u, DB, BY_PROCESSOR); }

export function bound16(u: usize): usize {
  const at = ea(u);
  const lower = <i32><i16>read16(at);
  if (faulted()) return fault(u);
  const upper = <i32><i16>read16(at + 2);
  if (faulted()) return fault(u);
  const index = <i32>load<i16>(load<u16>(u, U_REG));
  return index < lower || index > upper ? fail(u, BR, NO_ERROR_CODE) : u + UOP_SIZE;
}
export function bound32(u: usize): usize {
  const at = ea(u);
  // the operand check covered the size of a far pointer, two bytes less than the pair
  linearOf(load<u8>(u, U_SEGMENT), at - segmentBase(load<u8>(u, U_SEGMENT)), 8, false);
  if (faulted()) return fault(u);
  const lower = <i32>read32(at);
  if (faulted()) return fault(u);
  const upper = <i32>read32(at + 4);
  if (faulted()) return fault(u);
  const index = load<i32>(load<u16>(u, U_REG));
  return index < lower || index > upper ? fail(u, BR, NO_ERROR_CODE) : u + UOP_SIZE;
}

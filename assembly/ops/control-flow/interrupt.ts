// Interrupts and exceptions: the instructions that cause them, faults of instructions, events from outside; double and triple fault.
// SDM vol. 3A chapter 6, double-fault conditions table 6-5; vol. 2 INT n, BOUND.
import {
  COUNT_EXCEPTIONS, COUNT_INTERRUPTS, COUNT_PAGE_FAULTS, DR7, EIP, EXIT_REASON, EXIT_TRIPLE_FAULT, EXIT_VECTOR, FAULT_ERROR, FAULT_KIND,
  CR2, DEBUG_CAUSE, FAULT_VECTOR, FLAGS_SYSTEM, INTERRUPT_SHADOW, NMI_BLOCKED, NO_ERROR_CODE, PAGE_FAULT_ADDRESS, VECTORING,
} from '../../abi';
import { realMode, virtual8086 } from '../../cpu/control';
import {
  AC_FAULT, BP, BR, DB, DE, DF_FAULT, EXIT_UOP, fail, fault, faulted, GP, gp, KIND_EXIT, MF, NM, NMI, OVERFLOW, PF_FAULT, raise, RESUME_UOP,
  TS, XM,
} from '../../cpu/fault';
import { iopl, ovf, RF } from '../../cpu/flags';
import { eventInfo, exitAt, intercepts, nonRoot, noteExit, noteLength, settled, vectoringType } from '../../cpu/vmx';
import { VM_EXIT_INTR_ERROR_CODE, VM_EXIT_INTR_INFO } from '../../generated/vmcs';
import { U_REG, U_SEGMENT, UOP_SIZE } from '../../uop';
import { read16, read32 } from '../../mmu/access';
import { linearOf, segmentBase } from '../../mmu/segmented';
import {
  INTR_INFO_VECTOR_MASK, INTR_TYPE_EXT_INTR, INTR_TYPE_HARD_EXCEPTION, INTR_TYPE_NMI_INTR, INTR_TYPE_PRIV_SW_EXCEPTION,
  INTR_TYPE_SOFT_EXCEPTION, INTR_TYPE_SOFT_INTR,
} from '../../vmcs/controls';
import { EXIT_REASON_EXCEPTION_NMI, EXIT_REASON_TRIPLE_FAULT } from '../../vmcs/exit-reasons';
import { deliverEvent } from './event';
import { leaveWithException, leaveWithInterrupt, userExits } from './user-exit';
import { ea, imm, nextEip, resumeAfter, retire } from '../operand';
import { BROKEN, ENTERED } from '../outcome';
import { cancelTrap, DR7_GD } from '../system/debug';

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
  settled();
  store<u32>(EXIT_VECTOR, vector);
  store<u32>(EXIT_REASON, EXIT_TRIPLE_FAULT);
  if (nonRoot()) noteExit(EXIT_REASON_TRIPLE_FAULT, 0);
  return EXIT_UOP;
}

/** A VM exit for an exception, before anything of it is seen: CR2 and DR6 stay. SDM vol. 3C 27.2. */
function leaveWith(vector: u32, error: i32): usize {
  let about: u32 = 0;
  if (vector == PF_FAULT) about = load<u32>(PAGE_FAULT_ADDRESS);
  else if (vector == DB) about = load<u32>(DEBUG_CAUSE);
  noteExit(EXIT_REASON_EXCEPTION_NMI, about);
  const coded = error != NO_ERROR_CODE && !realMode();
  store<u32>(VM_EXIT_INTR_INFO, eventInfo(vector, INTR_TYPE_HARD_EXCEPTION, coded));
  store<u32>(VM_EXIT_INTR_ERROR_CODE, coded ? error : 0);
  if (isFault(vector)) store<u32>(FLAGS_SYSTEM, load<u32>(FLAGS_SYSTEM) | RF);
  // what made a double fault is over
  if (vector == DF_FAULT) settled();
  return EXIT_UOP;
}

/** Delivers the pending fault, and those that its delivery raises. EIP is where the handler shall return to. */
export function deliverFault(): usize {
  const first = load<u32>(FAULT_VECTOR);
  // ends after a double fault at the latest, or when benign vectors fail in turn: bounded all the same
  for (let i = 0; i < 8; i++) {
    let vector = load<u32>(FAULT_VECTOR);
    let error = load<i32>(FAULT_ERROR);
    store<u32>(FAULT_KIND, 0);
    // an exception leaves in its own right before it can be part of a double fault
    if (nonRoot() && intercepts(vector, error)) return leaveWith(vector, error);
    if (vector == PF_FAULT) store<u64>(CR2, load<u32>(PAGE_FAULT_ADDRESS));
    // was it raised by the delivery of another one?
    if (load<u32>(VECTORING) != 0 && vectoringType() == INTR_TYPE_HARD_EXCEPTION) {
      const outer = load<u32>(VECTORING) & INTR_INFO_VECTOR_MASK;
      if (outer == DF_FAULT) return shutdown(first);
      if (doubles(outer, vector)) {
        vector = DF_FAULT;
        error = 0;
        if (nonRoot() && intercepts(vector, error)) return leaveWith(vector, error);
      }
    }
    store<u32>(INTERRUPT_SHADOW, 0);
    count(COUNT_EXCEPTIONS);
    if (vector == PF_FAULT) count(COUNT_PAGE_FAULTS);
    if (vector == DB) store<u32>(DR7, load<u32>(DR7) & ~DR7_GD);
    if (userExits()) return leaveWithException(vector, error, isFault(vector));
    const outcome = deliverEvent(vector, error, load<u32>(EIP), isFault(vector), INTR_TYPE_HARD_EXCEPTION);
    if (outcome == ENTERED) return RESUME_UOP;
    if (load<u32>(FAULT_KIND) == KIND_EXIT) {
      // a table or stack that only a device could answer for: no machine works so
      if (!nonRoot()) return shutdown(first);
      store<u32>(FAULT_KIND, 0);
      return EXIT_UOP;
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
  deliverEvent(vector, NO_ERROR_CODE, load<u32>(EIP), false, vector == NMI ? INTR_TYPE_NMI_INTR : INTR_TYPE_EXT_INTR);
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

function interrupt(u: usize, vector: u32, type: u32): usize {
  if (userExits()) return leaveWithInterrupt(u, vector, type);
  if (nonRoot()) {
    if (type != INTR_TYPE_SOFT_INTR && intercepts(vector, 0)) {
      const end = exitAt(u, EXIT_REASON_EXCEPTION_NMI, 0);
      store<u32>(VM_EXIT_INTR_INFO, eventInfo(vector, type, false));
      return end;
    }
    noteLength(u);
  }
  const outcome = deliverEvent(vector, NO_ERROR_CODE, nextEip(u), false, type);
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
  return interrupt(u, imm(u) & 0xff, INTR_TYPE_SOFT_INTR);
}
export function int3(u: usize): usize { return interrupt(u, BP, INTR_TYPE_SOFT_EXCEPTION); }
export function into(u: usize): usize { return ovf() ? interrupt(u, OVERFLOW, INTR_TYPE_SOFT_EXCEPTION) : u + UOP_SIZE; }
/** INT1: a #DB that no debug register asked for; gate DPL is not checked. */
export function icebp(u: usize): usize { return interrupt(u, DB, INTR_TYPE_PRIV_SW_EXCEPTION); }

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

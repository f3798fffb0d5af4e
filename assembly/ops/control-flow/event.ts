// Delivery of one interrupt or exception through the interrupt vector table or the interrupt descriptor table.
// SDM vol. 2 INT n (the pseudocode covers every event); vol. 3A sections 6.10-6.14, 21.1.4, 21.3.
import { CPL, EIP, ESP, FLAGS_SYSTEM, IDTR_BASE, IDTR_LIMIT, NO_ERROR_CODE } from '../../abi';
import { realMode } from '../../cpu/control';
import { faulted, GP, NP, raise } from '../../cpu/fault';
import { AC, getFlags, IF, NT, RF, TF, VM } from '../../cpu/flags';
import {
  CS, DS, dplOf, ES, FS, GS, isCode, isConformingCode, isPresent, limitOf, selectorOf, setNullSegment, setRealSegment, SS,
  TYPE_INTERRUPT_GATE16, TYPE_TASK_GATE, TYPE_TRAP_GATE16, TYPE_TSS16, TYPE_TSS32,
} from '../../cpu/segment';
import { beginVectoring, eventInfo, settled } from '../../cpu/vmx';
import { readSystem32, readSystem64 } from '../../mmu/access';
import { INTR_TYPE_SOFT_EXCEPTION, INTR_TYPE_SOFT_INTR } from '../../vmcs/controls';
import {
  attributes, checkTarget, commit, commitCode, ext, fetch, isNull, keepCode, markAccessed, markCodeAccessed, raiseSelector, setExt,
} from '../segments/descriptor';
import { commitPointer, openInnerStack, openStack, push, room } from './far-stack';
import { findInnerStack, innerPointer, innerSelector } from './inner-stack';
import { updateMode } from '../system/mode';
import { ENTERED, REFUSED, BROKEN } from '../outcome';
import { FROM_INTERRUPT, pushTaskError, switchTask } from '../segments/task';

function refuse(vector: u32, error: u32): u32 {
  raise(vector, error);
  return REFUSED;
}

function deliverReal(vector: u32, returnEip: u32, flags: u32): u32 {
  if ((vector << 2) + 3 > load<u32>(IDTR_LIMIT)) return refuse(GP, (vector << 3) | 2 | ext);
  const entry = readSystem32(load<u32>(IDTR_BASE) + (vector << 2));
  if (faulted()) return REFUSED;
  openStack();
  if (!room(3, 2)) return REFUSED;
  const eip = entry & 0xffff;
  if (eip > limitOf(CS)) return refuse(GP, ext);
  if (!push(flags, 2) || !push(selectorOf(CS), 2) || !push(returnEip, 2)) return REFUSED;
  commitPointer();
  setRealSegment(CS, entry >>> 16);
  store<u32>(EIP, eip);
  store<u32>(FLAGS_SYSTEM, load<u32>(FLAGS_SYSTEM) & ~(IF | TF | AC | RF));
  updateMode();
  return ENTERED;
}

function deliverTask(selector: u32, error: i32, returnEip: u32): u32 {
  if ((selector & 4) != 0) {
    raiseSelector(GP, selector);
    return REFUSED;
  }
  if (!fetch(selector, GP)) return REFUSED;
  const type = attributes & 0x1f;
  if (type != TYPE_TSS16 && type != TYPE_TSS32) {
    raiseSelector(GP, selector);
    return REFUSED;
  }
  if (!isPresent(attributes)) {
    raiseSelector(NP, selector);
    return REFUSED;
  }
  const outcome = switchTask(selector, returnEip, FROM_INTERRUPT);
  if (outcome != ENTERED || error == NO_ERROR_CODE) return outcome;
  return pushTaskError(<u32>error) ? ENTERED : BROKEN;
}

/** Pushes EFLAGS, CS, EIP and the error code, and enters the code segment that is kept. */
function enterHandler(selector: u32, level: u32, eip: u32, size: u32, error: i32, returnEip: u32, flags: u32): bool {
  if (!push(flags, size) || !push(selectorOf(CS), size) || !push(returnEip, size)) return false;
  if (error != NO_ERROR_CODE && !push(<u32>error, size)) return false;
  if (!markCodeAccessed()) return false;
  commitCode((selector & 0xfffc) | level);
  store<u32>(EIP, eip);
  return true;
}

function leaveFlags(trap: bool): void {
  const cleared = trap ? TF | NT | RF | VM : TF | NT | RF | VM | IF;
  store<u32>(FLAGS_SYSTEM, load<u32>(FLAGS_SYSTEM) & ~cleared);
}

function deliverSame(selector: u32, eip: u32, size: u32, trap: bool, error: i32, returnEip: u32, flags: u32): u32 {
  openStack();
  if (!room(error == NO_ERROR_CODE ? 3 : 4, size) || !checkTarget(eip)) return REFUSED;
  if (!enterHandler(selector, load<u32>(CPL), eip, size, error, returnEip, flags)) return REFUSED;
  commitPointer();
  leaveFlags(trap);
  updateMode();
  return ENTERED;
}

function deliverInner(
  selector: u32, level: u32, eip: u32, size: u32, trap: bool, error: i32, returnEip: u32, flags: u32,
): u32 {
  const virtual = (flags & VM) != 0;
  const oldStack = selectorOf(SS);
  const oldPointer = load<u32>(ESP);
  if (!findInnerStack(level)) return REFUSED;
  openInnerStack(innerSelector, innerPointer, level);
  if (!room((error == NO_ERROR_CODE ? 5 : 6) + (virtual ? 4 : 0), size) || !checkTarget(eip)) return REFUSED;
  if (virtual) {
    if (!push(selectorOf(GS), size) || !push(selectorOf(FS), size)) return REFUSED;
    if (!push(selectorOf(DS), size) || !push(selectorOf(ES), size)) return REFUSED;
  }
  if (!push(oldStack, size) || !push(oldPointer, size) || !markAccessed()) return REFUSED;
  if (!enterHandler(selector, level, eip, size, error, returnEip, flags)) return REFUSED;
  commit(SS, innerSelector);
  store<u32>(CPL, level);
  commitPointer();
  if (virtual) {
    setNullSegment(GS, 0);
    setNullSegment(FS, 0);
    setNullSegment(DS, 0);
    setNullSegment(ES, 0);
  }
  leaveFlags(trap);
  updateMode();
  return ENTERED;
}

function deliverProtected(vector: u32, error: i32, returnEip: u32, flags: u32, program: bool): u32 {
  const gateError = (vector << 3) | 2 | ext;
  if ((vector << 3) + 7 > load<u32>(IDTR_LIMIT)) return refuse(GP, gateError);
  const gate = readSystem64(load<u32>(IDTR_BASE) + (vector << 3));
  if (faulted()) return REFUSED;
  const high = <u32>(gate >> 32);
  const low = <u32>gate;
  const type = (high >>> 8) & 0x1f;
  const wide = (type & 8) != 0;
  const plain = type & ~8;
  if (type != TYPE_TASK_GATE && plain != TYPE_INTERRUPT_GATE16 && plain != TYPE_TRAP_GATE16) return refuse(GP, gateError);
  const cpl = load<u32>(CPL);
  if (program && ((high >>> 13) & 3) < cpl) return refuse(GP, gateError);
  if ((high & 0x8000) == 0) return refuse(NP, gateError);
  const selector = low >>> 16;
  if (type == TYPE_TASK_GATE) return deliverTask(selector, error, returnEip);

  if (isNull(selector)) return refuse(GP, ext);
  if (!fetch(selector, GP)) return REFUSED;
  const dpl = dplOf(attributes);
  if (!isCode(attributes) || dpl > cpl) {
    raiseSelector(GP, selector);
    return REFUSED;
  }
  if (!isPresent(attributes)) {
    raiseSelector(NP, selector);
    return REFUSED;
  }
  keepCode();
  const eip = wide ? (low & 0xffff) | (high & 0xffff0000) : low & 0xffff;
  const size: u32 = wide ? 4 : 2;
  const trap = plain == TYPE_TRAP_GATE16;
  const inner = !isConformingCode(attributes) && dpl < cpl;
  // from virtual-8086 mode a handler runs at CPL 0 or not at all
  if ((flags & VM) != 0 && (!inner || dpl != 0)) {
    raiseSelector(GP, selector);
    return REFUSED;
  }
  return inner
    ? deliverInner(selector, dpl, eip, size, trap, error, returnEip, flags)
    : deliverSame(selector, eip, size, trap, error, returnEip, flags);
}

/**
 * Delivers an event of type `type` (INTR_TYPE_*) that returns to `returnEip`; `resume` sets RF in the pushed flags. Nothing else than
 * the outcome is raised. For INT n, INT3 and INTO the gate's DPL is checked and EXT is clear.
 */
export function deliverEvent(vector: u32, error: i32, returnEip: u32, resume: bool, type: u32): u32 {
  const program = type == INTR_TYPE_SOFT_INTR || type == INTR_TYPE_SOFT_EXCEPTION;
  beginVectoring(eventInfo(vector, type, error != NO_ERROR_CODE && !realMode()), <u32>error);
  const flags = resume ? getFlags() | RF : getFlags();
  setExt(program ? 0 : 1);
  const outcome = realMode() ? deliverReal(vector, returnEip, flags) : deliverProtected(vector, error, returnEip, flags, program);
  setExt(0);
  if (outcome != REFUSED) settled();
  return outcome;
}

// JMP and CALL to another segment: direct, through call gates, to tasks.
// SDM vol. 2 JMP, CALL; vol. 3A section 5.8. Every check comes before the first change.
import { CPL, ESP } from '../../abi';
import { protectedMode, virtual8086 } from '../../cpu/control';
import { fail, fault, faulted, gp, GP, NP, RESUME_UOP } from '../../cpu/fault';
import { setEip } from '../../cpu/regs';
import {
  CS, dplOf, isCode, isConformingCode, isPresent, limitOf, selectorOf, setRealSegment, setVirtualSegment, SS, TYPE_CALL_GATE16,
  TYPE_CALL_GATE32, TYPE_TASK_GATE, TYPE_TSS16, TYPE_TSS32,
} from '../../cpu/segment';
import { U_IMM, U_LINK } from '../../uop';
import { read16, read32 } from '../../mmu/access';
import {
  attributes, checkTarget, commit, commitCode, fetch, high, isNull, keepCode, low, markAccessed, markCodeAccessed, raiseSelector,
} from '../segments/descriptor';
import { commitPointer, openInnerStack, openStack, pop, push, room } from './far-stack';
import { findInnerStack, innerPointer, innerSelector } from './inner-stack';
import { updateMode } from '../system/mode';
import { ea, nextEip, retire } from '../operand';
import { FROM_CALL, FROM_JUMP } from '../segments/task';
import { enterTask } from '../segments/task-transfer';

/** Parameters on their way from one stack to another: at most 31. */
const PARAMETERS: usize = memory.data(31 * 4, 4);

function finish(u: usize, eip: u32): usize {
  retire(u);
  setEip(eip);
  updateMode();
  return RESUME_UOP;
}

/** Real-address and virtual-8086 mode. */
function transferReal(u: usize, selector: u32, eip: u32, size: u32, call: bool): usize {
  if (call) {
    openStack();
    if (!room(2, size)) return fault(u);
  }
  if (eip > limitOf(CS)) return gp(u, 0);
  if (call) {
    if (!push(selectorOf(CS), size) || !push(nextEip(u), size)) return fault(u);
    commitPointer();
  }
  if (virtual8086()) setVirtualSegment(CS, selector);
  else setRealSegment(CS, selector);
  return finish(u, eip);
}

/** A code segment named directly; its descriptor has been found. */
function transferDirect(u: usize, selector: u32, eip: u32, size: u32, call: bool): usize {
  const cpl = load<u32>(CPL);
  const dpl = dplOf(attributes);
  if (isConformingCode(attributes) ? dpl > cpl : (selector & 3) > cpl || dpl != cpl) return gp(u, selector & 0xfffc);
  if (!isPresent(attributes)) return fail(u, NP, selector & 0xfffc);
  keepCode();
  return transferSame(u, (selector & 0xfffc) | cpl, eip, size, call);
}

/** To the code segment that is kept, without a change of privilege. */
function transferSame(u: usize, selector: u32, eip: u32, size: u32, call: bool): usize {
  if (call) {
    openStack();
    if (!room(2, size)) return fault(u);
  }
  // as processors do: what was pushed stays behind when the target turns out to lie outside its segment
  if (call && (!push(selectorOf(CS), size) || !push(nextEip(u), size))) return fault(u);
  if (!checkTarget(eip)) return fault(u);
  if (!markCodeAccessed()) return fault(u);
  if (call) commitPointer();
  commitCode(selector);
  return finish(u, eip);
}

/** CALL through a gate to the more privileged code segment that is kept. */
function callInner(u: usize, selector: u32, level: u32, eip: u32, size: u32, count: u32): usize {
  if (!findInnerStack(level)) return fault(u);
  const oldStack = selectorOf(SS);
  const oldPointer = load<u32>(ESP);
  openStack();
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(PARAMETERS + (i << 2), pop(size));
    if (faulted()) return fault(u);
  }
  openInnerStack(innerSelector, innerPointer, level);
  if (!room(count + 4, size) || !checkTarget(eip)) return fault(u);
  if (!push(oldStack, size) || !push(oldPointer, size)) return fault(u);
  for (let i = count; i != 0; i--) if (!push(load<u32>(PARAMETERS + ((i - 1) << 2)), size)) return fault(u);
  if (!push(selectorOf(CS), size) || !push(nextEip(u), size)) return fault(u);
  if (!markAccessed() || !markCodeAccessed()) return fault(u);
  commit(SS, innerSelector);
  commitCode((selector & 0xfffc) | level);
  store<u32>(CPL, level);
  commitPointer();
  return finish(u, eip);
}

/** Through the call gate found last. */
function transferGate(u: usize, call: bool): usize {
  const cpl = load<u32>(CPL);
  const size: u32 = (attributes & 8) != 0 ? 4 : 2;
  const selector = low >>> 16;
  const eip = size == 4 ? (low & 0xffff) | (high & 0xffff0000) : low & 0xffff;
  const count = high & 31;
  if (isNull(selector)) return gp(u, 0);
  if (!fetch(selector, GP)) return fault(u);
  const dpl = dplOf(attributes);
  const conforming = isConformingCode(attributes);
  if (!isCode(attributes) || dpl > cpl || (!call && !conforming && dpl != cpl)) return gp(u, selector & 0xfffc);
  if (!isPresent(attributes)) return fail(u, NP, selector & 0xfffc);
  keepCode();
  if (call && !conforming && dpl < cpl) return callInner(u, selector, dpl, eip, size, count);
  return transferSame(u, (selector & 0xfffc) | cpl, eip, size, call);
}

/** A task gate found last names a TSS; find that. */
function findGateTask(selector: u32): bool {
  if (selector & 4) return raiseSelector(GP, selector);
  if (!fetch(selector, GP)) return false;
  const type = attributes & 0x1f;
  if (type != TYPE_TSS16 && type != TYPE_TSS32) return raiseSelector(GP, selector);
  return isPresent(attributes) ? true : raiseSelector(NP, selector);
}

function transferSystem(u: usize, selector: u32, call: bool): usize {
  const type = attributes & 0x1f;
  const isGate = type == TYPE_CALL_GATE16 || type == TYPE_CALL_GATE32 || type == TYPE_TASK_GATE;
  const isTask = (type == TYPE_TSS16 || type == TYPE_TSS32) && (selector & 4) == 0;
  const dpl = dplOf(attributes);
  if (!(isGate || isTask) || dpl < load<u32>(CPL) || dpl < (selector & 3)) return gp(u, selector & 0xfffc);
  if (!isPresent(attributes)) return fail(u, NP, selector & 0xfffc);
  if (isGate && type != TYPE_TASK_GATE) return transferGate(u, call);
  let task = selector;
  if (isGate) {
    task = low >>> 16;
    if (!findGateTask(task)) return fault(u);
  }
  return enterTask(u, task, call ? FROM_CALL : FROM_JUMP);
}

function transfer(u: usize, selector: u32, eip: u32, size: u32, call: bool): usize {
  if (!protectedMode()) return transferReal(u, selector, eip, size, call);
  if (isNull(selector)) return gp(u, 0);
  if (!fetch(selector, GP)) return fault(u);
  if ((attributes & 0x10) == 0) return transferSystem(u, selector, call);
  if (!isCode(attributes)) return gp(u, selector & 0xfffc);
  return transferDirect(u, selector, eip, size, call);
}

function transferMemory(u: usize, size: u32, call: bool): usize {
  const at = ea(u);
  const eip = size == 4 ? read32(at) : read16(at);
  if (faulted()) return fault(u);
  const selector = read16(at + size);
  return faulted() ? fault(u) : transfer(u, selector, eip, size, call);
}

export function jumpFar16(u: usize): usize { return transfer(u, load<u32>(u, U_LINK) & 0xffff, load<u32>(u, U_IMM) & 0xffff, 2, false); }
export function jumpFar32(u: usize): usize { return transfer(u, load<u32>(u, U_LINK) & 0xffff, load<u32>(u, U_IMM), 4, false); }
export function jumpFarMem16(u: usize): usize { return transferMemory(u, 2, false); }
export function jumpFarMem32(u: usize): usize { return transferMemory(u, 4, false); }
export function callFar16(u: usize): usize { return transfer(u, load<u32>(u, U_LINK) & 0xffff, load<u32>(u, U_IMM) & 0xffff, 2, true); }
export function callFar32(u: usize): usize { return transfer(u, load<u32>(u, U_LINK) & 0xffff, load<u32>(u, U_IMM), 4, true); }
export function callFarMem16(u: usize): usize { return transferMemory(u, 2, true); }
export function callFarMem32(u: usize): usize { return transferMemory(u, 4, true); }

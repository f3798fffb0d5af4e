// RETF and IRET: to the same or an outer privilege level, to virtual-8086 mode, to the task before.
// SDM vol. 2 RET, IRET; vol. 3A sections 5.8.6, 6.12.1, 7.4, 21.2.4.
import { CPL, ESP, NMI_BLOCKED } from '../../abi';
import { protectedMode, realMode, virtual8086 } from '../../cpu/control';
import { fail, fault, faulted, gp, GP, NP, RESUME_UOP } from '../../cpu/fault';
import { AC, ARITHMETIC, DF, ID, IF, iopl, IOPL, NT, RF, systemFlags, TF, VM } from '../../cpu/flags';
import { setEip } from '../../cpu/regs';
import {
  CS, DS, dplOf, ES, FS, GS, isCode, isConformingCode, isPresent, limitOf, setRealSegment, setVirtualSegment, SS,
} from '../../cpu/segment';
import { U_IMM } from '../../uop';
import {
  attributes, checkTarget, commit, commitCode, dropInnerSegments, fetch, fetchStack, isNull, keepCode, markAccessed, markCodeAccessed,
} from '../segments/descriptor';
import { commitPointer, openStack, pop, setStackPointer, skip } from './far-stack';
import { storeFlags, writableFlags } from '../integer/flags-image';
import { updateMode } from '../system/mode';
import { retire } from '../operand';
import { returnFromTask } from '../segments/task-transfer';

const BASIC: u32 = ARITHMETIC | TF | IF | DF | IOPL | NT;

function finish(u: usize, eip: u32): usize {
  retire(u);
  setEip(eip);
  updateMode();
  return RESUME_UOP;
}

/** Real-address and virtual-8086 mode. */
function returnReal(u: usize, size: u32, release: u32, interrupt: bool): usize {
  openStack();
  const eip = pop(size);
  if (faulted()) return fault(u);
  const selector = pop(size) & 0xffff;
  if (faulted()) return fault(u);
  const flags = interrupt ? pop(size) : 0;
  if (faulted()) return fault(u);
  if (eip > limitOf(CS)) return gp(u, 0);
  skip(release);
  commitPointer();
  if (interrupt) {
    const mask = realMode() ? (size == 4 ? BASIC | RF | AC | ID : BASIC) : writableFlags(size);
    storeFlags(flags, mask);
  }
  if (realMode()) setRealSegment(CS, selector);
  else setVirtualSegment(CS, selector);
  return finish(u, eip);
}

/** IRET at CPL 0 found VM in the flags image: six more words follow. */
function returnVirtual(u: usize, eip: u32, selector: u32, flags: u32): usize {
  const esp = pop(4);
  if (faulted()) return fault(u);
  const ss = pop(4);
  if (faulted()) return fault(u);
  const es = pop(4);
  if (faulted()) return fault(u);
  const ds = pop(4);
  if (faulted()) return fault(u);
  const fs = pop(4);
  if (faulted()) return fault(u);
  const gs = pop(4);
  if (faulted()) return fault(u);
  if (eip > 0xffff) return gp(u, 0);
  storeFlags(flags, BASIC | RF | VM | AC | ID);
  setVirtualSegment(CS, selector);
  setVirtualSegment(SS, ss & 0xffff);
  setVirtualSegment(ES, es & 0xffff);
  setVirtualSegment(DS, ds & 0xffff);
  setVirtualSegment(FS, fs & 0xffff);
  setVirtualSegment(GS, gs & 0xffff);
  store<u32>(ESP, esp);
  return finish(u, eip);
}

/** Finds and checks the code segment to return to, and keeps it. */
function findReturnCode(u: usize, selector: u32): usize {
  if (isNull(selector)) return gp(u, 0);
  if (!fetch(selector, GP)) return fault(u);
  const rpl = selector & 3;
  const dpl = dplOf(attributes);
  if (!isCode(attributes) || rpl < load<u32>(CPL)) return gp(u, selector & 0xfffc);
  if (isConformingCode(attributes) ? dpl > rpl : dpl != rpl) return gp(u, selector & 0xfffc);
  if (!isPresent(attributes)) return fail(u, NP, selector & 0xfffc);
  keepCode();
  return 0;
}

function returnProtected(u: usize, size: u32, release: u32, interrupt: bool): usize {
  const cpl = load<u32>(CPL);
  openStack();
  const eip = pop(size);
  if (faulted()) return fault(u);
  const selector = pop(size) & 0xffff;
  if (faulted()) return fault(u);
  const flags = interrupt ? pop(size) : 0;
  if (faulted()) return fault(u);
  if (interrupt && size == 4 && cpl == 0 && (flags & VM) != 0) return returnVirtual(u, eip, selector, flags);
  const refused = findReturnCode(u, selector);
  if (refused) return refused;
  const rpl = selector & 3;
  const mask = interrupt ? writableFlags(size) : 0;
  skip(release);
  if (rpl == cpl) {
    if (!checkTarget(eip) || !markCodeAccessed()) return fault(u);
    commitPointer();
    commitCode(selector);
  } else {
    const esp = pop(size);
    if (faulted()) return fault(u);
    const ss = pop(size) & 0xffff;
    if (faulted()) return fault(u);
    if (!fetchStack(ss, rpl, GP) || !checkTarget(eip)) return fault(u);
    if (!markCodeAccessed() || !markAccessed()) return fault(u);
    commitCode(selector);
    commit(SS, ss);
    store<u32>(CPL, rpl);
    setStackPointer(esp + release);
    dropInnerSegments(rpl);
  }
  if (interrupt) storeFlags(flags, mask);
  return finish(u, eip);
}

function returnFar(u: usize, size: u32, release: u32): usize {
  return protectedMode() ? returnProtected(u, size, release, false) : returnReal(u, size, release, false);
}
export function retFar16(u: usize): usize { return returnFar(u, 2, 0); }
export function retFar32(u: usize): usize { return returnFar(u, 4, 0); }
export function retFarImm16(u: usize): usize { return returnFar(u, 2, load<u32>(u, U_IMM) & 0xffff); }
export function retFarImm32(u: usize): usize { return returnFar(u, 4, load<u32>(u, U_IMM) & 0xffff); }

function returnInterrupt(u: usize, size: u32): usize {
  let end: usize;
  if (!protectedMode()) {
    if (virtual8086() && iopl() != 3) return gp(u, 0);
    end = returnReal(u, size, 0, true);
  } else if (systemFlags() & NT) end = returnFromTask(u);
  else end = returnProtected(u, size, 0, true);
  if (!faulted()) store<u32>(NMI_BLOCKED, 0);
  return end;
}
export function iret16(u: usize): usize { return returnInterrupt(u, 2); }
export function iret32(u: usize): usize { return returnInterrupt(u, 4); }

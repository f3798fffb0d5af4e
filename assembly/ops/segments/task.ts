// The hardware task switch: by JMP, CALL, IRET and through task gates of the IDT.
// SDM vol. 3A chapter 7: checks and their errors table 7-1, busy flag, link and NT table 7-2.
// What fails before the new task is in place faults in the old one; everything later faults in the new one.
import { CPL, CR0, CR3, DR6, DR7, EAX, EIP, FLAGS_SYSTEM, NO_ERROR_CODE } from '../../abi';
import { CR0_PG, CR0_TS, pagingPae } from '../../cpu/control';
import { DB, faulted, GP, NP, raise, raiseExit, TS } from '../../cpu/fault';
import { ALL_FLAGS, ARITHMETIC, getFlags, NT, setArithmetic, VIF, VIP, VM } from '../../cpu/flags';
import {
  attributesOf, baseOf, CS, descriptorAttributes, descriptorBase, descriptorLimit, dplOf, ES, GS, isCode, isConformingCode, isPresent,
  LDTR, limitOf, selectorOf, setNullSegment, setSegment, setVirtualSegment, SS, TR, TYPE_LDT,
} from '../../cpu/segment';
import {
  readSystem16, readSystem32, readSystem8, writeSystem16, writeSystem32, writeSystem8,
} from '../../mmu/access';
import { nonRoot, noteExit } from '../../cpu/vmx';
import { flushTlb } from '../../mmu/tlb';
import { TASK_SWITCH_CALL, TASK_SWITCH_GATE, TASK_SWITCH_IRET, TASK_SWITCH_JMP } from '../../vmcs/controls';
import { EXIT_REASON_TASK_SWITCH } from '../../vmcs/exit-reasons';
import {
  attributes, checkData, commit, ext, fetch, fetchStack, high, isNull, locate, low, markAccessed, raiseSelector,
} from './descriptor';
import { commitPointer, openStack, push, room } from '../control-flow/far-stack';
import { updateMode } from '../system/mode';
import { BROKEN, ENTERED, REFUSED } from '../outcome';
import { loadDirectoryPointers } from '../system/paging-control';

export const FROM_JUMP: u32 = 0;
export const FROM_CALL: u32 = 1;
export const FROM_INTERRUPT: u32 = 2;
export const FROM_IRET: u32 = 3;

// The new task's state, read before anything changes.
let newCr3: u32 = 0;
let newEip: u32 = 0;
let newFlags: u32 = 0;
let newLdt: u32 = 0;
let newTrap: u32 = 0;
const NEW_REGISTERS: usize = memory.data(8 * 4, 4);
const NEW_SELECTORS: usize = memory.data(6 * 4, 4);
// @ts-ignore: decorator
@inline function newSelector(seg: u32): u32 { return load<u32>(NEW_SELECTORS + (seg << 2)); }

function readState32(base: u32): bool {
  newCr3 = readSystem32(base + 0x1c);
  newEip = readSystem32(base + 0x20);
  newFlags = readSystem32(base + 0x24);
  if (faulted()) return false;
  for (let i: u32 = 0; i < 8; i++) {
    store<u32>(NEW_REGISTERS + (i << 2), readSystem32(base + 0x28 + (i << 2)));
    if (faulted()) return false;
  }
  for (let i: u32 = 0; i < 6; i++) store<u32>(NEW_SELECTORS + (i << 2), readSystem16(base + 0x48 + (i << 2)));
  newLdt = readSystem16(base + 0x60);
  newTrap = readSystem16(base + 0x64) & 1;
  return !faulted();
}

function readState16(base: u32): bool {
  newEip = readSystem16(base + 0x0e);
  newFlags = readSystem16(base + 0x10);
  if (faulted()) return false;
  for (let i: u32 = 0; i < 8; i++) {
    store<u32>(NEW_REGISTERS + (i << 2), readSystem16(base + 0x12 + (i << 1)));
    if (faulted()) return false;
  }
  for (let i: u32 = 0; i < 4; i++) store<u32>(NEW_SELECTORS + (i << 2), readSystem16(base + 0x22 + (i << 1)));
  store<u32>(NEW_SELECTORS + 16, 0);
  store<u32>(NEW_SELECTORS + 20, 0);
  newLdt = readSystem16(base + 0x2a);
  newTrap = 0;
  return !faulted();
}

/** Saves the task that is left into its TSS. */
function saveState(base: u32, wide: bool, eip: u32, flags: u32): bool {
  if (wide) {
    if (!writeSystem32(base + 0x20, eip) || !writeSystem32(base + 0x24, flags)) return false;
    for (let i: u32 = 0; i < 8; i++) if (!writeSystem32(base + 0x28 + (i << 2), load<u32>(EAX + (i << 3)))) return false;
    for (let i: u32 = 0; i < 6; i++) if (!writeSystem16(base + 0x48 + (i << 2), selectorOf(i))) return false;
    return true;
  }
  if (!writeSystem16(base + 0x0e, eip) || !writeSystem16(base + 0x10, flags)) return false;
  for (let i: u32 = 0; i < 8; i++) if (!writeSystem16(base + 0x12 + (i << 1), load<u16>(EAX + (i << 3)))) return false;
  for (let i: u32 = 0; i < 4; i++) if (!writeSystem16(base + 0x22 + (i << 1), selectorOf(i))) return false;
  return true;
}

/** Busy bit of the TSS descriptor of `selector` in the GDT. */
function markBusy(selector: u32, busy: bool): bool {
  const at = locate(selector & ~7);
  if (at == 0xffffffff) return true;
  const type = readSystem8(at + 5);
  return !faulted() && writeSystem8(at + 5, busy ? type | 2 : type & ~2);
}

function loadLdt(): bool {
  if (isNull(newLdt)) return true;
  if ((newLdt & 4) != 0 || !fetch(newLdt, TS)) return raiseSelector(TS, newLdt);
  if ((attributes & 0x1f) != TYPE_LDT || !isPresent(attributes)) return raiseSelector(TS, newLdt);
  commit(LDTR, newLdt);
  return true;
}

function loadCode(): bool {
  const selector = newSelector(CS);
  if (isNull(selector)) return raiseSelector(TS, selector);
  if (!fetch(selector, TS)) return false;
  const dpl = dplOf(attributes);
  const rpl = selector & 3;
  if (!isCode(attributes) || (isConformingCode(attributes) ? dpl > rpl : dpl != rpl)) return raiseSelector(TS, selector);
  if (!isPresent(attributes)) return raiseSelector(NP, selector);
  if (!markAccessed()) return false;
  commit(CS, selector);
  return true;
}

function loadOther(seg: u32, cpl: u32): bool {
  const selector = newSelector(seg);
  if (seg == SS) {
    if (!fetchStack(selector, cpl, TS)) return false;
  } else {
    if (isNull(selector)) return true;
    if (!fetch(selector, TS) || !checkData(selector, cpl, TS)) return false;
    if (!isPresent(attributes)) return raiseSelector(NP, selector);
  }
  if (!markAccessed()) return false;
  commit(seg, selector);
  return true;
}

/** Loads the segments of the new task; false = it faulted. */
function loadSegments(): bool {
  if (!loadLdt()) return false;
  if (newFlags & VM) {
    for (let seg: u32 = ES; seg <= GS; seg++) setVirtualSegment(seg, newSelector(seg));
  } else {
    const cpl = load<u32>(CPL);
    if (!loadCode() || !loadOther(SS, cpl)) return false;
    for (let seg: u32 = ES; seg <= GS; seg++) if (seg != CS && seg != SS && !loadOther(seg, cpl)) return false;
  }
  updateMode();
  if (newEip > limitOf(CS)) {
    raise(GP, ext);
    return false;
  }
  return true;
}

/** What a task takes over at once, before its segments are looked at. */
function commitState(selector: u32, base: u32, limit: u32, tssAttributes: u32, wide: bool): void {
  setSegment(TR, selector, base, limit, tssAttributes | 2);
  store<u32>(CR0, load<u32>(CR0) | CR0_TS);
  if (wide && (load<u32>(CR0) & CR0_PG) != 0 && load<u32>(CR3) != newCr3) {
    store<u64>(CR3, newCr3);
    flushTlb(false);
  }
  store<u32>(EIP, newEip);
  const image = (newFlags & ALL_FLAGS & ~(VIF | VIP)) | 2;
  setArithmetic(image);
  store<u32>(FLAGS_SYSTEM, image & ~ARITHMETIC);
  for (let i: u32 = 0; i < 8; i++) {
    // a 16-bit TSS says nothing of the upper halves
    if (wide) store<u32>(EAX + (i << 3), load<u32>(NEW_REGISTERS + (i << 2)));
    else store<u16>(EAX + (i << 3), load<u16>(NEW_REGISTERS + (i << 2)));
  }
  for (let seg: u32 = ES; seg <= GS; seg++) setNullSegment(seg, newSelector(seg));
  setNullSegment(LDTR, newLdt);
  store<u32>(CPL, newFlags & VM ? 3 : newSelector(CS) & 3);
  store<u32>(DR7, load<u32>(DR7) & ~0x55);
  updateMode();
}

function exitSource(source: u32): u32 {
  if (source == FROM_CALL) return TASK_SWITCH_CALL;
  if (source == FROM_IRET) return TASK_SWITCH_IRET;
  return source == FROM_JUMP ? TASK_SWITCH_JMP : TASK_SWITCH_GATE;
}

/**
 * Switches to the task of `selector`, whose TSS descriptor was found last and whose type and presence were checked.
 * `eip` is where the old task goes on. In VMX non-root operation it leaves instead, when the checks are done (SDM vol. 3C 25.4.2). Returns an outcome (ops/outcome.ts).
 */
export function switchTask(selector: u32, eip: u32, source: u32): u32 {
  const base = descriptorBase(low, high);
  const limit = descriptorLimit(low, high);
  const tssAttributes = descriptorAttributes(high);
  const wide = (tssAttributes & 8) != 0;
  const least: u32 = wide ? 0x67 : 0x2b;
  if (limit < least) {
    raiseSelector(TS, selector);
    return REFUSED;
  }
  if (nonRoot()) {
    noteExit(EXIT_REASON_TASK_SWITCH, selector | (exitSource(source) << 30));
    raiseExit();
    return REFUSED;
  }
  if (!(wide ? readState32(base) : readState16(base))) return REFUSED;
  const old = selectorOf(TR);
  const oldBase = baseOf(TR);
  const nested = source == FROM_CALL || source == FROM_INTERRUPT;
  const flags = source == FROM_IRET ? getFlags() & ~NT : getFlags();
  if (!saveState(oldBase, (attributesOf(TR) & 8) != 0, eip, flags)) return REFUSED;
  if (nested) {
    if (!writeSystem16(base, old)) return REFUSED;
    newFlags |= NT;
  }
  if (wide && pagingPae() && load<u32>(CR3) != newCr3 && !loadDirectoryPointers(newCr3)) return REFUSED;
  if (source != FROM_IRET && !markBusy(selector, true)) return REFUSED;
  if (!nested && !markBusy(old, false)) return REFUSED;
  commitState(selector, base, limit, tssAttributes, wide);
  if (!loadSegments()) {
    updateMode();
    return BROKEN;
  }
  if (newTrap) {
    store<u32>(DR6, load<u32>(DR6) | 0x8000);
    raise(DB, NO_ERROR_CODE);
    return BROKEN;
  }
  return ENTERED;
}

/** Pushes the error code of an exception that entered a task. */
export function pushTaskError(error: u32): bool {
  const size: u32 = attributesOf(TR) & 8 ? 4 : 2;
  openStack();
  if (!room(1, size) || !push(error, size)) return false;
  commitPointer();
  return true;
}

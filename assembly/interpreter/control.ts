// Between instructions: where execution starts, stops, is stepped, and what a fault becomes.
import {
  ATTENTION, ATTENTION_APIC, ATTENTION_MMIO, ATTENTION_WATCH, CAREFUL, COUNT_DECODED, COUNT_INSTRUCTIONS, CPL, EA_TEMP, EIP, EXIT_BUDGET, EXIT_HLT,
  EXIT_INTERRUPT_WINDOW, EXIT_MMIO_WRITE, EXIT_REASON, EXIT_VM, FAULT_KIND, FLAGS_SYSTEM, INTERRUPT_SHADOW, INTERRUPT_WINDOW, MODE_KEY,
  NMI_BLOCKED, REPLAY_COUNT, REPLAY_NEXT, SCRATCH_UOPS, SEG, SEG_LIMIT, SEG_SIZE, VMX_HALTED,
} from '../abi';
import { beginBudget, beginStep, budget, endBudget, endStep, sampleDue, spend, spent } from '../cpu/budget';
import { setWatchHits, takeWatchHits } from '../cpu/debug-registers';
import {
  EXIT_UOP, FAULT_UOP, faulted, faultingUop, gp, KIND_EXIT, raise, RESUME_UOP, fault, GP, ud,
} from '../cpu/fault';
import { IF, TF } from '../cpu/flags';
import { holdAt, settleShadow } from '../cpu/interrupt-shadow';
import { nonRoot, noteExit, settled } from '../cpu/vmx';
import { OP_EXIT, OP_FAULT, OP_RESUME, OP_STEP_END } from '../generated/micro-ops';
import { DECODED_SHORT, decodeOne, decodeRun, emitAt, emitTo } from '../isa/decode';
import { U_COST, U_LENGTH, U_OFFSET, U_OP, U_ORDINAL, U_ATTR, U_SEGMENT, UA_ADDR16, UA_WRITE, UOP_SIZE } from '../uop';
import { noteApicExit } from '../mmu/apic-access';
import { evictCode } from '../mmu/code-eviction';
import { coverCode, descriptorKey, hostPage, uopRoom } from '../mmu/code-pages';
import { fetchHost, fetchTable } from '../mmu/fetch';
import { CS, linearOf, open, segmentBase } from '../mmu/segmented';
import { codeTlb, setCodeKey } from '../mmu/tlb';
import { afterInstruction, beforeInstruction, forgetTraps } from '../ops/system/debug';
import { deliverFault } from '../ops/control-flow/interrupt';
import { codePage, ea, eipOf, enterPage, jumpTo, nextEip, take } from '../ops/operand';
import { EXIT_REASON_INTERRUPT_WINDOW, EXIT_REASON_NMI_WINDOW } from '../vmcs/exit-reasons';
import { makeExit } from '../vmx/exit';
import { noteStart, sample } from './samples';

const KEY_FLAT: u32 = 4;
/** Bits of the pending debug exceptions: SDM vol. 3C table 24-4. */
const PENDING_STEP: u32 = 0x4000;
const PENDING_ENABLED: u32 = 0x1000;

/** One instruction decoded for one execution: up to four micro-ops and STEP_END. */
const ONE_SHOT: usize = SCRATCH_UOPS + 8 * UOP_SIZE;
/** Its bytes, gathered from two pages. */
const GATHERED: usize = SCRATCH_UOPS + 24 * UOP_SIZE;

/** One instruction is being run with a budget of one. */
let stepping: bool = false;
/** It is run so because CAREFUL asked: single step and breakpoints apply. */
let watched: bool = false;
let trapFlag: bool = false;
/** A watched instruction retired with an exit: its traps come when the host runs on. */
export let stepPending: bool = false;

export function initInterpreter(): void {
  store<u16>(FAULT_UOP, OP_FAULT, U_OP);
  store<u16>(RESUME_UOP, OP_RESUME, U_OP);
  store<u16>(EXIT_UOP, OP_EXIT, U_OP);
}

/** The next instruction is run alone, for the monitor that emulates it. Its strings still take all that fits, unlike under CAREFUL. */
let alone: bool = false;
export function runAlone(): void { alone = true; }

/** Starts a run of at most about `limit` instructions. */
export function enter(limit: i32): usize {
  beginBudget(limit);
  stepping = false;
  if (load<u32>(VMX_HALTED) != 0) return load<u32>(INTERRUPT_WINDOW) != 0 && windowOpen() ? windowExit() : exit(EXIT_HLT);
  // an injected interrupt could not be delivered
  if (faulted()) return deliverHere();
  return load<u32>(REPLAY_COUNT) != 0 ? step() : RESUME_UOP;
}

/** Ends a run: the exit reason. */
export function leave(): i32 {
  if (stepping) stepPending = endOfStep();
  settleShadow();
  store<u64>(COUNT_INSTRUCTIONS, load<u64>(COUNT_INSTRUCTIONS) + spent());
  endBudget();
  if (load<i32>(EXIT_REASON) == EXIT_VM) makeExit(takeTraps());
  else settled();
  return load<i32>(EXIT_REASON);
}

/** Single step and data breakpoints of the instruction before that have not trapped yet, as the VMCS has them. */
export function takeTraps(): u32 {
  if (!stepPending) return 0;
  stepPending = false;
  const hits = takeWatchHits();
  return (trapFlag ? PENDING_STEP : 0) | (hits ? hits | PENDING_ENABLED : 0);
}
export function setTraps(pending: u32): void {
  forgetTraps();
  stepPending = (pending & (PENDING_STEP | PENDING_ENABLED)) != 0;
  trapFlag = (pending & PENDING_STEP) != 0;
  setWatchHits(stepPending ? pending & 15 : 0);
}

function exit(reason: i32): usize {
  store<i32>(EXIT_REASON, reason);
  return EXIT_UOP;
}

/** Can an interrupt (or, for a guest, an NMI) that is waited for be taken, but for the shadow? */
function windowOpen(): bool {
  const window = load<u32>(INTERRUPT_WINDOW);
  if ((window & 1) != 0 && (load<u32>(FLAGS_SYSTEM) & IF) != 0) return true;
  return (window & 2) != 0 && load<u32>(NMI_BLOCKED) == 0;
}
function windowExit(): usize {
  if (!nonRoot()) return exit(EXIT_INTERRUPT_WINDOW);
  const interrupt = (load<u32>(INTERRUPT_WINDOW) & 1) != 0 && (load<u32>(FLAGS_SYSTEM) & IF) != 0;
  noteExit(interrupt ? EXIT_REASON_INTERRUPT_WINDOW : EXIT_REASON_NMI_WINDOW, 0);
  return EXIT_UOP;
}

function finishStep(): void {
  stepping = false;
  endStep();
}

/** The stepped instruction has retired: was it a watched one? */
function endOfStep(): bool {
  finishStep();
  store<u32>(REPLAY_COUNT, 0);
  store<u32>(REPLAY_NEXT, 0);
  if (load<u32>(INTERRUPT_SHADOW) == 2) store<u32>(INTERRUPT_SHADOW, 0);
  return watched;
}

/** The instruction boundary at EIP: everything that can happen there, then the next micro-op. */
export function resume(): usize {
  let stepped = stepPending;
  stepPending = false;
  if (stepping) stepped = endOfStep();
  const attention = load<u32>(ATTENTION);
  if (attention != 0) {
    store<u32>(ATTENTION, 0);
    if ((attention & ATTENTION_WATCH) != 0) stepped = true;
  }
  if ((attention & ATTENTION_APIC) != 0 && nonRoot()) {
    // traps of the instruction that wrote wait in the guest
    stepPending = stepped;
    noteApicExit();
    return EXIT_UOP;
  }
  if (stepped) {
    afterInstruction(trapFlag, takeWatchHits());
    trapFlag = false;
    if (faulted()) {
      store<u32>(FAULT_KIND, 0);
      spend(1);
      const u = deliverFault();
      if (u != RESUME_UOP) return u;
    }
  }
  if ((attention & ATTENTION_MMIO) != 0) return exit(EXIT_MMIO_WRITE);
  if (budget <= 0 && (!sampleDue() || sample() || budget <= 0)) return exit(EXIT_BUDGET);
  settleShadow();
  const shadow = load<u32>(INTERRUPT_SHADOW);
  if (load<u32>(INTERRUPT_WINDOW) != 0 && windowOpen()) {
    if (shadow == 0) return windowExit();
    store<u32>(INTERRUPT_SHADOW, 2);
    return step();
  }
  if (load<u32>(CAREFUL) != 0) {
    if (shadow != 0) store<u32>(INTERRUPT_SHADOW, 2);
    return step();
  }
  if (alone) return step();
  // nothing waits for the shadow to end: it has no effect that anyone could see
  if (shadow != 0) {
    if (nonRoot()) holdAt(load<u32>(EIP));
    else store<u32>(INTERRUPT_SHADOW, 0);
  }
  return lookup();
}

/** Delivers what was raised between instructions, or leaves for it (a fetch that the EPT does not allow). */
function deliverHere(): usize {
  const kind = load<u32>(FAULT_KIND);
  store<u32>(FAULT_KIND, 0);
  spend(1);
  return kind == KIND_EXIT ? EXIT_UOP : deliverFault();
}

/** The micro-op of the instruction at EIP. */
function lookup(): usize {
  const key = load<u32>(MODE_KEY);
  setCodeKey(key);
  const eip = load<u32>(EIP);
  const base = segmentBase(CS);
  const lin = base + eip;
  const page = lin & 0xfffff000;
  const flat = (key & KEY_FLAT) != 0;
  if (!flat) {
    const limit = load<u32>(SEG + CS * SEG_SIZE + SEG_LIMIT);
    if (eip > limit) {
      raise(GP, 0);
      return deliverHere();
    }
    // a page that does not lie whole in the segment is run instruction by instruction
    const first = page - base;
    if (first > limit || first + 0xfff > limit || first + 0xfff < first) return step();
  }
  let table: usize = flat ? load<u32>(codeTlb + ((lin >>> 12) << 2)) : 0;
  if (table == 0) {
    table = fetchTable(lin, key, flat);
    if (faulted()) return deliverHere();
    if (table == 0) return step();
  }
  let u: usize = load<u32>(table + ((lin & 0xfff) << 2));
  if (u == 0) {
    if (!uopRoom()) {
      evictCode();
      table = fetchTable(lin, key, flat);
    }
    u = decodeRun(table, lin & 0xfff, key);
    if (u == 0) return step();
  }
  enterPage(page, table);
  noteStart(u, table);
  spend(-<i32>load<u16>(u, U_ORDINAL));
  return u;
}

/** Runs the one instruction at EIP, decoded for this time only, and comes back to resume(). */
function step(): usize {
  alone = false;
  watched = load<u32>(CAREFUL) != 0;
  const eip = load<u32>(EIP);
  const base = segmentBase(CS);
  const lin = base + eip;
  const limit = load<u32>(SEG + CS * SEG_SIZE + SEG_LIMIT);
  if (watched) {
    trapFlag = (load<u32>(FLAGS_SYSTEM) & TF) != 0;
    beforeInstruction(lin);
    if (faulted()) return deliverHere();
  }
  if (eip > limit) {
    raise(GP, 0);
    return deliverHere();
  }
  stepping = true;
  beginStep();
  const u = decodeStep(lin, limit - eip);
  if (u != 0) return u;
  finishStep();
  return deliverHere();
}

/** Decodes the instruction at `lin`, at most `room` + 1 bytes of it in the segment, into the one-shot buffer. 0: it raised. */
function decodeStep(lin: u32, room: u32): usize {
  const within: u32 = 0x1000 - (lin & 0xfff);
  const allowed: u32 = room >= 15 ? 16 : room + 1;
  const host = fetchHost(lin);
  if (faulted()) return 0;
  const key = load<u32>(MODE_KEY);
  emitTo(ONE_SHOT);
  let outcome = decodeOne(host, host + min(within, allowed), lin & 0xfff, 0, key);
  if (outcome == DECODED_SHORT && within < allowed) {
    memory.copy(GATHERED, host, within);
    const behind = fetchHost((lin & 0xfffff000) + 0x1000);
    if (faulted()) return 0;
    memory.copy(GATHERED + within, behind, 16 - within);
    emitTo(ONE_SHOT);
    outcome = decodeOne(GATHERED, GATHERED + allowed, lin & 0xfff, 0, key);
  }
  if (outcome == DECODED_SHORT) {
    raise(GP, 0);
    return 0;
  }
  // the one-shot's last micro-op ends the step; it takes EIP from the length of the one before it
  memory.copy(emitAt, emitAt - UOP_SIZE, UOP_SIZE);
  store<u16>(emitAt, OP_STEP_END, U_OP);
  enterPage(lin & 0xfffff000, 0);
  return ONE_SHOT;
}

/** The stepped instruction has run through. */
export function stepEnd(u: usize): usize {
  store<u32>(EIP, nextEip(u));
  spend(1);
  return RESUME_UOP;
}

/** An instruction ended with a fault or an exit that restarts it. */
export function deliver(): usize {
  const u = faultingUop();
  spend(load<u16>(u, U_ORDINAL));
  store<u32>(EIP, eipOf(u));
  const kind = load<u32>(FAULT_KIND);
  store<u32>(FAULT_KIND, 0);
  if (stepping) finishStep();
  store<u32>(REPLAY_NEXT, 0);
  if (kind == KIND_EXIT) return EXIT_UOP;
  store<u32>(REPLAY_COUNT, 0);
  takeWatchHits();
  // a delivery costs, so that a guest whose handlers fault for ever still comes back
  spend(1);
  return deliverFault();
}

// ---- the special micro-ops --------------------------------------------------------------------------------------------------

export function goTo(u: usize): usize { return take(u); }
export function nextPage(u: usize): usize { return jumpTo(u, nextEip(u)); }
/** Bytes of the instruction were written since it was decoded: it is decoded again, where it stands if that is possible. */
export function stale(u: usize): usize {
  const offset: u32 = load<u16>(u, U_OFFSET);
  const table = codePage();
  if (table != 0 && budget > 0) {
    const fresh: usize = load<u32>(table + (offset << 2));
    if (fresh != 0) {
      spend(<i32>load<u16>(u, U_ORDINAL) - <i32>load<u16>(fresh, U_ORDINAL));
      return fresh;
    }
    if (renew(u, table, offset)) return u;
  }
  spend(load<u16>(u, U_ORDINAL));
  store<u32>(EIP, eipOf(u));
  return RESUME_UOP;
}

/** Decodes a stale instruction in its old place: links to it and the run behind it stay good. Not when it takes other room. */
function renew(u: usize, table: usize, offset: u32): bool {
  if (load<u16>(u + UOP_SIZE, U_OFFSET) == <u16>offset) return false;
  const page = hostPage(table);
  const ordinal: u32 = load<u16>(u, U_ORDINAL);
  emitTo(ONE_SHOT);
  const outcome = decodeOne(page + offset, page + 0x1000, offset, ordinal, descriptorKey(table));
  const plain = outcome != DECODED_SHORT && emitAt == ONE_SHOT + UOP_SIZE && load<u8>(ONE_SHOT, U_LENGTH) == load<u8>(u, U_LENGTH);
  if (!plain) return false;
  memory.copy(u, ONE_SHOT, UOP_SIZE);
  store<u32>(table + (offset << 2), <u32>u);
  coverCode(table, offset, offset + load<u8>(u, U_LENGTH));
  store<u64>(COUNT_DECODED, load<u64>(COUNT_DECODED) + 1);
  return true;
}
export function undefinedOpcode(u: usize): usize { return ud(u); }
export function protection(u: usize): usize { return gp(u, 0); }
export function privileged(u: usize): usize { return load<u32>(CPL) != 0 ? gp(u, 0) : u + UOP_SIZE; }

// @ts-ignore: decorator
@inline function offsetOf(u: usize): u32 { return ea(u) & ((load<u8>(u, U_ATTR) & UA_ADDR16) != 0 ? 0xffff : 0xffffffff); }

/** The address of the instruction behind, with its segment check. */
export function segmentAddress(u: usize): usize {
  const seg: u32 = load<u8>(u, U_SEGMENT);
  if (open(seg)) {
    store<u32>(EA_TEMP, segmentBase(seg) + offsetOf(u));
    return u + UOP_SIZE;
  }
  const lin = linearOf(seg, offsetOf(u), load<u16>(u, U_COST), (load<u8>(u, U_ATTR) & UA_WRITE) != 0);
  if (faulted()) return fault(u);
  store<u32>(EA_TEMP, lin);
  return u + UOP_SIZE;
}

/** A 16-bit offset alone (LEA). */
export function segmentAddress16(u: usize): usize {
  store<u32>(EA_TEMP, offsetOf(u));
  return u + UOP_SIZE;
}

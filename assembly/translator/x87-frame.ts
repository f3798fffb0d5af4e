// The x87 state in a region: status and tag word in locals that memory never lags behind, the register stack in memory.
// ops/x87/stack.ts says what it means; SDM vol. 1 8.1. Where an instruction is no plain case its handler does all of it.
import {
  CR0, FPR, FPU_CONTROL, FPU_DP, FPU_DP_SELECTOR, FPU_IP, FPU_IP_SELECTOR, FPU_STATUS, FPU_TAG, SEG, SEG_SELECTOR, SEG_SIZE,
} from '../abi';
import { U_OFFSET, U_SEGMENT, UOP_SIZE } from '../uop';
import { runKnownHandler } from './emit-known';
import { leaveTo, leaveToHandler, LINEAR, pushCode } from './frame';
import { beginSlow, endSlow, slow } from './vector-memory';
import { STATUS, TAG, useScalars } from './vector';
import { ADD, AND, brIf, constant, end, EQ, get, loadN, NE, op, OR, set, SHL, SHR_U, storeN, SUB, unsigned, when, XOR } from './wasm';

const CS: u32 = 1;
const NO_SEGMENT: u32 = 8;
const ES: u32 = 0x80;
export const C1: u32 = 0x200;
const TOP_AND_C1: u32 = 0x3a00;
const TOP_BITS: u32 = 0x3800;
const ONE: u32 = 0x800;

/** Are the locals good here, and x87 instructions known to run? */
let ready: bool = false;
/** The segment that the data pointer has. */
let segment: u32 = NO_SEGMENT;

/** At the head of a block, and behind handlers that change the x87 state, nothing is known. */
export function forgetX87(): void {
  ready = false;
  segment = NO_SEGMENT;
}

function fetchState(): void {
  constant(0);
  loadN(2, FPU_STATUS);
  set(STATUS);
  constant(0);
  loadN(2, FPU_TAG);
  set(TAG);
}
/** Copies a selector to where the last instruction or operand is noted. */
function noteSelector(s: u32, at: u32): void {
  constant(0);
  constant(0);
  loadN(2, SEG + s * SEG_SIZE + SEG_SELECTOR);
  storeN(2, at);
}

/** What follows is the fast path of the x87 instruction of `u`: it may branch to the end of `slow`. */
export function beginX87(u: usize): void {
  useScalars();
  if (!ready) {
    fetchState();
    constant(0);
    loadN(4, CR0);
    constant(0xc);
    op(AND);
    get(STATUS);
    constant(ES);
    op(AND);
    op(OR);
    when();
    leaveToHandler(u);
    end();
    noteSelector(CS, FPU_IP_SELECTOR);
    ready = true;
  }
  beginSlow();
}
export function endX87(u: usize): void {
  endSlow();
  runKnownHandler(u, 0);
  fetchState();
  // an exception waits for the next instruction
  get(STATUS);
  constant(ES);
  op(AND);
  when();
  leaveTo(u + UOP_SIZE);
  end();
  end();
}

/** Notes the address of the instruction; `memory`: and of its operand, which is at LINEAR in a flat segment. */
export function note(u: usize, memory: bool): void {
  constant(0);
  pushCode(load<u16>(u, U_OFFSET));
  storeN(4, FPU_IP);
  if (!memory) return;
  constant(0);
  get(LINEAR);
  storeN(4, FPU_DP);
  const s: u32 = load<u8>(u, U_SEGMENT);
  if (s == segment) return;
  segment = s;
  noteSelector(s, FPU_DP_SELECTOR);
}

// ---- the stack ------------------------------------------------------------------------------------------------------------------

/** Pushes where ST(i) is; what reads or writes there adds FPR. */
export function pushSt(i: u32): void {
  get(STATUS);
  constant(7);
  op(SHR_U);
  if ((i & 7) != 0) {
    constant((i & 7) << 4);
    op(ADD);
  }
  constant(0x70);
  op(AND);
}
/** Pushes the place of the tag of ST(i) in TAG. */
function pushTagShift(i: u32): void {
  get(STATUS);
  constant(10);
  op(SHR_U);
  if ((i & 7) != 0) {
    constant((i & 7) << 1);
    op(ADD);
  }
  constant(14);
  op(AND);
}
function needTag(i: u32, compare: u32): void {
  get(TAG);
  pushTagShift(i);
  op(SHR_U);
  constant(3);
  op(AND);
  constant(3);
  op(compare);
  brIf(slow);
}
/** To the slow path when ST(i) is empty. */
export function needFull(i: u32): void { needTag(i, EQ); }
/** To the slow path when there is no room for a push. */
export function needRoom(): void { needTag(7, NE); }

function setTag(): void {
  set(TAG);
  constant(0);
  get(TAG);
  storeN(2, FPU_TAG);
}
/** Pops the new status word. */
export function setStatus(): void {
  set(STATUS);
  constant(0);
  get(STATUS);
  storeN(2, FPU_STATUS);
}
function pushTagBits(i: u32): void {
  constant(3);
  pushTagShift(i);
  op(SHL);
}
export function markFull(i: u32): void {
  get(TAG);
  pushTagBits(i);
  constant(0xffffffff);
  op(XOR);
  op(AND);
  setTag();
}
/** TOP goes down by one, C1 is cleared, ST(0) is full. */
export function makeRoom(): void {
  get(STATUS);
  constant(~TOP_AND_C1);
  op(AND);
  get(STATUS);
  constant(ONE);
  op(SUB);
  constant(TOP_BITS);
  op(AND);
  op(OR);
  setStatus();
  markFull(0);
}
export function popSt(): void {
  get(TAG);
  pushTagBits(0);
  op(OR);
  setTag();
  get(STATUS);
  constant(~TOP_BITS);
  op(AND);
  get(STATUS);
  constant(ONE);
  op(ADD);
  constant(TOP_BITS);
  op(AND);
  op(OR);
  setStatus();
}
export function clearC1(): void {
  get(STATUS);
  constant(~C1);
  op(AND);
  setStatus();
}

/** To the slow path unless the bits of the control word in `mask` are `wanted`. */
export function needControl(mask: u32, wanted: u32): void {
  constant(0);
  loadN(2, FPU_CONTROL);
  constant(mask);
  op(AND);
  constant(wanted);
  op(NE);
  brIf(slow);
}

/** Significand and word at the place on the stack. */
export function loadSignificand(): void { wide(0x29, FPR); }
export function storeSignificand(): void { wide(0x37, FPR); }
export function loadWord(): void { loadN(2, FPR + 8); }
export function storeWord(): void { storeN(2, FPR + 8); }
/** A 64-bit load or store. */
export function wide(code: u32, offset: u32): void {
  op(code);
  op(0);
  unsigned(offset);
}

// Emitters: micro-ops to WebAssembly, for what programs do most. ops/integer/alu.ts, move.ts, stack.ts, shift.ts, muldiv.ts say what they mean.
// What has none runs the interpreter's handler.
import { EA_TEMP, EAX, EDX, SEG, SEG_ATTRIBUTES, SEG_BASE, SEG_LIMIT, SEG_SIZE } from '../abi';
import { ADDED, DECREMENTED, INCREMENTED, LOGIC, SUBTRACTED } from '../cpu/flag-kinds';
import {
  FORM_ALU, FORM_BIT, FORM_BSWAP, FORM_CARRY, FORM_CMOV, FORM_CMPS, FORM_COMPARE_EXCHANGE, FORM_DIVIDE, FORM_DOUBLE_SHIFT,
  FORM_EXCHANGE, FORM_EXCHANGE_ADD, FORM_EXTEND_A, FORM_FLAG, FORM_HANDLER, FORM_INCDEC, FORM_KNOWN, FORM_LEA, FORM_LEAVE, FORM_LODS,
  FORM_LOOP, FORM_MOVS, FORM_MULTIPLY, FORM_NEGATE, FORM_NOTHING, FORM_POP, FORM_PUSH, FORM_SCAN, FORM_SCAS, FORM_SEGMENT, FORM_SETCC,
  FORM_SHIFT, FORM_STOS, FORM_WIDEN, FORM_X87_ARITHMETIC, FORM_X87_LOAD, FORM_X87_MOVE, FORM_X87_STORE, FORMS,
} from '../generated/forms';
import { U_ATTR, U_IMM, U_REG, U_RM, U_SEGMENT, UA_ADDR16 } from '../uop';
import { opOf } from '../mmu/region-entries';
import { OPEN_KIND, OPEN_MASK } from '../mmu/segmented';
import { bit, carryFlag, scan, swapBytes } from './emit-bit';
import { compareExchange, exchange, exchangeAdd } from './emit-exchange';
import { systemFlag } from './emit-flag';
import { runKnownHandler } from './emit-known';
import { divide, multiply } from './emit-multiply';
import { argumentOf, bytesOf, finish, immediate, inRegister, noteResult, pushModified, pushOperand, shapeOf } from './emit-operand';
import { doubleOverwrites, doubleShift, shift, shiftOverwrites } from './emit-shift';
import { emitSse } from './emit-sse';
import { leaveFrame, pop, push } from './emit-stack';
import { stringOnce } from './emit-string';
import { emitX87 } from './emit-x87';
import { pushCarry, pushCondition, setKind, setStep, settleWithCarry } from './flags';
import {
  extend, getSlot, LEFT, pushAddress, RESULT, RIGHT, runHandler, setRegister, setSlot, T1, T2, VALUE,
} from './frame';
import { finishMemory, modifyMemory, readMemory, writeMemory } from './memory';
import { reloadAll } from './vector';
import { forgetX87 } from './x87-frame';
import { ADD, AND, constant, end, get, loadN, NE, op, OR, set, SHR_S, storeN, SUB, tee, when, XOR } from './wasm';

/** The form word of a micro-op. A loop by CX is left to its handler. */
export function formOf(u: usize): u32 {
  const form = load<u32>(FORMS + (opOf(u) << 2));
  return (form & 0xff) == FORM_LOOP && (load<u8>(u, U_ATTR) & UA_ADDR16) != 0 ? FORM_HANDLER : form;
}

// families, in the order of scripts/gen-handlers.mjs
const ADD_: u32 = 0;
const OR_: u32 = 1;
const ADC_: u32 = 2;
const SBB_: u32 = 3;
const AND_: u32 = 4;
const SUB_: u32 = 5;
const XOR_: u32 = 6;
const CMP_: u32 = 7;
const TEST_: u32 = 8;
const MOV_: u32 = 9;
// shapes
const RR: u32 = 0;
const RM: u32 = 1;
const MR: u32 = 2;
const RI: u32 = 3;
const MI: u32 = 4;

/** Writes the instruction of `u`, no branch. `dead`: nobody sees the flags that it sets. */
export function emitPlain(u: usize, form: u32, dead: bool): void {
  switch (form & 0xff) {
    case FORM_KNOWN:
      runKnownHandler(u, form);
      forgetX87();
      break;
    case FORM_SEGMENT: segmentAddress(u, form); break;
    case FORM_ALU: if (argumentOf(form) == MOV_) move(u, form); else arithmetic(u, form, dead); break;
    case FORM_INCDEC: step(u, form, dead); break;
    case FORM_WIDEN: widen(u, form); break;
    case FORM_LEA:
      pushAddress(u);
      setSlot(bytesOf(form), load<u16>(u, U_REG));
      break;
    case FORM_PUSH: push(u, form); break;
    case FORM_POP: pop(u); break;
    case FORM_SHIFT: shift(u, form, dead); break;
    case FORM_DOUBLE_SHIFT: doubleShift(u, form, dead); break;
    case FORM_NEGATE: negate(u, form, dead); break;
    case FORM_SETCC: setIf(u, form); break;
    case FORM_CMOV: moveIf(u, form); break;
    case FORM_EXCHANGE: exchange(u, form); break;
    case FORM_EXCHANGE_ADD: exchangeAdd(u, form, dead); break;
    case FORM_COMPARE_EXCHANGE: compareExchange(u, form); break;
    case FORM_LEAVE: leaveFrame(u); break;
    case FORM_EXTEND_A: extendA(form); break;
    case FORM_MULTIPLY: multiply(u, form, dead); break;
    case FORM_DIVIDE: divide(u, form); break;
    case FORM_BIT: bit(u, form, dead); break;
    case FORM_SCAN: scan(u, form, dead); break;
    case FORM_BSWAP: swapBytes(u); break;
    case FORM_CARRY: carryFlag(form, dead); break;
    case FORM_FLAG: systemFlag(u, form); break;
    case FORM_MOVS: case FORM_STOS: case FORM_LODS: case FORM_SCAS: case FORM_CMPS: stringOnce(u, form, dead); break;
    case FORM_NOTHING: break;
    case FORM_HANDLER:
      runHandler(u, false);
      reloadAll();
      forgetX87();
      break;
    case FORM_X87_LOAD: case FORM_X87_STORE: case FORM_X87_MOVE: case FORM_X87_ARITHMETIC: emitX87(u, form); break;
    default: emitSse(u, form);
  }
}

/** Is form one that only sets all flags, faults never and reads none? What such a one makes dead is the flags before. */
export function overwritesFlags(u: usize, form: u32): bool {
  const shape = shapeOf(form);
  const argument = argumentOf(form);
  switch (form & 0xff) {
    case FORM_ALU: return argument != MOV_ && argument != ADC_ && argument != SBB_ && (shape == RR || shape == RI);
    case FORM_NEGATE: return argument == 0 && inRegister(u);
    case FORM_SHIFT: return shiftOverwrites(u, form);
    case FORM_DOUBLE_SHIFT: return doubleOverwrites(u, form);
    case FORM_MULTIPLY: case FORM_SCAN: case FORM_EXCHANGE_ADD: case FORM_COMPARE_EXCHANGE: return inRegister(u);
    default: return false;
  }
}
/** Does it neither fault, leave, nor need the flags when what it leaves of them is dead? */
export function passesFlags(u: usize, form: u32): bool {
  const shape = shapeOf(form);
  switch (form & 0xff) {
    case FORM_ALU: return argumentOf(form) == MOV_ && (shape == RR || shape == RI);
    case FORM_WIDEN: case FORM_NEGATE: case FORM_EXCHANGE: case FORM_SHIFT: case FORM_DOUBLE_SHIFT: case FORM_BIT: return inRegister(u);
    case FORM_INCDEC: return shape == 0;
    case FORM_LEA: case FORM_EXTEND_A: case FORM_BSWAP: case FORM_CARRY: case FORM_NOTHING: return true;
    case FORM_FLAG: return argumentOf(form) < 2;
    default: return false;
  }
}

/** The address in a segment that is not flat, without a call when nothing there can fail. */
function segmentAddress(u: usize, form: u32): void {
  if ((load<u8>(u, U_ATTR) & UA_ADDR16) != 0) {
    runKnownHandler(u, form);
    return;
  }
  const seg: u32 = SEG + <u32>load<u8>(u, U_SEGMENT) * SEG_SIZE;
  constant(0);
  constant(0);
  loadN(4, seg + SEG_BASE);
  pushAddress(u);
  op(ADD);
  storeN(4, EA_TEMP);
  constant(0);
  loadN(4, seg + SEG_LIMIT);
  constant(0xffffffff);
  op(NE);
  constant(0);
  loadN(4, seg + SEG_ATTRIBUTES);
  constant(OPEN_MASK);
  op(AND);
  constant(OPEN_KIND);
  op(NE);
  op(OR);
  when();
  runKnownHandler(u, form);
  end();
}

// ---- moves ------------------------------------------------------------------------------------------------------------------------

function move(u: usize, form: u32): void {
  const bytes = bytesOf(form);
  switch (shapeOf(form)) {
    case RR:
      getSlot(bytes, load<u16>(u, U_REG));
      setSlot(bytes, load<u16>(u, U_RM));
      break;
    case RM:
      pushAddress(u);
      readMemory(u, bytes);
      get(VALUE);
      setSlot(bytes, load<u16>(u, U_REG));
      break;
    case MR:
      getSlot(bytes, load<u16>(u, U_REG));
      set(VALUE);
      pushAddress(u);
      writeMemory(u, bytes, VALUE);
      break;
    case RI:
      constant(immediate(u, bytes));
      setSlot(bytes, load<u16>(u, U_RM));
      break;
    default:
      constant(immediate(u, bytes));
      set(VALUE);
      pushAddress(u);
      writeMemory(u, bytes, VALUE);
  }
}

function widen(u: usize, form: u32): void {
  pushOperand(u, bytesOf(form));
  if (argumentOf(form) == 1) extend(bytesOf(form));
  setSlot(shapeOf(form), load<u16>(u, U_REG));
}

function moveIf(u: usize, form: u32): void {
  pushOperand(u, 4);
  set(T2);
  pushCondition(argumentOf(form));
  when();
  get(T2);
  setRegister(load<u16>(u, U_REG));
  end();
}

function setIf(u: usize, form: u32): void {
  pushCondition(argumentOf(form));
  const slot: u32 = load<u16>(u, U_RM);
  if (slot != 0) {
    setSlot(1, slot);
    return;
  }
  set(VALUE);
  pushAddress(u);
  writeMemory(u, 1, VALUE);
}

/** CDQ, CWD; CWDE, CBW. */
function extendA(form: u32): void {
  const bytes = bytesOf(form);
  if (argumentOf(form) == 0) {
    getSlot(bytes, EAX);
    extend(bytes);
    constant(31);
    op(SHR_S);
    setSlot(bytes, EDX);
  } else {
    getSlot(bytes >>> 1, EAX);
    extend(bytes >>> 1);
    setSlot(bytes, EAX);
  }
}

// ---- arithmetic -------------------------------------------------------------------------------------------------------------------

function arithmetic(u: usize, form: u32, dead: bool): void {
  const bytes = bytesOf(form);
  const shape = shapeOf(form);
  const family = argumentOf(form);
  const compare = family == CMP_ || family == TEST_;
  const logic = family == AND_ || family == TEST_ || family == OR_ || family == XOR_;
  const carries = family == ADC_ || family == SBB_;
  const inMemory = shape == MR || shape == MI;
  const register: u32 = load<u16>(u, U_REG);
  // the carry in, before anything is overwritten
  if (carries) {
    pushCarry();
    set(T2);
  }
  // memory first: what it may leave with is the flags before
  if (shape == RM || inMemory) {
    pushAddress(u);
    if (inMemory && !compare) modifyMemory(u, bytes);
    else readMemory(u, bytes);
  }
  if (compare && dead) return;
  const keep = !dead && !logic;
  if (inMemory) get(VALUE);
  else getSlot(bytes, shape == RM ? register : load<u16>(u, U_RM));
  if (keep) tee(LEFT);
  if (shape == RM) get(VALUE);
  else if (shape == RI || shape == MI) constant(immediate(u, bytes));
  else getSlot(bytes, register);
  if (keep) tee(RIGHT);
  switch (family) {
    case ADD_: case ADC_: op(ADD); break;
    case SUB_: case SBB_: case CMP_: op(SUB); break;
    case AND_: case TEST_: op(AND); break;
    case OR_: op(OR); break;
    default: op(XOR);
  }
  if (carries) {
    get(T2);
    op(family == ADC_ ? ADD : SUB);
  }
  if (compare) {
    extend(bytes);
    set(RESULT);
  } else {
    set(VALUE);
    if (!dead) noteResult(bytes, VALUE);
  }
  if (!dead) {
    if (carries) settleWithCarry(family == SBB_, bytes, VALUE);
    else setKind(logic ? LOGIC : (family == ADD_ ? ADDED : SUBTRACTED) + (bytes >>> 1));
  }
  if (compare) return;
  if (inMemory) finishMemory(bytes, VALUE);
  else {
    get(VALUE);
    setSlot(bytes, shape == RM ? register : load<u16>(u, U_RM));
  }
}

function step(u: usize, form: u32, dead: bool): void {
  const bytes = bytesOf(form);
  const down = argumentOf(form) == 1;
  pushModified(u, bytes);
  constant(1);
  op(down ? SUB : ADD);
  set(VALUE);
  if (!dead) {
    noteResult(bytes, VALUE);
    setStep((down ? DECREMENTED : INCREMENTED) + (bytes >>> 1));
  }
  finish(u, bytes, VALUE);
}

function negate(u: usize, form: u32, dead: bool): void {
  const bytes = bytesOf(form);
  const invert = argumentOf(form) == 1;
  pushModified(u, bytes);
  set(T1);
  constant(invert ? 0xffffffff : 0);
  get(T1);
  op(invert ? XOR : SUB);
  set(VALUE);
  if (!dead && !invert) {
    constant(0);
    set(LEFT);
    get(T1);
    set(RIGHT);
    noteResult(bytes, VALUE);
    setKind(SUBTRACTED + (bytes >>> 1));
  }
  finish(u, bytes, VALUE);
}

// Emitters: micro-ops to WebAssembly, for what programs do most. ops/alu.ts, move.ts, stack.ts, shift.ts, muldiv.ts say what they mean.
// What has none runs the interpreter's handler.
import { EA_TEMP, EAX, EBP, ECX, EDX, ESP, SEG, SEG_ATTRIBUTES, SEG_BASE, SEG_LIMIT, SEG_SIZE } from '../abi';
import {
  FORM_ALU, FORM_CMOV, FORM_EXCHANGE, FORM_EXTEND_A, FORM_HANDLER, FORM_INCDEC, FORM_KNOWN, FORM_LEA, FORM_LEAVE, FORM_LOOP,
  FORM_MULTIPLY, FORM_NEGATE, FORM_POP, FORM_PUSH, FORM_SEGMENT, FORM_SETCC, FORM_SHIFT, FORM_WIDEN, FORMS,
} from '../generated/forms';
import { U_ATTR, U_IMM, U_REG, U_RM, U_SEGMENT, UA_ADDR16, UOP_SIZE } from '../isa/uop';
import { opOf } from '../mmu/region-entries';
import { OPEN_KIND, OPEN_MASK } from '../mmu/segmented';
import {
  ADDED, ADDED_CARRY, DECREMENTED, INCREMENTED, LOGIC, MULTIPLIED, pushCarry, pushCondition, setKind, setStep, SHIFTED_LEFT,
  SUBTRACTED, SUBTRACTED_BORROW,
} from './flags';
import {
  extend, getRegister, getSlot, LEFT, LINEAR, localOf, pushAddress, RESULT, RIGHT, runHandler, setRegister,
  setSlot, SUM, T1, T2, VALUE, WIDE,
} from './frame';
import { runKnownHandler } from './emit-known';
import { emitSse } from './emit-sse';
import { reloadAll } from './vector';
import { finishMemory, modifyMemory, pushMemory, readMemory, writeMemory } from './memory';
import {
  ADD, AND, constant, end, get, I64_CONST, I64_EXTEND_S, I64_EXTEND_U, I64_MUL, I64_SHR_U, loadN, NE, op, OR, ROTL, ROTR, set, SHL,
  SHR_S, SHR_U, storeN, SUB, tee, when, WRAP, XOR,
} from './wasm';

/** The form word of a micro-op. A loop by CX is left to its handler. */
export function formOf(u: usize): u32 {
  const form = load<u32>(FORMS + (opOf(u) << 2));
  return (form & 0xff) == FORM_LOOP && (load<u8>(u, U_ATTR) & UA_ADDR16) != 0 ? FORM_HANDLER : form;
}
// @ts-ignore: decorator
@inline function bytesOf(form: u32): u32 { return (form >>> 8) & 15; }
// @ts-ignore: decorator
@inline function shapeOf(form: u32): u32 { return (form >>> 12) & 15; }
// @ts-ignore: decorator
@inline export function argumentOf(form: u32): u32 { return form >>> 16; }

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
    case FORM_KNOWN: runKnownHandler(u, form); break;
    case FORM_SEGMENT: segmentAddress(u, form); break;
    case FORM_ALU: if (argumentOf(form) == MOV_) move(u, form); else arithmetic(u, form, dead); break;
    case FORM_INCDEC: step(u, form, dead); break;
    case FORM_WIDEN: widen(u, form); break;
    case FORM_LEA:
      pushAddress(u);
      setRegister(load<u16>(u, U_REG));
      break;
    case FORM_PUSH: push(u, form); break;
    case FORM_POP: pop(u); break;
    case FORM_SHIFT: if (!shift(u, form, dead)) runHandler(u, false); break;
    case FORM_NEGATE: negate(u, form, dead); break;
    case FORM_SETCC: setIf(u, form); break;
    case FORM_CMOV: moveIf(u, form); break;
    case FORM_EXCHANGE: exchange(u); break;
    case FORM_LEAVE: leaveFrame(u); break;
    case FORM_EXTEND_A: extendA(form); break;
    case FORM_MULTIPLY: multiply(u, form, dead); break;
    case FORM_HANDLER:
      runHandler(u, false);
      reloadAll();
      break;
    default: emitSse(u, form);
  }
}

/** Is form one that only sets all flags, faults never and reads none? What such a one makes dead is the flags before. */
export function overwritesFlags(u: usize, form: u32): bool {
  const f = form & 0xff;
  const shape = shapeOf(form);
  const argument = argumentOf(form);
  if (f == FORM_ALU) return argument != MOV_ && argument != ADC_ && argument != SBB_ && (shape == RR || shape == RI);
  if (f == FORM_NEGATE) return argument == 0 && load<u16>(u, U_RM) != 0;
  if (f == FORM_SHIFT) return shape == 0 && argument < 3 && load<u16>(u, U_RM) != 0 && (load<u8>(u, U_IMM) & 31) != 0;
  if (f == FORM_MULTIPLY) return load<u16>(u, U_RM) != 0;
  return false;
}
/** Does it neither fault, leave, nor look at flags? */
export function passesFlags(u: usize, form: u32): bool {
  const f = form & 0xff;
  const shape = shapeOf(form);
  if (f == FORM_ALU) return argumentOf(form) == MOV_ && (shape == RR || shape == RI);
  if (f == FORM_WIDEN || f == FORM_NEGATE || f == FORM_EXCHANGE) return load<u16>(u, U_RM) != 0;
  if (f == FORM_INCDEC) return shape == 0;
  return f == FORM_LEA || f == FORM_EXTEND_A;
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

// ---- operands ---------------------------------------------------------------------------------------------------------------------

/** Pushes the r/m operand, zero-extended; memory goes through VALUE. */
function pushOperand(u: usize, bytes: u32): void {
  const slot: u32 = load<u16>(u, U_RM);
  if (slot != 0) {
    getSlot(bytes, slot);
    return;
  }
  pushAddress(u);
  readMemory(u, bytes);
  get(VALUE);
}
/** The same when it will be written. */
function pushModified(u: usize, bytes: u32): void {
  const slot: u32 = load<u16>(u, U_RM);
  if (slot != 0) {
    getSlot(bytes, slot);
    return;
  }
  pushAddress(u);
  modifyMemory(u, bytes);
  get(VALUE);
}
/** Writes local `value` to the operand of pushModified(). */
function finish(u: usize, bytes: u32, value: u32): void {
  const slot: u32 = load<u16>(u, U_RM);
  if (slot == 0) {
    finishMemory(bytes, value);
    return;
  }
  get(value);
  setSlot(bytes, slot);
}
function immediate(u: usize, bytes: u32): u32 {
  const v = load<u32>(u, U_IMM);
  return bytes == 4 ? v : bytes == 2 ? v & 0xffff : v & 0xff;
}
/** RESULT from SUM. */
function noteResult(bytes: u32): void {
  get(SUM);
  extend(bytes);
  set(RESULT);
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
  setRegister(load<u16>(u, U_REG));
}

function exchange(u: usize): void {
  pushModified(u, 4);
  set(T1);
  getRegister(load<u16>(u, U_REG));
  set(T2);
  finish(u, 4, T2);
  get(T1);
  setRegister(load<u16>(u, U_REG));
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

/** CDQ, CWDE. */
function extendA(form: u32): void {
  getRegister(EAX);
  if (argumentOf(form) == 0) {
    constant(31);
    op(SHR_S);
    setRegister(EDX);
  } else {
    extend(2);
    setRegister(EAX);
  }
}

// ---- arithmetic -------------------------------------------------------------------------------------------------------------------

function arithmetic(u: usize, form: u32, dead: bool): void {
  const bytes = bytesOf(form);
  const shape = shapeOf(form);
  const family = argumentOf(form);
  const compare = family == CMP_ || family == TEST_;
  const register: u32 = load<u16>(u, U_REG);
  // the carry in, before anything is overwritten
  if (family == ADC_ || family == SBB_) {
    pushCarry();
    set(T2);
  }
  // memory first: what it may leave with is the flags before
  if (shape == RM || (compare && shape >= MR && shape != RI)) {
    pushAddress(u);
    readMemory(u, bytes);
  } else if (shape == MR || shape == MI) {
    pushAddress(u);
    modifyMemory(u, bytes);
  }
  // left operand
  if (shape == RM) getSlot(bytes, register);
  else if (shape == MR || shape == MI) get(VALUE);
  else getSlot(bytes, load<u16>(u, U_RM));
  const keep = !dead;
  if (keep || family == ADC_ || family == SBB_) tee(LEFT);
  // right operand
  if (shape == RM) get(VALUE);
  else if (shape == RI || shape == MI) constant(immediate(u, bytes));
  else getSlot(bytes, register);
  if (keep) tee(RIGHT);
  switch (family) {
    case ADD_: op(ADD); break;
    case ADC_:
      op(ADD);
      get(T2);
      op(ADD);
      break;
    case SUB_: case CMP_: op(SUB); break;
    case SBB_:
      op(SUB);
      get(T2);
      op(SUB);
      break;
    case AND_: case TEST_: op(AND); break;
    case OR_: op(OR); break;
    default: op(XOR);
  }
  set(SUM);
  if (keep) {
    noteResult(bytes);
    const size = bytes >>> 1;
    setKind(
      family == ADD_ ? ADDED + size
      : family == ADC_ ? ADDED_CARRY + size
      : family == SUB_ || family == CMP_ ? SUBTRACTED + size
      : family == SBB_ ? SUBTRACTED_BORROW + size
      : LOGIC,
    );
  }
  if (compare) return;
  if (shape == MR || shape == MI) finishMemory(bytes, SUM);
  else {
    get(SUM);
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
    get(VALUE);
    extend(bytes);
    set(RESULT);
    setStep((down ? DECREMENTED : INCREMENTED) + (bytes >>> 1));
  }
  finish(u, bytes, VALUE);
}

function negate(u: usize, form: u32, dead: bool): void {
  pushModified(u, 4);
  if (argumentOf(form) == 1) {
    constant(0xffffffff);
    op(XOR);
    set(VALUE);
    finish(u, 4, VALUE);
    return;
  }
  set(T1);
  if (!dead) {
    constant(0);
    set(LEFT);
    get(T1);
    set(RIGHT);
  }
  constant(0);
  get(T1);
  op(SUB);
  set(SUM);
  if (!dead) {
    noteResult(4);
    setKind(SUBTRACTED + 2);
  }
  finish(u, 4, SUM);
}

const ROTATIONS: u32 = 3;
/** False: that is for the handler. */
function shift(u: usize, form: u32, dead: bool): bool {
  const which = argumentOf(form);
  const byCl = shapeOf(form) == 1;
  const count: u32 = load<u8>(u, U_IMM) & 31;
  if (!dead && (byCl || which >= ROTATIONS)) return false;
  if (!byCl && count == 0) return false;
  pushModified(u, 4);
  if (!dead) tee(LEFT);
  if (byCl) getRegister(ECX);
  else constant(count);
  op(which == 0 ? SHL : which == 1 ? SHR_U : which == 2 ? SHR_S : which == 3 ? ROTL : ROTR);
  set(SUM);
  if (!dead) {
    constant(count);
    set(RIGHT);
    noteResult(4);
    setKind(SHIFTED_LEFT + which);
  }
  finish(u, 4, SUM);
  return true;
}

/** IMUL in all its 32-bit forms, MUL. */
function multiply(u: usize, form: u32, dead: bool): void {
  const which = argumentOf(form);
  const wide = which >= 2;
  const extension = which == 2 ? I64_EXTEND_U : I64_EXTEND_S;
  pushOperand(u, 4);
  set(T1);
  if (!wide && dead) {
    get(T1);
    if (which == 0) getRegister(load<u16>(u, U_REG));
    else constant(load<u32>(u, U_IMM));
    op(0x6c);
    setRegister(load<u16>(u, U_REG));
    return;
  }
  get(T1);
  op(extension);
  if (wide) getRegister(EAX);
  else if (which == 0) getRegister(load<u16>(u, U_REG));
  else constant(load<u32>(u, U_IMM));
  op(extension);
  op(I64_MUL);
  set(WIDE);
  get(WIDE);
  op(WRAP);
  set(SUM);
  get(WIDE);
  op(I64_CONST);
  op(32);
  op(I64_SHR_U);
  op(WRAP);
  set(T1);
  if (!dead) {
    get(T1);
    if (which == 2) constant(0);
    else {
      get(SUM);
      constant(31);
      op(SHR_S);
    }
    op(NE);
    set(RIGHT);
    noteResult(4);
    setKind(MULTIPLIED);
  }
  get(SUM);
  setRegister(wide ? EAX : load<u16>(u, U_REG));
  if (wide) {
    get(T1);
    setRegister(EDX);
  }
}

// ---- the stack: flat and 32 bits wide under every mode key that is translated -----------------------------------------------------------

function push(u: usize, form: u32): void {
  const shape = shapeOf(form);
  if (shape == 0) getRegister(load<u16>(u, U_RM));
  else if (shape == 2) constant(load<u32>(u, U_IMM));
  else pushOperand(u, 4);
  set(T1);
  getRegister(ESP);
  constant(4);
  op(SUB);
  pushMemory(u, T1);
}

function pop(u: usize): void {
  getRegister(ESP);
  readMemory(u, 4);
  get(LINEAR);
  constant(4);
  op(ADD);
  setRegister(ESP);
  get(VALUE);
  setRegister(load<u16>(u, U_RM));
}

function leaveFrame(u: usize): void {
  getRegister(EBP);
  readMemory(u, 4);
  get(LINEAR);
  constant(4);
  op(ADD);
  setRegister(ESP);
  get(VALUE);
  setRegister(EBP);
}

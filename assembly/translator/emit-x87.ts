// x87 in line: loads, stores and moves whole, arithmetic through ops/x87/float80-quick.ts. ops/x87/load.ts, x87/store.ts and
// x87-arithmetic.ts say what they mean. SDM vol. 2.
import { FPR } from '../abi';
import { FORM_X87_ARITHMETIC, FORM_X87_LOAD, FORM_X87_STORE } from '../generated/forms';
import { U_RM, U_SEGMENT } from '../uop';
import { BIAS } from '../ops/x87/float80-round';
import { runKnownHandler } from './emit-known';
import { CALL_ADD80, CALL_DIV80, CALL_MUL80, T1, T2, VALUE, WIDE } from './frame';
import { pushSource, pushTarget, slow } from './vector-memory';
import { STATUS, WORD } from './vector';
import {
  beginX87, clearC1, endX87, forgetX87, loadSignificand, loadWord, makeRoom, markFull, needControl, needFull, needRoom, note, popSt,
  pushSt, setStatus, storeSignificand, storeWord, wide,
} from './x87-frame';
import {
  ADD, AND, brIf, call, constant, ELSE, end, EQZ, get, GE_U, I64_CONST, I64_EXTEND_U, I64_SHR_U, loadN, LT_S, op, OR, set, SHL, SHR_S,
  storeN, SUB, tee, when, WRAP, XOR,
} from './wasm';

const SIGN: u32 = 0x8000;
const TOP: i64 = i64.MIN_VALUE;
const FS: u32 = 4;

const I64_LOAD: u32 = 0x29;
const I64_STORE: u32 = 0x37;
const I64_EQZ: u32 = 0x50;
const I64_LT_S: u32 = 0x53;
const I64_CLZ: u32 = 0x79;
const I64_ADD: u32 = 0x7c;
const I64_AND: u32 = 0x83;
const I64_OR: u32 = 0x84;
const I64_SHL: u32 = 0x86;

function wideConstant(v: i64): void {
  op(I64_CONST);
  for (;;) {
    const low = <u32>(v & 0x7f);
    v >>= 7;
    if ((v == 0 && (low & 0x40) == 0) || (v == -1 && (low & 0x40) != 0)) {
      op(low);
      return;
    }
    op(low | 0x80);
  }
}
function wideShift(code: u32, n: i64): void {
  wideConstant(n);
  op(code);
}

export function emitX87(u: usize, form: u32): void {
  const kind = (form >>> 8) & 0xff;
  const argument = form >>> 16;
  if (load<u8>(u, U_SEGMENT) >= FS) {
    runKnownHandler(u, 0);
    forgetX87();
    return;
  }
  beginX87(u);
  switch (form & 0xff) {
    case FORM_X87_LOAD: load_(u, kind); break;
    case FORM_X87_STORE: store_(u, kind, argument != 0); break;
    case FORM_X87_ARITHMETIC: arithmetic(u, kind, argument); break;
    default: move(u, kind);
  }
  endX87(u);
}

// ---- loads: in the order of scripts/gen-forms-float.mjs ------------------------------------------------------------------------------
const LOAD_64: u32 = 0;
const LOAD_32: u32 = 1;
const LOAD_INTEGER32: u32 = 2;
const LOAD_INTEGER16: u32 = 3;
const LOAD_ST: u32 = 4;
const LOAD_ONE: u32 = 5;

function load_(u: usize, kind: u32): void {
  needRoom();
  if (kind <= LOAD_INTEGER16) {
    pushSource(u, kind == LOAD_64 ? 8 : kind == LOAD_INTEGER16 ? 2 : 4, false);
    if (kind <= LOAD_32) widen(kind == LOAD_64, true);
    else integer(kind == LOAD_INTEGER16);
    note(u, true);
  } else {
    if (kind == LOAD_ST) {
      const i: u32 = load<u16>(u, U_RM);
      needFull(i);
      pushSt(i);
      loadSignificand();
      set(WIDE);
      pushSt(i);
      loadWord();
    } else {
      wideConstant(kind == LOAD_ONE ? TOP : 0);
      set(WIDE);
      constant(kind == LOAD_ONE ? BIAS : 0);
    }
    set(WORD);
    note(u, false);
  }
  makeRoom();
  putNumber(0);
}
/** WIDE and WORD to ST(i). */
function putNumber(i: u32): void {
  pushSt(i);
  get(WIDE);
  storeSignificand();
  pushSt(i);
  get(WORD);
  storeWord();
}

/** Pops the host address of a number in memory and loads it into WIDE and WORD. Only normal ones pass; `zeros`: and those. */
function widen(double: bool, zeros: bool): void {
  if (double) wide(I64_LOAD, 0);
  else {
    loadN(4, 0);
    op(I64_EXTEND_U);
  }
  set(WIDE);
  // sign; exponent
  get(WIDE);
  wideShift(I64_SHR_U, double ? 48 : 16);
  op(WRAP);
  constant(SIGN);
  op(AND);
  set(WORD);
  get(WIDE);
  wideShift(I64_SHR_U, double ? 52 : 23);
  op(WRAP);
  constant(double ? 0x7ff : 0xff);
  op(AND);
  tee(T1);
  constant(1);
  op(SUB);
  constant(double ? 2046 : 254);
  op(GE_U);
  if (zeros) {
    when();
    get(WIDE);
    wideShift(I64_SHL, double ? 1 : 33);
    op(I64_EQZ);
    op(EQZ);
    brIf(slow);
    wideConstant(0);
    set(WIDE);
    op(ELSE);
  } else brIf(slow);
  get(T1);
  constant(double ? BIAS - 1023 : BIAS - 127);
  op(ADD);
  get(WORD);
  op(OR);
  set(WORD);
  get(WIDE);
  wideShift(I64_SHL, double ? 11 : 40);
  wideConstant(TOP);
  op(I64_OR);
  set(WIDE);
  if (zeros) end();
}

/** Pops the host address of an integer and loads it. */
function integer(short: bool): void {
  loadN(short ? 2 : 4, 0);
  if (short) op(0xc1);
  tee(T1);
  when();
  // the magnitude
  get(T1);
  constant(31);
  op(SHR_S);
  tee(T2);
  get(T1);
  op(XOR);
  get(T2);
  op(SUB);
  op(I64_EXTEND_U);
  tee(WIDE);
  get(WIDE);
  op(I64_CLZ);
  op(I64_SHL);
  get(T2);
  constant(SIGN);
  op(AND);
  constant(BIAS + 63);
  get(WIDE);
  op(I64_CLZ);
  op(WRAP);
  op(SUB);
  op(OR);
  set(WORD);
  set(WIDE);
  op(ELSE);
  wideConstant(0);
  set(WIDE);
  constant(0);
  set(WORD);
  end();
}

// ---- stores --------------------------------------------------------------------------------------------------------------------------
const STORE_64: u32 = 0;
const STORE_ST: u32 = 2;
/** Control word: round to nearest, inexact results masked. */
const ROUNDING: u32 = 0xc20;
const NEAREST: u32 = 0x20;
const PE: u32 = 0x20;

function store_(u: usize, kind: u32, pops: bool): void {
  needFull(0);
  if (kind == STORE_ST) {
    const i: u32 = load<u16>(u, U_RM);
    note(u, false);
    clearC1();
    if (i != 0) {
      markFull(i);
      copyWide(0, i);
    }
  } else narrow(u, kind == STORE_64);
  if (pops) popSt();
}
function copyWide(from: u32, to: u32): void {
  pushSt(to);
  pushSt(from);
  loadSignificand();
  storeSignificand();
  pushSt(to);
  pushSt(from);
  loadWord();
  storeWord();
}

/** Rounds ST(0) to memory: normal numbers that stay normal. */
function narrow(u: usize, double: bool): void {
  const drop: i64 = double ? 11 : 40;
  needControl(ROUNDING, NEAREST);
  pushSt(0);
  loadSignificand();
  tee(WIDE);
  wideConstant(0);
  op(I64_LT_S);
  op(EQZ);
  brIf(slow);
  pushSt(0);
  loadWord();
  tee(WORD);
  constant(0x7fff);
  op(AND);
  constant(double ? BIAS - 1023 : BIAS - 127);
  op(SUB);
  tee(T1);
  constant(1);
  op(SUB);
  constant(double ? 2045 : 253);
  op(GE_U);
  brIf(slow);
  pushTarget(u, double ? 8 : 4, false);
  // half of the last place less one, and one more when that is odd
  get(WIDE);
  wideConstant(((<i64>1) << drop) - 1);
  op(I64_AND);
  wideConstant(((<i64>1) << (drop - 1)) - 1);
  op(I64_ADD);
  get(WIDE);
  wideShift(I64_SHR_U, drop);
  wideConstant(1);
  op(I64_AND);
  op(I64_ADD);
  wideShift(I64_SHR_U, drop);
  op(WRAP);
  set(T2);
  // a carry goes into the exponent, which is the right one then
  get(T1);
  op(I64_EXTEND_U);
  wideShift(I64_SHL, 63 - drop);
  get(WIDE);
  wideShift(I64_SHL, 1);
  wideShift(I64_SHR_U, drop + 1);
  op(I64_ADD);
  get(T2);
  op(I64_EXTEND_U);
  op(I64_ADD);
  get(WORD);
  constant(SIGN);
  op(AND);
  op(I64_EXTEND_U);
  wideShift(I64_SHL, double ? 48 : 16);
  op(I64_OR);
  if (double) wide(I64_STORE, 0);
  else {
    op(WRAP);
    storeN(4, 0);
  }
  note(u, true);
  clearC1();
  get(WIDE);
  wideShift(I64_SHL, 64 - drop);
  op(I64_EQZ);
  op(EQZ);
  when();
  get(STATUS);
  constant(PE);
  op(OR);
  get(T2);
  constant(9);
  op(SHL);
  op(OR);
  setStatus();
  end();
}

// ---- moves ---------------------------------------------------------------------------------------------------------------------------
const EXCHANGE: u32 = 0;
const NEGATE: u32 = 1;

function move(u: usize, kind: u32): void {
  needFull(0);
  if (kind == EXCHANGE) {
    const i: u32 = load<u16>(u, U_RM);
    needFull(i);
    pushSt(0);
    pushSt(i);
    loadSignificand();
    pushSt(i);
    pushSt(0);
    loadSignificand();
    storeSignificand();
    storeSignificand();
    pushSt(0);
    pushSt(i);
    loadWord();
    pushSt(i);
    pushSt(0);
    loadWord();
    storeWord();
    storeWord();
  } else {
    pushSt(0);
    pushSt(0);
    loadWord();
    constant(kind == NEGATE ? SIGN : 0x7fff);
    op(kind == NEGATE ? XOR : AND);
    storeWord();
  }
  note(u, false);
  clearC1();
}

// ---- arithmetic ----------------------------------------------------------------------------------------------------------------------
const MUL_: u32 = 1;
const SUB_: u32 = 2;
const SUBR_: u32 = 3;
const DIV_: u32 = 4;
const DIVR_: u32 = 5;
const WITH_ST: u32 = 0;
const WITH_POP: u32 = 2;
const WITH_64: u32 = 3;

function arithmetic(u: usize, which: u32, operands: u32): void {
  const memory = operands >= WITH_64;
  const i: u32 = memory ? 0 : load<u16>(u, U_RM);
  const into: u32 = operands == WITH_ST ? 0 : i;
  const other: u32 = operands == WITH_ST ? i : 0;
  needFull(0);
  if (!memory && i != 0) needFull(i);
  if (memory) {
    pushSource(u, operands == WITH_64 ? 8 : 4, false);
    widen(operands == WITH_64, false);
    note(u, true);
  }
  pushSt(into);
  constant(FPR);
  op(ADD);
  constant(which == SUBR_ ? SIGN : which == DIVR_ ? 1 : 0);
  if (memory) get(WORD);
  else {
    pushSt(other);
    loadWord();
  }
  if (which == SUB_) {
    constant(SIGN);
    op(XOR);
  }
  if (memory) get(WIDE);
  else {
    pushSt(other);
    loadSignificand();
  }
  call(which == MUL_ ? CALL_MUL80 : which >= DIV_ ? CALL_DIV80 : CALL_ADD80);
  tee(VALUE);
  constant(0);
  op(LT_S);
  brIf(slow);
  get(VALUE);
  set(STATUS);
  if (!memory) note(u, false);
  if (operands == WITH_POP) popSt();
}

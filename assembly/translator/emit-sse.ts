// SSE moves and integer operations in line: ops/sse/move.ts, mmx/lanes.ts, mmx/shift.ts and mmx/shuffle.ts say what they mean.
// SDM vol. 2.
import {
  FORM_SSE_ARITHMETIC, FORM_SSE_COMPARE, FORM_SSE_CONVERT, FORM_SSE_LANES, FORM_SSE_LOAD, FORM_SSE_SEQUENCE,
  FORM_SSE_SHIFT, FORM_SSE_SHIFT_BY, FORM_SSE_SHUFFLE, FORM_SSE_STORE,
} from '../generated/forms';
import { U_IMM, U_REG, U_RM } from '../uop';
import { WRITES_RM, runKnownHandler } from './emit-known';
import { emitArithmetic, emitCompare } from './emit-sse-float';
import { emitConvert } from './emit-sse-convert';
import { emitSequence, emitShiftBy } from './emit-sse-integer';
import { emitShuffle } from './emit-sse-shuffle';
import { getRegister, setRegister } from './frame';
import { beginFast, endFast, pushSource, pushTarget } from './vector-memory';
import {
  checkUsable, getXmm, lane, LOAD_LANE64, LOAD_SPLAT64, LOAD_ZERO32, LOAD_ZERO64, reload, setXmm, simd, STORE_LANE32, STORE_LANE64,
  V_LOAD, V_STORE, vectorMemory, zeroVector,
} from './vector';
import { AND, constant, loadN, op, storeN } from './wasm';

// @ts-ignore: decorator
@inline export function kindOf(form: u32): u32 { return (form >>> 8) & 0xff; }
// @ts-ignore: decorator
@inline function argumentOf(form: u32): u32 { return form >>> 16; }

export function emitSse(u: usize, form: u32): void {
  switch (form & 0xff) {
    case FORM_SSE_SHIFT: shift(u, form); break;
    case FORM_SSE_SHIFT_BY: emitShiftBy(u, argumentOf(form), kindOf(form) & ~1, (kindOf(form) & 1) != 0); break;
    case FORM_SSE_SEQUENCE: emitSequence(u, kindOf(form)); break;
    case FORM_SSE_SHUFFLE: emitShuffle(u, kindOf(form)); break;
    case FORM_SSE_LOAD: load_(u, kindOf(form)); break;
    case FORM_SSE_STORE: store_(u, kindOf(form)); break;
    case FORM_SSE_LANES: lanes(u, kindOf(form)); break;
    case FORM_SSE_ARITHMETIC: emitArithmetic(u, argumentOf(form), kindOf(form)); break;
    case FORM_SSE_COMPARE: emitCompare(u, kindOf(form) == 1); break;
    case FORM_SSE_CONVERT: emitConvert(u, kindOf(form)); break;
    default: vector(u, form);
  }
}

// ---- one vector instruction ---------------------------------------------------------------------------------------------------
const SWAPPED: u32 = 1;
const UNARY: u32 = 2;

function vector(u: usize, form: u32): void {
  const target: u32 = load<u16>(u, U_REG);
  const source: u32 = load<u16>(u, U_RM);
  const kind = kindOf(form);
  const code = argumentOf(form);
  if (source != 0) checkUsable(u);
  else beginFast(u);
  if (kind == SWAPPED || kind == UNARY) {
    pushVector(u, source);
    if (kind == SWAPPED) getXmm(target);
  } else {
    getXmm(target);
    pushVector(u, source);
  }
  simd(code);
  setXmm(target);
  if (source == 0) endFast(u, 0, target);
}
/** Pushes the source, 16 bytes that are aligned when in memory. */
function pushVector(u: usize, source: u32): void {
  if (source != 0) getXmm(source);
  else {
    pushSource(u, 16, true);
    vectorMemory(V_LOAD, 0);
  }
}

function shift(u: usize, form: u32): void {
  const register: u32 = load<u16>(u, U_RM);
  const kind = kindOf(form);
  const bits = kind & ~1;
  let count: u32 = load<u8>(u, U_IMM);
  checkUsable(u);
  if (count >= bits && (kind & 1) == 0) zeroVector();
  else {
    if (count >= bits) count = bits - 1;
    getXmm(register);
    constant(count);
    simd(argumentOf(form));
  }
  setXmm(register);
}

// ---- moves: the lists of scripts/gen-forms-float.mjs -----------------------------------------------------------------------------
const MOVA: u32 = 0;
const MOVU: u32 = 1;
const MOVSS: u32 = 2;
const MOVSD: u32 = 3;
const MOVQ: u32 = 4;
const MOVLPS: u32 = 5;
const MOVHPS: u32 = 6;
const MOVDDUP: u32 = 7;
const FROM_GENERAL: u32 = 8;
const TO_GENERAL: u32 = 7;

const EXTRACT32: u32 = 0x1b;
const REPLACE32: u32 = 0x1c;
const EXTRACT64: u32 = 0x1d;
const REPLACE64: u32 = 0x1e;
const SPLAT64: u32 = 0x12;

/** Pushes `to` with its lowest lane replaced by that of `from`. */
function pushMerged(kind: u32, to: u32, from: u32): void {
  if (kind == MOVQ) zeroVector();
  else getXmm(to);
  getXmm(from);
  lane(kind == MOVSS ? EXTRACT32 : EXTRACT64, 0);
  lane(kind == MOVSS ? REPLACE32 : REPLACE64, 0);
}

function load_(u: usize, kind: u32): void {
  const target: u32 = load<u16>(u, U_REG);
  const source: u32 = load<u16>(u, U_RM);
  if (source != 0) {
    checkUsable(u);
    if (kind == FROM_GENERAL) {
      zeroVector();
      getRegister(source);
      lane(REPLACE32, 0);
    } else if (kind == MOVA || kind == MOVU) getXmm(source);
    else if (kind == MOVDDUP) {
      getXmm(source);
      lane(EXTRACT64, 0);
      simd(SPLAT64);
    } else pushMerged(kind, target, source);
    setXmm(target);
    return;
  }
  beginFast(u);
  const bytes: u32 = kind == MOVA || kind == MOVU ? 16 : kind == MOVSS || kind == FROM_GENERAL ? 4 : 8;
  pushSource(u, bytes, kind == MOVA);
  if (kind == MOVLPS || kind == MOVHPS) {
    getXmm(target);
    vectorMemory(LOAD_LANE64, 0);
    op(kind == MOVHPS ? 1 : 0);
  } else vectorMemory(bytes == 16 ? V_LOAD : bytes == 4 ? LOAD_ZERO32 : kind == MOVDDUP ? LOAD_SPLAT64 : LOAD_ZERO64, 0);
  setXmm(target);
  endFast(u, 0, target);
}

function store_(u: usize, kind: u32): void {
  const register: u32 = load<u16>(u, U_REG);
  const target: u32 = load<u16>(u, U_RM);
  if (target != 0) {
    checkUsable(u);
    if (kind == TO_GENERAL) {
      getXmm(register);
      lane(EXTRACT32, 0);
      setRegister(target);
      return;
    }
    if (kind == MOVA || kind == MOVU) getXmm(register);
    else pushMerged(kind, target, register);
    setXmm(target);
    return;
  }
  beginFast(u);
  const bytes: u32 = kind == MOVA || kind == MOVU ? 16 : kind == MOVSS || kind == TO_GENERAL ? 4 : 8;
  pushTarget(u, bytes, kind == MOVA);
  getXmm(register);
  vectorMemory(bytes == 16 ? V_STORE : bytes == 4 ? STORE_LANE32 : STORE_LANE64, 0);
  if (bytes != 16) op(kind == MOVHPS ? 1 : 0);
  endFast(u, 0, 0);
}

// ---- lanes to and from general registers -------------------------------------------------------------------------------------------
const BITMASK8: u32 = 0x64;
const BITMASK32: u32 = 0xa4;
const BITMASK64: u32 = 0xc4;
const EXTRACT16_U: u32 = 0x19;
const REPLACE16: u32 = 0x1a;
const PEXTRW: u32 = 3;
const PINSRW: u32 = 4;

function lanes(u: usize, kind: u32): void {
  const register: u32 = load<u16>(u, U_REG);
  const other: u32 = load<u16>(u, U_RM);
  if (kind == PINSRW) {
    if (other == 0) {
      runKnownHandler(u, 0);
      reload(register);
      return;
    }
    checkUsable(u);
    getXmm(register);
    getRegister(other);
    lane(REPLACE16, load<u8>(u, U_IMM) & 7);
    setXmm(register);
    return;
  }
  checkUsable(u);
  getXmm(other);
  if (kind == PEXTRW) lane(EXTRACT16_U, load<u8>(u, U_IMM) & 7);
  else simd(kind == 0 ? BITMASK8 : kind == 1 ? BITMASK32 : BITMASK64);
  setRegister(register);
}

// SSE floating point in line, where the engine's own result is certainly that of the processor and raises nothing new: the conditions
// are those of ops/sse/float.ts and sse/compare.ts, and where they do not hold their handler does the instruction.
// SDM vol. 1 11.5 (exceptions); vol. 2.
import { U_IMM, U_REG, U_RM } from '../uop';
import { WRITES_FLAGS } from './emit-known';
import { settled } from './flags';
import { AUX, CARRY, RESULT } from './frame';
import { beginFast, endFast, pushSource, slow } from './vector-memory';
import {
  DA, DB, F32_ABS, F64_ABS, f32Constant, f64Constant, getXmm, lane, LOAD_ZERO32, LOAD_ZERO64, SA, SB, setXmm, simd, unlessMxcsr, V_AND,
  V_LOAD, V_NOT, V_OR, VA, VB, vectorMemory, VM, VR, zeroVector,
} from './vector';
import { AND, brIf, constant, ELSE, end, EQZ, get, NE, op, set, SHL, SUB, tee, when, XOR } from './wasm';

/** MXCSR: round to nearest, an inexact result is masked and has been seen. */
export const QUICK_BITS: u32 = 0x7020;
export const QUICK: u32 = 0x1020;

const LEAST32: u32 = 0x00800000;
const LEAST64: u64 = 0x0010000000000000;
const INFINITY32: u32 = 0x7f800000;
const INFINITY64: u64 = 0x7ff0000000000000;

// in the order of scripts/gen-forms-float.mjs
const ADD_: u32 = 0;
const SUB_: u32 = 1;
const MUL_: u32 = 2;
const DIV_: u32 = 3;
const SQRT_: u32 = 4;
const MIN_: u32 = 5;
const MAX_: u32 = 6;
const CMP_: u32 = 7;
const PD: u32 = 1;
const SS: u32 = 2;
const SD: u32 = 3;

// scalar comparisons of single precision; double: + 6
const EQ_: u32 = 0x5b;
const NE_: u32 = 0x5c;
const LT_: u32 = 0x5d;
const GT_: u32 = 0x5e;
const GE_: u32 = 0x60;
// @ts-ignore: decorator
@inline function scalar(code: u32, wide: bool): void { op(wide ? code + 6 : code); }
// lane by lane of single precision; double: + 6
const V_EQ: u32 = 0x41;
const V_LT: u32 = 0x43;
const V_GT: u32 = 0x44;
const V_LE: u32 = 0x45;
const V_GE: u32 = 0x46;
// @ts-ignore: decorator
@inline function vector(code: u32, wide: bool): void { simd(wide ? code + 6 : code); }
// arithmetic on vectors of single precision; double: + 12
const V_ABS: u32 = 0xe0;
const V_SQRT: u32 = 0xe3;
const V_ADD: u32 = 0xe4;
const V_PMIN: u32 = 0xea;
const V_PMAX: u32 = 0xeb;
// @ts-ignore: decorator
@inline function arithmetic(code: u32, wide: bool): void { simd(wide ? code + 12 : code); }
const EXTRACT_F32: u32 = 0x1f;
const REPLACE_F32: u32 = 0x20;
const EXTRACT_F64: u32 = 0x21;
const REPLACE_F64: u32 = 0x22;
const SPLAT_F32: u32 = 0x13;
const SPLAT_F64: u32 = 0x14;
const BITMASK32: u32 = 0xa4;
const BITMASK64: u32 = 0xc4;

export function extract(wide: bool): void { lane(wide ? EXTRACT_F64 : EXTRACT_F32, 0); }
export function replace(wide: bool): void { lane(wide ? REPLACE_F64 : REPLACE_F32, 0); }
function number(wide: bool, single: u32, double: u64): void {
  if (wide) f64Constant(double);
  else f32Constant(single);
}
export function pushLeast(wide: bool): void { number(wide, LEAST32, LEAST64); }
function pushInfinity(wide: bool): void { number(wide, INFINITY32, INFINITY64); }
export function pushZero(wide: bool): void { number(wide, 0, 0); }
export function magnitude(wide: bool): void { op(wide ? F64_ABS : F32_ABS); }

/** Pushes the source as a vector: a register whole, of memory what the instruction takes. */
export function pushOperand(u: usize, packed: bool, wide: bool): void {
  const source: u32 = load<u16>(u, U_RM);
  if (source != 0) {
    getXmm(source);
    return;
  }
  const bytes: u32 = packed ? 16 : wide ? 8 : 4;
  pushSource(u, bytes, packed);
  vectorMemory(packed ? V_LOAD : wide ? LOAD_ZERO64 : LOAD_ZERO32, 0);
}

/** To the slow path unless scalar `local` is a zero, a normal number or an infinity. */
export function needWhole(local: u32, wide: bool): void {
  get(local);
  magnitude(wide);
  pushLeast(wide);
  scalar(GE_, wide);
  op(EQZ);
  when();
  get(local);
  pushZero(wide);
  scalar(NE_, wide);
  brIf(slow);
  end();
}

export function emitArithmetic(u: usize, which: u32, type: u32): void {
  const wide = (type & 1) != 0;
  const packed = type <= PD;
  beginFast(u);
  if (which < MIN_) unlessMxcsr(QUICK_BITS, QUICK, slow);
  pushOperand(u, packed, wide);
  set(VB);
  getXmm(load<u16>(u, U_REG));
  set(VA);
  if (packed) packedArithmetic(which, wide, load<u8>(u, U_IMM) & 7);
  else scalarArithmetic(which, wide, load<u8>(u, U_IMM) & 7);
  setXmm(load<u16>(u, U_REG));
  endFast(u, 0, load<u16>(u, U_REG));
}

// ---- scalar: the vector instruction where its upper lanes cost nothing -----------------------------------------------------------

/** Pushes the result for VA and VB: VA with its lowest lane replaced. */
function scalarArithmetic(which: u32, wide: bool, predicate: u32): void {
  if (which >= MIN_) {
    scalarChoice(which, wide, predicate);
    return;
  }
  if (which <= MUL_) {
    get(VA);
    get(VB);
    arithmetic(V_ADD + which, wide);
  } else {
    // division and root take the longer the more lanes there are
    if (which == DIV_) {
      get(VA);
      extract(wide);
    }
    get(VB);
    extract(wide);
    op(which == DIV_ ? (wide ? 0xa3 : 0x95) : wide ? 0x9f : 0x91);
    simd(wide ? SPLAT_F64 : SPLAT_F32);
  }
  set(VR);
  if (which == SQRT_) needRoot(wide);
  else needNormal(which, wide);
  get(VA);
  get(VR);
  extract(wide);
  replace(wide);
}

function scalarOf(v: u32, wide: bool, local: u32): void {
  get(v);
  extract(wide);
  set(local);
}

/** Operands neither NaN nor denormal; a result that is normal and neither the least normal number nor infinite, or an exact zero. */
function needNormal(which: u32, wide: bool): void {
  const a = wide ? DA : SA;
  const b = wide ? DB : SB;
  get(VR);
  arithmetic(V_ABS, wide);
  tee(VM);
  get(VA);
  arithmetic(V_ABS, wide);
  get(VB);
  arithmetic(V_ABS, wide);
  // the minimum is the first operand when there is a NaN; one in an operand is one in the result
  arithmetic(V_PMIN, wide);
  arithmetic(V_PMIN, wide);
  extract(wide);
  pushLeast(wide);
  scalar(GT_, wide);
  op(EQZ);
  when();
  scalarOf(VA, wide, a);
  scalarOf(VB, wide, b);
  needWhole(a, wide);
  needWhole(b, wide);
  get(VM);
  extract(wide);
  pushLeast(wide);
  scalar(GT_, wide);
  op(EQZ);
  when();
  get(VM);
  extract(wide);
  pushZero(wide);
  scalar(NE_, wide);
  brIf(slow);
  if (which == MUL_ || which == DIV_) {
    get(a);
    pushZero(wide);
    scalar(NE_, wide);
    if (which == MUL_) {
      get(b);
      pushZero(wide);
      scalar(NE_, wide);
      op(AND);
    }
    brIf(slow);
  }
  end();
  end();
  get(VM);
  extract(wide);
  pushInfinity(wide);
  scalar(LT_, wide);
  op(EQZ);
  brIf(slow);
}
/** The root of a positive normal number is normal. */
function needRoot(wide: bool): void {
  scalarOf(VB, wide, wide ? DB : SB);
  needWhole(wide ? DB : SB, wide);
  get(VR);
  extract(wide);
  pushInfinity(wide);
  scalar(LT_, wide);
  op(EQZ);
  brIf(slow);
}

/** MIN, MAX, CMP. */
function scalarChoice(which: u32, wide: bool, predicate: u32): void {
  const a = wide ? DA : SA;
  const b = wide ? DB : SB;
  scalarOf(VA, wide, a);
  scalarOf(VB, wide, b);
  needWhole(a, wide);
  needWhole(b, wide);
  get(VA);
  if (which == CMP_) mask(wide, predicate);
  else {
    get(VB);
    get(VA);
    arithmetic(which == MIN_ ? V_PMIN : V_PMAX, wide);
  }
  extract(wide);
  replace(wide);
}

/** Pushes the lanes of VA and VB compared; all are ordered. */
function mask(wide: bool, predicate: u32): void {
  const lower = predicate & 3;
  if (lower == 3) zeroVector();
  else {
    get(VA);
    get(VB);
    vector(lower == 0 ? V_EQ : lower == 1 ? V_LT : V_LE, wide);
  }
  if ((predicate & 4) != 0) simd(V_NOT);
}

// ---- packed --------------------------------------------------------------------------------------------------------------------------

function packedArithmetic(which: u32, wide: bool, predicate: u32): void {
  if (which == CMP_ || which == MIN_ || which == MAX_) {
    pushWhole(VA, wide);
    pushWhole(VB, wide);
    simd(V_AND);
    needAll(wide);
    if (which == CMP_) {
      mask(wide, predicate);
      return;
    }
    get(VB);
    get(VA);
    arithmetic(which == MIN_ ? V_PMIN : V_PMAX, wide);
    return;
  }
  if (which != SQRT_) get(VA);
  get(VB);
  arithmetic(which == SQRT_ ? V_SQRT : V_ADD + which, wide);
  set(VR);
  get(VR);
  arithmetic(V_ABS, wide);
  set(VM);
  if (which == SQRT_) {
    pushWhole(VB, wide);
    get(VR);
    splatInfinity(wide);
    vector(V_LT, wide);
    simd(V_AND);
    needAll(wide);
  } else {
    get(VM);
    get(VA);
    arithmetic(V_ABS, wide);
    get(VB);
    arithmetic(V_ABS, wide);
    arithmetic(V_PMIN, wide);
    arithmetic(V_PMIN, wide);
    splatLeast(wide);
    vector(V_GT, wide);
    get(VM);
    splatInfinity(wide);
    vector(V_LT, wide);
    simd(V_AND);
    simd(wide ? BITMASK64 : BITMASK32);
    constant(wide ? 3 : 15);
    op(NE);
    when();
    packedExactly(which, wide);
    end();
  }
  get(VR);
}

/** The same conditions with zeros among the operands or results. */
function packedExactly(which: u32, wide: bool): void {
  pushWhole(VA, wide);
  pushWhole(VB, wide);
  simd(V_AND);
  get(VM);
  splatLeast(wide);
  vector(V_GT, wide);
  get(VM);
  splatInfinity(wide);
  vector(V_LT, wide);
  simd(V_AND);
  pushZeros(VR, wide);
  if (which == MUL_ || which == DIV_) {
    pushZeros(VA, wide);
    if (which == MUL_) {
      pushZeros(VB, wide);
      simd(V_OR);
    }
    simd(V_AND);
  }
  simd(V_OR);
  simd(V_AND);
  needAll(wide);
}
function splatLeast(wide: bool): void {
  pushLeast(wide);
  simd(wide ? SPLAT_F64 : SPLAT_F32);
}
function splatInfinity(wide: bool): void {
  pushInfinity(wide);
  simd(wide ? SPLAT_F64 : SPLAT_F32);
}
function pushZeros(local: u32, wide: bool): void {
  get(local);
  zeroVector();
  vector(V_EQ, wide);
}
/** Pushes which lanes are a zero, a normal number or an infinity. */
export function pushWhole(local: u32, wide: bool): void {
  get(local);
  arithmetic(V_ABS, wide);
  splatLeast(wide);
  vector(V_GE, wide);
  pushZeros(local, wide);
  simd(V_OR);
}
/** Pops a mask of lanes: to the slow path unless all are set. */
export function needAll(wide: bool): void {
  simd(wide ? BITMASK64 : BITMASK32);
  constant(wide ? 3 : 15);
  op(NE);
  brIf(slow);
}

// ---- EFLAGS --------------------------------------------------------------------------------------------------------------------------

/** COMIS, UCOMIS: of ordered operands, in the lazy form of cpu/flags.ts. */
export function emitCompare(u: usize, wide: bool): void {
  const a = wide ? DA : SA;
  const b = wide ? DB : SB;
  beginFast(u);
  pushOperand(u, false, wide);
  extract(wide);
  set(b);
  getXmm(load<u16>(u, U_REG));
  extract(wide);
  set(a);
  needWhole(a, wide);
  needWhole(b, wide);
  get(a);
  get(b);
  scalar(NE_, wide);
  set(RESULT);
  // CF, and CF xor OF
  constant(0);
  get(a);
  get(b);
  scalar(LT_, wide);
  op(SUB);
  constant(30);
  op(SHL);
  set(CARRY);
  // the parity of the result is that of 0 or 1; PF is clear
  get(RESULT);
  constant(1);
  op(XOR);
  constant(16);
  op(SHL);
  set(AUX);
  endFast(u, WRITES_FLAGS, 0);
  settled();
}

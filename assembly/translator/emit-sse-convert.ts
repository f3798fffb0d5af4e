// SSE conversions in line, where nothing is raised: the conditions are those of ops/sse/convert.ts. SDM vol. 2 CVTx.
import { U_REG, U_RM } from '../uop';
import { WRITES_REG } from './emit-known';
import { extract, magnitude, needAll, needWhole, pushLeast, pushOperand, pushWhole, pushZero, QUICK, QUICK_BITS, replace } from './emit-sse-float';
import { getRegister, setRegister } from './frame';
import { beginFast, endFast, pushSource, slow } from './vector-memory';
import {
  checkUsable, DB, f32Constant, f64Constant, getXmm, LOAD_ZERO64, SB, setXmm, simd, unlessMxcsr, V_LOAD, VB, vectorMemory,
} from './vector';
import { brIf, end, EQZ, get, loadN, op, set, when } from './wasm';

// in the order of scripts/gen-forms-float.mjs
const SI2SD: u32 = 0;
const SI2SS: u32 = 1;
const TSD2SI: u32 = 2;
const TSS2SI: u32 = 3;
const SD2SI: u32 = 4;
const SS2SI: u32 = 5;
const SS2SD: u32 = 6;
const SD2SS: u32 = 7;
const DQ2PD: u32 = 8;
const DQ2PS: u32 = 9;
const TPS2DQ: u32 = 10;
const PS2DQ: u32 = 11;
const PS2PD: u32 = 12;

/** MXCSR: inexact results are masked and have been seen; rounding does not matter. */
const SEEN: u32 = 0x1020;

const F32_LT: u32 = 0x5d;
const F32_GT: u32 = 0x5e;
const F64_LT: u32 = 0x63;
const F64_GT: u32 = 0x64;
const F64_LE: u32 = 0x65;
const F64_NE: u32 = 0x62;
const TWO31_32: u32 = 0x4f000000;
const TWO31_64: u64 = 0x41e0000000000000;
const GREATEST31: u64 = 0x41dfffffffc00000; // 2147483647
const LEAST32_64: u64 = 0x3810000000000000; // the least normal and the greatest single number
const GREATEST32_64: u64 = 0x47efffffe0000000;

export function emitConvert(u: usize, which: u32): void {
  if (which <= SI2SS) fromInteger(u, which == SI2SD);
  else if (which <= SS2SI) toInteger(u, which);
  else if (which <= SD2SS) resize(u, which == SD2SS);
  else lanes(u, which);
}

function fromInteger(u: usize, wide: bool): void {
  const target: u32 = load<u16>(u, U_REG);
  const source: u32 = load<u16>(u, U_RM);
  const local = wide ? DB : SB;
  const simple = wide && source != 0;
  if (simple) checkUsable(u);
  else beginFast(u);
  if (!wide) unlessMxcsr(QUICK_BITS, QUICK, slow);
  if (source != 0) getRegister(source);
  else {
    pushSource(u, 4, false);
    loadN(4, 0);
  }
  op(wide ? 0xb7 : 0xb2);
  set(local);
  getXmm(target);
  get(local);
  replace(wide);
  setXmm(target);
  if (!simple) endFast(u, 0, target);
}

function toInteger(u: usize, which: u32): void {
  const wide = which == TSD2SI || which == SD2SI;
  const truncates = which <= TSS2SI;
  const local = wide ? DB : SB;
  beginFast(u);
  unlessMxcsr(truncates ? SEEN : QUICK_BITS, truncates ? SEEN : QUICK, slow);
  pushOperand(u, false, wide);
  extract(wide);
  set(local);
  get(local);
  magnitude(wide);
  if (wide) f64Constant(truncates ? TWO31_64 : GREATEST31);
  else f32Constant(TWO31_32);
  op(wide ? F64_LT : F32_LT);
  op(EQZ);
  brIf(slow);
  get(local);
  if (!truncates) op(wide ? 0x9e : 0x90);
  op(wide ? 0xaa : 0xa8);
  setRegister(load<u16>(u, U_REG));
  endFast(u, WRITES_REG, 0);
}

/** Between the precisions. */
function resize(u: usize, narrows: bool): void {
  const target: u32 = load<u16>(u, U_REG);
  beginFast(u);
  if (narrows) unlessMxcsr(QUICK_BITS, QUICK, slow);
  pushOperand(u, false, narrows);
  extract(narrows);
  set(narrows ? DB : SB);
  if (narrows) needSingle();
  else needWhole(SB, false);
  getXmm(target);
  get(narrows ? DB : SB);
  op(narrows ? 0xb6 : 0xbb);
  replace(!narrows);
  setXmm(target);
  endFast(u, 0, target);
}
/** DB within the normal range of single precision, its lower edge excluded, or a zero. */
function needSingle(): void {
  get(DB);
  magnitude(true);
  f64Constant(LEAST32_64);
  op(F64_GT);
  op(EQZ);
  when();
  get(DB);
  pushZero(true);
  op(F64_NE);
  brIf(slow);
  end();
  get(DB);
  magnitude(true);
  f64Constant(GREATEST32_64);
  op(F64_LE);
  op(EQZ);
  brIf(slow);
}

const DQ2PD_LOW: u32 = 0xfe;
const DQ2PS_ALL: u32 = 0xfa;
const TRUNCATE_PS: u32 = 0xf8;
const NEAREST_PS: u32 = 0x6a;
const PROMOTE_LOW: u32 = 0x5f;
const PS_ABS: u32 = 0xe0;
const PS_LT: u32 = 0x43;
const SPLAT_F32: u32 = 0x13;

function lanes(u: usize, which: u32): void {
  const target: u32 = load<u16>(u, U_REG);
  const source: u32 = load<u16>(u, U_RM);
  const half = which == DQ2PD || which == PS2PD;
  beginFast(u);
  if (which == DQ2PS || which == PS2DQ) unlessMxcsr(QUICK_BITS, QUICK, slow);
  else if (which == TPS2DQ) unlessMxcsr(SEEN, SEEN, slow);
  if (source != 0) getXmm(source);
  else {
    pushSource(u, half ? 8 : 16, !half);
    vectorMemory(half ? LOAD_ZERO64 : V_LOAD, 0);
  }
  set(VB);
  if (which == PS2PD) {
    // as doubles: the upper lanes of a register are not looked at
    pushWhole(VB, false);
    simd(0xa4);
    op(0x41);
    op(3);
    op(0x71);
    op(0x41);
    op(3);
    op(0x47);
    brIf(slow);
  } else if (which >= TPS2DQ) {
    get(VB);
    simd(PS_ABS);
    f32Constant(TWO31_32);
    simd(SPLAT_F32);
    simd(PS_LT);
    needAll(false);
  }
  get(VB);
  if (which == PS2DQ) simd(NEAREST_PS);
  simd(which == DQ2PD ? DQ2PD_LOW : which == DQ2PS ? DQ2PS_ALL : which == PS2PD ? PROMOTE_LOW : TRUNCATE_PS);
  setXmm(target);
  endFast(u, 0, target);
}

// SSE integer operations that take several vector instructions: shifts by a register, multiplications, PSHUFB, PSADBW.
// ops/mmx/shift.ts, mmx/multiply.ts and mmx/shuffle.ts say what they mean; SDM vol. 2.
import { U_REG, U_RM } from '../uop';
import { WIDE } from './frame';
import { beginFast, endFast, pushSource } from './vector-memory';
import {
  checkUsable, getXmm, lane, setXmm, simd, V_AND, V_LOAD, V_OR, VA, VB, vectorConstant, vectorMemory, VR, zeroVector,
} from './vector';
import { constant, ELSE, end, get, I64_CONST, op, SELECT, set, signed, tee, when, WRAP } from './wasm';

// in the order of scripts/gen-forms-float.mjs
const PSHUFB: u32 = 0;
const PMULUDQ: u32 = 1;
const PMULHW: u32 = 2;
const PMULHUW: u32 = 3;

const SHUFFLE: u32 = 0x0d;
const SWIZZLE: u32 = 0x0e;
const EXTRACT64: u32 = 0x1d;
const SUB_SAT8_U: u32 = 0x73;
const PAIRS8_U: u32 = 0x7d;
const PAIRS16_U: u32 = 0x7f;
const PRODUCTS_LOW16: u32 = 0xbc; // signed; unsigned + 2
const PRODUCTS_HIGH16: u32 = 0xbd;
const SHIFT_RIGHT64: u32 = 0xcd;
const ADD64: u32 = 0xce;
const PRODUCTS_LOW32_U: u32 = 0xde;
const I64_LT_U: u32 = 0x54;

/** Target and source to VA and VB. */
function fetchBoth(u: usize): void {
  const source: u32 = load<u16>(u, U_RM);
  if (source != 0) {
    checkUsable(u);
    getXmm(source);
  } else {
    beginFast(u);
    pushSource(u, 16, true);
    vectorMemory(V_LOAD, 0);
  }
  set(VB);
  getXmm(load<u16>(u, U_REG));
  set(VA);
}
/** Pops the result. */
function finish(u: usize): void {
  setXmm(load<u16>(u, U_REG));
  if (load<u16>(u, U_RM) == 0) endFast(u, 0, load<u16>(u, U_REG));
}

/** A shift by the low 64 bits of the source; `sign`: a large count fills with the sign, others clear. */
export function emitShiftBy(u: usize, code: u32, bits: u32, sign: bool): void {
  fetchBoth(u);
  get(VB);
  lane(EXTRACT64, 0);
  set(WIDE);
  if (sign) {
    get(VA);
    get(WIDE);
    op(WRAP);
    constant(bits - 1);
    pushFits(bits);
    op(SELECT);
    simd(code);
  } else {
    pushFits(bits);
    when();
    get(VA);
    get(WIDE);
    op(WRAP);
    simd(code);
    set(VR);
    op(ELSE);
    zeroVector();
    set(VR);
    end();
    get(VR);
  }
  finish(u);
}
function pushFits(bits: u32): void {
  get(WIDE);
  op(I64_CONST);
  signed(<i32>bits);
  op(I64_LT_U);
}

export function emitSequence(u: usize, which: u32): void {
  fetchBoth(u);
  switch (which) {
    case PSHUFB:
      // only bit 7 and the lane number of an index count
      get(VA);
      get(VB);
      vectorConstant(0x8f8f8f8f8f8f8f8f);
      simd(V_AND);
      simd(SWIZZLE);
      break;
    case PMULUDQ:
      pushEven32(VA);
      pushEven32(VB);
      simd(PRODUCTS_LOW32_U);
      break;
    case PMULHW: case PMULHUW:
      pushProducts(which == PMULHW ? PRODUCTS_LOW16 : PRODUCTS_LOW16 + 2);
      pushProducts(which == PMULHW ? PRODUCTS_HIGH16 : PRODUCTS_HIGH16 + 2);
      // the upper half of each
      simd(SHUFFLE);
      for (let i: u32 = 0; i < 16; i++) op(((i >>> 1) << 2) + 2 + (i & 1));
      break;
    default:
      pushDifferences();
  }
  finish(u);
}
function pushEven32(v: u32): void {
  get(v);
  get(v);
  simd(SHUFFLE);
  for (let i: u32 = 0; i < 16; i++) op((i & 3) + ((i & 4) << 1));
}
function pushProducts(code: u32): void {
  get(VA);
  get(VB);
  simd(code);
}
/** PSADBW. */
function pushDifferences(): void {
  get(VA);
  get(VB);
  simd(SUB_SAT8_U);
  get(VB);
  get(VA);
  simd(SUB_SAT8_U);
  simd(V_OR);
  simd(PAIRS8_U);
  simd(PAIRS16_U);
  tee(VR);
  vectorConstant(0xffffffff);
  simd(V_AND);
  get(VR);
  constant(32);
  simd(SHIFT_RIGHT64);
  simd(ADD64);
}

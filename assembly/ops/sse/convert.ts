// Conversions between integers, single and double precision.
// SDM vol. 2: CVTx. The engine's own conversion where it is exact or its inexactness changes nothing, sse-soft-float.ts otherwise.
import { MXCSR } from '../../abi';
import { fault, faulted } from '../../cpu/fault';
import { U_REG, UOP_SIZE } from '../../uop';
import { readE32 } from '../operand';
import { quick, whole32 } from './float';
import { settle } from './float-exact';
import {
  enterMmx, mmxReady, putMmx, putXmm, slot, source128, source32, source64, sseReady, target,
} from './operand';
import { clearRaised, fromInteger, reformat, toInteger } from './soft-float';

const PE: u32 = 0x20;
const PM: u32 = 0x1000;
const LEAST32: f64 = 1.1754943508222875e-38;
const GREATEST32: f64 = 3.4028234663852886e38;

/** An inexact result changes nothing. */
// @ts-ignore: decorator
@inline function imprecise(): bool { return (load<u32>(MXCSR) & (PE | PM)) == (PE | PM); }

// ---- integer to floating point ----------------------------------------------------------------------------------------------
export function cvtsi2sd(u: usize): usize {
  if (!sseReady()) return fault(u);
  const value = readE32(u);
  if (faulted()) return fault(u);
  store<f64>(target(u), <f64><i32>value);
  return u + UOP_SIZE;
}

export function cvtsi2ss(u: usize): usize {
  if (!sseReady()) return fault(u);
  const value = readE32(u);
  if (faulted()) return fault(u);
  if (quick()) {
    store<f32>(target(u), <f32><i32>value);
    return u + UOP_SIZE;
  }
  clearRaised();
  const r = fromInteger(<i32>value, false);
  if (!settle()) return fault(u);
  store<u32>(target(u), <u32>r);
  return u + UOP_SIZE;
}

/** Two 32-bit integers to single precision. */
// @ts-ignore: decorator
@inline function twoToSingle(s: usize): u64 {
  return fromInteger(load<i32>(s), false) | (fromInteger(load<i32>(s, 4), false) << 32);
}

export function cvtdq2ps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  if (quick()) return putXmm(u, f32x4.convert_i32x4_s(v128.load(s)));
  clearRaised();
  const below = twoToSingle(s);
  const above = twoToSingle(s + 8);
  return settle() ? putXmm(u, i64x2.replace_lane(i64x2.splat(below), 1, above)) : fault(u);
}

export function cvtdq2pd(u: usize): usize {
  const s = source64(u);
  return s ? putXmm(u, f64x2.convert_low_i32x4_s(v128.load_zero<u64>(s))) : fault(u);
}

// The x87 state is asked for and changes only when the source is an MM register.
export function cvtpi2ps(u: usize): usize {
  if (!sseReady()) return fault(u);
  if (slot(u) && !mmxReady()) return fault(u);
  const s = source64(u);
  if (!s) return fault(u);
  if (slot(u)) enterMmx();
  clearRaised();
  const r = twoToSingle(s);
  if (!settle()) return fault(u);
  store<u64>(target(u), r);
  return u + UOP_SIZE;
}

export function cvtpi2pd(u: usize): usize {
  if (slot(u) && !mmxReady()) return fault(u);
  const s = source64(u);
  if (!s) return fault(u);
  v128.store(target(u), f64x2.convert_low_i32x4_s(v128.load_zero<u64>(s)));
  if (slot(u)) enterMmx();
  return u + UOP_SIZE;
}

// ---- floating point to integer ------------------------------------------------------------------------------------------------
// @ts-ignore: decorator
@inline function integer32(s: usize, truncate: bool): u64 { return toInteger(load<u32>(s), false, truncate); }
// @ts-ignore: decorator
@inline function integer64(s: usize, truncate: bool): u64 { return toInteger(load<u64>(s), true, truncate); }

/** The end of a conversion of one number to a general register. */
function settleGeneral(u: usize, value: u32): usize {
  if (!settle()) return fault(u);
  store<u32>(load<u16>(u, U_REG), value);
  return u + UOP_SIZE;
}

export function cvttsd2si(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  const a = load<f64>(s);
  if (imprecise() && abs<f64>(a) < 2147483648.0) {
    store<i32>(load<u16>(u, U_REG), <i32>a);
    return u + UOP_SIZE;
  }
  clearRaised();
  return settleGeneral(u, <u32>integer64(s, true));
}

export function cvttss2si(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  const a = load<f32>(s);
  if (imprecise() && abs<f32>(a) < 2147483648.0) {
    store<i32>(load<u16>(u, U_REG), <i32>a);
    return u + UOP_SIZE;
  }
  clearRaised();
  return settleGeneral(u, <u32>integer32(s, true));
}

export function cvtsd2si(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  const a = load<f64>(s);
  if (quick() && abs<f64>(a) < 2147483647.0) {
    store<i32>(load<u16>(u, U_REG), <i32>nearest<f64>(a));
    return u + UOP_SIZE;
  }
  clearRaised();
  return settleGeneral(u, <u32>integer64(s, false));
}

export function cvtss2si(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  const a = load<f32>(s);
  if (quick() && abs<f32>(a) < 2147483648.0) {
    store<i32>(load<u16>(u, U_REG), <i32>nearest<f32>(a));
    return u + UOP_SIZE;
  }
  clearRaised();
  return settleGeneral(u, <u32>integer32(s, false));
}

/** Two singles, or two doubles, at `s` as two integers. */
function twoIntegers32(s: usize, truncate: bool): u64 { return integer32(s, truncate) | (integer32(s + 4, truncate) << 32); }
function twoIntegers64(s: usize, truncate: bool): u64 { return integer64(s, truncate) | (integer64(s + 8, truncate) << 32); }

function fourIntegers(u: usize, s: usize, truncate: bool): usize {
  clearRaised();
  const below = twoIntegers32(s, truncate);
  const above = twoIntegers32(s + 8, truncate);
  return settle() ? putXmm(u, i64x2.replace_lane(i64x2.splat(below), 1, above)) : fault(u);
}
// @ts-ignore: decorator
@inline function small(a: v128): bool { return i32x4.all_true(f32x4.lt(f32x4.abs(a), f32x4.splat(2147483648.0))); }

export function cvttps2dq(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = v128.load(s);
  return imprecise() && small(a) ? putXmm(u, i32x4.trunc_sat_f32x4_s(a)) : fourIntegers(u, s, true);
}
export function cvtps2dq(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = v128.load(s);
  return quick() && small(a) ? putXmm(u, i32x4.trunc_sat_f32x4_s(f32x4.nearest(a))) : fourIntegers(u, s, false);
}

/** Fits 32 bits, rounded either way. */
// @ts-ignore: decorator
@inline function smallWide(a: v128): bool { return i64x2.all_true(f64x2.lt(f64x2.abs(a), f64x2.splat(2147483647.0))); }

function doublesToXmm(u: usize, s: usize, truncate: bool): usize {
  clearRaised();
  const r = twoIntegers64(s, truncate);
  return settle() ? putXmm(u, i64x2.replace_lane(i64x2.splat(0), 0, r)) : fault(u);
}
export function cvttpd2dq(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = v128.load(s);
  return imprecise() && smallWide(a) ? putXmm(u, i32x4.trunc_sat_f64x2_s_zero(a)) : doublesToXmm(u, s, true);
}
export function cvtpd2dq(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  const a = v128.load(s);
  return quick() && smallWide(a) ? putXmm(u, i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(a))) : doublesToXmm(u, s, false);
}

/** #XM or not, the x87 state has become that of MMX. */
function toMmx(u: usize, r: u64): usize {
  enterMmx();
  return settle() ? putMmx(u, i64x2.replace_lane(i64x2.splat(0), 0, r)) : fault(u);
}
function singlesToMmx(u: usize, truncate: bool): usize {
  const s = mmxReady() ? source64(u) : 0;
  if (!s) return fault(u);
  clearRaised();
  return toMmx(u, twoIntegers32(s, truncate));
}
function doublesToMmx(u: usize, truncate: bool): usize {
  const s = mmxReady() ? source128(u) : 0;
  if (!s) return fault(u);
  clearRaised();
  return toMmx(u, twoIntegers64(s, truncate));
}
export function cvttps2pi(u: usize): usize { return singlesToMmx(u, true); }
export function cvtps2pi(u: usize): usize { return singlesToMmx(u, false); }
export function cvttpd2pi(u: usize): usize { return doublesToMmx(u, true); }
export function cvtpd2pi(u: usize): usize { return doublesToMmx(u, false); }

// ---- between the precisions -----------------------------------------------------------------------------------------------------
export function cvtss2sd(u: usize): usize {
  const s = source32(u);
  if (!s) return fault(u);
  const a = load<f32>(s);
  if (abs<f64>(a) >= LEAST32 || a == 0) {
    store<f64>(target(u), a);
    return u + UOP_SIZE;
  }
  clearRaised();
  const r = reformat(load<u32>(s), false);
  if (!settle()) return fault(u);
  store<u64>(target(u), r);
  return u + UOP_SIZE;
}

export function cvtps2pd(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  const a = v128.load_zero<u64>(s);
  if (i32x4.all_true(whole32(a))) return putXmm(u, f64x2.promote_low_f32x4(a));
  clearRaised();
  const below = reformat(load<u32>(s), false);
  const above = reformat(load<u32>(s, 4), false);
  return settle() ? putXmm(u, i64x2.replace_lane(i64x2.splat(below), 1, above)) : fault(u);
}

/** Within the normal range of single precision, its edges excluded. */
// @ts-ignore: decorator
@inline function single(a: f64): bool { return (abs<f64>(a) > LEAST32 && abs<f64>(a) <= GREATEST32) || a == 0; }

export function cvtsd2ss(u: usize): usize {
  const s = source64(u);
  if (!s) return fault(u);
  const a = load<f64>(s);
  if (quick() && single(a)) {
    store<f32>(target(u), <f32>a);
    return u + UOP_SIZE;
  }
  clearRaised();
  const r = reformat(load<u64>(s), true);
  if (!settle()) return fault(u);
  store<u32>(target(u), <u32>r);
  return u + UOP_SIZE;
}

export function cvtpd2ps(u: usize): usize {
  const s = source128(u);
  if (!s) return fault(u);
  if (quick() && single(load<f64>(s)) && single(load<f64>(s, 8))) return putXmm(u, f32x4.demote_f64x2_zero(v128.load(s)));
  clearRaised();
  const below = reformat(load<u64>(s), true);
  const above = reformat(load<u64>(s, 8), true);
  return settle() ? putXmm(u, i64x2.replace_lane(i64x2.splat(0), 0, below | (above << 32))) : fault(u);
}

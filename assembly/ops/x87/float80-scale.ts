// Operations on exponents: partial remainders, scaling, and splitting a value.
// SDM vol. 2 FPREM, FPREM1, FSCALE, FXTRACT.
import { FPU_STATUS } from '../../abi';
import { divide128, divideRemainder } from './float80-arithmetic';
import { exponentOf, isInfinite, needsNan, normalised, noteDenormal, quiet, quietOf } from './float80-class';
import { C0, C2, C3 } from './float80-compare';
import { fromInteger } from './float80-integer';
import { BIAS, C1, controlWord, EXP_MAX, give, invalid, packBy, PC, SIGN, signal, TOP, ZE } from './float80-round';

let conditions: u32 = 0;

/** C0 to C3 of the last remainder: low quotient bits, or C2 when the reduction is not complete. */
export function remainderConditions(): u32 { return conditions; }

/** a rem b, the quotient rounded to zero or (`nearest`) to even; at most 63 quotient bits at a time. */
export function partialRemainder(aw: u32, a: u64, bw: u32, b: u64, nearest: bool): u64 {
  // without a quotient C0 and C3 stay
  conditions = <u32>load<u16>(FPU_STATUS) & (C0 | C3);
  if (needsNan(aw, a) || needsNan(bw, b)) return quietOf(aw, a, bw, b);
  if (isInfinite(aw, a) || b == 0) return invalid();
  conditions = 0;
  noteDenormal(aw, a);
  noteDenormal(bw, b);
  if (a == 0) return give(aw, 0);
  const ae = exponentOf(aw, a);
  a = normalised(a);
  const distance = isInfinite(bw, b) ? -2 : ae - exponentOf(bw, b);
  b = normalised(b);
  if (distance < 0) {
    // below half of b: a is the remainder; between half and all of it the nearest quotient is 1
    if (!nearest || distance < -1 || a <= b) return exact(aw & SIGN, ae, a);
    conditions = C1;
    return exact((aw & SIGN) ^ SIGN, ae, (b << 1) - a);
  }
  let sign = aw & SIGN;
  const partial = distance > 63;
  // as the processors do: the reduction of the exponent leaves a multiple of 32
  const bits: u64 = partial ? <u64>((distance & 31) | 32) : distance;
  let q = divide128(bits ? a >> (64 - bits) : 0, a << bits, b);
  let r = divideRemainder();
  if (partial) {
    conditions = C2;
  } else {
    if (nearest && (r > b - r || (r == b - r && q & 1))) {
      q++;
      r = b - r;
      sign ^= SIGN;
    }
    conditions = (q & 4 ? C0 : 0) | (q & 2 ? C3 : 0) | (q & 1 ? C1 : 0);
  }
  if (r == 0) return give(aw & SIGN, 0);
  return exact(sign, ae - <i32>bits, r);
}

/** sig * 2^(exp - bias - 63), which needs no rounding. */
function exact(sign: u32, exp: i32, sig: u64): u64 {
  const n = clz(sig);
  return packBy(controlWord() | PC, sign, exp - <i32>n, sig << n, 0);
}

/** a * 2^trunc(b). */
export function scale(aw: u32, a: u64, bw: u32, b: u64): u64 {
  if (needsNan(aw, a) || needsNan(bw, b)) return quietOf(aw, a, bw, b);
  const sign = aw & SIGN;
  if (isInfinite(bw, b)) {
    if (bw & SIGN ? isInfinite(aw, a) : a == 0) return invalid();
    noteDenormal(aw, a);
    if (isInfinite(aw, a)) return give(aw, a);
    return bw & SIGN ? give(sign, 0) : give(sign | EXP_MAX, TOP);
  }
  noteDenormal(aw, a);
  noteDenormal(bw, b);
  if (a == 0 || isInfinite(aw, a)) return give(aw, a);
  const be = <i32>(bw & 0x7fff) - BIAS;
  let n: i32 = 0;
  if (be >= 0) n = be > 16 ? 0x20000 : <i32>(b >> <u64>(63 - be));
  if (bw & SIGN) n = -n;
  return packBy(controlWord() | PC, sign, exponentOf(aw, a) + n, normalised(a), 0);
}

/** The unbiased exponent, as a number. */
export function extractExponent(w: u32, sig: u64): u64 {
  if (needsNan(w, sig)) return quiet(w, sig);
  if (isInfinite(w, sig)) return give(EXP_MAX, TOP);
  if (sig == 0) {
    signal(ZE);
    return give(SIGN | EXP_MAX, TOP);
  }
  noteDenormal(w, sig);
  return fromInteger(exponentOf(w, sig) - BIAS);
}

/** The significand, as a number of exponent 0. */
export function extractSignificand(w: u32, sig: u64): u64 {
  if (needsNan(w, sig)) return quiet(w, sig);
  if (sig == 0 || isInfinite(w, sig)) return give(w, sig);
  return give((w & SIGN) | BIAS, normalised(sig));
}

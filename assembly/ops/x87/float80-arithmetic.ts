// Add, subtract, multiply, divide and square root of 80-bit values.
// SDM vol. 2 FADD, FSUB, FMUL, FDIV, FSQRT (tables of special operands); schoolbook division as in Knuth vol. 2 4.3.1 D.
import {
  exponentOf, isDenormal, isInfinite, isNormal, needsNan, normalised, noteDenormal, quiet, quietOf,
} from './float80-class';
import { BIAS, EXP_MAX, give, giveCancelled, invalid, pack, SIGN, signal, TOP, ZE } from './float80-round';

export function add(aw: u32, a: u64, bw: u32, b: u64): u64 {
  if (isNormal(aw, a) && isNormal(bw, b)) return sum(aw, <i32>(aw & 0x7fff), a, bw, <i32>(bw & 0x7fff), b);
  return sumSpecial(aw, a, bw, b, 0);
}

export function sub(aw: u32, a: u64, bw: u32, b: u64): u64 {
  if (isNormal(aw, a) && isNormal(bw, b)) return sum(aw, <i32>(aw & 0x7fff), a, bw ^ SIGN, <i32>(bw & 0x7fff), b);
  return sumSpecial(aw, a, bw, b, SIGN);
}

/** Sum of normalised numbers; of the words only the signs count. */
function sum(aw: u32, ae: i32, a: u64, bw: u32, be: i32, b: u64): u64 {
  if (ae < be || (ae == be && a < b)) {
    const w = aw; aw = bw; bw = w;
    const e = ae; ae = be; be = e;
    const s = a; a = b; b = s;
  }
  const sign = aw & SIGN;
  let rest: u64 = 0;
  const d: u64 = ae - be;
  if (d != 0) {
    if (d < 64) {
      rest = b << (64 - d);
      b >>= d;
    } else {
      // a power of two less something loses its top place: below the first bit cut off, the next decides
      rest = d == 64 ? b : d < 128 ? (b >> (d - 64)) | u64((b << (128 - d)) != 0) : 1;
      b = 0;
    }
  }
  if (((aw ^ bw) & SIGN) == 0) {
    let s = a + b;
    if (s < a) {
      rest = (s << 63) | (rest >> 1) | (rest & 1);
      s = (s >> 1) | TOP;
      ae++;
    }
    return pack(sign, ae, s, rest);
  }
  let s = a - b - u64(rest != 0);
  rest = 0 - rest;
  if (<i64>s >= 0) {
    if (s == 0) {
      if (rest == 0) return giveCancelled();
      // only one bit of the smaller number was shifted out
      s = rest;
      rest = 0;
      ae -= 64;
    }
    const n = clz(s);
    if (n) {
      s = (s << n) | (rest >> (64 - n));
      rest <<= n;
      ae -= <i32>n;
    }
  }
  return pack(sign, ae, s, rest);
}

function sumSpecial(aw: u32, a: u64, bw: u32, b: u64, flip: u32): u64 {
  if (needsNan(aw, a) || needsNan(bw, b)) return quietOf(aw, a, bw, b);
  bw ^= flip;
  const aInfinite = isInfinite(aw, a);
  const bInfinite = isInfinite(bw, b);
  if (aInfinite && bInfinite && (aw ^ bw) & SIGN) return invalid();
  noteDenormal(aw, a);
  noteDenormal(bw, b);
  if (aInfinite) return give(aw, a);
  if (bInfinite) return give(bw, b);
  if (a == 0) {
    if (b != 0) return pack(bw & SIGN, exponentOf(bw, b), normalised(b), 0);
    return (aw ^ bw) & SIGN ? giveCancelled() : give(aw, 0);
  }
  if (b == 0) return pack(aw & SIGN, exponentOf(aw, a), normalised(a), 0);
  return sum(aw, exponentOf(aw, a), normalised(a), bw, exponentOf(bw, b), normalised(b));
}

/** The high half of a 128-bit product. */
// @ts-ignore: decorator
@inline export function mulHigh(a: u64, b: u64): u64 {
  const a1 = a >> 32;
  const a0 = a & 0xffffffff;
  const b1 = b >> 32;
  const b0 = b & 0xffffffff;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  const low = a0 * b1 + (middle & 0xffffffff);
  return a1 * b1 + (middle >> 32) + (low >> 32);
}

export function mul(aw: u32, a: u64, bw: u32, b: u64): u64 {
  if (isNormal(aw, a) && isNormal(bw, b)) {
    return product((aw ^ bw) & SIGN, <i32>(aw & 0x7fff) + <i32>(bw & 0x7fff), a, b);
  }
  if (needsNan(aw, a) || needsNan(bw, b)) return quietOf(aw, a, bw, b);
  const sign = (aw ^ bw) & SIGN;
  if (isInfinite(aw, a) || isInfinite(bw, b)) {
    if (a == 0 || b == 0) return invalid();
    noteDenormal(aw, a);
    noteDenormal(bw, b);
    return give(sign | EXP_MAX, TOP);
  }
  noteDenormal(aw, a);
  noteDenormal(bw, b);
  if (a == 0 || b == 0) return give(sign, 0);
  return product(sign, exponentOf(aw, a) + exponentOf(bw, b), normalised(a), normalised(b));
}

// @ts-ignore: decorator
@inline function product(sign: u32, exponents: i32, a: u64, b: u64): u64 {
  const high = mulHigh(a, b);
  const low = a * b;
  if (<i64>high < 0) return pack(sign, exponents - (BIAS - 1), high, low);
  return pack(sign, exponents - BIAS, (high << 1) | (low >> 63), low << 1);
}

let remainder: u64 = 0;

/** Remainder of the last `divide128`. */
// @ts-ignore: decorator
@inline export function divideRemainder(): u64 { return remainder; }

/** high:low / d for high < d, d with its top bit set. */
export function divide128(high: u64, low: u64, d: u64): u64 {
  const d1 = d >> 32;
  const d0 = d & 0xffffffff;
  const l1 = low >> 32;
  const l0 = low & 0xffffffff;
  let q1 = high / d1;
  let r = high - q1 * d1;
  while (q1 >> 32 != 0 || q1 * d0 > ((r << 32) | l1)) {
    q1--;
    r += d1;
    if (r >> 32 != 0) break;
  }
  const middle = ((high << 32) | l1) - q1 * d;
  let q0 = middle / d1;
  r = middle - q0 * d1;
  while (q0 >> 32 != 0 || q0 * d0 > ((r << 32) | l0)) {
    q0--;
    r += d1;
    if (r >> 32 != 0) break;
  }
  remainder = ((middle << 32) | l0) - q0 * d;
  return (q1 << 32) + q0;
}

export function div(aw: u32, a: u64, bw: u32, b: u64): u64 {
  const sign = (aw ^ bw) & SIGN;
  if (isNormal(aw, a) && isNormal(bw, b)) {
    return quotient(sign, <i32>(aw & 0x7fff) - <i32>(bw & 0x7fff), a, b);
  }
  if (needsNan(aw, a) || needsNan(bw, b)) return quietOf(aw, a, bw, b);
  const aInfinite = isInfinite(aw, a);
  const bInfinite = isInfinite(bw, b);
  if ((aInfinite && bInfinite) || (a == 0 && b == 0)) return invalid();
  if (b == 0 && !aInfinite) {
    signal(ZE);
    return give(sign | EXP_MAX, TOP);
  }
  noteDenormal(aw, a);
  noteDenormal(bw, b);
  if (aInfinite) return give(sign | EXP_MAX, TOP);
  if (bInfinite || a == 0) return give(sign, 0);
  return quotient(sign, exponentOf(aw, a) - exponentOf(bw, b), normalised(a), normalised(b));
}

function quotient(sign: u32, exponents: i32, a: u64, b: u64): u64 {
  let q: u64;
  if (a < b) {
    q = divide128(a, 0, b);
    exponents--;
  } else {
    q = divide128(a >> 1, a << 63, b);
  }
  // above, at or below half of the last place
  const r = remainder;
  const rest: u64 = r == 0 ? 0 : r > b - r ? TOP | 1 : r == b - r ? TOP : 1;
  return pack(sign, exponents + BIAS, q, rest);
}

export function sqrt(w: u32, sig: u64): u64 {
  if (!isNormal(w, sig) || w & SIGN) {
    if (needsNan(w, sig)) return quiet(w, sig);
    if (sig == 0) return give(w, 0);
    if (w & SIGN) return invalid();
    if (isInfinite(w, sig)) return give(w, sig);
    if (isDenormal(w, sig)) noteDenormal(w, sig);
  }
  return squareRoot(exponentOf(w, sig) - BIAS, normalised(sig));
}

/** Root of sig * 2^(exp - 63): the upper half by a floating-point estimate, the lower by one division (Zimmermann 1999). */
function squareRoot(exp: i32, sig: u64): u64 {
  const odd: u64 = exp & 1;
  // the radicand is high:low with 126 or 127 bits, so that the root has 64
  let high = odd ? sig : sig >> 1;
  let low = odd ? 0 : sig << 63;
  let upper = <u64>Math.sqrt(<f64>high);
  while (upper > 0xffffffff || upper * upper > high) upper--;
  while (upper < 0xffffffff && (upper + 1) * (upper + 1) <= high) upper++;
  const r = high - upper * upper; // at most 2 * upper: 33 bits
  // next 32 bits: (r * 2^32 + low >> 32) / (2 * upper), with the dividend halved as it may have 65 bits
  const half = (r << 31) | (low >> 33);
  let lower = half / upper;
  let carry = ((half - lower * upper) << 1) | ((low >> 32) & 1);
  // remainder of the whole: carry * 2^32 + low 32 bits - lower^2, in 128 bits
  if (lower > 0xffffffff) {
    carry += (lower - 0xffffffff) * (upper << 1);
    lower = 0xffffffff;
  }
  const square = lower * lower;
  const left = (carry << 32) | (low & 0xffffffff);
  let leftHigh = <i64>(carry >> 32) - i64(left < square);
  let left0 = left - square;
  let root = (upper << 32) + lower;
  while (leftHigh < 0) {
    // one too many: the remainder grows by 2 * root - 1 of the smaller root
    root--;
    const grow = (root << 1) | 1;
    const s = left0 + grow;
    leftHigh += <i64>(root >> 63) + i64(s < grow);
    left0 = s;
  }
  // the remainder is at most 2 * root: more than root is more than half
  const rest: u64 = leftHigh == 0 && left0 == 0 ? 0 : leftHigh > 0 || left0 > root ? TOP | 1 : 1;
  return pack(0, (exp >> 1) + BIAS, root, rest);
}

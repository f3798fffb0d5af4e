// Numbers of 128 significant bits in memory, for the insides of transcendental functions. Truncated, not rounded.
// Ours. A record: significand low u64 and high u64 (top bit set, or all zero), exponent i32, sign u32 (0 or SIGN);
// its value is significand / 2^127 * 2^exponent.
import { divide128, divideRemainder, mulHigh } from './float80-arithmetic';
import { exponentOf, normalised } from './float80-class';
import { BIAS, controlWord, give, packBy, PC, SIGN, TOP } from './float80-round';

export const WIDE_SIZE: u32 = 24;
const LOW: usize = 0;
const HIGH: usize = 8;
const EXPONENT: usize = 16;
const SIGN_AT: usize = 20;

const QUOTIENT: usize = memory.data(24, 8);
const RESIDUE: usize = memory.data(24, 8);
const TERM: usize = memory.data(24, 8);
const ONE: usize = memory.data(24, 8);
/** 1/n for 0 < n <= 600, worked out when first asked for. */
const INVERSE_TABLE: usize = memory.data(601 * 24, 8);

export function setWide(at: usize, sign: u32, exp: i32, high: u64, low: u64): void {
  store<u64>(at, low, LOW);
  store<u64>(at, high, HIGH);
  store<i32>(at, exp, EXPONENT);
  store<u32>(at, sign, SIGN_AT);
}

export function copyWide(to: usize, from: usize): void {
  memory.copy(to, from, WIDE_SIZE);
}

/** A finite 80-bit value. */
export function wideOf(at: usize, w: u32, sig: u64): void {
  if (sig == 0) setWide(at, w & SIGN, 0, 0, 0);
  else setWide(at, w & SIGN, exponentOf(w, sig) - BIAS, normalised(sig), 0);
}

export function wideOfInteger(at: usize, v: i64): void {
  if (v == 0) {
    setWide(at, 0, 0, 0, 0);
    return;
  }
  const m: u64 = v < 0 ? 0 - <u64>v : <u64>v;
  setWide(at, v < 0 ? SIGN : 0, 63 - <i32>clz(m), m << clz(m), 0);
}

/** Rounds to a result of 80 bits; precision control does not apply to what needs wide numbers. */
export function packWide(at: usize): u64 {
  const high = wideHigh(at);
  if (high == 0) return give(wideSign(at), 0);
  return packBy(controlWord() | PC, wideSign(at), wideExponent(at) + BIAS, high, load<u64>(at, LOW));
}

// @ts-ignore: decorator
@inline export function wideHigh(at: usize): u64 { return load<u64>(at, HIGH); }
// @ts-ignore: decorator
@inline export function wideExponent(at: usize): i32 { return load<i32>(at, EXPONENT); }
// @ts-ignore: decorator
@inline export function wideSign(at: usize): u32 { return load<u32>(at, SIGN_AT); }
// @ts-ignore: decorator
@inline export function setWideSign(at: usize, sign: u32): void { store<u32>(at, sign, SIGN_AT); }
// @ts-ignore: decorator
@inline export function negateWide(at: usize): void { store<u32>(at, wideSign(at) ^ SIGN, SIGN_AT); }
/** Multiplies by 2^n. */
// @ts-ignore: decorator
@inline export function scaleWide(at: usize, n: i32): void { store<i32>(at, wideExponent(at) + n, EXPONENT); }

export function mulWide(to: usize, a: usize, b: usize): void {
  const ah = load<u64>(a, HIGH);
  const al = load<u64>(a, LOW);
  const bh = load<u64>(b, HIGH);
  const bl = load<u64>(b, LOW);
  const sign = wideSign(a) ^ wideSign(b);
  if (ah == 0 || bh == 0) {
    setWide(to, sign, 0, 0, 0);
    return;
  }
  let exp = wideExponent(a) + wideExponent(b) + 1;
  let high = mulHigh(ah, bh);
  let low = ah * bh;
  // the product of the low halves is below the last place
  const c = mulHigh(ah, bl);
  low += c;
  high += u64(low < c);
  const d = mulHigh(al, bh);
  low += d;
  high += u64(low < d);
  if (<i64>high >= 0) {
    high = (high << 1) | (low >> 63);
    low <<= 1;
    exp--;
  }
  setWide(to, sign, exp, high, low);
}

export function addWide(to: usize, a: usize, b: usize): void {
  addSigned(to, a, b, wideSign(b));
}

export function subWide(to: usize, a: usize, b: usize): void {
  addSigned(to, a, b, wideSign(b) ^ SIGN);
}

function addSigned(to: usize, a: usize, b: usize, bSign: u32): void {
  let ah = load<u64>(a, HIGH);
  let al = load<u64>(a, LOW);
  let ae = wideExponent(a);
  let sign = wideSign(a);
  let bh = load<u64>(b, HIGH);
  let bl = load<u64>(b, LOW);
  let be = wideExponent(b);
  if (bh == 0) {
    setWide(to, sign, ae, ah, al);
    return;
  }
  if (ah == 0) {
    setWide(to, bSign, be, bh, bl);
    return;
  }
  const differ = sign != bSign;
  if (ae < be || (ae == be && (ah < bh || (ah == bh && al < bl)))) {
    const h = ah; ah = bh; bh = h;
    const l = al; al = bl; bl = l;
    const e = ae; ae = be; be = e;
    sign = bSign;
  }
  const d: u64 = ae - be;
  if (d >= 128) {
    bh = bl = 0;
  } else if (d >= 64) {
    bl = bh >> (d - 64);
    bh = 0;
  } else if (d) {
    bl = (bl >> d) | (bh << (64 - d));
    bh >>= d;
  }
  if (!differ) {
    const low = al + bl;
    const carry = u64(low < al);
    let high = ah + bh;
    let over = high < ah;
    high += carry;
    over = over || high < carry;
    if (over) setWide(to, sign, ae + 1, (high >> 1) | TOP, (low >> 1) | (high << 63));
    else setWide(to, sign, ae, high, low);
    return;
  }
  let low = al - bl;
  let high = ah - bh - u64(al < bl);
  if ((high | low) == 0) {
    setWide(to, 0, 0, 0, 0);
    return;
  }
  if (high == 0) {
    high = low;
    low = 0;
    ae -= 64;
  }
  const n = clz(high);
  if (n) {
    high = (high << n) | (low >> (64 - n));
    low <<= n;
    ae -= <i32>n;
  }
  setWide(to, sign, ae, high, low);
}

/** First 63 or 64 bits of a / b. */
function estimate(to: usize, a: usize, b: usize): void {
  const ah = wideHigh(a);
  const al = load<u64>(a, LOW);
  const q = divide128(ah >> 1, (ah << 63) | (al >> 1), wideHigh(b));
  const n = clz(q);
  setWide(to, wideSign(a) ^ wideSign(b), wideExponent(a) - wideExponent(b) - <i32>n, q << n, 0);
}

/** a / b for b other than zero. */
export function divWide(to: usize, a: usize, b: usize): void {
  if (wideHigh(a) == 0) {
    setWide(to, wideSign(a) ^ wideSign(b), 0, 0, 0);
    return;
  }
  estimate(QUOTIENT, a, b);
  mulWide(RESIDUE, QUOTIENT, b);
  subWide(RESIDUE, a, RESIDUE);
  if (wideHigh(RESIDUE) != 0) {
    estimate(RESIDUE, RESIDUE, b);
    addWide(to, QUOTIENT, RESIDUE);
  } else {
    copyWide(to, QUOTIENT);
  }
}

/** Address of 1/n, 0 < n <= 600. */
export function inverse(n: u32): usize {
  const at = INVERSE_TABLE + n * WIDE_SIZE;
  if (wideHigh(at) != 0) return at;
  const d = <u64>n << clz(<u64>n);
  const exp = <i32>clz(<u64>n) - 63;
  if (d == TOP) {
    setWide(at, 0, exp, TOP, 0);
  } else {
    const high = divide128(TOP, 0, d);
    setWide(at, 0, exp - 1, high, divide128(divideRemainder(), 0, d));
  }
  return at;
}

/** to = 1 + x * to / n: a step of Horner's rule. */
export function stepWide(to: usize, x: usize, n: u32): void {
  mulWide(TERM, to, x);
  mulWide(TERM, TERM, inverse(n));
  setWide(ONE, 0, 0, TOP, 0);
  addWide(to, ONE, TERM);
}

/** to = 1/n + x * to: a step of Horner's rule. */
export function stepInverse(to: usize, x: usize, n: u32): void {
  mulWide(TERM, to, x);
  addWide(to, TERM, inverse(n));
}

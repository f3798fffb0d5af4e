// 80-bit values to and from integers and packed decimals; rounding to an integer.
// SDM vol. 2 FIST, FISTTP, FRNDINT, FBLD, FBSTP.
import { exponentOf, isInfinite, needsNan, noteDenormal, quiet } from './float80-class';
import { BIAS, C1, controlWord, give, IE, PE, RC, roundsUp, SIGN, signal } from './float80-round';

/** Larger than every magnitude that converts. */
const TOO_LARGE: u64 = 0xffffffffffffffff;

/** PE and C1 of the last `magnitude`; the caller signals them when its range holds the value. */
let inexact: u32 = 0;

/** |value| as an integer, rounded; TOO_LARGE for what is none. */
function magnitude(rc: u32, w: u32, sig: u64): u64 {
  inexact = 0;
  const e = <i32>(w & 0x7fff);
  if (sig == 0 && e == 0) return 0;
  const shift: i32 = BIAS + 63 - e;
  if (shift < 0 || (e != 0 && <i64>sig >= 0)) return TOO_LARGE;
  if (shift == 0) return sig;
  let whole: u64 = 0;
  let rest: u64 = 1;
  if (shift < 64) {
    whole = sig >> <u64>shift;
    rest = sig << <u64>(64 - shift);
  } else if (shift == 64) {
    rest = sig;
  }
  if (rest != 0) {
    inexact = PE;
    if (roundsUp(rc, w & SIGN, rest, (whole & 1) != 0)) {
      inexact = PE | C1;
      whole++;
    }
  }
  return whole;
}

/** Integer of 16, 32 or 64 bits; the integer indefinite (most negative) when it does not fit. */
export function toInteger(rc: u32, w: u32, sig: u64, bits: u32): i64 {
  const limit: u64 = 1 << <u64>(bits - 1);
  const m = magnitude(rc, w, sig);
  if (m > limit || (m == limit && !(w & SIGN))) {
    signal(IE);
    return -(<i64>limit);
  }
  signal(inexact);
  return w & SIGN ? -(<i64>m) : <i64>m;
}

/** A sign and a magnitude, exactly. */
function signed(sign: u32, m: u64): u64 {
  if (m == 0) return give(sign, 0);
  const n = clz(m);
  return give(sign | (BIAS + 63 - <u32>n), m << n);
}

export function fromInteger(v: i64): u64 {
  return v < 0 ? signed(SIGN, 0 - <u64>v) : signed(0, v);
}

export function roundToInteger(w: u32, sig: u64): u64 {
  if (needsNan(w, sig)) return quiet(w, sig);
  if (sig == 0 || isInfinite(w, sig)) return give(w, sig);
  noteDenormal(w, sig);
  if (exponentOf(w, sig) >= BIAS + 63) return give(w, sig);
  const m = magnitude(controlWord() & RC, w, sig);
  signal(inexact);
  return signed(w & SIGN, m);
}

/** FBLD: 16 digits, then bytes 8 and 9: two digits and the sign. Digits above 9 count for what they are. */
export function fromDecimal(digits: u64, last: u32): u64 {
  let v: u64 = last & 15;
  v += <u64>((last >> 4) & 15) * 10;
  for (let i: u64 = 0; i < 16; i++) v = v * 10 + ((digits >> (60 - i * 4)) & 15);
  return signed(last & SIGN, v);
}

let decimalTail: u32 = 0;

/** Bytes 8 and 9 of the last `toDecimal`. */
export function decimalHigh(): u32 { return decimalTail; }

/** FBSTP: the low 16 digits; the packed decimal indefinite when the value has more than 18. */
export function toDecimal(w: u32, sig: u64): u64 {
  let m = magnitude(controlWord() & RC, w, sig);
  if (m > 999999999999999999) {
    signal(IE);
    decimalTail = 0xffff;
    return 0xc000000000000000;
  }
  signal(inexact);
  let low: u64 = 0;
  for (let i: u64 = 0; i < 64; i += 4) {
    low |= (m % 10) << i;
    m /= 10;
  }
  decimalTail = (w & SIGN) | <u32>(m % 10) | (<u32>(m / 10) << 4);
  return low;
}

// Powers of two and logarithms of 80-bit values, to 1 unit in the last place.
// SDM vol. 2 F2XM1, FYL2X, FYL2XP1 (tables of special operands). Taylor series of exp and of the area tangent.
import { isInfinite, needsNan, noteDenormal, quiet, quietOf } from './float80-class';
import { BIAS, EXP_MAX, give, invalid, PE, SIGN, signal, TOP, ZE } from './float80-round';
import {
  addWide, divWide, mulWide, packWide, scaleWide, setWide, stepInverse, stepWide, subWide, wideExponent, wideHigh, wideOf,
  wideOfInteger,
} from './float80-wide';

const X: usize = memory.data(24, 8);
const Y: usize = memory.data(24, 8);
const SERIES: usize = memory.data(24, 8);
const SQUARE: usize = memory.data(24, 8);
const T: usize = memory.data(24, 8);
const ONE: usize = memory.data(24, 8);

const ROOT_OF_TWO: u64 = 0xb504f333f9de6484;

/** 2^x - 1 for x from -1 to 1; beyond, where the result is undefined, x itself. */
export function powerMinusOne(w: u32, sig: u64): u64 {
  if (needsNan(w, sig)) return quiet(w, sig);
  if (isInfinite(w, sig)) return w & SIGN ? give(SIGN | BIAS, TOP) : give(w, sig);
  if (sig == 0) return give(w, 0);
  noteDenormal(w, sig);
  if ((w & 0x7fff) >= <u32>BIAS) return w == (SIGN | BIAS) && sig == TOP ? give(w - 1, TOP) : give(w, sig);
  signal(PE);
  wideOf(X, w, sig);
  setWide(T, 0, -1, 0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af); // ln 2
  mulWide(X, X, T);
  setWide(SERIES, 0, 0, TOP, 0);
  for (let n: u32 = wideExponent(X) < -12 ? 8 : 24; n > 1; n--) stepWide(SERIES, X, n);
  mulWide(X, X, SERIES);
  return packWide(X);
}

/** T = log2((1 + z) / (1 - z)) for z = T, |z| < 0.18. */
function areaTangent(): void {
  mulWide(SQUARE, T, T);
  setWide(SERIES, 0, 0, 0, 0);
  for (let n: u32 = wideExponent(T) < -12 ? 9 : 35; n < 36; n -= 2) stepInverse(SERIES, SQUARE, n);
  mulWide(T, T, SERIES);
  setWide(SERIES, 0, 1, 0xb8aa3b295c17f0bb, 0xbe87fed0691d3e89); // 2 / ln 2
  mulWide(T, T, SERIES);
}

/** T = log2(X) for X above 0. */
function logarithm(): void {
  let e = wideExponent(X);
  if (wideHigh(X) > ROOT_OF_TWO) e++;
  scaleWide(X, -e);
  setWide(ONE, 0, 0, TOP, 0);
  subWide(T, X, ONE);
  addWide(X, X, ONE);
  divWide(T, T, X);
  areaTangent();
  wideOfInteger(X, e);
  addWide(T, T, X);
}

/** y * log2(x). */
export function timesLogarithm(yw: u32, y: u64, xw: u32, x: u64): u64 {
  if (needsNan(yw, y) || needsNan(xw, x)) return quietOf(yw, y, xw, x);
  if (x != 0 && xw & SIGN) return invalid();
  const yInfinite = isInfinite(yw, y);
  if (x == 0) {
    if (y == 0) return invalid();
    if (!yInfinite) signal(ZE);
    return give((yw & SIGN) ^ SIGN | EXP_MAX, TOP);
  }
  const one = xw == BIAS && x == TOP;
  if (isInfinite(xw, x) ? y == 0 : one && yInfinite) return invalid();
  noteDenormal(yw, y);
  noteDenormal(xw, x);
  const below = xw < <u32>BIAS;
  const sign = (yw & SIGN) ^ (below ? SIGN : 0);
  if (yInfinite || isInfinite(xw, x)) return give(sign | EXP_MAX, TOP);
  if (y == 0 || one) return give(sign, 0);
  wideOf(X, xw, x);
  logarithm();
  // only a power of two has a logarithm without error
  if (x << 1 != 0) signal(PE);
  wideOf(Y, yw, y);
  mulWide(T, T, Y);
  return packWide(T);
}

/** y * log2(x + 1); from -1 down, where the result is undefined, x itself. */
export function timesLogarithmPlusOne(yw: u32, y: u64, xw: u32, x: u64): u64 {
  if (needsNan(yw, y) || needsNan(xw, x)) return quietOf(yw, y, xw, x);
  const yInfinite = isInfinite(yw, y);
  const xInfinite = isInfinite(xw, x);
  const sign = (yw ^ xw) & SIGN;
  if (x == 0 ? yInfinite : xInfinite && (y == 0 || xw & SIGN)) return invalid();
  noteDenormal(yw, y);
  noteDenormal(xw, x);
  if (yInfinite || xInfinite) return give(sign | EXP_MAX, TOP);
  if (x == 0 || y == 0) return give(sign, 0);
  signal(PE);
  if (xw & SIGN && (xw & 0x7fff) >= <u32>BIAS) return give(xw, x);
  wideOf(X, xw, x);
  if (wideExponent(X) >= -2) {
    setWide(ONE, 0, 0, TOP, 0);
    addWide(X, X, ONE);
    logarithm();
  } else {
    // z = x / (2 + x)
    setWide(T, 0, 1, TOP, 0);
    addWide(SERIES, X, T);
    divWide(T, X, SERIES);
    areaTangent();
  }
  wideOf(Y, yw, y);
  mulWide(T, T, Y);
  return packWide(T);
}

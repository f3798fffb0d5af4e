// Sine, cosine, tangent and arc tangent of 80-bit values, to 1 unit in the last place.
// SDM vol. 2 FSIN, FCOS, FSINCOS, FPTAN, FPATAN (tables of special operands); vol. 1 section 8.3.8 (pi). Taylor series.
import { isInfinite, needsNan, noteDenormal, quiet, quietOf } from './float80-class';
import { BIAS, EXP_MAX, give, invalid, PE, SIGN, signal, TOP } from './float80-round';
import {
  addWide, divWide, mulWide, negateWide, packWide, scaleWide, setWide, setWideSign, stepInverse, stepWide, subWide,
  wideExponent, wideHigh, wideOf, wideOfInteger, wideSign,
} from './float80-wide';

/** Arguments of 2^63 and more are out of range. */
const RANGE: u32 = BIAS + 63;

const ANGLE: usize = memory.data(24, 8);
const SQUARE: usize = memory.data(24, 8);
const SINE: usize = memory.data(24, 8);
const COSINE: usize = memory.data(24, 8);
const T: usize = memory.data(24, 8);
const CENTRE: usize = memory.data(24, 8);
const OFFSET: usize = memory.data(24, 8);

/** atan(k / 8) for k = 1 to 8: exponent, high, low. */
const ARC_TANGENTS: StaticArray<u64> = [
  -4, 0xfeadd4d5617b6e32, 0xc897989f3e888ef8,
  -3, 0xfadbafc96406eb15, 0x6dc79ef5f7a217e6,
  -2, 0xb7b0ca0f26f78473, 0x8aa32122dcfe4483,
  -2, 0xed63382b0dda7b45, 0x6fe445ecbc3a8d03,
  -1, 0x8f005d5ef7f59f9b, 0x5c835e1665c43748,
  -1, 0xa4bc7d1934f70924, 0x19a87f2a457dac9f,
  -1, 0xb8053e2bc2319e73, 0xcb2da55210a4443d,
  -1, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1,
];

/** pi * 2^(exp - 1). */
// @ts-ignore: decorator
@inline function setPi(at: usize, exp: i32): void { setWide(at, 0, exp, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1); }

/** Must the operand be left as it is, with C2 set? */
// @ts-ignore: decorator
@inline export function outOfRange(w: u32, sig: u64): bool {
  return (w & 0x7fff) >= RANGE && (w & 0x7fff) < <u32>EXP_MAX && <i64>sig < 0;
}

/** Reduces a finite angle other than zero to ANGLE, from -pi/4 to pi/4, and SQUARE; returns its right angles, modulo 4. */
function reduce(w: u32, sig: u64): u32 {
  wideOf(ANGLE, w, sig);
  let quadrant: u32 = 0;
  // above pi / 4; a large angle in two steps, so that the product with pi is exact
  while (wideExponent(ANGLE) >= -1) {
    const large = wideExponent(ANGLE) >= 40;
    setWide(T, 0, -1, 0xa2f9836e4e441529, 0xfc2757d1f534ddc1); // 2 / pi
    mulWide(T, T, ANGLE);
    let turns = nearest(wideHigh(T), wideExponent(T));
    if (large) turns &= ~(<u64>0x7fffffff);
    else if (turns == 0) break;
    quadrant += wideSign(ANGLE) ? 0 - <u32>turns : <u32>turns;
    wideOfInteger(T, <i64>turns);
    setWideSign(T, wideSign(ANGLE));
    // the processor's pi has 66 bits
    setWide(OFFSET, 0, 0, 0xc90fdaa22168c234, 0xc000000000000000);
    mulWide(T, T, OFFSET);
    subWide(ANGLE, ANGLE, T);
  }
  mulWide(SQUARE, ANGLE, ANGLE);
  negateWide(SQUARE);
  return quadrant;
}

/** to = sine of ANGLE and `quadrant` right angles: odd ones turn it into a cosine. */
function wave(to: usize, quadrant: u32): void {
  // terms of small angles shrink by more bits
  let n: u32 = wideExponent(ANGLE) < -8 ? 10 : 24;
  const even = (quadrant & 1) == 0;
  if (even) n++;
  setWide(to, 0, 0, TOP, 0);
  for (; n > 1; n -= 2) stepWide(to, SQUARE, n * (n - 1));
  if (even) mulWide(to, to, ANGLE);
  if (quadrant & 2) negateWide(to);
}

/** The integer nearest to a wide number below 2^63. */
function nearest(high: u64, exp: i32): u64 {
  if (exp < -1) return 0;
  return ((high >> <u64>(62 - exp)) + 1) >> 1;
}

export function sine(w: u32, sig: u64): u64 {
  if (needsNan(w, sig)) return quiet(w, sig);
  if (isInfinite(w, sig)) return invalid();
  if (sig == 0) return give(w, 0);
  noteDenormal(w, sig);
  signal(PE);
  wave(SINE, reduce(w, sig));
  return packWide(SINE);
}

export function cosine(w: u32, sig: u64): u64 {
  if (needsNan(w, sig)) return quiet(w, sig);
  if (isInfinite(w, sig)) return invalid();
  if (sig == 0) return give(BIAS, TOP);
  noteDenormal(w, sig);
  signal(PE);
  wave(COSINE, reduce(w, sig) + 1);
  return packWide(COSINE);
}

export function tangent(w: u32, sig: u64): u64 {
  if (needsNan(w, sig)) return quiet(w, sig);
  if (isInfinite(w, sig)) return invalid();
  if (sig == 0) return give(w, 0);
  noteDenormal(w, sig);
  signal(PE);
  const quadrant = reduce(w, sig);
  wave(SINE, quadrant);
  wave(COSINE, quadrant + 1);
  divWide(T, SINE, COSINE);
  return packWide(T);
}

/** The angle of the point (x, y), in -pi to pi. */
export function arcTangent(yw: u32, y: u64, xw: u32, x: u64): u64 {
  if (needsNan(yw, y) || needsNan(xw, x)) return quietOf(yw, y, xw, x);
  noteDenormal(yw, y);
  noteDenormal(xw, x);
  const sign = yw & SIGN;
  const left = (xw & SIGN) != 0;
  const yInfinite = isInfinite(yw, y);
  const xInfinite = isInfinite(xw, x);
  if (y == 0 || (xInfinite && !yInfinite)) {
    if (!left) return give(sign, 0);
    return angle(sign, 1);
  }
  if (yInfinite && xInfinite) {
    if (!left) return angle(sign, -1);
    setPi(T, -1);
    setPi(OFFSET, 0);
    addWide(T, T, OFFSET);
    setWideSign(T, sign);
    return packWide(T);
  }
  if (x == 0 || yInfinite) return angle(sign, 0);
  signal(PE);
  wideOf(SINE, yw & 0x7fff, y);
  wideOf(COSINE, xw & 0x7fff, x);
  divWide(T, SINE, COSINE);
  const steep = wideExponent(T) >= 0;
  if (steep) divWide(T, COSINE, SINE);
  arc();
  if (steep) {
    setPi(OFFSET, 0);
    subWide(T, OFFSET, T);
  }
  if (left) {
    setPi(OFFSET, 1);
    subWide(T, OFFSET, T);
  }
  setWideSign(T, sign);
  return packWide(T);
}

/** pi * 2^(exp - 1). */
function angle(sign: u32, exp: i32): u64 {
  setPi(T, exp);
  setWideSign(T, sign);
  return packWide(T);
}

/** T = atan(T) for T from 0 to 1: around the nearest eighth. */
function arc(): void {
  const exp = wideExponent(T);
  const eighths = <u32>nearest(wideHigh(T), exp + 3);
  if (eighths != 0) {
    // (t - c) / (1 + t c)
    wideOfInteger(CENTRE, eighths);
    scaleWide(CENTRE, -3);
    mulWide(OFFSET, T, CENTRE);
    wideOfInteger(SQUARE, 1);
    addWide(OFFSET, OFFSET, SQUARE);
    subWide(T, T, CENTRE);
    divWide(T, T, OFFSET);
  }
  mulWide(SQUARE, T, T);
  negateWide(SQUARE);
  setWide(OFFSET, 0, 0, 0, 0);
  for (let n: u32 = wideExponent(T) < -12 ? 9 : 23; n < 24; n -= 2) stepInverse(OFFSET, SQUARE, n);
  mulWide(T, T, OFFSET);
  if (eighths != 0) {
    const entry = (eighths - 1) * 3;
    setWide(CENTRE, 0, <i32>ARC_TANGENTS[entry], ARC_TANGENTS[entry + 1], ARC_TANGENTS[entry + 2]);
    addWide(T, T, CENTRE);
  }
}

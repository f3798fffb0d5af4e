// 80-bit values to and from the IEEE 754 formats of 32 and 64 bits.
// SDM vol. 2 FLD, FST; vol. 1 section 4.8.3.
import { exponentOf, isInfinite, isNan, isSignalling, isUnsupported, normalised } from './float80-class';
import { BIAS, C1, controlWord, EXP_MAX, give, IE, OE, PE, RC, RC_DOWN, RC_NEAREST, RC_UP, roundsUp, SIGN, signal, TOP, UE } from './float80-round';

// @ts-ignore: decorator
@inline export function isDenormal32(v: u32): bool { return (v & 0x7f800000) == 0 && v << 1 != 0; }
// @ts-ignore: decorator
@inline export function isDenormal64(v: u64): bool { return (v & 0x7ff0000000000000) == 0 && v << 1 != 0; }

/** The same value in 80 bits, NaNs as they are; no signals. */
export function fromFloat32(v: u32): u64 {
  const sign = (v >>> 16) & SIGN;
  const e = <i32>((v >>> 23) & 0xff);
  const fraction = <u64>v << 41;
  if (<u32>(e - 1) < 254) return give(sign | (e + BIAS - 127), TOP | (fraction >> 1));
  return fromSpecial(sign, e != 0, fraction, BIAS - 127);
}

export function fromFloat64(v: u64): u64 {
  const sign = <u32>(v >> 48) & SIGN;
  const e = <i32>(v >> 52) & 0x7ff;
  const fraction = v << 12;
  if (<u32>(e - 1) < 2046) return give(sign | (e + BIAS - 1023), TOP | (fraction >> 1));
  return fromSpecial(sign, e != 0, fraction, BIAS - 1023);
}

/** Infinity, NaN, zero, denormal. */
function fromSpecial(sign: u32, top: bool, fraction: u64, bias: i32): u64 {
  if (top) return give(sign | EXP_MAX, TOP | (fraction >> 1));
  if (fraction == 0) return give(sign, 0);
  const n = clz(fraction);
  return give(sign | (bias - <i32>n), fraction << n);
}

/** Rounds to 32 bits. After an unmasked OE or UE (signalled alone) the value is not for storing. */
export function toFloat32(w: u32, sig: u64): u32 {
  return <u32>narrow(w, sig, 40, 127, 255);
}

export function toFloat64(w: u32, sig: u64): u64 {
  return narrow(w, sig, 11, 1023, 2047);
}

/** @param drop bits of the significand that the format lacks. @param top its exponent of infinity. */
// @ts-ignore: decorator
@inline function narrow(w: u32, sig: u64, drop: u64, bias: i32, top: i32): u64 {
  const sign = w & SIGN;
  const e = <i32>(w & 0x7fff) - BIAS + bias;
  const ulp: u64 = 1 << drop;
  if (<u32>(e - 1) < <u32>(top - 2) && <i64>sig < 0) {
    const lost = sig << (64 - drop);
    let fraction = (sig << 1) >> (drop + 1);
    if (lost != 0) {
      signal(PE);
      if (roundsUp(controlWord() & RC, sign, lost, (sig & ulp) != 0)) {
        signal(C1);
        fraction++;
      }
    }
    // a carry goes into the exponent, which is the right one then
    return (<u64>sign << (48 - (drop == 40 ? 32 : 0))) | ((<u64>e << (63 - drop)) + fraction);
  }
  return narrowSpecial(w, sig, drop, bias, top);
}

function narrowSpecial(w: u32, sig: u64, drop: u64, bias: i32, top: i32): u64 {
  const signBit: u64 = w & SIGN ? 1 << (drop == 40 ? 31 : 63) : 0;
  const infinity: u64 = <u64>top << (63 - drop);
  const quiet: u64 = 1 << (62 - drop);
  if (isUnsupported(w, sig)) {
    signal(IE);
    return (drop == 40 ? 0x80000000 : TOP) | infinity | quiet;
  }
  if (isNan(w, sig)) {
    if (isSignalling(w, sig)) signal(IE);
    return signBit | infinity | quiet | ((sig << 1) >> (drop + 1));
  }
  if (isInfinite(w, sig)) return signBit | infinity;
  if (sig == 0) return signBit;
  const control = controlWord();
  const rc = control & RC;
  const sign = w & SIGN;
  const ulp: u64 = 1 << drop;
  let e = exponentOf(w, sig) - BIAS + bias;
  sig = normalised(sig);
  let lost = sig << (64 - drop);
  let up = lost != 0 && roundsUp(rc, sign, lost, (sig & ulp) != 0);
  const carries = up && (sig | (ulp - 1)) == ~(<u64>0);
  if (e >= top || (e == top - 1 && carries)) {
    if (!(control & OE)) {
      signal(OE);
      return 0;
    }
    signal(OE | PE);
    if (rc != RC_NEAREST && rc != (sign ? RC_DOWN : RC_UP)) return signBit | (infinity - 1);
    signal(C1);
    return signBit | infinity;
  }
  if (e > 0) {
    if (lost) signal(up ? PE | C1 : PE);
    return signBit | ((<u64>e << (63 - drop)) + ((sig << 1) >> (drop + 1)) + u64(up));
  }
  const tiny = e < 0 || !carries;
  if (tiny && !(control & UE)) {
    signal(UE);
    return 0;
  }
  const shift: u64 = drop + 1 - e;
  let kept: u64 = 0;
  lost = 1;
  if (shift < 64) {
    lost = sig << (64 - shift);
    kept = sig >> shift;
  } else if (shift == 64) {
    lost = sig;
  }
  if (lost) {
    signal(tiny ? UE | PE : PE);
    if (roundsUp(rc, sign, lost, (kept & 1) != 0)) {
      signal(C1);
      kept++;
    }
  }
  return signBit | kept;
}

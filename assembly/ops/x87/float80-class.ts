// Kinds of 80-bit values, and what an operation does with NaNs and encodings that the 387 gave up.
// SDM vol. 1 sections 4.2.2 (encodings), 4.8.3.5 and table 4-7 (NaN results), 8.2.2 (unsupported formats).
import { DE, EXP_MAX, give, IE, INDEFINITE, INDEFINITE_WORD, SIGN, signal, TOP } from './float80-round';

/** The quiet bit of a NaN. */
const QUIET: u64 = 0x4000000000000000;

/** Finite, not zero, not denormal, integer bit set. */
// @ts-ignore: decorator
@inline export function isNormal(w: u32, sig: u64): bool {
  return (w & 0x7fff) - 1 < 0x7ffe && <i64>sig < 0;
}

/** Exponent but no integer bit: pseudo-NaN, pseudo-infinity, unnormal. */
// @ts-ignore: decorator
@inline export function isUnsupported(w: u32, sig: u64): bool {
  return (w & 0x7fff) != 0 && <i64>sig >= 0;
}

// @ts-ignore: decorator
@inline export function isNan(w: u32, sig: u64): bool {
  return (w & 0x7fff) == <u32>EXP_MAX && sig << 1 != 0;
}

// @ts-ignore: decorator
@inline export function isSignalling(w: u32, sig: u64): bool {
  return isNan(w, sig) && (sig & QUIET) == 0;
}

// @ts-ignore: decorator
@inline export function isInfinite(w: u32, sig: u64): bool {
  return (w & 0x7fff) == <u32>EXP_MAX && sig == TOP;
}

/** Denormal or pseudo-denormal. */
// @ts-ignore: decorator
@inline export function isDenormal(w: u32, sig: u64): bool {
  return (w & 0x7fff) == 0 && sig != 0;
}

/** Exponent of a finite number other than zero once its significand is `normalised`. */
// @ts-ignore: decorator
@inline export function exponentOf(w: u32, sig: u64): i32 {
  const e = <i32>(w & 0x7fff);
  return e != 0 ? e : 1 - <i32>clz(sig);
}

// @ts-ignore: decorator
@inline export function normalised(sig: u64): u64 {
  return sig << clz(sig);
}

/** Does the operation end in a NaN because of this operand? */
export function needsNan(w: u32, sig: u64): bool {
  return isUnsupported(w, sig) || isNan(w, sig);
}

/** Result of an operation on one operand that `needsNan`. */
export function quiet(w: u32, sig: u64): u64 {
  if (isUnsupported(w, sig)) {
    signal(IE);
    return give(INDEFINITE_WORD, INDEFINITE);
  }
  if ((sig & QUIET) == 0) signal(IE);
  return give(w, sig | QUIET);
}

/** Result of an operation on two operands of which one `needsNan`. */
export function quietOf(aw: u32, a: u64, bw: u32, b: u64): u64 {
  if (isUnsupported(aw, a) || isUnsupported(bw, b)) {
    signal(IE);
    return give(INDEFINITE_WORD, INDEFINITE);
  }
  const aSignals = isSignalling(aw, a);
  const bSignals = isSignalling(bw, b);
  if (aSignals || bSignals) signal(IE);
  if (!isNan(bw, b)) return give(aw, a | QUIET);
  if (!isNan(aw, a)) return give(bw, b | QUIET);
  // a quiet NaN goes before a signalling one, then the larger significand, then the positive one
  if (aSignals != bSignals) return aSignals ? give(bw, b) : give(aw, a);
  if (a != b) return a > b ? give(aw, a | QUIET) : give(bw, b | QUIET);
  return give(aw & bw & SIGN ? aw : aw & ~SIGN, a | QUIET);
}

// @ts-ignore: decorator
@inline export function noteDenormal(w: u32, sig: u64): void {
  if (isDenormal(w, sig)) signal(DE);
}

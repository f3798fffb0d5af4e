// What every 80-bit operation leaves behind: the signals it raised and the sign-and-exponent word of its result;
// and rounding into that result.
// SDM vol. 1 sections 4.8.4 (rounding), 8.1.5.2 (precision control), 8.5.4-8.5.6 (overflow, underflow, inexact).
//
// A value is a significand (u64, integer bit at the top) and a word (sign bit 15, biased exponent below), as in a register.
// AssemblyScript returns one value: operations return the significand, `resultWord()` has the word.
import { FPU_CONTROL } from '../../abi';

// signals, at their places in the status word
export const IE: u32 = 1;
export const DE: u32 = 2;
export const ZE: u32 = 4;
export const OE: u32 = 8;
export const UE: u32 = 0x10;
export const PE: u32 = 0x20;
/** Stack fault. */
export const SF: u32 = 0x40;
/** The result was rounded up; with SF the stack overflowed. */
export const C1: u32 = 0x200;

export const SIGN: u32 = 0x8000;
export const BIAS: i32 = 0x3fff;
export const EXP_MAX: i32 = 0x7fff;
/** Integer bit of a significand; half of a unit in the last place as the `rest` of a result. */
export const TOP: u64 = 0x8000000000000000;
/** The default NaN: "real indefinite". */
export const INDEFINITE: u64 = 0xc000000000000000;
export const INDEFINITE_WORD: u32 = 0xffff;

/** Rounding and precision fields of the control word. */
export const RC_NEAREST: u32 = 0;
export const RC_DOWN: u32 = 0x400;
export const RC_UP: u32 = 0x800;
export const RC: u32 = 0xc00;
export const PC: u32 = 0x300;

/** What an unmasked overflow or underflow takes off or adds to the exponent. */
const WRAP: i32 = 24576;

let raised: u32 = 0;
let word: u32 = 0;

// @ts-ignore: decorator
@inline export function clearSignals(): void { raised = 0; }
// @ts-ignore: decorator
@inline export function signal(flags: u32): void { raised |= flags; }
// @ts-ignore: decorator
@inline export function signals(): u32 { return raised; }
// @ts-ignore: decorator
@inline export function resultWord(): u32 { return word; }
// @ts-ignore: decorator
@inline export function controlWord(): u32 { return <u32>load<u16>(FPU_CONTROL); }

/** A result as it is. */
// @ts-ignore: decorator
@inline export function give(w: u32, sig: u64): u64 { word = w; return sig; }

/** The response to an invalid operation. */
export function invalid(): u64 {
  raised |= IE;
  word = INDEFINITE_WORD;
  return INDEFINITE;
}

/** The sum of opposite equals: +0, or -0 when rounding down. */
export function giveCancelled(): u64 {
  word = (controlWord() & RC) == RC_DOWN ? SIGN : 0;
  return 0;
}

/** Does a magnitude go up? `lost` is what was cut off, as a fraction of the last place; not zero. */
// @ts-ignore: decorator
@inline export function roundsUp(rc: u32, sign: u32, lost: u64, odd: bool): bool {
  if (rc == RC_NEAREST) return lost - 1 + u64(odd) >= TOP;
  return rc == (sign ? RC_DOWN : RC_UP);
}

/**
 * Rounds sig.rest * 2^(exp - bias - 63) by the control word, with all signals.
 * @param sign 0 or SIGN. @param sig integer bit set. @param rest fraction of the last place, sticky at its end.
 */
export function pack(sign: u32, exp: i32, sig: u64, rest: u64): u64 {
  const control = controlWord();
  // an exponent of 0x7ffe may still overflow by rounding
  if ((control & (RC | PC)) == PC && <u32>(exp - 1) < 0x7ffd) {
    if (rest != 0) {
      raised |= PE;
      if (rest - 1 + (sig & 1) >= TOP) {
        raised |= C1;
        if (++sig == 0) {
          sig = TOP;
          exp++;
        }
      }
    }
    word = sign | exp;
    return sig;
  }
  return packBy(control, sign, exp, sig, rest);
}

/** As `pack`, with any rounding, precision and masks, any exponent. */
export function packBy(control: u32, sign: u32, exp: i32, sig: u64, rest: u64): u64 {
  const precision = control & PC;
  const drop: u64 = precision == 0 ? 40 : precision == 0x200 ? 11 : 0;
  const ulp: u64 = 1 << drop;
  const rc = control & RC;
  let lost = drop ? (sig << (64 - drop)) | u64(rest != 0) : rest;
  let kept = sig & (0 - ulp);
  let up = lost != 0 && roundsUp(rc, sign, lost, (kept & ulp) != 0);
  if (exp <= 0) {
    const tiny = exp < 0 || !(up && kept == 0 - ulp);
    if (!tiny || control & UE) return packDenormal(rc, drop, sign, exp, sig, rest, tiny);
    raised |= UE;
    exp += WRAP;
    // FSCALE can go further than that
    if (exp <= 0) {
      raised |= PE;
      return give(sign, 0);
    }
  }
  if (lost) raised |= PE;
  if (up) {
    raised |= C1;
    kept += ulp;
    if (kept == 0) {
      kept = TOP;
      exp++;
    }
  }
  if (exp >= EXP_MAX) {
    raised |= OE;
    if (control & OE) return packOverflow(rc, ulp, sign);
    exp -= WRAP;
    if (exp >= EXP_MAX) {
      raised |= PE | C1;
      return give(sign | EXP_MAX, TOP);
    }
  }
  word = sign | exp;
  return kept;
}

/** Masked underflow: gradual. */
function packDenormal(rc: u32, drop: u64, sign: u32, exp: i32, sig: u64, rest: u64, tiny: bool): u64 {
  const shift: u64 = 1 - exp;
  if (shift < 64) {
    rest = (sig << (64 - shift)) | u64(rest != 0);
    sig >>= shift;
  } else {
    rest = shift == 64 ? sig | u64(rest != 0) : 1;
    sig = 0;
  }
  const ulp: u64 = 1 << drop;
  const lost = drop ? (sig << (64 - drop)) | u64(rest != 0) : rest;
  sig &= 0 - ulp;
  if (lost) {
    raised |= tiny ? UE | PE : PE;
    if (roundsUp(rc, sign, lost, (sig & ulp) != 0)) {
      raised |= C1;
      sig += ulp;
    }
  }
  word = sign | <u32>(sig >> 63);
  return sig;
}

/** Masked overflow: infinity, or the largest finite number of the precision when rounding goes toward zero. */
function packOverflow(rc: u32, ulp: u64, sign: u32): u64 {
  raised |= PE;
  if (rc == RC_NEAREST || rc == (sign ? RC_DOWN : RC_UP)) {
    raised |= C1;
    word = sign | EXP_MAX;
    return TOP;
  }
  raised &= ~C1;
  word = sign | (EXP_MAX - 1);
  return 0 - ulp;
}

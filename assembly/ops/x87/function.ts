// Functions of ST(0) (and ST(1)): FSQRT FRNDINT FSCALE FXTRACT FPREM FPREM1 and the transcendental instructions.
// SDM vol. 2; vol. 1 section 8.3.5 to 8.3.9.
import { FPU_STATUS } from '../../abi';
import { fault } from '../../cpu/fault';
import { UOP_SIZE } from '../../uop';
import { sqrt } from './float80-arithmetic';
import { C2 } from './float80-compare';
import { roundToInteger } from './float80-integer';
import { powerMinusOne, timesLogarithm, timesLogarithmPlusOne } from './float80-logarithm';
import { BIAS, C1, clearSignals, INDEFINITE, INDEFINITE_WORD, resultWord, TOP } from './float80-round';
import { extractExponent, extractSignificand, partialRemainder, remainderConditions, scale } from './float80-scale';
import { arcTangent, cosine, outOfRange, sine, tangent } from './float80-trigonometry';
import {
  isEmpty, pop, push, setConditions, setSt, setStIndefinite, settle, significandAt, st, stackOverflow, stackUnderflow,
  unavailable, wordAt,
} from './stack';

/** ST(i) is empty and would have got the result. */
function missing(u: usize, i: u32, pops: bool): usize {
  if (stackUnderflow()) {
    setStIndefinite(i);
    if (pops) pop();
  }
  return u + UOP_SIZE;
}

/** A function with two results has no operand or no place for the second one. */
function noRoom(u: usize): usize {
  if (isEmpty(0) ? stackUnderflow() : stackOverflow()) {
    setStIndefinite(0);
    push(INDEFINITE_WORD, INDEFINITE);
  }
  return u + UOP_SIZE;
}

/** Ends a function whose result goes to ST(0). */
function finish(u: usize, sig: u64): usize {
  if (settle()) setSt(0, resultWord(), sig);
  return u + UOP_SIZE;
}

export function fsqrt(u: usize): usize {
  if (unavailable(u)) return fault(u);
  if (isEmpty(0)) return missing(u, 0, false);
  clearSignals();
  return finish(u, sqrt(wordAt(st(0)), significandAt(st(0))));
}

export function frndint(u: usize): usize {
  if (unavailable(u)) return fault(u);
  if (isEmpty(0)) return missing(u, 0, false);
  clearSignals();
  return finish(u, roundToInteger(wordAt(st(0)), significandAt(st(0))));
}

export function fscale(u: usize): usize {
  if (unavailable(u)) return fault(u);
  if (isEmpty(0) || isEmpty(1)) return missing(u, 0, false);
  clearSignals();
  return finish(u, scale(wordAt(st(0)), significandAt(st(0)), wordAt(st(1)), significandAt(st(1))));
}

function remainder(u: usize, nearest: bool): usize {
  if (unavailable(u)) return fault(u);
  if (isEmpty(0) || isEmpty(1)) {
    clearC2();
    return missing(u, 0, false);
  }
  clearSignals();
  const sig = partialRemainder(wordAt(st(0)), significandAt(st(0)), wordAt(st(1)), significandAt(st(1)), nearest);
  if (settle()) {
    setSt(0, resultWord(), sig);
    setConditions(remainderConditions());
  } else {
    clearC2();
  }
  return u + UOP_SIZE;
}

export function fprem(u: usize): usize { return remainder(u, false); }
export function fprem1(u: usize): usize { return remainder(u, true); }

export function fxtract(u: usize): usize {
  if (unavailable(u)) return fault(u);
  if (isEmpty(0) || !isEmpty(7)) return noRoom(u);
  const w = wordAt(st(0));
  const sig = significandAt(st(0));
  clearSignals();
  const significand = extractSignificand(w, sig);
  const word = resultWord();
  const exponent = extractExponent(w, sig);
  if (settle()) {
    setSt(0, resultWord(), exponent);
    push(word, significand);
  }
  return u + UOP_SIZE;
}

// ---- transcendental ---------------------------------------------------------------------------------------------------

export function f2xm1(u: usize): usize {
  if (unavailable(u)) return fault(u);
  if (isEmpty(0)) return missing(u, 0, false);
  clearSignals();
  return finish(u, powerMinusOne(wordAt(st(0)), significandAt(st(0))));
}

/** Ends a function whose result goes to ST(1), then pops. */
function finishSecond(u: usize, sig: u64): usize {
  if (settle()) {
    setSt(1, resultWord(), sig);
    pop();
  }
  return u + UOP_SIZE;
}

export function fyl2x(u: usize): usize {
  if (unavailable(u)) return fault(u);
  if (isEmpty(0) || isEmpty(1)) return missing(u, 1, true);
  clearSignals();
  return finishSecond(u, timesLogarithm(wordAt(st(1)), significandAt(st(1)), wordAt(st(0)), significandAt(st(0))));
}

export function fyl2xp1(u: usize): usize {
  if (unavailable(u)) return fault(u);
  if (isEmpty(0) || isEmpty(1)) return missing(u, 1, true);
  clearSignals();
  return finishSecond(u, timesLogarithmPlusOne(wordAt(st(1)), significandAt(st(1)), wordAt(st(0)), significandAt(st(0))));
}

export function fpatan(u: usize): usize {
  if (unavailable(u)) return fault(u);
  if (isEmpty(0) || isEmpty(1)) return missing(u, 1, true);
  clearSignals();
  return finishSecond(u, arcTangent(wordAt(st(1)), significandAt(st(1)), wordAt(st(0)), significandAt(st(0))));
}

/** Is ST(0) an angle that is left as it is? Then C2 is set. */
function beyondRange(): bool {
  if (!outOfRange(wordAt(st(0)), significandAt(st(0)))) return false;
  store<u16>(FPU_STATUS, (<u32>load<u16>(FPU_STATUS) & ~C1) | C2);
  return true;
}

// @ts-ignore: decorator
@inline function clearC2(): void { store<u16>(FPU_STATUS, <u32>load<u16>(FPU_STATUS) & ~C2); }

export function fsin(u: usize): usize {
  if (unavailable(u)) return fault(u);
  clearC2();
  if (isEmpty(0)) return missing(u, 0, false);
  if (beyondRange()) return u + UOP_SIZE;
  clearSignals();
  return finish(u, sine(wordAt(st(0)), significandAt(st(0))));
}

export function fcos(u: usize): usize {
  if (unavailable(u)) return fault(u);
  clearC2();
  if (isEmpty(0)) return missing(u, 0, false);
  if (beyondRange()) return u + UOP_SIZE;
  clearSignals();
  return finish(u, cosine(wordAt(st(0)), significandAt(st(0))));
}

export function fsincos(u: usize): usize {
  if (unavailable(u)) return fault(u);
  clearC2();
  if (isEmpty(0) || !isEmpty(7)) return noRoom(u);
  if (beyondRange()) return u + UOP_SIZE;
  const w = wordAt(st(0));
  const sig = significandAt(st(0));
  clearSignals();
  const s = sine(w, sig);
  const word = resultWord();
  const c = cosine(w, sig);
  if (settle()) {
    setSt(0, word, s);
    push(resultWord(), c);
  }
  return u + UOP_SIZE;
}

/** The tangent, then 1. */
export function fptan(u: usize): usize {
  if (unavailable(u)) return fault(u);
  clearC2();
  if (isEmpty(0) || !isEmpty(7)) return noRoom(u);
  if (beyondRange()) return u + UOP_SIZE;
  const w = wordAt(st(0));
  const sig = significandAt(st(0));
  clearSignals();
  const t = tangent(w, sig);
  if (settle()) {
    const nan = (resultWord() & 0x7fff) == 0x7fff;
    setSt(0, resultWord(), t);
    if (nan) push(wordAt(st(0)), t);
    else push(BIAS, TOP);
  }
  return u + UOP_SIZE;
}

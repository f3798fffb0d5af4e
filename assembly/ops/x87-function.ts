// Functions of ST(0) (and ST(1)): FSQRT FRNDINT FSCALE FXTRACT FPREM FPREM1 and the transcendental instructions.
// SDM vol. 2; vol. 1 section 8.3.5 to 8.3.9.
import { FPU_STATUS } from '../abi';
import { fault } from '../cpu/fault';
import { UOP_SIZE } from '../isa/uop';
import { sqrt } from './float80-arithmetic';
import { C2 } from './float80-compare';
import { roundToInteger } from './float80-integer';
import { clearSignals, INDEFINITE, INDEFINITE_WORD, resultWord } from './float80-round';
import { extractExponent, extractSignificand, partialRemainder, remainderConditions, scale } from './float80-scale';
import {
  isEmpty, pop, push, setConditions, setSt, setStIndefinite, settle, significandAt, st, stackOverflow, stackUnderflow,
  unavailable, wordAt,
} from './x87-stack';

/** ST(i) is empty and would have got the result. */
function missing(u: usize, i: u32, pops: bool): usize {
  if (stackUnderflow()) {
    setStIndefinite(i);
    if (pops) pop();
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
    store<u16>(FPU_STATUS, <u32>load<u16>(FPU_STATUS) & ~C2);
    return missing(u, 0, false);
  }
  clearSignals();
  const sig = partialRemainder(wordAt(st(0)), significandAt(st(0)), wordAt(st(1)), significandAt(st(1)), nearest);
  if (settle()) {
    setSt(0, resultWord(), sig);
    setConditions(remainderConditions());
  }
  return u + UOP_SIZE;
}

export function fprem(u: usize): usize { return remainder(u, false); }
export function fprem1(u: usize): usize { return remainder(u, true); }

export function fxtract(u: usize): usize {
  if (unavailable(u)) return fault(u);
  if (isEmpty(0)) {
    if (stackUnderflow()) {
      setStIndefinite(0);
      push(INDEFINITE_WORD, INDEFINITE);
    }
    return u + UOP_SIZE;
  }
  if (!isEmpty(7)) {
    if (stackOverflow()) {
      setStIndefinite(0);
      push(INDEFINITE_WORD, INDEFINITE);
    }
    return u + UOP_SIZE;
  }
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

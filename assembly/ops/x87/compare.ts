// FCOM FCOMP FCOMPP FUCOM FUCOMP FUCOMPP FICOM FICOMP FTST FXAM, FCOMI FCOMIP FUCOMI FUCOMIP, FCMOVcc.
// SDM vol. 2.
import { fault, faulted } from '../../cpu/fault';
import { CF, cf, PF, pf, setArithmetic, ZF, zf } from '../../cpu/flags';
import { U_RM, UOP_SIZE } from '../../uop';
import { read16, read32, read64 } from '../../mmu/access';
import { isDenormal, isInfinite, isNan, isUnsupported, needsNan } from './float80-class';
import { C0, C2, C3, compare, EQUAL, LESS, UNORDERED } from './float80-compare';
import { fromFloat32, fromFloat64, isDenormal32, isDenormal64 } from './float80-convert';
import { fromInteger } from './float80-integer';
import { C1, clearSignals, DE, resultWord, SIGN, signal } from './float80-round';
import { ea } from '../operand';
import {
  clearC1, isEmpty, pop, setConditions, setSt, setStIndefinite, settle, settleKeepingC1, significandAt, st, stackUnderflow, unavailable,
  unavailableMemory, wordAt,
} from './stack';

// ---- to the condition codes -------------------------------------------------------------------------------------------

/** Compares ST(0) with ST(i), then pops `pops` times. */
// @ts-ignore: decorator
@inline function registers(u: usize, i: u32, quietly: bool, pops: u32): usize {
  if (unavailable(u)) return fault(u);
  if (isEmpty(0) || isEmpty(i)) return missing(u, pops);
  const a = st(0);
  const b = st(i);
  clearSignals();
  const order = compare(wordAt(a), significandAt(a), wordAt(b), significandAt(b), quietly);
  return conclude(u, order, pops);
}

function conclude(u: usize, order: u32, pops: u32): usize {
  const done = settle();
  setConditions(order);
  if (done) drop(pops);
  return u + UOP_SIZE;
}

function missing(u: usize, pops: u32): usize {
  const masked = stackUnderflow();
  setConditions(UNORDERED);
  if (masked) drop(pops);
  return u + UOP_SIZE;
}

// @ts-ignore: decorator
@inline function drop(n: u32): void {
  if (n > 0) pop();
  if (n > 1) pop();
}

/** Compares ST(0) with a value; `denormal`: the value was one in its format. */
function withValue(u: usize, bw: u32, b: u64, denormal: bool, pops: u32): usize {
  if (isEmpty(0)) return missing(u, pops);
  const a = st(0);
  clearSignals();
  const order = compare(wordAt(a), significandAt(a), bw, b, false);
  if (denormal && !needsNan(wordAt(a), significandAt(a))) signal(DE);
  return conclude(u, order, pops);
}

// @ts-ignore: decorator
@inline function float32(u: usize, pops: u32): usize {
  if (unavailableMemory(u)) return fault(u);
  const v = read32(ea(u));
  if (faulted()) return fault(u);
  const b = fromFloat32(v);
  return withValue(u, resultWord(), b, isDenormal32(v), pops);
}

// @ts-ignore: decorator
@inline function float64(u: usize, pops: u32): usize {
  if (unavailableMemory(u)) return fault(u);
  const v = read64(ea(u));
  if (faulted()) return fault(u);
  const b = fromFloat64(v);
  return withValue(u, resultWord(), b, isDenormal64(v), pops);
}

// @ts-ignore: decorator
@inline function integer(u: usize, wide: bool, pops: u32): usize {
  if (unavailableMemory(u)) return fault(u);
  const v = wide ? <i64><i32>read32(ea(u)) : <i64><i16>read16(ea(u));
  if (faulted()) return fault(u);
  const b = fromInteger(v);
  return withValue(u, resultWord(), b, false, pops);
}

export function fcom(u: usize): usize { return registers(u, <u32>load<u16>(u, U_RM), false, 0); }
export function fcomp(u: usize): usize { return registers(u, <u32>load<u16>(u, U_RM), false, 1); }
export function fcompp(u: usize): usize { return registers(u, 1, false, 2); }
export function fucom(u: usize): usize { return registers(u, <u32>load<u16>(u, U_RM), true, 0); }
export function fucomp(u: usize): usize { return registers(u, <u32>load<u16>(u, U_RM), true, 1); }
export function fucompp(u: usize): usize { return registers(u, 1, true, 2); }
export function fcomM32(u: usize): usize { return float32(u, 0); }
export function fcompM32(u: usize): usize { return float32(u, 1); }
export function fcomM64(u: usize): usize { return float64(u, 0); }
export function fcompM64(u: usize): usize { return float64(u, 1); }
export function ficomM16(u: usize): usize { return integer(u, false, 0); }
export function ficompM16(u: usize): usize { return integer(u, false, 1); }
export function ficomM32(u: usize): usize { return integer(u, true, 0); }
export function ficompM32(u: usize): usize { return integer(u, true, 1); }

/** Against +0. */
export function ftst(u: usize): usize {
  if (unavailable(u)) return fault(u);
  return withValue(u, 0, 0, false, 0);
}

/** Kind of ST(0) in C3 C2 C0, its sign in C1. */
export function fxam(u: usize): usize {
  if (unavailable(u)) return fault(u);
  const at = st(0);
  const w = wordAt(at);
  const sig = significandAt(at);
  let kind = C2;
  if (isEmpty(0)) kind = C3 | C0;
  else if (isUnsupported(w, sig)) kind = 0;
  else if (isNan(w, sig)) kind = C0;
  else if (isInfinite(w, sig)) kind = C2 | C0;
  else if (isDenormal(w, sig)) kind = C3 | C2;
  else if (sig == 0) kind = C3;
  clearC1();
  setConditions(w & SIGN ? kind | C1 : kind);
  return u + UOP_SIZE;
}

// ---- to EFLAGS --------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function setEflags(order: u32): void {
  setArithmetic(order == UNORDERED ? ZF | PF | CF : order == EQUAL ? ZF : order == LESS ? CF : 0);
}

// @ts-ignore: decorator
@inline function toFlags(u: usize, quietly: bool, pops: bool): usize {
  if (unavailable(u)) return fault(u);
  const i = <u32>load<u16>(u, U_RM);
  let done: bool;
  if (isEmpty(0) || isEmpty(i)) {
    setEflags(UNORDERED);
    done = stackUnderflow();
  } else {
    const a = st(0);
    const b = st(i);
    clearSignals();
    setEflags(compare(wordAt(a), significandAt(a), wordAt(b), significandAt(b), quietly));
    done = settleKeepingC1();
  }
  if (done && pops) pop();
  return u + UOP_SIZE;
}

export function fcomi(u: usize): usize { return toFlags(u, false, false); }
export function fcomip(u: usize): usize { return toFlags(u, false, true); }
export function fucomi(u: usize): usize { return toFlags(u, true, false); }
export function fucomip(u: usize): usize { return toFlags(u, true, true); }

// ---- conditional moves ------------------------------------------------------------------------------------------------

function move(u: usize, condition: bool): usize {
  if (unavailable(u)) return fault(u);
  const i = <u32>load<u16>(u, U_RM);
  if (isEmpty(0) || isEmpty(i)) {
    if (stackUnderflow()) setStIndefinite(0);
    return u + UOP_SIZE;
  }
  if (condition) setSt(0, wordAt(st(i)), significandAt(st(i)));
  return u + UOP_SIZE;
}

export function fcmovb(u: usize): usize { return move(u, cf() != 0); }
export function fcmove(u: usize): usize { return move(u, zf()); }
export function fcmovbe(u: usize): usize { return move(u, cf() != 0 || zf()); }
export function fcmovu(u: usize): usize { return move(u, pf()); }
export function fcmovnb(u: usize): usize { return move(u, cf() == 0); }
export function fcmovne(u: usize): usize { return move(u, !zf()); }
export function fcmovnbe(u: usize): usize { return move(u, cf() == 0 && !zf()); }
export function fcmovnu(u: usize): usize { return move(u, !pf()); }

// Pushes on the x87 stack: FLD FILD FBLD and the constants; moves on it: FXCH FCHS FABS.
// SDM vol. 2; the constants are pi, log2(10), ... to 66 bits, rounded as RC says (FLD1/FLDL2T/... description).
import { FPU_CONTROL } from '../../abi';
import { fault, faulted } from '../../cpu/fault';
import { U_RM, UOP_SIZE } from '../../uop';
import { read16, read32, read64 } from '../../mmu/access';
import { isNan, quiet } from './float80-class';
import { fromFloat32, fromFloat64, isDenormal32, isDenormal64 } from './float80-convert';
import { fromDecimal, fromInteger } from './float80-integer';
import {
  BIAS, clearSignals, DE, IE, INDEFINITE, INDEFINITE_WORD, RC, RC_NEAREST, RC_UP, resultWord, SIGN, signal, signals, TOP,
} from './float80-round';
import { ea } from '../operand';
import {
  clearC1, isEmpty, push, setStIndefinite, settle, significandAt, st, stackOverflow, stackUnderflow, unavailable,
  unavailableMemory, wordAt,
} from './stack';

/** Pushes a value that raises nothing. */
function load80(u: usize, w: u32, sig: u64): usize {
  if (isEmpty(7)) {
    clearC1();
    push(w, sig);
  } else if (stackOverflow()) {
    push(INDEFINITE_WORD, INDEFINITE);
  }
  return u + UOP_SIZE;
}

/** Pushes a value that came from a narrower format; `denormal`: it was one there. */
function widen(u: usize, w: u32, sig: u64, denormal: bool): usize {
  if (!isEmpty(7)) return load80(u, w, sig);
  clearSignals();
  if (denormal) signal(DE);
  if (isNan(w, sig)) sig = quiet(w, sig);
  // an unmasked DE is reported after the push
  if (settle() || (signals() & IE) == 0) push(w, sig);
  return u + UOP_SIZE;
}

export function fldM32(u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  const v = read32(ea(u));
  if (faulted()) return fault(u);
  const sig = fromFloat32(v);
  return widen(u, resultWord(), sig, isDenormal32(v));
}

export function fldM64(u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  const v = read64(ea(u));
  if (faulted()) return fault(u);
  const sig = fromFloat64(v);
  return widen(u, resultWord(), sig, isDenormal64(v));
}

export function fldM80(u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  const sig = read64(ea(u));
  const w = read16(ea(u) + 8);
  if (faulted()) return fault(u);
  return load80(u, w, sig);
}

export function fldSt(u: usize): usize {
  if (unavailable(u)) return fault(u);
  const i = <u32>load<u16>(u, U_RM);
  if (!isEmpty(i)) return load80(u, wordAt(st(i)), significandAt(st(i)));
  if (stackUnderflow()) push(INDEFINITE_WORD, INDEFINITE);
  return u + UOP_SIZE;
}

export function fildM16(u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  const v = <i64><i16>read16(ea(u));
  return integer(u, v);
}

export function fildM32(u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  const v = <i64><i32>read32(ea(u));
  return integer(u, v);
}

export function fildM64(u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  const v = <i64>read64(ea(u));
  return integer(u, v);
}

function integer(u: usize, v: i64): usize {
  if (faulted()) return fault(u);
  const sig = fromInteger(v);
  return load80(u, resultWord(), sig);
}

export function fbld(u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  const digits = read64(ea(u));
  const last = read16(ea(u) + 8);
  if (faulted()) return fault(u);
  const sig = fromDecimal(digits, last);
  return load80(u, resultWord(), sig);
}

// ---- constants --------------------------------------------------------------------------------------------------------

/** Pushes a positive constant; `below`: the 66-bit value is less than `nearest`. */
function constant(u: usize, w: u32, nearest: u64, below: bool): usize {
  if (unavailable(u)) return fault(u);
  const rc = <u32>load<u16>(FPU_CONTROL) & RC;
  if (rc == RC_UP) nearest += u64(!below);
  else if (rc != RC_NEAREST) nearest -= u64(below);
  return load80(u, w, nearest);
}

export function fldl2t(u: usize): usize { return constant(u, BIAS + 1, 0xd49a784bcd1b8afe, false); }
export function fldl2e(u: usize): usize { return constant(u, BIAS, 0xb8aa3b295c17f0bc, true); }
export function fldpi(u: usize): usize { return constant(u, BIAS + 1, 0xc90fdaa22168c235, true); }
export function fldlg2(u: usize): usize { return constant(u, BIAS - 2, 0x9a209a84fbcff799, true); }
export function fldln2(u: usize): usize { return constant(u, BIAS - 1, 0xb17217f7d1cf79ac, true); }

export function fld1(u: usize): usize {
  return unavailable(u) ? fault(u) : load80(u, BIAS, TOP);
}

export function fldz(u: usize): usize {
  return unavailable(u) ? fault(u) : load80(u, 0, 0);
}

// ---- moves ------------------------------------------------------------------------------------------------------------

export function fxch(u: usize): usize {
  if (unavailable(u)) return fault(u);
  const i = <u32>load<u16>(u, U_RM);
  if (isEmpty(0) || isEmpty(i)) {
    if (!stackUnderflow()) return u + UOP_SIZE;
    if (isEmpty(0)) setStIndefinite(0);
    if (isEmpty(i)) setStIndefinite(i);
  } else {
    clearC1();
  }
  // not as vectors: they were written in two parts
  const a = st(0);
  const b = st(i);
  const sig = significandAt(a);
  const w = wordAt(a);
  store<u64>(a, significandAt(b));
  store<u16>(a, wordAt(b), 8);
  store<u64>(b, sig);
  store<u16>(b, w, 8);
  return u + UOP_SIZE;
}

// @ts-ignore: decorator
@inline function sign(u: usize, keep: u32, flip: u32): usize {
  if (unavailable(u)) return fault(u);
  if (!isEmpty(0)) {
    clearC1();
    const at = st(0);
    store<u16>(at, (<u32>load<u16>(at, 8) & keep) ^ flip, 8);
  } else if (stackUnderflow()) {
    setStIndefinite(0);
  }
  return u + UOP_SIZE;
}

export function fchs(u: usize): usize { return sign(u, 0xffff, SIGN); }
export function fabs(u: usize): usize { return sign(u, 0x7fff, 0); }

// FADD FSUB FSUBR FMUL FDIV FDIVR in all their forms.
// SDM vol. 2. Letters of a handler: St = ST(0) op= ST(i), Sti = ST(i) op= ST(0), p = and pop, M32 M64 = memory,
// fi...M16 M32 = integer memory.
import { fault, faulted } from '../../cpu/fault';
import { U_RM, UOP_SIZE } from '../../uop';
import { read16, read32, read64 } from '../../mmu/access';
import { add, div, mul, sub } from './float80-arithmetic';
import { needsNan } from './float80-class';
import { fromFloat32, fromFloat64, isDenormal32, isDenormal64 } from './float80-convert';
import { fromInteger } from './float80-integer';
import { add80, div80, mul80 } from './float80-quick';
import { clearSignals, DE, resultWord, SIGN, signal, signals, ZE } from './float80-round';
import { ea } from '../operand';
import {
  isEmpty, pop, setStIndefinite, settle, significandAt, st, stackUnderflow, unavailable, unavailableMemory, wordAt,
} from './stack';

const ADD: u32 = 0;
const MUL: u32 = 1;
const SUB: u32 = 4;
const SUBR: u32 = 5;
const DIV: u32 = 6;
const DIVR: u32 = 7;

/** One of the six; `op` is constant where this is inlined. */
// @ts-ignore: decorator
@inline function combine(op: u32, aw: u32, a: u64, bw: u32, b: u64): u64 {
  if (op == ADD) return add(aw, a, bw, b);
  if (op == MUL) return mul(aw, a, bw, b);
  if (op == SUB) return sub(aw, a, bw, b);
  if (op == SUBR) return sub(bw, b, aw, a);
  if (op == DIV) return div(aw, a, bw, b);
  return div(bw, b, aw, a);
}

/** The same in the register at `a`, when it is a usual case: below 0 when not. */
// @ts-ignore: decorator
@inline function quickly(op: u32, a: usize, bw: u32, b: u64): i32 {
  if (op == ADD) return add80(a, 0, bw, b);
  if (op == MUL) return mul80(a, 0, bw, b);
  if (op == SUB) return add80(a, 0, bw ^ SIGN, b);
  if (op == SUBR) return add80(a, SIGN, bw, b);
  return div80(a, <u32>(op == DIVR), bw, b);
}

/** ST(into) = ST(into) op ST(other). */
// @ts-ignore: decorator
@inline function registers(op: u32, u: usize, into: u32, other: u32, pops: bool): usize {
  if (unavailable(u)) return fault(u);
  if (isEmpty(into) || isEmpty(other)) return missing(u, into, pops);
  const a = st(into);
  const b = st(other);
  if (quickly(op, a, wordAt(b), significandAt(b)) >= 0) {
    if (pops) pop();
    return u + UOP_SIZE;
  }
  clearSignals();
  const sig = combine(op, wordAt(a), significandAt(a), wordAt(b), significandAt(b));
  if (settle()) {
    store<u64>(a, sig);
    store<u16>(a, resultWord(), 8);
    if (pops) pop();
  }
  return u + UOP_SIZE;
}

function missing(u: usize, into: u32, pops: bool): usize {
  if (stackUnderflow()) {
    setStIndefinite(into);
    if (pops) pop();
  }
  return u + UOP_SIZE;
}

/** ST(0) = ST(0) op value; `denormal`: the value was one in its format. */
// @ts-ignore: decorator
@inline function withValue(op: u32, u: usize, bw: u32, b: u64, denormal: bool): usize {
  if (isEmpty(0)) return missing(u, 0, false);
  const a = st(0);
  if (!denormal && quickly(op, a, bw, b) >= 0) return u + UOP_SIZE;
  const aw = wordAt(a);
  clearSignals();
  const sig = combine(op, aw, significandAt(a), bw, b);
  // a NaN or a division by zero goes before
  if (denormal && !needsNan(aw, significandAt(a)) && (signals() & ZE) == 0) signal(DE);
  if (settle()) {
    store<u64>(a, sig);
    store<u16>(a, resultWord(), 8);
  }
  return u + UOP_SIZE;
}

// @ts-ignore: decorator
@inline function st0(op: u32, u: usize): usize { return registers(op, u, 0, <u32>load<u16>(u, U_RM), false); }
// @ts-ignore: decorator
@inline function sti(op: u32, u: usize, pops: bool): usize { return registers(op, u, <u32>load<u16>(u, U_RM), 0, pops); }

// @ts-ignore: decorator
@inline function float32(op: u32, u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  const v = read32(ea(u));
  if (faulted()) return fault(u);
  const b = fromFloat32(v);
  return withValue(op, u, resultWord(), b, isDenormal32(v));
}

// @ts-ignore: decorator
@inline function float64(op: u32, u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  const v = read64(ea(u));
  if (faulted()) return fault(u);
  const b = fromFloat64(v);
  return withValue(op, u, resultWord(), b, isDenormal64(v));
}

// @ts-ignore: decorator
@inline function integer16(op: u32, u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  const v = <i64><i16>read16(ea(u));
  if (faulted()) return fault(u);
  const b = fromInteger(v);
  return withValue(op, u, resultWord(), b, false);
}

// @ts-ignore: decorator
@inline function integer32(op: u32, u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  const v = <i64><i32>read32(ea(u));
  if (faulted()) return fault(u);
  const b = fromInteger(v);
  return withValue(op, u, resultWord(), b, false);
}

export function faddSt(u: usize): usize { return st0(ADD, u); }
export function faddSti(u: usize): usize { return sti(ADD, u, false); }
export function faddp(u: usize): usize { return sti(ADD, u, true); }
export function faddM32(u: usize): usize { return float32(ADD, u); }
export function faddM64(u: usize): usize { return float64(ADD, u); }
export function fiaddM16(u: usize): usize { return integer16(ADD, u); }
export function fiaddM32(u: usize): usize { return integer32(ADD, u); }

export function fmulSt(u: usize): usize { return st0(MUL, u); }
export function fmulSti(u: usize): usize { return sti(MUL, u, false); }
export function fmulp(u: usize): usize { return sti(MUL, u, true); }
export function fmulM32(u: usize): usize { return float32(MUL, u); }
export function fmulM64(u: usize): usize { return float64(MUL, u); }
export function fimulM16(u: usize): usize { return integer16(MUL, u); }
export function fimulM32(u: usize): usize { return integer32(MUL, u); }

export function fsubSt(u: usize): usize { return st0(SUB, u); }
export function fsubSti(u: usize): usize { return sti(SUB, u, false); }
export function fsubp(u: usize): usize { return sti(SUB, u, true); }
export function fsubM32(u: usize): usize { return float32(SUB, u); }
export function fsubM64(u: usize): usize { return float64(SUB, u); }
export function fisubM16(u: usize): usize { return integer16(SUB, u); }
export function fisubM32(u: usize): usize { return integer32(SUB, u); }

export function fsubrSt(u: usize): usize { return st0(SUBR, u); }
export function fsubrSti(u: usize): usize { return sti(SUBR, u, false); }
export function fsubrp(u: usize): usize { return sti(SUBR, u, true); }
export function fsubrM32(u: usize): usize { return float32(SUBR, u); }
export function fsubrM64(u: usize): usize { return float64(SUBR, u); }
export function fisubrM16(u: usize): usize { return integer16(SUBR, u); }
export function fisubrM32(u: usize): usize { return integer32(SUBR, u); }

export function fdivSt(u: usize): usize { return st0(DIV, u); }
export function fdivSti(u: usize): usize { return sti(DIV, u, false); }
export function fdivp(u: usize): usize { return sti(DIV, u, true); }
export function fdivM32(u: usize): usize { return float32(DIV, u); }
export function fdivM64(u: usize): usize { return float64(DIV, u); }
export function fidivM16(u: usize): usize { return integer16(DIV, u); }
export function fidivM32(u: usize): usize { return integer32(DIV, u); }

export function fdivrSt(u: usize): usize { return st0(DIVR, u); }
export function fdivrSti(u: usize): usize { return sti(DIVR, u, false); }
export function fdivrp(u: usize): usize { return sti(DIVR, u, true); }
export function fdivrM32(u: usize): usize { return float32(DIVR, u); }
export function fdivrM64(u: usize): usize { return float64(DIVR, u); }
export function fidivrM16(u: usize): usize { return integer16(DIVR, u); }
export function fidivrM32(u: usize): usize { return integer32(DIVR, u); }

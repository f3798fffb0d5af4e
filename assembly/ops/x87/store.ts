// Stores from the x87 stack: FST FSTP FIST FISTP FISTTP FBSTP.
// SDM vol. 2. Memory is written before the status word and the stack change, so that a page fault leaves them alone.
import { FPU_CONTROL } from '../../abi';
import { fault } from '../../cpu/fault';
import { U_RM, UOP_SIZE } from '../../uop';
import { probeWrite, write16, write32, write64 } from '../../mmu/access';
import { toFloat32, toFloat64 } from './float80-convert';
import { decimalHigh, toDecimal, toInteger } from './float80-integer';
import { clearSignals, IE, INDEFINITE, INDEFINITE_WORD, OE, RC, signals, UE } from './float80-round';
import { ea, next } from '../operand';
import {
  clearC1, isEmpty, pop, setSt, setStIndefinite, settle, significandAt, st, stackUnderflow, unavailable,
  unavailableMemory, wordAt,
} from './stack';

/** RC field that truncates, for FISTTP. */
const TRUNCATE: u32 = RC;

/** Writes the low `size` bytes of low, high. */
function write(lin: u32, size: u32, low: u64, high: u32): bool {
  if (size == 2) return write16(lin, <u32>low & 0xffff);
  if (size == 4) return write32(lin, <u32>low);
  if (size == 8) return write64(lin, low);
  return probeWrite(lin, 10) && write64(lin, low) && write16(lin + 8, high);
}

/** Ends a store whose signals stand: to memory, the status word, the stack. */
function finish(u: usize, size: u32, low: u64, high: u32, pops: bool): usize {
  const unmasked = signals() & ~<u32>load<u16>(FPU_CONTROL) & (IE | OE | UE);
  if (unmasked) {
    if (!probeWrite(ea(u), size)) return fault(u);
    settle();
    return u + UOP_SIZE;
  }
  if (!write(ea(u), size, low, high)) return fault(u);
  settle();
  if (pops) pop();
  return next(u);
}

/** ST(0) is empty: its format's indefinite goes to memory. */
function missing(u: usize, size: u32, low: u64, high: u32, pops: bool): usize {
  if (<u32>load<u16>(FPU_CONTROL) & IE) {
    if (!write(ea(u), size, low, high)) return fault(u);
    stackUnderflow();
    if (pops) pop();
    return next(u);
  }
  if (!probeWrite(ea(u), size)) return fault(u);
  stackUnderflow();
  return u + UOP_SIZE;
}

// @ts-ignore: decorator
@inline function float32(u: usize, pops: bool): usize {
  if (unavailableMemory(u)) return fault(u);
  if (isEmpty(0)) return missing(u, 4, 0xffc00000, 0, pops);
  clearSignals();
  return finish(u, 4, toFloat32(wordAt(st(0)), significandAt(st(0))), 0, pops);
}

// @ts-ignore: decorator
@inline function float64(u: usize, pops: bool): usize {
  if (unavailableMemory(u)) return fault(u);
  if (isEmpty(0)) return missing(u, 8, 0xfff8000000000000, 0, pops);
  clearSignals();
  return finish(u, 8, toFloat64(wordAt(st(0)), significandAt(st(0))), 0, pops);
}

// @ts-ignore: decorator
@inline function integer(u: usize, rc: u32, size: u32, pops: bool): usize {
  if (unavailableMemory(u)) return fault(u);
  if (isEmpty(0)) return missing(u, size, 1 << <u64>(size * 8 - 1), 0, pops);
  clearSignals();
  return finish(u, size, toInteger(rc, wordAt(st(0)), significandAt(st(0)), size * 8), 0, pops);
}

// @ts-ignore: decorator
@inline function rounding(): u32 { return <u32>load<u16>(FPU_CONTROL) & RC; }

export function fstM32(u: usize): usize { return float32(u, false); }
export function fstpM32(u: usize): usize { return float32(u, true); }
export function fstM64(u: usize): usize { return float64(u, false); }
export function fstpM64(u: usize): usize { return float64(u, true); }
export function fistM16(u: usize): usize { return integer(u, rounding(), 2, false); }
export function fistpM16(u: usize): usize { return integer(u, rounding(), 2, true); }
export function fistM32(u: usize): usize { return integer(u, rounding(), 4, false); }
export function fistpM32(u: usize): usize { return integer(u, rounding(), 4, true); }
export function fistpM64(u: usize): usize { return integer(u, rounding(), 8, true); }
export function fisttpM16(u: usize): usize { return integer(u, TRUNCATE, 2, true); }
export function fisttpM32(u: usize): usize { return integer(u, TRUNCATE, 4, true); }
export function fisttpM64(u: usize): usize { return integer(u, TRUNCATE, 8, true); }

export function fstpM80(u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  if (isEmpty(0)) return missing(u, 10, INDEFINITE, INDEFINITE_WORD, true);
  clearSignals();
  return finish(u, 10, significandAt(st(0)), wordAt(st(0)), true);
}

export function fbstp(u: usize): usize {
  if (unavailableMemory(u)) return fault(u);
  if (isEmpty(0)) return missing(u, 10, 0xc000000000000000, 0xffff, true);
  clearSignals();
  const digits = toDecimal(wordAt(st(0)), significandAt(st(0)));
  return finish(u, 10, digits, decimalHigh(), true);
}

function register(u: usize, pops: bool): usize {
  if (unavailable(u)) return fault(u);
  const i = <u32>load<u16>(u, U_RM);
  if (isEmpty(0)) {
    if (!stackUnderflow()) return u + UOP_SIZE;
    setStIndefinite(i);
  } else {
    clearC1();
    setSt(i, wordAt(st(0)), significandAt(st(0)));
  }
  if (pops) pop();
  return u + UOP_SIZE;
}

export function fstSt(u: usize): usize { return register(u, false); }
export function fstpSt(u: usize): usize { return register(u, true); }

/** D9 D8: FSTP without the check for an empty ST(0), which leaves ST(i) as it is. */
export function fstpnce(u: usize): usize {
  if (unavailable(u)) return fault(u);
  clearC1();
  if (!isEmpty(0)) setSt(<u32>load<u16>(u, U_RM), wordAt(st(0)), significandAt(st(0)));
  pop();
  return u + UOP_SIZE;
}

// XADD, CMPXCHG, CMPXCHG8B. One processor: LOCK changes nothing but what may fault.
// SDM vol. 2.
import { EAX, EBX, ECX, EDX } from '../../abi';
import { fault, faulted } from '../../cpu/fault';
import { getFlags, setArithmetic, ZF } from '../../cpu/flags';
import { UOP_SIZE } from '../../uop';
import { probeWrite, read64, write64 } from '../../mmu/access';
import { ea, isMem, next } from '../operand';
import { add, finishE, get, getG, modifyE, put, putG, subtract, writeE } from '../operand-sized';

// @ts-ignore: decorator
@inline function exchangeAdd<T>(u: usize): usize {
  const old = modifyE<T>(u);
  if (faulted()) return fault(u);
  const sum = add<T>(old, getG<T>(u));
  // the register may be part of the address, and it may be the destination
  if (isMem(u)) {
    writeE<T>(u, sum);
    putG<T>(u, old);
    return next(u);
  }
  putG<T>(u, old);
  return finishE<T>(u, sum);
}

export function xadd8(u: usize): usize { return exchangeAdd<u8>(u); }
export function xadd16(u: usize): usize { return exchangeAdd<u16>(u); }
export function xadd32(u: usize): usize { return exchangeAdd<u32>(u); }

// @ts-ignore: decorator
@inline function compareExchange<T>(u: usize): usize {
  const old = modifyE<T>(u);
  if (faulted()) return fault(u);
  if (subtract<T>(get<T>(EAX), old) == 0) return finishE<T>(u, getG<T>(u));
  const after = isMem(u) ? finishE<T>(u, old) : u + UOP_SIZE;
  put<T>(EAX, old);
  return after;
}

export function cmpxchg8(u: usize): usize { return compareExchange<u8>(u); }
export function cmpxchg16(u: usize): usize { return compareExchange<u16>(u); }
export function cmpxchg32(u: usize): usize { return compareExchange<u32>(u); }

export function cmpxchg8b(u: usize): usize {
  const lin = ea(u);
  if (!probeWrite(lin, 8)) return fault(u);
  const old = read64(lin);
  if (faulted()) return fault(u);
  const expected = <u64>load<u32>(EAX) | (<u64>load<u32>(EDX) << 32);
  const flags = getFlags();
  if (old == expected) {
    write64(lin, <u64>load<u32>(EBX) | (<u64>load<u32>(ECX) << 32));
    setArithmetic(flags | ZF);
  } else {
    write64(lin, old);
    store<u32>(EAX, <u32>old);
    store<u32>(EDX, <u32>(old >> 32));
    setArithmetic(flags & ~ZF);
  }
  return next(u);
}

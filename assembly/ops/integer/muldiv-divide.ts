// DIV and IDIV: #DE for a zero divisor and for a quotient that does not fit; flags stay.
// SDM vol. 2.
import { EAX, EDX, NO_ERROR_CODE } from '../../abi';
import { DE, fail, fault, faulted } from '../../cpu/fault';
import { UOP_SIZE } from '../../uop';
import { readE, signed } from '../operand-sized';

export function div8(u: usize): usize {
  const d = readE<u8>(u);
  if (faulted()) return fault(u);
  const n: u32 = load<u16>(EAX);
  if (d == 0 || n / d > 0xff) return fail(u, DE, NO_ERROR_CODE);
  store<u16>(EAX, (n / d) | ((n % d) << 8));
  return u + UOP_SIZE;
}

export function div16(u: usize): usize {
  const d = readE<u16>(u);
  if (faulted()) return fault(u);
  const n: u32 = load<u16>(EAX) | (<u32>load<u16>(EDX) << 16);
  if (d == 0 || n / d > 0xffff) return fail(u, DE, NO_ERROR_CODE);
  store<u16>(EAX, n / d);
  store<u16>(EDX, n % d);
  return u + UOP_SIZE;
}

export function div32(u: usize): usize {
  const d: u64 = readE<u32>(u);
  if (faulted()) return fault(u);
  const n: u64 = load<u32>(EAX) | (<u64>load<u32>(EDX) << 32);
  if (d == 0 || n / d > 0xffffffff) return fail(u, DE, NO_ERROR_CODE);
  store<u32>(EAX, <u32>(n / d));
  store<u32>(EDX, <u32>(n % d));
  return u + UOP_SIZE;
}

export function idiv8(u: usize): usize {
  const d = signed<u8>(readE<u8>(u));
  if (faulted()) return fault(u);
  const n: i32 = load<i16>(EAX);
  if (d == 0) return fail(u, DE, NO_ERROR_CODE);
  const q = n / d;
  if (q != <i32>(<i8>q)) return fail(u, DE, NO_ERROR_CODE);
  store<u16>(EAX, (q & 0xff) | ((n % d) << 8));
  return u + UOP_SIZE;
}

export function idiv16(u: usize): usize {
  const d: i64 = signed<u16>(readE<u16>(u));
  if (faulted()) return fault(u);
  // 64 bits: the smallest dividend by -1 would trap in WebAssembly
  const n: i64 = <i32>(load<u16>(EAX) | (<u32>load<u16>(EDX) << 16));
  if (d == 0) return fail(u, DE, NO_ERROR_CODE);
  const q = n / d;
  if (q != <i64>(<i16>q)) return fail(u, DE, NO_ERROR_CODE);
  store<u16>(EAX, <u32>q);
  store<u16>(EDX, <u32>(n % d));
  return u + UOP_SIZE;
}

export function idiv32(u: usize): usize {
  const d: i64 = signed<u32>(readE<u32>(u));
  if (faulted()) return fault(u);
  const n: i64 = load<u32>(EAX) | (<u64>load<u32>(EDX) << 32);
  if (d == 0 || (d == -1 && n == i64.MIN_VALUE)) return fail(u, DE, NO_ERROR_CODE);
  const q = n / d;
  if (q != <i64>(<i32>q)) return fail(u, DE, NO_ERROR_CODE);
  store<u32>(EAX, <u32>q);
  store<u32>(EDX, <u32>(n % d));
  return u + UOP_SIZE;
}

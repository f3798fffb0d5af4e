// Multiplication, and the conversions that prepare a division.
// SDM vol. 2, MUL, IMUL, CBW/CWDE, CWD/CDQ. Flags left undefined there (SF ZF AF PF) follow the low half of the product.
import { EAX, EDX } from '../../abi';
import { fault, faulted } from '../../cpu/fault';
import { U_IMM, UOP_SIZE } from '../../uop';
import { getG, narrow, putG, readE, setResult, signed, width } from '../operand-sized';

// @ts-ignore: decorator
@inline function storeProduct<T>(product: u64): void {
  if (sizeof<T>() == 1) store<u16>(EAX, <u32>product);
  else if (sizeof<T>() == 2) {
    store<u16>(EAX, <u32>product);
    store<u16>(EDX, <u32>(product >> 16));
  } else {
    store<u32>(EAX, <u32>product);
    store<u32>(EDX, <u32>(product >> 32));
  }
}

// @ts-ignore: decorator
@inline function unsignedProduct<T>(u: usize): usize {
  const b = readE<T>(u);
  if (faulted()) return fault(u);
  const product = <u64>narrow<T>(load<u32>(EAX)) * b;
  storeProduct<T>(product);
  const c: u32 = product >> width<T>() != 0 ? 1 : 0;
  setResult<T>(<u32>product, c, c);
  return u + UOP_SIZE;
}

// @ts-ignore: decorator
@inline function setSigned<T>(product: i64): void {
  const c: u32 = product != signed<T>(<u32>product) ? 1 : 0;
  setResult<T>(<u32>product, c, c);
}

// @ts-ignore: decorator
@inline function signedProduct<T>(u: usize): usize {
  const b = readE<T>(u);
  if (faulted()) return fault(u);
  const product = <i64>signed<T>(load<u32>(EAX)) * signed<T>(b);
  storeProduct<T>(product);
  setSigned<T>(product);
  return u + UOP_SIZE;
}

/** IMUL with a register destination. */
// @ts-ignore: decorator
@inline function productToG<T>(u: usize, a: u32, b: u32): usize {
  const product = <i64>signed<T>(a) * signed<T>(b);
  putG<T>(u, <u32>product);
  setSigned<T>(product);
  return u + UOP_SIZE;
}

// @ts-ignore: decorator
@inline function two<T>(u: usize): usize {
  const b = readE<T>(u);
  return faulted() ? fault(u) : productToG<T>(u, getG<T>(u), b);
}

// @ts-ignore: decorator
@inline function three<T>(u: usize): usize {
  const b = readE<T>(u);
  return faulted() ? fault(u) : productToG<T>(u, load<u32>(u, U_IMM), b);
}

export function mul8(u: usize): usize { return unsignedProduct<u8>(u); }
export function mul16(u: usize): usize { return unsignedProduct<u16>(u); }
export function mul32(u: usize): usize { return unsignedProduct<u32>(u); }
export function imul8(u: usize): usize { return signedProduct<u8>(u); }
export function imul16(u: usize): usize { return signedProduct<u16>(u); }
export function imul32(u: usize): usize { return signedProduct<u32>(u); }
export function imulTwo16(u: usize): usize { return two<u16>(u); }
export function imulTwo32(u: usize): usize { return two<u32>(u); }
export function imulThree16(u: usize): usize { return three<u16>(u); }
export function imulThree32(u: usize): usize { return three<u32>(u); }

/** CBW, CWDE. */
export function cbw16(u: usize): usize {
  store<u16>(EAX, load<i8>(EAX));
  return u + UOP_SIZE;
}
export function cbw32(u: usize): usize {
  store<u32>(EAX, load<i16>(EAX));
  return u + UOP_SIZE;
}

/** CWD, CDQ. */
export function cwd16(u: usize): usize {
  store<u16>(EDX, load<i16>(EAX) >> 15);
  return u + UOP_SIZE;
}
export function cwd32(u: usize): usize {
  store<u32>(EDX, load<i32>(EAX) >> 31);
  return u + UOP_SIZE;
}

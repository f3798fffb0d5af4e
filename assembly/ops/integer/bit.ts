// Bits: BT BTS BTR BTC on registers and with a bit number as immediate, BSF, BSR, BSWAP.
// SDM vol. 2. CF alone changes for BT and its kin, ZF stays; a zero source leaves the destination of BSF and BSR.
import { fault, faulted } from '../../cpu/fault';
import { setCf, setLogic } from '../../cpu/flags';
import { U_IMM, U_RM, UOP_SIZE } from '../../uop';
import { finishE, getG, modifyE, putG, readE, width } from '../operand-sized';

// @ts-ignore: decorator
@inline function test<T>(u: usize, bit: u32): usize {
  const v = readE<T>(u);
  if (faulted()) return fault(u);
  setCf(((v >>> (bit & (width<T>() - 1))) & 1) != 0);
  return u + UOP_SIZE;
}

/** What a BTS, BTR or BTC leaves of `v`, where `mask` is the bit. */
// @ts-ignore: decorator
@inline export function set(v: u32, mask: u32): u32 { return v | mask; }
// @ts-ignore: decorator
@inline export function reset(v: u32, mask: u32): u32 { return v & ~mask; }
// @ts-ignore: decorator
@inline export function complement(v: u32, mask: u32): u32 { return v ^ mask; }

// @ts-ignore: decorator
@inline function bts<T>(u: usize, bit: u32): usize {
  const mask = <u32>1 << (bit & (width<T>() - 1));
  const v = modifyE<T>(u);
  if (faulted()) return fault(u);
  setCf((v & mask) != 0);
  return finishE<T>(u, set(v, mask));
}

// @ts-ignore: decorator
@inline function btr<T>(u: usize, bit: u32): usize {
  const mask = <u32>1 << (bit & (width<T>() - 1));
  const v = modifyE<T>(u);
  if (faulted()) return fault(u);
  setCf((v & mask) != 0);
  return finishE<T>(u, reset(v, mask));
}

// @ts-ignore: decorator
@inline function btc<T>(u: usize, bit: u32): usize {
  const mask = <u32>1 << (bit & (width<T>() - 1));
  const v = modifyE<T>(u);
  if (faulted()) return fault(u);
  setCf((v & mask) != 0);
  return finishE<T>(u, complement(v, mask));
}

export function bt16(u: usize): usize { return test<u16>(u, getG<u16>(u)); }
export function bt32(u: usize): usize { return test<u32>(u, getG<u32>(u)); }
export function bts16(u: usize): usize { return bts<u16>(u, getG<u16>(u)); }
export function bts32(u: usize): usize { return bts<u32>(u, getG<u32>(u)); }
export function btr16(u: usize): usize { return btr<u16>(u, getG<u16>(u)); }
export function btr32(u: usize): usize { return btr<u32>(u, getG<u32>(u)); }
export function btc16(u: usize): usize { return btc<u16>(u, getG<u16>(u)); }
export function btc32(u: usize): usize { return btc<u32>(u, getG<u32>(u)); }
export function btImm16(u: usize): usize { return test<u16>(u, load<u8>(u, U_IMM)); }
export function btImm32(u: usize): usize { return test<u32>(u, load<u8>(u, U_IMM)); }
export function btsImm16(u: usize): usize { return bts<u16>(u, load<u8>(u, U_IMM)); }
export function btsImm32(u: usize): usize { return bts<u32>(u, load<u8>(u, U_IMM)); }
export function btrImm16(u: usize): usize { return btr<u16>(u, load<u8>(u, U_IMM)); }
export function btrImm32(u: usize): usize { return btr<u32>(u, load<u8>(u, U_IMM)); }
export function btcImm16(u: usize): usize { return btc<u16>(u, load<u8>(u, U_IMM)); }
export function btcImm32(u: usize): usize { return btc<u32>(u, load<u8>(u, U_IMM)); }

// @ts-ignore: decorator
@inline function scanForward<T>(u: usize): usize {
  const v = readE<T>(u);
  if (faulted()) return fault(u);
  if (v) putG<T>(u, ctz<u32>(v));
  setLogic(v);
  return u + UOP_SIZE;
}

// @ts-ignore: decorator
@inline function scanReverse<T>(u: usize): usize {
  const v = readE<T>(u);
  if (faulted()) return fault(u);
  if (v) putG<T>(u, 31 - clz<u32>(v));
  setLogic(v);
  return u + UOP_SIZE;
}

export function bsf16(u: usize): usize { return scanForward<u16>(u); }
export function bsf32(u: usize): usize { return scanForward<u32>(u); }
export function bsr16(u: usize): usize { return scanReverse<u16>(u); }
export function bsr32(u: usize): usize { return scanReverse<u32>(u); }

export function bswap32(u: usize): usize {
  const slot: usize = load<u16>(u, U_RM);
  store<u32>(slot, bswap<u32>(load<u32>(slot)));
  return u + UOP_SIZE;
}

/** Undefined for 16 bits: what current CPUs do. */
export function bswap16(u: usize): usize {
  store<u16>(load<u16>(u, U_RM), 0);
  return u + UOP_SIZE;
}

// BT BTS BTR BTC with a register bit number and a memory operand: the number reaches far beyond the operand.
// SDM vol. 2, BT; vol. 1 3.1.1.9 (bit strings). The word that holds the bit is what is checked and accessed.
import { fault, faulted } from '../../cpu/fault';
import { setCf } from '../../cpu/flags';
import { U_ATTR, U_SEGMENT, UA_ADDR16, UOP_SIZE } from '../../uop';
import { probeWrite, read16, read32, write16, write32 } from '../../mmu/access';
import { linearOf } from '../../mmu/segmented';
import { complement, reset, set } from './bit';
import { ea, next } from '../operand';
import { getG, signed, width } from '../operand-sized';

/** Linear address of the word that holds bit `number` (signed). */
// @ts-ignore: decorator
@inline function wordAt<T>(u: usize, number: i32, write: bool): u32 {
  const words = sizeof<T>() == 4 ? number >> 5 : number >> 4;
  let offset = ea(u) + <u32>(words * <i32>sizeof<T>());
  if ((load<u8>(u, U_ATTR) & UA_ADDR16) != 0) offset &= 0xffff;
  return linearOf(load<u8>(u, U_SEGMENT), offset, sizeof<T>(), write);
}

// @ts-ignore: decorator
@inline function read<T>(lin: u32): u32 { return sizeof<T>() == 4 ? read32(lin) : read16(lin); }

// @ts-ignore: decorator
@inline function test<T>(u: usize): usize {
  const number = signed<T>(getG<T>(u));
  const lin = wordAt<T>(u, number, false);
  if (faulted()) return fault(u);
  const v = read<T>(lin);
  if (faulted()) return fault(u);
  setCf(((v >>> (number & (width<T>() - 1))) & 1) != 0);
  return u + UOP_SIZE;
}

const SET = 0;
const RESET = 1;
const COMPLEMENT = 2;

// @ts-ignore: decorator
@inline function modify<T>(u: usize, how: i32): usize {
  const number = signed<T>(getG<T>(u));
  const lin = wordAt<T>(u, number, true);
  if (faulted() || !probeWrite(lin, sizeof<T>())) return fault(u);
  const v = read<T>(lin);
  if (faulted()) return fault(u);
  const mask = <u32>1 << (number & (width<T>() - 1));
  const r = how == SET ? set(v, mask) : how == RESET ? reset(v, mask) : complement(v, mask);
  if (sizeof<T>() == 4) write32(lin, r);
  else write16(lin, r);
  setCf((v & mask) != 0);
  return next(u);
}

export function btString16(u: usize): usize { return test<u16>(u); }
export function btString32(u: usize): usize { return test<u32>(u); }
export function btsString16(u: usize): usize { return modify<u16>(u, SET); }
export function btsString32(u: usize): usize { return modify<u32>(u, SET); }
export function btrString16(u: usize): usize { return modify<u16>(u, RESET); }
export function btrString32(u: usize): usize { return modify<u32>(u, RESET); }
export function btcString16(u: usize): usize { return modify<u16>(u, COMPLEMENT); }
export function btcString32(u: usize): usize { return modify<u32>(u, COMPLEMENT); }

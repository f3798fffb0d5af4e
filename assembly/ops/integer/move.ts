// Loads of addresses and widened values. SDM vol. 2: LEA, MOVZX, MOVSX.
import { faulted, fault } from '../../cpu/fault';
import { U_REG, U_RM, UOP_SIZE } from '../../uop';
import { misses, readEntry, readSlow16, readSlow8 } from '../../mmu/access';
import { ea, readE16, readE8 } from '../operand';

export function lea32(u: usize): usize { store<u32>(load<u16>(u, U_REG), ea(u)); return u + UOP_SIZE; }
export function lea16(u: usize): usize { store<u16>(load<u16>(u, U_REG), ea(u)); return u + UOP_SIZE; }

export function movzx8_32_r(u: usize): usize { store<u32>(load<u16>(u, U_REG), load<u8>(load<u16>(u, U_RM))); return u + UOP_SIZE; }
export function movzx8_32_m(u: usize): usize {
  const lin = ea(u);
  const t = readEntry(lin);
  let v: u32;
  if (misses(lin, t, 1)) {
    v = readSlow8(lin);
    if (faulted()) return fault(u);
  } else v = load<u8>(t ^ lin);
  store<u32>(load<u16>(u, U_REG), v);
  return u + UOP_SIZE;
}
export function movsx8_32(u: usize): usize {
  const v = readE8(u);
  if (faulted()) return fault(u);
  store<i32>(load<u16>(u, U_REG), <i32>v << 24 >> 24);
  return u + UOP_SIZE;
}
export function movzx8_16_r(u: usize): usize { store<u16>(load<u16>(u, U_REG), load<u8>(load<u16>(u, U_RM))); return u + UOP_SIZE; }
export function movzx8_16_m(u: usize): usize {
  const v = readE8(u);
  if (faulted()) return fault(u);
  store<u16>(load<u16>(u, U_REG), v);
  return u + UOP_SIZE;
}
export function movsx8_16(u: usize): usize {
  const v = readE8(u);
  if (faulted()) return fault(u);
  store<i16>(load<u16>(u, U_REG), <i16>(<i32>v << 24 >> 24));
  return u + UOP_SIZE;
}
export function movzx16_32_r(u: usize): usize { store<u32>(load<u16>(u, U_REG), load<u16>(load<u16>(u, U_RM))); return u + UOP_SIZE; }
export function movzx16_32_m(u: usize): usize {
  const lin = ea(u);
  const t = readEntry(lin);
  let v: u32;
  if (misses(lin, t, 2)) {
    v = readSlow16(lin);
    if (faulted()) return fault(u);
  } else v = load<u16>(t ^ lin);
  store<u32>(load<u16>(u, U_REG), v);
  return u + UOP_SIZE;
}
export function movsx16_32(u: usize): usize {
  const v = readE16(u);
  if (faulted()) return fault(u);
  store<i32>(load<u16>(u, U_REG), <i32>v << 16 >> 16);
  return u + UOP_SIZE;
}
/** MOVZX and MOVSX r16, r/m16: a plain move. */
export function movsx16_16(u: usize): usize {
  const v = readE16(u);
  if (faulted()) return fault(u);
  store<u16>(load<u16>(u, U_REG), v);
  return u + UOP_SIZE;
}
export function movzx16_16_r(u: usize): usize { return movsx16_16(u); }
export function movzx16_16_m(u: usize): usize { return movsx16_16(u); }

// Shifts and rotates: the handlers, one an operation, count form (Cl; Imm, for 1 too) and width.
// SDM vol. 2, RCL/RCR/ROL/ROR and SAL/SAR/SHL/SHR; the arithmetic is in shift-value.ts.
import { ECX } from '../../abi';
import { fault, faulted } from '../../cpu/fault';
import { U_IMM, U_RM, UOP_SIZE } from '../../uop';
import { finishE, get, modifyE, put } from '../operand-sized';
import { rcl, rcr, rol, ror, sar, shl, shr } from './shift-value';

// @ts-ignore: decorator
@inline function imm(u: usize): u32 { return load<u8>(u, U_IMM) & 31; }
// @ts-ignore: decorator
@inline function cl(): u32 { return load<u8>(ECX) & 31; }

// @ts-ignore: decorator
@inline function rolBy<T>(u: usize, count: u32): usize {
  const slot = load<u16>(u, U_RM);
  if (slot) {
    put<T>(slot, rol<T>(get<T>(slot), count));
    return u + UOP_SIZE;
  }
  const v = modifyE<T>(u);
  return faulted() ? fault(u) : finishE<T>(u, rol<T>(v, count));
}
export function rolCl8(u: usize): usize { return rolBy<u8>(u, cl()); }
export function rolCl16(u: usize): usize { return rolBy<u16>(u, cl()); }
export function rolCl32(u: usize): usize { return rolBy<u32>(u, cl()); }
export function rolImm8(u: usize): usize { return rolBy<u8>(u, imm(u)); }
export function rolImm16(u: usize): usize { return rolBy<u16>(u, imm(u)); }
export function rolImm32(u: usize): usize { return rolBy<u32>(u, imm(u)); }

// @ts-ignore: decorator
@inline function rorBy<T>(u: usize, count: u32): usize {
  const slot = load<u16>(u, U_RM);
  if (slot) {
    put<T>(slot, ror<T>(get<T>(slot), count));
    return u + UOP_SIZE;
  }
  const v = modifyE<T>(u);
  return faulted() ? fault(u) : finishE<T>(u, ror<T>(v, count));
}
export function rorCl8(u: usize): usize { return rorBy<u8>(u, cl()); }
export function rorCl16(u: usize): usize { return rorBy<u16>(u, cl()); }
export function rorCl32(u: usize): usize { return rorBy<u32>(u, cl()); }
export function rorImm8(u: usize): usize { return rorBy<u8>(u, imm(u)); }
export function rorImm16(u: usize): usize { return rorBy<u16>(u, imm(u)); }
export function rorImm32(u: usize): usize { return rorBy<u32>(u, imm(u)); }

// @ts-ignore: decorator
@inline function rclBy<T>(u: usize, count: u32): usize {
  const slot = load<u16>(u, U_RM);
  if (slot) {
    put<T>(slot, rcl<T>(get<T>(slot), count));
    return u + UOP_SIZE;
  }
  const v = modifyE<T>(u);
  return faulted() ? fault(u) : finishE<T>(u, rcl<T>(v, count));
}
export function rclCl8(u: usize): usize { return rclBy<u8>(u, cl()); }
export function rclCl16(u: usize): usize { return rclBy<u16>(u, cl()); }
export function rclCl32(u: usize): usize { return rclBy<u32>(u, cl()); }
export function rclImm8(u: usize): usize { return rclBy<u8>(u, imm(u)); }
export function rclImm16(u: usize): usize { return rclBy<u16>(u, imm(u)); }
export function rclImm32(u: usize): usize { return rclBy<u32>(u, imm(u)); }

// @ts-ignore: decorator
@inline function rcrBy<T>(u: usize, count: u32): usize {
  const slot = load<u16>(u, U_RM);
  if (slot) {
    put<T>(slot, rcr<T>(get<T>(slot), count));
    return u + UOP_SIZE;
  }
  const v = modifyE<T>(u);
  return faulted() ? fault(u) : finishE<T>(u, rcr<T>(v, count));
}
export function rcrCl8(u: usize): usize { return rcrBy<u8>(u, cl()); }
export function rcrCl16(u: usize): usize { return rcrBy<u16>(u, cl()); }
export function rcrCl32(u: usize): usize { return rcrBy<u32>(u, cl()); }
export function rcrImm8(u: usize): usize { return rcrBy<u8>(u, imm(u)); }
export function rcrImm16(u: usize): usize { return rcrBy<u16>(u, imm(u)); }
export function rcrImm32(u: usize): usize { return rcrBy<u32>(u, imm(u)); }

// @ts-ignore: decorator
@inline function shlBy<T>(u: usize, count: u32): usize {
  const slot = load<u16>(u, U_RM);
  if (slot) {
    put<T>(slot, shl<T>(get<T>(slot), count));
    return u + UOP_SIZE;
  }
  const v = modifyE<T>(u);
  return faulted() ? fault(u) : finishE<T>(u, shl<T>(v, count));
}
export function shlCl8(u: usize): usize { return shlBy<u8>(u, cl()); }
export function shlCl16(u: usize): usize { return shlBy<u16>(u, cl()); }
export function shlCl32(u: usize): usize { return shlBy<u32>(u, cl()); }
export function shlImm8(u: usize): usize { return shlBy<u8>(u, imm(u)); }
export function shlImm16(u: usize): usize { return shlBy<u16>(u, imm(u)); }
export function shlImm32(u: usize): usize { return shlBy<u32>(u, imm(u)); }

// @ts-ignore: decorator
@inline function shrBy<T>(u: usize, count: u32): usize {
  const slot = load<u16>(u, U_RM);
  if (slot) {
    put<T>(slot, shr<T>(get<T>(slot), count));
    return u + UOP_SIZE;
  }
  const v = modifyE<T>(u);
  return faulted() ? fault(u) : finishE<T>(u, shr<T>(v, count));
}
export function shrCl8(u: usize): usize { return shrBy<u8>(u, cl()); }
export function shrCl16(u: usize): usize { return shrBy<u16>(u, cl()); }
export function shrCl32(u: usize): usize { return shrBy<u32>(u, cl()); }
export function shrImm8(u: usize): usize { return shrBy<u8>(u, imm(u)); }
export function shrImm16(u: usize): usize { return shrBy<u16>(u, imm(u)); }
export function shrImm32(u: usize): usize { return shrBy<u32>(u, imm(u)); }

// @ts-ignore: decorator
@inline function sarBy<T>(u: usize, count: u32): usize {
  const slot = load<u16>(u, U_RM);
  if (slot) {
    put<T>(slot, sar<T>(get<T>(slot), count));
    return u + UOP_SIZE;
  }
  const v = modifyE<T>(u);
  return faulted() ? fault(u) : finishE<T>(u, sar<T>(v, count));
}
export function sarCl8(u: usize): usize { return sarBy<u8>(u, cl()); }
export function sarCl16(u: usize): usize { return sarBy<u16>(u, cl()); }
export function sarCl32(u: usize): usize { return sarBy<u32>(u, cl()); }
export function sarImm8(u: usize): usize { return sarBy<u8>(u, imm(u)); }
export function sarImm16(u: usize): usize { return sarBy<u16>(u, imm(u)); }
export function sarImm32(u: usize): usize { return sarBy<u32>(u, imm(u)); }

// Shifts and rotates: the handlers, one an operation, count form (Cl; Imm, for 1 too) and width.
// SDM vol. 2, RCL/RCR/ROL/ROR and SAL/SAR/SHL/SHR; the arithmetic is in shift-value.ts.
import { ECX } from '../abi';
import { fault, faulted } from '../cpu/fault';
import { U_IMM } from '../isa/uop';
import { finishE, modifyE } from './operand-sized';
import { rcl, rcr, rol, ror, sar, shl, shr } from './shift-value';

// @ts-ignore: decorator
@inline function imm(u: usize): u32 { return load<u8>(u, U_IMM) & 31; }
// @ts-ignore: decorator
@inline function cl(): u32 { return load<u8>(ECX) & 31; }

export function rolCl8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, rol<u8>(v, cl()));
}
export function rolCl16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, rol<u16>(v, cl()));
}
export function rolCl32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, rol<u32>(v, cl()));
}
export function rolImm8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, rol<u8>(v, imm(u)));
}
export function rolImm16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, rol<u16>(v, imm(u)));
}
export function rolImm32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, rol<u32>(v, imm(u)));
}

export function rorCl8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, ror<u8>(v, cl()));
}
export function rorCl16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, ror<u16>(v, cl()));
}
export function rorCl32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, ror<u32>(v, cl()));
}
export function rorImm8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, ror<u8>(v, imm(u)));
}
export function rorImm16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, ror<u16>(v, imm(u)));
}
export function rorImm32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, ror<u32>(v, imm(u)));
}

export function rclCl8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, rcl<u8>(v, cl()));
}
export function rclCl16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, rcl<u16>(v, cl()));
}
export function rclCl32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, rcl<u32>(v, cl()));
}
export function rclImm8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, rcl<u8>(v, imm(u)));
}
export function rclImm16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, rcl<u16>(v, imm(u)));
}
export function rclImm32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, rcl<u32>(v, imm(u)));
}

export function rcrCl8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, rcr<u8>(v, cl()));
}
export function rcrCl16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, rcr<u16>(v, cl()));
}
export function rcrCl32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, rcr<u32>(v, cl()));
}
export function rcrImm8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, rcr<u8>(v, imm(u)));
}
export function rcrImm16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, rcr<u16>(v, imm(u)));
}
export function rcrImm32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, rcr<u32>(v, imm(u)));
}

export function shlCl8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, shl<u8>(v, cl()));
}
export function shlCl16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, shl<u16>(v, cl()));
}
export function shlCl32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, shl<u32>(v, cl()));
}
export function shlImm8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, shl<u8>(v, imm(u)));
}
export function shlImm16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, shl<u16>(v, imm(u)));
}
export function shlImm32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, shl<u32>(v, imm(u)));
}

export function shrCl8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, shr<u8>(v, cl()));
}
export function shrCl16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, shr<u16>(v, cl()));
}
export function shrCl32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, shr<u32>(v, cl()));
}
export function shrImm8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, shr<u8>(v, imm(u)));
}
export function shrImm16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, shr<u16>(v, imm(u)));
}
export function shrImm32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, shr<u32>(v, imm(u)));
}

export function sarCl8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, sar<u8>(v, cl()));
}
export function sarCl16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, sar<u16>(v, cl()));
}
export function sarCl32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, sar<u32>(v, cl()));
}
export function sarImm8(u: usize): usize {
  const v = modifyE<u8>(u);
  return faulted() ? fault(u) : finishE<u8>(u, sar<u8>(v, imm(u)));
}
export function sarImm16(u: usize): usize {
  const v = modifyE<u16>(u);
  return faulted() ? fault(u) : finishE<u16>(u, sar<u16>(v, imm(u)));
}
export function sarImm32(u: usize): usize {
  const v = modifyE<u32>(u);
  return faulted() ? fault(u) : finishE<u32>(u, sar<u32>(v, imm(u)));
}

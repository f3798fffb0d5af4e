// SHLD and SHRD. SDM vol. 2.
import { ECX } from '../../abi';
import { fault, faulted } from '../../cpu/fault';
import { U_IMM } from '../../uop';
import { finishE, getG, modifyE } from '../operand-sized';
import { shld, shrd } from './shift-value';

// @ts-ignore: decorator
@inline function left<T>(u: usize, count: u32): usize {
  const v = modifyE<T>(u);
  return faulted() ? fault(u) : finishE<T>(u, shld<T>(v, getG<T>(u), count & 31));
}

// @ts-ignore: decorator
@inline function right<T>(u: usize, count: u32): usize {
  const v = modifyE<T>(u);
  return faulted() ? fault(u) : finishE<T>(u, shrd<T>(v, getG<T>(u), count & 31));
}

export function shldImm16(u: usize): usize { return left<u16>(u, load<u8>(u, U_IMM)); }
export function shldImm32(u: usize): usize { return left<u32>(u, load<u8>(u, U_IMM)); }
export function shldCl16(u: usize): usize { return left<u16>(u, load<u8>(ECX)); }
export function shldCl32(u: usize): usize { return left<u32>(u, load<u8>(ECX)); }
export function shrdImm16(u: usize): usize { return right<u16>(u, load<u8>(u, U_IMM)); }
export function shrdImm32(u: usize): usize { return right<u32>(u, load<u8>(u, U_IMM)); }
export function shrdCl16(u: usize): usize { return right<u16>(u, load<u8>(ECX)); }
export function shrdCl32(u: usize): usize { return right<u32>(u, load<u8>(ECX)); }

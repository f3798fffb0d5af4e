// Two-operand arithmetic and logic: what ADD, SUB and the rest do to a value and to the lazy flags. SDM vol. 2.
// Operands are zero-extended; results too. Carries: SDM vol. 1 3.4.3.1; carry vector (a & b) | ((a | b) & ~r).
import { FLAG_AUX, FLAG_CARRY, FLAG_RESULT } from '../../abi';
import { cf, setLogic } from '../../cpu/flags';
import { U_REG, U_RM, UOP_SIZE } from '../../uop';
import { faulted, fault } from '../../cpu/fault';
import { modifyE16, modifyE32, modifyE8, next, writeE16, writeE32, writeE8 } from '../operand';

// @ts-ignore: decorator
@inline function addFlags(a: u32, b: u32, r: u32, shift: u32, extended: u32): void {
  store<u32>(FLAG_RESULT, extended);
  store<u32>(FLAG_CARRY, ((a & b) | ((a | b) & ~r)) << shift);
  store<u32>(FLAG_AUX, (a ^ b ^ r) & 0x10);
}
// @ts-ignore: decorator
@inline function subFlags(a: u32, b: u32, r: u32, shift: u32, extended: u32): void {
  store<u32>(FLAG_RESULT, extended);
  store<u32>(FLAG_CARRY, ((~a & b) | ((~a | b) & r)) << shift);
  store<u32>(FLAG_AUX, (a ^ b ^ r) & 0x10);
}
// @ts-ignore: decorator
@inline function sx8(v: u32): u32 { return <u32>(<i32>v << 24 >> 24); }
// @ts-ignore: decorator
@inline function sx16(v: u32): u32 { return <u32>(<i32>v << 16 >> 16); }

// @ts-ignore: decorator
@inline export function add8(a: u32, b: u32): u32 { const r = a + b; addFlags(a, b, r, 24, sx8(r)); return r; }
// @ts-ignore: decorator
@inline export function add16(a: u32, b: u32): u32 { const r = a + b; addFlags(a, b, r, 16, sx16(r)); return r; }
// @ts-ignore: decorator
@inline export function add32(a: u32, b: u32): u32 { const r = a + b; addFlags(a, b, r, 0, r); return r; }
// @ts-ignore: decorator
@inline export function adc8(a: u32, b: u32): u32 { const r = a + b + cf(); addFlags(a, b, r, 24, sx8(r)); return r; }
// @ts-ignore: decorator
@inline export function adc16(a: u32, b: u32): u32 { const r = a + b + cf(); addFlags(a, b, r, 16, sx16(r)); return r; }
// @ts-ignore: decorator
@inline export function adc32(a: u32, b: u32): u32 { const r = a + b + cf(); addFlags(a, b, r, 0, r); return r; }
// @ts-ignore: decorator
@inline export function sub8(a: u32, b: u32): u32 { const r = a - b; subFlags(a, b, r, 24, sx8(r)); return r; }
// @ts-ignore: decorator
@inline export function sub16(a: u32, b: u32): u32 { const r = a - b; subFlags(a, b, r, 16, sx16(r)); return r; }
// @ts-ignore: decorator
@inline export function sub32(a: u32, b: u32): u32 { const r = a - b; subFlags(a, b, r, 0, r); return r; }
// @ts-ignore: decorator
@inline export function sbb8(a: u32, b: u32): u32 { const r = a - b - cf(); subFlags(a, b, r, 24, sx8(r)); return r; }
// @ts-ignore: decorator
@inline export function sbb16(a: u32, b: u32): u32 { const r = a - b - cf(); subFlags(a, b, r, 16, sx16(r)); return r; }
// @ts-ignore: decorator
@inline export function sbb32(a: u32, b: u32): u32 { const r = a - b - cf(); subFlags(a, b, r, 0, r); return r; }
// @ts-ignore: decorator
@inline export function cmp8(a: u32, b: u32): void { sub8(a, b); }
// @ts-ignore: decorator
@inline export function cmp16(a: u32, b: u32): void { sub16(a, b); }
// @ts-ignore: decorator
@inline export function cmp32(a: u32, b: u32): void { sub32(a, b); }
// @ts-ignore: decorator
@inline export function and8(a: u32, b: u32): u32 { const r = a & b; setLogic(sx8(r)); return r; }
// @ts-ignore: decorator
@inline export function and16(a: u32, b: u32): u32 { const r = a & b; setLogic(sx16(r)); return r; }
// @ts-ignore: decorator
@inline export function and32(a: u32, b: u32): u32 { const r = a & b; setLogic(r); return r; }
// @ts-ignore: decorator
@inline export function or8(a: u32, b: u32): u32 { const r = a | b; setLogic(sx8(r)); return r; }
// @ts-ignore: decorator
@inline export function or16(a: u32, b: u32): u32 { const r = a | b; setLogic(sx16(r)); return r; }
// @ts-ignore: decorator
@inline export function or32(a: u32, b: u32): u32 { const r = a | b; setLogic(r); return r; }
// @ts-ignore: decorator
@inline export function xor8(a: u32, b: u32): u32 { const r = a ^ b; setLogic(sx8(r)); return r; }
// @ts-ignore: decorator
@inline export function xor16(a: u32, b: u32): u32 { const r = a ^ b; setLogic(sx16(r)); return r; }
// @ts-ignore: decorator
@inline export function xor32(a: u32, b: u32): u32 { const r = a ^ b; setLogic(r); return r; }
// @ts-ignore: decorator
@inline export function test8(a: u32, b: u32): void { and8(a, b); }
// @ts-ignore: decorator
@inline export function test16(a: u32, b: u32): void { and16(a, b); }
// @ts-ignore: decorator
@inline export function test32(a: u32, b: u32): void { and32(a, b); }

// ---- INC and DEC keep CF --------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function keepCarry(overflow: bool): void {
  const c = load<u32>(FLAG_CARRY) & 0x80000000;
  store<u32>(FLAG_CARRY, c | ((c >>> 1) ^ (overflow ? 0x40000000 : 0)));
}
// @ts-ignore: decorator
@inline function incValue(a: u32, extended: u32, top: u32): void {
  store<u32>(FLAG_RESULT, extended);
  store<u32>(FLAG_AUX, (a ^ extended) & 0x10);
  keepCarry(extended == top);
}

// @ts-ignore: decorator
@inline export function incv8(a: u32): u32 { const r = a + 1; incValue(a, sx8(r), 0xffffff80); return r; }
// @ts-ignore: decorator
@inline export function incv16(a: u32): u32 { const r = a + 1; incValue(a, sx16(r), 0xffff8000); return r; }
// @ts-ignore: decorator
@inline export function incv32(a: u32): u32 { const r = a + 1; incValue(a, r, 0x80000000); return r; }
// @ts-ignore: decorator
@inline export function decv8(a: u32): u32 { const r = a - 1; incValue(a, sx8(r), 0x7f); return r; }
// @ts-ignore: decorator
@inline export function decv16(a: u32): u32 { const r = a - 1; incValue(a, sx16(r), 0x7fff); return r; }
// @ts-ignore: decorator
@inline export function decv32(a: u32): u32 { const r = a - 1; incValue(a, r, 0x7fffffff); return r; }

// ---- one-operand handlers ---------------------------------------------------------------------------------------------------

export function inc8_r(u: usize): usize { const d = load<u16>(u, U_RM); store<u8>(d, incv8(load<u8>(d))); return u + UOP_SIZE; }
export function inc16_r(u: usize): usize { const d = load<u16>(u, U_RM); store<u16>(d, incv16(load<u16>(d))); return u + UOP_SIZE; }
export function inc32_r(u: usize): usize { const d = load<u16>(u, U_RM); store<u32>(d, incv32(load<u32>(d))); return u + UOP_SIZE; }
export function dec8_r(u: usize): usize { const d = load<u16>(u, U_RM); store<u8>(d, decv8(load<u8>(d))); return u + UOP_SIZE; }
export function dec16_r(u: usize): usize { const d = load<u16>(u, U_RM); store<u16>(d, decv16(load<u16>(d))); return u + UOP_SIZE; }
export function dec32_r(u: usize): usize { const d = load<u16>(u, U_RM); store<u32>(d, decv32(load<u32>(d))); return u + UOP_SIZE; }
export function inc8_m(u: usize): usize { const a = modifyE8(u); if (faulted()) return fault(u); writeE8(u, incv8(a)); return next(u); }
export function inc16_m(u: usize): usize { const a = modifyE16(u); if (faulted()) return fault(u); writeE16(u, incv16(a)); return next(u); }
export function inc32_m(u: usize): usize { const a = modifyE32(u); if (faulted()) return fault(u); writeE32(u, incv32(a)); return next(u); }
export function dec8_m(u: usize): usize { const a = modifyE8(u); if (faulted()) return fault(u); writeE8(u, decv8(a)); return next(u); }
export function dec16_m(u: usize): usize { const a = modifyE16(u); if (faulted()) return fault(u); writeE16(u, decv16(a)); return next(u); }
export function dec32_m(u: usize): usize { const a = modifyE32(u); if (faulted()) return fault(u); writeE32(u, decv32(a)); return next(u); }
export function neg8(u: usize): usize { const a = modifyE8(u); if (faulted()) return fault(u); writeE8(u, sub8(0, a)); return next(u); }
export function neg16(u: usize): usize { const a = modifyE16(u); if (faulted()) return fault(u); writeE16(u, sub16(0, a)); return next(u); }
export function neg32(u: usize): usize { const a = modifyE32(u); if (faulted()) return fault(u); writeE32(u, sub32(0, a)); return next(u); }
export function not8(u: usize): usize { const a = modifyE8(u); if (faulted()) return fault(u); writeE8(u, ~a); return next(u); }
export function not16(u: usize): usize { const a = modifyE16(u); if (faulted()) return fault(u); writeE16(u, ~a); return next(u); }
export function not32(u: usize): usize { const a = modifyE32(u); if (faulted()) return fault(u); writeE32(u, ~a); return next(u); }

// ---- XCHG -------------------------------------------------------------------------------------------------------------------

export function xchg8(u: usize): usize {
  const a = modifyE8(u);
  if (faulted()) return fault(u);
  const g = load<u16>(u, U_REG);
  const b: u32 = load<u8>(g);
  writeE8(u, b);
  store<u8>(g, a);
  return next(u);
}
export function xchg16(u: usize): usize {
  const a = modifyE16(u);
  if (faulted()) return fault(u);
  const g = load<u16>(u, U_REG);
  const b: u32 = load<u16>(g);
  writeE16(u, b);
  store<u16>(g, a);
  return next(u);
}
export function xchg32(u: usize): usize {
  const a = modifyE32(u);
  if (faulted()) return fault(u);
  const g = load<u16>(u, U_REG);
  const b: u32 = load<u32>(g);
  writeE32(u, b);
  store<u32>(g, a);
  return next(u);
}

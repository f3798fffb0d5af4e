// Operands of a width given as a type argument, for handlers that are written once for 8, 16 and 32 bits.
// Source: ops/operand.ts; values are zero-extended to u32.
import { FLAG_AUX, FLAG_CARRY, FLAG_RESULT } from '../abi';
import { U_REG, U_RM, UOP_SIZE } from '../uop';
import { modifyE16, modifyE32, modifyE8, next, readE16, readE32, readE8, writeE16, writeE32, writeE8 } from './operand';

/** Bits of T. */
// @ts-ignore: decorator
@inline export function width<T>(): u32 { return sizeof<T>() << 3; }

/** The r/m operand; a register without a call. */
// @ts-ignore: decorator
@inline export function readE<T>(u: usize): u32 {
  const slot = load<u16>(u, U_RM);
  if (slot) return get<T>(slot);
  if (sizeof<T>() == 1) return readE8(u);
  return sizeof<T>() == 2 ? readE16(u) : readE32(u);
}

/** Value of a destination that will be written; faults now if that would fail. */
// @ts-ignore: decorator
@inline export function modifyE<T>(u: usize): u32 {
  const slot = load<u16>(u, U_RM);
  if (slot) return get<T>(slot);
  if (sizeof<T>() == 1) return modifyE8(u);
  return sizeof<T>() == 2 ? modifyE16(u) : modifyE32(u);
}

// @ts-ignore: decorator
@inline export function writeE<T>(u: usize, value: u32): void {
  if (sizeof<T>() == 1) writeE8(u, value);
  else if (sizeof<T>() == 2) writeE16(u, value);
  else writeE32(u, value);
}

/** Writes the destination that modifyE has read and ends the instruction. */
// @ts-ignore: decorator
@inline export function finishE<T>(u: usize, value: u32): usize {
  const slot = load<u16>(u, U_RM);
  if (slot) {
    put<T>(slot, value);
    return u + UOP_SIZE;
  }
  writeE<T>(u, value);
  return next(u);
}

/** The register at slot address `slot`, and its replacement. */
// @ts-ignore: decorator
@inline export function get<T>(slot: usize): u32 {
  if (sizeof<T>() == 1) return load<u8>(slot);
  return sizeof<T>() == 2 ? load<u16>(slot) : load<u32>(slot);
}

// @ts-ignore: decorator
@inline export function put<T>(slot: usize, value: u32): void {
  if (sizeof<T>() == 1) store<u8>(slot, value);
  else if (sizeof<T>() == 2) store<u16>(slot, value);
  else store<u32>(slot, value);
}

// @ts-ignore: decorator
@inline export function getG<T>(u: usize): u32 { return get<T>(load<u16>(u, U_REG)); }
// @ts-ignore: decorator
@inline export function putG<T>(u: usize, value: u32): void { put<T>(load<u16>(u, U_REG), value); }

/** The low bits of `value` as a signed number. */
// @ts-ignore: decorator
@inline export function signed<T>(value: u32): i32 {
  if (sizeof<T>() == 1) return <i32>extend8_s(value);
  return sizeof<T>() == 2 ? <i32>extend16_s(value) : <i32>value;
}

// @ts-ignore: decorator
@inline function extend8_s(value: u32): i32 { return (<i32>(value << 24)) >> 24; }
// @ts-ignore: decorator
@inline function extend16_s(value: u32): i32 { return (<i32>(value << 16)) >> 16; }

/** The low bits of `value`. */
// @ts-ignore: decorator
@inline export function narrow<T>(value: u32): u32 {
  if (sizeof<T>() == 1) return value & 0xff;
  return sizeof<T>() == 2 ? value & 0xffff : value;
}

/** ZF, SF and PF of `result`; AF = 0; CF and OF as given (0 or 1). */
// @ts-ignore: decorator
@inline export function setResult<T>(result: u32, c: u32, o: u32): void {
  store<u32>(FLAG_RESULT, <u32>signed<T>(result));
  store<u32>(FLAG_CARRY, (c << 31) | ((c ^ o) << 30));
  store<u32>(FLAG_AUX, 0);
}

/** a + b with all flags. */
// @ts-ignore: decorator
@inline export function add<T>(a: u32, b: u32): u32 {
  const r = a + b;
  const carries = (a & b) | ((a | b) & ~r);
  store<u32>(FLAG_RESULT, <u32>signed<T>(r));
  store<u32>(FLAG_CARRY, carries << (32 - width<T>()));
  store<u32>(FLAG_AUX, (a ^ b ^ r) & 0x10);
  return narrow<T>(r);
}

/** a - b with all flags. */
// @ts-ignore: decorator
@inline export function subtract<T>(a: u32, b: u32): u32 {
  const r = a - b;
  const borrows = (~a & b) | (~(a ^ b) & r);
  store<u32>(FLAG_RESULT, <u32>signed<T>(r));
  store<u32>(FLAG_CARRY, borrows << (32 - width<T>()));
  store<u32>(FLAG_AUX, (a ^ b ^ r) & 0x10);
  return narrow<T>(r);
}

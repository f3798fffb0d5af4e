// Operands of a micro-op in emitted code: registers from their locals, memory through VALUE. ops/operand.ts.
// Ours.
import { U_IMM, U_RM } from '../uop';
import { extend, getSlot, pushAddress, RESULT, setSlot, VALUE } from './frame';
import { finishMemory, modifyMemory, readMemory } from './memory';
import { get, set } from './wasm';

// @ts-ignore: decorator
@inline export function bytesOf(form: u32): u32 { return (form >>> 8) & 15; }
// @ts-ignore: decorator
@inline export function shapeOf(form: u32): u32 { return (form >>> 12) & 15; }
// @ts-ignore: decorator
@inline export function argumentOf(form: u32): u32 { return form >>> 16; }
// @ts-ignore: decorator
@inline export function inRegister(u: usize): bool { return load<u16>(u, U_RM) != 0; }

/** Pushes the r/m operand, zero-extended; memory goes through VALUE. */
export function pushOperand(u: usize, bytes: u32): void {
  const slot: u32 = load<u16>(u, U_RM);
  if (slot != 0) {
    getSlot(bytes, slot);
    return;
  }
  pushAddress(u);
  readMemory(u, bytes);
  get(VALUE);
}
/** The same when it will be written. */
export function pushModified(u: usize, bytes: u32): void {
  const slot: u32 = load<u16>(u, U_RM);
  if (slot != 0) {
    getSlot(bytes, slot);
    return;
  }
  pushAddress(u);
  modifyMemory(u, bytes);
  get(VALUE);
}
/** Writes local `value` to the operand of pushModified(). */
export function finish(u: usize, bytes: u32, value: u32): void {
  const slot: u32 = load<u16>(u, U_RM);
  if (slot == 0) {
    finishMemory(bytes, value);
    return;
  }
  get(value);
  setSlot(bytes, slot);
}
export function immediate(u: usize, bytes: u32): u32 {
  const v = load<u32>(u, U_IMM);
  return bytes == 4 ? v : bytes == 2 ? v & 0xffff : v & 0xff;
}
/** RESULT from a local. */
export function noteResult(bytes: u32, value: u32): void {
  get(value);
  extend(bytes);
  set(RESULT);
}

// Shifts and rotates, SHLD and SHRD. ops/integer/shift-value.ts says what they mean.
// A narrow shift to the left sets the lazy flags of a 32-bit one whose operand was moved to the top.
import { ECX } from '../abi';
import { DOUBLED_LEFT, SHIFTED_LEFT, SHIFTED_RIGHT, SHIFTED_SIGNED } from '../cpu/flag-kinds';
import { U_IMM, U_REG } from '../uop';
import { argumentOf, bytesOf, finish, inRegister, noteResult, pushModified, shapeOf } from './emit-operand';
import { forgetFlags, markFlags, markKind, setCarryWord, setKind, settleFlags } from './flags';
import { extend, getRegister, getSlot, LEFT, RIGHT, T1, T2, VALUE } from './frame';
import { AND, constant, end, get, op, OR, ROTL, ROTR, set, SHL, SHR_S, SHR_U, SUB, when } from './wasm';

// arguments of the form, in the order of scripts/gen-forms.mjs
const SHIFT_LEFT: u32 = 0;
const SHIFT_SIGNED: u32 = 2;
const ROTATE_LEFT: u32 = 3;

// @ts-ignore: decorator
@inline function isByCl(form: u32): bool { return shapeOf(form) == 1; }
// @ts-ignore: decorator
@inline function countOf(u: usize): u32 { return <u32>load<u8>(u, U_IMM) & 31; }

/** Does it set all flags for sure, and fault never? */
export function shiftOverwrites(u: usize, form: u32): bool {
  return !isByCl(form) && argumentOf(form) < ROTATE_LEFT && inRegister(u) && countOf(u) != 0;
}

/** Pushes the count: a constant, or T2 with CL masked. */
function pushCount(u: usize, form: u32): void {
  if (isByCl(form)) get(T2);
  else constant(countOf(u));
}
/** T2 = CL & 31. */
function takeCl(): void {
  getRegister(ECX);
  constant(31);
  op(AND);
  set(T2);
}

export function shift(u: usize, form: u32, dead: bool): void {
  const bytes = bytesOf(form);
  const byCl = isByCl(form);
  const memory = !inRegister(u);
  // a count of 0 still checks a memory operand
  if (!byCl && countOf(u) == 0 && !memory) return;
  pushModified(u, bytes);
  set(T1);
  if (!byCl && countOf(u) == 0) {
    finish(u, bytes, T1);
    return;
  }
  if (byCl) takeCl();
  if (argumentOf(form) >= ROTATE_LEFT) rotate(u, form, dead);
  else shiftValue(u, form, dead);
  finish(u, bytes, VALUE);
}

/** VALUE from T1. */
function shiftValue(u: usize, form: u32, dead: bool): void {
  const which = argumentOf(form);
  const bytes = bytesOf(form);
  const top: u32 = 32 - 8 * bytes;
  get(T1);
  if (which == SHIFT_SIGNED) extend(bytes);
  pushCount(u, form);
  op(which == SHIFT_LEFT ? SHL : which == SHIFT_SIGNED ? SHR_S : SHR_U);
  set(VALUE);
  if (dead) return;
  if (isByCl(form)) {
    markFlags();
    get(T2);
    when();
  }
  // to the left: the operand at the top of the word
  get(T1);
  if (which == SHIFT_SIGNED) extend(bytes);
  if (which == SHIFT_LEFT) raise(top);
  set(LEFT);
  pushCount(u, form);
  set(RIGHT);
  noteResult(bytes, VALUE);
  endMaybe(form, which == SHIFT_LEFT ? SHIFTED_LEFT : which == SHIFT_SIGNED ? SHIFTED_SIGNED : SHIFTED_RIGHT + (bytes >>> 1));
}
function raise(by: u32): void {
  if (by == 0) return;
  constant(by);
  op(SHL);
}
/** A count of 0 in CL leaves all flags. */
function endMaybe(form: u32, kind: i32): void {
  if (!isByCl(form)) {
    setKind(kind);
    return;
  }
  markKind(kind);
  end();
  forgetFlags();
}

/** VALUE from T1; CF and OF change unless the count is 0. */
function rotate(u: usize, form: u32, dead: bool): void {
  const bytes = bytesOf(form);
  const bits = 8 * bytes;
  const left = argumentOf(form) == ROTATE_LEFT;
  if (bytes == 4) {
    get(T1);
    pushCount(u, form);
    op(left ? ROTL : ROTR);
  } else {
    // doubled, it can be shifted
    get(T1);
    get(T1);
    constant(bits);
    op(SHL);
    op(OR);
    pushCount(u, form);
    constant(bits - 1);
    op(AND);
    op(left ? SHL : SHR_U);
    if (left) {
      constant(bits);
      op(SHR_U);
    }
    constant(bytes == 2 ? 0xffff : 0xff);
    op(AND);
  }
  set(VALUE);
  if (dead) return;
  settleFlags();
  if (isByCl(form)) {
    get(T2);
    when();
  }
  // CF to bit 31, CF xor OF to bit 30
  if (left) {
    get(VALUE);
    constant(31);
    op(SHL);
    get(VALUE);
    constant(bits - 1);
    op(SHR_U);
    constant(30);
    op(SHL);
    op(OR);
  } else {
    get(VALUE);
    raise(32 - bits);
    constant(0xc0000000);
    op(AND);
  }
  setCarryWord();
  if (isByCl(form)) end();
}

/** SHLD, SHRD of 32 bits. */
export function doubleOverwrites(u: usize, form: u32): bool { return !isByCl(form) && inRegister(u) && countOf(u) != 0; }

export function doubleShift(u: usize, form: u32, dead: bool): void {
  const left = argumentOf(form) == 0;
  const byCl = isByCl(form);
  if (!byCl && countOf(u) == 0 && inRegister(u)) return;
  pushModified(u, 4);
  set(T1);
  if (!byCl && countOf(u) == 0) {
    finish(u, 4, T1);
    return;
  }
  get(T1);
  set(VALUE);
  if (byCl) {
    takeCl();
    if (!dead) markFlags();
    get(T2);
    when();
  }
  get(T1);
  pushCount(u, form);
  op(left ? SHL : SHR_U);
  getSlot(4, load<u16>(u, U_REG));
  constant(32);
  pushCount(u, form);
  op(SUB);
  op(left ? SHR_U : SHL);
  op(OR);
  set(VALUE);
  if (!dead) {
    get(T1);
    set(LEFT);
    pushCount(u, form);
    set(RIGHT);
    noteResult(4, VALUE);
    endMaybe(form, DOUBLED_LEFT + argumentOf(form));
  } else if (byCl) end();
  finish(u, 4, VALUE);
}

// XCHG, XADD, CMPXCHG. One processor: LOCK changes nothing. ops/integer/alu.ts and atomic.ts say what they mean.
// Source: SDM vol. 2.
import { EAX } from '../abi';
import { ADDED, SUBTRACTED } from '../cpu/flag-kinds';
import { U_REG, U_RM } from '../uop';
import { bytesOf, finish, noteResult, pushModified } from './emit-operand';
import { setKind } from './flags';
import { extend, getSlot, LEFT, RESULT, RIGHT, setSlot, T1, T2, VALUE } from './frame';
import { ADD, get, op, SELECT, set, SUB, tee } from './wasm';

export function exchange(u: usize, form: u32): void {
  const bytes = bytesOf(form);
  // NOP and PAUSE too
  if (load<u16>(u, U_REG) == load<u16>(u, U_RM)) return;
  pushModified(u, bytes);
  set(T1);
  getSlot(bytes, load<u16>(u, U_REG));
  set(T2);
  finish(u, bytes, T2);
  get(T1);
  setSlot(bytes, load<u16>(u, U_REG));
}

export function exchangeAdd(u: usize, form: u32, dead: bool): void {
  const bytes = bytesOf(form);
  pushModified(u, bytes);
  tee(T1);
  getSlot(bytes, load<u16>(u, U_REG));
  if (!dead) {
    set(RIGHT);
    tee(LEFT);
    get(RIGHT);
  }
  op(ADD);
  set(VALUE);
  if (!dead) {
    noteResult(bytes, VALUE);
    setKind(ADDED + (bytes >>> 1));
  }
  // the register may be the destination
  if (load<u16>(u, U_RM) != 0) {
    get(T1);
    setSlot(bytes, load<u16>(u, U_REG));
    finish(u, bytes, VALUE);
    return;
  }
  finish(u, bytes, VALUE);
  get(T1);
  setSlot(bytes, load<u16>(u, U_REG));
}

export function compareExchange(u: usize, form: u32): void {
  const bytes = bytesOf(form);
  pushModified(u, bytes);
  set(RIGHT);
  getSlot(bytes, EAX);
  tee(LEFT);
  get(RIGHT);
  op(SUB);
  extend(bytes);
  set(RESULT);
  setKind(SUBTRACTED + (bytes >>> 1));
  // equal, the accumulator is what it will be anyway
  get(RIGHT);
  getSlot(bytes, load<u16>(u, U_REG));
  get(RESULT);
  op(SELECT);
  set(T1);
  get(RIGHT);
  setSlot(bytes, EAX);
  finish(u, bytes, T1);
}

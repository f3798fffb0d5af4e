// Bits: BT BTS BTR BTC on registers or with a bit number as immediate, BSF, BSR, BSWAP; CLC, STC, CMC.
// ops/integer/bit.ts and flags-image.ts say what they mean: CF alone changes but for BSF and BSR.
import { LOGIC } from '../cpu/flag-kinds';
import { U_IMM, U_REG, U_RM } from '../uop';
import { argumentOf, finish, inRegister, pushModified, pushOperand, shapeOf } from './emit-operand';
import { setCarryWord, setKind, settleFlags } from './flags';
import { CARRY, getRegister, RESULT, setRegister, T1, T2, VALUE } from './frame';
import {
  AND, CLZ, constant, CTZ, get, op, OR, ROTL, SELECT, set, SHL, SHR_U, tee, XOR,
} from './wasm';

const TEST: u32 = 0;
const SET: u32 = 1;
const RESET: u32 = 2;

/** 32 bits; shape 1: the number is an immediate. */
export function bit(u: usize, form: u32, dead: bool): void {
  const which = argumentOf(form);
  if (!dead) settleFlags();
  if (which == TEST) pushOperand(u, 4);
  else pushModified(u, 4);
  set(T1);
  if (which != TEST) {
    get(T1);
    if (shapeOf(form) == 1) {
      const mask: u32 = 1 << (<u32>load<u8>(u, U_IMM) & 31);
      constant(which == RESET ? ~mask : mask);
    } else {
      constant(which == RESET ? 0xfffffffe : 1);
      getRegister(load<u16>(u, U_REG));
      op(ROTL);
    }
    op(which == SET ? OR : which == RESET ? AND : XOR);
    set(VALUE);
  }
  if (!dead) {
    get(T1);
    if (shapeOf(form) == 1) constant(<u32>load<u8>(u, U_IMM) & 31);
    else getRegister(load<u16>(u, U_REG));
    op(SHR_U);
    constant(31);
    op(SHL);
    replaceCarry();
  }
  if (which != TEST) finish(u, 4, VALUE);
}

/** CLC, STC, CMC. */
export function carryFlag(form: u32, dead: bool): void {
  if (dead) return;
  settleFlags();
  if (argumentOf(form) == 2) {
    get(CARRY);
    constant(0xffffffff);
    op(XOR);
    constant(0x80000000);
    op(AND);
  } else constant(argumentOf(form) == 1 ? 0x80000000 : 0);
  replaceCarry();
}

/** Pops CF in bit 31; OF stays what it is. */
function replaceCarry(): void {
  tee(T2);
  get(T2);
  get(CARRY);
  op(XOR);
  get(CARRY);
  constant(1);
  op(SHL);
  op(XOR);
  constant(1);
  op(SHR_U);
  constant(0x40000000);
  op(AND);
  op(OR);
  setCarryWord();
}

/** BSF, BSR of 32 bits. */
export function scan(u: usize, form: u32, dead: bool): void {
  pushOperand(u, 4);
  set(T1);
  get(T1);
  if (argumentOf(form) == 0) op(CTZ);
  else {
    op(CLZ);
    constant(31);
    op(XOR);
  }
  getRegister(load<u16>(u, U_REG));
  get(T1);
  op(SELECT);
  setRegister(load<u16>(u, U_REG));
  if (dead) return;
  get(T1);
  set(RESULT);
  setKind(LOGIC);
}

/** BSWAP of 32 bits. */
export function swapBytes(u: usize): void {
  const slot: u32 = load<u16>(u, U_RM);
  getRegister(slot);
  constant(8);
  op(ROTL);
  constant(0x00ff00ff);
  op(AND);
  getRegister(slot);
  constant(24);
  op(ROTL);
  constant(0xff00ff00);
  op(AND);
  op(OR);
  setRegister(slot);
}

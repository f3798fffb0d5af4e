// Multiplication and division of 32 bits. ops/integer/muldiv.ts and muldiv-divide.ts say what they mean.
// Source: SDM vol. 2, MUL, IMUL, DIV, IDIV.
import { EAX, EDX } from '../abi';
import { MULTIPLIED } from '../cpu/flag-kinds';
import { U_IMM, U_REG } from '../uop';
import { argumentOf, noteResult, pushOperand } from './emit-operand';
import { setKind } from './flags';
import { getRegister, leaveToHandler, RIGHT, setRegister, T1, T2, VALUE, WIDE } from './frame';
import {
  constant, end, EQ, EQZ, get, GE_U, I64_CONST, I64_DIV_S, I64_DIV_U, I64_EXTEND_S, I64_EXTEND_U, I64_MUL, I64_NE, I64_OR, I64_SHL,
  I64_SHR_U, MUL, NE, op, OR, set, SHR_S, SUB, tee, when, WRAP,
} from './wasm';

/** IMUL in all its 32-bit forms, MUL. */
export function multiply(u: usize, form: u32, dead: bool): void {
  const which = argumentOf(form);
  const wide = which >= 2;
  const extension = which == 2 ? I64_EXTEND_U : I64_EXTEND_S;
  pushOperand(u, 4);
  if (!wide && dead) {
    pushFactor(u, which);
    op(MUL);
    setRegister(load<u16>(u, U_REG));
    return;
  }
  op(extension);
  if (wide) getRegister(EAX);
  else pushFactor(u, which);
  op(extension);
  op(I64_MUL);
  tee(WIDE);
  op(WRAP);
  set(VALUE);
  get(WIDE);
  high();
  set(T1);
  if (!dead) {
    get(T1);
    if (which == 2) constant(0);
    else {
      get(VALUE);
      constant(31);
      op(SHR_S);
    }
    op(NE);
    set(RIGHT);
    noteResult(4, VALUE);
    setKind(MULTIPLIED);
  }
  get(VALUE);
  setRegister(wide ? EAX : load<u16>(u, U_REG));
  if (wide) {
    get(T1);
    setRegister(EDX);
  }
}
function pushFactor(u: usize, which: u32): void {
  if (which == 0) getRegister(load<u16>(u, U_REG));
  else constant(load<u32>(u, U_IMM));
}
/** The upper half of the number on the stack. */
function high(): void {
  op(I64_CONST);
  op(32);
  op(I64_SHR_U);
  op(WRAP);
}

/** DIV, IDIV. The flags stay. */
export function divide(u: usize, form: u32): void {
  const negative = argumentOf(form) == 1;
  pushOperand(u, 4);
  set(T1);
  if (negative) {
    // no quotient of such a dividend fits, and one of them WebAssembly would trap at
    getRegister(EDX);
    constant(0x80000000);
    op(EQ);
    get(T1);
    op(EQZ);
    op(OR);
  } else {
    getRegister(EDX);
    get(T1);
    op(GE_U);
  }
  refuse(u);
  getRegister(EDX);
  op(I64_EXTEND_U);
  op(I64_CONST);
  op(32);
  op(I64_SHL);
  getRegister(EAX);
  op(I64_EXTEND_U);
  op(I64_OR);
  get(T1);
  op(negative ? I64_EXTEND_S : I64_EXTEND_U);
  op(negative ? I64_DIV_S : I64_DIV_U);
  if (negative) {
    tee(WIDE);
    op(WRAP);
    tee(T2);
    op(I64_EXTEND_S);
    get(WIDE);
    op(I64_NE);
    refuse(u);
  } else {
    op(WRAP);
    set(T2);
  }
  // what remains, in 32 bits: it fits
  getRegister(EAX);
  get(T2);
  get(T1);
  op(MUL);
  op(SUB);
  setRegister(EDX);
  get(T2);
  setRegister(EAX);
}

/** The handler raises #DE when the condition on the stack holds. */
function refuse(u: usize): void {
  when();
  leaveToHandler(u);
  end();
}

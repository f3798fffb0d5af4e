// PUSH, POP, LEAVE and the words of calls and returns: flat and 32 bits wide under every mode key that is translated. ops/integer/stack.ts.
// Runs of them look into the TLB once: functions begin by saving registers and end by restoring them. Source: SDM vol. 2, PUSH, POP, LEAVE.
import { EBP, ESP } from '../abi';
import { FORM_ALU, FORM_LEAVE, FORM_POP, FORM_PUSH, FORM_RET } from '../generated/forms';
import { U_IMM, U_RM, UOP_SIZE } from '../uop';
import { readTlb, writeTlb } from '../mmu/tlb';
import { formOf } from './emit';
import { argumentOf, bytesOf, pushOperand, shapeOf } from './emit-operand';
import { getRegister, leaveToHandler, LINEAR, setRegister, T1, VALUE } from './frame';
import { host, lookup, pushMemory, readMemory } from './memory';
import { ADD, constant, end, get, loadN, op, set, storeN, SUB, when } from './wasm';

const MOV_: u32 = 9;
const RR: u32 = 0;
const RI: u32 = 3;

/** Words of the run at hand that are still to come. While there are any LINEAR is the host address of its lowest word. */
let left: u32 = 0;
let words: u32 = 0;

/** A block begins: no run goes on from one to the next. */
export function forgetRun(): void { left = 0; }

/** Pushes of a register or a constant. */
function isPush(form: u32): bool { return (form & 0xff) == FORM_PUSH && (shapeOf(form) == 0 || shapeOf(form) == 2); }
function isPop(u: usize, form: u32): bool { return (form & 0xff) == FORM_POP && <u32>load<u16>(u, U_RM) != ESP; }
/** May it stand between pushes? It writes a register other than ESP, and needs no local of the run's. */
function isMove(u: usize, form: u32): bool {
  return (form & 0xff) == FORM_ALU && argumentOf(form) == MOV_ && bytesOf(form) == 4 && (shapeOf(form) == RR || shapeOf(form) == RI) &&
    <u32>load<u16>(u, U_RM) != ESP;
}

function countPushes(u: usize, last: usize): u32 {
  let n: u32 = 0;
  for (; u <= last; u += UOP_SIZE) {
    const form = formOf(u);
    if (isPush(form)) n++;
    else if (!isMove(u, form)) break;
  }
  return n;
}
function countPops(u: usize, last: usize): u32 {
  let n: u32 = 0;
  for (; u <= last; u += UOP_SIZE) {
    const form = formOf(u);
    if (isPop(u, form)) n++;
    else return (form & 0xff) == FORM_RET ? n + 1 : n;
  }
  return n;
}

/** When a run of two words or more begins at `u` of the block that ends with `last`: looks its page up, or leaves to the handler of `u`. */
export function beginRun(u: usize, last: usize): void {
  if (left != 0) return;
  const form = formOf(u);
  if (isPush(form)) {
    words = countPushes(u, last);
    if (words < 2) return;
    getRegister(ESP);
    constant(words << 2);
    op(SUB);
    lookup(words << 2, writeTlb);
  } else {
    const leaves = (form & 0xff) == FORM_LEAVE;
    words = leaves ? 1 + countPops(u + UOP_SIZE, last) : countPops(u, last);
    if (words < 2) return;
    getRegister(leaves ? EBP : ESP);
    lookup(words << 2, readTlb);
  }
  when();
  leaveToHandler(u);
  end();
  host();
  set(LINEAR);
  left = words;
}

export function push(u: usize, form: u32): void {
  if (left != 0) {
    left--;
    get(LINEAR);
    pushed(u, form);
    storeN(4, left << 2);
    getRegister(ESP);
    constant(4);
    op(SUB);
    setRegister(ESP);
    return;
  }
  pushed(u, form);
  set(T1);
  getRegister(ESP);
  constant(4);
  op(SUB);
  pushMemory(u, T1);
}
/** Pushes what the guest pushes. */
function pushed(u: usize, form: u32): void {
  const shape = shapeOf(form);
  if (shape == 0) getRegister(load<u16>(u, U_RM));
  else if (shape == 2) constant(load<u32>(u, U_IMM));
  else pushOperand(u, 4);
}

/** The word at the address in register `from` to VALUE; ESP is behind it then. */
function popWord(u: usize, from: u32): void {
  if (left != 0) {
    get(LINEAR);
    loadN(4, (words - left) << 2);
    set(VALUE);
    left--;
    getRegister(from);
  } else {
    getRegister(from);
    readMemory(u, 4);
    get(LINEAR);
  }
  constant(4);
  op(ADD);
  setRegister(ESP);
}
export function pop(u: usize): void {
  popWord(u, ESP);
  get(VALUE);
  setRegister(load<u16>(u, U_RM));
}
export function leaveFrame(u: usize): void {
  popWord(u, EBP);
  get(VALUE);
  setRegister(EBP);
}
/** The address that RET takes off the stack, to VALUE. */
export function popReturn(u: usize): void { popWord(u, ESP); }

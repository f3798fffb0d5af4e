// Guest memory from a region: the TLB look-up in line, the core's slow path behind a miss. mmu/access.ts.
import { ATTENTION, ESP, FAULT_KIND } from '../abi';
import {
  CALL_READ, CALL_WRITE, ENTRY, leaveAfter, leaveAtPushed, leaveToHandler, leaveWithFault, LINEAR, READ_TLB, setRegister, spend,
  VALUE, WRITE_TLB,
} from './frame';
import { U_ORDINAL } from '../isa/uop';
import {
  ADD, AND, call, constant, ELSE, end, EQZ, get, GT_U, loadN, op, OR, set, SHL, SHR_U, storeN, tee, when, XOR,
} from './wasm';

/** Pops a linear address into LINEAR, its TLB entry into ENTRY, and pushes whether the access misses. */
function lookup(bytes: u32, tlb: u32): void {
  tee(LINEAR);
  constant(12);
  op(SHR_U);
  constant(2);
  op(SHL);
  get(tlb);
  op(ADD);
  loadN(4, 0);
  tee(ENTRY);
  if (bytes > 1) {
    get(LINEAR);
    op(OR);
  }
  constant(0xfff);
  op(AND);
  if (bytes > 1) {
    constant(0x1000 - bytes);
    op(GT_U);
  }
}
function host(): void {
  get(ENTRY);
  get(LINEAR);
  op(XOR);
}
// @ts-ignore: decorator
@inline function sizeIndex(bytes: u32): u32 { return bytes >>> 1; }

/** Pops a linear address and reads `bytes` there into VALUE. */
export function readMemory(u: usize, bytes: u32): void {
  lookup(bytes, READ_TLB);
  when();
  get(LINEAR);
  call(CALL_READ + sizeIndex(bytes));
  set(VALUE);
  constant(0);
  loadN(4, FAULT_KIND);
  when();
  leaveWithFault(u);
  end();
  op(ELSE);
  host();
  loadN(bytes, 0);
  set(VALUE);
  end();
}

/** Where execution goes on after a write that must be looked at: behind the instruction, or at the address in a local. */
const AFTER: u32 = 0xffffffff;

/** Pops a linear address and writes the value of local `value` there. */
export function writeMemory(u: usize, bytes: u32, value: u32): void {
  lookup(bytes, WRITE_TLB);
  when();
  writeSlow(u, bytes, value);
  attention(u, AFTER);
  op(ELSE);
  host();
  get(value);
  storeN(bytes, 0);
  end();
}

function writeSlow(u: usize, bytes: u32, value: u32): void {
  get(LINEAR);
  get(value);
  call(CALL_WRITE + sizeIndex(bytes));
  op(EQZ);
  when();
  leaveWithFault(u);
  end();
}
function attention(u: usize, to: u32): void {
  constant(0);
  loadN(4, ATTENTION);
  when();
  if (to == AFTER) leaveAfter(u);
  else {
    spend(<i32>load<u16>(u, U_ORDINAL) + 1);
    get(to);
    leaveAtPushed();
  }
  end();
}

/** Pops the new stack pointer and writes local `value` there; ESP follows. `to`: local with the address that a CALL goes to. */
export function pushMemory(u: usize, value: u32, to: u32): void {
  lookup(4, WRITE_TLB);
  when();
  writeSlow(u, 4, value);
  get(LINEAR);
  setRegister(ESP);
  attention(u, to);
  op(ELSE);
  host();
  get(value);
  storeN(4, 0);
  get(LINEAR);
  setRegister(ESP);
  end();
}
export const PUSH_ONLY: u32 = AFTER;

/** Pops a linear address and reads `bytes` that will be written into VALUE; where that is not simple the handler does it all. */
export function modifyMemory(u: usize, bytes: u32): void {
  lookup(bytes, WRITE_TLB);
  when();
  leaveToHandler(u);
  end();
  host();
  tee(LINEAR);
  loadN(bytes, 0);
  set(VALUE);
}
/** Writes local `value` back where modifyMemory() has read. */
export function finishMemory(bytes: u32, value: u32): void {
  get(LINEAR);
  get(value);
  storeN(bytes, 0);
}

// Guest memory from a region: the TLB look-up in line, the core behind a miss: mmu/region-access.ts.
// Its answer is an entry like that of the TLB.
import { ESP } from '../abi';
import { MODIFIED } from '../mmu/region-access';
import { CALL_READ, CALL_STORE, CALL_WRITE, checkEntry, ENTRY, LINEAR, READ_TLB, setRegister, VALUE, WRITE_TLB } from './frame';
import { ADD, AND, call, constant, end, get, GT_U, loadN, op, OR, set, SHL, SHR_U, storeN, tee, when, XOR } from './wasm';

/** Pops a linear address into LINEAR, its TLB entry into ENTRY, and pushes whether the access misses. */
export function lookup(bytes: u32, tlb: u32): void {
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
/** Pushes the host address of what lookup() has found. */
export function host(): void {
  get(ENTRY);
  get(LINEAR);
  op(XOR);
}

function miss(u: usize, bytes: u32, from: u32): void {
  get(LINEAR);
  constant(bytes);
  call(from);
  checkEntry(u);
  end();
}

/** Pops a linear address and reads `bytes` there into VALUE. */
export function readMemory(u: usize, bytes: u32): void {
  lookup(bytes, READ_TLB);
  when();
  miss(u, bytes, CALL_READ);
  host();
  loadN(bytes, 0);
  set(VALUE);
}

/** Pops a linear address and writes the value of local `value` there. */
export function writeMemory(u: usize, bytes: u32, value: u32): void {
  lookup(bytes, WRITE_TLB);
  when();
  get(LINEAR);
  get(value);
  constant(bytes);
  call(CALL_WRITE);
  checkEntry(u);
  end();
  host();
  get(value);
  storeN(bytes, 0);
}

/** Pops the new stack pointer and writes local `value` there; ESP follows. */
export function pushMemory(u: usize, value: u32): void {
  lookup(4, WRITE_TLB);
  when();
  miss(u, 4, CALL_STORE);
  host();
  get(value);
  storeN(4, 0);
  get(LINEAR);
  setRegister(ESP);
}

/** Pops a linear address and reads `bytes` that will be written into VALUE. */
export function modifyMemory(u: usize, bytes: u32): void {
  lookup(bytes, WRITE_TLB);
  when();
  miss(u, bytes | MODIFIED, CALL_STORE);
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

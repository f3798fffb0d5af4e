// Guest memory from a region: the TLB look-up in line, the core behind a miss: mmu/region-access.ts.
// Its answer is an entry like that of the TLB.
import { ESP } from '../abi';
import { MODIFIED } from '../mmu/region-access';
import { readTlb, writeTlb } from '../mmu/tlb';
import { CALL_READ, CALL_STORE, CALL_WRITE, checkEntry, ENTRY, LINEAR, setRegister, VALUE } from './frame';
import { ADD, AND, call, constant, end, get, GT_U, loadN, op, OR, set, SHR_U, storeN, tee, when, XOR } from './wasm';

/** Pops a linear address into LINEAR and pushes its entry in `tlb`, which is in ENTRY too. */
export function lookupEntry(tlb: usize): void {
  tee(LINEAR);
  constant(10);
  op(SHR_U);
  constant(~3);
  op(AND);
  loadN(4, <u32>tlb);
  tee(ENTRY);
}

/**
 * Pops a linear address into LINEAR, its entry in `tlb` into ENTRY, and pushes whether an access of `bytes` misses. A region is entered
 * under the rights that it was translated for: so the tables are those in force now.
 */
export function lookup(bytes: u32, tlb: usize): void {
  lookupEntry(tlb);
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
  lookup(bytes, readTlb);
  when();
  miss(u, bytes, CALL_READ);
  host();
  loadN(bytes, 0);
  set(VALUE);
}

/** Pops a linear address and writes the value of local `value` there. */
export function writeMemory(u: usize, bytes: u32, value: u32): void {
  lookup(bytes, writeTlb);
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
  lookup(4, writeTlb);
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
  lookup(bytes, writeTlb);
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

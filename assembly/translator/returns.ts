// Calls and returns in a region: a return goes where the call of it expects, when that is in this region, without a look-up.
// Ours; the ring is mmu/returns.ts. What the guest pushes and pops stays what counts: the ring only saves finding its place.
import { CODE_LINEAR_PAGE, CODE_PAGE, NO_TARGET, RETURN_TOP } from '../abi';
import { RETURN_MASK, RETURN_SIZE, RETURNS } from '../mmu/returns';
import { BUDGET, PAGE, pushTable, put, T1, T2, TARGET, VALUE } from './frame';
import { ADD, AND, br, constant, end, EQ, GT_S, get, loadN, op, set, SHR_U, storeN, SUB, tee, when } from './wasm';

function setTop(): void {
  constant(RETURN_MASK);
  op(AND);
  set(VALUE);
  put(VALUE, RETURN_TOP);
}
function fetchTop(): void {
  constant(0);
  loadN(4, RETURN_TOP);
}
function field(at: u32): u32 { return <u32>RETURNS + at; }

/** A call within the region in `slot` returns to the address in T1: target `target` of it, in the page of `table`. Uses VALUE. */
export function expectReturn(slot: u32, target: i32, table: usize): void {
  fetchTop();
  constant(RETURN_SIZE);
  op(ADD);
  setTop();
  get(VALUE);
  get(T1);
  storeN(4, field(0));
  get(VALUE);
  constant((slot << 12) | <u32>target);
  storeN(4, field(4));
  get(VALUE);
  constant(<u32>table);
  storeN(4, field(8));
  get(VALUE);
  get(PAGE);
  storeN(4, field(12));
}

/**
 * Returns to the address in T2 by `dispatcher` when it is the one that is expected; else it goes on behind, and expects the same later:
 * whoever called may have done so from another region. `merged`: of several pages.
 */
export function emitReturn(slot: u32, dispatcher: i32, merged: bool): void {
  fetchTop();
  tee(T1);
  loadN(4, field(0));
  get(T2);
  op(EQ);
  get(T1);
  loadN(4, field(4));
  tee(TARGET);
  constant(12);
  op(SHR_U);
  constant(slot);
  op(EQ);
  op(AND);
  get(BUDGET);
  constant(0);
  op(GT_S);
  op(AND);
  if (merged) {
    get(T2);
    pushTable();
    get(T1);
    loadN(4, field(8));
  } else {
    get(PAGE);
    get(T1);
    loadN(4, field(12));
  }
  op(EQ);
  op(AND);
  when();
  get(T1);
  constant(RETURN_SIZE);
  op(SUB);
  setTop();
  get(TARGET);
  constant(NO_TARGET);
  op(AND);
  set(TARGET);
  if (merged) {
    get(T1);
    loadN(4, field(12));
    set(PAGE);
    get(T2);
    constant(0xfffff000);
    op(AND);
    set(VALUE);
    put(VALUE, CODE_LINEAR_PAGE);
    get(T1);
    loadN(4, field(8));
    set(VALUE);
    put(VALUE, CODE_PAGE);
  }
  br(dispatcher);
  end();
}

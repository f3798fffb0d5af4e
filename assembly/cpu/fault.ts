// Raising faults. A fault is state, never a throw: the first one of an instruction stands until it is delivered.
// SDM vol. 3A chapter 6.
import { FAULT_KIND, FAULT_VECTOR, FAULT_ERROR, NO_ERROR_CODE, SCRATCH_UOPS, ATTENTION } from '../abi';
import { UOP_SIZE } from '../uop';

export const DE: u32 = 0;
export const DB: u32 = 1;
export const NMI: u32 = 2;
export const BP: u32 = 3;
export const OVERFLOW: u32 = 4;
export const BR: u32 = 5;
export const UD: u32 = 6;
export const NM: u32 = 7;
export const DF_FAULT: u32 = 8;
export const TS: u32 = 10;
export const NP: u32 = 11;
export const SS_FAULT: u32 = 12;
export const GP: u32 = 13;
export const PF_FAULT: u32 = 14;
export const MF: u32 = 16;
export const AC_FAULT: u32 = 17;
export const XM: u32 = 19;

/** Kinds of FAULT_KIND: an exception to deliver at the instruction, or an exit to the host that restarts it. */
export const KIND_EXCEPTION: u32 = 1;
export const KIND_EXIT: u32 = 2;

/** Micro-op that ends an instruction with the pending fault or exit; the interpreter delivers it. */
export const FAULT_UOP: usize = SCRATCH_UOPS;
/** Micro-op that looks the next instruction up at EIP (after a jump, a mode change, a code change). */
export const RESUME_UOP: usize = SCRATCH_UOPS + UOP_SIZE;
/** Micro-op that leaves to the host with EXIT_REASON. */
export const EXIT_UOP: usize = SCRATCH_UOPS + 2 * UOP_SIZE;

/** Where the instruction that is being left stands. */
let faultUop: usize = 0;
// @ts-ignore: decorator
@inline export function faultingUop(): usize { return faultUop; }

// @ts-ignore: decorator
@inline export function faulted(): bool { return load<u32>(FAULT_KIND) != 0; }

/** Notes an exception with an error code (NO_ERROR_CODE for none). The first one stands. */
export function raise(vector: u32, error: i32): void {
  if (load<u32>(FAULT_KIND) != 0) return;
  store<u32>(FAULT_KIND, KIND_EXCEPTION);
  store<u32>(FAULT_VECTOR, vector);
  store<i32>(FAULT_ERROR, error);
}

/** Notes that the instruction at hand must leave to the host and start again. The caller has filled the exit fields. */
export function raiseExit(): void {
  if (load<u32>(FAULT_KIND) == 0) store<u32>(FAULT_KIND, KIND_EXIT);
}

/** Ends the instruction of micro-op `u` with what was raised. EIP will be that of the instruction. */
// @ts-ignore: decorator
@inline export function fault(u: usize): usize { faultUop = u; return FAULT_UOP; }

export function fail(u: usize, vector: u32, error: i32): usize {
  raise(vector, error);
  faultUop = u;
  return FAULT_UOP;
}
/** #GP(error). */
export function gp(u: usize, error: u32): usize { return fail(u, GP, error); }
export function ud(u: usize): usize { return fail(u, UD, NO_ERROR_CODE); }
export function nm(u: usize): usize { return fail(u, NM, NO_ERROR_CODE); }

// @ts-ignore: decorator
@inline export function needsAttention(): bool { return load<u32>(ATTENTION) != 0; }

// XMM registers in a region, and the vector and floating-point instructions of WebAssembly (core specification 2.0, 5.4.7-5.4.8).
// A local follows each XMM register that the region uses: what is written goes to both, so that memory is never stale and leaving
// costs nothing; a handler that may have written XMM registers is followed by reload().
import { CR0, CR4, MXCSR, XMM } from '../abi';
import { FIRST_FLOAT, leaveToHandler } from './frame';
import { AND, brIf, constant, end, get, I32, loadN, NE, op, OR, set, unsigned, when, XOR } from './wasm';

/** Not 0: SSE instructions raise #UD or #NM. */
const REFUSED: u32 = FIRST_FLOAT;
/** Of x87-frame.ts: status and tag word, word of a number. */
export const STATUS: u32 = FIRST_FLOAT + 1;
export const TAG: u32 = FIRST_FLOAT + 2;
export const WORD: u32 = FIRST_FLOAT + 3;
/** Scalar operands, double and single. */
export const DA: u32 = FIRST_FLOAT + 4;
export const DB: u32 = FIRST_FLOAT + 5;
export const SA: u32 = FIRST_FLOAT + 6;
export const SB: u32 = FIRST_FLOAT + 7;
/** Vector operands, result, magnitude of the result. */
export const VA: u32 = FIRST_FLOAT + 8;
export const VB: u32 = FIRST_FLOAT + 9;
export const VR: u32 = FIRST_FLOAT + 10;
export const VM: u32 = FIRST_FLOAT + 11;
const VECTOR: u32 = FIRST_FLOAT + 12;

/** Registers that the region has a use for: found by a first pass. */
let used: u32 = 0;
/** Does it have SSE instructions at all, or x87 ones? */
let present: bool = false;
let scalars: bool = false;
/** Is it certain here that they may run? */
let checked: bool = false;

export function forgetVectors(): void {
  used = 0;
  present = false;
  scalars = false;
}
/** The region needs the first of the locals. */
export function useScalars(): void { scalars = true; }
/** At the head of a block nothing is known. */
export function forgetChecks(): void { checked = false; }

const F64: u32 = 0x7c;
const F32: u32 = 0x7d;
const V128: u32 = 0x7b;
/** Groups of locals, behind those of frame.ts. */
export function vectorGroups(): u32 { return present ? 4 : scalars ? 1 : 0; }
export function declareVectors(): void {
  if (!present && !scalars) return;
  op(4);
  op(I32);
  if (!present) return;
  op(2);
  op(F64);
  op(2);
  op(F32);
  op(12);
  op(V128);
}

// ---- instructions -----------------------------------------------------------------------------------------------------------
export const F32_EQ: u32 = 0x5b;
export const F64_EQ: u32 = 0x61;
export const F32_ABS: u32 = 0x8b;
export const F64_ABS: u32 = 0x99;

export const V_LOAD: u32 = 0x00;
export const V_STORE: u32 = 0x0b;
export const LOAD_SPLAT64: u32 = 0x0a;
export const LOAD_ZERO32: u32 = 0x5c;
export const LOAD_ZERO64: u32 = 0x5d;
export const LOAD_LANE64: u32 = 0x57;
export const STORE_LANE32: u32 = 0x5a;
export const STORE_LANE64: u32 = 0x5b;
export const V_AND: u32 = 0x4e;
export const V_OR: u32 = 0x50;
export const V_NOT: u32 = 0x4d;

export function simd(code: u32): void {
  op(0xfd);
  unsigned(code);
}
/** One that names a lane. */
export function lane(code: u32, i: u32): void {
  simd(code);
  op(i);
}
/** One that reads or writes memory at the address on the stack + `offset`. */
export function vectorMemory(code: u32, offset: u32): void {
  simd(code);
  op(0);
  unsigned(offset);
}
/** Pushes a vector of two such halves. */
export function vectorConstant(half: u64): void {
  simd(0x0c);
  for (let i = 0; i < 16; i++) op(<u32>(half >> ((i & 7) << 3)) & 0xff);
}
export function zeroVector(): void { vectorConstant(0); }
export function f64Constant(bits: u64): void {
  op(0x44);
  for (let i = 0; i < 8; i++) op(<u32>(bits >> (i << 3)) & 0xff);
}
export function f32Constant(bits: u32): void {
  op(0x43);
  for (let i = 0; i < 4; i++) op((bits >>> (i << 3)) & 0xff);
}

// ---- registers --------------------------------------------------------------------------------------------------------------
// @ts-ignore: decorator
@inline function numberOf(slot: u32): u32 { return (slot - XMM) >>> 4; }
function localOf(slot: u32): u32 {
  used |= 1 << numberOf(slot);
  return VECTOR + numberOf(slot);
}
export function getXmm(slot: u32): void { get(localOf(slot)); }
/** Pops a vector into the register. */
export function setXmm(slot: u32): void {
  const local = localOf(slot);
  set(local);
  constant(0);
  get(local);
  vectorMemory(V_STORE, slot);
}
function fetchVector(i: u32): void {
  constant(0);
  vectorMemory(V_LOAD, XMM + (i << 4));
  set(VECTOR + i);
}
/** A handler has written the register. */
export function reload(slot: u32): void { if (((used >>> numberOf(slot)) & 1) != 0) fetchVector(numberOf(slot)); }
/** A handler may have written any. */
export function reloadAll(): void { for (let i: u32 = 0; i < 8; i++) if ((used >>> i) & 1) fetchVector(i); }

/** At the begin of a region: the registers, and whether instructions may use them; only what is no part of a region changes that. */
export function loadVectors(): void {
  if (!present) return;
  reloadAll();
  constant(0);
  loadN(4, CR0);
  constant(0xc);
  op(AND);
  constant(0);
  loadN(4, CR4);
  constant(0x200);
  op(XOR);
  constant(0x200);
  op(AND);
  op(OR);
  set(REFUSED);
}
/** Leaves the instruction of `u` to its handler where SSE is refused. */
export function checkUsable(u: usize): void {
  present = true;
  if (checked) return;
  checked = true;
  get(REFUSED);
  when();
  leaveToHandler(u);
  end();
}

/** Branches to `slow` unless the bits of MXCSR in `mask` are `wanted`. */
export function unlessMxcsr(mask: u32, wanted: u32, slow: i32): void {
  constant(0);
  loadN(4, MXCSR);
  constant(mask);
  op(AND);
  constant(wanted);
  op(NE);
  brIf(slow);
}

// Writes WebAssembly: bytes, LEB128 numbers, instructions, nested scopes. WebAssembly core specification 2.0, chapter 5.
// Everything goes to `out`; a scope is named by the depth that it opened at.

export let out: usize = 0;
/** Scopes that are open. */
export let depth: i32 = 0;

export function setOut(at: usize): void {
  out = at;
  setEnd = 0;
}
export function setDepth(n: i32): void { depth = n; }

// @ts-ignore: decorator
@inline export function op(byte: u32): void {
  store<u8>(out, byte);
  out++;
}
export function unsigned(v: u32): void {
  while (v >= 0x80) {
    op((v & 0x7f) | 0x80);
    v >>>= 7;
  }
  op(v);
}
export function signed(v: i32): void {
  for (;;) {
    const low = v & 0x7f;
    v >>= 7;
    if ((v == 0 && (low & 0x40) == 0) || (v == -1 && (low & 0x40) != 0)) {
      op(low);
      return;
    }
    op(low | 0x80);
  }
}
/** Room for a size that is known later, always five bytes. */
export function reserve(): usize {
  const at = out;
  out += 5;
  return at;
}
/** Fills a reserved place with the bytes since. */
export function fillSize(at: usize): void { fill(at, <u32>(out - at - 5)); }
export function fill(at: usize, v: u32): void {
  for (let i: usize = 0; i < 4; i++) {
    store<u8>(at + i, (v & 0x7f) | 0x80);
    v >>>= 7;
  }
  store<u8>(at + 4, v);
}
/** A name of up to eight characters, the first in the low byte. */
export function name(text: u64): void {
  let length: u32 = 0;
  for (let v = text; v; v >>= 8) length++;
  op(length);
  for (let v = text; v; v >>= 8) op(<u32>v & 0xff);
}

// ---- instructions ---------------------------------------------------------------------------------------------------------
export const I32: u32 = 0x7f;
export const I64: u32 = 0x7e;
export const ELSE: u32 = 0x05;
export const UNREACHABLE: u32 = 0x00;
export const RETURN: u32 = 0x0f;
export const SELECT: u32 = 0x1b;
export const EQZ: u32 = 0x45;
export const EQ: u32 = 0x46;
export const NE: u32 = 0x47;
export const LT_S: u32 = 0x48;
export const LT_U: u32 = 0x49;
export const GT_S: u32 = 0x4a;
export const GT_U: u32 = 0x4b;
export const LE_S: u32 = 0x4c;
export const LE_U: u32 = 0x4d;
export const GE_S: u32 = 0x4e;
export const GE_U: u32 = 0x4f;
export const CLZ: u32 = 0x67;
export const CTZ: u32 = 0x68;
export const POPCNT: u32 = 0x69;
export const ADD: u32 = 0x6a;
export const SUB: u32 = 0x6b;
export const MUL: u32 = 0x6c;
export const AND: u32 = 0x71;
export const OR: u32 = 0x72;
export const XOR: u32 = 0x73;
export const SHL: u32 = 0x74;
export const SHR_S: u32 = 0x75;
export const SHR_U: u32 = 0x76;
export const ROTL: u32 = 0x77;
export const ROTR: u32 = 0x78;
export const EXTEND8_S: u32 = 0xc0;
export const EXTEND16_S: u32 = 0xc1;
export const I64_NE: u32 = 0x52;
export const I64_MUL: u32 = 0x7e;
export const I64_DIV_S: u32 = 0x7f;
export const I64_DIV_U: u32 = 0x80;
export const I64_OR: u32 = 0x84;
export const I64_SHL: u32 = 0x86;
export const I64_SHR_U: u32 = 0x88;
export const WRAP: u32 = 0xa7;
export const I64_EXTEND_S: u32 = 0xac;
export const I64_EXTEND_U: u32 = 0xad;
export const I64_CONST: u32 = 0x42;

export function constant(v: u32): void {
  op(0x41);
  signed(<i32>v);
}
/** The last set(): where it is, where it ends, its local. */
let setAt: usize = 0;
let setEnd: usize = 0;
let setLocal: u32 = 0;
export function get(local: u32): void {
  // right behind a set() of the same it makes that a tee
  if (out == setEnd && local == setLocal) {
    store<u8>(setAt, TEE);
    setEnd = 0;
    return;
  }
  op(0x20);
  unsigned(local);
}
export function set(local: u32): void {
  setAt = out;
  setLocal = local;
  op(0x21);
  unsigned(local);
  setEnd = out;
}
const TEE: u32 = 0x22;
export function tee(local: u32): void {
  op(TEE);
  unsigned(local);
}
export function getGlobal(i: u32): void {
  op(0x23);
  unsigned(i);
}
export function setGlobal(i: u32): void {
  op(0x24);
  unsigned(i);
}
export function call(f: u32): void {
  op(0x10);
  unsigned(f);
}
/** Loads and stores at the address on the stack plus `offset`, of 1, 2 or 4 bytes, zero-extended. */
export function loadN(bytes: u32, offset: u32): void {
  op(bytes == 4 ? 0x28 : bytes == 2 ? 0x2f : 0x2d);
  op(0);
  unsigned(offset);
}
export function storeN(bytes: u32, offset: u32): void {
  op(bytes == 4 ? 0x36 : bytes == 2 ? 0x3b : 0x3a);
  op(0);
  unsigned(offset);
}

// ---- scopes ---------------------------------------------------------------------------------------------------------------
function open(kind: u32, type: u32): i32 {
  op(kind);
  op(type);
  return ++depth;
}
const EMPTY: u32 = 0x40;
export function block(): i32 { return open(0x02, EMPTY); }
export function loop(): i32 { return open(0x03, EMPTY); }
export function when(): i32 { return open(0x04, EMPTY); }
export function end(): void {
  op(0x0b);
  depth--;
}
export function br(scope: i32): void {
  op(0x0c);
  unsigned(depth - scope);
}
export function brIf(scope: i32): void {
  op(0x0d);
  unsigned(depth - scope);
}
/** Head of a br_table of `count` targets; then target() for each and for the default. */
export function brTable(count: u32): void {
  op(0x0e);
  unsigned(count);
}
export function target(scope: i32): void { unsigned(depth - scope); }

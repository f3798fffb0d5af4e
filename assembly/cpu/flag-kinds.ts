// What set the flags, in the terms of translated code, and the lazy form of cpu/flags.ts that follows from it.
// Ours. A kind is that of the carry part, + that of the step part << 8. Two words go with it, LEFT and RIGHT (`a`, `b`), and the last result.
import { FLAG_AUX, FLAG_CARRY, FLAG_KIND, FLAG_RESULT } from '../abi';

/** Kinds of the carry part. Those with a size: + 0, 1, 2 for 8, 16, 32 bits. */
export const SETTLED: i32 = 0; // LEFT and RIGHT hold what memory would, under the names CARRY and AUX
export const LOGIC: i32 = 1;
export const ADDED: i32 = 2;
export const SUBTRACTED: i32 = 5;
export const SHIFTED_LEFT: i32 = 8; // LEFT at the top of the word; RIGHT is the count, in all shifts
export const SHIFTED_SIGNED: i32 = 9;
export const SHIFTED_RIGHT: i32 = 10;
export const MULTIPLIED: i32 = 13; // RIGHT non-zero: CF and OF
export const DOUBLED_LEFT: i32 = 14; // SHLD, SHRD of 32 bits
export const DOUBLED_RIGHT: i32 = 15;
/** Kinds of the step part. */
export const NO_STEP: i32 = 0;
export const INCREMENTED: i32 = 1;
export const DECREMENTED: i32 = 4;

const BIT_30: u32 = 0x40000000;
const BIT_31: u32 = 0x80000000;

// @ts-ignore: decorator
@inline export function shiftsLeft(kind: i32): bool { return kind == SHIFTED_LEFT || kind == DOUBLED_LEFT; }
// @ts-ignore: decorator
@inline export function isShift(kind: i32): bool { return kind >= SHIFTED_LEFT && kind != MULTIPLIED; }

/** The result at which the step overflows. */
export function limitOf(step: i32): u32 {
  const first = step >= DECREMENTED ? DECREMENTED : INCREMENTED;
  const top: u32 = step == first ? 0x7f : step == first + 1 ? 0x7fff : 0x7fffffff;
  return first == DECREMENTED ? top : ~top;
}

/** Behind the last of a chain of regions. */
export function settleMemory(): void {
  const kind = load<i32>(FLAG_KIND);
  if (kind == SETTLED) return;
  settle(kind, load<u32>(FLAG_CARRY), load<u32>(FLAG_AUX), load<u32>(FLAG_RESULT));
  store<u32>(FLAG_KIND, SETTLED);
}

/** At run time: the flags of `kind` to memory. */
export function settle(kind: i32, a: u32, b: u32, result: u32): void {
  const source = kind & 0xff;
  const step = kind >>> 8;
  let carry: u32 = 0;
  let aux: u32 = 0;
  if (source == SETTLED) {
    carry = a;
    aux = b;
  } else if (source >= ADDED && source < SHIFTED_LEFT) {
    const subtracts = source >= SUBTRACTED;
    const size = source - (subtracts ? SUBTRACTED : ADDED);
    const sum = subtracts ? a - b : a + b;
    const left = subtracts ? ~a : a;
    carry = ((left & b) | ((left | b) & (subtracts ? sum : ~sum))) << (size == 0 ? 24 : size == 1 ? 16 : 0);
    aux = (a ^ b ^ sum) & 0x10;
  } else if (source == MULTIPLIED) carry = b << 31;
  else if (isShift(source)) {
    carry = (shiftsLeft(source) ? a >>> (32 - b) : a >>> (b - 1)) << 31;
    const size = source - SHIFTED_RIGHT;
    const other: u32 = source == SHIFTED_LEFT ? result
      : source == SHIFTED_SIGNED ? carry
      : source >= DOUBLED_LEFT ? carry ^ a ^ result
      : carry ^ (result << (size == 0 ? 25 : size == 1 ? 17 : 1));
    carry |= (other >>> 1) & BIT_30;
  }
  if (step != NO_STEP) {
    carry &= BIT_31;
    carry |= (carry >>> 1) ^ (result == limitOf(step) ? BIT_30 : 0);
    aux = (result ^ (step >= DECREMENTED ? result + 1 : result - 1)) & 0x10;
  }
  store<u32>(FLAG_RESULT, result);
  store<u32>(FLAG_CARRY, carry);
  store<u32>(FLAG_AUX, aux);
}

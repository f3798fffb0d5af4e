// Lazy flags of a region: what set them is known while the function is written, the flags are worked out where someone looks.
// The lazy form in memory: cpu/flags.ts. Two parts: the carry part (LEFT, RIGHT, SUM under a kind; CF, and OF and AF unless an
// INC or DEC came later) and the step part (that INC or DEC). RESULT always holds the last result, sign-extended.
import { FLAG_AUX, FLAG_CARRY, FLAG_RESULT } from '../abi';
import { AUX, CALL_SETTLE, CARRY, extend, fetch, KIND, LEFT, put, RESULT, RIGHT, SUM, T1 } from './frame';
import {
  AND, call, constant, end, EQ, EQZ, ELSE, get, LE_S, LE_U, LT_S, LT_U, NE, op, OR, POPCNT, set, SHL, SHR_S, SHR_U, SUB, when, XOR,
} from './wasm';

/** Kinds of the carry part. Those with a size: + 0, 1, 2 for 8, 16, 32 bits. */
export const SETTLED: i32 = 0; // CARRY and AUX hold what memory would
export const LOGIC: i32 = 1;
export const ADDED: i32 = 2;
export const SUBTRACTED: i32 = 5;
export const ADDED_CARRY: i32 = 8;
export const SUBTRACTED_BORROW: i32 = 11;
export const SHIFTED_LEFT: i32 = 14; // 32 bits; RIGHT is the count
export const SHIFTED_RIGHT: i32 = 15;
export const SHIFTED_SIGNED: i32 = 16;
export const MULTIPLIED: i32 = 17; // RIGHT non-zero: CF and OF
export const DOUBLED_LEFT: i32 = 18; // SHLD, SHRD of 32 bits; RIGHT is the count
export const DOUBLED_RIGHT: i32 = 19;
const UNKNOWN: i32 = -1;
/** Kinds of the step part. */
export const NO_STEP: i32 = 0;
export const INCREMENTED: i32 = 1;
export const DECREMENTED: i32 = 4;

/** What is known here. UNKNOWN: KIND holds it at run time. */
let carryKind: i32 = UNKNOWN;
let stepKind: i32 = UNKNOWN;

export function knowFlags(carry: i32, step: i32): void {
  carryKind = carry;
  stepKind = step;
}
export function forgetFlags(): void { knowFlags(UNKNOWN, UNKNOWN); }
export function knownCarry(): i32 { return carryKind; }
export function knownStep(): i32 { return stepKind; }
export function settled(): void { knowFlags(SETTLED, NO_STEP); }

/** LEFT, RIGHT, SUM and RESULT have been set. */
export function setKind(kind: i32): void { knowFlags(kind, NO_STEP); }
/** RESULT has been set by INC or DEC; CF stays. */
export function setStep(step: i32): void {
  if (carryKind == UNKNOWN) {
    get(KIND);
    constant(0xff);
    op(AND);
    constant(step << 8);
    op(OR);
    set(KIND);
  }
  stepKind = step;
}

/** At run time the flags are of `kind` from here on. */
export function markKind(kind: i32): void {
  constant(kind);
  set(KIND);
}
/** Pops FLAG_CARRY; the flags are settled. */
export function setCarryWord(): void { set(CARRY); }
/** Puts into KIND what is known now. */
export function markFlags(): void {
  if (carryKind == UNKNOWN) return;
  constant(carryKind | (stepKind << 8));
  set(KIND);
}

// ---- the values -----------------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function within(first: i32): bool { return carryKind >= first && carryKind < first + 3; }
function subtracts(): bool { return within(SUBTRACTED) || within(SUBTRACTED_BORROW); }
function sizeShift(): u32 {
  const first = within(ADDED) ? ADDED : within(SUBTRACTED) ? SUBTRACTED : within(ADDED_CARRY) ? ADDED_CARRY : SUBTRACTED_BORROW;
  return carryKind == first ? 24 : carryKind == first + 1 ? 16 : 0;
}

/** Pushes FLAG_CARRY of the carry part. */
function pushCarryWord(): void {
  if (carryKind == SETTLED) {
    get(CARRY);
    return;
  }
  if (carryKind == LOGIC) {
    constant(0);
    return;
  }
  if (carryKind == MULTIPLIED) {
    get(RIGHT);
    constant(31);
    op(SHL);
    return;
  }
  if (carryKind >= SHIFTED_LEFT) {
    pushShiftCarry();
    return;
  }
  // the carry out of every bit
  get(LEFT);
  if (subtracts()) {
    constant(0xffffffff);
    op(XOR);
  }
  get(RIGHT);
  op(AND);
  get(LEFT);
  if (subtracts()) {
    constant(0xffffffff);
    op(XOR);
  }
  get(RIGHT);
  op(OR);
  get(SUM);
  if (!subtracts()) {
    constant(0xffffffff);
    op(XOR);
  }
  op(AND);
  op(OR);
  if (sizeShift() != 0) {
    constant(sizeShift());
    op(SHL);
  }
}

/** CF to bit 31, CF xor OF to bit 30. */
function pushShiftCarry(): void {
  // CF: the last bit shifted out
  const left = carryKind == SHIFTED_LEFT || carryKind == DOUBLED_LEFT;
  get(LEFT);
  if (left) constant(32);
  get(RIGHT);
  if (!left) constant(1);
  op(SUB);
  op(carryKind == SHIFTED_SIGNED ? SHR_S : SHR_U);
  constant(31);
  op(SHL);
  set(T1);
  get(T1);
  if (carryKind == SHIFTED_LEFT) {
    // CF xor OF is the sign
    get(SUM);
    constant(31);
    op(SHR_U);
    constant(30);
    op(SHL);
  } else if (carryKind >= DOUBLED_LEFT) {
    // OF: the sign has changed
    get(T1);
    get(LEFT);
    get(SUM);
    op(XOR);
    op(XOR);
    constant(1);
    op(SHR_U);
    constant(0x40000000);
    op(AND);
  } else {
    get(T1);
    constant(1);
    op(SHR_U);
    if (carryKind == SHIFTED_RIGHT) {
      get(SUM);
      constant(0x40000000);
      op(AND);
      op(XOR);
    }
  }
  op(OR);
}

/** The result at which the step overflows. */
function stepLimit(): u32 {
  const first = stepKind >= DECREMENTED ? DECREMENTED : INCREMENTED;
  const top: u32 = stepKind == first ? 0x7f : stepKind == first + 1 ? 0x7fff : 0x7fffffff;
  return first == DECREMENTED ? top : ~top;
}

/** Works CARRY and AUX out, so that the locals hold what memory would. */
export function settleFlags(): void {
  if (carryKind == SETTLED && stepKind == NO_STEP) return;
  if (carryKind == UNKNOWN) {
    callSettle();
    fetch(CARRY, FLAG_CARRY);
    fetch(AUX, FLAG_AUX);
    settled();
    return;
  }
  pushCarryWord();
  set(CARRY);
  if (stepKind != NO_STEP) {
    get(CARRY);
    constant(0x80000000);
    op(AND);
    get(CARRY);
    constant(0x80000000);
    op(AND);
    constant(1);
    op(SHR_U);
    get(RESULT);
    constant(stepLimit());
    op(EQ);
    constant(30);
    op(SHL);
    op(XOR);
    op(OR);
    set(CARRY);
    get(RESULT);
    get(RESULT);
    constant(stepKind >= DECREMENTED ? 0xffffffff : 1);
    op(SUB);
    op(XOR);
    constant(0x10);
    op(AND);
    set(AUX);
  } else if (carryKind == LOGIC || carryKind >= SHIFTED_LEFT) {
    constant(0);
    set(AUX);
  } else {
    get(LEFT);
    get(RIGHT);
    op(XOR);
    get(SUM);
    op(XOR);
    constant(0x10);
    op(AND);
    set(AUX);
  }
  settled();
}

function callSettle(): void {
  get(KIND);
  get(LEFT);
  get(RIGHT);
  get(SUM);
  get(RESULT);
  get(CARRY);
  get(AUX);
  call(CALL_SETTLE);
}

/** Writes the flags to memory from whatever KIND says. */
export function settleAtExit(): void {
  get(KIND);
  when();
  callSettle();
  op(ELSE);
  put(RESULT, FLAG_RESULT);
  put(CARRY, FLAG_CARRY);
  put(AUX, FLAG_AUX);
  end();
}

/** At run time: the flags of `kind` to memory. The core's side of the call above. */
export function settle(kind: i32, a: u32, b: u32, sum: u32, result: u32, carry: u32, aux: u32): void {
  const source = kind & 0xff;
  const step = kind >>> 8;
  if (source == LOGIC) carry = 0;
  else if (source >= ADDED && source < SHIFTED_LEFT) {
    const group = (source - ADDED) / 3;
    const size = (source - ADDED) % 3;
    const left = (group & 1) != 0 ? ~a : a;
    const third = (group & 1) != 0 ? sum : ~sum;
    carry = ((left & b) | ((left | b) & third)) << (size == 0 ? 24 : size == 1 ? 16 : 0);
    aux = (a ^ b ^ sum) & 0x10;
  } else if (source == MULTIPLIED) carry = b << 31;
  else if (source != SETTLED) {
    const c: u32 = (source == SHIFTED_LEFT || source == DOUBLED_LEFT ? a >>> (32 - b) : a >>> (b - 1)) & 1;
    const o: u32 = source == SHIFTED_LEFT ? (sum >>> 31) ^ c
      : source == SHIFTED_RIGHT ? (sum >>> 30) & 1
      : source >= DOUBLED_LEFT ? (a ^ sum) >>> 31 : 0;
    carry = (c << 31) | ((c ^ o) << 30);
  }
  if (source == LOGIC || source >= SHIFTED_LEFT) aux = 0;
  if (step != NO_STEP) {
    const from = step >= DECREMENTED ? DECREMENTED : INCREMENTED;
    const top: u32 = step == from ? 0x7f : step == from + 1 ? 0x7fff : 0x7fffffff;
    const limit = from == DECREMENTED ? top : ~top;
    carry &= 0x80000000;
    carry |= (carry >>> 1) ^ (result == limit ? 0x40000000 : 0);
    aux = (result ^ (from == DECREMENTED ? result + 1 : result - 1)) & 0x10;
  }
  store<u32>(FLAG_RESULT, result);
  store<u32>(FLAG_CARRY, carry);
  store<u32>(FLAG_AUX, aux);
}

// ---- conditions -----------------------------------------------------------------------------------------------------------------

/** Pushes CF as 0 or 1. */
export function pushCarry(): void {
  if (carryKind == UNKNOWN) settleFlags();
  if (carryKind == LOGIC) constant(0);
  else if (within(SUBTRACTED)) {
    get(LEFT);
    get(RIGHT);
    op(LT_U);
  } else if (carryKind == ADDED + 2) {
    get(SUM);
    get(LEFT);
    op(LT_U);
  } else {
    pushCarryWord();
    constant(31);
    op(SHR_U);
  }
}

function pushZero(): void {
  get(RESULT);
  op(EQZ);
}

function pushSign(): void {
  if (stepKind == UNKNOWN || (carryKind == UNKNOWN && stepKind == NO_STEP)) settleFlags();
  get(RESULT);
  if (carryKind == SETTLED && stepKind == NO_STEP) {
    get(AUX);
    constant(23);
    op(SHL);
    op(XOR);
  }
  constant(0);
  op(LT_S);
}

function pushOverflow(): void {
  if (stepKind > NO_STEP) {
    get(RESULT);
    constant(stepLimit());
    op(EQ);
    return;
  }
  if (carryKind == UNKNOWN) settleFlags();
  if (carryKind == LOGIC) {
    constant(0);
    return;
  }
  pushCarryWord();
  set(T1);
  get(T1);
  get(T1);
  constant(1);
  op(SHL);
  op(XOR);
  constant(31);
  op(SHR_U);
}

function pushParityEven(): void {
  if (carryKind == UNKNOWN && stepKind <= NO_STEP) settleFlags();
  get(RESULT);
  if (carryKind == SETTLED && stepKind == NO_STEP) {
    get(AUX);
    constant(16);
    op(SHR_U);
    op(XOR);
  }
  constant(0xff);
  op(AND);
  op(POPCNT);
  constant(1);
  op(AND);
  op(EQZ);
}

/** The operands of a comparison that is still at hand, sign-extended when `sign`. */
function pushOperands(sign: bool): void {
  const bytes: u32 = carryKind == SUBTRACTED ? 1 : carryKind == SUBTRACTED + 1 ? 2 : 4;
  get(LEFT);
  if (sign) extend(bytes);
  get(RIGHT);
  if (sign) extend(bytes);
}

/** Pushes whether condition `code` (SDM vol. 2 appendix B.1.4) holds: 0 or 1. */
export function pushCondition(code: u32): void {
  const fused = within(SUBTRACTED) && stepKind == NO_STEP;
  const logic = carryKind == LOGIC && stepKind == NO_STEP;
  switch (code >>> 1) {
    case 0: pushOverflow(); break;
    case 1: pushCarry(); break;
    case 2: pushZero(); break;
    case 3:
      if (fused) {
        pushOperands(false);
        op(LE_U);
      } else {
        pushCarry();
        pushZero();
        op(OR);
      }
      break;
    case 4: pushSign(); break;
    case 5: pushParityEven(); break;
    case 6: pushLess(fused, logic, false); break;
    default: pushLess(fused, logic, true);
  }
  if ((code & 1) != 0) op(EQZ);
}

function pushLess(fused: bool, logic: bool, orEqual: bool): void {
  if (fused) {
    pushOperands(true);
    op(orEqual ? LE_S : LT_S);
  } else if (logic) {
    get(RESULT);
    constant(0);
    op(orEqual ? LE_S : LT_S);
  } else {
    pushSign();
    pushOverflow();
    op(NE);
    if (orEqual) {
      pushZero();
      op(OR);
    }
  }
}

// Lazy flags of a region: what set them is known while the function is written, the flags are worked out where someone looks.
// The lazy form in memory: cpu/flags.ts. Two parts: the carry part (LEFT and RIGHT under a kind; CF, and OF and AF unless an INC or
// DEC came later) and the step part (that INC or DEC). RESULT always holds the last result, sign-extended. Locals that live across
// blocks cost moves and compile time, so there are no more: what else a flag needs follows from these.
import { FLAG_AUX, FLAG_CARRY } from '../abi';
import {
  ADDED, DECREMENTED, DOUBLED_LEFT, isShift, limitOf, LOGIC, MULTIPLIED, NO_STEP, SETTLED, SHIFTED_LEFT, SHIFTED_RIGHT, shiftsLeft, SUBTRACTED,
} from '../cpu/flag-kinds';
import { AUX, CALL_SETTLE, CARRY, extend, fetch, KIND, LEFT, RESULT, RIGHT, T1 } from './frame';
import {
  ADD, AND, call, constant, EQ, EQZ, GE_S, GE_U, get, GT_S, GT_U, LE_S, LE_U, LT_S, LT_U, NE, op, OR, POPCNT, set, SHL,
  SHR_U, SUB, XOR,
} from './wasm';

const UNKNOWN: i32 = -1;
const BIT_30: u32 = 0x40000000;

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

/** LEFT, RIGHT and RESULT have been set as the kind needs them. */
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
  if (carryKind != UNKNOWN) markKind(carryKind | (stepKind << 8));
}

// ---- the values -----------------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function within(first: i32): bool { return carryKind >= first && carryKind < first + 3; }
/** From a number of the kind's size to the top of the word. */
function raise(size: i32): void {
  if (size == 2) return;
  constant(size == 0 ? 24 : 16);
  op(SHL);
}

/** Pushes the last bit that a shift moved out, in bit 0 of a word. */
function pushMovedOut(): void {
  get(LEFT);
  if (shiftsLeft(carryKind)) constant(32);
  get(RIGHT);
  if (!shiftsLeft(carryKind)) constant(1);
  op(SUB);
  op(SHR_U);
}

/** Pushes FLAG_CARRY of a carry part that no step has followed. */
function pushCarryWord(): void {
  if (carryKind == SETTLED) get(CARRY);
  else if (carryKind == LOGIC) constant(0);
  else if (carryKind == MULTIPLIED) {
    get(RIGHT);
    constant(31);
    op(SHL);
  } else if (isShift(carryKind)) pushShiftCarry();
  else pushCarries(within(SUBTRACTED), carryKind - (within(SUBTRACTED) ? SUBTRACTED : ADDED), RESULT);
}

/** Pushes the carry out of every bit of LEFT and RIGHT in their sum or difference, the top one in bit 31. */
function pushCarries(subtracts: bool, size: i32, sum: u32): void {
  pushLeft(subtracts);
  get(RIGHT);
  op(AND);
  pushLeft(subtracts);
  get(RIGHT);
  op(OR);
  get(sum);
  if (!subtracts) invert();
  op(AND);
  op(OR);
  raise(size);
}
function pushLeft(inverted: bool): void {
  get(LEFT);
  if (inverted) invert();
}
function invert(): void {
  constant(0xffffffff);
  op(XOR);
}

/** CF to bit 31, CF xor OF to bit 30. */
function pushShiftCarry(): void {
  pushMovedOut();
  constant(31);
  op(SHL);
  set(T1);
  get(T1);
  if (carryKind == SHIFTED_LEFT) get(RESULT); // CF xor OF is the sign
  else {
    get(T1);
    if (carryKind >= DOUBLED_LEFT) {
      // OF: the sign has changed
      get(LEFT);
      op(XOR);
      get(RESULT);
      op(XOR);
    } else if (within(SHIFTED_RIGHT)) {
      get(RESULT);
      raise(carryKind - SHIFTED_RIGHT);
      constant(1);
      op(SHL);
      op(XOR);
    }
  }
  constant(1);
  op(SHR_U);
  constant(BIT_30);
  op(AND);
  op(OR);
}

/** Pushes FLAG_AUX of an addition or subtraction with `sum`. */
function pushAux(sum: u32): void {
  get(LEFT);
  get(RIGHT);
  op(XOR);
  get(sum);
  op(XOR);
  constant(0x10);
  op(AND);
}

/** Works CARRY and AUX out, so that the locals hold what memory would. Uses T1. */
export function settleFlags(): void {
  if (carryKind == SETTLED && stepKind == NO_STEP) return;
  if (carryKind == UNKNOWN) {
    callSettle();
    fetch(CARRY, FLAG_CARRY);
    fetch(AUX, FLAG_AUX);
    settled();
    return;
  }
  if (stepKind != NO_STEP) {
    pushCarry();
    constant(31);
    op(SHL);
    set(T1);
    get(T1);
    get(T1);
    constant(1);
    op(SHR_U);
    get(RESULT);
    constant(limitOf(stepKind));
    op(EQ);
    constant(30);
    op(SHL);
    op(XOR);
    op(OR);
    get(RESULT);
    get(RESULT);
    constant(stepKind >= DECREMENTED ? 0xffffffff : 1);
    op(SUB);
    op(XOR);
    constant(0x10);
    op(AND);
  } else {
    pushCarryWord();
    if (within(ADDED) || within(SUBTRACTED)) pushAux(RESULT);
    else constant(0);
  }
  set(AUX);
  set(CARRY);
  settled();
}

/** The flags of LEFT plus or minus RIGHT and a carry: of them nothing could be worked out later. `sum` is a local. */
export function settleWithCarry(subtracts: bool, bytes: u32, sum: u32): void {
  pushCarries(subtracts, bytes >>> 1, sum);
  pushAux(sum);
  set(AUX);
  set(CARRY);
  settled();
}

function callSettle(): void {
  get(KIND);
  get(LEFT);
  get(RIGHT);
  get(RESULT);
  call(CALL_SETTLE);
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
  } else if (within(ADDED)) {
    get(LEFT);
    get(RIGHT);
    op(ADD);
    if (carryKind == ADDED + 2) {
      get(LEFT);
      op(LT_U);
    } else {
      constant(carryKind == ADDED ? 8 : 16);
      op(SHR_U);
    }
  } else if (carryKind == MULTIPLIED) get(RIGHT);
  else if (isShift(carryKind)) {
    pushMovedOut();
    constant(1);
    op(AND);
  } else {
    get(CARRY);
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
    constant(limitOf(stepKind));
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

/** The comparison of LEFT and RIGHT that condition `code` is after CMP or SUB; 0: it is none. */
function comparisonOf(code: u32): u32 {
  switch (code) {
    case 2: return LT_U;
    case 3: return GE_U;
    case 4: return EQ;
    case 5: return NE;
    case 6: return LE_U;
    case 7: return GT_U;
    default: return signedComparisonOf(code);
  }
}
function signedComparisonOf(code: u32): u32 {
  switch (code) {
    case 12: return LT_S;
    case 13: return GE_S;
    case 14: return LE_S;
    case 15: return GT_S;
    default: return 0;
  }
}

/** Pushes whether condition `code` (SDM vol. 2 appendix B.1.4) holds: 0 or 1. */
export function pushCondition(code: u32): void {
  if (within(SUBTRACTED) && stepKind == NO_STEP && comparisonOf(code) != 0) {
    const sign = signedComparisonOf(code) != 0;
    const bytes: u32 = 1 << (carryKind - SUBTRACTED);
    get(LEFT);
    if (sign) extend(bytes);
    get(RIGHT);
    if (sign) extend(bytes);
    op(comparisonOf(code));
    return;
  }
  if (carryKind == LOGIC && stepKind == NO_STEP && signedComparisonOf(code) != 0) {
    get(RESULT);
    constant(0);
    op(signedComparisonOf(code));
    return;
  }
  switch (code >>> 1) {
    case 0: pushOverflow(); break;
    case 1: pushCarry(); break;
    case 2: pushZero(); break;
    case 3:
      pushCarry();
      pushZero();
      op(OR);
      break;
    case 4: pushSign(); break;
    case 5: pushParityEven(); break;
    case 6: pushLess(); break;
    default:
      pushLess();
      pushZero();
      op(OR);
  }
  if ((code & 1) != 0) op(EQZ);
}

function pushLess(): void {
  pushSign();
  pushOverflow();
  op(NE);
}

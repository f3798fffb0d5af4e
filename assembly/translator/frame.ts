// The frame of a region's function: what its locals hold, how guest state gets into them and back, the ways out.
// Ours. Registers and flags live in locals; state in memory is stale while a region runs, but for calls of handlers.
import { CODE_LINEAR_PAGE, CODE_PAGE, EA_TEMP, EIP, FLAG_AUX, FLAG_CARRY, FLAG_KIND, FLAG_RESULT, NO_TARGET, REGS, ZERO } from '../abi';
import { U_BASE, U_DISP, U_INDEX, U_LENGTH, U_OFFSET, U_OP, U_ORDINAL, U_SCALE, UC_TARGET, UOP_SIZE } from '../uop';
import { handlerTable } from '../generated/dispatch';
import { BY_HANDLER, INTERRUPTED } from '../interpreter/enter-region';
import { codeTlb } from '../mmu/tlb';
import { handlerImport } from './handlers';
import { opOf } from '../mmu/region-entries';
import { markFlags, settleFlags, settled } from './flags';
import {
  ADD, AND, block, br, call, constant, end, EQ, EXTEND16_S, EXTEND8_S, get, getGlobal, loadN, NE, op, OR,
  RETURN, set, setGlobal, SHL, SHR_U, storeN, SUB, target, tee, when,
} from './wasm';

// ---- imports of a module, in the order of module.ts ---------------------------------------------------------------------------
export const GLOBAL_BUDGET: u32 = 0;
export const CALL_READ: u32 = 0;
export const CALL_WRITE: u32 = 1;
export const CALL_STORE: u32 = 2;
export const CALL_SETTLE: u32 = 3;
/** ops/x87/float80-quick.ts. */
export const CALL_ADD80: u32 = 4;
export const CALL_MUL80: u32 = 5;
export const CALL_DIV80: u32 = 6;
export const IMPORTED_FUNCTIONS: u32 = 7; // then the handlers that the module calls, handlers.ts

// ---- locals -------------------------------------------------------------------------------------------------------------------
/** Which of the region's targets comes next; the argument, as mmu/region-entries.ts has it: first with the distance of its page. */
export const TARGET: u32 = 0;
const REGISTER: u32 = 1;
/** Result and operands of what set the flags last, or the words that memory has for them; what set them: flags.ts. */
export const RESULT: u32 = 9;
export const LEFT: u32 = 10;
export const RIGHT: u32 = 11;
export const CARRY: u32 = LEFT;
export const AUX: u32 = RIGHT;
export const KIND: u32 = 12;
/** Linear address of page 0 of the region. */
export const PAGE: u32 = 13;
export const BUDGET: u32 = 14;
export const LINEAR: u32 = 15;
export const ENTRY: u32 = 16;
export const VALUE: u32 = 17;
/** What the region leaves with: interpreter/enter-region.ts. */
const LEFT_WITH: u32 = 18;
export const T1: u32 = 19;
export const T2: u32 = 20;
/** The one i64. */
export const WIDE: u32 = 21;
export const I32_LOCALS: u32 = 20; // behind the argument
/** Those of vector.ts. */
export const FIRST_FLOAT: u32 = WIDE + 1;

/** Registers that the region reads, and those that it writes: found by a first pass, used by the second. */
let used: u32 = 0;
let written: u32 = 0;
/** The scope behind which the region leaves, and the one of the block at hand for accesses that do not come through. */
let exitScope: i32 = 0;
let interruptedScope: i32 = 0;

export function forgetRegisters(): void {
  used = 0;
  written = 0;
}

// ---- registers ------------------------------------------------------------------------------------------------------------------
// @ts-ignore: decorator
@inline function numberOf(slot: u32): u32 { return (slot - REGS) >>> 3; }

/** The local of the register at `slot`, read and perhaps written. */
export function localOf(slot: u32): u32 {
  used |= 1 << numberOf(slot);
  return REGISTER + numberOf(slot);
}
export function getRegister(slot: u32): void { get(localOf(slot)); }
export function setRegister(slot: u32): void {
  written |= 1 << numberOf(slot);
  set(localOf(slot));
}
/** Pushes the register of `bytes` at `slot`, zero-extended. */
export function getSlot(bytes: u32, slot: u32): void {
  if (bytes == 4) {
    getRegister(slot);
    return;
  }
  getRegister(slot & ~7);
  if (bytes == 2) {
    constant(0xffff);
    op(AND);
    return;
  }
  if ((slot & 1) != 0) {
    constant(8);
    op(SHR_U);
  }
  constant(0xff);
  op(AND);
}
/** Pops a value into the register of `bytes` at `slot`; uses T2. */
export function setSlot(bytes: u32, slot: u32): void {
  if (bytes == 4) {
    setRegister(slot);
    return;
  }
  const mask: u32 = bytes == 2 ? 0xffff : 0xff;
  const shift: u32 = bytes == 1 && (slot & 1) != 0 ? 8 : 0;
  constant(mask);
  op(AND);
  if (shift != 0) {
    constant(shift);
    op(SHL);
  }
  getRegister(slot & ~7);
  constant(~(mask << shift));
  op(AND);
  op(OR);
  setRegister(slot & ~7);
}
/** Sign-extends the value on the stack from `bytes`. */
export function extend(bytes: u32): void {
  if (bytes == 1) op(EXTEND8_S);
  else if (bytes == 2) op(EXTEND16_S);
}

/** Between locals and fixed addresses. */
export function fetch(local: u32, address: u32): void {
  constant(0);
  loadN(4, address);
  set(local);
}
export function put(local: u32, address: u32): void {
  constant(0);
  get(local);
  storeN(4, address);
}

/** Registers whose numbers are bits of `mask`, as far as the region has a use for them. */
export function loadSome(mask: u32): void {
  mask &= used;
  for (let i: u32 = 0; i < 8; i++) if ((mask >>> i) & 1) fetch(REGISTER + i, REGS + (i << 3));
}
export function storeSome(mask: u32): void {
  mask &= written;
  for (let i: u32 = 0; i < 8; i++) if ((mask >>> i) & 1) put(REGISTER + i, REGS + (i << 3));
}
export function loadRegisters(): void { loadSome(0xff); }
export function storeRegisters(): void { storeSome(0xff); }
export function loadFlags(): void {
  fetch(RESULT, FLAG_RESULT);
  fetch(CARRY, FLAG_CARRY);
  fetch(AUX, FLAG_AUX);
}
export function storeFlags(): void {
  put(RESULT, FLAG_RESULT);
  put(CARRY, FLAG_CARRY);
  put(AUX, FLAG_AUX);
}
export function loadBudget(): void {
  getGlobal(GLOBAL_BUDGET);
  set(BUDGET);
}
export function storeBudget(): void {
  get(BUDGET);
  setGlobal(GLOBAL_BUDGET);
}

/** Pushes the linear address of the memory operand of `u`. */
export function pushAddress(u: usize): void {
  const base: u32 = load<u16>(u, U_BASE);
  const index: u32 = load<u16>(u, U_INDEX);
  const disp: u32 = load<u32>(u, U_DISP);
  let terms = 0;
  if (base == EA_TEMP) {
    constant(0);
    loadN(4, EA_TEMP);
    terms++;
  } else if (base != ZERO) {
    getRegister(base);
    terms++;
  }
  if (index != ZERO) {
    getRegister(index);
    const scale: u32 = load<u8>(u, U_SCALE) & ~UC_TARGET;
    if (scale != 0) {
      constant(scale);
      op(SHL);
    }
    if (terms++ > 0) op(ADD);
  }
  if (disp != 0 || terms == 0) {
    constant(disp);
    if (terms > 0) op(ADD);
  }
}
/** How far the page of the block at hand lies behind page 0. */
let distance: u32 = 0;

/** Pushes the linear address `offset` bytes into the page of the block at hand. */
export function pushCode(offset: u32): void { pushRelative(distance + offset); }
/** Pushes the linear address `relative` bytes behind page 0 of the region. */
export function pushRelative(relative: u32): void {
  get(PAGE);
  if (relative == 0) return;
  constant(relative);
  op(ADD);
}
/** Pops a linear address and pushes the offset table that the code TLB has for it; 0: none. */
export function pushTable(): void {
  constant(10);
  op(SHR_U);
  constant(~3);
  op(AND);
  loadN(4, <u32>codeTlb);
}
/** Tells the interpreter, for handlers and for behind the region, which page is executing: `local` has its linear address. */
export function enterCodePage(local: u32, table: usize): void {
  put(local, CODE_LINEAR_PAGE);
  constant(0);
  constant(<u32>table);
  storeN(4, CODE_PAGE);
}
/** Splits the entry's target in `local` into TARGET and, from the linear address of its page on the stack, PAGE. */
export function splitTarget(local: u32): void {
  get(local);
  constant(~NO_TARGET);
  op(AND);
  op(SUB);
  set(PAGE);
  get(local);
  constant(NO_TARGET);
  op(AND);
  set(TARGET);
}
/** Takes `n` instructions off the budget. */
export function spend(n: i32): void {
  if (n == 0) return;
  get(BUDGET);
  constant(<u32>n);
  op(SUB);
  set(BUDGET);
}

// ---- begin and end ---------------------------------------------------------------------------------------------------------------

/** `merged`: of several pages. */
export function prologue(merged: bool): void {
  loadRegisters();
  loadFlags();
  fetch(KIND, FLAG_KIND);
  if (merged) {
    constant(0);
    loadN(4, CODE_LINEAR_PAGE);
    splitTarget(TARGET);
  } else fetch(PAGE, CODE_LINEAR_PAGE);
  loadBudget();
  exitScope = block();
}

/** Behind everything: brings the state back to memory and leaves. */
export function epilogue(): void {
  end();
  storeRegisters();
  // the next region may never ask for them
  storeFlags();
  put(KIND, FLAG_KIND);
  storeBudget();
  get(LEFT_WITH);
}

/** The dispatcher's last target leaves at once, having changed nothing. */
export function targetExit(): void { target(exitScope); }

// ---- the ways out -----------------------------------------------------------------------------------------------------------------

function leave(): void {
  markFlags();
  br(exitScope);
}
function leaveWith(value: u32): void {
  constant(value);
  set(LEFT_WITH);
  leave();
}

let afterScope: i32 = 0;
/** Around the code of a block whose page lies `at` bytes behind page 0. */
export function beginBlock(at: u32): void {
  distance = at;
  afterScope = block();
  interruptedScope = block();
}
export function endBlock(): void {
  br(afterScope);
  end();
  br(exitScope);
  end();
}
/** Leaves when the entry on the stack, which the core gave for the access of `u`, is none; else it goes to ENTRY. */
export function checkEntry(u: usize): void {
  tee(ENTRY);
  constant(0xffffffff);
  op(EQ);
  when();
  markFlags();
  constant(<u32>u | INTERRUPTED);
  set(LEFT_WITH);
  br(interruptedScope);
  end();
}

/** Execution goes on at the address on the stack; everything before is counted. */
export function leaveAtPushed(): void {
  set(VALUE);
  put(VALUE, EIP);
  leaveWith(0);
}
/** The instruction of `u` ends with a jump to the address on the stack. */
export function leaveByJump(u: usize): void {
  spend(<i32>load<u16>(u, U_ORDINAL) + 1);
  leaveAtPushed();
}
/** The interpreter's handler does the instruction of `u`. */
export function leaveToHandler(u: usize): void { leaveWith(<u32>u | BY_HANDLER); }
/** Execution goes on with what a handler has returned, in VALUE. */
export function leaveToReturned(): void {
  get(VALUE);
  set(LEFT_WITH);
  leave();
}
/** Execution goes on with micro-op `u`. */
export function leaveTo(u: usize): void { leaveWith(<u32>u); }

// ---- calls of handlers --------------------------------------------------------------------------------------------------------------

export function handlerOf(u: usize): u32 { return load<u32>(handlerTable(opOf(u))); }

/** Calls the handler of `u` and opens a scope for what it returned not being the next micro-op. */
export function callHandler(u: usize): void {
  constant(<u32>u);
  call(IMPORTED_FUNCTIONS + handlerImport(handlerOf(u)));
  tee(VALUE);
  constant(<u32>u + UOP_SIZE);
  op(NE);
  when();
}

/** Runs the handler of `u`, which may do anything, with all state in memory. `last`: nothing follows it. */
export function runHandler(u: usize, last: bool): void {
  settleFlags();
  storeRegisters();
  storeFlags();
  constant(0);
  constant(0);
  storeN(4, FLAG_KIND);
  storeBudget();
  if (last) {
    constant(<u32>u);
    call(IMPORTED_FUNCTIONS + handlerImport(handlerOf(u)));
    op(RETURN);
    return;
  }
  callHandler(u);
  get(VALUE);
  op(RETURN);
  end();
  loadRegisters();
  loadFlags();
  loadBudget();
  settled();
}

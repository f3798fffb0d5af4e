// Writes the function of a region: scopes, blocks in order, branches between them. graph.ts says what the shape is.
import {
  ECX, ESP, NOTE_BLOCK, NOTE_DISPATCH, NOTE_ENTRY, NOTE_EXIT, NOTE_SLOW, REGION_ENTRIES, REGION_ENTRY_MAX, TRANSLATOR_SCRATCH,
} from '../abi';
import {
  FORM_CALL, FORM_CALL_INDIRECT, FORM_END, FORM_GOTO, FORM_JCC, FORM_JMP, FORM_JMP_INDIRECT, FORM_LOOP, FORM_NEXT_PAGE, FORM_RET,
} from '../generated/forms';
import { U_OFFSET, U_OP, U_ORDINAL, U_RM, UOP_SIZE } from '../isa/uop';
import { addEntry, ENTRY_SHIFT, ENTRY_SLOT, ENTRY_TARGET, firstEntry, newSlot, nextSlot } from '../mmu/region-entries';
import { emitPlain, formOf, overwritesFlags, passesFlags } from './emit';
import { argumentOf } from './emit-operand';
import { forgetFlags, knowFlags, knownCarry, knownStep, markFlags, pushCondition } from './flags';
import {
  beginBlock, BUDGET, endBlock, epilogue, forgetRegisters, getRegister, I32_LOCALS, leaveAt, leaveAtPushed, leaveByJump, leaveTo,
  LINEAR, PAGE, prologue, pushAddress, pushCode, runHandler, setRegister, spend, T1, T2, TARGET, VALUE,
} from './frame';
import {
  blockAt, blocks, branchOffset, explored, fallOf, findRegion, firstOf, lastOf, loopEndOf, nextOffset, positionOf, sourcesOf,
  startOf, takenOf, targetOf, targets,
} from './graph';
import { pushMemory, readMemory } from './memory';
import { forgetNotes, note, noted } from './notes';
import { declareVectors, forgetChecks, forgetVectors, loadVectors, vectorGroups } from './vector';
import { forgetX87 } from './x87-frame';
import {
  ADD, block, br, brTable, constant, end, EQ, EQZ, fillSize, get, GT_S, I32, I64, LE_S, loadN, loop, LT_U, op, out, reserve, set, setDepth,
  setOut, SHL, SUB, target, tee, UNREACHABLE, unsigned, when,
} from './wasm';

const NONE: i32 = -1;

/** By block: scope of forward branches, scope of the loop, flags known at its begin (carry, step). */
const SCOPES: usize = TRANSLATOR_SCRATCH + 0x8000;
const FORWARD: usize = 0;
const LOOP: usize = 4;
const CARRY: usize = 8;
const STEP: usize = 12;
/** Positions at which the open scopes end. */
const ENDS: usize = TRANSLATOR_SCRATCH + 0x9000;

let dispatcher: i32 = 0;
/** Scope behind which the address in T2 is looked up. */
let indirect: i32 = 0;
let scopes: i32 = 0;
/** Position of the block at hand. */
let here: i32 = 0;

// @ts-ignore: decorator
@inline function scope(b: i32, f: usize): i32 { return load<i32>(SCOPES + (<usize>b << 4) + f); }
// @ts-ignore: decorator
@inline function setScope(b: i32, f: usize, v: i32): void { store<i32>(SCOPES + (<usize>b << 4) + f, v); }
function opened(endsAt: i32): void {
  store<i32>(ENDS + (<usize>scopes << 2), endsAt);
  scopes++;
}

function openForward(b: i32): void {
  setScope(b, FORWARD, block());
  opened(positionOf(b));
}
function openLoop(b: i32): void {
  setScope(b, LOOP, loop());
  opened(loopEndOf(b) + 1);
}
function closeAt(position: i32): void {
  while (scopes > 0 && load<i32>(ENDS + (<usize>(scopes - 1) << 2)) == position) {
    scopes--;
    end();
  }
}
/** Opens what begins at `position`: the wider scopes first. */
function openAt(position: i32): void {
  const b = position >= 0 ? blockAt(position) : NONE;
  let last = b != NONE ? loopEndOf(b) : NONE;
  for (let q = blocks - 1; q > position; q--) {
    if (last != NONE && q <= last) {
      openLoop(b);
      last = NONE;
    }
    if (startOf(blockAt(q)) == position) openForward(blockAt(q));
  }
  if (last != NONE) openLoop(b);
}

function dispatch(): void {
  openAt(-1);
  get(TARGET);
  brTable(targets - 1);
  for (let p = 0; p < blocks; p++) {
    const b = blockAt(p);
    if (targetOf(b) != NONE) target(scope(b, FORWARD));
  }
}

// ---- branches ---------------------------------------------------------------------------------------------------------------------

/** Goes from the end of `u` to block `b`; `cost` instructions have retired. `falls`: nothing comes behind, so the next block needs no branch. */
function goto(b: i32, cost: i32, falls: bool): void {
  const position = positionOf(b);
  const onward = position > here;
  spend(cost);
  if (targetOf(b) != NONE || sourcesOf(b) > 1) markFlags();
  else {
    setScope(b, CARRY, knownCarry());
    setScope(b, STEP, knownStep());
  }
  // also a branch to a lower address that comes later here: from there the interpreter may run straight on into this region again
  if (onward) {
    if (load<u16>(firstOf(b), U_OFFSET) <= load<u16>(lastOf(blockAt(here)), U_OFFSET)) checkBudget(b);
    if (!falls || position != here + 1) br(scope(b, FORWARD));
    return;
  }
  checkBudget(b);
  if (loopEndOf(b) != NONE) br(scope(b, LOOP));
  else viaDispatcher(b);
}
function viaDispatcher(b: i32): void {
  constant(targetOf(b));
  set(TARGET);
  br(dispatcher);
}
/** Leaves in front of block `b` when the budget has run out. */
function checkBudget(b: i32): void {
  get(BUDGET);
  constant(0);
  op(LE_S);
  when();
  const u = firstOf(b);
  spend(load<u16>(u, U_ORDINAL));
  leaveAt(load<u16>(u, U_OFFSET));
  end();
}
function costOf(u: usize, b: i32): i32 { return <i32>load<u16>(u, U_ORDINAL) + 1 - <i32>load<u16>(firstOf(b), U_ORDINAL); }

/** The taken branch of `u`, in the region or out of it. */
function take(u: usize, b: i32, falls: bool): void {
  if (b != NONE) goto(b, costOf(u, b), falls);
  else {
    pushCode(branchOffset(u));
    leaveByJump(u);
  }
}

/** Branches by the condition on the stack. */
function branch(u: usize, taken: i32, fall: i32): void {
  when();
  take(u, taken, false);
  end();
  fallTo(u, fall);
}
function fallTo(u: usize, fall: i32): void {
  if (fall != NONE) goto(fall, costOfFall(u, fall), true);
  else leaveTo(u + UOP_SIZE);
}
/** Through a GOTO the next run begins; else the run goes on. */
function costOfFall(u: usize, b: i32): i32 { return firstOf(b) == u + UOP_SIZE ? 0 : costOf(u, b); }

function pushReturn(u: usize): void {
  pushCode(nextOffset(u));
  set(T1);
  getRegister(ESP);
  constant(4);
  op(SUB);
  pushMemory(u, T1);
}

function call(u: usize, b: i32): void {
  pushReturn(u);
  take(u, b, true);
}

function operand(u: usize): void {
  const slot: u32 = load<u16>(u, U_RM);
  if (slot != 0) getRegister(slot);
  else {
    pushAddress(u);
    readMemory(u, 4);
    get(VALUE);
  }
  set(T2);
}

/** The instruction of `u` ends with a jump to the address in T2. */
function jumpIndirect(u: usize): void {
  spend(<i32>load<u16>(u, U_ORDINAL) + 1);
  markFlags();
  br(indirect);
}

/** Goes to the address in T2: by the dispatcher when an entry of this region is there, else out. */
function emitIndirect(codeTable: usize, slot: u32): void {
  // KIND says what the flags are, not the block that happened to be written last
  forgetFlags();
  get(T2);
  get(PAGE);
  op(SUB);
  tee(T1);
  constant(0x1000);
  op(LT_U);
  when();
  // its micro-op; 0, where there is none, is no entry either
  get(T1);
  constant(2);
  op(SHL);
  loadN(4, <u32>codeTable);
  tee(T1);
  loadN(2, U_OP);
  constant(firstEntry());
  op(SUB);
  tee(VALUE);
  constant(<u32>REGION_ENTRY_MAX);
  op(LT_U);
  when();
  get(VALUE);
  constant(ENTRY_SHIFT);
  op(SHL);
  tee(VALUE);
  loadN(4, REGION_ENTRIES + ENTRY_SLOT);
  constant(slot);
  op(EQ);
  when();
  get(BUDGET);
  get(T1);
  loadN(2, U_ORDINAL);
  op(ADD);
  tee(T1);
  constant(0);
  op(GT_S);
  when();
  get(T1);
  set(BUDGET);
  get(VALUE);
  loadN(4, REGION_ENTRIES + ENTRY_TARGET);
  set(TARGET);
  br(dispatcher);
  end();
  end();
  end();
  end();
  get(T2);
  leaveAtPushed();
}

function ret(u: usize): void {
  getRegister(ESP);
  readMemory(u, 4);
  get(LINEAR);
  constant(4);
  op(ADD);
  setRegister(ESP);
  get(VALUE);
  set(T2);
  jumpIndirect(u);
}

// ---- blocks -----------------------------------------------------------------------------------------------------------------------

/** Are the flags that `u` sets gone before anyone can see them? */
function flagsDead(u: usize, last: usize): bool {
  while (u < last) {
    u += UOP_SIZE;
    const form = formOf(u);
    if (overwritesFlags(u, form)) return true;
    if (!passesFlags(u, form)) return false;
  }
  return false;
}

function emitBlock(b: i32): void {
  const last = lastOf(b);
  for (let u = firstOf(b); u <= last; u += UOP_SIZE) {
    const form = formOf(u);
    note(<u32>u);
    switch (form & 0xff) {
      case FORM_JCC:
        pushCondition(argumentOf(form));
        branch(u, takenOf(b), fallOf(b));
        return;
      case FORM_LOOP:
        if (argumentOf(form) == 0) {
          getRegister(ECX);
          constant(1);
          op(SUB);
          setRegister(ECX);
          getRegister(ECX);
        } else {
          getRegister(ECX);
          op(EQZ);
        }
        branch(u, takenOf(b), fallOf(b));
        return;
      case FORM_JMP: take(u, takenOf(b), true); return;
      case FORM_GOTO:
        if (takenOf(b) != NONE) goto(takenOf(b), costOf(u, takenOf(b)), true);
        else {
          pushCode(branchOffset(u));
          leaveByJump(u);
        }
        return;
      case FORM_CALL: call(u, takenOf(b)); return;
      case FORM_RET: ret(u); return;
      case FORM_JMP_INDIRECT:
        operand(u);
        jumpIndirect(u);
        return;
      case FORM_CALL_INDIRECT:
        operand(u);
        pushReturn(u);
        jumpIndirect(u);
        return;
      case FORM_NEXT_PAGE:
        pushCode(nextOffset(u));
        leaveByJump(u);
        return;
      case FORM_END: runHandler(u, true); return;
      default: emitPlain(u, form, flagsDead(u, last));
    }
  }
  fallTo(last, fallOf(b));
}

function emitBody(codeTable: usize, slot: u32): void {
  setDepth(0);
  scopes = 0;
  note(NOTE_ENTRY);
  prologue();
  loadVectors();
  note(NOTE_DISPATCH);
  dispatcher = loop();
  indirect = block();
  dispatch();
  for (here = 0; here < blocks; here++) {
    const b = blockAt(here);
    note(NOTE_BLOCK);
    closeAt(here);
    openAt(here);
    if (targetOf(b) != NONE || sourcesOf(b) > 1) forgetFlags();
    else knowFlags(scope(b, CARRY), scope(b, STEP));
    forgetChecks();
    forgetX87();
    beginBlock();
    emitBlock(b);
    note(NOTE_SLOW);
    endBlock();
  }
  note(NOTE_EXIT);
  closeAt(blocks);
  op(UNREACHABLE);
  end();
  emitIndirect(codeTable, slot);
  end();
  op(UNREACHABLE);
  epilogue();
  op(0x0b);
}

/** Writes the function of the region at `head` to `out`, sized, and notes its entries. False: there is none. */
export function emitRegion(head: usize, codeTable: usize): bool {
  if (!findRegion(head, codeTable)) return false;
  note(<u32>codeTable);
  const before = noted();
  const size = reserve();
  const body = out;
  // twice: the first tells which registers the begin must load and the end store
  forgetRegisters();
  forgetVectors();
  emitBody(codeTable, nextSlot());
  forgetNotes(before);
  setOut(body);
  unsigned(2 + vectorGroups());
  unsigned(I32_LOCALS);
  op(I32);
  op(1);
  op(I64);
  declareVectors();
  emitBody(codeTable, nextSlot());
  fillSize(size);
  const slot = newSlot();
  for (let p = 0; p < blocks; p++) {
    const b = blockAt(p);
    if (targetOf(b) != NONE) addEntry(firstOf(b), codeTable, slot, targetOf(b), explored);
  }
  return true;
}

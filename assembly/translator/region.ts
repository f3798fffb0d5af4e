// Writes the function of a region: scopes, blocks in order, branches between them. graph.ts says what the shape is.
import {
  CODE_LINEAR_PAGE, CODE_PAGE, ECX, ESP, NOTE_BLOCK, NOTE_DISPATCH, NOTE_ENTRY, NOTE_EXIT, NOTE_SLOW, REGION_ENTRIES, REGION_ENTRY_MAX, TRANSLATOR_SCRATCH,
} from '../abi';
import {
  FORM_CALL, FORM_CALL_INDIRECT, FORM_END, FORM_GOTO, FORM_JCC, FORM_JMP, FORM_JMP_INDIRECT, FORM_LOOP, FORM_NEXT_PAGE, FORM_RET, FORM_STALE,
} from '../generated/forms';
import { U_OP, U_ORDINAL, U_RM, UOP_SIZE } from '../uop';
import { addEntry, ENTRY_SHIFT, ENTRY_SLOT, ENTRY_TARGET, firstEntry } from '../mmu/region-entries';
import { newSlot, nextSlot } from '../mmu/region-slots';
import { addRegionPage, beginRecord } from '../mmu/regions';
import { emitPlain, formOf, overwritesFlags, passesFlags } from './emit';
import { argumentOf } from './emit-operand';
import { beginRun, forgetRun, popReturn } from './emit-stack';
import { forgetFlags, knowFlags, knownCarry, knownStep, markFlags, pushCondition } from './flags';
import {
  beginBlock, BUDGET, endBlock, ENTRY, enterCodePage, epilogue, forgetRegisters, getRegister, I32_LOCALS, leaveAtPushed, leaveByJump,
  leaveTo, PAGE, prologue, pushAddress, pushCode, pushRelative, pushTable, put, runHandler, setRegister, spend, splitTarget, T1, T2,
  TARGET, targetExit, VALUE,
} from './frame';
import { branchOffset, distanceOf, explored, nextOffset, NONE, pages, placeAt, tableOf } from './explore';
import {
  blockAt, blockOfPlace, blocks, fallOf, findRegion, firstOf, lastOf, loopEndOf, pageOf, positionOf, relativeEnd, relativeOf, sourcesOf, takenOf,
  targetOf, targets,
} from './graph';
import { pushMemory, readMemory } from './memory';
import { forgetNotes, note, noted } from './notes';
import { emitReturn, expectReturn } from './returns';
import { beginScopes, closeAt, forwardScope, largestLoop, loopScope, openAt } from './scopes';
import { declareVectors, forgetChecks, forgetVectors, loadVectors, vectorGroups } from './vector';
import { forgetX87 } from './x87-frame';
import {
  ADD, AND, block, br, brTable, constant, end, EQ, EQZ, fillSize, get, GT_S, I32, I64, LE_S, loadN, loop, LT_U, NE, op, OR, out, reserve, set,
  setDepth, setOut, SHL, SHR_U, SUB, target, tee, UNREACHABLE, unsigned, when,
} from './wasm';

/** By block: flags known at its begin. */
const KNOWN: usize = TRANSLATOR_SCRATCH + 0x76000;
const CARRY: usize = 0;
const STEP: usize = 4;

let dispatcher: i32 = 0;
/** Scopes behind which the address in T2 is looked up, or first compared with what is expected. */
let indirect: i32 = 0;
let returned: i32 = 0;
/** Position of the block at hand. */
let here: i32 = 0;

// @ts-ignore: decorator
@inline function known(b: i32, f: usize): i32 { return load<i32>(KNOWN + (<usize>b << 3) + f); }
// @ts-ignore: decorator
@inline function setKnown(b: i32, f: usize, v: i32): void { store<i32>(KNOWN + (<usize>b << 3) + f, v); }

function dispatch(): void {
  openAt(-1);
  get(TARGET);
  brTable(targets);
  for (let p = 0; p < blocks; p++) {
    const b = blockAt(p);
    if (targetOf(b) != NONE) target(forwardScope(b));
  }
  // NO_TARGET
  targetExit();
}

// ---- branches ---------------------------------------------------------------------------------------------------------------------

/** Goes from the end of `u` to block `b`; `cost` instructions have retired. `falls`: nothing comes behind, so the next block needs no branch. */
function goto(b: i32, cost: i32, falls: bool): void {
  const from = blockAt(here);
  const position = positionOf(b);
  const onward = position > here;
  spend(cost);
  if (targetOf(b) != NONE || sourcesOf(b) > 1) markFlags();
  else {
    setKnown(b, CARRY, knownCarry());
    setKnown(b, STEP, knownStep());
  }
  // also a branch to a lower address that comes later here: from there the interpreter may run straight on into this region again
  check(b, !onward || relativeOf(b) <= relativeEnd(from), pageOf(b) != pageOf(from));
  if (onward) {
    if (!falls || position != here + 1) br(forwardScope(b));
    return;
  }
  if (loopEndOf(b) != NONE) br(loopScope(b));
  else viaDispatcher(b);
}
function viaDispatcher(b: i32): void {
  constant(targetOf(b));
  set(TARGET);
  br(dispatcher);
}
/** Leaves in front of block `b` when `spent` and the budget has run out, or `crosses` and its page has other code under this mapping. */
function check(b: i32, spent: bool, crosses: bool): void {
  if (!spent && !crosses) return;
  if (crosses) {
    pushRelative(distanceOf(pageOf(b)));
    tee(T1);
    pushTable();
    constant(<u32>tableOf(pageOf(b)));
    op(NE);
  }
  if (spent) {
    get(BUDGET);
    constant(0);
    op(LE_S);
    if (crosses) op(OR);
  }
  when();
  spend(load<u16>(firstOf(b), U_ORDINAL));
  pushRelative(relativeOf(b));
  leaveAtPushed();
  end();
  if (crosses) enterCodePage(T1, tableOf(pageOf(b)));
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
  const page = pageOf(blockAt(here));
  const back = blockOfPlace(placeAt(page, nextOffset(u)));
  // a return counts as if its run began where it leads to
  if (b != NONE && back != NONE && targetOf(back) != NONE && load<u16>(firstOf(back), U_ORDINAL) == 0) {
    expectReturn(nextSlot(), targetOf(back), tableOf(page));
  }
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

/** The instruction of `u` ends with a jump to the address in T2, behind scope `way`. */
function jumpIndirect(u: usize, way: i32): void {
  spend(<i32>load<u16>(u, U_ORDINAL) + 1);
  markFlags();
  br(way);
}

/** Goes to the address in T2: by the dispatcher when an entry of this region is there, else out. */
function emitIndirect(slot: u32): void {
  // KIND says what the flags are, not the block that happened to be written last
  forgetFlags();
  if (pages == 1) {
    get(T2);
    get(PAGE);
    op(SUB);
    tee(T1);
    constant(0x1000);
    op(LT_U);
    when();
    get(T1);
    pushUop(<u32>tableOf(0));
  } else {
    get(T2);
    pushTable();
    tee(ENTRY);
    when();
    get(T2);
    constant(0xfff);
    op(AND);
    get(ENTRY);
    constant(2);
    op(SHR_U);
    op(ADD);
    pushUop(0);
  }
  // 0, where there is no micro-op, is no entry either
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
  if (pages == 1) set(TARGET);
  else {
    set(VALUE);
    get(T2);
    constant(0xfffff000);
    op(AND);
    tee(T2);
    splitTarget(VALUE);
    put(T2, CODE_LINEAR_PAGE);
    put(ENTRY, CODE_PAGE);
  }
  br(dispatcher);
  end();
  end();
  end();
  end();
  get(T2);
  leaveAtPushed();
}
/** Pops an offset and pushes the micro-op that the table at `table` + 4 * it has. */
function pushUop(table: u32): void {
  constant(2);
  op(SHL);
  loadN(4, table);
}

function ret(u: usize): void {
  popReturn(u);
  get(VALUE);
  set(T2);
  jumpIndirect(u, returned);
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
    beginRun(u, last);
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
      case FORM_NEXT_PAGE:
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
        jumpIndirect(u, indirect);
        return;
      case FORM_CALL_INDIRECT:
        operand(u);
        pushReturn(u);
        jumpIndirect(u, indirect);
        return;
      case FORM_STALE:
        // not run here: it does not count
        if (takenOf(b) != NONE) goto(takenOf(b), costOf(u, takenOf(b)) - 1, true);
        else runHandler(u, true);
        return;
      case FORM_END: runHandler(u, true); return;
      default: emitPlain(u, form, flagsDead(u, last));
    }
  }
  fallTo(last, fallOf(b));
}

function emitBody(slot: u32): void {
  setDepth(0);
  beginScopes();
  note(NOTE_ENTRY);
  prologue(pages > 1);
  loadVectors();
  note(NOTE_DISPATCH);
  dispatcher = loop();
  indirect = block();
  returned = block();
  dispatch();
  for (here = 0; here < blocks; here++) {
    const b = blockAt(here);
    note(NOTE_BLOCK);
    closeAt(here);
    openAt(here);
    if (targetOf(b) != NONE || sourcesOf(b) > 1) forgetFlags();
    else knowFlags(known(b, CARRY), known(b, STEP));
    forgetChecks();
    forgetX87();
    forgetRun();
    beginBlock(distanceOf(pageOf(b)));
    note(<u32>tableOf(pageOf(b)));
    emitBlock(b);
    note(NOTE_SLOW);
    endBlock();
  }
  note(NOTE_EXIT);
  closeAt(blocks);
  op(UNREACHABLE);
  end();
  emitReturn(slot, dispatcher, pages > 1);
  end();
  emitIndirect(slot);
  end();
  op(UNREACHABLE);
  epilogue();
  op(0x0b);
}

/** Writes the function of the region that was explored, and that begins at place `head`, to `out`, sized, and notes its entries. False: there is none. */
export function emitRegion(head: u32): bool {
  if (!findRegion(head)) return false;
  note(<u32>tableOf(0));
  const before = noted();
  const size = reserve();
  const body = out;
  // twice: the first tells which registers the begin must load and the end store
  forgetRegisters();
  forgetVectors();
  emitBody(nextSlot());
  forgetNotes(before);
  setOut(body);
  unsigned(2 + vectorGroups());
  unsigned(I32_LOCALS);
  op(I32);
  op(1);
  op(I64);
  declareVectors();
  emitBody(nextSlot());
  fillSize(size);
  const slot = newSlot();
  beginRecord(slot, explored, <u32>(out - body), largestLoop);
  for (let page: u32 = 0; page < pages; page++) addRegionPage(slot, tableOf(page), distanceOf(page));
  for (let p = 0; p < blocks; p++) {
    const b = blockAt(p);
    const page = pageOf(b);
    if (targetOf(b) != NONE) addEntry(firstOf(b), tableOf(page), slot, distanceOf(page) | targetOf(b));
  }
  return true;
}

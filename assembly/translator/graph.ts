// The shape of a region: its basic blocks within one code page, their order, which of them need the dispatcher.
// Ours. Order: reverse postorder. A block is a *target* when it can be reached by number: entries of the region, heads of loops,
// places that calls return to. A loop whose inside holds no target becomes a wasm loop; every other goes through the dispatcher.
import { TRANSLATOR_SCRATCH } from '../abi';
import {
  FORM_CALL, FORM_CALL_INDIRECT, FORM_END, FORM_GOTO, FORM_JCC, FORM_JMP, FORM_JMP_INDIRECT, FORM_LOOP, FORM_NEXT_PAGE, FORM_RET,
} from '../generated/forms';
import { pending, pendingTable, pendingUop, pendingUser } from '../interpreter/samples';
import { U_IMM, U_LENGTH, U_OFFSET, UOP_SIZE } from '../isa/uop';
import { isJumpTarget } from '../mmu/code-pages';
import { isBarrier } from '../mmu/region-entries';
import { userRights } from '../mmu/tlb';
import { formOf } from './emit';

export const BLOCK_MAX: i32 = 128;
const UOP_MAX: i32 = 384;
const NONE: i32 = -1;

/** For each offset in the page: u16 block number + 1, then u8 marks. */
const LEADER: usize = TRANSLATOR_SCRATCH;
const MARKS: usize = TRANSLATOR_SCRATCH + 8192;
const SEEN: u32 = 1;
const RETURN_POINT: u32 = 2;
const CALLED: u32 = 8;
const STARTS: u32 = 4;
/** Stack of micro-ops to look at. */
const WORK: usize = TRANSLATOR_SCRATCH + 12288;
const WORK_MAX: i32 = 512;

/** A block: i32 fields. */
const BLOCKS: usize = TRANSLATOR_SCRATCH + 16384;
const BLOCK_SIZE: usize = 64;
const FIRST: usize = 0;
const LAST: usize = 4;
const TAKEN: usize = 8;
const FALL: usize = 12;
const POSITION: usize = 16;
const TARGET: usize = 20; // number among the targets, or NONE
const SOURCES: usize = 24;
const LOOP_END: usize = 28; // position of the last block of its wasm loop, or NONE
const START: usize = 32; // position at which its forward scope opens
const FORWARD: usize = 36; // has forward branches to it
const RETURNS: usize = 40;
const STATE: usize = 44; // of the walk: 0 new, 1 open, 2 done
/** Block numbers in order; then the stack of the walk. */
const ORDER: usize = BLOCKS + <usize>BLOCK_MAX * BLOCK_SIZE;

export let blocks: i32 = 0;
export let targets: i32 = 0;
/** Micro-ops that were explored. */
export let explored: i32 = 0;
let table: usize = 0;
let work: i32 = 0;
let starts: i32 = 0;

// @ts-ignore: decorator
@inline function field(block: i32, f: usize): i32 { return load<i32>(BLOCKS + <usize>block * BLOCK_SIZE + f); }
// @ts-ignore: decorator
@inline function setField(block: i32, f: usize, v: i32): void { store<i32>(BLOCKS + <usize>block * BLOCK_SIZE + f, v); }

export function blockAt(position: i32): i32 { return load<i32>(ORDER + (<usize>position << 2)); }
export function firstOf(block: i32): usize { return <usize>field(block, FIRST); }
export function lastOf(block: i32): usize { return <usize>field(block, LAST); }
export function takenOf(block: i32): i32 { return field(block, TAKEN); }
export function fallOf(block: i32): i32 { return field(block, FALL); }
export function positionOf(block: i32): i32 { return field(block, POSITION); }
export function targetOf(block: i32): i32 { return field(block, TARGET); }
export function sourcesOf(block: i32): i32 { return field(block, SOURCES); }
export function loopEndOf(block: i32): i32 { return field(block, LOOP_END); }
export function startOf(block: i32): i32 { return field(block, FORWARD) != 0 ? field(block, START) : NONE - 1; }
export function isReturnPoint(block: i32): bool { return field(block, RETURNS) != 0; }

// @ts-ignore: decorator
@inline function uopAt(offset: u32): usize { return offset < 0x1000 ? load<u32>(table + (<usize>offset << 2)) : 0; }
// @ts-ignore: decorator
@inline function marks(offset: u32): u32 { return load<u8>(MARKS + offset); }
// @ts-ignore: decorator
@inline function mark(offset: u32, bit: u32): void { store<u8>(MARKS + offset, marks(offset) | bit); }
export function nextOffset(u: usize): u32 { return <u32>load<u16>(u, U_OFFSET) + load<u8>(u, U_LENGTH); }
/** Offset in the page that the branch `u` goes to; 0x1000 and more: elsewhere. */
export function branchOffset(u: usize): u32 { return nextOffset(u) + load<u32>(u, U_IMM); }

function blockOfOffset(offset: u32): i32 { return offset < 0x1000 ? <i32>load<u16>(LEADER + (<usize>offset << 1)) - 1 : NONE; }

/** Does nothing run on behind `form`? */
function stops(form: u32): bool {
  return form == FORM_JMP || form == FORM_CALL || form == FORM_RET || form == FORM_JMP_INDIRECT || form == FORM_CALL_INDIRECT ||
    form == FORM_GOTO || form == FORM_NEXT_PAGE || form == FORM_END;
}

function startAt(offset: u32, more: u32): void {
  const u = uopAt(offset);
  if (u == 0 || isBarrier(u)) return;
  if ((marks(offset) & STARTS) == 0) {
    if (starts == BLOCK_MAX) return;
    starts++;
  }
  mark(offset, STARTS | more);
  if ((marks(offset) & SEEN) == 0 && work < WORK_MAX) {
    store<u32>(WORK + (<usize>work << 2), <u32>u);
    work++;
  }
}

/** Marks what is reached from `head`, straight lines first. */
function explore(head: usize): void {
  memory.fill(LEADER, 0, 12288);
  explored = 0;
  let jumps = false;
  work = 0;
  starts = 0;
  startAt(load<u16>(head, U_OFFSET), 0);
  while (work > 0 && explored < UOP_MAX) {
    work--;
    let u: usize = load<u32>(WORK + (<usize>work << 2));
    for (;;) {
      const form = formOf(u) & 0xff;
      if (form == FORM_GOTO) {
        startAt(load<u16>(u, U_OFFSET), 0);
        break;
      }
      if (form == FORM_NEXT_PAGE) break;
      const offset: u32 = load<u16>(u, U_OFFSET);
      if (uopAt(offset) == u && ((marks(offset) & SEEN) != 0 || isBarrier(u))) break;
      if (uopAt(offset) == u) mark(offset, SEEN);
      explored++;
      if (form == FORM_JMP || form == FORM_JCC || form == FORM_LOOP) startAt(branchOffset(u), 0);
      if (form == FORM_CALL) startAt(branchOffset(u), CALLED);
      if (form == FORM_JCC || form == FORM_LOOP) startAt(nextOffset(u), 0);
      // behind what ends a run too, if anything ever ran there: a system call comes back
      if (form == FORM_CALL || form == FORM_CALL_INDIRECT || form == FORM_END) startAt(nextOffset(u), RETURN_POINT);
      if (form == FORM_JMP_INDIRECT && !jumps) {
        // wherever such a jump has gone in this page
        jumps = true;
        for (let at: u32 = 0; at < 0x1000; at++) if (isJumpTarget(uopAt(at))) startAt(at, CALLED);
      }
      if (stops(form) || explored >= UOP_MAX) break;
      u += UOP_SIZE;
    }
  }
}

/** Is a block to begin at `offset`, and was it explored? */
// @ts-ignore: decorator
@inline function begins(offset: u32): bool { return (marks(offset) & (STARTS | SEEN)) == (STARTS | SEEN); }

function number(): bool {
  blocks = 0;
  for (let offset: u32 = 0; offset < 0x1000; offset++) {
    if (!begins(offset)) continue;
    if (blocks == BLOCK_MAX) return false;
    const u = uopAt(offset);
    setField(blocks, FIRST, <i32>u);
    setField(blocks, RETURNS, (marks(offset) & RETURN_POINT) != 0 ? 1 : 0);
    setField(blocks, TARGET, (marks(offset) & CALLED) != 0 ? 0 : NONE);
    setField(blocks, POSITION, NONE);
    setField(blocks, SOURCES, 0);
    setField(blocks, LOOP_END, NONE);
    setField(blocks, FORWARD, 0);
    setField(blocks, STATE, 0);
    store<u16>(LEADER + (<usize>offset << 1), blocks + 1);
    blocks++;
  }
  return true;
}

/** Finds where each block ends and where it leads. */
function connect(block: i32): void {
  let u = firstOf(block);
  setField(block, TAKEN, NONE);
  setField(block, FALL, NONE);
  for (;;) {
    setField(block, LAST, <i32>u);
    const form = formOf(u) & 0xff;
    if (form == FORM_GOTO) setField(block, TAKEN, blockOfOffset(load<u16>(u, U_OFFSET)));
    if (form == FORM_JMP || form == FORM_JCC || form == FORM_LOOP || form == FORM_CALL) {
      setField(block, TAKEN, blockOfOffset(branchOffset(u)));
    }
    if (stops(form)) return;
    const after = u + UOP_SIZE;
    const offset: u32 = load<u16>(after, U_OFFSET);
    const inside = offset == load<u16>(u, U_OFFSET);
    const behind = formOf(after) & 0xff;
    // GOTO is no instruction: it stands for what it leads to
    if (!inside && behind != FORM_GOTO && behind != FORM_NEXT_PAGE) {
      if (begins(offset)) {
        setField(block, FALL, blockOfOffset(offset));
        return;
      }
      if ((marks(offset) & SEEN) == 0 || form == FORM_JCC || form == FORM_LOOP) return;
    } else if (form == FORM_JCC || form == FORM_LOOP) {
      // the way on is a GOTO: a block of its own would have no offset
      if (behind == FORM_GOTO) setField(block, FALL, blockOfOffset(offset));
      return;
    }
    u = after;
  }
}

let placed: i32 = 0;
/** Gives positions from the end; a branch back to an open block makes that block a target. */
function walk(block: i32): void {
  setField(block, STATE, 1);
  const taken = takenOf(block);
  const fall = fallOf(block);
  const back = taken != NONE && firstOffset(taken) <= firstOffset(block);
  visit(back ? fall : taken);
  visit(back ? taken : fall);
  setField(block, STATE, 2);
  placed--;
  setField(block, POSITION, placed);
  store<i32>(ORDER + (<usize>placed << 2), block);
}
// @ts-ignore: decorator
@inline function firstOffset(block: i32): u32 { return load<u16>(firstOf(block), U_OFFSET); }
function visit(block: i32): void {
  if (block == NONE) return;
  setField(block, SOURCES, sourcesOf(block) + 1);
  const state = field(block, STATE);
  if (state == 0) walk(block);
  else if (state == 1) makeTarget(block);
}
function makeTarget(block: i32): void {
  if (field(block, TARGET) != NONE) return;
  setField(block, TARGET, 0);
}

/** Marks the loops that can be wasm loops, and finds where the scopes of forward branches open. */
function nest(): void {
  targets = 0;
  for (let p = 0; p < blocks; p++) {
    const b = blockAt(p);
    if (field(b, TARGET) == NONE) continue;
    setField(b, TARGET, targets++);
    setField(b, FORWARD, 1);
    setField(b, START, -1);
  }
  for (let p = 0; p < blocks; p++) {
    const b = blockAt(p);
    edgeTo(p, takenOf(b));
    edgeTo(p, fallOf(b));
  }
  for (let p = 0; p < blocks; p++) {
    const h = blockAt(p);
    const last = loopEndOf(h);
    for (let q = p + 1; q <= last; q++) {
      const t = blockAt(q);
      // entered from before the head
      if (field(t, FORWARD) != 0 && field(t, START) < p) setField(h, LOOP_END, NONE);
    }
  }
  // scopes must not cross: open earlier until none does
  for (let changed = true; changed; ) {
    changed = false;
    for (let q = 0; q < blocks; q++) {
      const t = blockAt(q);
      if (field(t, FORWARD) == 0) continue;
      for (let r = 0; r < blocks; r++) {
        const o = blockAt(r);
        const s = field(t, START);
        if (field(o, FORWARD) != 0 && field(o, START) < s && s < r && r < q) {
          setField(t, START, field(o, START));
          changed = true;
        }
        const last = loopEndOf(o);
        if (last != NONE && r < s && s <= last && last < q) {
          setField(t, START, r);
          changed = true;
        }
      }
    }
  }
}
function edgeTo(from: i32, block: i32): void {
  if (block == NONE) return;
  const p = positionOf(block);
  if (p <= from) {
    setField(block, LOOP_END, max(loopEndOf(block), from));
    return;
  }
  if (field(block, FORWARD) == 0 || from < field(block, START)) setField(block, START, from);
  setField(block, FORWARD, 1);
}

/** Explores from `head` in the page of `codeTable`; what comes to be seen is told by isReached(). */
export function reach(head: usize, codeTable: usize): void {
  table = codeTable;
  explore(head);
}
export function isReached(u: usize): bool {
  const offset: u32 = load<u16>(u, U_OFFSET);
  return uopAt(offset) == u && (marks(offset) & SEEN) != 0;
}

/** What else is hot in the region is an entry of it too. */
function enterWhereHot(): void {
  for (let i: u32 = 0; i < pending; i++) {
    const u = pendingUop(i);
    if (pendingTable(i) == table && pendingUser(i) == userRights && isReached(u)) startAt(load<u16>(u, U_OFFSET), CALLED);
  }
}

/** Works out the region that begins at `head` in the page of `codeTable`. False: it is too large. */
export function findRegion(head: usize, codeTable: usize): bool {
  reach(head, codeTable);
  enterWhereHot();
  if (!number()) return false;
  for (let b = 0; b < blocks; b++) connect(b);
  const first = blockOfOffset(load<u16>(head, U_OFFSET));
  if (first == NONE) return false;
  placed = blocks;
  for (let b = blocks - 1; b >= 0; b--) {
    if (b == first || !isReturnPoint(b)) continue;
    makeTarget(b);
    if (field(b, STATE) == 0) walk(b);
  }
  makeTarget(first);
  if (field(first, STATE) == 0) walk(first);
  // blocks that only a call or a mark has made
  for (let b = 0; b < blocks; b++) {
    if (field(b, STATE) != 0) continue;
    makeTarget(b);
    walk(b);
  }
  nest();
  return true;
}

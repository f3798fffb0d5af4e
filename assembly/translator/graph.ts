// The shape of a region: its basic blocks, their order, which of them need the dispatcher.
// Ours. Order: reverse postorder. A block is a *target* when it can be reached by number: entries of the region, heads of loops,
// places that calls return to. A loop whose inside holds no target becomes a wasm loop; every other goes through the dispatcher.
import { TRANSLATOR_SCRATCH } from '../abi';
import { FORM_CALL, FORM_GOTO, FORM_JCC, FORM_JMP, FORM_LOOP, FORM_NEXT_PAGE, FORM_STALE } from '../generated/forms';
import { U_OFFSET, UOP_SIZE } from '../uop';
import { formOf } from './emit';
import {
  begins, BLOCK_MAX, branchOffset, distanceOf, enterWhereHot, isCalled, isReturnPlace, isSeen, nextOffset, NONE, pages, placeAt, placeOf, relative, stops,
  uopAt,
} from './explore';

/** By place: u16 block number + 1. */
const LEADER: usize = TRANSLATOR_SCRATCH + 0x20000;

/** A block: i32 fields. */
const BLOCKS: usize = TRANSLATOR_SCRATCH + 0x62000;
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
const PLACE: usize = 40;
const STATE: usize = 44; // of the walk: 0 new, 1 open, 2 done
/** Block numbers in order; then the stack of the walk. */
const ORDER: usize = TRANSLATOR_SCRATCH + 0x72000;

export let blocks: i32 = 0;
export let targets: i32 = 0;

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
/** Number of its page. */
export function pageOf(block: i32): u32 { return <u32>field(block, PLACE) >>> 12; }
/** How far behind page 0 its first and its last instruction lie. */
export function relativeOf(block: i32): i32 { return <i32>relative(field(block, PLACE)); }
export function relativeEnd(block: i32): i32 { return <i32>(distanceOf(pageOf(block)) + load<u16>(lastOf(block), U_OFFSET)); }

export function blockOfPlace(place: i32): i32 { return place != NONE ? <i32>load<u16>(LEADER + (<usize>place << 1)) - 1 : NONE; }

function number(): bool {
  blocks = 0;
  memory.fill(LEADER, 0, <usize>pages << 13);
  for (let place: u32 = 0; place < pages << 12; place++) {
    if (!begins(place)) continue;
    if (blocks == BLOCK_MAX) return false;
    setField(blocks, FIRST, <i32>uopAt(place));
    setField(blocks, PLACE, place);
    setField(blocks, TARGET, isCalled(place) ? 0 : NONE);
    setField(blocks, POSITION, NONE);
    setField(blocks, SOURCES, 0);
    setField(blocks, LOOP_END, NONE);
    setField(blocks, FORWARD, 0);
    setField(blocks, STATE, 0);
    store<u16>(LEADER + (<usize>place << 1), blocks + 1);
    blocks++;
  }
  return true;
}

/** Finds where each block ends and where it leads. */
function connect(block: i32): void {
  const page = pageOf(block);
  let u = firstOf(block);
  setField(block, TAKEN, NONE);
  setField(block, FALL, NONE);
  for (;;) {
    setField(block, LAST, <i32>u);
    const form = formOf(u) & 0xff;
    if (form == FORM_GOTO || form == FORM_NEXT_PAGE) setField(block, TAKEN, blockOfPlace(placeAt(page, nextOffset(u))));
    // decoded anew since: the run goes on there
    if (form == FORM_STALE) setField(block, TAKEN, blockOfPlace(placeOf(page, u)));
    if (form == FORM_JMP || form == FORM_JCC || form == FORM_LOOP || form == FORM_CALL) {
      setField(block, TAKEN, blockOfPlace(placeAt(page, branchOffset(u))));
    }
    if (stops(form)) return;
    const after = u + UOP_SIZE;
    const behind = formOf(after) & 0xff;
    const inside = load<u16>(after, U_OFFSET) == load<u16>(u, U_OFFSET);
    // GOTO is no instruction: it stands for what it leads to
    if (!inside && behind != FORM_GOTO && behind != FORM_NEXT_PAGE) {
      const place = placeOf(page, after);
      if (begins(place)) {
        setField(block, FALL, blockOfPlace(place));
        return;
      }
      if (!isSeen(place) || form == FORM_JCC || form == FORM_LOOP) return;
    } else if (form == FORM_JCC || form == FORM_LOOP) {
      // the way on is one of these: a block of its own would have no offset
      if (behind == FORM_GOTO || behind == FORM_NEXT_PAGE) setField(block, FALL, blockOfPlace(placeAt(page, nextOffset(after))));
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
  const back = taken != NONE && relativeOf(taken) <= relativeOf(block);
  visit(back ? fall : taken);
  visit(back ? taken : fall);
  setField(block, STATE, 2);
  placed--;
  setField(block, POSITION, placed);
  store<i32>(ORDER + (<usize>placed << 2), block);
}
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

/** Works out the shape of the region that was explored, which begins at `head`. False: it is too large. */
export function findRegion(head: u32): bool {
  enterWhereHot();
  if (!number()) return false;
  for (let b = 0; b < blocks; b++) connect(b);
  const first = blockOfPlace(head);
  if (first == NONE) return false;
  placed = blocks;
  for (let b = blocks - 1; b >= 0; b--) {
    if (b == first || !isReturnPlace(field(b, PLACE))) continue;
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

// The open scopes of a region's code: for each block one that branches forward to it leave, and one that is its loop.
// Ours. Scopes nest by where they end; graph.ts says where that is.
import { TRANSLATOR_SCRATCH } from '../abi';
import { NONE } from './explore';
import { blockAt, blocks, loopEndOf, positionOf, startOf } from './graph';
import { block, end, loop, out } from './wasm';

/** By block: scope of forward branches, scope of the loop. */
const SCOPES: usize = TRANSLATOR_SCRATCH + 0x74000;
const FORWARD: usize = 0;
const LOOP: usize = 4;
/** Of the open scopes: {position at which it ends, where the code of a loop begins, else 0}. */
const OPEN: usize = memory.data(2048 * 8, 4);
const ENDS: usize = 0;
const BEGIN: usize = 4;

let open: i32 = 0;
/** Where the code of the loop begins that was opened last. */
let innermost: usize = 0;
/** Bytes of wasm of the largest loop that has no other within. */
export let largestLoop: u32 = 0;

// @ts-ignore: decorator
@inline function scope(b: i32, f: usize): i32 { return load<i32>(SCOPES + (<usize>b << 3) + f); }
// @ts-ignore: decorator
@inline function setScope(b: i32, f: usize, v: i32): void { store<i32>(SCOPES + (<usize>b << 3) + f, v); }
export function forwardScope(b: i32): i32 { return scope(b, FORWARD); }
export function loopScope(b: i32): i32 { return scope(b, LOOP); }

export function beginScopes(): void {
  open = 0;
  innermost = 0;
  largestLoop = 0;
}

function opened(endsAt: i32, begin: usize): void {
  const at = OPEN + (<usize>open << 3);
  store<i32>(at, endsAt, ENDS);
  store<u32>(at, <u32>begin, BEGIN);
  open++;
}
function openForward(b: i32): void {
  setScope(b, FORWARD, block());
  opened(positionOf(b), 0);
}
function openLoop(b: i32): void {
  setScope(b, LOOP, loop());
  innermost = out;
  opened(loopEndOf(b) + 1, out);
}

/** Closes what ends at `position`. */
export function closeAt(position: i32): void {
  while (open > 0) {
    const at = OPEN + (<usize>(open - 1) << 3);
    if (load<i32>(at, ENDS) != position) return;
    open--;
    const begin: usize = load<u32>(at, BEGIN);
    if (begin != 0 && begin == innermost) largestLoop = max(largestLoop, <u32>(out - begin));
    end();
  }
}
/** Opens what begins at `position`: the wider scopes first. */
export function openAt(position: i32): void {
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

// SSE instructions with a memory operand, or with anything else that not every operand fits: in line where it is simple, else their
// handler does all of it. mmu/access.ts, ops/sse/operand.ts.
import { XMM } from '../abi';
import { readTlb, writeTlb } from '../mmu/tlb';
import { runKnownHandler } from './emit-known';
import { ENTRY, LINEAR, pushAddress } from './frame';
import { lookupEntry } from './memory';
import { ADD, AND, block, br, brIf, constant, end, get, GT_U, loadN, op, OR, SHL, SHR_U, set, tee, XOR } from './wasm';
import { checkUsable, reload } from './vector';

/** The scope whose end is the slow path. */
export let slow: i32 = 0;
let done: i32 = 0;

/** What follows is the fast path of the SSE instruction of `u`: it may branch to the end of `slow`. */
export function beginFast(u: usize): void {
  checkUsable(u);
  beginSlow();
}
export function beginSlow(): void {
  done = block();
  slow = block();
}
/** What follows is the slow path, to the end of a scope. */
export function endSlow(): void {
  br(done);
  end();
}
/** The fast path is complete. `effects`: those of the handler on general registers and flags; it may write XMM register `written`. */
export function endFast(u: usize, effects: u32, written: u32): void {
  endSlow();
  runKnownHandler(u, effects);
  if (written >= <u32>XMM) reload(written);
  end();
}

/** Pushes the host address of the memory operand, of 4, 8 or 16 bytes; `aligned`: one of 16 bytes that must be. */
export function pushSource(u: usize, bytes: u32, aligned: bool): void { pushHost(u, bytes, aligned, readTlb); }
export function pushTarget(u: usize, bytes: u32, aligned: bool): void { pushHost(u, bytes, aligned, writeTlb); }

function pushHost(u: usize, bytes: u32, aligned: bool, tlb: usize): void {
  pushAddress(u);
  lookupEntry(tlb);
  get(LINEAR);
  if (aligned) {
    constant(15);
    op(AND);
  }
  op(OR);
  constant(0xfff);
  op(AND);
  if (!aligned) {
    constant(0x1000 - bytes);
    op(GT_U);
  }
  brIf(slow);
  get(ENTRY);
  get(LINEAR);
  op(XOR);
}

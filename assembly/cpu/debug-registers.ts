// Data breakpoints: which pages are watched, and what was hit. SDM vol. 3B 17.2.
// A watched page never enters the data TLB, so that every access to it comes through the slow path and is compared here.
import { ATTENTION, ATTENTION_WATCH, DR0, DR7 } from '../abi';

const WRITE_ONLY: u32 = 1;
const READ_WRITE: u32 = 3;

/** Breakpoints (bits 0-3, as in DR6) hit since they were last taken. */
export let watchHits: u32 = 0;
export function setWatchHits(hits: u32): void { watchHits = hits; }
export function takeWatchHits(): u32 {
  const hits = watchHits;
  watchHits = 0;
  return hits;
}

// @ts-ignore: decorator
@inline function enabled(i: u32): bool { return ((load<u32>(DR7) >>> (i << 1)) & 3) != 0; }
// @ts-ignore: decorator
@inline function kind(i: u32): u32 { return (load<u32>(DR7) >>> (16 + (i << 2))) & 3; }
/** Length in bytes; the address is aligned to it by the processor. */
// @ts-ignore: decorator
@inline function length(i: u32): u32 {
  const code = (load<u32>(DR7) >>> (18 + (i << 2))) & 3;
  return code == 2 ? 8 : code + 1;
}

/** Does an enabled data breakpoint lie in the page of `lin`? */
export function watchesPage(lin: u32): bool {
  for (let i: u32 = 0; i < 4; i++) {
    if (!enabled(i) || (kind(i) & WRITE_ONLY) == 0) continue;
    if (((load<u32>(DR0 + (i << 3)) ^ lin) & 0xfffff000) == 0) return true;
  }
  return false;
}

/** Notes the breakpoints that an access to [lin, lin + size) hits. They trap after the instruction. */
export function noteWatch(lin: u32, size: u32, write: bool): void {
  for (let i: u32 = 0; i < 4; i++) {
    const k = kind(i);
    if (!enabled(i) || !(k == READ_WRITE || (k == WRITE_ONLY && write))) continue;
    const n = length(i);
    const from = load<u32>(DR0 + (i << 3)) & ~(n - 1);
    if (lin < from + n && from < lin + size) {
      watchHits |= 1 << i;
      store<u32>(ATTENTION, load<u32>(ATTENTION) | ATTENTION_WATCH);
    }
  }
}

// Room for new code: pages that have not been asked for lately lose what was decoded of them, or only their regions.
// The clock (Corbato 1968): a hand goes round, passes pages that the code TLB has asked for since it was last there, and takes the others.
import { COUNT_CODE_EVICTIONS } from '../abi';
import { blockMax, descriptorNumber, freeBlocks, freePages, pageMax, pagesTouched, tableOf } from './code-area';
import { blocksOf, isChosen, noteClosing, passes, release, unchoose } from './code-pages';
import { closeChosen, closeOldest, roomIsLow } from './region-slots';
import { forgetReturns } from './returns';
import { flushCodeTlb } from './tlb';

/** So much of what there is becomes free at a time, as a shift: to look for a page costs, and so does each that must come back. */
const SHARE: u32 = 3;

/** Changes whenever pages were evicted: an offset table or a micro-op that was noted before may belong to another page. */
export let evictions: u32 = 0;
let hand: u32 = 0;

function next(): usize {
  hand = hand + 1 < pagesTouched ? hand + 1 : 0;
  return descriptorNumber(hand);
}

/** Pages are asked for again from here on. */
function settle(): void {
  noteClosing();
  forgetReturns();
  flushCodeTlb();
}

/** Evicts pages, the least used ones first. Only between instructions: the code TLB forgets all, and so must the caller. */
export function evictCode(): void {
  let pages = freePages;
  let blocks = freeBlocks;
  // twice round: then every page has been chosen
  for (let i: u32 = 0; i < 2 * pagesTouched && (pages <= pageMax >>> SHARE || blocks <= blockMax >>> SHARE); i++) {
    const d = next();
    if (!passes(d, false)) continue;
    pages++;
    blocks += blocksOf(d);
  }
  closeChosen();
  let evicted: u64 = 0;
  for (let i: u32 = 0; i < pagesTouched; i++) if (release(descriptorNumber(i))) evicted++;
  store<u64>(COUNT_CODE_EVICTIONS, load<u64>(COUNT_CODE_EVICTIONS) + evicted);
  evictions++;
  settle();
}

/** Closes regions, those of pages that are not in use first, then those that were made first. Only between instructions. */
export function evictRegions(): void {
  for (let i: u32 = 0; i < pagesTouched; i++) passes(descriptorNumber(i), true);
  closeChosen();
  for (let i: u32 = 0; i < pagesTouched; i++) unchoose(descriptorNumber(i));
  while (roomIsLow() && closeOldest()) {}
  settle();
}

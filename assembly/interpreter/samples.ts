// Where interpreted code spends its time: a sample in so many instructions, counted by the micro-op that execution has come to.
// Ours. Counts last as long as the decoded code, whichever programs run it. Samples fall on targets of branches, where regions can begin. The translator takes from here what has become hot.
import { CAREFUL, EIP, HEAT, MODE_KEY } from '../abi';
import { descriptorKey, generation, isBeingLinked, regionDrops } from '../mmu/code-pages';
import { U_OFFSET } from '../uop';
import { samplesOf } from '../mmu/code-area';
import { isClaimed } from '../mmu/region-entries';
import { modules } from '../mmu/region-slots';
import { codeTlb, userRights } from '../mmu/tlb';

/** Mode keys that are translated: 32-bit code and stack, flat segments (ops/system/mode.ts). */
const KEY_MASK: u32 = 7;
/** Samples that make a micro-op hot; of those of a page whose code was written after it had been translated only one in two counts, each time. */
let hot: u32 = 4;
const HOT_MAX: u32 = 255;
const DOUBLINGS_MAX: u32 = 12;
/** So much is worth a module, and after so many samples less will do; modules are few, so it waits longer the more there are. */
const BATCH: u32 = 8;
const PATIENCE: u32 = 64;

/** What has become hot: {micro-op u32, offset table u32 | under user rights}. */
const PENDING: usize = HEAT;
const PENDING_MAX: u32 = 64;

export let pending: u32 = 0;
/** Samples that were taken. */
export let samples: u32 = 0;
let waited: u32 = 0;
let era: u32 = 0;
/** Where interpretation began last: behind a region, or at a look-up; with the offset table of its page, and its rights. */
let start: usize = 0;
let startTable: usize = 0;
let startUser: bool = false;

export function pendingUop(i: u32): usize { return load<u32>(PENDING + (<usize>i << 3)); }
export function pendingTable(i: u32): usize { return load<u32>(PENDING + (<usize>i << 3), 4) & ~1; }
export function pendingUser(i: u32): bool { return (load<u32>(PENDING + (<usize>i << 3), 4) & 1) != 0; }
/** `least` samples make a micro-op hot. */
export function setHot(least: u32): void { hot = min(least, HOT_MAX); }
export function clearPending(): void {
  pending = 0;
  waited = 0;
}

// @ts-ignore: decorator
@inline export function noteStart(u: usize, table: usize): void {
  start = u;
  startTable = table;
  startUser = userRights;
}

/** Is the code that `table` finds of a mode that is translated? What was noted may be older than the mode in force. */
function isTranslated(table: usize): bool { return (descriptorKey(table) & KEY_MASK) == KEY_MASK; }
export function translatable(): bool { return (load<u32>(MODE_KEY) & KEY_MASK) == KEY_MASK && load<u32>(CAREFUL) == 0; }

/** Forgets all when decoded code was dropped. */
export function renewSamples(): void {
  if (era == generation) return;
  era = generation;
  start = 0;
  startTable = 0;
  clearPending();
}

/**
 * Takes EIP as a sample; or, when what is there is translated already, the place where the interpreted instructions before it began:
 * a stretch between two regions that takes no branch is only ever seen at its end. Is there enough now for a module?
 */
export function sample(): bool {
  samples++;
  renewSamples();
  if (translatable() && !sampleAt(load<u32>(EIP)) && startTable != 0 && isTranslated(startTable) && !isBeingLinked(startTable)) {
    // where it began may have been decoded anew since, or lie within an instruction
    const begin: usize = load<u32>(startTable + (<usize>load<u16>(start, U_OFFSET) << 2));
    if (begin != 0 && !isClaimed(begin)) count(begin, startTable, startUser);
  }
  if (pending == 0) return false;
  waited++;
  return pending >= BATCH || waited >= PATIENCE + modules;
}

/** False when the instruction at `eip` is an entry of a region. */
function sampleAt(eip: u32): bool {
  const table: usize = load<u32>(codeTlb + ((eip >>> 12) << 2));
  if (table == 0 || descriptorKey(table) != load<u32>(MODE_KEY) || isBeingLinked(table)) return true;
  const u: usize = load<u32>(table + ((eip & 0xfff) << 2));
  if (u == 0) return true;
  if (isClaimed(u)) return false;
  count(u, table, userRights);
  return true;
}

function count(u: usize, table: usize, user: bool): void {
  if ((samples & ((1 << min(regionDrops(table), DOUBLINGS_MAX)) - 1)) != 0 || pending == PENDING_MAX) return;
  const at = samplesOf(u);
  const counted = <u32>load<u8>(at) + 1;
  store<u8>(at, counted);
  if (counted < hot) return;
  store<u8>(at, 0);
  const entry: usize = PENDING + (<usize>pending << 3);
  pending++;
  store<u32>(entry, <u32>u);
  store<u32>(entry, <u32>table | <u32>user, 4);
}

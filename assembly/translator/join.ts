// Regions that hot links join, to be one region: which, and what it is made of.
// Ours. Each region belongs to one joint at most and is taken in as a whole, the hottest links first, as long as there is room: so no
// code is translated twice for it, and what has grown to the limit is left alone.
import { REGION_PAGE_MAX } from '../abi';
import { isHot, LINK_MAX, linkAddress, linkFrom, linkFromBase, linkNumber, linkSamples, linkTable, linkUser } from '../interpreter/links';
import { entryDistance, entryInForce, entrySlot, entryTable, entryUop, liveEntry } from '../mmu/region-entries';
import { entriesTouched, isInForce } from '../mmu/region-slots';
import { regionDistance, regionPages, regionSize, regionTable } from '../mmu/regions';
import { userRights } from '../mmu/tlb';
import { addPage, beginJoined, enterAt, explore, NONE, placeOf, UOP_MAX } from './explore';
import { addJoined, clearJoined, isJoined, joined, joinedBase, joinedNumber } from './joined';

/** Micro-ops of the regions that were joined. */
let size: u32 = 0;
/** {offset table u32, linear address u32} of their pages. */
const PAGES: usize = memory.data(31 * 8, 4);
let pages: u32 = 0;
/** By number of a link: has it been followed? */
const TRIED: usize = memory.data(2048, 1);

/** The entry that `link` leads to; 0: none is there. */
function entryAt(link: usize): usize {
  const u: usize = load<u32>(linkTable(link) + (<usize>(linkAddress(link) & 0xfff) << 2));
  return u != 0 ? liveEntry(u) : 0;
}
/** Linear address of page 0 of the region that `link` leads to, by entry `e`. */
function baseAt(link: usize, e: usize): u32 { return (linkAddress(link) & 0xfffff000) - entryDistance(e); }

/** Number of the page of `table` at linear address `at`: known (below `pages`), new (`pages`), or NONE: another lies there. */
function pageNumber(table: usize, at: u32): i32 {
  for (let i: u32 = 0; i < pages; i++) {
    const page = PAGES + (<usize>i << 3);
    if (load<u32>(page, 4) == at) return load<u32>(page) == <u32>table ? i : NONE;
  }
  return pages;
}

/** Adds the region in `slot`, whose page 0 lies at `base`. False: there is no room for it. */
function join(slot: u32, base: u32): bool {
  if (slot == 0 || !isInForce(slot) || size + regionSize(slot) > <u32>UOP_MAX) return false;
  const before = pages;
  for (let i: u32 = 0; i < regionPages(slot); i++) {
    const at = base + regionDistance(slot, i);
    const n = pageNumber(regionTable(slot, i), at);
    if (n == NONE || n == REGION_PAGE_MAX) {
      pages = before;
      return false;
    }
    if (n < <i32>pages) continue;
    store<u32>(PAGES + (<usize>n << 3), <u32>regionTable(slot, i));
    store<u32>(PAGES + (<usize>n << 3), at, 4);
    pages++;
  }
  if (!addJoined(slot, base)) {
    pages = before;
    return false;
  }
  size += regionSize(slot);
  return true;
}

/** Adds the region at the other end of `link`, which has one end among those that are joined. */
function follow(link: usize): void {
  const e = entryAt(link);
  if (e == 0) return;
  const from = joinedNumber(linkFrom(link));
  const to = joinedNumber(entrySlot(e));
  if (from >= 0 && to < 0) {
    // what was sampled under another mapping lies elsewhere
    if (joinedBase(from) == linkFromBase(link)) join(entrySlot(e), baseAt(link, e));
  } else if (to >= 0 && from < 0) {
    if (joinedBase(to) == baseAt(link, e)) join(linkFrom(link), linkFromBase(link));
  }
}

/** Number of the hottest link, of those not tried yet, with one end among those that are joined; NONE: there is none. */
function hottest(): i32 {
  let best = NONE;
  for (let i: u32 = 0; i < LINK_MAX; i++) {
    const link = linkNumber(i);
    if (load<u8>(TRIED + i) != 0 || !isHot(link) || linkUser(link) != userRights) continue;
    if (best != NONE && linkSamples(link) <= linkSamples(linkNumber(best))) continue;
    const e = entryAt(link);
    if (e != 0 && isJoined(entrySlot(e)) != isJoined(linkFrom(link))) best = i;
  }
  return best;
}

/** Chooses the regions to be one with those at the ends of `link`. Are there two or more? */
function choose(link: usize): bool {
  const e = entryAt(link);
  if (e == 0 || entrySlot(e) == linkFrom(link)) return false;
  clearJoined();
  size = 0;
  pages = 0;
  memory.fill(TRIED, 0, LINK_MAX);
  if (!join(entrySlot(e), baseAt(link, e)) || !join(linkFrom(link), linkFromBase(link))) return false;
  for (let i = hottest(); i != NONE; i = hottest()) {
    store<u8>(TRIED + <usize>i, 1);
    follow(linkNumber(i));
  }
  return true;
}

/** Explores what `link` and other hot links join. The value is the place that it leads to; NONE: there is nothing to be joined. */
export function reachJoined(link: usize): i32 {
  if (!choose(link)) return NONE;
  beginJoined();
  const zero = load<u32>(PAGES, 4);
  for (let i: u32 = 0; i < pages; i++) addPage(load<u32>(PAGES + (<usize>i << 3)), load<u32>(PAGES + (<usize>i << 3), 4) - zero);
  for (let i: u32 = 0; i < entriesTouched; i++) {
    const e = entryInForce(i);
    const n = e != 0 ? joinedNumber(entrySlot(e)) : -1;
    if (n < 0) continue;
    const page = addPage(entryTable(e), joinedBase(n) + entryDistance(e) - zero);
    if (page != NONE) enterAt(placeOf(page, entryUop(e)));
    explore();
  }
  return addPage(linkTable(link), (linkAddress(link) & 0xfffff000) - zero) << 12 | <i32>(linkAddress(link) & 0xfff);
}

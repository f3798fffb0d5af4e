// Regions by table slot: how large they are, and of which code pages they have code.
// Ours. A region of several pages falls when code of any of them is written. Distances are those of linear memory, from page 0 of the region.
import { REGION_PAGE_MAX, REGION_RECORDS } from '../abi';
import { noteRegion } from './code-pages';

/** Record: micro-ops u32, pages u32, then for each page {offset table u32, distance in bytes u32}. */
const RECORD_SHIFT: u32 = 8;
const PAGES: usize = 8;

let first: u32 = 0;

/** The table slot of the first record. */
export function setFirstRegion(slot: u32): void { first = slot; }

// @ts-ignore: decorator
@inline function recordOf(slot: u32): usize { return REGION_RECORDS + (<usize>(slot - first) << RECORD_SHIFT); }

/** A region of `size` micro-ops lies in `slot`; addRegionPage() tells its pages. */
export function beginRecord(slot: u32, size: u32): void {
  store<u32>(recordOf(slot), size);
  store<u32>(recordOf(slot), 0, 4);
}
export function addRegionPage(slot: u32, table: usize, distance: u32): void {
  const n = regionPages(slot);
  if (n == <u32>REGION_PAGE_MAX) return;
  const page = recordOf(slot) + PAGES + (<usize>n << 3);
  store<u32>(page, <u32>table);
  store<u32>(page, distance, 4);
  store<u32>(recordOf(slot), n + 1, 4);
  noteRegion(table, false);
}

export function regionSize(slot: u32): u32 { return load<u32>(recordOf(slot)); }
export function regionPages(slot: u32): u32 { return load<u32>(recordOf(slot), 4); }
export function regionTable(slot: u32, page: u32): usize { return load<u32>(recordOf(slot) + PAGES + (<usize>page << 3)); }
export function regionDistance(slot: u32, page: u32): u32 { return load<u32>(recordOf(slot) + PAGES + (<usize>page << 3), 4); }

/** Has the region code of the page of `table`? */
export function hasPage(slot: u32, table: usize): bool {
  for (let page: u32 = 0; page < regionPages(slot); page++) if (regionTable(slot, page) == table) return true;
  return false;
}

/** The region can be entered from now on. */
export function noteLinked(slot: u32): void {
  for (let page: u32 = 0; page < regionPages(slot); page++) noteRegion(regionTable(slot, page), true);
}

// Regions by table slot: how large they are, and of which code pages they have code.
// Ours. A region of several pages falls when code of any of them is written. Distances are those of linear memory, from page 0 of the region.
import { REGION_PAGE_MAX, REGION_RECORDS } from '../abi';
import { noteRegion } from './code-pages';

/**
 * Record: micro-ops u16, pages u16, words of its wasm u16 and of the largest innermost loop in it u16, then for each page
 * {offset table u32, distance in bytes u32}.
 */
const RECORD_SHIFT: u32 = 8;
const WORD_SHIFT: u32 = 2;
const PAGES: usize = 8;

let first: u32 = 0;

/** The table slot of the first record. */
export function setFirstRegion(slot: u32): void { first = slot; }

// @ts-ignore: decorator
@inline function recordOf(slot: u32): usize { return REGION_RECORDS + (<usize>(slot - first) << RECORD_SHIFT); }

// @ts-ignore: decorator
@inline function words(bytes: u32): u16 { return <u16>min<u32>(bytes >>> WORD_SHIFT, 0xffff); }

/** A region of `size` micro-ops lies in `slot`, `bytes` of wasm, of which `loop` are its largest innermost loop; addRegionPage() tells its pages. */
export function beginRecord(slot: u32, size: u32, bytes: u32, loop: u32): void {
  const record = recordOf(slot);
  store<u16>(record, <u16>size);
  store<u16>(record, 0, 2);
  store<u16>(record, words(bytes), 4);
  store<u16>(record, words(loop), 6);
}
export function addRegionPage(slot: u32, table: usize, distance: u32): void {
  const n = regionPages(slot);
  if (n == <u32>REGION_PAGE_MAX) return;
  const page = recordOf(slot) + PAGES + (<usize>n << 3);
  store<u32>(page, <u32>table);
  store<u32>(page, distance, 4);
  store<u16>(recordOf(slot), <u16>(n + 1), 2);
  noteRegion(table, false);
}

export function regionSize(slot: u32): u32 { return load<u16>(recordOf(slot)); }
export function regionPages(slot: u32): u32 { return load<u16>(recordOf(slot), 2); }
/** For the host: bytes of wasm of the region, and of its largest innermost loop; 0: it has none. */
export function regionBytes(slot: u32): u32 { return <u32>load<u16>(recordOf(slot), 4) << WORD_SHIFT; }
export function regionLoop(slot: u32): u32 { return <u32>load<u16>(recordOf(slot), 6) << WORD_SHIFT; }
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

// Which steps from region to region are hot: a sample in so many, counted by the address that the step leads to.
// Ours. Regions that hot links join become one (translator/join.ts), so that registers and flags stay in locals across pages.
import { CODE_LINEAR_PAGE, CODE_PAGE, LINKS } from '../abi';
import { generation, regionDrops } from '../mmu/code-pages';
import { evictions } from '../mmu/code-eviction';
import { partings } from '../mmu/region-entries';
import { regionSerial } from '../mmu/region-slots';
import { regionDistance, regionPages, regionTable } from '../mmu/regions';

/**
 * Counts, hashed by address: {linear address, offset table | under user rights, samples, slot of the region that was left, linear address
 * of its page 0, that region's serial}, u32 each.
 */
export const LINK_MAX: u32 = 2048;
const LINK_SHIFT: u32 = 5;

/** Links from one sample to the next. */
let period: u32 = 1024;
/** Samples that make a link hot, and those with which it first asks for the regions that it joins to become one. */
let hot: u32 = 128;
let due: u32 = 512;
/** Twice as many each time that code of its page was written after it had been translated. */
const DOUBLINGS_MAX: u32 = 12;

let untilSample: u32 = 1;
let noise: u32 = 1;
let era: u32 = 0;
let parted: u32 = 0;
let evicted: u32 = 0;

/** Links that have asked. */
const ASKING_MAX: u32 = 16;
const ASKING: usize = memory.data(16 * 4, 4);
/** How many there are. */
export let asking: u32 = 0;

/** For tests: other numbers than the ones above. */
export function setLinks(links: u32, hotSamples: u32, dueSamples: u32): void {
  period = links;
  hot = hotSamples;
  due = dueSamples;
  untilSample = 1;
}

// @ts-ignore: decorator
@inline function linkAt(address: u32): usize { return LINKS + <usize>((((address >>> 2) ^ (address >>> 11)) & (LINK_MAX - 1)) << LINK_SHIFT); }
export function linkNumber(i: u32): usize { return LINKS + <usize>(i << LINK_SHIFT); }
export function linkAddress(link: usize): u32 { return load<u32>(link); }
export function linkTable(link: usize): usize { return load<u32>(link, 4) & ~1; }
export function linkUser(link: usize): bool { return (load<u32>(link, 4) & 1) != 0; }
export function linkSamples(link: usize): u32 { return load<u32>(link, 8); }
/** 0: another region has its slot now. */
export function linkFrom(link: usize): u32 {
  const slot = load<u32>(link, 12);
  return slot != 0 && regionSerial(slot) == load<u32>(link, 20) ? slot : 0;
}
/** Linear address of page 0 of the region that was left. */
export function linkFromBase(link: usize): u32 { return load<u32>(link, 16); }
export function isHot(link: usize): bool { return linkSamples(link) >= hot << min(regionDrops(linkTable(link)), DOUBLINGS_MAX); }

/** Forgets all when decoded code was dropped or has made room, or what had become one has fallen apart. */
function renew(): void {
  if (era == generation && parted == partings && evicted == evictions) return;
  era = generation;
  parted = partings;
  evicted = evictions;
  asking = 0;
  memory.fill(LINKS, 0, LINK_MAX << LINK_SHIFT);
}

/** A step has been made; is it one to be sampled? */
// @ts-ignore: decorator
@inline export function stepsToSample(): bool {
  untilSample--;
  return untilSample == 0;
}

/** Counts a step to `address`, which `table` finds, from the region in slot `from`, which was left in the page that is noted as executing. */
export function sampleLink(address: u32, table: usize, user: bool, from: u32): void {
  // paths whose length divides the period must not be sampled at one place only
  noise = noise * 1664525 + 1013904223;
  untilSample = max<u32>(1, (period >>> 1) + ((period * (noise >>> 24)) >>> 8));
  renew();
  const link = linkAt(address);
  const key = <u32>table | <u32>user;
  if (load<u32>(link) != address || load<u32>(link, 4) != key) {
    // one that comes more often stays
    if (linkSamples(link) > 1) {
      store<u32>(link, linkSamples(link) - 1, 8);
      return;
    }
    store<u32>(link, address);
    store<u32>(link, key, 4);
    store<u32>(link, 0, 8);
  }
  const samples = linkSamples(link) + 1;
  store<u32>(link, samples, 8);
  store<u32>(link, from, 12);
  store<u32>(link, regionSerial(from), 20);
  store<u32>(link, load<u32>(CODE_LINEAR_PAGE) - distanceOf(from, load<u32>(CODE_PAGE)), 16);
  if (asks(samples) && isHot(link) && asking < ASKING_MAX) {
    store<u32>(ASKING + (<usize>asking << 2), <u32>link);
    asking++;
  }
}

function distanceOf(slot: u32, table: usize): u32 {
  for (let page: u32 = 0; page < regionPages(slot); page++) if (regionTable(slot, page) == table) return regionDistance(slot, page);
  return 0;
}

/** When a link is due, and again each time that it has been sampled twice as often: there was no room, or more has become hot. */
function asks(samples: u32): bool {
  if (samples % due != 0) return false;
  const times = samples / due;
  return times != 0 && (times & (times - 1)) == 0;
}

/** A link that has asked, each once. 0: none. */
export function nextAsking(): usize {
  renew();
  if (asking == 0) return 0;
  asking--;
  return load<u32>(ASKING + (<usize>asking << 2));
}

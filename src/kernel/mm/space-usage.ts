// What an address space holds, counted: for limits, for /proc, and for whoever is to be ended when memory runs out.
import { MAP_LOCKED } from '../abi/mman.js';
import type { AddressSpace } from './address-space.js';
import { type Frames, PAGE_SIZE } from './frames.js';

/** Bytes of a space. */
export interface SpaceUsage {
  /** In pages that have a frame; the shared page of zeros does not count. */
  resident: number;
  /** Of these: the program's own, those of a file's cache, and those of shared memory. */
  anonymous: number;
  file: number;
  shared: number;
  mapped: number;
}

export function dataBytes(space: AddressSpace): number {
  let bytes = 0;
  for (const area of space.areas) if (area.isData) bytes += area.end - area.start;
  return bytes;
}

/** Bytes of areas that are locked: mlock(2). */
export function lockedBytes(space: AddressSpace): number {
  let bytes = 0;
  for (const area of space.areas) if ((area.flags & MAP_LOCKED) !== 0) bytes += area.end - area.start;
  return bytes;
}

/** Frames of page caches that somebody of `tasks` has mapped. */
export function mappedFrames(frames: Frames, tasks: Iterable<{ readonly space: AddressSpace }>): number {
  const seen = new Uint8Array(frames.count);
  const spaces = new Set([...tasks].map((task) => task.space));
  let count = 0;
  for (const space of spaces)
    for (const area of space.areas) {
      const { cache } = area;
      if (!cache) continue;
      space.table.each(area.start, area.end, (address, frame) => {
        if (seen[frame] !== 0 || cache.peek(area.cacheIndex(address)) !== frame) return;
        seen[frame] = 1;
        count++;
      });
    }
  return count;
}

/** Bytes of pages that have a frame of their own. */
export function countResident(space: AddressSpace): number {
  let pages = 0;
  for (const { start, end } of space.areas) pages += space.table.count(start, end, space.frames.zero);
  space.peakResident = Math.max(space.peakResident, pages * PAGE_SIZE);
  return pages * PAGE_SIZE;
}

export function usageOf(space: AddressSpace): SpaceUsage {
  const { frames } = space;
  let anonymous = 0;
  let file = 0;
  let shared = 0;
  for (const area of space.areas) {
    const { cache } = area;
    space.table.each(area.start, area.end, (address, frame) => {
      if (frame === frames.zero) return;
      if (!cache || cache.peek(area.cacheIndex(address)) !== frame) anonymous++;
      else if (cache.source) file++;
      else shared++;
    });
  }
  const resident = (anonymous + file + shared) * PAGE_SIZE;
  space.peakResident = Math.max(space.peakResident, resident);
  return {
    resident,
    anonymous: anonymous * PAGE_SIZE,
    file: file * PAGE_SIZE,
    shared: shared * PAGE_SIZE,
    mapped: space.areas.bytes,
  };
}

// What a fork and an end do to page tables: pages are counted, gaps stay gaps, and making room meanwhile loses nothing.
import { expect, test } from 'vitest';
import { HOST_RAM } from '../../vcpu/engine.js';
import { Frames, PAGE_SIZE } from './frames.js';
import { PaeTable, PTE_NO_EXECUTE, PTE_PRESENT, PTE_USER, PTE_WRITE } from './page-table.js';

const READ = PTE_PRESENT | PTE_USER;
const TABLE_SPAN = 0x200000;

function framesOf(count: number): Frames {
  return new Frames(new ArrayBuffer(HOST_RAM + count * PAGE_SIZE), count);
}

function tableOf(frames: Frames): PaeTable {
  return PaeTable.create(frames, 1)!;
}

/** Enters a fresh frame. */
function page(table: PaeTable, frames: Frames, address: number, flags: number): number {
  const frame = frames.allocate();
  expect(table.set(address, frame, flags)).toBe(true);
  return frame;
}

test('a shared range has its pages in both tables, read only, and nothing of what lies beside it', () => {
  const frames = framesOf(64);
  const table = tableOf(frames);
  const child = tableOf(frames);
  const from = TABLE_SPAN - 2 * PAGE_SIZE;
  const before = page(table, frames, from - PAGE_SIZE, READ | PTE_WRITE);
  const first = page(table, frames, from, READ | PTE_WRITE);
  const last = page(table, frames, TABLE_SPAN + PAGE_SIZE, READ | PTE_NO_EXECUTE);
  expect(table.share(child, from, TABLE_SPAN + 2 * PAGE_SIZE, true)).toBe(true);
  for (const one of [table, child]) {
    expect([one.frameOf(from), one.flags(from)]).toEqual([first, READ]);
    expect(one.flags(from + PAGE_SIZE)).toBe(0);
    expect([one.frameOf(TABLE_SPAN + PAGE_SIZE), one.flags(TABLE_SPAN + PAGE_SIZE)]).toEqual([
      last,
      READ | PTE_NO_EXECUTE,
    ]);
  }
  expect(child.flags(from - PAGE_SIZE)).toBe(0);
  expect(table.flags(from - PAGE_SIZE)).toBe(READ | PTE_WRITE);
  expect([before, first, last].map((frame) => frames.usesOf(frame))).toEqual([1, 2, 2]);

  expect(child.drop(from, from + PAGE_SIZE)).toBe(true);
  expect(child.drop(from, from + PAGE_SIZE)).toBe(false);
  expect([before, first, last].map((frame) => frames.usesOf(frame))).toEqual([1, 1, 2]);
  expect(child.flags(TABLE_SPAN + PAGE_SIZE)).toBe(READ | PTE_NO_EXECUTE);
});

test('a page that goes to make room for the table it would be shared in is in neither', () => {
  const frames = framesOf(16);
  const table = tableOf(frames);
  const child = tableOf(frames);
  const kept = page(table, frames, 0, READ | PTE_WRITE);
  const gone = page(table, frames, PAGE_SIZE, READ);
  while (frames.free > 0) frames.allocate();
  frames.relief = {
    relieve() {
      frames.release(table.clear(PAGE_SIZE));
    },
  };
  expect(table.share(child, 0, TABLE_SPAN, true)).toBe(true);
  expect([child.frameOf(0), child.flags(PAGE_SIZE)]).toEqual([kept, 0]);
  // its frame is the child's table now, and nobody's page
  expect(frames.usesOf(gone)).toBe(1);
});

test('without a frame for a table sharing fails and counts nothing that is not there', () => {
  const frames = framesOf(16);
  const table = tableOf(frames);
  const child = tableOf(frames);
  const frame = page(table, frames, 0, READ | PTE_WRITE);
  while (frames.free > 0) frames.allocate();
  expect(table.share(child, 0, TABLE_SPAN, true)).toBe(false);
  expect([frames.usesOf(frame), child.flags(0)]).toEqual([1, 0]);
});

test('pages are counted that have another frame than the one of zeros', () => {
  const frames = framesOf(32);
  const table = tableOf(frames);
  page(table, frames, TABLE_SPAN - PAGE_SIZE, READ);
  page(table, frames, TABLE_SPAN, READ);
  table.set(TABLE_SPAN + PAGE_SIZE, frames.zero, READ);
  expect(table.count(0, 2 * TABLE_SPAN, frames.zero)).toBe(2);
  expect(table.count(TABLE_SPAN, 2 * TABLE_SPAN, frames.zero)).toBe(1);
});

test('a frame is told only where the page has all the rights that are needed', () => {
  const frames = framesOf(32);
  const table = tableOf(frames);
  const frame = page(table, frames, PAGE_SIZE, READ);
  expect(table.frameWith(PAGE_SIZE, READ)).toBe(frame);
  expect(table.frameWith(PAGE_SIZE, READ | PTE_WRITE)).toBe(0);
  expect(table.frameWith(0, READ)).toBe(0);
  expect(table.frameWith(5 * TABLE_SPAN, READ)).toBe(0);
});

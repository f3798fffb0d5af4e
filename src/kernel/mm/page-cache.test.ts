// How a file is read in: together what is wanted together, more of what is read in order, and never at anybody's expense.
import { expect, test } from 'vitest';
import { HOST_RAM } from '../../vcpu/engine.js';
import { EIO } from '../abi/errno.js';
import type { FrameAccount } from './frame-account.js';
import { Frames, PAGE_SIZE } from './frames.js';
import { PageCache, type PageSource } from './page-cache.js';

const PAGES = 512;

/** Pages that begin with their numbers. */
class Numbered implements PageSource {
  /** First pages and counts of what was read. */
  reads: [number, number][] = [];
  broken = -1;

  readPage(index: number, into: Uint8Array): number {
    return this.readPages(index, into);
  }

  readPages(index: number, into: Uint8Array): number {
    const count = into.length / PAGE_SIZE;
    this.reads.push([index, count]);
    if (this.broken >= index && this.broken < index + count) return EIO;
    const view = new DataView(into.buffer, into.byteOffset, into.length);
    for (let i = 0; i < count; i++) view.setUint32(i * PAGE_SIZE, index + i, true);
    return 0;
  }
}

function made(count = PAGES): { frames: Frames; source: Numbered; cache: PageCache } {
  const frames = new Frames(new ArrayBuffer(HOST_RAM + count * PAGE_SIZE), count);
  const source = new Numbered();
  return { frames, source, cache: new PageCache(frames, source) };
}

/** Reads [from, from + length) as a program does, and checks each page. */
function read({ frames, cache }: ReturnType<typeof made>, from: number, length: number, end: number): void {
  for (let index = from; index < from + length; index++) {
    const frame = cache.getAhead(index, from + length, end);
    expect(frames.words[frames.hostAddress(frame) >>> 2]).toBe(index);
  }
}

test('what one call wants is one read; a file that is read in order is read ahead, as much as was read', () => {
  const file = made();
  for (let at = 0; at < 200; at += 4) read(file, at, 4, 200);
  expect(file.source.reads).toEqual([
    [0, 4],
    [4, 4],
    [8, 8],
    [16, 16],
    [32, 32],
    [64, 64],
    [128, 64],
    [192, 8],
  ]);
});

test('a page out of the middle comes alone', () => {
  const file = made();
  read(file, 100, 1, 200);
  read(file, 50, 1, 200);
  expect(file.source.reads).toEqual([
    [100, 1],
    [50, 1],
  ]);
});

test('pages that are here are not read again', () => {
  const file = made();
  read(file, 6, 1, 200);
  read(file, 4, 8, 200);
  expect(file.source.reads).toEqual([
    [6, 1],
    [4, 2],
    [7, 7],
  ]);
});

test('frames that do not lie together are read in pieces', () => {
  const file = made();
  const { frames } = file;
  const taken = Array.from({ length: frames.free }, () => frames.allocate());
  for (const frame of taken) if (frame % 8 !== 0) frames.release(frame);
  read(file, 0, 21, 200);
  expect(file.source.reads.length).toBeLessThanOrEqual(4);
  expect(file.source.reads.reduce((sum, [, count]) => sum + count, 0)).toBe(21);
});

test('reading ahead takes no frame that others would have to give', () => {
  const file = made(16);
  let relieved = 0;
  file.frames.relief = { relieve: () => relieved++ };
  read(file, 0, 12, 200);
  expect(relieved).toBe(0);
  const limited = made();
  const account: FrameAccount = {
    ...{ number: 0, room: 3, charge: () => true, uncharge: () => {} },
    ...{ hold: () => {}, keep: () => true, dirtied: () => {}, reclaimed: () => {}, heir: undefined },
  };
  limited.frames.addAccount(account);
  limited.frames.payer = account;
  read(limited, 0, 3, 200);
  expect(limited.source.reads).toEqual([[0, 3]]);
  Object.assign(account, { room: 0 });
  read(limited, 3, 2, 200);
  expect(limited.source.reads).toEqual([
    [0, 3],
    [3, 1],
    [4, 1],
  ]);
});

test('a page that can’t be read fails alone', () => {
  const file = made();
  file.source.broken = 5;
  read(file, 0, 5, 200);
  const { free } = file.frames;
  expect(file.cache.getAhead(5, 8, 200)).toBe(-EIO);
  expect(file.frames.free).toBe(free);
  read(file, 6, 2, 200);
});

test('who pays for pages is told which are to be written back, which are mapped, and which were taken', () => {
  const { frames } = made();
  const counts = { dirty: 0, taken: 0 };
  const account: FrameAccount = {
    ...{
      number: 0,
      room: PAGES,
      charge: () => true,
      uncharge: () => {},
      hold: () => {},
      keep: () => true,
      heir: undefined,
    },
    dirtied: (pages) => {
      counts.dirty += pages;
    },
    reclaimed: () => {
      counts.taken++;
    },
  };
  frames.addAccount(account);
  frames.payer = account;
  const cache = new PageCache(frames, { readPage: () => 0, writePage: () => 0 });
  for (const index of [0, 1, 2, 3]) cache.get(index);
  expect(frames.readIn).toBe(4);
  cache.markDirty(0);
  cache.markDirty(1);
  cache.markDirty(1);
  expect(counts.dirty).toBe(2);
  cache.drop(1, 2);
  expect(counts.dirty).toBe(1);
  frames.use(cache.peek(2));
  expect(frames.countMapped((one) => one === account)).toBe(1);
  expect(frames.countMapped(() => false)).toBe(0);
  expect(cache.reclaim(() => true)).toBe(1);
  cache.flush();
  expect([counts.dirty, frames.dirty]).toEqual([0, 0]);
  expect(cache.reclaim(() => true)).toBe(1);
  expect(counts.taken).toBe(2);
});

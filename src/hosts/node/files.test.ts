// Disks in place: one call of the host for many pieces, whatever their number, and what lies behind the end.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratch } from '../../../test/scratch.js';
import { BlockError } from '../../devices/storage/block-backend.js';
import { FileDisk } from './files.js';

const SIZE = 1 << 20;

function disk(): { path: string; content: Buffer } {
  const path = join(scratch(), 'disk.img');
  const content = Buffer.from(Uint8Array.from({ length: SIZE }, (_, i) => (i * 7919) >> 8));
  writeFileSync(path, content);
  return { path, content };
}

/** Pieces of changing sizes, `count` of them. */
const pieces = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => new Uint8Array(100 + (i % 37)));

test.each([1, 2, 1023, 1024, 1025, 3000])('%i pieces are read in order', (count) => {
  const { path, content } = disk();
  const into = pieces(count);
  new FileDisk(path, 'read-only').readv(512, into);
  const all = Buffer.concat(into);
  expect(all.equals(content.subarray(512, 512 + all.length))).toBe(true);
});

test.each([1, 2, 1024, 3000])('%i pieces are written in order', (count) => {
  const { path, content } = disk();
  const from = pieces(count).map((piece, i) => piece.fill(i));
  new FileDisk(path, 'write').writev(1024, from);
  const all = Buffer.concat(from);
  expect(
    readFileSync(path).equals(Buffer.concat([content.subarray(0, 1024), all, content.subarray(1024 + all.length)])),
  ).toBe(true);
});

test('what lies behind the end reads as zeros', () => {
  const { path, content } = disk();
  const into = pieces(3).map((piece) => piece.fill(1));
  new FileDisk(path, 'read-only').readv(SIZE - 150, into);
  expect(
    Buffer.concat(into)
      .subarray(0, 150)
      .equals(content.subarray(SIZE - 150)),
  ).toBe(true);
  expect(
    Buffer.concat(into)
      .subarray(150)
      .every((byte) => byte === 0),
  ).toBe(true);
});

test('a read-only disk is not written', () => {
  expect(() => new FileDisk(disk().path, 'read-only').writev(0, pieces(2))).toThrow(BlockError);
});

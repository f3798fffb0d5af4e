// Files whose browser has no more room, in each way in which browsers say so: never is less written than was said.
import { expect, test } from 'vitest';
import { resize, type SyncAccess, writeAll } from './sync-access.js';

/** A file of at most `most` bytes. `full` is what a write answers that has no room. */
function fileOf(most: number, full: () => number): SyncAccess & { bytes: number[] } {
  const bytes: number[] = [];
  return {
    bytes,
    getSize: () => bytes.length,
    truncate: (size) => {
      if (size <= most) bytes.length = size;
    },
    write: (piece, options) => {
      const at = options?.at ?? 0;
      const count = Math.min((piece as Uint8Array).length, most - at, 3);
      if (count <= 0) return full();
      for (let i = 0; i < count; i++) bytes[at + i] = (piece as Uint8Array)[i]!;
      return count;
    },
  };
}

const quota = { name: 'QuotaExceededError' };
const fails = (): never => {
  throw new DOMException('', 'QuotaExceededError');
};

test.each([
  ['nothing', () => 0],
  ['an error as a number', () => 4294967288],
  ['a negative number', () => -8],
  ['an exception', fails],
])('no room, said by %s', (_name, full) => {
  const file = fileOf(10, full);
  writeAll(file, Uint8Array.of(1, 2, 3, 4, 5, 6, 7), 1);
  expect(file.bytes.slice(1)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(() => writeAll(file, new Uint8Array(8), 6)).toThrow(expect.objectContaining(quota));
});

test('a size that is not had is no size', () => {
  const file = fileOf(10, () => 0);
  resize(file, 10);
  expect(() => resize(file, 11)).toThrow(expect.objectContaining(quota));
});

import { describe, expect, test } from 'vitest';
import { EINVAL, EPERM } from '../abi/errno.js';
import { IdMap, OVERFLOW_ID, parseExtents } from './id-map.js';
import { UserNamespace } from './user-namespace.js';

function mapped(text: string, parent = IdMap.identity()): IdMap {
  const map = new IdMap();
  const extents = parseExtents(text);
  if (typeof extents !== 'number') expect(map.give(extents, parent)).toBe(0);
  return map;
}

describe('a map of ids', () => {
  test('goes both ways, at its edges too', () => {
    const map = mapped('0 1000 10\n100 5000 1');
    expect([0, 9, 10, 99, 100, 101].map((id) => map.inKernel(id))).toEqual([
      1000,
      1009,
      undefined,
      undefined,
      5000,
      undefined,
    ]);
    expect([999, 1000, 1009, 1010, 5000].map((id) => map.shown(id))).toEqual([OVERFLOW_ID, 0, 9, OVERFLOW_ID, 100]);
  });

  test("of a namespace within another stands for the kernel's own ids", () => {
    const inner = mapped('0 5 2', mapped('0 1000 10'));
    expect([inner.inKernel(0), inner.inKernel(1), inner.inKernel(2)]).toEqual([1005, 1006, undefined]);
  });

  test('takes none that the parent has not, even in part', () => {
    const parent = mapped('0 1000 10');
    expect(new IdMap().give([{ first: 0, lower: 9, count: 2 }], parent)).toBe(-EPERM);
    expect(new IdMap().give([{ first: 0, lower: 4294967294, count: 1 }], parent)).toBe(-EPERM);
  });

  test.for([
    '',
    '\n',
    '0 0',
    '0 0 0',
    '-1 0 1',
    '1e3 0 1',
    '0 0 4294967296',
    '4294967295 0 1',
    '0 0 2\n1 9 1',
    '0 0 1\n9 0 1',
  ])('is not made of %j', (text) => expect(parseExtents(text)).toBe(-EINVAL));

  test('has 340 lines at most', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, i) => `${2 * i} ${2 * i} 1`).join('\n');
    expect(parseExtents(lines(340))).toHaveLength(340);
    expect(parseExtents(lines(341))).toBe(-EINVAL);
  });
});

test('namespaces count in all user namespaces above their owner, and there are only so many', () => {
  const above = UserNamespace.initial();
  const below = new UserNamespace(above, 0);
  for (const uid of [1, 2]) below.count('uts', uid, 4095);
  expect(below.hasRoomFor('uts', 1)).toBe(false);
  expect(above.hasRoomFor('net', 0)).toBe(true);
  for (const uid of [1, 2]) below.count('net', uid, 1);
  expect(new UserNamespace(above, 5).hasRoomFor('net', 1)).toBe(false);
  below.count('net', 1, -1);
  expect(new UserNamespace(above, 5).hasRoomFor('net', 1)).toBe(true);
});

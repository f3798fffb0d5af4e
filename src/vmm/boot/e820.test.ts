// The memory map covers RAM once and nothing twice.
import { expect, test } from 'vitest';
import { MIB } from '../../base/bytes.js';
import { encodeMap, memoryMap } from './e820.js';

test.each([2, 64, 3072])('%i MiB: in order, without overlap, all RAM above 1 MiB', (size) => {
  const map = memoryMap(size * MIB);
  for (let i = 1; i < map.length; i++) expect(map[i].start).toBeGreaterThanOrEqual(map[i - 1].start + map[i - 1].size);
  const ram = map.filter((entry) => entry.type === 1);
  expect(ram.at(-1)).toEqual({ start: MIB, size: (size - 1) * MIB, type: 1 });
  expect(ram[0].start + ram[0].size).toBeLessThanOrEqual(0xa0000);
});

test('an entry is 20 bytes, little-endian', () => {
  expect([...encodeMap([{ start: 0x12345678, size: 0xa0, type: 2 }])]).toEqual([
    0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 0xa0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,
  ]);
});

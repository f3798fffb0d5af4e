// Areas that become one: neighbours of a kind, whether one is entered or one that is there changes.
import { expect, test } from 'vitest';
import { MAP_PRIVATE, PROT_READ, PROT_WRITE } from '../abi/mman.js';
import { VmArea, VmAreas } from './vm-areas.js';

function areasOf(...parts: readonly (readonly [start: number, end: number, prot: number])[]): VmAreas {
  const areas = new VmAreas();
  for (const [start, end, prot] of parts) areas.insert(new VmArea(start, end, prot, MAP_PRIVATE));
  return areas;
}

const shown = (areas: VmAreas) => [...areas].map(({ start, end, prot }) => [start, end, prot]);

test('an area that becomes as its neighbours are is one with both', () => {
  const both = PROT_READ | PROT_WRITE;
  const areas = areasOf([0, 4096, both], [4096, 8192, PROT_READ], [8192, 12288, both], [16384, 20480, both]);
  const middle = areas.at(4096)!;
  middle.prot = both;
  areas.joinAround(middle);
  expect(shown(areas)).toEqual([
    [0, 12288, both],
    [16384, 20480, both],
  ]);
  expect(areas.at(5000)!.start).toBe(0);
  expect(areas.bytes).toBe(16384);
});

test('an area that becomes another kind than its neighbours stays alone', () => {
  const areas = areasOf([0, 4096, PROT_READ], [8192, 12288, PROT_READ]);
  const first = areas.at(0)!;
  first.prot = 0;
  areas.joinAround(first);
  expect(shown(areas)).toEqual([
    [0, 4096, 0],
    [8192, 12288, PROT_READ],
  ]);
});

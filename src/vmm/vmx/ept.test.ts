// The extended page tables of real memory maps against a walk as the processor does it.
// SDM vol. 3C section 29.3.2.
import { expect, test } from 'vitest';
import { HOST_RAM } from '../../vcpu/engine.js';
import type { Region } from '../../vcpu/guest-memory.js';
import { EPT_PAGES, Ept } from './ept.js';

const MIB = 0x100000;
/** Behind the RAM of the largest machine, which takes no memory here: the tables alone are looked at. */
const AREA = 3072 * MIB;

function build(regions: Region[]) {
  const bytes = new Uint8Array(HOST_RAM + AREA + EPT_PAGES * 4096);
  const ept = new Ept(bytes, AREA);
  ept.build(regions);
  const view = new DataView(bytes.buffer);
  const entry = (table: number, index: number) => view.getBigUint64(HOST_RAM + table + index * 8, true);
  /** Host-physical address and rights (read 1, write 2, execute 4), or undefined for a violation. */
  const walk = (address: number) => {
    let table = ept.pointer - (ept.pointer % 4096);
    let rights = 7;
    for (const shift of [39, 30, 21, 12]) {
      const e = entry(table, Math.floor(address / 2 ** shift) % 512);
      rights &= Number(e & 7n);
      if (rights === 0) return undefined;
      const to = Number(e & 0xffffff000n);
      if (shift === 12 || e & 0x80n) return { to: to + (address % 2 ** shift), rights, size: 2 ** shift };
      table = to;
    }
    return undefined;
  };
  return { ept, walk };
}

const ram = (start: number, size: number, host = start): Region => ({
  start,
  size,
  host: HOST_RAM + host,
  kind: 'ram',
});
const rom = (start: number, size: number, host: number): Region => ({
  start,
  size,
  host: HOST_RAM + host,
  kind: 'rom',
});

/** The first region that holds the address. */
function reference(regions: Region[], address: number) {
  const region = regions.find(({ start, size }) => address >= start && address < start + size);
  if (!region) return undefined;
  return { to: region.host - HOST_RAM + address - region.start, rights: region.kind === 'ram' ? 7 : 5 };
}

const PC: Region[] = [
  ram(MIB, 255 * MIB),
  ram(0, 0xa0000),
  rom(0xc0000, 0x8000, 0xc0000),
  ram(0xc8000, 0x18000),
  rom(0xe0000, 0x20000, 256 * MIB + 0x20000),
  rom(0xfffc0000, 0x40000, 256 * MIB),
  ram(0x80000000, 16 * MIB, 256 * MIB + 0x40000),
];

test('the pointer: four levels, write-back, the tables', () => {
  const { ept } = build(PC);
  expect(ept.pointer).toBe(AREA + 0x1e);
});

test('every page of a PC is mapped as the memory map says, holes are violations', () => {
  const { walk } = build(PC);
  const addresses = new Set<number>();
  for (let page = 0; page < 0x200; page++) addresses.add(page * 4096 + 5);
  for (const { start, size } of PC) {
    for (const at of [start - 4096, start, start + size - 1, start + size])
      if (at >= 0 && at < 2 ** 32) addresses.add(at);
    for (let i = 0; i < 50; i++) addresses.add(start + Math.floor((size / 50) * i));
  }
  for (const at of [0xa0000, 0xbffff, 0xfec00000, 0xfee00000, 256 * MIB, 0x7fffffff, 0xfffbffff]) addresses.add(at);
  for (const address of addresses) {
    const found = walk(address);
    expect(found && { to: found.to, rights: found.rights }, address.toString(16)).toEqual(reference(PC, address));
  }
});

test('RAM is in pages of 2 MiB but for its ragged ends', () => {
  const { walk } = build(PC);
  expect(walk(0x1fffff)!.size).toBe(4096);
  expect(walk(0x200000)!.size).toBe(2 * MIB);
  expect(walk(254 * MIB)!.size).toBe(2 * MIB);
});

test('a small region in the middle of a large page breaks it up', () => {
  const regions = [rom(0x400000 + 0x5000, 0x2000, 0x1000), ram(0, 16 * MIB)];
  const { walk } = build(regions);
  for (let at = 0x3ff000; at < 0x602000; at += 0x1000) {
    expect(walk(at) && { to: walk(at)!.to, rights: walk(at)!.rights }).toEqual(reference(regions, at));
  }
});

test('building again forgets what was', () => {
  const { ept, walk } = build(PC);
  ept.build([ram(0, MIB)]);
  expect(walk(0x5000)).toMatchObject({ to: 0x5000 });
  expect(walk(MIB)).toBeUndefined();
  expect(walk(0xfffffff0)).toBeUndefined();
});

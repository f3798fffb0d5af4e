// DMA at every edge: nothing outside RAM is read or written, nothing wraps, decoded code is told.
import { expect, test } from 'vitest';
import { CODE_PAGE_OF, REGION_COUNT, REGIONS } from '../../assembly/abi.js';
import { PhysicalMemory } from './guest-memory.js';

const RAM_HOST = 0x1e00000;
const ROM_HOST = RAM_HOST + 0x4000;

function setUp() {
  const bytes = new Uint8Array(ROM_HOST + 0x2000);
  const forgotten: [number, number][] = [];
  const flushes = { count: 0 };
  const memory = new PhysicalMemory(bytes, {
    flushTlb: () => void flushes.count++,
    invalidateCode: (at, length) => void forgotten.push([at, length]),
  });
  memory.map([
    { start: 0, size: 0x2000, host: RAM_HOST, kind: 'ram' },
    { start: 0x3000, size: 0x1000, host: RAM_HOST + 0x3000, kind: 'ram' },
    { start: 0xfffff000, size: 0x1000, host: ROM_HOST, kind: 'rom' },
  ]);
  return { bytes, memory, forgotten, flushes };
}

test('the core reads the same map', () => {
  const { bytes, flushes } = setUp();
  const view = new DataView(bytes.buffer);
  expect(view.getUint32(REGION_COUNT, true)).toBe(3);
  expect([0, 4, 8, 12].map((at) => view.getUint32(REGIONS + 32 + at, true))).toEqual([0xfffff000, 0x1000, ROM_HOST, 2]);
  expect(flushes.count).toBe(1);
});

test('a block over a hole: the hole reads as ones and swallows', () => {
  const { bytes, memory } = setUp();
  memory.write(0x1ffe, new Uint8Array(0x1004).fill(7));
  expect([...bytes.subarray(RAM_HOST + 0x1ffd, RAM_HOST + 0x2001)]).toEqual([0, 7, 7, 0]);
  expect([...bytes.subarray(RAM_HOST + 0x3000, RAM_HOST + 0x3003)]).toEqual([7, 7, 0]);
  const read = new Uint8Array(6);
  memory.read(0x1ffe, read);
  expect([...read]).toEqual([7, 7, 0xff, 0xff, 0xff, 0xff]);
  memory.read(0x2ffe, read);
  expect([...read]).toEqual([0xff, 0xff, 7, 7, 0, 0]);
});

test('nothing wraps at 4 GiB, and ROM keeps what it has', () => {
  const { bytes, memory } = setUp();
  bytes.fill(0x55, ROM_HOST, ROM_HOST + 0x1000);
  memory.write(0xfffffffe, Uint8Array.of(1, 2, 3, 4));
  expect(bytes[ROM_HOST + 0xffe]).toBe(0x55);
  expect(bytes[RAM_HOST]).toBe(0);
  const read = new Uint8Array(4);
  memory.read(0xfffffffe, read);
  expect([...read]).toEqual([0x55, 0x55, 0xff, 0xff]);
});

test('words are little-endian, and odd places are fine', () => {
  const { memory } = setUp();
  memory.writeU32(0x1001, 0x89abcdef);
  expect(memory.readU32(0x1001)).toBe(0x89abcdef);
  expect(memory.readU16(0x1002)).toBe(0xabcd);
  expect(memory.readU8(0x1004)).toBe(0x89);
  memory.writeU32(0x1ffe, 0x01020304);
  expect(memory.readU32(0x1ffe)).toBe(0xffff0304);
});

test('only pages with decoded code are reported, and only what was written', () => {
  const { bytes, memory, forgotten } = setUp();
  new DataView(bytes.buffer).setUint32(CODE_PAGE_OF + 4, 1, true);
  memory.write(0x0ff0, new Uint8Array(0x20));
  memory.write(0x0000, new Uint8Array(0x20));
  expect(forgotten).toEqual([[0x1000, 0x10]]);
});

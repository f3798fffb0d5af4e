// When modules are linked: at once, or in the background in the order they were made in, or never when their code is gone.
import { expect, it, vi } from 'vitest';
import { MODULE, RAM } from '../../assembly/abi.js';
import { createMemory } from './engine.js';
import { Linker, type Translation } from './linker.js';

const LARGE = 0x20000;
const SMALL = 100;

const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)]);
const section = (id: number, bytes: number[]): number[] => [id, ...leb(bytes.length), ...bytes];

/** A module of `size` bytes or some more, whose one function returns `value` and is for table slot `slot` (its last digit). */
function moduleOf(slot: number, value: number, size: number): number[] {
  const padding = new Array<number>(size).fill(0);
  return [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 1, 0x7f]),
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x30 + (slot % 10), 0, 0]),
    ...section(10, [1, 4, 0, 0x41, value % 64, 0x0b]),
    ...section(0, [1, 0x78, ...padding]),
  ];
}

/** A core that has one module after the other to hand out. */
function setUp(translation: Translation, sizes: number[]) {
  const memory = createMemory(RAM);
  const table: unknown[] = [];
  const linked: [number, number][] = [];
  const generation = { value: 0 };
  const samples = { value: 0 };
  const lastModule = { value: 0 };
  const core = {
    table: {
      length: 0,
      grow: () => 0,
      get: (slot: number) => table[slot],
      set: (slot: number, value: unknown) => {
        table[slot] = value;
      },
    },
    generation,
    lastModule,
    setSlots() {},
    closed: () => -1,
    samples,
    setPeriod() {},
    setNoting() {},
    translateHere: () => 0,
    translateLinked: () => 0,
    asking: { value: 0 },
    setLinks() {},
    regionBytes: (slot: number) => 100 * slot,
    regionLoop: (slot: number) => slot,
    translateHot() {
      const n = ++lastModule.value;
      const bytes = moduleOf(n, n, sizes[n - 1]!);
      new Uint8Array(memory.buffer).set(bytes, MODULE);
      return bytes.length;
    },
    linked: (last: number, worked: number) => void linked.push([last, worked]),
  };
  const linker = new Linker(core, memory, translation);
  const results = () => Array.from(table, (region) => (region as (() => number) | undefined)?.());
  return { linker, linked, generation, samples, results };
}

it.each<[Translation, number]>([
  ['at once', LARGE],
  ['in the background', SMALL],
])('links %s a module of %d bytes before the guest goes on', (translation, size) => {
  const { linker, linked, results } = setUp(translation, [size]);
  linker.translateHot();
  expect(linked).toEqual([[1, 1]]);
  expect(results()[1]).toBe(1);
});

it('links what compiles in the background in the order in which it was made', async () => {
  const { linker, linked, results } = setUp('in the background', [LARGE, SMALL]);
  linker.translateHot();
  linker.translateHot();
  expect(linked).toEqual([]);
  await vi.waitFor(() => {
    linker.land();
    expect(linker.modules).toBe(2);
  });
  expect(linked).toEqual([
    [1, 1],
    [2, 1],
  ]);
  expect(results().slice(1)).toEqual([1, 2]);
});

it('has each region called first with what is known of it, before the guest can', () => {
  const { linker, linked } = setUp('at once', [SMALL, SMALL]);
  const calls: unknown[] = [];
  linker.firstCall = (call, bytes, loop) => calls.push([call(), bytes, loop, linked.length]);
  linker.translateHot();
  linker.translateHot();
  expect(calls).toEqual([
    [1, 100, 1, 0],
    [2, 200, 2, 1],
  ]);
});

it('has only so many modules compiling at a time', () => {
  const { linker, linked } = setUp('in the background', new Array(20).fill(LARGE));
  for (let i = 0; i < 20; i++) linker.translateHot();
  expect(linker.inFlight).toBe(4);
  expect(linked).toEqual([]);
});

it.each([
  ['nobody lets the event loop turn', false],
  ['only promises are settled', true],
])('compiles at once what does not land because %s', async (_why, settles) => {
  const { linker, linked } = setUp('in the background', new Array(400).fill(LARGE));
  for (let i = 0; i < 300; i++) {
    linker.translateHot();
    if (settles) await Promise.resolve();
  }
  expect(linked.length).toBeGreaterThan(5);
  expect(linked).toEqual(linked.map((_, n) => [n + 1, 1]));
});

it('throws a module away whose code was dropped while it compiled', async () => {
  const { linker, linked, generation, results } = setUp('in the background', [LARGE, LARGE]);
  linker.translateHot();
  generation.value++;
  linker.translateHot();
  await vi.waitFor(() => {
    linker.land();
    expect(linker.inFlight).toBe(0);
  });
  expect(linker.discarded).toBe(1);
  expect(linked).toEqual([[2, 1]]);
  expect(results()[1]).toBeUndefined();
});

it('spends on translating no more than its share of the time that has been interpreted', () => {
  const { linker, samples } = setUp('at once', new Array(1000).fill(LARGE));
  linker.share = 0.5;
  for (let n = 0; n < 20_000; n++) {
    samples.value++;
    linker.translateHot();
  }
  // 20,000 instructions a sample; a byte costs 40
  const most = (20_000 * 20_000 * 0.5) / 40 / LARGE;
  expect(linker.modules).toBeGreaterThan(most - 1);
  expect(linker.modules).toBeLessThan(most + 2);
});

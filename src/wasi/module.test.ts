// How far a program's memories and tables may grow is what its modules say when they are compiled.
import { describe, expect, test } from 'vitest';
import { isComponent, isWasm, MemoryBudget, PAGE } from './module.js';

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const module = (...sections: number[][]): Uint8Array => Uint8Array.from([...HEADER, ...sections.flat()]);
/** A memory, exported as `m`. */
const memory = (...limits: number[]): Uint8Array =>
  module([5, limits.length + 1, 1, ...limits], [7, 5, 1, 1, 0x6d, 2, 0]);

interface Memory {
  buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: { m: Memory } };
};
const grown = (bytes: Uint8Array): number => {
  const { m } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  let pages = m.buffer.byteLength / PAGE;
  try {
    for (; ; pages++) m.grow(1);
  } catch {
    return pages;
  }
};

test('modules and components are told apart by their heads', () => {
  expect(isWasm(module())).toBe(true);
  expect(isComponent(module())).toBe(false);
  expect(isComponent(Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0))).toBe(true);
  expect(isWasm(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 0, 0, 0))).toBe(false);
});

describe('a memory grows no further than', () => {
  const limited = (bytes: Uint8Array, limit: number): number => grown(new MemoryBudget([bytes], limit).limited(bytes));

  test('the limit, where it has no maximum or a larger one', () => {
    expect(limited(memory(0, 1), 10 * PAGE)).toBe(10);
    expect(limited(memory(1, 2, 200, 1), 10 * PAGE)).toBe(10);
    expect(limited(memory(0, 1), 10.9 * PAGE)).toBe(10);
  });

  test('its own maximum, where that is smaller', () => {
    expect(limited(memory(1, 1, 3), 10 * PAGE)).toBe(3);
  });
});

test('the memories of all modules together keep to the limit', () => {
  const modules = [memory(0, 2), memory(0, 3)];
  const budget = new MemoryBudget(modules, 10 * PAGE);
  expect(modules.map((one) => grown(budget.limited(one)))).toEqual([7, 3]);
  // once more is another memory
  expect(() => budget.limited(modules[0]!)).toThrow('need more memory than it may have');
});

test('what begins with more than the limit is refused', () => {
  const bytes = memory(0, 11);
  expect(() => new MemoryBudget([bytes], 10 * PAGE)).toThrow('begin with 720896 bytes, and 655360 are what');
});

test('shared and 64-bit memories, and what is cut, are refused', () => {
  for (const limits of [
    [3, 1, 2],
    [4, 1],
    [8, 1],
  ])
    expect(() => new MemoryBudget([memory(...limits)], 10 * PAGE)).toThrow('there are no such programs');
  for (const cut of [Uint8Array.from([...HEADER, 5]), Uint8Array.from([...HEADER, 5, 9, 1]), module([5, 1, 1])])
    expect(() => new MemoryBudget([cut], PAGE)).toThrow(/ends too early|goes beyond/);
  expect(() => new MemoryBudget([module([5, 0x80, 0x80, 0x80, 0x80, 0x80, 1])], PAGE)).toThrow('too long');
});

test('a table gets a maximum, and none begins with more', () => {
  const table = (...limits: number[]): Uint8Array => module([4, limits.length + 2, 1, 0x70, ...limits]);
  const bytes = new MemoryBudget([], PAGE).limited(table(0, 1));
  expect([...bytes.slice(8)]).toEqual([4, 7, 1, 0x70, 1, 1, 0x80, 0x80, 0x40]);
  const large = table(0, 0x81, 0x80, 0x40);
  expect(() => new MemoryBudget([], PAGE).limited(large)).toThrow('is too large');
});

// The PC's DMA: what software programs, and what a device then moves.
// Source: Intel 8237A data sheet (231466); PIIX3 data sheet.
import { beforeEach, describe, expect, it } from 'vitest';
import { BenchMemory } from '../test-bench.js';
import { Dma } from './dma.js';

let memory: BenchMemory;
let dma: Dma;
const low = (register: number, value: number): void => dma.bytePorts.writePort(register, 1, value);
const high = (register: number, value: number): void => dma.wordPorts.writePort(2 * register, 1, value);
const page = (port: number, value: number): void => dma.pagePorts.writePort(port - 0x81, 1, value);

/** Programs channel 2 as a BIOS does for a floppy. */
function program(mode: number, address: number, count: number): void {
  low(0x0a, 0x06);
  low(0x0c, 0);
  low(0x04, address & 0xff);
  low(0x04, (address >> 8) & 0xff);
  low(0x05, (count - 1) & 0xff);
  low(0x05, (count - 1) >> 8);
  page(0x81, address >> 16);
  low(0x0b, mode | 2);
  low(0x0a, 0x02);
}
const status = (): number => dma.bytePorts.readPort(8, 1);
const current = (register: number): number => {
  low(0x0c, 0);
  return dma.bytePorts.readPort(register, 1) | (dma.bytePorts.readPort(register, 1) << 8);
};
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

beforeEach(() => {
  memory = new BenchMemory(1 << 20);
  dma = new Dma(memory);
  dma.reset();
});

describe('a transfer', () => {
  it('to memory ends at the terminal count, and masks its channel', () => {
    program(0x44, 0x12345, 5);
    expect(dma.channel(2).toMemory(bytes(1, 2, 3))).toBe(3);
    expect(dma.channel(2).ended).toBe(false);
    expect(current(5)).toBe(1);
    expect(dma.channel(2).toMemory(bytes(4, 5, 6))).toBe(2);
    expect(dma.channel(2).ended).toBe(true);
    expect([...memory.bytes.subarray(0x12344, 0x1234b)]).toEqual([0, 1, 2, 3, 4, 5, 0]);
    expect([current(4), current(5)]).toEqual([0x234a, 0xffff]);
    expect(status()).toBe(0x04);
    expect(status(), 'reading it forgets').toBe(0);
    expect(dma.channel(2).toMemory(bytes(7)), 'masked').toBe(0);
    expect(dma.channel(2).ended).toBe(false);
  });

  it('from memory', () => {
    memory.bytes.set([9, 8, 7, 6], 0xabcde);
    program(0x48, 0xabcde, 4);
    const into = new Uint8Array(6);
    expect(dma.channel(2).fromMemory(into)).toBe(4);
    expect([...into]).toEqual([9, 8, 7, 6, 0, 0]);
  });

  it('begins again by itself when told so', () => {
    program(0x54, 0x1000, 2);
    expect(dma.channel(2).toMemory(bytes(1, 2, 3))).toBe(2);
    expect(dma.channel(2).ended).toBe(true);
    expect(dma.channel(2).toMemory(bytes(3, 4))).toBe(2);
    expect([...memory.bytes.subarray(0x1000, 0x1003)]).toEqual([3, 4, 0]);
  });

  it('goes round within 64 KiB', () => {
    program(0x44, 0x2fffe, 4);
    dma.channel(2).toMemory(bytes(1, 2, 3, 4));
    expect([...memory.bytes.subarray(0x2fffe, 0x30002)]).toEqual([1, 2, 0, 0]);
    expect([...memory.bytes.subarray(0x20000, 0x20003)]).toEqual([3, 4, 0]);
  });

  it('goes down when told so, round as well', () => {
    program(0x64, 0x30001, 4);
    dma.channel(2).toMemory(bytes(1, 2, 3, 4));
    expect([...memory.bytes.subarray(0x30000, 0x30003)]).toEqual([2, 1, 0]);
    expect([...memory.bytes.subarray(0x3fffe, 0x40000)]).toEqual([4, 3]);
    memory.bytes.set([5, 6, 7], 0x100);
    program(0x68, 0x102, 3);
    const into = new Uint8Array(3);
    dma.channel(2).fromMemory(into);
    expect([...into]).toEqual([7, 6, 5]);
  });

  it('that verifies counts and touches nothing; so does one the other way', () => {
    for (const mode of [0x40, 0x48]) {
      program(mode, 0x5000, 3);
      memory.traffic = 0;
      expect(dma.channel(2).toMemory(bytes(1, 2, 3))).toBe(3);
      expect(dma.channel(2).ended).toBe(true);
      expect(memory.traffic).toBe(0);
    }
  });

  it('of words counts words, and takes bit 16 of the address from the low bit of them', () => {
    high(0x0c, 0);
    for (const value of [0x00, 0x80]) high(2, value);
    for (const value of [1, 0]) high(3, value);
    page(0x8b, 0x05);
    high(0x0b, 0x45);
    high(0x0a, 0x01);
    expect(dma.channel(5).toMemory(bytes(1, 2, 3, 4, 5, 6))).toBe(4);
    expect([...memory.bytes.subarray(0x50000, 0x50005)]).toEqual([1, 2, 3, 4, 0]);
  });

  it('above memory harms nothing', () => {
    program(0x44, 0xfffffe, 4);
    expect(dma.channel(2).toMemory(bytes(1, 2, 3, 4))).toBe(4);
  });
});

describe('masks', () => {
  it('are set after a reset, a master clear and a disabling command, and their end is told', () => {
    let told = 0;
    dma.channel(2).ready = () => told++;
    program(0x44, 0x1000, 2);
    expect(told).toBe(1);
    low(0x08, 0x04);
    expect(dma.channel(2).toMemory(bytes(1))).toBe(0);
    low(0x08, 0);
    expect(told).toBe(2);
    low(0x0d, 0);
    expect(dma.channel(2).toMemory(bytes(1))).toBe(0);
    low(0x0e, 0);
    expect(dma.channel(2).toMemory(bytes(1))).toBe(1);
    low(0x0f, 0x04);
    expect(dma.channel(2).toMemory(bytes(1))).toBe(0);
  });
});

it('page registers without a channel hold what is written', () => {
  page(0x84, 0x55);
  expect(dma.pagePorts.readPort(3, 1)).toBe(0x55);
});

it('saves and restores between two bytes', () => {
  program(0x44, 0x1000, 3);
  dma.channel(2).toMemory(bytes(1));
  const other = new Dma(memory);
  other.restore(structuredClone(dma.save()));
  expect(other.channel(2).toMemory(bytes(2, 3, 4))).toBe(2);
  expect([...memory.bytes.subarray(0x1000, 0x1003)]).toEqual([1, 2, 3]);
});

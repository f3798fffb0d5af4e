// Ports: what the host is told, what comes back, who may.
// assembly/abi.ts, exit reasons; SDM vol. 1 section 19.5.

import { beforeEach, describe, expect, test } from 'vitest';
import { abi, CoreMachine } from '../../../scripts/core-machine.mjs';

const EAX = 0;
const ECX = 1;
const EDX = 2;
const ESI = 6;
const EDI = 7;
const CODE = 0x1000;
const BUDGET = 1000;
const HLT = 0xf4;
const GENERAL_PROTECTION = 13;

let machine: CoreMachine;

function program(bytes: number[], registers: Partial<Record<number, number>>): void {
  machine.poke(CODE, Uint8Array.from([...bytes, HLT]));
  machine.setRegisters([0, 1, 2, 3, 4, 5, 6, 7].map((i) => registers[i] ?? 0));
  machine.eip = CODE;
}

function exitFields(): { port: number; width: number; count: number } {
  return { port: machine.get(abi.EXIT_PORT), width: machine.get(abi.EXIT_WIDTH), count: machine.get(abi.EXIT_COUNT) };
}

beforeEach(() => {
  machine = new CoreMachine();
  machine.enterFlat();
});

describe('IN and OUT', () => {
  test.each([
    ['out dx, al', [0xee], 1, 0x78],
    ['out dx, ax', [0x66, 0xef], 2, 0x5678],
    ['out dx, eax', [0xef], 4, 0x12345678],
  ])('%s leaves behind itself', (_, bytes, width, value) => {
    program(bytes, { [EAX]: 0x12345678, [EDX]: 0xffff03f8 });
    expect(machine.run(BUDGET)).toBe(abi.EXIT_IO_OUT);
    expect(exitFields()).toEqual({ port: 0x3f8, width, count: 0 });
    expect(machine.get(abi.EXIT_DATA)).toBe(value);
    expect(machine.eip).toBe(CODE + bytes.length);
    expect(machine.run(BUDGET)).toBe(abi.EXIT_HLT);
  });

  test.each([
    ['in al, dx', [0xec], 1, 0x123456ef],
    ['in ax, dx', [0x66, 0xed], 2, 0x1234cdef],
    ['in eax, dx', [0xed], 4, 0x89abcdef],
  ])('%s starts again with the answer', (_, bytes, width, value) => {
    program(bytes, { [EAX]: 0x12345678, [EDX]: 0x60 });
    expect(machine.run(BUDGET)).toBe(abi.EXIT_IO_IN);
    expect(exitFields()).toEqual({ port: 0x60, width, count: 0 });
    expect([machine.eip, machine.register(EAX)]).toEqual([CODE, 0x12345678]);
    machine.answer(0x89abcdef);
    expect(machine.run(BUDGET)).toBe(abi.EXIT_HLT);
    expect(machine.register(EAX)).toBe(value);
  });

  test('each IN of a row asks anew', () => {
    program([0xe4, 0x60, 0x88, 0xc4, 0xe4, 0x61], {});
    const ports: number[] = [];
    while (machine.run(BUDGET) === abi.EXIT_IO_IN) {
      ports.push(machine.get(abi.EXIT_PORT));
      machine.answer(ports.length);
    }
    expect(ports).toEqual([0x60, 0x61]);
    expect(machine.register(EAX)).toBe(0x0102);
  });
});

describe('REP INS', () => {
  /** Runs to HLT, answering with item numbers; the item counts of the exits. */
  function feed(width: number): number[] {
    const counts: number[] = [];
    let next = 0;
    while (machine.run(BUDGET) === abi.EXIT_IO_IN) {
      const { count } = exitFields();
      for (let i = 0; i < count; i++) machine.pioData.writeUIntLE(next++ & 0xff, i * width, width);
      counts.push(count);
      machine.answer(0);
    }
    return counts;
  }

  test('goes a page at a time', () => {
    const to = 0x8000 - 20;
    program([0x66, 0xf3, 0x6d], { [ECX]: 3000, [EDX]: 0x1f0, [EDI]: to });
    expect(feed(2)).toEqual([10, 2048, 942]);
    for (const i of [0, 9, 10, 2057, 2058, 2999]) expect(machine.ram.readUInt16LE(to + 2 * i)).toBe(i & 0xff);
    expect(machine.ram.readUInt16LE(to + 6000)).toBe(0);
    expect([machine.register(ECX), machine.register(EDI)]).toEqual([0, to + 6000]);
  });

  test('takes one item across the end of a page', () => {
    program([0xf3, 0x6d], { [ECX]: 3, [EDX]: 0x1f0, [EDI]: 0x8000 - 6 });
    expect(feed(4)).toEqual([1, 1, 1]);
    expect([0, 1, 2].map((i) => machine.ram.readUInt32LE(0x8000 - 6 + 4 * i))).toEqual([0, 1, 2]);
  });

  test('goes down one by one', () => {
    program([0xfd, 0xf3, 0x6c], { [ECX]: 3, [EDX]: 0x1f0, [EDI]: 0x8002 });
    expect(feed(1)).toEqual([1, 1, 1]);
    expect([...machine.ram.subarray(0x8000, 0x8003)]).toEqual([2, 1, 0]);
    expect(machine.register(EDI)).toBe(0x7fff);
  });

  test('with a count of 0 asks nobody', () => {
    program([0xf3, 0x6c], { [EDX]: 0x1f0 });
    expect(feed(1)).toEqual([]);
  });

  test('into code that is decoded runs the new code', () => {
    // the HLT behind becomes INC EAX
    program([0x6c], { [EDX]: 0x1f0, [EDI]: CODE + 1 });
    machine.poke(CODE + 2, Uint8Array.of(HLT));
    expect(machine.run(BUDGET)).toBe(abi.EXIT_IO_IN);
    machine.pioData[0] = 0x40;
    machine.answer(0);
    expect(machine.run(BUDGET)).toBe(abi.EXIT_HLT);
    expect(machine.register(EAX)).toBe(1);
  });
});

test('REP OUTS hands out a page at a time', () => {
  const from = 0x8000 - 3;
  const data = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) & 0xff);
  machine.poke(from, data);
  program([0xf3, 0x6e], { [ECX]: data.length, [EDX]: 0xe9, [ESI]: from });
  const seen: number[] = [];
  const stops: number[] = [];
  while (machine.run(BUDGET) === abi.EXIT_IO_OUT) {
    const { count } = exitFields();
    seen.push(...machine.pioData.subarray(0, count));
    stops.push(machine.eip - CODE);
  }
  expect(seen).toEqual([...data]);
  // at the instruction while bytes remain, then behind it
  expect(stops).toEqual([0, 0, 2]);
  expect(machine.register(ESI)).toBe(from + data.length);
});

describe('at CPL 3', () => {
  const TSS = 0x3000;
  const BITMAP = 0x68;

  beforeEach(() => {
    machine.enterFlat(3);
    // no interrupt table: the first exception shows in the triple fault
    machine.set(abi.IDTR_LIMIT, 0);
    machine.setSegment('tr', 0x28, TSS, BITMAP + 0x10, 0x8b);
    machine.ram.writeUInt16LE(BITMAP, TSS + 0x66);
    machine.ram.fill(0xff, TSS + BITMAP, TSS + BITMAP + 0x11);
  });

  function outcome(port: number, bytes: number[]): string {
    program(bytes, { [EDX]: port });
    const exit = machine.run(BUDGET);
    if (exit === abi.EXIT_IO_OUT) return 'allowed';
    expect([exit, machine.get(abi.EXIT_VECTOR)]).toEqual([abi.EXIT_TRIPLE_FAULT, GENERAL_PROTECTION]);
    return 'denied';
  }

  test('the bitmap has a bit for every port of an access', () => {
    machine.ram[TSS + BITMAP + 2] = 0b11000011;
    const answers = [0x12, 0x14, 0x11].map((port) => outcome(port, [0xee]));
    expect(answers).toEqual(['allowed', 'allowed', 'denied']);
    expect([0x12, 0x14, 0x15].map((port) => outcome(port, [0x66, 0xef]))).toEqual(['allowed', 'allowed', 'denied']);
    expect([0x12, 0x13].map((port) => outcome(port, [0xef]))).toEqual(['allowed', 'denied']);
  });

  test('beyond the limit of the TSS all is denied', () => {
    machine.ram.fill(0, TSS + BITMAP, TSS + BITMAP + 0x100);
    // two bytes are read: the last byte of the bitmap cannot be used
    expect([0x7f, 0x80].map((port) => outcome(port, [0xee]))).toEqual(['allowed', 'denied']);
  });

  test('IOPL 3 needs no bitmap', () => {
    machine.eflags = 0x3000;
    expect(outcome(0x11, [0xee])).toBe('allowed');
  });
});

test('a page that is not memory is left to the host item by item', () => {
  const hole = machine.ram.length;
  program([0xf3, 0x6e], { [ECX]: 2, [EDX]: 0xe9, [ESI]: hole });
  const exits: number[] = [];
  for (;;) {
    const exit = machine.run(BUDGET);
    if (exit === abi.EXIT_HLT) break;
    exits.push(exit);
    if (exit === abi.EXIT_MMIO_READ) machine.answer(0x41 + exits.length);
    else expect(machine.pioData[0]).toBe(0x40 + exits.length);
  }
  expect(exits).toEqual([abi.EXIT_MMIO_READ, abi.EXIT_IO_OUT, abi.EXIT_MMIO_READ, abi.EXIT_IO_OUT]);
  expect(machine.register(ESI)).toBe(hole + 2);
});

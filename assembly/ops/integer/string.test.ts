// Repeated string instructions: whatever way they take through memory, the outcome is that of going item by item.
// SDM vol. 2, REP. Single cases are in test/vectors.

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { abi, CoreMachine } from '../../../scripts/core-machine.mjs';

const EAX = 0;
const ECX = 1;
const ESI = 6;
const EDI = 7;
const CODE = 0x1000;
const HLT = 0xf4;
const CLD = 0xfc;
const STD = 0xfd;
const REP = 0xf3;
const MANY = 1_000_000;
/** Where the random cases work: three pages. */
const AREA = 0x10000;
const AREA_SIZE = 0x3000;

let machine: CoreMachine;

function program(bytes: number[], registers: Partial<Record<number, number>>): void {
  machine.poke(CODE, Uint8Array.from([...bytes, HLT]));
  machine.setRegisters([0, 1, 2, 3, 4, 5, 6, 7].map((i) => registers[i] ?? 0));
  machine.eip = CODE;
}

function noise(): Buffer {
  return Buffer.from(Uint8Array.from({ length: AREA_SIZE }, (_, i) => (i * i * 31 + i) >>> 3));
}

beforeEach(() => {
  machine = new CoreMachine();
  machine.enterFlat();
});

/** A stretch of items within the area, in either direction. */
const runs = fc.record({
  size: fc.constantFrom(1, 2, 4),
  count: fc.integer({ min: 0, max: 1200 }),
  from: fc.integer({ min: 0, max: 0x2000 }),
  distance: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -0x1100, max: 0x1100 })),
  down: fc.boolean(),
});

function prefixed(size: number, down: boolean, opcode: number): number[] {
  return [down ? STD : CLD, ...(size === 2 ? [0x66] : []), REP, opcode + (size === 1 ? 0 : 1)];
}

describe('REP MOVS', () => {
  test('is a copy item by item, overlap or not', () => {
    fc.assert(
      fc.property(runs, ({ size, count, from, distance, down }) => {
        const step = down ? -size : size;
        const to = from + distance;
        const ends = [from, from + step * count, to, to + step * count];
        fc.pre(ends.every((at) => at >= 4 && at < AREA_SIZE - 4));
        const expected = noise();
        machine.poke(AREA, expected);
        for (let i = 0; i < count; i++) expected.copyWithin(to + i * step, from + i * step, from + i * step + size);
        program(prefixed(size, down, 0xa4), { [ECX]: count, [ESI]: AREA + from, [EDI]: AREA + to });
        expect(machine.run(MANY)).toBe(abi.EXIT_HLT);
        expect(machine.ram.subarray(AREA, AREA + AREA_SIZE).equals(expected)).toBe(true);
        expect([ECX, ESI, EDI].map((i) => machine.register(i))).toEqual([0, AREA + ends[1]!, AREA + ends[3]!]);
      }),
      { numRuns: 300 },
    );
  });

  test('with 16-bit addresses wraps at 64 KiB', () => {
    machine.poke(0xfffe, Uint8Array.of(1, 2, 9, 9));
    machine.poke(0, Uint8Array.of(3, 4));
    program([0x67, REP, 0xa4], { [ECX]: 0x50004, [ESI]: 0x7000fffe, [EDI]: 0x20008000 });
    expect(machine.run(MANY)).toBe(abi.EXIT_HLT);
    expect([...machine.ram.subarray(0x8000, 0x8005)]).toEqual([1, 2, 3, 4, 0]);
    expect([ECX, ESI, EDI].map((i) => machine.register(i))).toEqual([0x50000, 0x70000002, 0x20008004]);
  });

  test('from a device asks for each byte', () => {
    const hole = machine.ram.length;
    program([REP, 0xa4], { [ECX]: 3, [ESI]: hole, [EDI]: AREA });
    const addresses: number[] = [];
    while (machine.run(MANY) === abi.EXIT_MMIO_READ) {
      addresses.push(machine.get(abi.EXIT_ADDRESS));
      machine.answer(0x30 + addresses.length);
    }
    expect(addresses).toEqual([hole, hole + 1, hole + 2]);
    expect(machine.ram.toString('latin1', AREA, AREA + 3)).toBe('123');
  });

  test('to a device posts every item', () => {
    const hole = machine.ram.length;
    machine.poke(AREA, Buffer.from('abcdefgh'));
    program([REP, 0xa5], { [ECX]: 2, [ESI]: AREA, [EDI]: hole });
    const written: number[][] = [];
    while (machine.run(MANY) === abi.EXIT_MMIO_WRITE) {
      for (let i = 0; i < machine.get(abi.MMIO_QUEUE_COUNT); i++) {
        const entry = abi.MMIO_QUEUE + 16 * i;
        written.push([machine.get(entry), machine.get(entry + 4), machine.get(entry + 8)]);
      }
      machine.set(abi.MMIO_QUEUE_COUNT, 0);
    }
    expect(written).toEqual([
      [hole, 4, 0x64636261],
      [hole + 4, 4, 0x68676665],
    ]);
  });

  test('onto itself runs the new code', () => {
    // INC EAX replaces the HLT right behind the instruction
    machine.poke(AREA, Uint8Array.of(0x40, HLT));
    program([REP, 0xa4], { [ECX]: 2, [ESI]: AREA, [EDI]: CODE + 2 });
    expect(machine.run(MANY)).toBe(abi.EXIT_HLT);
    expect(machine.register(EAX)).toBe(1);
  });
});

test('REP STOS fills item by item', () => {
  fc.assert(
    fc.property(runs, fc.integer(), ({ size, count, from, down }, value) => {
      const step = down ? -size : size;
      fc.pre(from + step * count >= 4 && from + step * count < AREA_SIZE - 4 && from >= 4);
      const expected = noise();
      machine.poke(AREA, expected);
      const item = Buffer.alloc(4);
      item.writeInt32LE(value);
      for (let i = 0; i < count; i++) item.copy(expected, from + i * step, 0, size);
      program(prefixed(size, down, 0xaa), { [EAX]: value >>> 0, [ECX]: count, [EDI]: AREA + from });
      expect(machine.run(MANY)).toBe(abi.EXIT_HLT);
      expect(machine.ram.subarray(AREA, AREA + AREA_SIZE).equals(expected)).toBe(true);
      expect(machine.register(EDI)).toBe(AREA + from + step * count);
    }),
    { numRuns: 200 },
  );
});

describe('REPE CMPS and REPNE SCAS', () => {
  test('stop at the first item that ends them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 5000 }), (equal, count) => {
        const [a, b] = [AREA + 100, AREA + 0x2500];
        machine.ram.fill(7, a, a + 5001);
        machine.ram.fill(7, b, b + 5001);
        machine.poke(b + equal, Uint8Array.of(9));
        program([REP, 0xa6], { [ECX]: count, [ESI]: a, [EDI]: b });
        expect(machine.run(MANY)).toBe(abi.EXIT_HLT);
        const compared = Math.min(count, equal + 1);
        expect([machine.register(ECX), machine.register(ESI)]).toEqual([count - compared, a + compared]);
        // ZF, and 7 - 9 borrows
        expect(machine.eflags & 0x41).toBe(equal < count ? 1 : 0x40);

        program([0xf2, 0xae], { [EAX]: 9, [ECX]: count, [EDI]: b });
        expect(machine.run(MANY)).toBe(abi.EXIT_HLT);
        expect([machine.register(ECX), machine.register(EDI)]).toEqual([count - compared, b + compared]);
        expect(machine.eflags & 0x40).toBe(equal < count ? 0x40 : 0);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a long repetition', () => {
  test('stops when the budget is used up and goes on from there', () => {
    // downwards each item is taken by itself
    program([STD, REP, 0xaa], { [EAX]: 5, [ECX]: 100_000, [EDI]: AREA + 99_999 });
    let visits = 0;
    while (machine.run(1000) === abi.EXIT_BUDGET) {
      visits++;
      const left = machine.register(ECX);
      expect(machine.eip).toBe(CODE + 1);
      expect(machine.register(EDI)).toBe(AREA + left - 1);
      expect(machine.ram[AREA + left]).toBe(5);
      expect(machine.ram[AREA + left - 1]).toBe(0);
    }
    expect(visits).toBeGreaterThan(50);
    expect(machine.register(ECX)).toBe(0);
    expect(machine.ram.subarray(AREA, AREA + 100_000).every((byte) => byte === 5)).toBe(true);
  });

  test('with an endless count comes back', () => {
    // LODS of 4 GiB from a segment that wraps
    program([REP, 0xac], { [ECX]: 0xffffffff, [ESI]: 0 });
    expect(machine.run(10_000)).toBe(abi.EXIT_BUDGET);
    expect(machine.register(ESI)).toBeLessThan(20_000);
  });
});

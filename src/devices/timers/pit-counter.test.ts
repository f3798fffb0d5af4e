// The 8254's timing diagrams, and that what is skipped is as what is clocked.
// Source: Intel 8254 data sheet (231164), figures 15 to 20, and the text beside them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PitCounter } from './pit-counter.js';

type Act = readonly ['control' | 'write' | 'gate', number];
/** What happens in front of the clock of that number. */
type Script = Readonly<Record<number, readonly Act[]>>;

function act(counter: PitCounter, [what, value]: Act, tick: number): void {
  if (what === 'control') counter.writeControl(value, tick);
  else if (what === 'write') counter.writeCount(value, tick);
  else counter.setGate(value !== 0, tick);
}

/** The counting element, and the output as `_` and `-`, after each of the clocks. */
function run(script: Script, clocks: number, counter = new PitCounter()): { counts: string; out: string } {
  const counts: string[] = [];
  let out = '';
  for (let clock = 1; clock <= clocks; clock++) {
    for (const one of script[clock] ?? []) act(counter, one, clock - 1);
    counter.latchCount(clock);
    counts.push(counter.read(clock).toString(16));
    out += counter.output(clock) ? '-' : '_';
  }
  return { counts: counts.join(' '), out };
}

/** Control word and count of a counter that takes the low byte alone. */
const start = (mode: number, count: number): Act[] => [
  ['control', 0x10 | (mode << 1)],
  ['write', count],
];
const off: Act = ['gate', 0];
const on: Act = ['gate', 1];
const write = (count: number): Act => ['write', count];

describe('the timing diagrams', () => {
  it.each<[string, Script, string, string]>([
    // mode 0: low from the control word, high at zero, and on round
    ['mode 0, 4', { 1: start(0, 4) }, '4 3 2 1 0 ff fe', '____---'],
    ['mode 0, 3, gate', { 1: start(0, 3), 3: [off], 5: [on] }, '3 2 2 2 1 0 ff', '_____--'],
    ['mode 0, 3, then 2', { 1: start(0, 3), 4: [write(2)] }, '3 2 1 2 1 0 ff', '_____--'],
    ['mode 0, 2, then 2 after the end', { 1: start(0, 2), 5: [write(2)] }, '2 1 0 ff 2 1 0', '__--__-'],
    ['mode 0, 2 written while the gate is low', { 1: [off, ...start(0, 2)], 4: [on] }, '2 2 2 1 0', '____-'],
    // mode 1: a one-shot from the gate, which may come again
    ['mode 1, 3', { 1: start(1, 3), 2: [off, on], 7: [off, on] }, '0 3 2 1 0 ff 3 2', '-___--__'],
    ['mode 1, 3, retriggered', { 1: [off, ...start(1, 3), on], 4: [off, on] }, '3 2 1 3 2 1 0', '______-'],
    ['mode 1, 2, then 4', { 1: [off, ...start(1, 2), on], 3: [write(4)], 5: [off, on] }, '2 1 0 ff 4 3', '__--__'],
    // mode 2: low for the clock whose count is 1
    ['mode 2, 3', { 1: start(2, 3) }, '3 2 1 3 2 1 3', '--_--_-'],
    ['mode 2, 3, gate', { 1: start(2, 3), 3: [off], 4: [on] }, '3 2 2 3 2 1 3', '-----_-'],
    ['mode 2, 4, then 5', { 1: start(2, 4), 3: [write(5)] }, '4 3 2 1 5 4 3 2 1 5', '---_----_-'],
    [
      'mode 2, 4, then 5, then the gate',
      { 1: start(2, 4), 2: [write(5), off], 3: [on] },
      '4 4 5 4 3 2 1 5',
      '------_-',
    ],
    // mode 3: by two, the odd clock is in the high half
    ['mode 3, 4', { 1: start(3, 4) }, '4 2 4 2 4 2 4 2', '--__--__'],
    ['mode 3, 5', { 1: start(3, 5) }, '4 2 0 4 2 4 2 0 4 2', '---__---__'],
    ['mode 3, 4, gate', { 1: start(3, 4), 4: [off], 6: [on] }, '4 2 4 4 4 4 2 4', '--_----_'],
    ['mode 3, 6, then 4 in the high half', { 1: start(3, 6), 2: [write(4)] }, '6 4 2 4 2 4 2 4', '---__--_'],
    ['mode 3, 6, then 4 in the low half', { 1: start(3, 6), 5: [write(4)] }, '6 4 2 6 4 2 4 2 4', '---___--_'],
    ['mode 3, 4, then 5 in the low half', { 1: start(3, 4), 3: [write(5)] }, '4 2 4 2 4 2 0 4 2', '--__---__'],
    // mode 4: a strobe from the count
    ['mode 4, 3', { 1: start(4, 3) }, '3 2 1 0 ff fe fd', '---_---'],
    ['mode 4, 3, gate', { 1: [off, ...start(4, 3)], 4: [on] }, '3 3 3 2 1 0 ff', '-----_-'],
    ['mode 4, 3, then 2', { 1: start(4, 3), 4: [write(2)] }, '3 2 1 2 1 0 ff', '-----_-'],
    ['mode 4, 2, the gate in the strobe', { 1: start(4, 2), 4: [off] }, '2 1 0 0 0', '--_--'],
    // mode 5: a strobe from the gate
    ['mode 5, 3', { 1: [off, ...start(5, 3), on], 6: [off, on] }, '3 2 1 0 ff 3 2', '---_---'],
    ['mode 5, 3, retriggered', { 1: [off, ...start(5, 3), on], 3: [off, on] }, '3 2 3 2 1 0 ff', '-----_-'],
    ['mode 5, 3, then 5', { 1: [off, ...start(5, 3), on], 2: [write(5)], 6: [off, on] }, '3 2 1 0 ff 5 4', '---_---'],
  ])('%s', (_, script, counts, out) => {
    expect(run(script, out.length)).toEqual({ counts, out });
  });

  it('mode 3: a new count begins with the next half: 100, and 40 at tick 20', () => {
    const counter = new PitCounter();
    for (const one of start(3, 100)) act(counter, one, 0);
    act(counter, write(40), 20);
    expect(counter.output(50)).toBe(true);
    expect(counter.nextChange(1, false)).toBe(51);
    expect(counter.nextChange(1, true)).toBe(71);
    expect(counter.nextChange(72, false)).toBe(91);
  });
});

/** Ticks at which the output has changed within `clocks`. */
function changes(script: Script, clocks: number): number[] {
  const counter = new PitCounter();
  const found: number[] = [];
  let before: boolean | undefined;
  for (let clock = 1; clock <= clocks; clock++) {
    for (const one of script[clock] ?? []) act(counter, one, clock - 1);
    before ??= counter.out;
    const now = counter.output(clock);
    if (now !== before) found.push(clock);
    before = now;
  }
  return found;
}

const word = (mode: number, count: number, bcd = 0): Act[] => [
  ['control', 0x30 | (mode << 1) | bcd],
  ['write', count & 0xff],
  ['write', count >> 8],
];
const triggered = (mode: number, count: number, bcd = 0): Script => ({ 1: [off, ...word(mode, count, bcd), on] });

describe('the largest and the least count', () => {
  it.each([
    [0, [65537]],
    [1, [1, 65537]],
    [2, [65536, 65537]],
    [3, [32769, 65537]],
    [4, [65537, 65538]],
    [5, [65537, 65538]],
  ])('mode %i: 0 is 65536', (mode, ticks) => {
    expect(changes(triggered(mode, 0), 66_000)).toEqual(ticks);
  });

  it.each([
    [0, [10001]],
    [1, [1, 10001]],
    [2, [10000, 10001]],
    [3, [5001, 10001]],
    [4, [10001, 10002]],
    [5, [10001, 10002]],
  ])('mode %i, BCD: 0 is 10000', (mode, ticks) => {
    expect(changes(triggered(mode, 0, 1), 10_500)).toEqual(ticks);
  });

  it.each([
    [0, [2]],
    [1, [1, 2]],
    [4, [2, 3]],
    [5, [2, 3]],
    // forbidden: as 2, and as 65536
    [2, [2, 3, 4, 5, 6, 7, 8, 9]],
    [3, []],
  ])('mode %i: 1', (mode, ticks) => {
    expect(changes(triggered(mode, 1), 9)).toEqual(ticks);
  });

  it('counts in BCD, and goes round to 9999', () => {
    const counter = new PitCounter();
    for (const one of word(0, 0x1000, 1)) act(counter, one, 0);
    const at = (tick: number): number => counter.read(tick) | (counter.read(tick) << 8);
    expect(at(1)).toBe(0x1000);
    expect(at(2)).toBe(0x0999);
    expect(at(1001)).toBe(0);
    expect(at(1002)).toBe(0x9999);
    expect(at(1001 + 25_000)).toBe(0x5000);
  });
});

describe('two bytes', () => {
  it('mode 0: the first stops the count and sets the output low, the second goes on from the new count', () => {
    const script: Script = { 1: word(0, 3), 6: [write(4)], 8: [write(0)] };
    expect(run(script, 12).out).toBe('___--______-');
    const counter = new PitCounter();
    for (const one of word(0, 100)) act(counter, one, 0);
    act(counter, write(50), 11);
    expect(counter.read(60) | (counter.read(60) << 8)).toBe(90);
    act(counter, write(0), 60);
    expect(counter.nextChange(61, true)).toBe(111);
  });

  it('the other modes: the first has no effect', () => {
    for (const mode of [2, 3, 4]) {
      expect(changes({ 1: word(mode, 6), 3: [write(9)] }, 20)).toEqual(changes({ 1: word(mode, 6) }, 20));
    }
  });

  it('the high byte alone: the low one is zero', () => {
    expect(changes({ 1: [['control', 0x20], write(2)] }, 600)).toEqual([513]);
  });

  it('reads and writes have a half each', () => {
    const counter = new PitCounter();
    for (const one of word(2, 0x1234)) act(counter, one, 0);
    expect(counter.read(1)).toBe(0x34);
    counter.writeCount(0x78, 1);
    expect(counter.read(1)).toBe(0x12);
    counter.writeCount(0x56, 1);
    counter.latchCount(0x1235);
    expect(counter.read(0x1235) | (counter.read(0x1235) << 8)).toBe(0x5678);
  });
});

describe('latches', () => {
  const programmed = (mode: number, count: number): PitCounter => {
    const counter = new PitCounter();
    for (const one of word(mode, count)) act(counter, one, 0);
    return counter;
  };

  it('hold the count until it is read whole; a second latch is nothing', () => {
    const counter = programmed(2, 1000);
    counter.latchCount(11);
    counter.latchCount(500);
    expect(counter.read(600)).toBe(990 & 0xff);
    counter.latchCount(600);
    expect(counter.read(600)).toBe(990 >> 8);
    counter.latchCount(700);
    expect(counter.read(800) | (counter.read(800) << 8)).toBe(1001 - 700);
  });

  it('are gone with a new control word', () => {
    const counter = programmed(2, 1000);
    counter.latchCount(11);
    counter.latchStatus(11);
    for (const one of word(0, 77)) act(counter, one, 20);
    expect(counter.read(22)).toBe(76);
  });

  it('give the status first, whichever came first', () => {
    const counter = programmed(3, 10);
    counter.latchCount(3);
    counter.latchStatus(7);
    counter.latchStatus(20);
    expect(counter.read(30), 'low in its second half').toBe(0x36);
    expect(counter.read(30) | (counter.read(30) << 8)).toBe(6);
  });

  /** Null count: from the write of control word or count register until the counting element has it. */
  it.each<[string, Script, string]>([
    ['mode 0', { 1: [['control', 0x10]], 3: [write(5)], 5: [write(9)] }, '110000'],
    ['mode 4', { 1: [['control', 0x18]], 3: [write(5)], 5: [write(9)] }, '110000'],
    ['mode 1 waits for its trigger', { 1: start(1, 5), 3: [off], 4: [on], 5: [write(9)] }, '111011'],
    ['mode 5 waits for its trigger', { 1: start(5, 5), 3: [off], 4: [on], 5: [write(9)] }, '111011'],
    ['mode 2 waits for the end of the period', { 1: start(2, 4), 3: [write(5)] }, '00110000'],
    ['mode 3 waits for the end of the half', { 1: start(3, 6), 2: [write(5)], 5: [write(7)] }, '0110100'],
  ])('null count, %s', (_, script, expected) => {
    const counter = new PitCounter();
    let seen = '';
    for (let clock = 1; clock <= expected.length; clock++) {
      for (const one of script[clock] ?? []) act(counter, one, clock - 1);
      counter.latchStatus(clock);
      seen += (counter.read(clock) >> 6) & 1;
    }
    expect(seen).toBe(expected);
  });

  it('null count: of two bytes, the second says it', () => {
    const counter = programmed(2, 1000);
    const nullCount = (tick: number): number => {
      counter.latchStatus(tick);
      return (counter.read(tick) >> 6) & 1;
    };
    expect(nullCount(0)).toBe(1);
    expect(nullCount(1)).toBe(0);
    counter.writeCount(5, 1);
    expect(nullCount(1)).toBe(0);
    counter.writeCount(0, 1);
    expect(nullCount(1000)).toBe(1);
    expect(nullCount(1001)).toBe(0);
  });
});

it('what is skipped is as what is clocked, and the changes that are foreseen come', () => {
  const step = fc.record({
    wait: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 400 })),
    act: fc.oneof(
      fc.tuple(fc.constant('control' as const), fc.integer({ min: 0, max: 0x3f })),
      fc.tuple(
        fc.constant('write' as const),
        fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 99 })),
      ),
      fc.tuple(fc.constant('gate' as const), fc.integer({ min: 0, max: 1 })),
    ),
  });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 }), fc.array(step, { maxLength: 12 }), (mode, steps) => {
      const clocked = new PitCounter();
      const skipped = new PitCounter();
      for (const one of start(mode, 7)) {
        act(clocked, one, 0);
        act(skipped, one, 0);
      }
      let tick = 0;
      for (const { wait, act: next } of [...steps, { wait: 300, act: on }]) {
        const until = tick + wait;
        const foreseen = [true, false].map((level) => skipped.nextChange(tick + 1, level));
        const seen = [-1, -1];
        while (tick < until) {
          const before = clocked.out;
          tick++;
          const out = clocked.output(tick);
          const which = out ? 0 : 1;
          if (out !== before && seen[which] < 0) seen[which] = tick;
        }
        expect(foreseen.map((at) => (at > until ? -1 : at))).toEqual(seen);
        skipped.advance(until);
        expect({ ...skipped }).toEqual({ ...clocked });
        if (next[0] === 'control' && (next[1] & 0x30) === 0) continue;
        act(clocked, next, tick);
        act(skipped, next, tick);
      }
    }),
    { numRuns: 400 },
  );
});

import { beforeEach, describe, expect, it } from 'vitest';
import { Frequency } from './frequency.js';
import { PIT_HZ, Pit } from './pit.js';
import { Pic } from '../interrupts/pic.js';
import { BenchLine, BenchTimers } from '../test-bench.js';

const rate = new Frequency(PIT_HZ);
let timers: BenchTimers;
let irq: BenchLine;
let pit: Pit;
const write = (port: number, value: number): void => pit.ports.writePort(port, 1, value);
const read = (port: number): number => pit.ports.readPort(port, 1);
const readCount = (counter: number): number => {
  write(3, counter << 6);
  return read(counter) | (read(counter) << 8);
};
const program = (counter: number, mode: number, count: number): void => {
  write(3, (counter << 6) | 0x30 | (mode << 1));
  write(counter, count & 0xff);
  write(counter, count >> 8);
};
/** Moves to exactly `ticks` ticks from power-on. */
const atTick = (ticks: number): void => timers.advance(rate.timeOf(ticks) - timers.now());

beforeEach(() => {
  timers = new BenchTimers();
  irq = new BenchLine();
  pit = new Pit(timers, irq);
  pit.reset();
});

it('converts time to ticks and back without a tick of error after months', () => {
  for (const tick of [0, 1, 7, PIT_HZ, PIT_HZ * 86400 * 100 + 12345]) {
    expect(rate.ticksAt(rate.timeOf(tick))).toBe(tick);
    if (tick > 0) expect(rate.ticksAt(rate.timeOf(tick) - 1)).toBe(tick - 1);
  }
});

describe('counter 0', () => {
  it('in mode 2 interrupts with each period: 1193182/1193 times a second', () => {
    program(0, 2, 1193);
    irq.edges = 0;
    timers.advance(1e9);
    expect(irq.edges).toBe(1000);
  });

  it('in mode 0 interrupts once', () => {
    program(0, 0, 100);
    expect(irq.level).toBe(false);
    irq.edges = 0;
    atTick(100);
    expect(irq.edges).toBe(0);
    atTick(101);
    expect(irq.edges).toBe(1);
    expect(irq.level).toBe(true);
    timers.advance(1e9);
    expect(irq.edges).toBe(1);
  });

  it('in mode 4, the one-shot of Linux, interrupts once after count + 1', () => {
    program(0, 4, 50);
    irq.edges = 0;
    atTick(51);
    expect(irq.edges).toBe(0);
    atTick(52);
    expect(irq.edges).toBe(1);
    timers.advance(1e9);
    expect(irq.edges).toBe(1);
  });

  it('after a jump of months delivers one edge and finds its phase again', () => {
    program(0, 2, 1000);
    irq.edges = 0;
    timers.jump(90 * 86400 * 1e9);
    expect(irq.edges).toBe(1);
    expect(rate.ticksAt(timers.next()) % 1000).toBe(1);
    expect(timers.next() - timers.now()).toBeLessThan(1e6);
  });

  it('after a jump delivers one edge, whichever half the jump ends in', () => {
    program(0, 3, 1000);
    for (const ticks of [1400, 1900, 2400, 2900]) {
      irq.edges = 0;
      timers.jump(rate.timeOf(ticks));
      expect(irq.edges).toBe(1);
    }
  });

  it.each([
    [2, 500],
    [3, 1000],
  ])('does not drown the host in periods of two ticks, mode %i', (mode, most) => {
    program(0, mode, 2);
    timers.fired = 0;
    irq.edges = 0;
    timers.advance(1e7);
    expect(timers.fired).toBeLessThan(most * 1.1);
    expect(irq.edges).toBeGreaterThan(300);
    expect(irq.edges).toBeLessThan(550);
  });

  it.each([24, 25, 26, 30, 100, 1193])('in mode 3 the line is the square wave: period %i', (period) => {
    program(0, 3, period);
    irq.edges = 0;
    let high = 0;
    for (let tick = 1; tick <= 10 * period; tick++) {
      atTick(tick);
      if (irq.level) high++;
    }
    atTick(10 * period + 1);
    expect(irq.edges).toBe(10);
    expect(high).toBe(10 * Math.ceil(period / 2));
  });

  it('in mode 3, all masked, is seen high and low in the request register', () => {
    const pic = new Pic(irq);
    const wired = new Pit(timers, pic.line(0));
    for (const [port, value] of [
      [3, 0x36],
      [0, 0xe8],
      [0, 0x03],
    ])
      wired.ports.writePort(port, 1, value);
    pic.masterPorts.writePort(1, 1, 0xff);
    pic.masterPorts.writePort(0, 1, 0x0a);
    let seen = '';
    for (let i = 0; i < 12; i++) {
      timers.advance(250 * 838.1);
      seen += pic.masterPorts.readPort(0, 1);
    }
    expect(seen).toContain('1100110');
  });

  it('changes the period at the end of the running one', () => {
    program(0, 2, 1000);
    atTick(500);
    write(0, 100);
    write(0, 0);
    irq.edges = 0;
    atTick(1001);
    expect(irq.edges).toBe(1);
    atTick(1301);
    expect(irq.edges).toBe(4);
  });
});

describe('counts', () => {
  it('go down from N to 1 in mode 2', () => {
    program(0, 2, 10);
    atTick(1);
    expect(readCount(0)).toBe(10);
    atTick(10);
    expect(readCount(0)).toBe(1);
    atTick(11);
    expect(readCount(0)).toBe(10);
  });

  it('go down by two in mode 3 and put out a square wave', () => {
    program(1, 3, 9);
    const wave = Array.from({ length: 9 }, (_, i) => {
      atTick(1 + i);
      write(3, 0xe4);
      return read(1) >> 7;
    });
    expect(wave).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0]);
    const counts = Array.from({ length: 9 }, (_, i) => {
      atTick(10 + i);
      return readCount(1);
    });
    expect(counts).toEqual([8, 6, 4, 2, 0, 8, 6, 4, 2]);
  });

  it('wrap below zero in mode 0', () => {
    program(1, 0, 3);
    atTick(5);
    expect(readCount(1)).toBe(0xffff);
  });

  it('count in BCD', () => {
    write(3, 0x71);
    write(1, 0x00);
    write(1, 0x10);
    atTick(2);
    expect(readCount(1)).toBe(0x0999);
  });

  it('are held by a latch until read, status first', () => {
    program(0, 2, 0x1234);
    atTick(1);
    write(3, 0xc2);
    atTick(1000);
    expect(read(0)).toBe(0xb4);
    expect(read(0) | (read(0) << 8)).toBe(0x1234);
    expect(readCount(0)).toBe(0x1234 - 999);
  });
});

describe('counter 2 behind port 0x61', () => {
  const speaker = (): number => pit.speakerPort.readPort(0, 1);

  it('counts only while its gate is open, and shows its output: how Linux calibrates the TSC', () => {
    pit.speakerPort.writePort(0, 1, 0);
    program(2, 0, 1000);
    atTick(5000);
    expect(speaker() & 0x20).toBe(0);
    expect(readCount(2)).toBe(1000);
    pit.speakerPort.writePort(0, 1, 1);
    atTick(5999);
    expect(speaker() & 0x20).toBe(0);
    atTick(6001);
    expect(speaker() & 0x20).toBe(0x20);
  });

  it('is triggered by the gate in mode 1', () => {
    program(2, 1, 100);
    expect(speaker() & 0x20).toBe(0x20);
    atTick(10);
    pit.speakerPort.writePort(0, 1, 1);
    atTick(12);
    expect(speaker() & 0x20).toBe(0);
    atTick(111);
    expect(speaker() & 0x20).toBe(0x20);
  });

  it('toggles the refresh bit', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 4; i++) {
      seen.add(speaker() & 0x10);
      timers.advance(10_000);
    }
    expect(seen.size).toBe(2);
  });
});

it('saves and restores in the middle of a period', () => {
  program(0, 2, 1000);
  atTick(400);
  const line = new BenchLine();
  const other = new Pit(timers, line);
  other.restore(structuredClone(pit.save()));
  line.edges = 0;
  atTick(1001);
  expect(line.edges).toBe(1);
});

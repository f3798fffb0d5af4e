import { beforeEach, describe, expect, it } from 'vitest';
import { civilSeconds, civilTime } from './calendar.js';
import { cmosContents } from './cmos-layout.js';
import { Rtc } from './rtc.js';
import { BenchLine, BenchTimers } from '../test-bench.js';

const SECOND = 1e9;
const START = Date.UTC(2024, 1, 28, 23, 59, 50) / 1000;
let timers: BenchTimers;
let irq: BenchLine;
let rtc: Rtc;
const read = (index: number): number => {
  rtc.ports.writePort(0, 1, index);
  return rtc.ports.readPort(1, 1);
};
const write = (index: number, value: number): void => {
  rtc.ports.writePort(0, 1, index);
  rtc.ports.writePort(1, 1, value);
};
const time = (): number[] => [0x32, 9, 8, 7, 4, 2, 0].map(read);

beforeEach(() => {
  timers = new BenchTimers();
  irq = new BenchLine();
  rtc = new Rtc(timers, irq, START);
});

it('agrees with the calendar of the host', () => {
  for (const seconds of [0, 951782400, 951868800, 1709164800, 4107542400, -1, -86401]) {
    const date = new Date(seconds * 1000);
    const civil = civilTime(seconds);
    expect([civil.year, civil.month, civil.day, civil.weekday]).toEqual([
      date.getUTCFullYear(),
      date.getUTCMonth() + 1,
      date.getUTCDate(),
      date.getUTCDay(),
    ]);
    expect(civilSeconds(civil)).toBe(seconds);
  }
});

describe('time', () => {
  it('runs in BCD through a leap day', () => {
    expect(time()).toEqual([0x20, 0x24, 0x02, 0x28, 0x23, 0x59, 0x50]);
    expect(read(6), 'Wednesday').toBe(4);
    timers.advance(10 * SECOND);
    expect(time()).toEqual([0x20, 0x24, 0x02, 0x29, 0x00, 0x00, 0x00]);
  });

  it('shows binary and twelve hours', () => {
    write(0x0b, 0x04);
    expect(read(4)).toBe(0x80 | 11);
    expect(read(0)).toBe(50);
    timers.advance(10 * SECOND);
    expect(read(4)).toBe(12);
  });

  it('is set under SET and runs on from there', () => {
    write(0x0b, 0x82);
    timers.advance(5 * SECOND);
    for (const [index, value] of [
      [0x32, 0x19],
      [9, 0x99],
      [8, 0x12],
      [7, 0x31],
      [4, 0x23],
      [2, 0x59],
      [0, 0x59],
      [6, 6],
    ]) {
      write(index, value);
    }
    expect(read(0)).toBe(0x59);
    write(0x0b, 0x02);
    timers.advance(SECOND);
    expect(time()).toEqual([0x20, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00]);
    expect(read(6)).toBe(7);
  });

  it('warns of an update for 244 microseconds', () => {
    timers.advance(SECOND - 300_000);
    expect(read(0x0a) & 0x80).toBe(0);
    timers.advance(100_000);
    expect(read(0x0a) & 0x80).toBe(0x80);
    timers.advance(200_000);
    expect(read(0x0a) & 0x80).toBe(0);
    expect(read(0)).toBe(0x51);
  });
});

describe('interrupts', () => {
  it('periodic: 1024 a second, each until register C is read', () => {
    write(0x0b, 0x42);
    let count = 0;
    for (let i = 0; i < 3000; i++) {
      timers.advance(SECOND / 3000);
      if (!irq.level) continue;
      expect(read(0x0c) & 0xc0).toBe(0xc0);
      expect(irq.level).toBe(false);
      count++;
    }
    expect(count).toBeGreaterThanOrEqual(1023);
    expect(count).toBeLessThanOrEqual(1024);
  });

  it('costs nothing while nobody answers', () => {
    write(0x0a, 0x23);
    write(0x0b, 0x42);
    timers.advance(3600 * SECOND);
    expect(timers.fired).toBe(1);
  });

  it('update-ended', () => {
    write(0x0b, 0x12);
    timers.advance(SECOND - 1);
    expect(irq.level).toBe(false);
    timers.advance(1);
    expect(irq.level).toBe(true);
    expect(read(0x0c)).toBe(0x90 | 0x40);
  });

  it('alarm at a time, with any hour', () => {
    write(1, 0x05);
    write(3, 0x00);
    write(5, 0xff);
    write(0x0b, 0x22);
    timers.advance(14 * SECOND);
    expect(irq.level).toBe(false);
    timers.advance(SECOND);
    expect(irq.level).toBe(true);
    expect(read(0x0c) & 0xa0).toBe(0xa0);
    timers.advance(3599 * SECOND);
    expect(irq.level).toBe(false);
    timers.advance(SECOND);
    expect(irq.level).toBe(true);
  });

  it('never for an alarm that no clock shows', () => {
    write(1, 0x99);
    write(0x0b, 0x22);
    timers.advance(2 * 86400 * SECOND);
    expect(irq.edges).toBe(0);
  });

  it('sets flags without interrupts, cleared by reading', () => {
    timers.advance(SECOND);
    expect(read(0x0c)).toBe(0x50);
    expect(read(0x0c)).toBe(0);
  });
});

it('keeps memory over a reset and tells firmware the sizes', () => {
  const contents = cmosContents({ memory: 256 << 20, bootOrder: ['cdrom', 'disk'], disks: [8 << 30] });
  rtc = new Rtc(timers, irq, START, contents);
  write(0x0f, 0x0a);
  write(0x0b, 0x72);
  rtc.reset();
  expect(read(0x0f)).toBe(0x0a);
  expect(read(0x0b)).toBe(0x02);
  expect(read(0x15) | (read(0x16) << 8)).toBe(640);
  expect(read(0x30) | (read(0x31) << 8)).toBe(0xffff);
  expect((read(0x34) | (read(0x35) << 8)) * 65536).toBe(240 << 20);
  expect(read(0x3d)).toBe(0x23);
});

it('saves and restores', () => {
  write(0x0b, 0x12);
  timers.advance(SECOND / 2);
  const line = new BenchLine();
  const other = new Rtc(timers, line, 0);
  other.restore(structuredClone(rtc.save()));
  timers.advance(SECOND / 2);
  expect(line.level).toBe(true);
});

describe('goes on after time in which nothing ran', () => {
  it('shows the time by then, to the fraction of a second', () => {
    timers.advance(SECOND / 4);
    rtc.advance(3 * 86_400_000 + 500);
    expect(time()).toEqual([0x20, 0x24, 0x03, 0x02, 0x23, 0x59, 0x50]);
    timers.advance(SECOND / 4 - 1);
    expect(read(0)).toBe(0x50);
    timers.advance(1);
    expect(read(0)).toBe(0x51);
  });

  it('rings once for an alarm that was missed', () => {
    write(1, 0x05);
    write(3, 0xff);
    write(5, 0xff);
    write(0x0b, 0x22);
    rtc.advance(3_600_000);
    expect(irq.level).toBe(true);
    expect(read(0x0c) & 0xa0).toBe(0xa0);
    expect(irq.level).toBe(false);
    timers.advance(14 * SECOND);
    expect(irq.level).toBe(false);
    timers.advance(SECOND);
    expect(irq.level).toBe(true);
  });

  it('leaves registers alone that belong to the guest', () => {
    write(0x0b, 0x82);
    rtc.advance(5000);
    expect(read(0)).toBe(0x50);
  });
});

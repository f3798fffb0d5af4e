import { beforeEach, describe, expect, it } from 'vitest';
import { Ioapic } from './ioapic.js';
import { Lapic } from './lapic.js';
import { BenchLine, BenchTimers } from '../test-bench.js';

let timers: BenchTimers;
let intr: BenchLine;
let nmis: number;
let lapic: Lapic;
let ioapic: Ioapic;
const read = (offset: number): number => lapic.readMmio(offset, 4);
const write = (offset: number, value: number): void => lapic.writeMmio(offset, 4, value);
const eoi = (): void => write(0xb0, 0);
const redirect = (pin: number, low: number, high = 0): void => {
  for (const [register, value] of [
    [0x11 + 2 * pin, high],
    [0x10 + 2 * pin, low],
  ]) {
    ioapic.writeMmio(0, 4, register);
    ioapic.writeMmio(0x10, 4, value);
  }
};
const entry = (pin: number): number => {
  ioapic.writeMmio(0, 4, 0x10 + 2 * pin);
  return ioapic.readMmio(0x10, 4);
};

beforeEach(() => {
  timers = new BenchTimers();
  intr = new BenchLine();
  nmis = 0;
  lapic = new Lapic({
    timers,
    pic: { acknowledge: () => 0x08 },
    intr,
    nmi: () => nmis++,
    endOfInterrupt: (vector) => ioapic.endOfInterrupt(vector),
  });
  ioapic = new Ioapic(lapic);
  write(0xf0, 0x1ff);
});

describe('local APIC', () => {
  it('takes interrupts by priority and nests them', () => {
    lapic.deliver(0x31, false);
    lapic.deliver(0x52, false);
    lapic.deliver(0x51, false);
    expect(intr.level).toBe(true);
    expect(lapic.acknowledge()).toBe(0x52);
    expect(lapic.hasInterrupt(), '0x51 is of the same class').toBe(false);
    expect(read(0xa0)).toBe(0x50);
    eoi();
    expect(lapic.acknowledge()).toBe(0x51);
    eoi();
    expect(lapic.acknowledge()).toBe(0x31);
    eoi();
    expect(lapic.acknowledge(), 'spurious').toBe(0xff);
    expect(read(0x110)).toBe(0);
  });

  it('holds back what the task priority holds back', () => {
    write(0x80, 0x40);
    lapic.deliver(0x4f, false);
    expect(intr.level).toBe(false);
    expect(read(0x220)).toBe(1 << 15);
    write(0x80, 0x30);
    expect(intr.level).toBe(true);
    lapic.taskPriority = 4;
    expect(lapic.interruptVector()).toBe(-1);
  });

  it('takes nothing while disabled by software, and masks its entries', () => {
    write(0x320, 0x40);
    write(0xf0, 0xff);
    expect(lapic.deliver(0x40, false)).toBe(false);
    expect(read(0x320)).toBe(0x10040);
    write(0x320, 0x40);
    expect(read(0x320)).toBe(0x10040);
  });

  it('passes the PIC through LINT0 as ExtINT', () => {
    lapic.lint0.set(true);
    expect(intr.level).toBe(false);
    lapic.setVirtualWire();
    expect(intr.level).toBe(true);
    expect(lapic.interruptVector()).toBe(-1);
    expect(lapic.acknowledge()).toBe(0x08);
    lapic.lint0.set(false);
    expect(intr.level).toBe(false);
    lapic.lint1.set(true);
    expect(nmis).toBe(1);
  });

  it('is the processor pins when off', () => {
    lapic.setEnabled(false);
    lapic.lint0.set(true);
    expect(lapic.acknowledge()).toBe(0x08);
    expect(lapic.deliver(0x40, false)).toBe(false);
  });

  it('interrupts itself', () => {
    write(0x300, 0x000440f3);
    expect(lapic.acknowledge()).toBe(0xf3);
    eoi();
    write(0x310, 0);
    write(0x300, 0x00000044);
    expect(lapic.acknowledge()).toBe(0x44);
    eoi();
    write(0x310, 0x01000000);
    write(0x300, 0x00000044);
    write(0x300, 0x000c0044);
    expect(lapic.hasInterrupt()).toBe(false);
    write(0x300, 0x00040400);
    expect(nmis).toBe(1);
  });

  it('reports errors once', () => {
    write(0x370, 0xfe);
    write(0x300, 0x00040005);
    expect(lapic.acknowledge()).toBe(0xfe);
    expect(read(0x280)).toBe(0);
    write(0x280, 0);
    expect(read(0x280)).toBe(0x20);
    write(0x280, 0);
    expect(read(0x280)).toBe(0);
  });

  it('is found by its logical address', () => {
    const to = (destination: number) => lapic.send({ destination, logical: true, mode: 0, vector: 0x40, level: false });
    write(0xd0, 0x02000000);
    expect([to(1), to(3)]).toEqual([false, true]);
    write(0xe0, 0x0fffffff);
    write(0xd0, 0x21000000);
    expect([to(0x21), to(0x31), to(0xf1), to(0x22)]).toEqual([true, false, true, false]);
  });
});

describe('timer', () => {
  it('counts down once at a divided nanosecond', () => {
    write(0x320, 0x40);
    write(0x3e0, 0x3);
    write(0x380, 1000);
    timers.advance(8000);
    expect(read(0x390)).toBe(500);
    expect(intr.level).toBe(false);
    timers.advance(8000);
    expect(lapic.acknowledge()).toBe(0x40);
    expect(read(0x390)).toBe(0);
    eoi();
    timers.advance(1e9);
    expect(intr.level).toBe(false);
  });

  it('repeats in periodic mode and stops at zero', () => {
    write(0x3e0, 0xb);
    write(0x320, 0x20040);
    write(0x380, 1_000_000);
    let count = 0;
    for (let i = 0; i < 50; i++) {
      timers.advance(200_000);
      if (!intr.level) continue;
      lapic.acknowledge();
      eoi();
      count++;
    }
    expect(count).toBe(10);
    write(0x380, 0);
    timers.advance(1e9);
    expect(intr.level).toBe(false);
  });

  it('costs little with a period of one nanosecond, and catches up after a jump', () => {
    write(0x3e0, 0xb);
    write(0x320, 0x20040);
    write(0x380, 1);
    timers.advance(1e7);
    expect(timers.fired).toBeLessThan(600);
    timers.jump(1e15);
    expect(timers.next() - timers.now()).toBeLessThan(1e5);
  });
});

describe('I/O APIC', () => {
  it('identifies itself', () => {
    ioapic.writeMmio(0, 4, 1);
    expect(ioapic.readMmio(0x10, 4)).toBe(0x00170020);
    expect(entry(5)).toBe(0x10000);
  });

  it('sends edges, and loses them while masked', () => {
    ioapic.line(4).set(true);
    redirect(4, 0x34);
    expect(intr.level).toBe(false);
    ioapic.line(4).set(false);
    ioapic.line(4).set(true);
    expect(lapic.acknowledge()).toBe(0x34);
    eoi();
    expect(intr.level).toBe(false);
  });

  it('repeats a level until it falls, once for each EOI', () => {
    redirect(11, 0x803b);
    ioapic.line(11).set(true);
    expect(entry(11)).toBe(0xc03b);
    expect(lapic.acknowledge()).toBe(0x3b);
    ioapic.line(11).set(true);
    expect(lapic.hasInterrupt()).toBe(false);
    eoi();
    expect(lapic.acknowledge()).toBe(0x3b);
    ioapic.line(11).set(false);
    eoi();
    expect(lapic.hasInterrupt()).toBe(false);
    expect(entry(11)).toBe(0x803b);
  });

  it('delivers a level when it is unmasked, and nowhere when nobody is addressed', () => {
    redirect(16, 0x18050);
    ioapic.line(16).set(true);
    expect(intr.level).toBe(false);
    redirect(16, 0x8050, 0x05000000);
    expect(entry(16) & 0x4000).toBe(0);
    redirect(16, 0x8050, 0xff000000);
    expect(lapic.acknowledge()).toBe(0x50);
  });

  it('takes an EOI through its own register', () => {
    redirect(11, 0x803b);
    ioapic.line(11).set(true);
    ioapic.line(11).set(false);
    ioapic.writeMmio(0x40, 4, 0x3b);
    expect(entry(11)).toBe(0x803b);
  });
});

it('save and restore the whole', () => {
  redirect(11, 0x803b);
  ioapic.line(11).set(true);
  lapic.acknowledge();
  write(0x320, 0x20040);
  write(0x380, 1_000_000);
  const line = new BenchLine();
  const other = new Lapic({
    timers,
    pic: { acknowledge: () => 0 },
    intr: line,
    nmi: () => {},
    endOfInterrupt: () => {},
  });
  other.restore(structuredClone(lapic.save()));
  timers.advance(2_000_000);
  expect(other.acknowledge()).toBe(0x40);
  const io = new Ioapic(other);
  io.restore(structuredClone(ioapic.save()));
  io.endOfInterrupt(0x3b);
  other.writeMmio(0xb0, 4, 0);
  other.writeMmio(0xb0, 4, 0);
  expect(other.acknowledge()).toBe(0x3b);
});

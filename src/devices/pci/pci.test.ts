import { beforeEach, describe, expect, it } from 'vitest';
import { I440fx, type ShadowSegment } from './i440fx.js';
import { PciBus } from './pci-bus.js';
import { configurePci } from './pci-firmware.js';
import { PciFunction, type PciRange } from './pci-function.js';
import { Piix3 } from './piix3.js';
import { ACPI_DISABLE, ACPI_ENABLE, PM_TIMER_HZ, Piix4Pm } from './piix4-pm.js';
import { BenchLine, BenchTimers } from '../test-bench.js';

class Card extends PciFunction {
  constructor(pin = 1) {
    super({ vendor: 0x10ec, device: 0x8029, classCode: 0x020000, interruptPin: pin });
    const ports = { readPort: () => 0, writePort: () => {} };
    this.addBar(0, { kind: 'io', size: 32, ports });
    this.addBar(2, { kind: 'memory', size: 1 << 20, bytes: new Uint8Array(1 << 20) }, true);
  }
}

let timers: BenchTimers;
let mapped: Map<PciRange, number>;
let shadow: ShadowSegment[];
let resets: number;
let offs: number;
let isa: BenchLine[];
let direct: BenchLine[];
let bus: PciBus;
let bridge: Piix3;
let pm: Piix4Pm;
let card: Card;

const select = (slot: number, index: number, register: number): void =>
  bus.ports.writePort(0, 4, 0x80000000 + (slot << 11) + (index << 8) + (register & 0xfc));
const read = (slot: number, index: number, register: number, width: 1 | 2 | 4 = 4): number => {
  select(slot, index, register);
  return bus.ports.readPort(4 + (register & 3), width);
};
const write = (slot: number, index: number, register: number, width: 1 | 2 | 4, value: number): void => {
  select(slot, index, register);
  bus.ports.writePort(4 + (register & 3), width, value);
};

beforeEach(() => {
  timers = new BenchTimers();
  mapped = new Map();
  shadow = [];
  resets = 0;
  offs = 0;
  isa = Array.from({ length: 16 }, () => new BenchLine());
  direct = Array.from({ length: 4 }, () => new BenchLine());
  bridge = new Piix3({ isa, direct });
  bus = new PciBus({
    decoder: {
      map: (range, address) => mapped.set(range, address),
      unmap: (range, address) => {
        expect(mapped.get(range)).toBe(address);
        mapped.delete(range);
      },
    },
    pirqs: [0, 1, 2, 3].map((index) => bridge.pirq(index)),
    requestReset: () => resets++,
  });
  bus.add(0, 0, new I440fx((segment) => shadow.push(segment)));
  bus.add(1, 0, bridge);
  pm = new Piix4Pm({ timers, irq9: isa[9], powerOff: () => offs++ });
  bus.add(1, 3, pm);
  card = new Card();
  bus.add(3, 0, card);
});

describe('configuration mechanism 1', () => {
  it('keeps its address and finds the functions', () => {
    bus.ports.writePort(0, 4, 0xffffffff);
    expect(bus.ports.readPort(0, 4)).toBe(0x80fffffc);
    expect(read(0, 0, 0)).toBe(0x12378086);
    expect(read(1, 0, 0)).toBe(0x70008086);
    expect(read(1, 3, 0)).toBe(0x71138086);
    expect(read(2, 0, 0)).toBe(0xffffffff);
    expect(read(3, 0, 2, 2)).toBe(0x8029);
    expect(read(3, 0, 3, 1)).toBe(0x80);
    bus.ports.writePort(0, 4, 0x80010000);
    expect(bus.ports.readPort(4, 4), 'bus 1').toBe(0xffffffff);
    bus.ports.writePort(0, 4, 0);
    expect(bus.ports.readPort(4, 4), 'not enabled').toBe(0xffffffff);
  });

  it('shows the multifunction bit where there are more', () => {
    expect(read(1, 0, 0x0e, 1)).toBe(0x80);
    expect(read(3, 0, 0x0e, 1)).toBe(0);
  });

  it('protects identity registers', () => {
    write(3, 0, 0, 4, 0);
    write(3, 0, 8, 4, 0);
    expect(read(3, 0, 0)).toBe(0x802910ec);
    expect(read(3, 0, 8)).toBe(0x02000000);
  });

  it('is not disturbed by the reset register in its middle', () => {
    select(3, 0, 0);
    bus.ports.writePort(1, 1, 0x02);
    expect(resets).toBe(0);
    bus.ports.writePort(1, 1, 0x06);
    bus.ports.writePort(1, 1, 0x06);
    expect(resets).toBe(1);
    expect(bus.ports.readPort(1, 1)).toBe(0x06);
    expect(bus.ports.readPort(4, 4)).toBe(0x802910ec);
  });
});

describe('base address registers', () => {
  it('tell their size', () => {
    write(3, 0, 0x10, 4, 0xffffffff);
    expect(read(3, 0, 0x10)).toBe(0xffffffe1);
    write(3, 0, 0x18, 4, 0xffffffff);
    expect(read(3, 0, 0x18)).toBe(0xfff00008);
    write(3, 0, 0x14, 4, 0xffffffff);
    expect(read(3, 0, 0x14)).toBe(0);
  });

  it('move their ranges when decoding is on', () => {
    const before = mapped.size;
    write(3, 0, 0x10, 4, 0xc000);
    write(3, 0, 0x18, 4, 0xe0000000);
    expect(mapped.size).toBe(before);
    write(3, 0, 0x04, 2, 0x03);
    expect([...mapped.values()]).toEqual(expect.arrayContaining([0xc000, 0xe0000000]));
    write(3, 0, 0x10, 4, 0xc100);
    expect([...mapped.values()]).toContain(0xc100);
    write(3, 0, 0x10, 4, 0xffffffff);
    write(3, 0, 0x18, 4, 0);
    expect(mapped.size).toBe(before);
  });

  it('survive save and restore into another machine', () => {
    write(3, 0, 0x10, 4, 0xc000);
    write(3, 0, 0x04, 2, 0x01);
    const state = structuredClone(card.save());
    const other = new Card();
    const where: number[] = [];
    other.attach({ map: (_, address) => where.push(address), unmap: () => {} }, new BenchLine());
    other.restore(state);
    expect(where).toEqual([0xc000]);
  });
});

describe('interrupts', () => {
  it('go by the swizzle to a PIRQ, and by its register to an ISA interrupt', () => {
    card.setInterrupt(true);
    expect(direct.map((line) => line.level)).toEqual([false, false, true, false]);
    expect(isa.some((line) => line.level)).toBe(false);
    write(1, 0, 0x62, 1, 11);
    expect(isa[11].level).toBe(true);
    write(1, 0, 0x62, 1, 10);
    expect([isa[10].level, isa[11].level]).toEqual([true, false]);
    write(1, 0, 0x62, 1, 0x80);
    expect(isa[10].level).toBe(false);
  });

  it('are shared', () => {
    const second = new Card(1);
    bus.add(7, 0, second);
    write(1, 0, 0x62, 1, 11);
    card.setInterrupt(true);
    second.setInterrupt(true);
    card.setInterrupt(false);
    expect(isa[11].level).toBe(true);
    second.setInterrupt(false);
    expect(isa[11].level).toBe(false);
  });

  it('are held back by the command register', () => {
    card.setInterrupt(true);
    write(3, 0, 0x04, 2, 0x0400);
    expect(direct[2].level).toBe(false);
    expect(read(3, 0, 0x06, 2) & 8).toBe(8);
  });
});

it('the host bridge tells which memory answers below 1 MiB', () => {
  write(0, 0, 0x59, 1, 0x30);
  write(0, 0, 0x5a, 1, 0x21);
  expect(shadow).toEqual([
    { start: 0xf0000, size: 0x10000, readRam: true, writeRam: true },
    { start: 0xc0000, size: 0x4000, readRam: true, writeRam: false },
    { start: 0xc4000, size: 0x4000, readRam: false, writeRam: true },
  ]);
  shadow.length = 0;
  bus.reset();
  expect(shadow.length).toBe(3);
});

it('firmware settings give every range a place of its own', () => {
  const second = new Card(2);
  bus.add(4, 0, second);
  const registers = [0, 0];
  const elcr = {
    readPort: (offset: number) => registers[offset],
    writePort: (offset: number, _: number, value: number) => {
      registers[offset] = value;
    },
  };
  configurePci({ bus, isaBridge: bridge, elcr, ioBase: 0xc000, memoryBase: 0xe0000000 });
  const places = [...mapped].map(([range, address]) => ({ start: address, end: address + range.size }));
  places.sort((a, b) => a.start - b.start);
  expect(places.length).toBe(5);
  for (let i = 1; i < places.length; i++) expect(places[i].start).toBeGreaterThanOrEqual(places[i - 1].end);
  expect(read(3, 0, 0x3c, 1)).toBe(11);
  expect(registers).toEqual([0, 0x0c]);
});

describe('power management', () => {
  const ports = () => {
    for (const [range, address] of mapped) if (range.kind === 'io' && address === 0x600) return range.ports;
    throw new Error('not mapped');
  };

  it('is at 0x600 from reset, and moves', () => {
    expect(ports().readPort(0, 2)).toBe(0);
    write(1, 3, 0x40, 4, 0xb001);
    expect([...mapped.values()]).toContain(0xb000);
  });

  it('counts at 3.579545 MHz in 24 bits', () => {
    timers.advance(1e9);
    expect(ports().readPort(8, 4)).toBe(PM_TIMER_HZ);
    timers.advance(9e9);
    expect(ports().readPort(8, 4)).toBe((PM_TIMER_HZ * 10) % 2 ** 24);
  });

  it('raises the SCI for a general-purpose event that is enabled, until its status is cleared', () => {
    pm.smiPorts.writePort(0, 1, ACPI_ENABLE);
    pm.raiseEvent(5);
    expect(isa[9].level).toBe(false);
    ports().writePort(14, 2, 0x220);
    expect(isa[9].level).toBe(true);
    pm.raiseEvent(9);
    expect(ports().readPort(12, 2)).toBe(0x220);
    ports().writePort(12, 2, 0x020);
    expect(isa[9].level).toBe(true);
    const other = new Piix4Pm({ timers, irq9: new BenchLine(), powerOff: () => {} });
    other.restore(structuredClone(pm.save()));
    ports().writePort(12, 2, 0x200);
    expect(isa[9].level).toBe(false);
    expect(ports().readPort(12, 4)).toBe(0x2200000);
  });

  it('switches ACPI on and off by the command port, and raises the SCI for the power button', () => {
    pm.smiPorts.writePort(0, 1, ACPI_ENABLE);
    expect(ports().readPort(4, 2) & 1).toBe(1);
    ports().writePort(2, 2, 0x100);
    pm.pressPowerButton();
    expect(isa[9].level).toBe(true);
    expect(ports().readPort(0, 2)).toBe(0x100);
    ports().writePort(0, 2, 0x100);
    expect(isa[9].level).toBe(false);
    pm.smiPorts.writePort(0, 1, ACPI_DISABLE);
    expect(ports().readPort(4, 2) & 1).toBe(0);
  });

  it('powers off by soft off alone', () => {
    ports().writePort(4, 2, 0x2400);
    expect(offs).toBe(0);
    ports().writePort(4, 2, 0x2000);
    expect(offs).toBe(1);
  });

  it('interrupts when the timer has run half its way', () => {
    pm.smiPorts.writePort(0, 1, ACPI_ENABLE);
    ports().writePort(2, 2, 0x0001);
    timers.advance(2.3e9);
    expect(isa[9].level).toBe(false);
    timers.advance(0.1e9);
    expect(isa[9].level).toBe(true);
    ports().writePort(0, 2, 1);
    expect(isa[9].level).toBe(false);
    timers.advance(60e9);
    expect(timers.fired).toBe(2);
  });
});

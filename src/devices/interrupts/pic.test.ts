import { beforeEach, describe, expect, it } from 'vitest';
import { Pic } from './pic.js';
import { BenchLine } from '../test-bench.js';

let intr: BenchLine;
let pic: Pic;
const master = (offset: number, value: number): void => pic.masterPorts.writePort(offset, 1, value);
const slave = (offset: number, value: number): void => pic.slavePorts.writePort(offset, 1, value);
const rise = (irq: number): void => pic.line(irq).set(true);
const fall = (irq: number): void => pic.line(irq).set(false);
/** A new edge; the line stays high, as a request must until it is acknowledged. */
const edge = (irq: number): void => {
  fall(irq);
  rise(irq);
};
const requests = (): number => {
  master(0, 0x0a);
  return pic.masterPorts.readPort(0, 1);
};

function initialise(icw4 = 0x01): void {
  for (const [chip, base, icw3] of [
    [master, 0x20, 4],
    [slave, 0x28, 2],
  ] as const) {
    chip(0, 0x11);
    chip(1, base);
    chip(1, icw3);
    chip(1, icw4);
    chip(1, 0);
  }
}

beforeEach(() => {
  intr = new BenchLine();
  pic = new Pic(intr);
});

it('asks for nothing before it is initialised', () => {
  edge(1);
  expect(intr.level).toBe(false);
});

describe('initialised', () => {
  beforeEach(() => initialise());

  it('latches an edge, gives its vector once, and nests by priority until EOI', () => {
    edge(4);
    expect(intr.level).toBe(true);
    expect(pic.acknowledge()).toBe(0x24);
    expect(pic.hasInterrupt()).toBe(false);
    edge(5);
    expect(pic.hasInterrupt()).toBe(false);
    edge(1);
    expect(pic.acknowledge()).toBe(0x21);
    master(0, 0x20);
    expect(pic.hasInterrupt()).toBe(false);
    master(0, 0x20);
    expect(pic.acknowledge()).toBe(0x25);
  });

  it('cascades the slave and needs both EOIs', () => {
    edge(8);
    edge(12);
    expect(pic.acknowledge()).toBe(0x28);
    slave(0, 0x20);
    expect(pic.hasInterrupt()).toBe(false);
    master(0, 0x20);
    expect(pic.acknowledge()).toBe(0x2c);
  });

  it('lets a more urgent slave interrupt through only in special fully nested mode', () => {
    edge(12);
    pic.acknowledge();
    edge(8);
    expect(pic.hasInterrupt()).toBe(false);
    initialise(0x11);
    edge(12);
    pic.acknowledge();
    edge(8);
    expect(pic.acknowledge()).toBe(0x28);
  });

  it.each([
    ['edge', 0],
    ['level', 0x20],
  ])('withdraws a request whose line falls before it is acknowledged, by %s', (_, elcr) => {
    pic.elcrPorts.writePort(0, 2, (elcr << 8) | elcr);
    for (const irq of [5, 13]) {
      rise(irq);
      expect(intr.level).toBe(true);
      fall(irq);
      expect(intr.level).toBe(false);
      expect(requests()).toBe(0);
      rise(irq);
      expect(intr.level, 'a new edge is a new request').toBe(true);
      fall(irq);
    }
  });

  it('gives the vector of IRQ 7 when the request goes between INTR and its acknowledgement', () => {
    rise(5);
    fall(5);
    expect(pic.acknowledge()).toBe(0x27);
    master(0, 0x0b);
    expect(pic.masterPorts.readPort(0, 1), 'not in service').toBe(0);
  });

  it('shows in the request register what the line does, masked or not', () => {
    master(1, 0xff);
    const seen = [];
    for (let half = 0; half < 4; half++) {
      pic.line(0).set(half % 2 === 0);
      seen.push(requests());
    }
    expect(seen).toEqual([1, 0, 1, 0]);
    expect(intr.level).toBe(false);
  });

  it('takes an edge once, however long its line stays high', () => {
    rise(4);
    expect(pic.acknowledge()).toBe(0x24);
    master(0, 0x20);
    rise(4);
    expect(requests()).toBe(0);
    expect(pic.hasInterrupt()).toBe(false);
    edge(4);
    expect(pic.acknowledge()).toBe(0x24);
  });

  it('repeats a level interrupt while its line is high, an edge not', () => {
    pic.elcrPorts.writePort(0, 2, 0xffff);
    expect(pic.elcrPorts.readPort(0, 2)).toBe(0xdef8);
    pic.line(11).set(true);
    expect(pic.acknowledge()).toBe(0x2b);
    slave(0, 0x20);
    master(0, 0x20);
    expect(pic.acknowledge()).toBe(0x2b);
    pic.line(11).set(false);
    slave(0, 0x20);
    master(0, 0x20);
    expect(pic.hasInterrupt()).toBe(false);
  });

  it('masks without losing an edge', () => {
    master(1, 0xff);
    edge(3);
    expect(intr.level).toBe(false);
    expect(requests()).toBe(0x08);
    master(1, 0xf7);
    expect(pic.acknowledge()).toBe(0x23);
  });

  it('rotates priorities', () => {
    edge(3);
    pic.acknowledge();
    master(0, 0xa0);
    edge(3);
    edge(4);
    expect(pic.acknowledge()).toBe(0x24);
    expect(pic.hasInterrupt()).toBe(false);
    master(0, 0xc2);
    expect(pic.acknowledge(), 'IRQ 3 is now the most urgent').toBe(0x23);
  });

  it('answers polls and takes the interrupt with them', () => {
    edge(6);
    master(0, 0x0c);
    expect(pic.masterPorts.readPort(0, 1)).toBe(0x86);
    expect(intr.level).toBe(false);
    master(0, 0x0c);
    expect(pic.masterPorts.readPort(0, 1)).toBe(0);
  });

  it('in special mask mode serves the less urgent while the masked one is in service', () => {
    edge(3);
    pic.acknowledge();
    master(1, 0x08);
    edge(6);
    expect(pic.hasInterrupt()).toBe(false);
    master(0, 0x68);
    expect(pic.acknowledge()).toBe(0x26);
    master(0, 0x20);
    master(0, 0x0b);
    expect(pic.masterPorts.readPort(0, 1), 'IRQ 3 stays in service').toBe(0x08);
  });

  it('ends interrupts by itself with auto EOI', () => {
    initialise(0x03);
    edge(9);
    edge(9);
    expect(pic.acknowledge()).toBe(0x29);
    edge(9);
    expect(pic.acknowledge()).toBe(0x29);
    expect(pic.hasInterrupt()).toBe(false);
  });

  it('forgets edges at ICW1 though the line stays high', () => {
    pic.line(4).set(true);
    initialise();
    expect(pic.hasInterrupt()).toBe(false);
    pic.line(4).set(false);
    pic.line(4).set(true);
    expect(pic.acknowledge()).toBe(0x24);
  });

  it('saves and restores', () => {
    edge(1);
    edge(14);
    pic.acknowledge();
    const line = new BenchLine();
    const other = new Pic(line);
    other.restore(structuredClone(pic.save()));
    other.masterPorts.writePort(0, 1, 0x20);
    expect(line.level).toBe(true);
    expect(other.acknowledge()).toBe(0x2e);
  });
});

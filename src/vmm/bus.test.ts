// Who answers where, and that every access is answered.
import { expect, test } from 'vitest';
import type { PortDevice, Width } from '../devices/device.js';
import { Bus } from './bus.js';

/** Answers with its tag in the high nibble and the offset in the low one; remembers writes. */
class Probe {
  readonly writes: [number, Width, number][] = [];
  constructor(private readonly tag: number) {}
  readonly ports: PortDevice = {
    readPort: (offset, width) => this.read(offset, width),
    writePort: (offset, width, value) => void this.writes.push([offset, width, value]),
  };
  readonly mmio = {
    readMmio: (offset: number, width: Width) => this.read(offset, width),
    writeMmio: (offset: number, width: Width, value: number) => void this.writes.push([offset, width, value]),
  };
  private read(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= ((this.tag << 4) | ((offset + i) & 15)) << (8 * i);
    return value;
  }
}

test('a device sees offsets, and all widths reach it whole', () => {
  const bus = new Bus();
  const probe = new Probe(0xa);
  bus.mapPorts('probe', 0x100, 8, probe.ports);
  expect(bus.readPort(0x103, 1)).toBe(0xa3);
  expect(bus.readPort(0x104, 4)).toBe(0xa7a6a5a4);
  bus.writePort(0x106, 2, 0xbeef);
  expect(probe.writes).toEqual([[6, 2, 0xbeef]]);
  expect(bus.accesses()).toEqual({ probe: 3 });
});

test('nobody reads as ones and swallows writes', () => {
  const bus = new Bus();
  expect([1, 2, 4].map((width) => bus.readPort(0x500, width))).toEqual([0xff, 0xffff, 0xffffffff]);
  bus.writePort(0x500, 4, 1);
  expect(bus.readMmio(0xfffffffc, 4)).toBe(0xffffffff);
  bus.writeMmio(0xfffffffe, 4, 1);
  expect(bus.accesses().nobody).toBeGreaterThanOrEqual(6);
});

test('an access across the end of a range is split into bytes', () => {
  const bus = new Bus();
  const low = new Probe(0xa);
  const high = new Probe(0xb);
  bus.mapPorts('low', 0x100, 4, low.ports);
  bus.mapPorts('high', 0x104, 2, high.ports);
  expect(bus.readPort(0x102, 4)).toBe(0xb1b0a3a2);
  expect(bus.readPort(0x105, 4)).toBe(0xffffffb1);
  bus.writePort(0x103, 2, 0x1234);
  expect([low.writes, high.writes]).toEqual([[[3, 1, 0x34]], [[0, 1, 0x12]]]);
});

test('port numbers wrap at 64 Ki', () => {
  const bus = new Bus();
  bus.mapPorts('last', 0xfffe, 8, new Probe(0xa).ports);
  bus.mapPorts('first', 0, 1, new Probe(0xb).ports);
  expect(bus.readPort(0xffff, 2)).toBe(0xb0a1);
});

test('a later range hides an earlier one until it is unmapped', () => {
  const bus = new Bus();
  bus.mapPorts('below', 0x100, 8, new Probe(0xa).ports);
  const above = bus.mapPorts('above', 0x102, 2, new Probe(0xb).ports);
  expect([0x101, 0x102, 0x104].map((port) => bus.readPort(port, 1))).toEqual([0xa1, 0xb0, 0xa4]);
  bus.unmapPorts(above);
  bus.unmapPorts(above);
  expect(bus.readPort(0x102, 1)).toBe(0xa2);
  expect(bus.accesses()).toEqual({ below: 3, above: 1 });
});

test('unmapping the lower of two leaves the upper alone', () => {
  const bus = new Bus();
  const below = bus.mapPorts('below', 0x100, 8, new Probe(0xa).ports);
  bus.mapPorts('above', 0x102, 2, new Probe(0xb).ports);
  bus.unmapPorts(below);
  expect([0x101, 0x102, 0x104].map((port) => bus.readPort(port, 1))).toEqual([0xff, 0xb0, 0xff]);
});

test('string I/O without a fast path is that many single accesses', () => {
  const bus = new Bus();
  const probe = new Probe(0xa);
  bus.mapPorts('probe', 0x100, 8, probe.ports);
  const data = new Uint8Array(4);
  bus.readPortString(0x101, 2, data);
  expect([...data]).toEqual([0xa1, 0xa2, 0xa1, 0xa2]);
  bus.writePortString(0x101, 2, Uint8Array.of(1, 2, 3, 4));
  expect(probe.writes).toEqual([
    [1, 2, 0x0201],
    [1, 2, 0x0403],
  ]);
  expect(bus.accesses()).toEqual({ probe: 4 });
});

test('a string device gets the block whole, and its items are counted', () => {
  const bus = new Bus();
  const seen: unknown[] = [];
  const device = {
    ...new Probe(0xa).ports,
    readPortString: (offset: number, width: Width, data: Uint8Array) => void data.fill(offset * 16 + width),
    writePortString: (offset: number, width: Width, data: Uint8Array) => void seen.push([offset, width, [...data]]),
  };
  bus.mapPorts('disk', 0x1f0, 8, device);
  const data = new Uint8Array(6);
  bus.readPortString(0x1f0, 2, data);
  expect([...data]).toEqual([2, 2, 2, 2, 2, 2]);
  bus.writePortString(0x1f0, 2, Uint8Array.of(9, 8));
  expect(seen).toEqual([[0, 2, [9, 8]]]);
  expect(bus.accesses()).toEqual({ disk: 4 });
});

test('physical ranges follow the same rules', () => {
  const bus = new Bus();
  bus.mapMmio('below', 0xfee00000, 0x1000, new Probe(0xa).mmio);
  const above = bus.mapMmio('above', 0xfee00004, 4, new Probe(0xb).mmio);
  expect(bus.readMmio(0xfee00004, 4)).toBe(0xb3b2b1b0);
  bus.unmapMmio(above);
  expect(bus.readMmio(0xfee00004, 1)).toBe(0xa4);
  expect(bus.readMmio(0xfee00fff, 2)).toBe(0xffaf);
  expect(bus.accesses()).toEqual({ below: 2, above: 1, nobody: 1 });
});

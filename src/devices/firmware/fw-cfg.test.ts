import { beforeEach, expect, it } from 'vitest';
import { buildAcpi } from '../acpi/acpi.js';
import { FwCfg } from './fw-cfg.js';
import { describePc } from './fw-cfg-pc.js';
import { BenchMemory } from '../test-bench.js';

const acpi = buildAcpi({
  pciWindow: [0x80000000, 0xfebfffff],
  serialPorts: [],
  generation: 0xfed50000,
  panicPort: 0x505,
  apic: true,
});
let memory: BenchMemory;
let device: FwCfg;
const select = (key: number): void => device.writePort(0, 2, key);
const bytes = (count: number): number[] => Array.from({ length: count }, () => device.readPort(1, 1));
const big = (values: number[]): number => values.reduce((value, byte) => value * 256 + byte, 0);
const swap = (value: number): number => {
  const data = new DataView(new ArrayBuffer(4));
  data.setUint32(0, value);
  return data.getUint32(0, true);
};

/** Runs one DMA command whose block lies at 0x1000, and returns what its control word became. */
function dma(control: number, length: number, target: number, high = 0): number {
  const data = new DataView(memory.bytes.buffer, 0x1000, 16);
  data.setUint32(0, control);
  data.setUint32(4, length);
  data.setUint32(8, high);
  data.setUint32(12, target);
  device.writePort(8, 4, swap(0x1000));
  return data.getUint32(0);
}

/** Name to key and size, as firmware reads the directory. */
function directory(): Map<string, { size: number; key: number }> {
  select(0x19);
  const files = new Map<string, { size: number; key: number }>();
  for (let count = big(bytes(4)); count > 0; count--) {
    const size = big(bytes(4));
    const key = big(bytes(2));
    bytes(2);
    files.set(String.fromCharCode(...bytes(56)).replace(/\0+$/, ''), { size, key });
  }
  return files;
}

beforeEach(() => {
  memory = new BenchMemory(1 << 20);
  device = new FwCfg(memory);
  describePc(device, {
    memory: 256 << 20,
    e820: [{ start: 0, size: 256 << 20, kind: 1 }],
    acpi,
  });
});

it('introduces itself and its DMA interface', () => {
  select(0);
  expect(String.fromCharCode(...bytes(6))).toBe('QEMU\0\0');
  select(1);
  expect(bytes(4)).toEqual([3, 0, 0, 0]);
  expect(swap(device.readPort(4, 4))).toBe(0x51454d55);
  expect(swap(device.readPort(8, 4))).toBe(0x20434647);
});

it('tells sizes, and zeros for keys it does not know', () => {
  select(3);
  expect(bytes(8)).toEqual([0, 0, 0, 0x10, 0, 0, 0, 0]);
  select(5);
  expect(bytes(2)).toEqual([1, 0]);
  select(0x8000);
  expect(bytes(2)).toEqual([0, 0]);
});

it('lists its files in order of their names', () => {
  const files = directory();
  expect([...files.keys()]).toEqual(['etc/acpi/rsdp', 'etc/acpi/tables', 'etc/e820', 'etc/table-loader']);
  expect(files.get('etc/acpi/tables')?.size).toBe(acpi.bytes.length);
  select(files.get('etc/e820')?.key ?? 0);
  expect(bytes(20)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 1, 0, 0, 0]);
});

it('reads files by DMA, selecting and skipping', () => {
  const { key, size } = directory().get('etc/acpi/tables') as { size: number; key: number };
  expect(dma((key << 16) | 8 | 2, size, 0x2000)).toBe(0);
  expect(memory.bytes.subarray(0x2000, 0x2000 + size)).toEqual(acpi.bytes);
  expect(dma((key << 16) | 8 | 4, 100, 0)).toBe(0);
  expect(dma(2, 4, 0x3000)).toBe(0);
  expect(memory.bytes.subarray(0x3000, 0x3004)).toEqual(acpi.bytes.subarray(100, 104));
  expect(dma(2, size, 0x4000), 'zeros past the end').toBe(0);
});

it('refuses writes, addresses past 4 GiB and endless reads', () => {
  expect(dma(16, 4, 0x2000)).toBe(1);
  expect(dma(2, 4, 0x2000, 1)).toBe(1);
  memory.traffic = 0;
  expect(dma(2, 0xffffffff, 0)).toBe(1);
  expect(memory.traffic).toBeLessThan(1000);
});

it('reads strings as it reads bytes, and goes on after restore', () => {
  select(0);
  bytes(1);
  const other = new FwCfg(memory);
  other.restore(structuredClone(device.save()));
  const data = new Uint8Array(3);
  other.readPortString(1, 1, data);
  expect(String.fromCharCode(...data)).toBe('EMU');
});

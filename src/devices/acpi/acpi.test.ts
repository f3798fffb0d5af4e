import { describe, expect, it } from 'vitest';
import { acpiAt, acpiFirmwareFiles, buildAcpi } from './acpi.js';
import { device, eisaId, integer, name } from './aml.js';

const tables = buildAcpi({
  pciWindow: [0x80000000, 0xfebfffff],
  serialPorts: [0x3f8, 0x2f8],
  generation: 0xfed50000,
  panicPort: 0x505,
  apic: true,
});
const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
const text = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length)).replace(/\0+$/, '');

/** Memory of a system that follows the pointers. */
class Image {
  private readonly data: DataView;
  constructor(
    private readonly base: number,
    readonly bytes: Uint8Array,
  ) {
    this.data = new DataView(bytes.buffer, bytes.byteOffset);
  }
  u32(address: number): number {
    return this.data.getUint32(address - this.base, true);
  }
  table(address: number): Uint8Array {
    const start = address - this.base;
    return this.bytes.subarray(start, start + this.data.getUint32(start + 4, true));
  }
  signature(address: number): string {
    return text(this.bytes, address - this.base, 4);
  }
}

/** Follows the tree from an RSDP, as a kernel does. */
function check(image: Image, rsdp: Uint8Array): string[] {
  expect(text(rsdp, 0, 8)).toBe('RSD PTR ');
  expect(sum(rsdp)).toBe(0);
  const rsdt = new DataView(rsdp.buffer, rsdp.byteOffset).getUint32(16, true);
  const seen = [image.signature(rsdt)];
  expect(sum(image.table(rsdt))).toBe(0);
  const count = (image.table(rsdt).length - 36) / 4;
  for (let i = 0; i < count; i++) {
    const address = image.u32(rsdt + 36 + 4 * i);
    seen.push(image.signature(address));
    expect(sum(image.table(address))).toBe(0);
    if (image.signature(address) !== 'FACP') continue;
    const [facs, dsdt] = [image.u32(address + 36), image.u32(address + 40)];
    expect(facs % 64).toBe(0);
    expect(image.u32(address + 140)).toBe(dsdt);
    seen.push(image.signature(facs), image.signature(dsdt));
    expect(sum(image.table(dsdt))).toBe(0);
  }
  return seen;
}

const ALL = ['RSDT', 'FACP', 'FACS', 'DSDT', 'APIC'];

it('tables in place can be followed from the RSDP, and every sum is zero', () => {
  const bytes = acpiAt(0xe0000, tables);
  expect(check(new Image(0xe0000, bytes), bytes.subarray(0, 20))).toEqual(ALL);
});

it('without APICs there is no MADT', () => {
  const bytes = acpiAt(
    0xe0000,
    buildAcpi({
      pciWindow: [0xe0000000, 0xefffffff],
      serialPorts: [],
      generation: 0xfed50000,
      panicPort: 0x505,
      apic: false,
    }),
  );
  expect(check(new Image(0xe0000, bytes), bytes.subarray(0, 20))).toEqual(ALL.slice(0, 4));
});

it('firmware that runs the linker script gets the same tables', () => {
  const files = acpiFirmwareFiles(tables);
  const script = files.get('etc/table-loader') as Uint8Array;
  expect(script.length % 128).toBe(0);
  const loaded = new Map<string, { at: number; bytes: Uint8Array }>();
  const data = new DataView(script.buffer);
  const file = (at: number) => loaded.get(text(script, at, 56)) as { at: number; bytes: Uint8Array };
  for (let at = 0; at < script.length; at += 128) {
    const command = data.getUint32(at, true);
    if (command === 1) {
      const zone = script[at + 64];
      const bytes = (files.get(text(script, at + 4, 56)) as Uint8Array).slice();
      loaded.set(text(script, at + 4, 56), { at: zone === 2 ? 0xf5000 : 0x0ffe0000, bytes });
    } else if (command === 2) {
      const target = new DataView(file(at + 4).bytes.buffer);
      const offset = data.getUint32(at + 116, true);
      expect(script[at + 120]).toBe(4);
      target.setUint32(offset, target.getUint32(offset, true) + file(at + 60).at, true);
    } else {
      const [offset, start, length] = [60, 64, 68].map((field) => data.getUint32(at + field, true));
      const { bytes } = file(at + 4);
      bytes[offset] -= sum(bytes.subarray(start, start + length));
    }
  }
  const installed = loaded.get('etc/acpi/tables') as { at: number; bytes: Uint8Array };
  const rsdp = loaded.get('etc/acpi/rsdp') as { at: number; bytes: Uint8Array };
  expect(check(new Image(installed.at, installed.bytes), rsdp.bytes)).toEqual(ALL);
});

describe('AML', () => {
  it('encodes names', () => {
    expect(String.fromCharCode(...name('_SB'))).toBe('_SB_');
    expect(name('\\_SB.PCI0').slice(0, 2)).toEqual([0x5c, 0x2e]);
    expect(name('\\_SB.PCI0.ISA').slice(0, 3)).toEqual([0x5c, 0x2f, 3]);
  });

  it('encodes integers in the least bytes', () => {
    expect([0, 1, 0xff, 0x1234, 0x12345678].map((value) => integer(value).length)).toEqual([1, 1, 2, 3, 5]);
  });

  it('encodes identifiers as the specification does PNP0A03', () => {
    expect(eisaId('PNP0A03')).toEqual([0x0c, 0x41, 0xd0, 0x0a, 0x03]);
  });

  it.each([10, 57, 58, 63, 64, 4000, 4085, 4086, 4087, 5000])('measures a package of %i bytes', (size) => {
    const bytes = device('DEV', new Array(size).fill(0));
    const lead = bytes[2];
    const extra = lead >> 6;
    let length = extra === 0 ? lead & 0x3f : lead & 15;
    for (let i = 0; i < extra; i++) length |= bytes[3 + i] << (4 + 8 * i);
    expect(length).toBe(bytes.length - 2);
  });
});

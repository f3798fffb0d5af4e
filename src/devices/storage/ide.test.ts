import { beforeEach, describe, expect, it } from 'vitest';
import { AtaDisk } from './ata-disk.js';
import { Ide } from './ide.js';
import type { IdeChannel } from './ide-channel.js';
import { Pic } from '../interrupts/pic.js';
import { BenchDisk, BenchLine, BenchMemory } from '../test-bench.js';

const NAMES = { model: 'TABVISOR HARDDISK', serial: 'TV0001', firmware: '1.0' };
const SECTORS = 3000;
let memory: BenchMemory;
let disk: BenchDisk;
let irq: BenchLine;
let ide: Ide;
let channel: IdeChannel;

const out = (offset: number, value: number): void => channel.ports.writePort(offset, 1, value);
const input = (offset: number): number => channel.ports.readPort(offset, 1);
const bm = (offset: number, width: 1 | 4, value: number): void =>
  channel.busMaster.ports.writePort(offset, width, value);
const status = (): number => channel.controlPort.readPort(0, 1);

/** Issues a 28-bit LBA command on the master. */
function command(code: number, lba = 0, count = 1, features = 0): void {
  out(6, 0xe0 | (lba >>> 24));
  for (const [register, value] of [
    [1, features],
    [2, count],
    [3, lba],
    [4, lba >>> 8],
    [5, lba >>> 16],
  ]) {
    out(register, value & 0xff);
  }
  out(7, code);
}

function command48(code: number, lba: number, count: number): void {
  out(6, 0xe0);
  for (const [register, low, high] of [
    [2, count & 0xff, count >> 8],
    [3, lba & 0xff, (lba >>> 24) & 0xff],
    [4, (lba >>> 8) & 0xff, 0],
    [5, (lba >>> 16) & 0xff, 0],
  ]) {
    out(register, high);
    out(register, low);
  }
  out(7, code);
}

const readWords = (bytes: number): Uint8Array => {
  const data = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i += 2) {
    const word = channel.ports.readPort(0, 2);
    data[i] = word;
    data[i + 1] = word >> 8;
  }
  return data;
};
const sector = (lba: number): Uint8Array => disk.bytes.subarray(lba * 512, (lba + 1) * 512);

/** Describes regions of memory and starts the engine. */
function startDma(toMemory: boolean, ...regions: [address: number, length: number][]): void {
  regions.forEach(([address, length], i) => {
    memory.writeU32(0x8000 + 8 * i, address);
    memory.writeU32(0x8004 + 8 * i, (length & 0xffff) | (i === regions.length - 1 ? 0x80000000 : 0));
  });
  bm(4, 4, 0x8000);
  bm(2, 1, 0x06);
  bm(0, 1, toMemory ? 0x08 : 0x00);
  bm(0, 1, toMemory ? 0x09 : 0x01);
}
const dmaStatus = (): number => channel.busMaster.ports.readPort(2, 1) & 7;

beforeEach(() => {
  memory = new BenchMemory(1 << 20);
  disk = new BenchDisk(SECTORS * 512);
  disk.bytes.forEach((_, i) => {
    disk.bytes[i] = (i * 7 + (i >> 9)) & 0xff;
  });
  irq = new BenchLine();
  ide = new Ide({ memory, irqs: [irq, new BenchLine()], primary: [new AtaDisk(disk, NAMES), undefined] });
  channel = ide.primary;
});

it('an IDENTIFY whose status is read before interrupts are on raises none', () => {
  const intr = new BenchLine();
  const pic = new Pic(intr);
  for (const chip of [pic.masterPorts, pic.slavePorts]) {
    for (const [port, value] of [
      [0, 0x11],
      [1, 0x20],
      [1, 4],
      [1, 1],
      [1, 0],
    ])
      chip.writePort(port, 1, value);
  }
  const drive = new AtaDisk(disk, NAMES);
  ({ primary: channel } = new Ide({
    memory,
    irqs: [pic.line(14), new BenchLine()],
    primary: [drive, undefined],
    secondary: [undefined, undefined],
  }));
  command(0xec);
  expect(intr.level).toBe(true);
  expect(input(7) & 0x88).toBe(0x08);
  expect(intr.level).toBe(false);
  expect(pic.hasInterrupt()).toBe(false);
});

describe('detection', () => {
  it('shows the signature of a disk after reset, and nothing in the empty places', () => {
    channel.controlPort.writePort(0, 1, 0x04);
    expect(status()).toBe(0x80);
    channel.controlPort.writePort(0, 1, 0x00);
    expect([1, 2, 3, 4, 5].map(input)).toEqual([1, 1, 1, 0, 0]);
    expect(status()).toBe(0x50);
    out(6, 0xb0);
    out(2, 0x55);
    out(3, 0xaa);
    expect([2, 3, 7].map(input)).toEqual([0, 0, 0]);
    channel = ide.secondary;
    expect(input(7)).toBe(0);
  });

  it('identifies itself', () => {
    command(0xec);
    expect(irq.level).toBe(true);
    expect(input(7)).toBe(0x58);
    expect(irq.level).toBe(false);
    const words = new Uint16Array(readWords(512).buffer);
    expect(status()).toBe(0x50);
    const text = (from: number, to: number): string =>
      [...words.subarray(from, to)]
        .map((word) => String.fromCharCode(word >> 8, word & 0xff))
        .join('')
        .trim();
    expect(text(27, 47)).toBe(NAMES.model);
    expect(text(10, 20)).toBe(NAMES.serial);
    expect([words[1], words[3], words[6]]).toEqual([2, 16, 63]);
    expect(words[60] | (words[61] << 16)).toBe(SECTORS);
    expect(words[100]).toBe(SECTORS);
    expect(words[83] & 0x0400, '48-bit addresses').toBe(0x0400);
    expect(words[49] & 0x0300).toBe(0x0300);
    expect(words[47] & 0xff).toBe(16);
    expect(words[59]).toBe(0x0110);
  });

  it.each([
    [1, 2],
    [63 * 16 * 3, 3],
    [2 ** 28, 16383],
  ])('a disk of %i sectors has %i cylinders', (sectors, cylinders) => {
    const drive = new AtaDisk({ size: sectors * 512, readOnly: false, read() {}, write() {}, flush() {} }, NAMES);
    channel = new Ide({ memory, irqs: [irq, new BenchLine()], primary: [drive, undefined] }).primary;
    command(0xec);
    const words = new Uint16Array(readWords(512).buffer);
    expect([words[1], words[54]]).toEqual([cylinders, cylinders]);
    expect(words[60] + words[61] * 65536).toBe(Math.min(sectors, 0xfffffff));
  });

  it('is PIIX3 IDE with both channels decoded', () => {
    expect(ide.readConfig(0, 4)).toBe(0x70108086);
    expect(ide.readConfig(8, 4)).toBe(0x01018000);
    expect(ide.readConfig(0x40, 4)).toBe(0x80008000);
    expect(ide.readConfig(0x20, 4)).toBe(1);
  });
});

describe('PIO', () => {
  it('reads sectors, one interrupt for each', () => {
    irq.edges = 0;
    command(0x20, 5, 3);
    for (let i = 0; i < 3; i++) {
      expect(input(7)).toBe(0x58);
      expect(readWords(512)).toEqual(sector(5 + i));
    }
    expect(irq.edges).toBe(3);
    expect(input(7)).toBe(0x50);
    expect(irq.level).toBe(false);
  });

  it('reads by strings just as by single accesses', () => {
    command(0x20, 5, 3);
    const data = new Uint8Array(3 * 512);
    channel.ports.readPortString(0, 4, data);
    expect(data).toEqual(disk.bytes.slice(5 * 512, 8 * 512));
    expect(channel.ports.readPort(0, 2)).toBe(0xffff);
  });

  it('reads multiple sectors for one interrupt', () => {
    command(0xc6, 0, 0);
    command(0xc4, 0, 4);
    expect(input(7) & 1, 'switched off').toBe(1);
    command(0xc6, 0, 8);
    irq.edges = 0;
    command(0xc4, 10, 12);
    input(7);
    readWords(8 * 512);
    input(7);
    expect(readWords(4 * 512)).toEqual(disk.bytes.slice(18 * 512, 22 * 512));
    expect(irq.edges).toBe(2);
  });

  it('writes sectors: no interrupt before the first, one after each', () => {
    irq.edges = 0;
    command(0x30, 7, 2);
    expect(irq.level).toBe(false);
    expect(status()).toBe(0x58);
    const data = new Uint8Array(1024).map((_, i) => i * 3);
    for (let i = 0; i < 512; i += 2) channel.ports.writePort(0, 2, data[i] | (data[i + 1] << 8));
    expect(irq.edges).toBe(1);
    expect(input(7)).toBe(0x58);
    channel.ports.writePortString(0, 2, data.subarray(512));
    expect(irq.edges).toBe(2);
    expect(input(7)).toBe(0x50);
    expect(disk.bytes.slice(7 * 512, 9 * 512)).toEqual(data);
  });

  it('addresses by cylinder, head and sector', () => {
    out(6, 0xa0 | 3);
    out(2, 1);
    out(3, 5);
    out(4, 1);
    out(5, 0);
    out(7, 0x20);
    expect(input(7)).toBe(0x58);
    expect(readWords(512)).toEqual(sector((1 * 16 + 3) * 63 + 4));
    out(3, 0);
    out(7, 0x20);
    expect(input(7) & 1).toBe(1);
    expect(input(1)).toBe(0x10);
  });

  it('addresses with 48 bits and shows both halves', () => {
    command48(0x24, 2000, 2);
    expect(readWords(1024)).toEqual(disk.bytes.slice(2000 * 512, 2002 * 512));
    command48(0x24, 0x01000000, 1);
    expect(input(7) & 1).toBe(1);
    channel.controlPort.writePort(0, 1, 0x80);
    expect(input(3)).toBe(1);
  });

  it('holds interrupts back with nIEN', () => {
    channel.controlPort.writePort(0, 1, 0x02);
    command(0x20);
    expect(irq.level).toBe(false);
    channel.controlPort.writePort(0, 1, 0x00);
    expect(irq.level).toBe(true);
  });
});

describe('DMA', () => {
  it('reads into scattered regions, whichever side starts first', () => {
    for (const engineFirst of [false, true]) {
      memory.bytes.fill(0, 0x10000);
      if (engineFirst) startDma(true, [0x10000, 1000], [0x20002, 24], [0x30000, 512]);
      command(0xc8, 100, 3);
      if (!engineFirst) startDma(true, [0x10000, 1000], [0x20002, 24], [0x30000, 512]);
      expect(dmaStatus()).toBe(4);
      expect(irq.level).toBe(true);
      expect(input(7)).toBe(0x50);
      const want = disk.bytes.slice(100 * 512, 103 * 512);
      expect(memory.bytes.slice(0x10000, 0x10000 + 1000)).toEqual(want.slice(0, 1000));
      expect(memory.bytes.slice(0x20002, 0x20002 + 24)).toEqual(want.slice(1000, 1024));
      expect(memory.bytes.slice(0x30000, 0x30200)).toEqual(want.slice(1024));
      bm(0, 1, 0);
    }
  });

  it('writes', () => {
    memory.bytes.fill(0xab, 0x10000, 0x10000 + 512 * 200);
    command48(0x35, 1000, 200);
    startDma(false, [0x10000, 0x10000], [0x20000, 200 * 512 - 0x10000]);
    expect(input(7)).toBe(0x50);
    expect(disk.bytes.slice(1000 * 512, 1200 * 512).every((byte) => byte === 0xab)).toBe(true);
    expect(disk.bytes[1200 * 512]).not.toBe(0xab);
  });

  it('stops where the descriptors stop, and says when they were too many', () => {
    command(0xc8, 0, 2);
    startDma(true, [0x10000, 512]);
    expect(dmaStatus()).toBe(0);
    expect(irq.level).toBe(false);
    channel.controlPort.writePort(0, 1, 0x04);
    channel.controlPort.writePort(0, 1, 0x00);
    bm(0, 1, 0);
    command(0xc8, 0, 1);
    startDma(true, [0x10000, 1024]);
    expect(dmaStatus()).toBe(5);
    bm(0, 1, 0);
    expect(dmaStatus()).toBe(4);
  });

  it('survives a table without end and regions outside memory', () => {
    memory.bytes.fill(0);
    command48(0x25, 0, 3000);
    bm(4, 4, 0x80000);
    bm(0, 1, 0x09);
    expect(input(7)).toBe(0x50);
    bm(0, 1, 0);
    memory.writeU32(0x8000, 0xfffffffe);
    memory.writeU32(0x8004, 0x80000000);
    command(0xc8, 0, 2);
    bm(4, 4, 0x8000);
    bm(0, 1, 0x09);
    expect(input(7)).toBe(0x50);
  });
});

describe('other commands', () => {
  it('flush, verify, power and features', () => {
    command(0xe7);
    command(0xea);
    expect(disk.flushes).toBe(2);
    command(0x40, 0, 10);
    expect(input(7)).toBe(0x50);
    command(0xe5);
    expect(input(2)).toBe(0xff);
    command(0xef, 0, 0x44, 0x03);
    expect(input(7)).toBe(0x50);
    command(0xec);
    const words = new Uint16Array(readWords(512).buffer);
    expect(words[88] >> 8).toBe(1 << 4);
    command(0xef, 0, 0, 0x82);
    command(0x30);
    channel.ports.writePortString(0, 2, new Uint8Array(512));
    expect(disk.flushes, 'without a cache each write is flushed').toBe(4);
  });

  it('tells its size and takes a geometry', () => {
    command(0xf8);
    expect([3, 4, 5].map(input)).toEqual([(SECTORS - 1) & 0xff, (SECTORS - 1) >> 8, 0]);
    out(6, 0xa0 | 7);
    out(2, 32);
    out(7, 0x91);
    command(0xec);
    const words = new Uint16Array(readWords(512).buffer);
    expect([words[55], words[56]]).toEqual([8, 32]);
  });

  it('refuses what it does not announce', () => {
    for (const code of [0x00, 0x06, 0xb0, 0xf1, 0xa0, 0xa1, 0xf9]) {
      command(code);
      expect(input(7)).toBe(0x51);
      expect(input(1)).toBe(0x04);
    }
  });

  it('runs the diagnostic', () => {
    out(7, 0x90);
    expect(input(1)).toBe(1);
    expect([2, 3, 4, 5].map(input)).toEqual([1, 1, 0, 0]);
  });
});

describe('failures', () => {
  it('beyond the end', () => {
    command(0x20, SECTORS - 1, 2);
    expect(input(7)).toBe(0x51);
    expect(input(1)).toBe(0x10);
  });

  it('of the host become errors of the disk, and the machine goes on', () => {
    disk.failing = true;
    command(0x20, 9);
    expect(input(7)).toBe(0x51);
    expect(input(1)).toBe(0x40);
    expect(input(3)).toBe(9);
    command(0xc8, 9);
    startDma(true, [0x10000, 512]);
    expect(input(7)).toBe(0x51);
    expect(dmaStatus() & 4).toBe(4);
    command(0x30, 9);
    channel.ports.writePortString(0, 2, new Uint8Array(512));
    expect(input(7) & 0x21).toBe(0x21);
    command(0xe7);
    expect(input(7) & 1).toBe(1);
    disk.failing = false;
    command(0x20, 9);
    expect(input(7)).toBe(0x58);
  });

  it('of writing to a read-only disk', () => {
    ide = new Ide({
      memory,
      irqs: [irq, new BenchLine()],
      primary: [new AtaDisk(new BenchDisk(512 * 100, true), NAMES), undefined],
    });
    channel = ide.primary;
    command(0x30);
    expect(input(7)).toBe(0x51);
  });
});

it('saves and restores in the middle of a read', () => {
  command(0x20, 5, 2);
  input(7);
  readWords(256);
  const state = structuredClone(ide.save());
  const line = new BenchLine();
  const other = new Ide({
    memory,
    irqs: [line, new BenchLine()],
    primary: [new AtaDisk(disk, NAMES), undefined],
  });
  other.restore(state);
  channel = other.primary;
  expect(readWords(256)).toEqual(sector(5).slice(256));
  expect(line.level).toBe(true);
  expect(readWords(512)).toEqual(sector(6));
});

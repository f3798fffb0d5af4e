import { beforeEach, describe, expect, it } from 'vitest';
import { AtapiCdrom } from './atapi-cdrom.js';
import { Ide } from './ide.js';
import type { IdeChannel } from './ide-channel.js';
import { BenchDisk, BenchLine, BenchMemory } from '../test-bench.js';

const NAMES = { model: 'TABVISOR CD-ROM', serial: 'TV0002', firmware: '1.0' };
const SECTORS = 300;
let memory: BenchMemory;
let disc: BenchDisk;
let irq: BenchLine;
let drive: AtapiCdrom;
let channel: IdeChannel;

const out = (offset: number, value: number): void => channel.ports.writePort(offset, 1, value);
const input = (offset: number): number => channel.ports.readPort(offset, 1);

/** Sends a packet and reads its reply block by block, as the byte counts say; returns it with the last status. */
function packet(bytes: number[], limit = 2048): { data: number[]; status: number; error: number; blocks: number } {
  out(6, 0xa0);
  out(1, 0);
  out(4, limit & 0xff);
  out(5, limit >> 8);
  out(7, 0xa0);
  expect(input(7) & 0x89).toBe(0x08);
  expect(input(2)).toBe(1);
  channel.ports.writePortString(
    0,
    2,
    Uint8Array.from({ length: 12 }, (_, i) => bytes[i] ?? 0),
  );
  const data: number[] = [];
  let blocks = 0;
  for (;;) {
    expect(irq.level).toBe(true);
    const status = input(7);
    if (!(status & 0x08)) {
      expect(input(2)).toBe(3);
      return { data, status, error: input(1), blocks };
    }
    expect(input(2)).toBe(2);
    const length = input(4) | (input(5) << 8);
    expect(length).toBeLessThanOrEqual(limit);
    const block = new Uint8Array((length + 1) & ~1);
    channel.ports.readPortString(0, 2, block);
    data.push(...block.subarray(0, length));
    blocks++;
  }
}
const sense = (): number[] => {
  const { data } = packet([0x03, 0, 0, 0, 18]);
  return [data[2], data[12], data[13]];
};

beforeEach(() => {
  memory = new BenchMemory(1 << 20);
  disc = new BenchDisk(SECTORS * 2048, true);
  disc.bytes.forEach((_, i) => {
    disc.bytes[i] = (i * 5 + (i >> 11)) & 0xff;
  });
  irq = new BenchLine();
  drive = new AtapiCdrom(disc, NAMES);
  channel = new Ide({ memory, irqs: [new BenchLine(), irq], secondary: [drive, undefined] }).secondary;
});

it('has the signature of a packet device, and aborts IDENTIFY DEVICE with it', () => {
  expect([2, 3, 4, 5, 7].map(input)).toEqual([1, 1, 0x14, 0xeb, 0]);
  out(4, 0);
  out(7, 0xec);
  expect(input(7)).toBe(0x51);
  expect([input(4), input(5)]).toEqual([0x14, 0xeb]);
  out(7, 0xa1);
  expect(input(7)).toBe(0x58);
  expect(channel.ports.readPort(0, 2)).toBe(0x85c0);
});

describe('reading', () => {
  it('by PIO in blocks of the limit', () => {
    const { data, status, blocks } = packet([0x28, 0, 0, 0, 0, 10, 0, 0, 3]);
    expect(status).toBe(0x50);
    expect(blocks).toBe(3);
    expect(Uint8Array.from(data)).toEqual(disc.bytes.slice(10 * 2048, 13 * 2048));
  });

  it('more than the buffer holds, with an odd limit', () => {
    const { data } = packet([0xa8, 0, 0, 0, 0, 0, 0, 0, 0, 70], 0x3333);
    expect(Uint8Array.from(data)).toEqual(disc.bytes.slice(0, 70 * 2048));
  });

  it('by DMA', () => {
    memory.writeU32(0x8000, 0x10000);
    memory.writeU32(0x8004, 0x00000000);
    memory.writeU32(0x8008, 0x20000);
    memory.writeU32(0x800c, 0x80000000 + 40 * 2048 - 0x10000);
    channel.busMaster.ports.writePort(4, 4, 0x8000);
    channel.busMaster.ports.writePort(0, 1, 0x08);
    out(6, 0xa0);
    out(1, 1);
    out(7, 0xa0);
    channel.ports.writePortString(0, 2, Uint8Array.of(0x28, 0, 0, 0, 0, 100, 0, 0, 40, 0, 0, 0));
    expect(irq.level).toBe(false);
    channel.busMaster.ports.writePort(0, 1, 0x09);
    expect(irq.level).toBe(true);
    expect(channel.busMaster.ports.readPort(2, 1)).toBe(4);
    expect(input(7)).toBe(0x50);
    expect(memory.bytes.slice(0x10000, 0x10000 + 40 * 2048)).toEqual(disc.bytes.slice(100 * 2048, 140 * 2048));
  });

  it('beyond the end, or from a failing host, is an error with sense', () => {
    expect(packet([0x28, 0, 0, 0, 0x01, 0x2b, 0, 0, 2]).error).toBe(0x54);
    expect(sense()).toEqual([5, 0x21, 0]);
    disc.failing = true;
    expect(packet([0x28, 0, 0, 0, 0, 0, 0, 0, 1]).status & 1).toBe(1);
    expect(sense()).toEqual([3, 0x11, 0]);
    expect(sense(), 'told once').toEqual([0, 0, 0]);
  });
});

describe('asking', () => {
  it('what it is', () => {
    const { data } = packet([0x12, 0, 0, 0, 36]);
    expect(data.length).toBe(36);
    expect(data.slice(0, 2)).toEqual([5, 0x80]);
    expect(String.fromCharCode(...data.slice(16, 32)).trim()).toBe(NAMES.model);
    expect(packet([0x12, 0, 0, 0, 5]).data.length).toBe(5);
  });

  it('how large the disc is', () => {
    expect(packet([0x25]).data).toEqual([0, 0, 0x01, 0x2b, 0, 0, 8, 0]);
  });

  it('for its contents', () => {
    const { data } = packet([0x43, 0, 0, 0, 0, 0, 0, 0, 0xff]);
    expect(data).toEqual([0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, 0, 0, 0x01, 0x2c]);
    expect(packet([0x43, 2, 0, 0, 0, 0, 0xaa, 0, 0xff]).data.slice(-3)).toEqual([0, 6, 0]);
    expect(packet([0x43, 0, 0, 0, 0, 0, 5, 0, 0xff]).error).toBe(0x54);
  });

  it('for configuration, events, pages and status', () => {
    expect(packet([0x46, 0, 0, 0, 0, 0, 0, 1, 0]).data.slice(6, 8)).toEqual([0, 8]);
    expect(packet([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8]).data).toEqual([0, 6, 4, 0x10, 0, 2, 0, 0]);
    expect(packet([0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 128]).data[8]).toBe(0x2a);
    expect(packet([0x51, 0, 0, 0, 0, 0, 0, 0, 34]).data.length).toBe(34);
    expect(packet([0x52, 1, 0, 0, 0, 1, 0, 0, 36]).data.length).toBe(36);
    expect(packet([0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8]).data.length).toBe(8);
  });

  it('for what it cannot do', () => {
    expect(packet([0x2a]).error).toBe(0x54);
    expect(sense()).toEqual([5, 0x20, 0]);
  });
});

describe('discs', () => {
  it('are missed, and noticed when they come', () => {
    drive.insert(undefined);
    expect(packet([0x00]).error).toBe(0x24);
    expect(sense()).toEqual([2, 0x3a, 0]);
    expect(packet([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8]).data.slice(4, 6)).toEqual([3, 0]);
    drive.insert(new BenchDisk(2048 * 10, true));
    expect(packet([0x00]).error).toBe(0x64);
    expect(sense()).toEqual([6, 0x28, 0]);
    expect(packet([0x00]).status).toBe(0x50);
    expect(packet([0x25]).data[3]).toBe(9);
  });

  it('are ejected and loaded, unless locked', () => {
    packet([0x1e, 0, 0, 0, 1]);
    expect(packet([0x1b, 0, 0, 0, 2]).error).toBe(0x54);
    packet([0x1e, 0, 0, 0, 0]);
    expect(packet([0x1b, 0, 0, 0, 2]).status).toBe(0x50);
    expect(packet([0x00]).error).toBe(0x24);
    packet([0x1b, 0, 0, 0, 3]);
    expect(packet([0x00]).status).toBe(0x50);
  });
});

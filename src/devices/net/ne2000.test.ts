import { beforeEach, describe, expect, it } from 'vitest';
import type { StringPortDevice } from '../device.js';
import { crc32OfAddress } from './ethernet-hash.js';
import { Ne2000 } from './ne2000.js';
import { BenchLine } from '../test-bench.js';

const ADDRESS = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56);
const RING_START = 0x4c;
const RING_STOP = 0x80;
let irq: BenchLine;
let sent: Uint8Array[];
let card: Ne2000;
let ports: StringPortDevice;
const out = (offset: number, value: number): void => ports.writePort(offset, 1, value);
const input = (offset: number): number => ports.readPort(offset, 1);

function plug(device: Ne2000, line: BenchLine): StringPortDevice {
  let found: StringPortDevice | undefined;
  device.attach(
    {
      map: (range) => {
        if (range.kind === 'io') found = range.ports as StringPortDevice;
      },
      unmap: () => {},
    },
    line,
  );
  device.writeConfig(0x10, 4, 0xc000);
  device.writeConfig(0x04, 2, 1);
  if (!found) throw new Error('BAR 0 is not mapped');
  return found;
}

/** Reads packet memory through the data port, as drivers do. */
function remoteRead(address: number, length: number): Uint8Array {
  out(0, 0x22);
  out(0x0a, length & 0xff);
  out(0x0b, length >> 8);
  out(0x08, address & 0xff);
  out(0x09, address >> 8);
  out(0, 0x0a);
  const data = new Uint8Array(length);
  ports.readPortString(0x10, 2, data);
  expect(input(7) & 0x40).toBe(0x40);
  out(7, 0x40);
  return data;
}

function remoteWrite(address: number, data: Uint8Array): void {
  out(0, 0x22);
  out(0x0a, data.length & 0xff);
  out(0x0b, data.length >> 8);
  out(0x08, address & 0xff);
  out(0x09, address >> 8);
  out(0, 0x12);
  ports.writePortString(0x10, 2, data);
  expect(input(7) & 0x40).toBe(0x40);
  out(7, 0x40);
}

/** Sets the card up as the 8390 driver of Linux does. */
function open(receiveControl = 0x04): void {
  for (const [register, value] of [
    [0x00, 0x21],
    [0x0e, 0x49],
    [0x0a, 0],
    [0x0b, 0],
    [0x0c, 0x20],
    [0x0d, 0x02],
    [0x01, RING_START],
    [0x03, RING_STOP - 1],
    [0x02, RING_STOP],
    [0x07, 0xff],
    [0x00, 0x61],
  ])
    out(register, value);
  ADDRESS.forEach((byte, i) => {
    out(1 + i, byte);
  });
  out(7, RING_START);
  out(0, 0x22);
  out(0x0f, 0x1b);
  out(0x0d, 0);
  out(0x0c, receiveControl);
}

const frame = (destination: ArrayLike<number>, length = 100): Uint8Array => {
  const bytes = new Uint8Array(length).map((_, i) => i * 3);
  bytes.set(Array.from(destination));
  return bytes;
};
const current = (): number => {
  out(0, 0x62);
  const page = input(7);
  out(0, 0x22);
  return page;
};

beforeEach(() => {
  irq = new BenchLine();
  sent = [];
  card = new Ne2000({ address: ADDRESS, send: (bytes) => sent.push(bytes) });
  ports = plug(card, irq);
});

describe('probe of ne2k-pci', () => {
  it('finds tallies that clear, a reset that is shown, and the address in the PROM', () => {
    expect(input(0)).not.toBe(0xff);
    out(0, 0x61);
    out(0x0d, 0xff);
    out(0, 0x20);
    expect(input(0x0d)).toBe(0);
    out(0x1f, input(0x1f));
    expect(input(7) & 0x80).toBe(0x80);
    out(7, 0xff);
    for (const [register, value] of [
      [0, 0x21],
      [0x0e, 0x49],
      [0x0a, 32],
      [0x0b, 0],
      [8, 0],
      [9, 0],
      [0, 0x0a],
    ])
      out(register, value);
    const prom = Array.from({ length: 32 }, () => input(0x10));
    expect(prom.slice(0, 6)).toEqual([...ADDRESS]);
    expect(prom.slice(14, 16)).toEqual([0x57, 0x57]);
    expect([input(0x0a), input(0x0b)]).toEqual([0x50, 0x70]);
  });
});

describe('sending', () => {
  it('takes a frame from packet memory and interrupts', () => {
    open();
    const bytes = frame([1, 2, 3, 4, 5, 6], 64);
    remoteWrite(0x4000, bytes);
    out(0x04, 0x40);
    out(0x05, 64);
    out(0x06, 0);
    out(0, 0x26);
    expect(sent).toEqual([bytes]);
    expect(irq.level).toBe(true);
    expect(input(7)).toBe(0x02);
    out(7, 0x02);
    expect(irq.level).toBe(false);
    expect(input(0) & 4, 'done').toBe(0);
  });

  it('in loopback keeps it inside', () => {
    open();
    out(0x0d, 0x02);
    remoteWrite(0x4000, frame(ADDRESS, 64));
    out(0x04, 0x40);
    out(0x05, 64);
    out(0, 0x26);
    expect(sent).toEqual([]);
    expect(current()).toBe(RING_START + 1);
  });
});

describe('receiving', () => {
  it('stores frames with their header in the ring and interrupts', () => {
    open();
    expect(card.receive(frame(ADDRESS, 300))).toBe(true);
    expect(irq.level).toBe(true);
    expect(current()).toBe(RING_START + 2);
    const stored = remoteRead(RING_START * 256, 304);
    expect([...stored.subarray(0, 4)]).toEqual([1, RING_START + 2, 308 & 0xff, 308 >> 8]);
    expect(stored.subarray(4)).toEqual(frame(ADDRESS, 300));
  });

  it('pads short frames', () => {
    open();
    card.receive(frame(ADDRESS, 20));
    expect([...remoteRead(RING_START * 256, 4)].slice(2)).toEqual([68, 0]);
  });

  it('takes the pages that drivers count with, and one more when the last is full', () => {
    for (let length = 60; length <= 1514; length++) {
      open();
      const from = current();
      card.receive(frame(ADDRESS, length));
      // Linux drivers/net/ethernet/8390/lib8390.c, ei_receive: a frame whose next one is elsewhere is thrown away
      expect(current()).toBe(from + 1 + ((length + 8) >> 8));
    }
  });

  it('takes what it has said that it has room for', () => {
    for (const length of [60, 248, 700, 1514]) {
      open();
      for (let i = 0; i < 100 && card.canReceive(); i++) expect(card.receive(frame(ADDRESS, length))).toBe(true);
      expect(card.receive(frame(ADDRESS, 1514))).toBe(false);
    }
  });

  it('wraps at the end of the ring, and the data port with it', () => {
    open();
    let read = RING_START;
    let wrapped = false;
    for (let i = 0; i < 40; i++) {
      const bytes = frame(ADDRESS, 700 + i);
      expect(card.receive(bytes)).toBe(true);
      const header = remoteRead(read * 256, 4);
      const length = header[2] | (header[3] << 8);
      expect(length).toBe(700 + i + 8);
      expect(remoteRead(read * 256 + 4, 700)).toEqual(bytes.subarray(0, 700));
      wrapped ||= header[1] < read;
      read = header[1];
      out(3, read === RING_START ? RING_STOP - 1 : read - 1);
    }
    expect(wrapped).toBe(true);
  });

  it('says when the ring is full, and the frame is not taken', () => {
    open();
    let taken = 0;
    while (taken < 100 && card.receive(frame(ADDRESS, 1514))) taken++;
    expect(taken).toBe(8);
    expect(card.canReceive()).toBe(false);
    expect(input(7) & 0x10).toBe(0x10);
  });

  it('filters addresses', () => {
    const group = [0x01, 0x00, 0x5e, 0x00, 0x00, 0x01];
    const reached = (receiveControl: number, destination: ArrayLike<number>): boolean => {
      open(receiveControl);
      card.receive(frame(destination));
      return current() !== RING_START;
    };
    expect(reached(0x00, ADDRESS)).toBe(true);
    expect(reached(0x00, [2, 2, 2, 2, 2, 2])).toBe(false);
    expect(reached(0x10, [2, 2, 2, 2, 2, 2])).toBe(true);
    expect(reached(0x00, new Array(6).fill(0xff))).toBe(false);
    expect(reached(0x04, new Array(6).fill(0xff))).toBe(true);
    expect(reached(0x08, group)).toBe(false);
    expect(reached(0x30, ADDRESS), 'monitor').toBe(false);
    const hash = crc32OfAddress(Uint8Array.from(group)) >>> 26;
    out(0, 0x61);
    out(8 + (hash >> 3), 1 << (hash & 7));
    out(0, 0x22);
    expect(reached(0x08, group)).toBe(true);
  });

  it('takes nothing while stopped or without a ring', () => {
    expect(card.receive(frame(ADDRESS))).toBe(false);
    open();
    out(0, 0x21);
    expect(card.canReceive()).toBe(false);
  });
});

it('saves and restores with a frame in the ring', () => {
  open();
  card.receive(frame(ADDRESS));
  const state = structuredClone(card.save());
  const line = new BenchLine();
  const other = new Ne2000({ address: ADDRESS, send: () => {} });
  ports = plug(other, line);
  other.restore(state);
  expect(line.level).toBe(true);
  expect(remoteRead(RING_START * 256 + 4, 100)).toEqual(frame(ADDRESS));
});

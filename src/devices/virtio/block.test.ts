// The disk's requests, sound and not, on a disk in memory.
import { beforeEach, describe, expect, test } from 'vitest';
import { BenchDisk, BenchTimers } from '../test-bench.js';
import { VirtioBlock } from './block.js';
import { BUFFERS, DESCRIPTOR, STATUS, TestDriver } from './test-driver.js';

const { WRITE } = DESCRIPTOR;
const SIZE = 64 * 1024;
const REQUEST = { IN: 0, OUT: 1, FLUSH: 4, GET_ID: 8, DISCARD: 11, WRITE_ZEROES: 13 };
const [OK, IOERR, UNSUPP] = [0, 1, 2];
const DATA = BUFFERS + 0x1000;
const RESULT = BUFFERS + 0x8000;

let disk: BenchDisk;
let driver: TestDriver;
let timers: BenchTimers;

function setUp(readOnly = false): void {
  disk = new BenchDisk(SIZE, readOnly);
  timers = new BenchTimers();
  driver = new TestDriver((memory) => new VirtioBlock({ memory, timers, backend: disk, serial: 'SERIAL-0' }));
  driver.start();
}
beforeEach(() => setUp());

/** Status of the request and what the used ring says was written. */
function request(type: number, sector: number, data: { length: number; flags?: number }[]): [number, number] {
  const view = new DataView(driver.memory.bytes.buffer);
  view.setUint32(BUFFERS, type, true);
  view.setUint32(BUFFERS + 8, sector % 2 ** 32, true);
  view.setUint32(BUFFERS + 12, Math.floor(sector / 2 ** 32), true);
  view.setUint8(RESULT, 0xee);
  let at = DATA;
  const parts = data.map((part) => {
    const one = { ...part, address: at };
    at += part.length;
    return one;
  });
  const before = driver.usedIndex(0);
  driver.send(0, [{ address: BUFFERS, length: 16 }, ...parts, { address: RESULT, length: 1, flags: WRITE }]);
  expect(driver.usedIndex(0)).toBe(before + 1);
  return [view.getUint8(RESULT), driver.used(0, before % 8).length];
}

test('reads and writes, in pieces', () => {
  disk.bytes.fill(0x11, 1024, 1536).fill(0x22, 1536, 2048);
  expect(
    request(REQUEST.IN, 2, [
      { length: 100, flags: WRITE },
      { length: 924, flags: WRITE },
    ]),
  ).toEqual([OK, 1025]);
  expect(driver.memory.bytes[DATA]).toBe(0x11);
  expect(driver.memory.bytes[DATA + 1023]).toBe(0x22);
  driver.memory.bytes.fill(0x33, DATA, DATA + 512);
  expect(request(REQUEST.OUT, 127, [{ length: 12 }, { length: 500 }])).toEqual([OK, 1]);
  expect(disk.bytes.subarray(SIZE - 512).every((byte) => byte === 0x33)).toBe(true);
});

test('flush, and the serial number', () => {
  expect(request(REQUEST.FLUSH, 0, [])).toEqual([OK, 1]);
  expect(disk.flushes).toBe(1);
  expect(request(REQUEST.GET_ID, 0, [{ length: 20, flags: WRITE }])[0]).toBe(OK);
  expect(String.fromCharCode(...driver.memory.bytes.subarray(DATA, DATA + 9))).toBe('SERIAL-0\0');
});

test('ranges of zeros and of nothing', () => {
  disk.bytes.fill(0x44);
  const view = new DataView(driver.memory.bytes.buffer);
  const range = (at: number, sector: number, sectors: number, flags = 0): void => {
    view.setUint32(at, sector, true);
    view.setUint32(at + 8, sectors, true);
    view.setUint32(at + 12, flags, true);
  };
  range(DATA, 1, 2);
  range(DATA + 16, 10, 1, 1);
  expect(request(REQUEST.WRITE_ZEROES, 0, [{ length: 32 }])[0]).toBe(OK);
  expect([...new Set(disk.bytes.subarray(512, 1536))]).toEqual([0]);
  expect(disk.bytes[5120]).toBe(0);
  expect(disk.bytes[1536]).toBe(0x44);
  range(DATA, 3, 1);
  expect(request(REQUEST.DISCARD, 0, [{ length: 16 }])[0]).toBe(OK);
  for (const [sector, sectors, flags] of [
    [128, 1, 0],
    [0, 40000, 0],
    [0, 1, 2],
    [0xffffffff, 0xffffffff, 0],
  ]) {
    range(DATA, sector, sectors, flags);
    expect(request(REQUEST.WRITE_ZEROES, 0, [{ length: 16 }])[0]).toBe(IOERR);
  }
  expect(request(REQUEST.WRITE_ZEROES, 0, [{ length: 15 }])[0]).toBe(IOERR);
});

describe('what cannot be done is an error to the guest', () => {
  test.each([
    ['behind the end', REQUEST.IN, 128, 512],
    ['across the end', REQUEST.IN, 127, 1024],
    ['far behind the end', REQUEST.IN, 2 ** 55 - 1, 512],
    ['no whole sector', REQUEST.IN, 0, 100],
  ])('%s', (_name, type, sector, length) => {
    expect(request(type, sector, [{ length, flags: WRITE }])[0]).toBe(IOERR);
  });

  test('an unknown request', () => {
    expect(request(99, 0, [])[0]).toBe(UNSUPP);
  });

  test('a failing host', () => {
    disk.failing = true;
    expect(request(REQUEST.IN, 0, [{ length: 512, flags: WRITE }])[0]).toBe(IOERR);
    expect(request(REQUEST.FLUSH, 0, [])[0]).toBe(IOERR);
  });

  test('writing what is read-only', () => {
    setUp(true);
    expect(driver.device.offered[0] & (1 << 5)).not.toBe(0);
    expect(request(REQUEST.OUT, 0, [{ length: 512 }])[0]).toBe(IOERR);
    expect(request(REQUEST.WRITE_ZEROES, 0, [{ length: 16 }])[0]).toBe(IOERR);
  });
});

test('without a status byte or a header there is nothing to answer: the device asks for a reset', () => {
  driver.send(0, [{ address: BUFFERS, length: 16 }]);
  expect(driver.status & STATUS.NEEDS_RESET).toBe(STATUS.NEEDS_RESET);
  driver.start();
  driver.send(0, [
    { address: BUFFERS, length: 8 },
    { address: RESULT, length: 1, flags: WRITE },
  ]);
  expect(driver.status & STATUS.NEEDS_RESET).toBe(STATUS.NEEDS_RESET);
});

test('much work is done in turns', () => {
  const big = new BenchDisk(64 * 1024 * 1024);
  const big_driver = new TestDriver((memory) => new VirtioBlock({ memory, timers, backend: big, serial: '' }));
  big_driver.start();
  let reads = 0;
  big.read = () => {
    reads++;
  };
  // each request: all of memory, many times over
  const view = new DataView(big_driver.memory.bytes.buffer);
  view.setUint32(BUFFERS, REQUEST.IN, true);
  big_driver.describe(0, 0, { address: BUFFERS, length: 16, flags: DESCRIPTOR.NEXT, next: 1 });
  for (let i = 1; i < 7; i++) {
    big_driver.describe(0, i, { address: 0, length: 1 << 20, flags: WRITE | DESCRIPTOR.NEXT, next: i + 1 });
  }
  big_driver.describe(0, 7, { address: RESULT, length: 1, flags: WRITE });
  for (let i = 0; i < 8; i++) big_driver.offer(0, 0);
  big_driver.notify(0);
  expect(big_driver.usedIndex(0)).toBe(6);
  expect(reads).toBe(36);
  timers.advance(1);
  expect(big_driver.usedIndex(0)).toBe(8);
});

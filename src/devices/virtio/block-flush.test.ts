// A flush that goes on beside the CPU: its end, what overtakes it, and what may not be touched any more when it comes.
import { beforeEach, describe, expect, test } from 'vitest';
import { BlockError } from '../storage/block-backend.js';
import { InFlight } from '../storage/in-flight.js';
import { BenchDisk, BenchTimers } from '../test-bench.js';
import { VirtioBlock } from './block.js';
import { BUFFERS, DESCRIPTOR, STATUS, TestDriver } from './test-driver.js';

const { NEXT, WRITE } = DESCRIPTOR;
const REQUEST = { IN: 0, FLUSH: 4 };
const [OK, IOERR, UNTOUCHED] = [0, 1, 0xee];
const RESULT = BUFFERS + 0x8000;
const DATA = BUFFERS + 0x1000;

/** Its flushes end when the test says so. */
class SlowDisk extends BenchDisk {
  readonly ends: { resolve: () => void; reject: (error: Error) => void }[] = [];

  flushBeside(): Promise<void> {
    return new Promise((resolve, reject) => void this.ends.push({ resolve, reject }));
  }
}

let disk: SlowDisk;
let driver: TestDriver;
let inFlight: InFlight;
let ended: number;

function setUp(beside = true): void {
  disk = new SlowDisk(64 * 1024);
  ended = 0;
  inFlight = new InFlight(() => void ended++);
  const how = { timers: new BenchTimers(), backend: disk, serial: '', inFlight: beside ? inFlight : undefined };
  driver = new TestDriver((memory) => new VirtioBlock({ memory, ...how }));
  driver.start();
  const view = new DataView(driver.memory.bytes.buffer);
  view.setUint32(BUFFERS, REQUEST.FLUSH, true);
  view.setUint32(BUFFERS + 16, REQUEST.IN, true);
  driver.memory.bytes.fill(UNTOUCHED, RESULT, RESULT + 2);
  driver.describe(0, 0, { address: BUFFERS, length: 16, flags: NEXT, next: 1 });
  driver.describe(0, 1, { address: RESULT, length: 1, flags: WRITE });
  driver.describe(0, 2, { address: BUFFERS + 16, length: 16, flags: NEXT, next: 3 });
  driver.describe(0, 3, { address: DATA, length: 512, flags: NEXT | WRITE, next: 4 });
  driver.describe(0, 4, { address: RESULT + 1, length: 1, flags: WRITE });
}
beforeEach(() => setUp());

const FLUSH = 0;
const READ = 2;
const status = (index: number): number => driver.memory.bytes[RESULT + index];
const begin = (...heads: number[]): void => {
  for (const head of heads) driver.offer(0, head);
  driver.notify(0);
};
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('it ends later, with an interrupt, and a read overtakes it', async () => {
  begin(FLUSH, READ);
  expect([driver.usedIndex(0), driver.used(0, 0).head, inFlight.count]).toEqual([1, READ, 1]);
  expect([status(0), status(1)]).toEqual([UNTOUCHED, OK]);
  expect(driver.isr).toBe(1);
  driver.setUsedEvent(0, 1);
  disk.ends[0].resolve();
  await settled();
  expect([driver.usedIndex(0), driver.used(0, 1), status(0)]).toEqual([2, { head: FLUSH, length: 1 }, OK]);
  expect([driver.isr, inFlight.count, ended]).toEqual([1, 0, 1]);
});

test('a host that fails is an error of that request', async () => {
  begin(FLUSH);
  disk.ends[0].reject(new BlockError('the host disk failed'));
  await settled();
  expect([driver.usedIndex(0), status(0)]).toEqual([1, IOERR]);
});

describe('a flush that ends too late touches nothing', () => {
  test('after a reset', async () => {
    begin(FLUSH);
    driver.start();
    driver.memory.bytes.fill(0, 0x10000 + 0x6000, 0x10000 + 0x6100);
    disk.ends[0].resolve();
    await settled();
    expect([driver.usedIndex(0), status(0), inFlight.count, ended]).toEqual([0, UNTOUCHED, 0, 1]);
  });

  test('after the driver has broken the ring', async () => {
    begin(FLUSH);
    driver.setAvailIndex(0, 100);
    driver.notify(0);
    expect(driver.status & STATUS.NEEDS_RESET).toBe(STATUS.NEEDS_RESET);
    disk.ends[0].resolve();
    await settled();
    expect([driver.usedIndex(0), status(0)]).toEqual([0, UNTOUCHED]);
  });
});

test('a driver that offers one flush again and again has 64 on their way', async () => {
  for (let i = 0; i < 9; i++) begin(...Array.from({ length: 8 }, () => FLUSH));
  expect([disk.ends.length, inFlight.count]).toEqual([64, 64]);
  disk.ends[0].resolve();
  await settled();
  expect([disk.ends.length, inFlight.count, driver.usedIndex(0)]).toEqual([65, 64, 1]);
});

test('with a clock that counts instructions everything is done before the guest goes on', () => {
  setUp(false);
  begin(FLUSH);
  expect([driver.usedIndex(0), status(0), disk.flushes, disk.ends.length]).toEqual([1, OK, 1, 0]);
});

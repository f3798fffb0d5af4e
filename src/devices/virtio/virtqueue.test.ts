// Hostile and honest rings on a device that echoes: what it was sent comes back, and a broken rule stops it without any other effect.
import { beforeEach, describe, expect, test } from 'vitest';
import { gather, scatter } from './buffers.js';
import { BUFFERS, COMMON, DESCRIPTOR, STATUS, TestDriver } from './test-driver.js';
import { VirtioDevice } from './virtio-device.js';
import type { Virtqueue } from './virtqueue.js';

const { NEXT, WRITE, INDIRECT } = DESCRIPTOR;
const A = BUFFERS;
const B = BUFFERS + 0x1000;
const TABLE = BUFFERS + 0x2000;

class Echo extends VirtioDevice {
  readonly config = new Uint8Array(0);
  served = 0;

  protected serve(_index: number, queue: Virtqueue): void {
    for (let chain = queue.next(); chain; chain = queue.next()) {
      this.served++;
      const data = new Uint8Array(chain.readableBytes);
      gather(chain.readable, 0, data);
      queue.push(chain, scatter(chain.writable, 0, data));
    }
  }
}

let driver: TestDriver;
let echo: Echo;

beforeEach(() => {
  driver = new TestDriver((memory) => {
    echo = new Echo(memory, { type: 60, features: [0], queues: [8] });
    return echo;
  });
});

const text = (at: number, length: number): string =>
  String.fromCharCode(...driver.memory.bytes.subarray(at, at + length));
const put = (at: number, bytes: string): void =>
  driver.memory.bytes.set(
    [...bytes].map((c) => c.charCodeAt(0)),
    at,
  );

test('a chain of several buffers is read and written in order', () => {
  driver.start();
  put(A, 'one two ');
  put(A + 100, 'three');
  driver.send(0, [
    { address: A, length: 8 },
    { address: A + 100, length: 5 },
    { address: B, length: 3, flags: WRITE },
    { address: B + 100, length: 50, flags: WRITE },
  ]);
  expect(text(B, 3) + text(B + 100, 10)).toBe('one two three');
  expect(driver.used(0, 0)).toEqual({ head: 0, length: 13 });
  expect(driver.line.level).toBe(true);
  expect(driver.isr).toBe(1);
  expect(driver.line.level).toBe(false);
});

test('an indirect table is a chain too', () => {
  driver.start();
  put(A, 'indirect');
  driver.put(TABLE, { address: A, length: 8, flags: NEXT, next: 1 });
  driver.put(TABLE + 16, { address: B, length: 8, flags: WRITE });
  driver.send(0, [{ address: TABLE, length: 32, flags: INDIRECT }]);
  expect(text(B, 8)).toBe('indirect');
});

test('an indirect table may be as long as its queue, and no longer', () => {
  driver.start();
  for (let i = 0; i < 8; i++) {
    const last = i === 7;
    put(A + i, String(i));
    driver.put(TABLE + i * 16, {
      address: last ? B : A + i,
      length: last ? 7 : 1,
      flags: last ? WRITE : NEXT,
      next: i + 1,
    });
  }
  driver.send(0, [{ address: TABLE, length: 8 * 16, flags: INDIRECT }]);
  expect(text(B, 7)).toBe('0123456');
  driver.put(TABLE + 7 * 16, { address: B, length: 7, flags: WRITE | NEXT, next: 7 });
  driver.offer(0, 0);
  driver.notify(0);
  expect(driver.status & STATUS.NEEDS_RESET).toBe(STATUS.NEEDS_RESET);
});

test('indices run on past 65,535', () => {
  driver.start();
  driver.describe(0, 3, { address: B, length: 4, flags: WRITE });
  for (let i = 0; i < 70_000; i++) {
    driver.offer(0, 3);
    driver.notify(0);
  }
  expect(echo.served).toBe(70_000);
  expect(driver.usedIndex(0)).toBe(70_000 % 65_536);
  expect(driver.status & STATUS.NEEDS_RESET).toBe(0);
});

describe('the event index', () => {
  test('one interrupt for as many buffers as the driver wants to wait for', () => {
    driver.start();
    driver.describe(0, 0, { address: B, length: 4, flags: WRITE });
    driver.setUsedEvent(0, 2);
    const edges: number[] = [];
    for (let i = 0; i < 5; i++) {
      driver.offer(0, 0);
      driver.notify(0);
      void driver.isr;
      edges.push(driver.line.edges);
    }
    // the first is always told; then the one that passes index 2
    expect(edges).toEqual([1, 1, 2, 2, 2]);
    expect(driver.availEvent(0)).toBe(5);
  });

  test('without it the flag says whether', () => {
    driver.start([1, 1]);
    driver.describe(0, 0, { address: B, length: 4, flags: WRITE });
    const flags = 0x14000;
    driver.memory.bytes[flags] = 1;
    driver.offer(0, 0);
    driver.notify(0);
    expect(driver.line.edges).toBe(0);
    driver.memory.bytes[flags] = 0;
    driver.offer(0, 0);
    driver.notify(0);
    expect(driver.line.edges).toBe(1);
  });
});

describe('a broken rule makes the device ask for a reset and does nothing else', () => {
  const rules: [string, () => void][] = [
    [
      'a loop of descriptors',
      () => {
        driver.describe(0, 0, { address: A, length: 4, flags: NEXT, next: 1 });
        driver.describe(0, 1, { address: A, length: 4, flags: NEXT, next: 0 });
        driver.offer(0, 0);
      },
    ],
    ['a buffer of no length', () => driver.send(0, [{ address: A, length: 0 }])],
    ['a buffer of 4 GiB', () => driver.send(0, [{ address: A, length: 0xffffffff, flags: WRITE }])],
    ['a buffer that begins outside memory', () => driver.send(0, [{ address: 0xfffff000, length: 16, flags: WRITE }])],
    ['a buffer above 4 GiB', () => driver.send(0, [{ address: 2 ** 32 + A, length: 16, flags: WRITE }])],
    ['a buffer that ends outside memory', () => driver.send(0, [{ address: (1 << 20) - 8, length: 16, flags: WRITE }])],
    [
      'indirect inside indirect',
      () => {
        driver.put(TABLE, { address: TABLE + 64, length: 16, flags: INDIRECT });
        driver.put(TABLE + 64, { address: B, length: 16, flags: WRITE });
        driver.send(0, [{ address: TABLE, length: 16, flags: INDIRECT }]);
      },
    ],
    [
      'an indirect table that is also followed',
      () => {
        driver.describe(0, 0, { address: TABLE, length: 16, flags: INDIRECT | NEXT, next: 1 });
        driver.describe(0, 1, { address: B, length: 16, flags: WRITE });
        driver.offer(0, 0);
      },
    ],
    ['an indirect table of no length', () => driver.send(0, [{ address: TABLE, length: 0, flags: INDIRECT }])],
    ['an indirect table of an odd length', () => driver.send(0, [{ address: TABLE, length: 24, flags: INDIRECT }])],
    [
      'an indirect table longer than the queue',
      () => driver.send(0, [{ address: TABLE, length: 16 * 9, flags: INDIRECT }]),
    ],
    ['an indirect table outside memory', () => driver.send(0, [{ address: 0xf0000000, length: 16, flags: INDIRECT }])],
    [
      'an indirect table that leads out of itself',
      () => {
        driver.put(TABLE, { address: A, length: 4, flags: NEXT, next: 5 });
        driver.send(0, [{ address: TABLE, length: 32, flags: INDIRECT }]);
      },
    ],
    ['a head outside the table', () => driver.offer(0, 8)],
    [
      'a next outside the table',
      () => {
        driver.describe(0, 0, { address: A, length: 4, flags: NEXT, next: 200 });
        driver.offer(0, 0);
      },
    ],
    [
      'readable behind writable',
      () =>
        driver.send(0, [
          { address: B, length: 4, flags: WRITE },
          { address: A, length: 4 },
        ]),
    ],
    ['an available index far ahead', () => driver.setAvailIndex(0, 9)],
    ['an available index behind', () => driver.setAvailIndex(0, 0xffff)],
  ];

  test.each(rules)('%s', (_name, act) => {
    driver.start();
    act();
    const before = driver.memory.bytes.slice();
    driver.notify(0);
    expect(driver.status & STATUS.NEEDS_RESET).toBe(STATUS.NEEDS_RESET);
    expect(echo.served).toBe(0);
    expect(driver.usedIndex(0)).toBe(0);
    expect(driver.isr & 2).toBe(2);
    // and stays still, whatever comes
    driver.offer(0, 0);
    driver.notify(0);
    expect(driver.usedIndex(0)).toBe(0);
    expect(Buffer.compare(driver.memory.bytes.subarray(BUFFERS), before.subarray(BUFFERS))).toBe(0);
    // a reset mends it
    driver.start();
    put(A, 'well');
    driver.send(0, [
      { address: A, length: 4 },
      { address: B, length: 4, flags: WRITE },
    ]);
    expect(text(B, 4)).toBe('well');
  });

  test.each([
    ['a table outside memory', { table: 0xffff0000 }, 8],
    ['a used ring outside memory', { used: 0x100000 - 16 }, 8],
    ['an available ring above 4 GiB', { avail: 2 ** 33 }, 8],
    ['a table that is not aligned', { table: 0x10008 }, 8],
    ['a used ring that is not aligned', { used: 0x16002 }, 8],
    ['a size that is no power of two', {}, 7],
    ['a size of 0', {}, 0],
    ['a size above the largest', {}, 16],
  ])('%s', (_name, at, size) => {
    driver.start();
    driver.write(COMMON.STATUS, 1, 0);
    driver.write(COMMON.STATUS, 1, STATUS.ACKNOWLEDGE | STATUS.DRIVER);
    driver.write(COMMON.DRIVER_FEATURE_SELECT, 4, 1);
    driver.write(COMMON.DRIVER_FEATURE, 4, 1);
    driver.write(COMMON.STATUS, 1, driver.status | STATUS.FEATURES_OK);
    driver.setUp(0, size, at);
    expect(driver.status & STATUS.NEEDS_RESET).toBe(STATUS.NEEDS_RESET);
    expect(driver.read(COMMON.QUEUE_ENABLE, 2)).toBe(0);
    driver.write(COMMON.STATUS, 1, driver.status | STATUS.DRIVER_OK);
    driver.notify(0);
    expect(echo.served).toBe(0);
  });
});

describe('negotiation', () => {
  test('a feature that was not offered is refused', () => {
    driver.start([2, 1]);
    expect(driver.status & STATUS.FEATURES_OK).toBe(0);
  });

  test('a driver that does not know version 1 is refused', () => {
    driver.start([1, 0]);
    expect(driver.status & STATUS.FEATURES_OK).toBe(0);
  });

  test('a device that was not started takes no notice of notifications', () => {
    driver.start();
    driver.write(COMMON.STATUS, 1, 0);
    driver.notify(0);
    expect(echo.served).toBe(0);
    expect(driver.status).toBe(0);
  });

  test('notifications of queues that do not exist are nobody’s', () => {
    driver.start();
    for (let offset = 0x3000; offset < 0x4000; offset += 2) driver.write(offset, 2, 0);
    expect(driver.status & STATUS.NEEDS_RESET).toBe(0);
  });
});

test('the state goes through a snapshot', () => {
  driver.start();
  put(A, 'first');
  driver.send(0, [
    { address: A, length: 5 },
    { address: B, length: 5, flags: WRITE },
  ]);
  const state = structuredClone(driver.pci.save());
  const memory = driver.memory.bytes.slice();
  const other = new TestDriver((m) => new Echo(m, { type: 60, features: [0], queues: [8] }));
  other.memory.bytes.set(memory);
  other.pci.restore(state);
  expect(other.status).toBe(driver.status);
  other.setAvailIndex(0, 2);
  other.memory.bytes.set([0, 0], 0x14006);
  other.notify(0);
  expect(other.usedIndex(0)).toBe(2);
});

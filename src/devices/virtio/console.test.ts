// Ports by the driver's control messages: names, who is there, bytes that wait for a taker.
// Source: virtio 1.2, section 5.3.
import { beforeEach, expect, test } from 'vitest';
import { BenchTimers } from '../test-bench.js';
import { type ConsolePort, VirtioConsole } from './console.js';
import { BUFFERS, DESCRIPTOR, TestDriver } from './test-driver.js';

const CONTROL_RECEIVE = 2;
const CONTROL_SEND = 3;
/** Of port 1. */
const [RECEIVE, SEND] = [4, 5];
const EVENT = { PORT_READY: 3, PORT_OPEN: 6, PORT_NAME: 7 };
const ANSWER = BUFFERS + 0x1000;
const DATA = BUFFERS + 0x2000;

let driver: TestDriver;
let device: VirtioConsole;
let sent: number[];
let full: boolean;
let connected: boolean;
let rooms: number;

beforeEach(() => {
  [sent, full, connected, rooms] = [[], false, false, 0];
  const port: ConsolePort = {
    name: 'agent',
    output: (bytes) => void sent.push(...bytes),
    full: () => full,
    connected: () => connected,
    room: () => void rooms++,
  };
  driver = new TestDriver((memory) => {
    device = new VirtioConsole({ memory, timers: new BenchTimers(), ports: [{ output() {} }, port] });
    return device;
  });
  driver.start();
});

function tell(port: number, event: number, value: number): void {
  const view = new DataView(driver.memory.bytes.buffer);
  view.setUint32(BUFFERS, port, true);
  view.setUint16(BUFFERS + 4, event, true);
  view.setUint16(BUFFERS + 6, value, true);
  driver.send(CONTROL_SEND, [{ address: BUFFERS, length: 8 }]);
}

/** The next control message, if there is one: port, event, value, and the bytes behind. */
function hear(): [number, number, number, string] | undefined {
  const before = driver.usedIndex(CONTROL_RECEIVE);
  driver.send(CONTROL_RECEIVE, [{ address: ANSWER, length: 64, flags: DESCRIPTOR.WRITE }]);
  if (driver.usedIndex(CONTROL_RECEIVE) === before) return undefined;
  const view = new DataView(driver.memory.bytes.buffer, ANSWER);
  const { length } = driver.used(CONTROL_RECEIVE, before % 8);
  const more = String.fromCharCode(...driver.memory.bytes.subarray(ANSWER + 8, ANSWER + length));
  return [view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true), more];
}

test('a port has its name, and says whether somebody is there', () => {
  tell(1, EVENT.PORT_READY, 1);
  expect(hear()).toEqual([1, EVENT.PORT_NAME, 1, 'agent']);
  expect(hear()).toEqual([1, EVENT.PORT_OPEN, 0, '']);
  // however often they come and go while the driver does not look, it hears how it is
  for (let i = 0; i < 1001; i++) {
    connected = !connected;
    device.connectionChanged(1);
  }
  expect(hear()).toEqual([1, EVENT.PORT_OPEN, 1, '']);
  expect(hear()).toBeUndefined();
});

test('what the guest sends stays in its buffers while the taker is full', () => {
  full = true;
  driver.memory.bytes.set([1, 2, 3], DATA);
  driver.send(SEND, [{ address: DATA, length: 3 }]);
  expect([sent, driver.usedIndex(SEND)]).toEqual([[], 0]);
  full = false;
  device.drained(1);
  expect([sent, driver.usedIndex(SEND)]).toEqual([[1, 2, 3], 1]);
});

test('the host hears when the guest opens a port, and when it has taken what there was', () => {
  tell(1, EVENT.PORT_OPEN, 1);
  expect([device.isOpen(1), rooms]).toEqual([true, 1]);
  expect(device.receive(1, new Uint8Array(100_000))).toBe(65536);
  expect(device.waiting(1)).toBe(65536);
  expect(rooms).toBe(1);
  driver.send(RECEIVE, [{ address: DATA, length: 65536, flags: DESCRIPTOR.WRITE }]);
  expect([device.waiting(1), rooms]).toEqual([0, 2]);
});

test('the host hears when somebody in the guest has spoken on a port for the first time', () => {
  tell(1, EVENT.PORT_OPEN, 1);
  expect([device.isUsed(1), rooms]).toEqual([false, 1]);
  for (let i = 0; i < 2; i++) driver.send(SEND, [{ address: DATA, length: 1 }]);
  expect([device.isUsed(1), rooms]).toEqual([true, 2]);
});

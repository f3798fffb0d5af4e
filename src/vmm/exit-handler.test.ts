// Every exit reason, with a CPU that only remembers what it was answered.
import { expect, test } from 'vitest';
import { SILENT } from '../base/log.js';
import type { Exit } from '../vcpu/exit.js';
import { Bus } from './bus.js';
import { ExitHandler } from './exit-handler.js';

function setUp() {
  const order: string[] = [];
  const answers: number[][] = [];
  const posted: [number, number, number, number][] = [];
  const cpu = {
    pioData: new Uint8Array(16),
    answer: (...answer: number[]) => void answers.push(answer),
    drainMmio: (write: (address: number, width: number, low: number, high: number) => void) => {
      for (const entry of posted.splice(0)) write(...entry);
    },
  };
  const bus = new Bus();
  bus.mapPorts('port', 0x60, 4, {
    readPort: (offset, width) => ((offset + 1) * 0x01010101) & (width === 4 ? -1 : (1 << (8 * width)) - 1),
    writePort: (offset, width, value) => void order.push(`port ${offset} ${width} ${value.toString(16)}`),
  });
  bus.mapMmio('mmio', 0x1000, 16, {
    readMmio: (offset, width) => (width === 4 ? 0x10000 * offset + 0xabcd : 0xef),
    writeMmio: (offset, width, value) => void order.push(`mmio ${offset} ${width} ${value.toString(16)}`),
  });
  const apic: number[] = [];
  const handler = new ExitHandler(cpu, bus, SILENT, (value) => void apic.push(value));
  return { order, answers, posted, cpu, handler, apic };
}

const io = (kind: 'io-in' | 'io-out', port: number, width: number, count = 0, value = 0): Exit => ({
  kind,
  port,
  width,
  count,
  value,
});

test('IN is answered with what the device says', () => {
  const { handler, answers } = setUp();
  expect(handler.handle(io('io-in', 0x61, 1))).toBe('run');
  expect(handler.handle(io('io-in', 0x60, 4))).toBe('run');
  expect(answers).toEqual([
    [0x61, 1, 0x02],
    [0x60, 4, 0x01010101],
  ]);
});

test('OUT reaches the device', () => {
  const { handler, order } = setUp();
  handler.handle(io('io-out', 0x62, 2, 0, 0xbeef));
  expect(order).toEqual(['port 2 2 beef']);
});

test('string exits use the page, and no more of it than there is', () => {
  const { handler, cpu, answers, order } = setUp();
  handler.handle(io('io-in', 0x60, 2, 3));
  expect([...cpu.pioData]).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(answers).toHaveLength(1);
  handler.handle(io('io-out', 0x60, 4, 1_000_000));
  expect(order).toHaveLength(4);
});

test('posted writes come before the exit that they led to, eight bytes as two words', () => {
  const { handler, posted, order } = setUp();
  posted.push([0x1000, 4, 0x11, 0], [0x1008, 8, 0x22, 0x33]);
  expect(handler.handle(io('io-out', 0x60, 1, 0, 0x44))).toBe('run');
  expect(order).toEqual(['mmio 0 4 11', 'mmio 8 4 22', 'mmio 12 4 33', 'port 0 1 44']);
});

test('MMIO reads are answered, wide ones in two halves', () => {
  const { handler, answers } = setUp();
  handler.handle({ kind: 'mmio-read', address: 0x1004, width: 4 });
  handler.handle({ kind: 'mmio-read', address: 0x1000, width: 8 });
  expect(answers).toEqual([
    [0x1004, 4, 0x4abcd, 0],
    [0x1000, 8, 0xabcd, 0x4abcd],
  ]);
});

test('the rest says what to do next, and everything is counted', () => {
  const { handler, apic } = setUp();
  expect(handler.handle({ kind: 'budget' })).toBe('run');
  expect(handler.handle({ kind: 'interrupt-window' })).toBe('run');
  expect(handler.handle({ kind: 'mmio-write' })).toBe('run');
  expect(handler.handle({ kind: 'step' })).toBe('run');
  expect(handler.handle({ kind: 'hlt' })).toBe('halt');
  expect(handler.handle({ kind: 'hlt' })).toBe('halt');
  expect(handler.handle({ kind: 'triple-fault', vector: 13 })).toBe('triple-fault');
  expect(handler.handle({ kind: 'apic-base', value: 0xfee00800 })).toBe('run');
  expect(apic).toEqual([0xfee00800]);
  expect(handler.counts).toEqual({
    budget: 1,
    'interrupt-window': 1,
    'mmio-write': 1,
    step: 1,
    hlt: 2,
    'triple-fault': 1,
    'apic-base': 1,
  });
});

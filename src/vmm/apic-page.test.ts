// The page that a processor reads in place of the local APIC, against the APIC itself. SDM vol. 3C 29.1.
import { expect, test } from 'vitest';
import { Lapic } from '../devices/interrupts/lapic.js';
import { NOWHERE } from '../devices/line.js';
import { BenchTimers } from '../devices/test-bench.js';
import { ApicPage } from './apic-page.js';

function setUp() {
  const lapic = new Lapic({
    timers: new BenchTimers(),
    pic: { acknowledge: () => 8 },
    intr: NOWHERE,
    nmi: () => {},
    endOfInterrupt: () => {},
  });
  lapic.writeMmio(0xf0, 4, 0x1ff);
  const thresholds: number[] = [];
  const words = new Uint32Array(1024);
  const page = new ApicPage(lapic, words, (threshold) => void thresholds.push(threshold));
  return { lapic, words, page, thresholds };
}

/** Every register that the page has, as the APIC answers it now. */
const MIRRORED = [0x20, 0x30, 0x80, 0xb0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x310, 0x380, 0x3e0].concat(
  Array.from({ length: 24 }, (_, i) => 0x100 + 16 * i),
  Array.from({ length: 6 }, (_, i) => 0x320 + 16 * i),
);

test('shows what the APIC answers, after whatever has changed it', () => {
  const { lapic, words, page } = setUp();
  const changes = [
    () => lapic.writeMmio(0x20, 4, 0x05000000),
    () => lapic.writeMmio(0x320, 4, 0x20045),
    () => lapic.writeMmio(0x380, 4, 1000),
    () => lapic.writeMmio(0x310, 4, 0x02000000),
    () => lapic.deliver(0x61, true),
    () => lapic.deliver(0x35, false),
    () => lapic.acknowledge(),
    () => lapic.endInterrupt(),
    () => lapic.setVirtualWire(),
    () => lapic.setEnabled(false),
    () => lapic.reset(),
  ];
  for (const change of changes) {
    change();
    page.publish();
    for (const offset of MIRRORED) expect(words[offset / 4], offset.toString(16)).toBe(lapic.readMmio(offset, 4));
  }
  // reading what is no register is an error of the APIC's; the mirror makes none
  lapic.writeMmio(0x280, 4, 0);
  expect(lapic.readMmio(0x280, 4)).toBe(0);
});

test('takes the task priority back, and is told below which one something waits', () => {
  const { lapic, words, page, thresholds } = setUp();
  page.publish();
  words[0x80 / 4] = 0x55;
  page.collect();
  expect(lapic.readMmio(0x80, 4)).toBe(0x55);
  lapic.deliver(0x61, false);
  page.publish();
  expect(thresholds.at(-1)).toBe(0); // it is not held off
  expect(lapic.hasInterrupt()).toBe(true);
  words[0x80 / 4] = 0x60;
  page.collect();
  page.publish();
  expect(lapic.hasInterrupt()).toBe(false);
  expect(thresholds.at(-1)).toBe(6);
  words[0x80 / 4] = 0x5f;
  page.collect();
  expect(lapic.hasInterrupt()).toBe(true);
});

test('takes the destination of a message back', () => {
  const { lapic, words, page } = setUp();
  page.publish();
  words[0x310 / 4] = 0x05000000;
  page.collect();
  lapic.writeMmio(0x300, 4, 0x4041);
  expect(lapic.hasInterrupt()).toBe(false); // it is to another processor
  page.publish();
  expect(words[0x310 / 4]).toBe(0x05000000);
  words[0x310 / 4] = 0;
  page.collect();
  lapic.writeMmio(0x300, 4, 0x4041);
  expect(lapic.hasInterrupt()).toBe(true);
});

test('writes the page again only when something has changed', () => {
  const { words, page } = setUp();
  page.publish();
  words[0x30 / 4] = 7;
  page.publish();
  expect(words[0x30 / 4]).toBe(7);
  page.forget();
  page.publish();
  expect(words[0x30 / 4]).not.toBe(7);
});

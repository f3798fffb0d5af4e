// What a guest in mode para is told and given, and what becomes of wrong addresses.
// Linux Documentation/virt/kvm/x86/{cpuid,msr,hypercalls}.rst.
import { expect, test } from 'vitest';
import { BenchMemory, BenchTimers } from '../../devices/test-bench.js';
import { Lapic } from '../../devices/interrupts/lapic.js';
import { NOWHERE } from '../../devices/line.js';
import { Paravirt } from './paravirt.js';

const RAM = 0x10000;
const MSR = { wallClock: 0x4b564d00, systemTime: 0x4b564d01, eoi: 0x4b564d04 };

function setUp() {
  const memory = new BenchMemory(RAM);
  const view = new DataView(memory.bytes.buffer);
  const time = { now: 5_000_000_123, offset: 0n };
  const ended: number[] = [];
  const lapic = new Lapic({
    timers: new BenchTimers(),
    pic: { acknowledge: () => 0 },
    intr: NOWHERE,
    nmi: () => {},
    endOfInterrupt: (vector) => ended.push(vector),
  });
  lapic.writeMmio(0xf0, 4, 0x1ff);
  const source = { now: () => time.now, tscOffset: () => time.offset, date: () => 1_700_000_005_500 };
  const inService = (vector: number, level = false): void => {
    lapic.deliver(vector, level);
    expect(lapic.acknowledge()).toBe(vector);
  };
  const serving = (vector: number) => (lapic.readMmio(0x100 + (vector >> 5) * 16, 4) >>> (vector & 31)) & 1;
  return { memory, view, time, ended, lapic, inService, serving, paravirt: new Paravirt(memory, source, lapic) };
}

/** Nanoseconds as the guest works them out of the page and its TSC. */
function guestTime(view: DataView, at: number, tsc: bigint): bigint {
  expect(view.getUint32(at, true) % 2).toBe(0);
  const delta = (tsc - view.getBigUint64(at + 8, true)) << BigInt(view.getInt8(at + 28));
  return view.getBigUint64(at + 16, true) + ((delta * BigInt(view.getUint32(at + 24, true))) >> 32n);
}

test('CPUID names KVM, and announces a hypervisor', () => {
  const { paravirt } = setUp();
  const none = { eax: 0, ebx: 0, ecx: 0, edx: 0 };
  const { eax, ebx, ecx, edx } = paravirt.identify(0x40000000, none);
  expect(eax).toBe(0x40000001);
  expect(Buffer.from(Uint32Array.of(ebx, ecx, edx).buffer).toString('latin1')).toBe('KVMKVMKVM\0\0\0');
  expect(paravirt.identify(0x40000001, none).eax).toBe((1 << 0) | (1 << 1) | (1 << 3) | (1 << 6) | (1 << 24));
  expect(paravirt.identify(1, none).ecx >>> 31).toBe(1);
  expect(paravirt.identify(7, none)).toEqual(none);
});

test('the clock page gives machine time from the TSC, also after the guest has set its TSC', () => {
  const { paravirt, view, time } = setUp();
  expect(paravirt.writeMsr(MSR.systemTime, 0x1000 | 1, 0)).toBe(true);
  expect(paravirt.readMsr(MSR.systemTime)).toBe(0x1001);
  expect(guestTime(view, 0x1000, 5_000_000_123n)).toBe(5_000_000_123n);
  expect(guestTime(view, 0x1000, 9_999_999_999n)).toBe(9_999_999_999n);
  expect(view.getUint8(0x1000 + 29) & 1).toBe(1);

  const version = view.getUint32(0x1000, true);
  paravirt.beforeEntry();
  expect(view.getUint32(0x1000, true)).toBe(version);
  time.offset = -5_000_000_000n;
  paravirt.beforeEntry();
  expect(view.getUint32(0x1000, true)).toBe(version + 2);
  expect(guestTime(view, 0x1000, 1_123n)).toBe(5_000_001_123n);
});

test('a clock that was switched off is left alone', () => {
  const { paravirt, memory, time } = setUp();
  paravirt.writeMsr(MSR.systemTime, 0x1001, 0);
  paravirt.writeMsr(MSR.systemTime, 0, 0);
  memory.bytes.fill(0);
  time.offset = 7n;
  paravirt.beforeEntry();
  expect(memory.bytes.every((byte) => byte === 0)).toBe(true);
});

test('the wall clock is the time of day at machine time 0', () => {
  const { paravirt, view } = setUp();
  expect(paravirt.writeMsr(MSR.wallClock, 0x2000, 0)).toBe(true);
  expect(view.getUint32(0x2000, true)).toBe(2);
  expect(view.getUint32(0x2004, true)).toBe(1_700_000_000);
  expect(view.getUint32(0x2008, true) / 1e6).toBeCloseTo(500, 0);
});

test('addresses that are none are refused', () => {
  const { paravirt, memory } = setUp();
  for (const [msr, low, high] of [
    [MSR.systemTime, (RAM - 28) | 1, 0],
    [MSR.systemTime, 0x1003, 0],
    [MSR.systemTime, 0xffffffe1, 0],
    [MSR.systemTime, 0x1001, 1],
    [MSR.wallClock, RAM - 8, 0],
    [MSR.wallClock, 0xfffffffc, 0],
    [MSR.eoi, RAM | 1, 0],
    [MSR.eoi, 0x1003, 0],
    [0x4b564d02, 0, 0],
    [0x4b564dff, 0, 0],
  ] as const) {
    expect(paravirt.writeMsr(msr, low, high), `${msr.toString(16)} ${low.toString(16)}`).toBe(false);
  }
  paravirt.beforeEntry();
  expect(memory.bytes.every((byte) => byte === 0)).toBe(true);
  expect(paravirt.readMsr(0x4b564d02)).toBeUndefined();
});

test('hypercalls', () => {
  const { paravirt } = setUp();
  expect(paravirt.hypercall(1, 0)).toBe(0);
  expect(paravirt.hypercall(5, 0)).toBe(0);
  expect(paravirt.hypercall(1, 3)).toBe(-1);
  expect(paravirt.hypercall(99, 0)).toBe(-1000);
  expect(paravirt.hypercall(-1, 0)).toBe(-1000);
});

const EOI = 0x3000;

test('PV EOI: the guest clears the bit, and the interrupt is over without an exit', () => {
  const { paravirt, memory, inService, serving } = setUp();
  expect(paravirt.writeMsr(MSR.eoi, EOI | 1, 0)).toBe(true);
  paravirt.beforeEntry();
  expect(memory.bytes[EOI]).toBe(0);
  inService(0x41);
  paravirt.beforeEntry();
  expect(memory.bytes[EOI]).toBe(1);
  memory.bytes[EOI] = 0;
  paravirt.afterExit();
  expect(serving(0x41)).toBe(0);
});

test('PV EOI: an exit before the guest is done takes the offer back, and makes it again', () => {
  const { paravirt, memory, inService, serving, lapic } = setUp();
  paravirt.writeMsr(MSR.eoi, EOI | 1, 0);
  inService(0x41);
  paravirt.beforeEntry();
  paravirt.afterExit();
  expect(memory.bytes[EOI]).toBe(0);
  expect(serving(0x41)).toBe(1);
  paravirt.beforeEntry();
  expect(memory.bytes[EOI]).toBe(1);
  paravirt.afterExit();

  // one that waits for the end has to be let in: the end must exit
  lapic.deliver(0x42, false);
  paravirt.beforeEntry();
  expect(memory.bytes[EOI]).toBe(0);
});

test('PV EOI: the end of a level-triggered interrupt goes to the I/O APIC', () => {
  const { paravirt, memory, inService, ended } = setUp();
  paravirt.writeMsr(MSR.eoi, EOI | 1, 0);
  inService(0x51, true);
  paravirt.beforeEntry();
  expect(memory.bytes[EOI]).toBe(0);
  expect(ended).toEqual([]);
});

test('the state survives a snapshot', () => {
  const { paravirt, view, time, memory, inService } = setUp();
  time.offset = 77n;
  paravirt.writeMsr(MSR.systemTime, 0x1001, 0);
  paravirt.writeMsr(MSR.eoi, EOI | 1, 0);
  const other = setUp();
  other.paravirt.restore(paravirt.save());
  other.memory.bytes.set(memory.bytes);
  other.time.offset = 78n;
  other.paravirt.beforeEntry();
  expect(other.view.getUint32(0x1000, true)).toBe(view.getUint32(0x1000, true) + 2);
  other.inService(0x41);
  other.paravirt.beforeEntry();
  expect(other.memory.bytes[EOI]).toBe(1);
  inService(0x41);
});

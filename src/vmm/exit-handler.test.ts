// Every exit reason, with a CPU that only remembers what it was answered.
import { expect, test } from 'vitest';
import { SILENT } from '../base/log.js';
import type { Exit } from '../vcpu/exit.js';
import { Bus } from './bus.js';
import { ExitHandler } from './exit-handler.js';
import type { VmxCpu } from './vmx/vmx-cpu.js';

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
  const handler = new ExitHandler(
    cpu,
    bus,
    SILENT,
    (value) => void apic.push(value),
    () => void order.push('FERR#'),
  );
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

test('the rest says what to do next', () => {
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
});

// ---- mode hw: VM exits by reason, with a guest that only remembers what was done to it ------------------------------------

function setUpGuest(reason: number, qualification = 0, more: object = {}) {
  const done: string[] = [];
  const note = (what: string) => () => void done.push(what);
  const guest = {
    reason,
    qualification,
    entryError: 0,
    accumulator: (width: number) => [0, 0x78, 0x5678, 0, 0x12345678][width],
    setAccumulator: (width: number, value: number) => void done.push(`eax/${width} = ${value.toString(16)}`),
    skip: note('skip'),
    identify: note('identify'),
    hypercall: () => {
      done.push('hypercall');
      return 'run';
    },
    accessMsr: (write: boolean) => {
      done.push(write ? 'wrmsr' : 'rdmsr');
      return 'run';
    },
    keepNmiBlocked: note('nmi'),
    raise: (vector: number) => {
      done.push(`raise ${vector}`);
      return 'run';
    },
    emulate: (_answer: unknown, count?: number) => {
      done.push(count ? `emulate ${count}` : 'emulate');
      return 'run';
    },
    ...more,
  };
  const { order, cpu } = setUp();
  const bus = new Bus();
  bus.mapPorts('port', 0x60, 4, {
    readPort: (_offset, width) => 0x01020304 & (width === 4 ? -1 : (1 << (8 * width)) - 1),
    writePort: (offset, width, value) => void done.push(`out ${offset}/${width} = ${value.toString(16)}`),
  });
  const handler = new ExitHandler(
    cpu,
    bus,
    SILENT,
    () => {},
    () => {},
    guest as unknown as VmxCpu,
  );
  return { done, order, next: handler.handle({ kind: 'vm' }) };
}

test.each([
  ['OUT', 30, 0x600000, ['out 0/1 = 78', 'skip']],
  ['OUT of 2 bytes', 30, 0x620001, ['out 2/2 = 5678', 'skip']],
  ['OUT of 4 bytes', 30, 0x600003, ['out 0/4 = 12345678', 'skip']],
  ['IN', 30, 0x600008, ['eax/1 = 4', 'skip']],
  ['IN of 4 bytes', 30, 0x60000b, ['eax/4 = 1020304', 'skip']],
  ['REP INS', 30, 0x600038, ['emulate']],
  ['OUTS', 30, 0x600010, ['emulate']],
  ['CPUID', 10, 0, ['identify']],
  ['INVD', 13, 0, ['skip']],
  ['WBINVD', 54, 0, ['skip']],
  ['MOV CR0', 28, 0, ['emulate']],
  ['RDMSR', 31, 0, ['rdmsr']],
  ['WRMSR', 32, 0, ['wrmsr']],
  ['a task switch', 9, 0, ['emulate']],
  ['an EPT violation', 48, 0x181, ['nmi', 'emulate']],
  ['state that the processor refuses', 33, 0, ['emulate 130']],
  ['VMCALL', 18, 0, ['hypercall']],
  ['VMCLEAR', 19, 0, ['raise 6']],
  ['VMXON', 27, 0, ['raise 6']],
  ['the preemption timer', 52, 0, []],
  ['an interrupt window', 7, 0, []],
] as const)('VM exit: %s', (_name, reason, qualification, expected) => {
  const { done, next } = setUpGuest(reason, qualification);
  expect(done).toEqual(expected);
  expect(next).toBe('run');
});

test('VM exits that end a run, or pause it', () => {
  expect(setUpGuest(12)).toMatchObject({ next: 'halt', done: ['skip'] });
  expect(setUpGuest(2).next).toBe('triple-fault');
  expect(setUpGuest(49).next).toBe('entry-failure');
  expect(setUpGuest(30, 0x600000, { entryError: 7 })).toMatchObject({ next: 'entry-failure', done: [] });
});

test('without EPT: page faults, CR3 and INVLPG are the shadow’s', () => {
  const shadow = (answer: string) => ({
    shadow: { pageFault: () => answer, controlAccess: () => answer, invalidate: () => {} },
  });
  expect(setUpGuest(0, 0, shadow('again'))).toMatchObject({ next: 'run', done: [] });
  expect(setUpGuest(0, 0, shadow('emulate'))).toMatchObject({ next: 'run', done: ['emulate'] });
  expect(setUpGuest(0, 0, shadow('triple-fault')).next).toBe('triple-fault');
  expect(setUpGuest(28, 3, shadow('skip'))).toMatchObject({ next: 'run', done: ['skip'] });
  expect(setUpGuest(14, 0, shadow('again'))).toMatchObject({ next: 'run', done: ['skip'] });
});

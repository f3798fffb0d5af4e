// Qualifications as the SDM lays them out, in words.
// SDM vol. 3C tables 28-3 to 28-7.
import { expect, test } from 'vitest';
import { reasonLabel, reasonName } from './exit-reasons.js';
import { describeExit, type ExitDetail } from './qualification.js';

const exit = (reason: number, qualification: number, more: Partial<ExitDetail> = {}) =>
  describeExit({ reason, qualification, interruption: 0, errorCode: 0, guestPhysical: 0, guestLinear: 0, ...more });

test('reasons have the names of the SDM', () => {
  expect([0, 10, 12, 28, 30, 48, 52].map(reasonName)).toEqual([
    'EXCEPTION_NMI',
    'CPUID',
    'HLT',
    'CR_ACCESS',
    'IO_INSTRUCTION',
    'EPT_VIOLATION',
    'PREEMPTION_TIMER',
  ]);
  expect(reasonLabel('IO_INSTRUCTION')).toBe('IO_INSTRUCTION (30)');
  expect(reasonLabel('io-in')).toBe('io-in');
  expect(reasonName(77)).toBe('REASON_77');
});

test.each([
  [0x3f80000, 'out 0x3f8 size 1'],
  [0x3f80008, 'in 0x3f8 size 1'],
  [0xcfc0003, 'out 0xcfc size 4'],
  [0x1f00039, 'rep ins 0x1f0 size 2'],
  [0x1f00031, 'rep outs 0x1f0 size 2'],
  [0x800048, 'in 0x80 size 1'],
])('I/O %#x', (qualification, text) => {
  expect(exit(30, qualification)).toBe(text);
});

test.each([
  [0x003, 'mov cr3, eax'],
  [0x713, 'mov edi, cr3'],
  [0x600, 'mov cr0, esi'],
  [0x020, 'clts'],
  [0xfff10030, 'lmsw fff1'],
])('control register access %#x', (qualification, text) => {
  expect(exit(28, qualification)).toBe(text);
});

test('events', () => {
  expect(exit(0, 0xc0001234, { interruption: 0x80000b0e, errorCode: 6 })).toBe('exception 14 error 6 at c0001234');
  expect(exit(0, 0, { interruption: 0x80000202 })).toBe('NMI 2');
});

test('EPT violations', () => {
  const at = { guestPhysical: 0xb8000, guestLinear: 0xc00b8000 };
  expect(exit(48, 0x182, at)).toBe('write to 000b8000 (linear c00b8000)');
  expect(exit(48, 0x081, at)).toBe('read of 000b8000 (linear c00b8000) by a page walk');
  expect(exit(48, 0x184, at)).toBe('fetch from 000b8000 (linear c00b8000)');
});

test('the APIC: which access to which register', () => {
  expect(exit(44, 0x0390)).toBe('read of APIC 390 (current count)');
  expect(exit(44, 0x10a0)).toBe('write to APIC 0a0 (processor priority)');
  expect(exit(44, 0xf004)).toBe('access to APIC 004');
  expect(exit(56, 0xb0)).toBe('write to APIC 0b0 (EOI)');
});

test('task switches, INVLPG, and reasons that need no words', () => {
  expect(exit(9, 0x80000028)).toBe('jmp to 0028');
  expect(exit(9, 0xc0000030)).toBe('task gate to 0030');
  expect(exit(14, 0xbfff0000)).toBe('invlpg bfff0000');
  expect(exit(12, 0)).toBe('');
});

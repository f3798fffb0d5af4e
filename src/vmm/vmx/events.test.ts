// Events into the guest: what goes in, what waits, what becomes of two at once.
// SDM vol. 3C 28.2.4, 33.2; vol. 3A table 6-5.
import { expect, test } from 'vitest';
import { Vmcs, type VmcsField } from '../../vcpu/vmcs.js';
import { Events, NO_ERROR } from './events.js';

function setUp(fields: Partial<Record<VmcsField, number>> = {}) {
  const vmcs = new Vmcs(new DataView(new ArrayBuffer(65536)));
  vmcs.clear();
  vmcs.write('GUEST_RFLAGS', 0x202);
  vmcs.write('CR0_READ_SHADOW', 0x80000011);
  for (const [name, value] of Object.entries(fields)) vmcs.write(name as VmcsField, value);
  const events = new Events(vmcs);
  /** The next entry: the event that it delivers, and the window exits asked for. */
  const enter = () => {
    events.beforeEntry();
    const event = vmcs.read('VM_ENTRY_INTR_INFO_FIELD');
    const controls = vmcs.read('CPU_BASED_VM_EXEC_CONTROL');
    vmcs.write('VM_ENTRY_INTR_INFO_FIELD', 0);
    return {
      event,
      error: vmcs.read('VM_ENTRY_EXCEPTION_ERROR_CODE'),
      window: (controls & 4) !== 0,
      nmiWindow: (controls & 0x400000) !== 0,
    };
  };
  return { vmcs, events, enter };
}

const VALID = 0x80000000;
const interrupt = (vector: number) => VALID + vector;
const exception = (vector: number, error = true) => VALID + 0x300 + vector + (error ? 0x800 : 0);

test('an interrupt goes in when the guest is open to it', () => {
  const { events, enter } = setUp();
  expect(events.canInject).toBe(true);
  events.injectInterrupt(0x31);
  expect(events.canInject).toBe(false);
  expect(enter().event).toBe(interrupt(0x31));
  expect(enter().event).toBe(0);
});

test.each([
  ['IF is clear', { GUEST_RFLAGS: 2 }],
  ['STI blocks', { GUEST_INTERRUPTIBILITY_INFO: 1 }],
  ['MOV SS blocks', { GUEST_INTERRUPTIBILITY_INFO: 2 }],
] as const)('%s: it waits for the window', (_why, fields) => {
  const { events, enter } = setUp(fields);
  expect(events.canInject).toBe(false);
  events.windowWanted = true;
  expect(enter()).toMatchObject({ event: 0, window: true });
  events.windowWanted = false;
  expect(enter().window).toBe(false);
});

test('an NMI goes in once, and not while NMIs are blocked', () => {
  const { vmcs, events, enter } = setUp({ GUEST_RFLAGS: 2 });
  expect(events.canInjectNmi).toBe(true);
  events.injectNmi();
  expect(events.canInjectNmi).toBe(false);
  expect(enter().event).toBe(VALID + 0x202);
  expect(enter().event).toBe(0);
  for (const blocking of [1, 2, 8]) {
    vmcs.write('GUEST_INTERRUPTIBILITY_INFO', blocking);
    expect(events.canInjectNmi).toBe(false);
  }
  events.nmiWindowWanted = true;
  expect(enter()).toMatchObject({ event: 0, nmiWindow: true });
  events.nmiWindowWanted = false;
  expect(enter()).toMatchObject({ event: 0, nmiWindow: false });
});

test('an NMI that an exception has taken the place of is not lost', () => {
  const { vmcs, events, enter } = setUp();
  vmcs.write('IDT_VECTORING_INFO_FIELD', VALID + 0x202);
  vmcs.write('GUEST_INTERRUPTIBILITY_INFO', 8);
  events.afterExit();
  events.raise(14, 0);
  expect(events.canInjectNmi).toBe(false);
  expect(enter()).toMatchObject({ event: exception(14), nmiWindow: true });
  expect(enter()).toMatchObject({ event: VALID + 0x202, nmiWindow: false });
});

test('an event whose delivery was cut short goes in again, with its error code and length', () => {
  const { vmcs, events, enter } = setUp();
  vmcs.write('IDT_VECTORING_INFO_FIELD', exception(14));
  vmcs.write('IDT_VECTORING_ERROR_CODE', 7);
  events.afterExit();
  expect(enter()).toMatchObject({ event: exception(14), error: 7 });
  vmcs.write('IDT_VECTORING_INFO_FIELD', VALID + 0x400 + 0x80);
  vmcs.write('VM_EXIT_INSTRUCTION_LEN', 2);
  events.afterExit();
  expect(enter().event).toBe(VALID + 0x480);
  expect(vmcs.read('VM_ENTRY_INSTRUCTION_LEN')).toBe(2);
});

test.each([
  [13, 14, 14],
  [14, 14, 8],
  [0, 13, 8],
  [13, 11, 8],
  [14, 11, 8],
  [6, 14, 14],
  [13, 6, 6],
])('exception %d being delivered, then %d: the guest gets %d', (first, second, outcome) => {
  const { vmcs, events, enter } = setUp();
  vmcs.write('IDT_VECTORING_INFO_FIELD', exception(first, first !== 6 && first !== 0));
  events.afterExit();
  expect(events.raise(second, second === 6 ? NO_ERROR : 5)).toBe(true);
  const { event, error } = enter();
  expect(event).toBe(exception(outcome, outcome !== 6));
  if (outcome === 8) expect(error).toBe(0);
});

test('a third one is a triple fault', () => {
  const { vmcs, events } = setUp();
  vmcs.write('IDT_VECTORING_INFO_FIELD', exception(8));
  events.afterExit();
  expect(events.raise(14, 0)).toBe(false);
});

test('an interrupt that an exception has taken the place of is not lost', () => {
  const { vmcs, events, enter } = setUp();
  vmcs.write('IDT_VECTORING_INFO_FIELD', interrupt(0x40));
  events.afterExit();
  vmcs.write('GUEST_RFLAGS', 2);
  events.raise(14, 0);
  expect(enter()).toMatchObject({ event: exception(14), window: true });
  expect(enter()).toMatchObject({ event: 0, window: true });
  vmcs.write('GUEST_RFLAGS', 0x202);
  expect(events.canInject).toBe(false);
  expect(enter().event).toBe(interrupt(0x40));
  expect(events.canInject).toBe(true);
});

test('real mode has no error codes', () => {
  const { events, enter } = setUp({ CR0_READ_SHADOW: 0x10 });
  events.raise(13, 0);
  expect(enter().event).toBe(exception(13, false));
});

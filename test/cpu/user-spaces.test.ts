// Address spaces and tasks of a kernel that is the host: what a switch changes, what it keeps, what must be forgotten.
// SDM vol. 3A 4.10 (what a processor may remember of page tables).
import { describe, expect, it } from 'vitest';
import * as abi from '../../assembly/abi.js';
import { CODE, DATA, UserMachine } from './user-machine.js';

const BOTH = [
  ['interpreted', false],
  ['translated', true],
] as const;
/** 1: incl DATA; mov DATA,%eax; int $0x80; jmp 1b. Each turn comes back with the count. */
const COUNTER = 'ff0500000508 a100000508 cd80 ebf1';
const AREA = 0x100000;

function counting(translated: boolean): UserMachine {
  const machine = new UserMachine(translated);
  machine.load(COUNTER);
  machine.map(DATA, machine.frame());
  return machine;
}
/** The next count, or 0 for a page fault. */
function next(machine: UserMachine): number {
  return machine.run() === abi.EXIT_SYSCALL ? machine.vcpu.registers.general('eax') : 0;
}

describe.each(BOTH)('%s', (_name, translated) => {
  it('a space has its own pages under the same addresses', () => {
    const machine = counting(translated);
    const { vcpu } = machine;
    const other = machine.newSpace();
    machine.map(CODE, machine.frameAt(CODE), { write: false }, other);
    machine.map(DATA, machine.frame(), {}, other);
    const counts: number[] = [];
    for (const [space, turns] of [
      [machine.space, 3],
      [other, 2],
      [machine.space, 1],
      [other, 1],
    ] as const) {
      expect(vcpu.setSpace(space)).toBe(true);
      vcpu.registers.eip = CODE;
      for (let n = 0; n < turns; n++) counts.push(next(machine));
    }
    expect(counts).toEqual([1, 2, 3, 1, 2, 4, 3]);
    // one page of code, decoded once
    expect(vcpu.counters.decoded).toBeLessThan(10);
  });

  it('another program under the same addresses is not taken for the first', () => {
    const machine = counting(translated);
    const { vcpu } = machine;
    const other = machine.newSpace();
    machine.load('b82a000000 cd80', CODE, other); // mov $42,%eax; int $0x80
    expect(next(machine)).toBe(1);
    vcpu.setSpace(other);
    vcpu.registers.eip = CODE;
    expect(next(machine)).toBe(42);
    vcpu.setSpace(machine.space);
    vcpu.registers.eip = CODE;
    expect(next(machine)).toBe(2);
  });

  it('a space that comes back is remembered: nothing asks its tables again', () => {
    const machine = counting(translated);
    const { vcpu } = machine;
    expect([next(machine), next(machine)]).toEqual([1, 2]);
    vcpu.setSpace(machine.newSpace());
    vcpu.setSpace(machine.space);
    const before = vcpu.counters.tlbMisses;
    expect(vcpu.runUser(100)).toBe(abi.EXIT_SYSCALL);
    expect(vcpu.registers.general('eax')).toBe(3);
    expect(vcpu.counters.tlbMisses).toBe(before);
  });

  it('a page that another space has executed meanwhile is written as code', () => {
    const machine = new UserMachine(translated);
    const { vcpu } = machine;
    machine.load('fe0501000508 cd80 ebf6'); // 1: incb DATA + 1; int $0x80; jmp 1b
    const shared = machine.frame();
    machine.poke(shared, Buffer.from('b80a000000cd80', 'hex')); // mov $10,%eax; int $0x80
    machine.map(DATA, shared);
    const other = machine.newSpace();
    machine.map(CODE, shared, { write: false }, other);
    const seen: number[] = [];
    for (let n = 0; n < 4; n++) {
      vcpu.setSpace(machine.space);
      vcpu.registers.eip = CODE;
      next(machine);
      vcpu.setSpace(other);
      vcpu.registers.eip = CODE;
      seen.push(next(machine));
    }
    expect(seen).toEqual([11, 12, 13, 14]);
  });

  it('the tables of a space that is gone are those of another when it has its address', () => {
    const machine = counting(translated);
    const { vcpu } = machine;
    expect(next(machine)).toBe(1);
    vcpu.forgetSpace(machine.space);
    machine.map(DATA, machine.frame());
    vcpu.setSpace(machine.newSpace());
    vcpu.setSpace(machine.space);
    expect(next(machine)).toBe(1);
    vcpu.forgetSpace(machine.space);
    machine.map(DATA, machine.frame());
    vcpu.setSpace(machine.space);
    expect(next(machine)).toBe(1);
  });

  it('bad page-directory pointers change nothing', () => {
    const machine = counting(translated);
    const bad = machine.frame();
    machine.memory.setUint32(bad, 0x1e7, true);
    expect(machine.vcpu.setSpace(bad)).toBe(false);
    expect([next(machine), next(machine)]).toEqual([1, 2]);
  });

  it('what a space has lost while it was not in force is gone when it is told of', () => {
    const machine = counting(translated);
    const { vcpu } = machine;
    expect([next(machine), next(machine)]).toEqual([1, 2]);
    vcpu.setSpace(machine.newSpace());
    machine.map(DATA, undefined);
    vcpu.forgetSpace(machine.space);
    vcpu.setSpace(machine.space);
    expect([next(machine), vcpu.faultAddress]).toEqual([0, DATA]);
  });

  it.each([
    ['a page', DATA, 1],
    ['a range around it', DATA - 4096, 3],
    ['half of all there is', 0, 0x80000],
    ['all there is', 0, 0x100000],
  ])('a page that was unmapped faults after %s was invalidated', (_what, from, pages) => {
    const machine = counting(translated);
    expect(next(machine)).toBe(1);
    machine.map(DATA, undefined);
    machine.vcpu.invalidatePages(from, pages);
    expect([next(machine), machine.vcpu.faultAddress]).toEqual([0, DATA]);
  });

  it('fork: writes fault, reads do not', () => {
    const machine = counting(translated);
    const { vcpu } = machine;
    const { registers } = vcpu;
    expect(next(machine)).toBe(1);
    machine.map(DATA, machine.frameAt(DATA), { write: false });
    vcpu.dropWrites();
    expect([next(machine), vcpu.trapError]).toEqual([0, 7]);
    machine.map(DATA, machine.frameAt(DATA));
    registers.eip = CODE + 6; // the read alone
    const before = vcpu.counters.tlbMisses;
    expect(vcpu.runUser(100)).toBe(abi.EXIT_SYSCALL);
    expect(registers.general('eax')).toBe(1);
    expect(vcpu.counters.tlbMisses).toBe(before);
  });

  it('code that the host writes over is decoded anew', () => {
    const machine = new UserMachine(translated);
    const frame = machine.load('b801000000 cd80'); // mov $1,%eax; int $0x80
    expect(next(machine)).toBe(1);
    machine.poke(frame + 1, Uint8Array.of(2));
    machine.vcpu.registers.eip = CODE;
    expect(next(machine)).toBe(2);
  });

  it('a task comes back with all that is its own, and with nothing else', () => {
    const machine = counting(translated);
    const { vcpu } = machine;
    const { view, registers } = vcpu;
    // fill all that a task has
    for (let i = 0; i < 8; i++) registers.setGeneralNumber(i, 0x1000 + i);
    registers.eip = CODE;
    registers.eflags = 0x8d7;
    registers.setSegment('gs', { selector: 0x33, base: 0x5000, limit: 0xfff, attributes: 0xf3 });
    for (let at = abi.FPR; at < abi.FPU_CONTROL; at += 4) view.setUint32(at, at, true);
    for (let at = abi.XMM; at < abi.MXCSR; at += 4) view.setUint32(at, at, true);
    view.setUint16(abi.FPU_CONTROL, 0x27f, true);
    view.setUint32(abi.MXCSR, 0x1fa0, true);
    view.setUint32(abi.DR0, DATA + 64, true);
    vcpu.saveTask(abi.RAM + AREA);
    const own = [
      [abi.STATE, abi.GDTR_BASE],
      [abi.DR0, abi.DR7 + 8],
      [abi.FPR, abi.MXCSR + 4],
    ] as const;
    const owned = () => own.map(([from, to]) => [...vcpu.bytes.subarray(from, to)]);
    const saved = owned();
    // a field of a saved task is where the ABI says
    expect(view.getUint32(abi.RAM + AREA + abi.EIP - abi.STATE, true)).toBe(CODE);
    // another task runs, in another space
    for (const [from, to] of own) vcpu.bytes.fill(0, from, to);
    vcpu.setFlatSegments(0x73, 0x7b);
    vcpu.setSpace(machine.newSpace());
    registers.eip = CODE;
    registers.eflags = 0x302;
    vcpu.updateMode();
    expect(machine.run()).toBe(abi.EXIT_TRAP);
    const [cr3, instructions] = [machine.get(abi.CR3), vcpu.instructions];
    vcpu.loadTask(abi.RAM + AREA);
    expect(owned()).toEqual(saved);
    expect([machine.get(abi.CR3), vcpu.instructions, machine.get(abi.CAREFUL)]).toEqual([cr3, instructions, 0]);
    vcpu.setSpace(machine.space);
    expect(next(machine)).toBe(1);
  });

  it('a watched page is watched from the switch to its task on, and no longer', () => {
    const machine = counting(translated);
    const { vcpu } = machine;
    vcpu.saveTask(abi.RAM + AREA);
    expect(next(machine)).toBe(1);
    vcpu.loadTask(abi.RAM + AREA);
    vcpu.view.setUint32(abi.DR0, DATA, true);
    vcpu.view.setUint32(abi.DR7, 0x000d0401, true); // 4 bytes, written
    vcpu.saveTask(abi.RAM + AREA + 4096);
    vcpu.loadTask(abi.RAM + AREA);
    expect(next(machine)).toBe(2);
    vcpu.loadTask(abi.RAM + AREA + 4096);
    expect(machine.run()).toBe(abi.EXIT_TRAP);
    expect([vcpu.trapVector, vcpu.registers.eip, machine.get(abi.DR6) & 15]).toEqual([1, CODE + 6, 1]);
    vcpu.loadTask(abi.RAM + AREA);
    expect(next(machine)).toBe(4);
  });

  it('a snapshot of a machine does not make the host its kernel, nor take it away', () => {
    const machine = counting(translated);
    const state = machine.vcpu.saveState();
    new DataView(state.buffer).setUint32(abi.USER_EXITS - abi.STATE, 0, true);
    machine.vcpu.restoreState(state);
    expect(next(machine)).toBe(1);
  });
});

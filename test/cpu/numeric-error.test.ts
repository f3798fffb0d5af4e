// x87 errors with CR0.NE = 0: what stops, what does not, and what lets it go on.
// SDM vol. 1 8.7.2, appendix D.2; vol. 3A 2.5 (CR0.NE), 6.8.1.
import { beforeEach, describe, expect, it } from 'vitest';
import { abi } from '../../scripts/core-machine.mjs';
import { CODE, DATA, ENGINES, FlatMachine } from './flat-machine.js';

const MF = 16;
const IF = 0x200;
const PENDING = 0x8084;
const FWAIT = '9b';

describe.each(ENGINES)('%s', (_, translate) => {
  let machine: FlatMachine;

  /** Division by zero is unmasked, and pending. */
  beforeEach(() => {
    machine = new FlatMachine(translate);
    const { core } = machine;
    core.setControl(1, 0, 0x600);
    core.view.setUint16(abi.FPU_CONTROL, 0x37b, true);
    core.view.setUint16(abi.FPU_STATUS, PENDING, true);
    core.view.setUint16(abi.FPU_TAG, 0xffff, true);
    core.view.setUint32(abi.MXCSR, 0x1f80, true);
  });

  /** Runs `code` and an INC EAX behind it: the exit, and how far it came. */
  function run(code: string): { exit: string; at: number; done: number } {
    const { core } = machine;
    core.poke(CODE, Buffer.from(`${code}40f4`, 'hex'));
    core.set(abi.EAX, 0);
    core.eflags = 2;
    core.eip = CODE;
    core.core.updateMode();
    const exit = abi.EXIT_NAMES.split(' ')[core.run(1000)] as string;
    return { exit, at: core.eip - CODE, done: core.get(abi.EAX) };
  }
  const status = () => machine.core.view.getUint16(abi.FPU_STATUS, true);

  it.each([
    ['fwait', FWAIT],
    ['fld1', 'd9e8'],
    ['fldcw', 'd92d00500000'],
    ['fnop', 'd9d0'],
    ['fstp', 'd91d00500000'],
    ['paddb mm0, mm1', '0ffcc1'],
    ['emms', '0f77'],
    ['cvtpi2ps xmm0, mm0', '0f2ac0'],
  ])('%s stops in front of itself, again and again, and goes on with IGNNE#', (_name, code) => {
    machine.core.ramView.setUint16(DATA, 0x37f, true);
    for (let i = 0; i < 3; i++) {
      expect(run(`90${code}`)).toEqual({ exit: 'FROZEN', at: 1, done: 0 });
      expect(status()).toBe(PENDING);
    }
    machine.core.set(abi.IGNNE, 1);
    expect(run(`90${code}`)).toMatchObject({ exit: 'HLT', done: 1 });
  });

  it.each([
    ['fnstsw', 'dd3d00500000'],
    ['fnstcw', 'd93d00500000'],
    ['fnclex', 'dbe2'],
    ['fninit', 'dbe3'],
    ['fnstenv', 'd93500500000'],
    ['addps', '0f58c1'],
    ['cvtpi2ps from memory', '0f2a0500500000'],
  ])('%s waits for nothing', (_name, code) => {
    expect(run(code)).toMatchObject({ exit: 'HLT', done: 1 });
  });

  it.each([
    ['fnclex', 'dbe2'],
    ['fninit', 'dbe3'],
    ['fnsave', 'dd3500500000'],
    ['fldcw that masks it', 'd92d00500000'],
  ])('%s ends the error, and IGNNE# with it', (_name, code) => {
    machine.core.ramView.setUint16(DATA, 0x37f, true);
    machine.core.set(abi.IGNNE, 1);
    expect(run(code + FWAIT)).toMatchObject({ exit: 'HLT', done: 1 });
    expect(machine.core.get(abi.IGNNE)).toBe(0);
  });

  it('an operation that goes wrong stops the next one', () => {
    machine.core.view.setUint16(abi.FPU_STATUS, 0, true);
    expect(run('d9e8d9eedef9 9090 d9e8'.replaceAll(' ', ''))).toEqual({ exit: 'FROZEN', at: 8, done: 0 });
    expect(status() & 0x8084).toBe(PENDING);
  });

  it('an interrupt can be taken there, whatever held it off before', () => {
    expect(run(`fb${FWAIT}`)).toMatchObject({ exit: 'FROZEN', at: 1 });
    expect(machine.core.eflags & IF).toBe(IF);
    expect(machine.core.core.canInject()).toBe(1);
  });

  it('is #MF with CR0.NE, and #NM comes first', () => {
    machine.core.setControl(0x21, 0, 0x600);
    expect(machine.run(FWAIT)).toEqual({ vector: MF });
    machine.core.setControl(1 | 8, 0, 0x600);
    expect(machine.run('d9e8')).toEqual({ vector: 7 });
  });
});

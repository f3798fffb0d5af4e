// Instruction breakpoints behind instructions that hold events off.
// SDM vol. 3A 6.8.3: behind MOV SS and POP SS Intel's processors meet none, so that SS and ESP are loaded as one.
import { beforeEach, describe, expect, it } from 'vitest';
import { abi } from '../../scripts/core-machine.mjs';
import { CODE, ENGINES, FlatMachine } from './flat-machine.js';

const DB = 1;
const LOCAL_0 = 1;
const DATA_SELECTOR = 0x10;

describe.each(ENGINES)('%s', (_, translate) => {
  let machine: FlatMachine;

  beforeEach(() => {
    machine = new FlatMachine(translate);
    machine.core.set(abi.EAX, DATA_SELECTOR);
    machine.core.set(abi.DR7, LOCAL_0);
  });

  /** Where a breakpoint at `offset` of `code` was met; null: it was not. */
  function met(code: string, offset: number): number | null {
    machine.core.set(abi.DR0, CODE + offset);
    const raised = machine.run(code);
    if (raised === null) return null;
    expect(raised.vector).toBe(DB);
    return machine.core.ramView.getUint32(machine.core.get(abi.ESP), true) - CODE;
  }

  it.each([
    ['mov ss, ax', '8ed0', 2],
    ['pop ss', '6a10 17', 3],
    ['pop ss, 16 bits', '666a10 6617', 5],
  ])('%s: not on the next instruction, but on the one behind', (_name, load, length) => {
    expect(met(`${load}9090`, length)).toBe(null);
    expect(met(`${load}9090`, length + 1)).toBe(length + 1);
    // the load itself
    expect(met(`${load}9090`, 0)).toBe(0);
  });

  it.each([
    ['mov ds, ax', '8ed8', 2],
    ['sti', 'fb', 1],
    ['lss esp, [5000]', '0fb225 00500000', 7],
  ])('%s: on the next instruction', (_name, code, length) => {
    machine.core.ramView.setUint32(0x5000, 0x8800, true);
    machine.core.ramView.setUint16(0x5004, DATA_SELECTOR, true);
    expect(met(`${code}9090`, length)).toBe(length);
  });

  it('nor after an exit between the two', () => {
    machine.core.set(abi.DR0, CODE + 2);
    machine.core.poke(CODE, Buffer.from('8ed09090f4', 'hex'));
    machine.core.eip = CODE;
    machine.core.core.updateMode();
    for (let i = 0; i < 3; i++) expect(machine.core.run(1)).toBe(abi.EXIT_BUDGET);
    expect(machine.core.run(1)).toBe(abi.EXIT_HLT);
    expect(machine.core.eip).toBe(CODE + 5);
  });
});

// Instructions that write memory only sometimes: what they ask of a destination that may not be written.
// SDM vol. 2 ARPL, CMPXCHG, MASKMOVQ, MOVS; vol. 3A 3.4.5.1 (accessed bit), 4.8 (accessed and dirty).
import { beforeEach, describe, expect, it } from 'vitest';
import { abi } from '../../scripts/core-machine.mjs';
import { DATA, ENGINES, FlatMachine, GP, PF, READ_ONLY } from './flat-machine.js';

const ZF = 0x40;
const WRITE_OF_PRESENT = 3;
const ARPL = '63 05 00500000'; // arpl [5000], ax

describe.each(ENGINES)('%s', (_, translate) => {
  let machine: FlatMachine;
  const setSelector = (value: number) => machine.core.ramView.setUint16(DATA, value, true);
  const selector = () => machine.core.ramView.getUint16(DATA, true);

  beforeEach(() => {
    machine = new FlatMachine(translate);
  });

  describe('ARPL', () => {
    it('on a read-only page faults when it has something to write alone', () => {
      machine.page({ [DATA]: DATA | READ_ONLY });
      machine.core.set(abi.EAX, 1);
      for (const value of [0x1001, 0x1002, 0x1003]) {
        setSelector(value);
        expect(machine.run(`39c0 ${ARPL}`)).toBe(null); // cmp eax, eax sets ZF
        expect(machine.core.eflags & ZF).toBe(0);
      }
      setSelector(0x1000);
      expect(machine.run(ARPL)).toEqual({ vector: PF, error: WRITE_OF_PRESENT });
      expect(selector()).toBe(0x1000);
    });

    it('in a read-only segment too, and through CS', () => {
      machine.core.setDescriptor('fs', 0x10, 0x0000ffff, 0x00cf9100);
      machine.core.set(abi.EAX, 2);
      for (const prefix of ['64', '2e']) {
        setSelector(0x1003);
        expect(machine.run(`39c0 ${prefix}${ARPL}`)).toBe(null);
        expect(machine.core.eflags & ZF).toBe(0);
        setSelector(0x1001);
        expect(machine.run(prefix + ARPL)).toEqual({ vector: GP, error: 0 });
        expect(selector()).toBe(0x1001);
      }
    });

    it('raises the privilege of what it may write', () => {
      machine.page();
      machine.core.set(abi.EAX, 3);
      setSelector(0x1235);
      expect(machine.run(ARPL)).toBe(null);
      expect(selector()).toBe(0x1237);
      expect(machine.core.eflags & ZF).toBe(ZF);
      // a data segment with a limit
      machine.core.setDescriptor('fs', 0x10, 0x00005001, 0x00409300);
      setSelector(0x1000);
      expect(machine.run(`64${ARPL}`)).toBe(null);
      expect(selector()).toBe(0x1003);
      machine.core.setDescriptor('fs', 0x10, 0x00005000, 0x00409300);
      expect(machine.run(`64${ARPL}`)).toEqual({ vector: GP, error: 0 });
    });
  });

  it.each([
    ['cmpxchg that finds another value', '0fb115 00500000'],
    ['cmpxchg8b that finds another value', '0fc70d 00500000'],
    ['shl by 0', 'd325 00500000'],
    ['rcl by 0', 'd315 00500000'],
    ['shld by 0', '0fa505 00500000'],
    ['add of 0', '8305 00500000 00'],
    ['xadd of 0', '0fc10d 00500000'],
    ['bts of a set bit', '0fba2d 00500000 00'],
  ])('%s writes what it has read, and so must be able to', (_name, code) => {
    machine.page({ [DATA]: DATA | READ_ONLY });
    machine.core.setRegisters([0, 0, 0, 0, 0, 0, 0, 0]);
    machine.core.ramView.setUint32(DATA, 1, true);
    expect(machine.run(code)).toEqual({ vector: PF, error: WRITE_OF_PRESENT });
  });

  it.each([
    ['rep stosb', 'f3aa'],
    ['rep movsb', 'f3a4'],
    ['rep insb', 'f36c'],
    ['maskmovq of no byte', '0fefc0 0ff7c0'], // pxor mm0, mm0
    ['maskmovdqu of no byte', '660fefc0 660ff7c0'],
  ])('%s with nothing to write asks for nothing', (_name, code) => {
    machine.page({ [DATA]: DATA | READ_ONLY });
    machine.core.setRegisters([0, 0, 0, 0, 0, 0, DATA, DATA]);
    expect(machine.run(code)).toBe(null);
  });

  it('a descriptor that is accessed already is loaded from a read-only page', () => {
    machine.page({ 16384: 0x4000 | READ_ONLY });
    expect(machine.run('b810000000 8ed8')).toBe(null); // mov eax, 10; mov ds, eax
    machine.core.ram[0x4000 + 0x15] = 0x92;
    expect(machine.run('b810000000 8ed8')).toEqual({ vector: PF, error: WRITE_OF_PRESENT });
  });
});

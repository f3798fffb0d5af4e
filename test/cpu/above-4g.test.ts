// Physical bits 35-32 of PAE entries: there is nothing above 4 GiB, least of all what the lower bits name.
// SDM vol. 3A 4.4.2; 36 physical address bits are announced (CPUID leaf 80000008).
import { beforeEach, describe, expect, it } from 'vitest';
import { abi } from '../../scripts/core-machine.mjs';
import {
  CODE,
  DATA,
  directoryEntry,
  ENGINES,
  FlatMachine,
  PF,
  pageEntry,
  pointerEntry,
  PRESENT_WRITABLE,
} from './flat-machine.js';

const LOW = 0x30000;
const LARGE = 0x80n;
const HIGHS = [1n, 2n, 4n, 8n, 15n];
const NOTHING = 0xffffffff;
const MARK = 0x12345678;

const READ = 'a1 00500000'; // mov eax, [5000]
const WRITE = 'c705 00500000 efbeadde'; // mov dword [5000], deadbeef
const ADD = '8305 00500000 01'; // add dword [5000], 1
const JUMP = 'e9 fb3f0000'; // jmp 5005 from 1000: 1000 + 5 + 3ffb + 5

describe.each(ENGINES)('%s', (_, translate) => {
  let machine: FlatMachine;

  beforeEach(() => {
    machine = new FlatMachine(translate);
    machine.core.ramView.setUint32(LOW, MARK, true);
  });

  const mark = () => machine.core.ramView.getUint32(LOW, true);

  it.each(HIGHS)('a page at %i * 4 GiB reads as ones, takes writes to nowhere, and makes no exit', (high) => {
    machine.pagePae({ [pageEntry(DATA)]: (high << 32n) | BigInt(LOW | PRESENT_WRITABLE) });
    expect(machine.run(READ)).toBe(null);
    expect(machine.core.get(abi.EAX)).toBe(NOTHING);
    expect(machine.run(WRITE + READ)).toBe(null);
    expect(machine.core.get(abi.EAX)).toBe(NOTHING);
    expect(machine.run(ADD)).toBe(null);
    expect(mark()).toBe(MARK);
    // accessed and dirty, as for any page
    expect(machine.core.ramView.getUint32(pageEntry(DATA), true) & 0x60).toBe(0x60);
  });

  it('so does a large page', () => {
    machine.pagePae({ [directoryEntry(0x200000)]: (1n << 32n) | LARGE | BigInt(PRESENT_WRITABLE) });
    machine.core.ramView.setUint32(DATA, MARK, true);
    expect(machine.run('a1 00502000')).toBe(null);
    expect(machine.core.get(abi.EAX)).toBe(NOTHING);
    expect(machine.run('c705 00502000 efbeadde')).toBe(null);
    expect(machine.core.ramView.getUint32(DATA, true)).toBe(MARK);
  });

  it('strings see it too', () => {
    machine.pagePae({ [pageEntry(DATA)]: (1n << 32n) | BigInt(LOW | PRESENT_WRITABLE) });
    machine.core.setRegisters([0, 64, 0, 0, 0, 0, 0, DATA]);
    expect(machine.run('f3aa')).toBe(null); // rep stosb
    expect(mark()).toBe(MARK);
    machine.core.setRegisters([0, 64, 0, 0, 0, 0, DATA, 0x6000]);
    expect(machine.run('f3a4')).toBe(null); // rep movsb
    expect([...machine.core.ram.subarray(0x6000, 0x6040)].every((byte) => byte === 0xff)).toBe(true);
  });

  it('code there is what an empty bus answers, and not the code below', () => {
    machine.core.poke(LOW, Buffer.from('f4', 'hex'));
    machine.core.poke(LOW + 5, Buffer.from('f4', 'hex'));
    machine.pagePae({ [pageEntry(DATA)]: (1n << 32n) | BigInt(LOW | PRESENT_WRITABLE) });
    expect(machine.run(JUMP)).toEqual({ vector: 6 });
    // and the same page below keeps its code
    machine.pagePae({ [pageEntry(DATA)]: BigInt(LOW | PRESENT_WRITABLE) });
    expect(machine.run(JUMP)).toBe(null);
    expect(machine.core.eip).toBeGreaterThan(CODE);
  });

  it('tables there have no entries', () => {
    // what the low bits name is a table that maps everything
    machine.pagePae({ [directoryEntry(0x200000)]: (1n << 32n) | BigInt(pageEntry(0) | PRESENT_WRITABLE) });
    expect(machine.run('a1 00502000')).toEqual({ vector: PF, error: 0 });
    machine.pagePae({ [pointerEntry(0x40000000)]: (1n << 32n) | BigInt(directoryEntry(0) | 1) });
    expect(machine.run('a1 00500040')).toEqual({ vector: PF, error: 0 });
  });
});

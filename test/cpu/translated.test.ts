// Small programs that translated code once got wrong.
// SDM vol. 2 for what they do.
import { expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';

const EAX = abi.REGS;
const EBX = abi.REGS + 24;
const ESP = abi.REGS + 32;
const CODE = 0x1000;
const OTHER = 0x2000;
const STACK = 0x9000;
const FLAGS = 0x8d5;

it('keeps flags over a return out of the region', () => {
  const machine = new CoreMachine(1 << 21, true);
  machine.enterFlat();
  machine.set(ESP, STACK);
  machine.ramView.setUint32(STACK, CODE, true);
  machine.poke(CODE, Buffer.from('9c58f4', 'hex')); // pushf; pop %eax; hlt
  machine.poke(OTHER, Buffer.from('39d87401c3f4', 'hex')); // cmp %ebx,%eax; jz 1f; ret; 1: hlt
  machine.set(EAX, 1);
  machine.set(EBX, 2);
  machine.eip = OTHER;
  expect(machine.run(1000)).toBe(abi.EXIT_HLT);
  expect(machine.get(EAX) & FLAGS).toBe(0x95); // CF PF AF SF
});

// What is found to be hot: also a stretch of instructions that ends in translated code and takes no branch before it.
// assembly/interpreter/samples.ts.
import { expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';

const CODE = 0x1000;
const FIRST = 0x2000;
const SECOND = 0x2800;
const POINTER = 0x3000;
const FIRST_ENTRY = 0x4000;

it('translates a straight function that only translated code calls', () => {
  const machine = new CoreMachine(2 << 20, true);
  machine.enterFlat();
  machine.set(abi.REGS + 32, 0x9000);
  machine.poke(CODE, Buffer.from('ff1500300000ebf8', 'hex')); // 1: call *POINTER; jmp 1b
  for (const at of [FIRST, SECOND]) machine.poke(at, Buffer.from('4001c331d2c3', 'hex')); // inc %eax; add %eax,%ebx; xor %edx,%edx; ret
  machine.eip = CODE;
  const linker = machine.linker!;
  linker.start();

  const run = () => {
    for (let i = 0; i < 200; i++) {
      machine.core.run(20_000);
      linker.translateHot();
    }
  };
  const isEntry = (at: number) => {
    const table = machine.get(abi.TLB_CODE_SUPERVISOR + 4 * (at >>> 12));
    return machine.view.getUint16(machine.get(table + 4 * (at & 0xfff)), true) >= FIRST_ENTRY;
  };

  machine.ramView.setUint32(POINTER, FIRST, true);
  run();
  expect([isEntry(CODE + 6), isEntry(FIRST)]).toEqual([true, true]);
  // from now on the caller is translated, and its return point is the only target of a branch that the interpreter takes
  machine.ramView.setUint32(POINTER, SECOND, true);
  run();
  expect(isEntry(SECOND)).toBe(true);
});

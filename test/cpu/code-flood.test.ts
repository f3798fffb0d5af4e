// Guests that make new code without end: what the translator keeps stays bounded, what is dropped comes back, results are right.
// The bounds are those of src/vcpu/linker.ts and assembly/abi.ts.
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';

const MIB = 1 << 20;
const CODE = 0x1000;
const FIRST = 0x10000;
const EBP = abi.REGS + 40;
const ESI = abi.REGS + 48;
const EDI = abi.REGS + 56;
const little = (value: number): string => Buffer.from(Uint32Array.of(value).buffer).toString('hex');

function machineWith(code: string, ram: number): CoreMachine {
  const machine = new CoreMachine(ram, true);
  machine.enterFlat();
  machine.set(abi.ESP, 0x9000);
  machine.poke(CODE, Buffer.from(code.replaceAll(' ', ''), 'hex'));
  machine.eip = CODE;
  machine.linker.start();
  return machine;
}

/** Runs to HLT as src/vcpu/vcpu.ts does, translating what becomes hot. */
async function run(machine: CoreMachine): Promise<void> {
  for (let turns = 0; turns < 20_000; turns++) {
    const exit = machine.core.run(200_000);
    if (exit === abi.EXIT_HLT) return;
    expect(exit).toBe(abi.EXIT_BUDGET);
    machine.linker.translateHot();
    if (turns % 50 === 0) await setImmediate();
  }
  throw new Error('the guest did not end');
}

/** Makes functions `mov $ebp,%eax; 1: add %eax,%esi; dec %ecx; jnz 1b; ret`, `step` bytes apart, from FIRST to `end` again and again. */
function generator(step: number, end: number, loops: number): string {
  const body = [
    'c607b8 896f01 c7470501c64975 c74709fbc30000', // write it
    `b9${little(loops)} ffd7`, // mov $loops,%ecx; call *%edi
    `81c7${little(step)} 81ff${little(end)} 7205 bf${little(FIRST)}`, // the next place, or the first
    '4d',
  ].join('');
  const size = body.replaceAll(' ', '').length / 2;
  return `${body} 0f85${little(-(size + 6))} f4`;
}
const sum = (rounds: number, loops: number): number =>
  Number(((BigInt(rounds) * BigInt(rounds + 1) * BigInt(loops)) / 2n) & 0xffffffffn);

it.each([
  ['in a page of its own each', 0x1000, 0x10000 + 300 * 0x1000],
  ['in a few pages, written over and over', 0x40, 0x10000 + 0x2000],
])('endless new functions, %s', { timeout: 120_000 }, async (_, step, end) => {
  const rounds = 600;
  const loops = 40_000;
  const machine = machineWith(generator(step, end, loops), 2 * MIB);
  machine.set(EBP, rounds);
  machine.set(EDI, FIRST);
  const slots = machine.core.table.length;
  const memory = machine.view.buffer.byteLength;
  await run(machine);
  expect(machine.get(ESI)).toBe(sum(rounds, loops));
  // it was translated, more often than modules may live, and nothing grew
  expect(machine.linker.modules).toBeGreaterThan(step === 0x1000 ? 100 : 5);
  if (step === 0x1000) expect(machine.get(abi.COUNT_CODE_FLUSHES)).toBeGreaterThan(0);
  expect(machine.core.table.length).toBe(slots);
  expect(machine.view.buffer.byteLength).toBe(memory);
});

it('more pages of code than are remembered', async () => {
  const pages = 3 * abi.CODE_PAGE_MAX;
  // 1: call *%edi; add $0x1000,%edi; dec %ebp; jnz 1b; hlt
  const machine = machineWith('ffd7 81c700100000 4d 75f5 f4', FIRST + pages * 0x1000);
  for (let page = 0; page < pages; page++) machine.ram.set([0x46, 0xc3], FIRST + page * 0x1000); // inc %esi; ret
  machine.set(EBP, pages);
  machine.set(EDI, FIRST);
  const flushes = machine.get(abi.COUNT_CODE_FLUSHES);
  await run(machine);
  expect(machine.get(ESI)).toBe(pages);
  expect(machine.get(abi.COUNT_CODE_FLUSHES) - flushes).toBeGreaterThanOrEqual(2);
});

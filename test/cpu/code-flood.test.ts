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
  expect(machine.core.table.length).toBe(slots);
  expect(machine.view.buffer.byteLength).toBe(memory);
});

/** 1: call *%edi; add $0x1000,%edi; dec %ebp; jnz 1b; hlt. In each page: inc %esi; ret. */
function manyPages(pages: number): CoreMachine {
  const machine = machineWith('ffd7 81c700100000 4d 75f5 f4', FIRST + pages * 0x1000);
  for (let page = 0; page < pages; page++) machine.ram.set([0x46, 0xc3], FIRST + page * 0x1000);
  machine.set(EBP, pages);
  machine.set(EDI, FIRST);
  return machine;
}

it('more pages of code than are remembered', async () => {
  const known = (machine: CoreMachine): number => machine.get(abi.CODE_LAYOUT + abi.LAYOUT_PAGES);
  const pages = 3 * known(machineWith('f4', 2 * MIB));
  const machine = manyPages(pages);
  const flushes = machine.get(abi.COUNT_CODE_FLUSHES);
  await run(machine);
  expect(machine.get(ESI)).toBe(pages);
  expect(machine.get(abi.COUNT_CODE_EVICTIONS)).toBeGreaterThanOrEqual(pages - known(machine));
  expect(machine.get(abi.COUNT_CODE_FLUSHES)).toBe(flushes);
});

it.each([
  ['interpreted', false],
  ['translated', true],
])('calls at random among more pages than are remembered, some of them written, %s', async (_, translate) => {
  const pages = 100;
  const rounds = 40_000;
  // 1: imul $1664525,%esi; add $1013904223,%esi; mov %esi,%eax; shr $20,%eax; imul $pages,%eax; shr $12,%eax; shl $12,%eax; add $FIRST,%eax;
  // mov $3,%ecx; call *%eax; dec %ebp; jnz 1b; hlt
  const body = `69f60d661900 81c65ff36e3c 89f0 c1e814 6bc0${pages.toString(16)} c1e80c c1e00c 05${little(FIRST)} b903000000 ffd0 4d`;
  const size = body.replaceAll(' ', '').length / 2;
  const machine = machineWith(`${body} 75${(256 - size - 2).toString(16)} f4`, FIRST + pages * 0x1000);
  if (!translate) machine.linker.translateHot = () => {};
  machine.core.setPeriod(100);
  machine.core.setHot(1);
  // room for some sixty pages
  machine.core.setCodeArea(abi.CODE_AREA, abi.CODE_AREA + 60 * 31_000);
  const flushes = machine.get(abi.COUNT_CODE_FLUSHES);
  for (let page = 0; page < pages; page++) {
    const at = FIRST + page * 0x1000;
    // 1: add $page,%edi; dec %ecx; jnz 1b; ret. Each eighth counts on in its own code: incl (the immediate)
    const own = page % 8 === 0 ? `ff05${little(at + 2)}` : '';
    machine.ram.set(Buffer.from(`81c7${little(page)} 49 75f7 ${own} c3`.replaceAll(' ', ''), 'hex'), at);
  }
  machine.set(EBP, rounds);
  machine.set(ESI, 1);
  await run(machine);
  const immediates = Array.from({ length: pages }, (_, page) => page);
  let sum = 0;
  for (let n = 0, x = 1; n < rounds; n++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    const page = ((x >>> 20) * pages) >>> 12;
    sum = (sum + 3 * immediates[page]!) >>> 0;
    if (page % 8 === 0) immediates[page]!++;
  }
  expect(machine.get(EDI)).toBe(sum);
  expect(machine.get(abi.COUNT_CODE_EVICTIONS)).toBeGreaterThan(100);
  expect(machine.get(abi.COUNT_CODE_FLUSHES)).toBe(flushes);
  if (translate) expect(machine.linker.modules).toBeGreaterThan(10);
});

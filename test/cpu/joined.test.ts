// Regions that hot links join: one function for code of several pages, under whatever mapping, until code of any of them is written.
// Ours; every case runs interpreted and translated, and both must agree to the instruction.
import { expect, it } from 'vitest';
import { abi, type CoreMachine } from '../../scripts/core-machine.mjs';
import type { TranslatorCore } from '../../src/vcpu/linker.js';
import { CODE, hex, OTHER, page, STACK, start, stateOf } from './paged-machine.js';

const THIRD = 0x5000;
const CALLER = 0x7000;

/** The displacement of a branch that ends at `from`. */
const to = (target: number, from: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(target - from);
  return bytes.toString('hex');
};

interface Case {
  code: Record<number, string>;
  /** What it does each time before it calls what CODE has (ESI: where), and what it does once: EBP is THIRD. */
  each?: string;
  /** With them there is paging. */
  aliases?: readonly number[];
  slice?: number;
  rounds?: number;
}

/** mov $rounds,%ecx; mov $CODE,%esi; mov $THIRD,%ebp; 1: each; call *%esi; dec %ecx; jnz 1b; hlt */
function driver(each: string, rounds: number): string {
  const little = (value: number): string => Buffer.from(Uint32Array.of(value).buffer).toString('hex');
  const back = 0x100 - (hex(each).length + 5);
  return `b9${little(rounds)} be${little(CODE)} bd${little(THIRD)} ${each} ffd6 49 75${back.toString(16)} f4`;
}

/** Runs to HLT in slices, joining what can be joined in between; the modules that were made for that. */
function both({ code, each = '', aliases, slice = 200, rounds = 2000 }: Case): {
  machine: CoreMachine;
  joined: number;
} {
  const [interpreted, translated] = [false, true].map((translate) => {
    const machine = start(translate, {
      code: { ...code, [CALLER]: driver(each, rounds) },
      eip: CALLER,
      prepare: (one) => aliases && page(one, aliases),
    });
    const core = machine.core as unknown as TranslatorCore;
    core.setLinks(1, 1, 1);
    // what has fallen is found again
    core.setPeriod(translate ? 16 : 0);
    let joined = 0;
    let longest = 0;
    let exit = abi.EXIT_BUDGET;
    while (exit === abi.EXIT_BUDGET) {
      machine.linker?.translateHot();
      const before = machine.linker?.modules ?? 0;
      machine.linker?.translateLinked();
      joined += (machine.linker?.modules ?? 0) - before;
      const count = machine.get(abi.COUNT_INSTRUCTIONS);
      exit = machine.core.run(slice);
      longest = Math.max(longest, machine.get(abi.COUNT_INSTRUCTIONS) - count);
    }
    return { machine, exit, joined, longest };
  });
  expect(stateOf(translated!.machine, translated!.exit)).toEqual(stateOf(interpreted!.machine, interpreted!.exit));
  expect(translated!.longest).toBeLessThan(slice + 40);
  expect(translated!.joined).toBeGreaterThan(0);
  return { machine: translated!.machine, joined: translated!.joined };
}

/** call OTHER; add %eax,%edx; ret. There: inc %eax; call THIRD; ret. And there: add $3,%ebx; ret */
const chain = {
  [CODE]: `e8${to(OTHER, CODE + 5)} 01c2 c3`,
  [OTHER]: `40 e8${to(THIRD, OTHER + 6)} c3`,
  [THIRD]: '83c303 c3',
};
/** The same, with another page behind it: add $5,%ebx; ret. */
const FIVE = 0x6000;
const withFive = { ...chain, [FIVE]: '83c305 c3' };

it('makes one region of a caller and those that it calls', () => {
  const { machine } = both({ code: chain });
  expect(machine.registers().slice(0, 4)).toEqual([2000, 0, 2_001_000, 6000]);
  // whoever still went to one of those that were joined would trap
  const { table, closed } = machine.core as unknown as TranslatorCore;
  for (let slot = closed(); slot >= 0; slot = closed()) table.set(slot, null);
  const live = Array.from({ length: abi.REGION_SLOT_MAX }, (_, n) => table.get(table.length - n - 1)).filter(Boolean);
  expect(live.length).toBeLessThanOrEqual(2);
  machine.setRegisters([0, 0, 0, 0, STACK, 0, 0, 0]);
  machine.eip = CALLER;
  expect(machine.core.run(100_000)).toBe(abi.EXIT_HLT);
  expect(machine.register(3)).toBe(6000);
});

it('runs it where all its pages have moved', () => {
  // xor $ALIAS,%esi: the same pages from ALIAS on
  const { machine } = both({ code: chain, each: '81f600004000', aliases: [0, CODE, OTHER, 0x3000, 0x4000, THIRD] });
  expect(machine.register(3)).toBe(6000);
});

it('leaves it where another page lies instead of one of its own', () => {
  const { machine } = both({ code: withFive, each: '81f600004000', aliases: [0, CODE, OTHER, 0x3000, 0x4000, FIVE] });
  expect(machine.register(3)).toBe(3 * 1000 + 5 * 1000);
});

it('sees what is mapped now at a page of its own', () => {
  // every fourth time: xorl $THIRD ^ FIVE,(the entry of THIRD); invlpg THIRD
  const each = 'f6c103 750e 813514100200 00300000 0f017d00';
  const { machine } = both({ code: withFive, each, aliases: [] });
  expect(machine.register(3)).toBe(8000);
});

it('falls when code of any of its pages is written, and comes again', () => {
  // every 256th time: incb THIRD + 2
  const { machine, joined } = both({ code: chain, each: '84c9 7503 fe4502', rounds: 4096 });
  expect(machine.register(3)).toBeGreaterThan(3 * 4096);
  expect(joined).toBeGreaterThan(2);
});

it('comes back within its budget from a loop over pages', () => {
  // inc %eax; jmp OTHER; and there: inc %ebx; cmp $20,%eax; jb CODE; mov $0,%eax; ret
  const loop = {
    [CODE]: `40 e9${to(OTHER, CODE + 6)}`,
    [OTHER]: `43 83f814 0f82${to(CODE, OTHER + 10)} b800000000 c3`,
  };
  const { machine } = both({ code: loop, slice: 37, rounds: 500 });
  expect(machine.register(3)).toBe(20 * 500);
});

it('returns to where the guest says, not to where the call was', () => {
  // call OTHER; inc %ebx; ret. There: call THIRD; ret. And there, every fourth time, the return address of the first call is raised by one
  const code = {
    [CODE]: `e8${to(OTHER, CODE + 5)} 43 c3`,
    [OTHER]: `e8${to(THIRD, OTHER + 5)} c3`,
    [THIRD]: 'f6c103 7504 ff442404 c3',
  };
  const { machine } = both({ code, rounds: 1000 });
  expect(machine.register(3)).toBe(750);
});

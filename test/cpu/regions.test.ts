// Ways from region to region: across pages, under other mappings and other rights, into code that changes, with regions dropped between.
// Ours; every case runs interpreted and translated, and both must agree to the instruction.
import { expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';
import type { TranslatorCore } from '../../src/vcpu/linker.js';
import { readNotes } from '../../src/vcpu/translation-notes.js';
import {
  ALIAS,
  CODE,
  hex,
  OTHER,
  page,
  STACK,
  type Start,
  SUPERVISOR,
  start,
  stateOf,
  TABLE,
  USER,
} from './paged-machine.js';

const PAGES = 100;
const MANY = 0x30000;
/** Of the core's table, for regions: src/vcpu/linker.ts. */
const SLOTS = 8192;

/** Runs to HLT in slices, interpreted and translated. */
function both(from: Start, slice = 100_000, slices = 1): CoreMachine {
  const [interpreted, translated] = [false, true].map((translate) => {
    const machine = start(translate, from);
    let exit = abi.EXIT_BUDGET;
    for (let n = 0; n < slices && exit === abi.EXIT_BUDGET; n++) exit = machine.run(slice);
    return { machine, exit };
  });
  expect(stateOf(translated!.machine, translated!.exit)).toEqual(stateOf(interpreted!.machine, interpreted!.exit));
  return translated!.machine;
}

it('calls into another page and returns from it', () => {
  // mov $1000,%ecx; 1: call OTHER; dec %ecx; jnz 1b; hlt
  const machine = both({ code: { [CODE]: 'b9e8030000 e8f60f0000 49 75f8 f4', [OTHER]: '40 c3' } });
  expect(machine.register(0)).toBe(1000);
  expect(machine.linker?.modules).toBe(2);
});

it('comes back from a loop over two pages when the budget ends', () => {
  // jmp OTHER; and there jmp CODE, for ever
  const machine = start(true, { code: { [CODE]: '40 e9fa0f0000', [OTHER]: '43 e9faefffff' } });
  for (const budget of [1, 2, 37, 5000]) {
    const before = machine.get(abi.COUNT_INSTRUCTIONS);
    expect(machine.run(budget)).toBe(abi.EXIT_BUDGET);
    const ran = machine.get(abi.COUNT_INSTRUCTIONS) - before;
    expect(ran).toBeGreaterThanOrEqual(budget);
    expect(ran).toBeLessThan(budget + 8);
  }
});

it('follows an indirect jump through a table in its page, and one out of it', () => {
  // mov $40,%ecx; 1: mov %ecx,%eax; and $3,%eax; jmp *0x3000(,%eax,4); 2: inc %ebx; loop 1b; hlt; 3: inc %edx; loop 1b; hlt
  const table = [0x1011, 0x1015, 0x1015, OTHER];
  both({
    code: {
      [CODE]: 'b928000000 89c8 83e003 ff248500300000 43 e2f1 f4 42 e2ed f4',
      [OTHER]: '46 e90befffff',
    },
    prepare: (machine) => {
      table.forEach((target, n) => {
        machine.ramView.setUint32(0x3000 + 4 * n, target, true);
      });
    },
  });
});

it('goes where the mapping leads, not where the code was translated', () => {
  // inc %eax, then on into the next page; the page at CODE has OTHER behind it, its alias has 0x5000
  const filler = `40${'90'.repeat(0xfff)}`;
  const code = { [CODE]: filler, [OTHER]: '43 f4', 20480: '42 f4' };
  const prepare = (machine: CoreMachine): void => page(machine, [CODE, 0x5000]);
  expect(both({ code, prepare }).register(3)).toBe(1);
  expect(both({ code, prepare, eip: ALIAS }).register(2)).toBe(1);
});

it('calls the page that is mapped now', () => {
  // mov $ALIAS,%esi; mov $10,%ecx; 1: call *%esi; xorl $0x7000,ALIASES (OTHER to 0x5000 and back); invlpg (%esi); loop 1b; hlt
  const machine = both({
    code: {
      [CODE]: 'be00004000 b90a000000 ffd6 813500200200 00700000 0f013e e2ef f4',
      [OTHER]: '40 c3',
      20480: '43 c3',
    },
    prepare: (m) => page(m, [OTHER]),
  });
  expect([machine.register(0), machine.register(3)]).toEqual([5, 5]);
});

it('sees what the region before has stored into the next', () => {
  // mov $20,%ecx; 1: mov %cl,OTHER + 1; call OTHER; add %eax,%edx; loop 1b; hlt; there: mov $0,%al; ret
  const machine = both({ code: { [CODE]: 'b914000000 880d01200000 e8f00f0000 01c2 e2f1 f4', [OTHER]: 'b000 c3' } });
  expect(machine.register(2)).toBe(210);
});

it('sees what a region has stored into itself', () => {
  // mov $20,%ecx; 1: mov %cl,0x100c; mov $0,%al; add %eax,%edx; loop 1b; hlt
  const machine = both({ code: { [CODE]: 'b914000000 880d0c100000 b000 01c2 e2f4 f4' } });
  expect(machine.register(2)).toBe(210);
});

it('takes small regions into those that reach them', () => {
  // 10 levels of: push %ebx; mov %eax,%ebx; cmp $1,%eax; jbe 1f; dec %eax; call CODE; lea -2(%ebx),%eax; call 2f; 1: mov %ebx,%eax; pop %ebx; ret
  const recursion = '53 89c3 83f801 760e 48 e8f2ffffff 8d43fe e80a000000 89d8 5b c3';
  const [tail, leaf] = [CODE + 0x16, CODE + 0x20];
  // 2: inc %ecx; inc %edx; ret. And there: mov $10,%eax; call CODE; call 2b; hlt
  const code = { [CODE]: recursion, [leaf]: '41 42 c3', [OTHER]: 'b80a000000 e8f6efffff e811f0ffff f4' };
  const machine = new CoreMachine(2 << 20, true);
  machine.enterFlat();
  for (const [address, text] of Object.entries(code)) machine.poke(Number(address), hex(text));
  machine.core.updateMode();
  const run = (): readonly number[] => {
    machine.setRegisters([0, 0, 0, 0, STACK, 0, 0, 0]);
    machine.eip = OTHER;
    expect(machine.core.run(10_000)).toBe(abi.EXIT_HLT);
    return machine.registers();
  };
  const { table } = machine.core as unknown as TranslatorCore;
  const first = table.length - SLOTS;
  const interpreted = run();
  for (const address of [tail, leaf, CODE]) {
    machine.eip = address;
    expect(machine.linker?.translateHere()).toBe(true);
  }
  // whoever still went to the first two would trap
  table.set(first, null);
  table.set(first + 1, null);
  expect(run()).toEqual(interpreted);
});

it.each([
  ['add', '01d8'],
  ['sub of 16 bits', '6629d8'],
  ['adc of 8 bits', '10d8'],
  ['and', '21d8'],
  ['neg', 'f7d8'],
  ['shl', 'c1e003'],
  ['sar of 16 bits', '66c1f803'],
  ['shrd', '0facd807'],
  ['imul', '0fafc3'],
  ['inc behind sub', '29d8 40'],
  ['dec of 8 bits', 'fec8'],
  ['stc', 'f9'],
])('hands the flags of %s to the next page', (_name, setter) => {
  const size = hex(setter).length;
  const call = Buffer.alloc(4);
  call.writeInt32LE(OTHER - (CODE + 15 + size));
  const back = (0x100 - size - 8).toString(16);
  // mov $60,%ecx; mov $0x7fffff35,%ebx; 1: ...; call OTHER; dec %ecx; jnz 1b; hlt. There: pushf; pop %edi; rol %ebp; xor %edi,%ebp; add %ebp,%ebx; ret
  const code = `b93c000000 bb35ffff7f ${setter} e8${call.toString('hex')} 49 75${back} f4`;
  for (const slice of [100_000, 1, 5]) {
    both({ code: { [CODE]: code, [OTHER]: '9c 5f d1c5 31fd 01eb c3' } }, slice, 1000);
  }
});

it('goes straight on through an instruction that was replaced by a shorter one', () => {
  const machine = new CoreMachine(2 << 20, true);
  machine.enterFlat();
  // mov $3,%ecx; call *0x3000; inc %ebx; hlt. There: ret
  machine.poke(CODE, hex('b903000000 ff1500300000 43 f4'));
  machine.poke(OTHER, hex('c3'));
  machine.ramView.setUint32(0x3000, OTHER, true);
  machine.core.updateMode();
  const run = (): void => {
    machine.setRegisters([0, 0, 0, 0, STACK, 0, 0, 0]);
    machine.eip = CODE;
    expect(machine.core.run(1000)).toBe(abi.EXIT_HLT);
  };
  run();
  // as Linux patches it: inc %eax; nopl
  machine.poke(CODE + 5, hex('40 0f1f440000'));
  run();
  const notes: number[] = [];
  machine.linker?.watch((bytes: Uint8Array) => {
    const [region] = readNotes(machine.view, bytes).regions;
    notes.push(...(region?.blocks ?? []).flatMap(({ uops }) => uops.map(({ offset }) => offset)));
  });
  machine.eip = CODE;
  machine.linker?.translateHere();
  expect([...new Set(notes)]).toEqual([0, 5, 6, 11, 12]);
  const before = machine.get(abi.COUNT_INSTRUCTIONS);
  run();
  expect(machine.register(0)).toBe(1);
  expect(machine.register(3)).toBe(1);
  expect(machine.get(abi.COUNT_INSTRUCTIONS) - before).toBe(5);
});

it('keeps what CPL 0 may read from CPL 3', () => {
  // mov 0x3000,%eax; hlt. Supervisor pages, but for the code
  const from: Start = {
    code: { [CODE]: 'a100300000 f4' },
    prepare: (machine) => {
      page(machine, [], SUPERVISOR);
      machine.ramView.setUint32(TABLE + 4 * (CODE >>> 12), CODE | USER, true);
      machine.ramView.setUint32(0x3000, 1234, true);
    },
  };
  const machine = start(true, from);
  expect(machine.run(10)).toBe(abi.EXIT_HLT);
  expect(machine.register(0)).toBe(1234);
  // the same code with the same TLBs
  for (const name of ['cs', 'ss', 'ds']) {
    machine.setDescriptor(name, 0x1b, 0xffff, name === 'cs' ? 0x00cffb00 : 0x00cff300, 3);
  }
  machine.set(abi.CPL, 3);
  machine.core.updateMode();
  machine.set(abi.EAX, 0);
  machine.eip = CODE;
  expect(machine.core.run(10)).toBe(abi.EXIT_TRIPLE_FAULT);
  expect(machine.register(0)).toBe(0);
});

it('goes on when regions are dropped between its slices', async () => {
  // mov $20,%ecx; 1: mov $MANY,%esi; 2: call *%esi; add $0x1000,%esi; cmp $end,%esi; jb 2b; dec %ecx; jnz 1b; hlt
  const end = Buffer.from(Int32Array.of(MANY + (PAGES << 12)).buffer).toString('hex');
  const code: Record<number, string> = { [CODE]: `b914000000 be00000300 ffd6 81c600100000 81fe${end} 72f0 49 75e8 f4` };
  for (let n = 0; n < PAGES; n++) code[MANY + (n << 12)] = '40 c3';
  const machine = both({ code }, 37, 10_000);
  expect(machine.register(0)).toBe(20 * PAGES);
  // the linker of a bare core has room for fewer modules than there are pages
  expect(machine.linker?.modules).toBeGreaterThan(PAGES);
  await new Promise((resolve) => setImmediate(resolve));
});

// Cached translations: what INVLPG, CR3 loads and page-table writes must undo, and accesses that cross two pages.
// SDM vol. 3A 4.10.2-4.10.4.
import { beforeEach, expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';

const CODE = 0x1000;
const DIRECTORY = 0x20000;
const TABLE = 0x21000;
const EAX = abi.REGS;
const ECX = abi.REGS + 8;
const PROTECTED_PAGING_WP = 0x80010021;
const PSE_PGE = 0x90;

let machine: CoreMachine;

/** Linear 0 and 8 MiB are 4 MiB pages, at physical 0 and 4 MiB; 4 MiB is a page table of small ones. */
beforeEach(() => {
  machine = new CoreMachine(8 << 20);
  machine.enterFlat();
  machine.set(abi.REGS + 32, 0x9000);
  const ram = machine.ramView;
  ram.setUint32(DIRECTORY, 0x83, true);
  ram.setUint32(DIRECTORY + 4, TABLE | 3, true);
  ram.setUint32(DIRECTORY + 8, 0x400083, true);
  ram.setUint32(TABLE, 0x5103, true);
  ram.setUint32(TABLE + 4, 0x7003, true);
  for (const [at, value] of [
    [0x5000, 5],
    [0x6000, 6],
    [0x7000, 7],
    [0x8000, 8],
    [0x9000, 9],
    [0x409000, 49],
  ] as const) {
    ram.setUint32(at, value, true);
  }
  machine.setControl(PROTECTED_PAGING_WP, DIRECTORY, PSE_PGE);
  machine.core.flushTlb(1);
  machine.eip = CODE;
});

function run(code: string): number {
  machine.poke(CODE, Buffer.from(code.replaceAll(' ', ''), 'hex'));
  return machine.run(100_000);
}

it('drops one small page, with large pages in use, and no other', () => {
  const flushes = machine.get(abi.COUNT_TLB_FLUSHES);
  // read both pages; map the first elsewhere; INVLPG; read it
  expect(run('a100004000 8b1500104000 c7050010020003600000 0f013d00004000 8b0d00004000 f4')).toBe(abi.EXIT_HLT);
  expect([machine.get(EAX), machine.get(ECX)]).toEqual([5, 6]);
  expect(machine.get(abi.COUNT_TLB_FLUSHES)).toBe(flushes);
  expect(machine.get(abi.TLB_READ_SUPERVISOR + 4 * 0x401) & 0xfff).toBe(0);
});

it('drops all of a large page', () => {
  // read 0x809000; map 8 MiB to physical 0; INVLPG 0x800000; read 0x809000
  expect(run('a100908000 c7050800020083000000 0f013d00008000 8b0d00908000 f4')).toBe(abi.EXIT_HLT);
  expect([machine.get(EAX), machine.get(ECX)]).toEqual([49, 9]);
});

it('drops local pages with a CR3 load, a global one with INVLPG', () => {
  // read both; map both elsewhere; load CR3; read the local one; INVLPG the global one, read it
  const remap = 'c7050010020003610000 c7050410020003800000';
  const code = `a100004000 8b0d00104000 ${remap} 0f20d8 0f22d8 8b0d00104000 0f013d00004000 a100004000 f4`;
  expect(run(code)).toBe(abi.EXIT_HLT);
  expect([machine.get(EAX), machine.get(ECX)]).toEqual([6, 8]);
});

it('writes and reads across two pages, cached or not', () => {
  // mov $0x44332211,%eax; mov %eax,0x400ffe; twice; mov 0x400ffe,%ecx; twice
  const store = 'a3fe0f4000';
  const load = '8b0dfe0f4000';
  expect(run(`b811223344 ${store} ${store} ${load} ${load} f4`)).toBe(abi.EXIT_HLT);
  expect(machine.get(ECX)).toBe(0x44332211);
  expect([machine.ramView.getUint16(0x5ffe, true), machine.ramView.getUint16(0x7000, true)]).toEqual([0x2211, 0x4433]);
});

it('changes neither page when the second may not be written', () => {
  machine.ramView.setUint32(TABLE + 4, 0x7001, true);
  // the first page is written before, so that its translation is cached; there is no handler for the fault
  expect(run('c705000f400001000000 c705fe0f4000ffffffff f4')).toBe(abi.EXIT_TRIPLE_FAULT);
  expect(machine.ramView.getUint32(0x5ffc, true)).toBe(0);
  expect(machine.get(abi.CR2)).toBe(0x401000);
});

// Where a region is left to is remembered: what closes an entry, or maps another page there, must be seen.
// assembly/interpreter/enter-region.ts.
import { beforeEach, expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';

const CODE = 0x1000;
const CALLED = 0x3000;
const DIRECTORY = 0x20000;
const TABLE = 0x21000;
const PAGING = 0x80010021;
const EBX = abi.REGS + 24;
const ESI = abi.REGS + 48;

let machine: CoreMachine;

/** The call of another page in a loop, under paging; the called page adds 1 to EBX. */
beforeEach(() => {
  machine = new CoreMachine(2 << 20, true);
  machine.enterFlat();
  machine.set(abi.REGS + 32, 0x9000);
  for (let page = 0; page < 256; page++) machine.ramView.setUint32(TABLE + 4 * page, (page << 12) | 3, true);
  machine.ramView.setUint32(DIRECTORY, TABLE | 3, true);
  machine.setControl(PAGING, DIRECTORY, 0);
  machine.core.flushTlb(1);
  machine.poke(CODE, Buffer.from('e8fb1f0000ebf9', 'hex')); // 1: call CALLED; jmp 1b
  machine.poke(CALLED, Buffer.from('83c301c3', 'hex')); // add $1,%ebx; ret
  machine.poke(0x4000, Buffer.from('83c601c3', 'hex')); // add $1,%esi; ret
  machine.eip = CODE;
  machine.linker!.start();
  run();
  expect(machine.get(EBX)).toBeGreaterThan(1000);
});

function run(): void {
  for (let i = 0; i < 100; i++) {
    machine.core.run(20_000);
    machine.linker!.translateHot();
  }
}

/** Runs on; the value is what became of EBX and ESI. */
function after(): [number, number] {
  const before = [machine.get(EBX), machine.get(ESI)] as const;
  run();
  return [machine.get(EBX) - before[0], machine.get(ESI) - before[1]];
}

it('sees that the code there was written', () => {
  machine.poke(CALLED, Buffer.from('83c601c3', 'hex'));
  const [ebx, esi] = after();
  expect(ebx).toBeLessThan(2);
  expect(esi).toBeGreaterThan(1000);
});

it('sees that another page is mapped there', () => {
  machine.ramView.setUint32(TABLE + 4 * (CALLED >>> 12), 0x4003, true);
  machine.core.flushTlb(0);
  const [ebx, esi] = after();
  expect(ebx).toBeLessThan(2);
  expect(esi).toBeGreaterThan(1000);
});

it('sees that all decoded code was dropped', () => {
  machine.ram.set([0x83, 0xc6, 0x01, 0xc3], CALLED);
  machine.core.flushTlb(1);
  const [ebx, esi] = after();
  expect(ebx).toBeLessThan(2);
  expect(esi).toBeGreaterThan(1000);
});

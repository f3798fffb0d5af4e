// What becomes hot is translated, what is written again goes back to the interpreter, and neither can be seen by the guest.
// Ours; the encodings are those of SDM vol. 2 appendix A.
import { expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';

const CODE = 0x1000;
const MIB = 1 << 20;
const EAX = abi.REGS;
const ECX = abi.REGS + 8;
const USER_ENTRY = 0x8000;
const hex = (code: string): Buffer => Buffer.from(code.replaceAll(' ', ''), 'hex');
const dword = (n: number): string => Buffer.from(Uint32Array.of(n).buffer).toString('hex');

function start(code: string, cpl = 0): CoreMachine {
  const machine = new CoreMachine(2 * MIB, true);
  machine.enterFlat(cpl);
  machine.core.updateMode();
  machine.poke(CODE, hex(code));
  machine.eip = CODE;
  machine.linker.start();
  return machine;
}

/** Runs for `budget` instructions, translating what becomes hot, as the host does. */
function run(machine: CoreMachine, budget: number, translate = true): number {
  const from = machine.get(abi.COUNT_INSTRUCTIONS);
  for (;;) {
    const left = budget - (machine.get(abi.COUNT_INSTRUCTIONS) - from);
    if (left <= 0) return abi.EXIT_BUDGET;
    const reason = machine.core.run(left);
    if (reason !== abi.EXIT_BUDGET) return reason;
    if (translate) machine.linker.translateHot();
  }
}

/** As an interrupt or its return would. */
function setPrivilege(machine: CoreMachine, cpl: number): void {
  machine.setDescriptor('cs', 8, 0xffff, 0x00cf9b00, cpl);
  machine.setDescriptor('ss', 8, 0xffff, 0x00cf9300, cpl);
  machine.core.updateMode();
}

/** mov $n,%ecx; 1: add %ecx,%eax; dec %ecx; jnz 1b; hlt */
const loop = (n: number): string => `b9${dword(n)} 01c8 49 75fb f4`;

it('translates a hot loop and counts as if it were interpreted', () => {
  const machine = start(loop(1_000_000));
  expect(run(machine, 1e9)).toBe(abi.EXIT_HLT);
  expect(machine.linker.modules).toBe(1);
  expect(machine.get(EAX)).toBe(((1_000_000 * 1_000_001) / 2) % 2 ** 32);
  expect(machine.get(abi.COUNT_INSTRUCTIONS)).toBe(3_000_002);
});

it('does not translate what runs once', () => {
  const machine = start(`${'40'.repeat(200)} f4`);
  expect(run(machine, 1e6)).toBe(abi.EXIT_HLT);
  expect(machine.linker.modules).toBe(0);
});

it('translates code for the rights that it ran under, whoever runs when the module is made', () => {
  const machine = start(loop(100_000_000), 3);
  run(machine, 2_000_000, false);
  setPrivilege(machine, 0);
  machine.linker.translateHot();
  expect(machine.linker.modules).toBe(1);
  expect(machine.get(abi.REGION_ENTRIES + 20) & USER_ENTRY).toBe(USER_ENTRY);
  setPrivilege(machine, 3);
  const left = machine.get(ECX);
  run(machine, 300_000);
  expect(left - machine.get(ECX)).toBeGreaterThan(99_000);
  expect(machine.linker.modules).toBe(1);
});

it('translates code that is written again and again less and less often', () => {
  // mov $3000,%edx; 2: mov %dl,1f+1; mov $2000,%ecx; 1: add $0,%al; dec %ecx; jnz 1b; dec %edx; jnz 2b; hlt
  const machine = start(`ba${dword(3000)} 8815 11100000 b9${dword(2000)} 0400 49 75fb 4a 75ed f4`);
  expect(run(machine, 1e9)).toBe(abi.EXIT_HLT);
  let al = 0;
  for (let dl = 3000; dl > 0; dl--) al = (al + dl * 2000) & 255;
  expect(machine.get(EAX) & 255).toBe(al);
  expect(machine.get(abi.COUNT_INSTRUCTIONS)).toBe(2 + 3000 * (4 + 3 * 2000));
  expect(machine.linker.modules).toBeGreaterThan(1);
  expect(machine.linker.modules).toBeLessThan(12);
});

it('goes on when all decoded code is dropped under live regions, and translates again', () => {
  const machine = start(loop(2_000_000));
  run(machine, 3_000_000);
  expect(machine.linker.modules).toBe(1);
  machine.core.flushTlb(1);
  expect(run(machine, 1e9)).toBe(abi.EXIT_HLT);
  expect(machine.linker.modules).toBe(2);
  expect(machine.get(EAX)).toBe(Number(((2_000_000n * 2_000_001n) / 2n) & 0xffffffffn));
});

it('never enters a region whose code was written before it was linked', () => {
  const machine = start(loop(100_000_000));
  run(machine, 2_000_000, false);
  expect(machine.core.translateHot()).toBeGreaterThan(0);
  machine.poke(CODE + 5, hex('29')); // sub
  // linked late: no function is in the table, so that entering it would trap
  machine.core.linked(machine.core.lastModule.value, 1);
  const [eax, ecx] = [machine.get(EAX), machine.get(ECX)];
  expect(machine.core.run(9)).toBe(abi.EXIT_BUDGET);
  const [now, done] = [machine.get(EAX), ecx - machine.get(ECX)];
  let expected = eax;
  for (let i = 0; i < done; i++) expected -= ecx - i;
  expect(now).toBe(expected >>> 0);
});

it('tells the host how large a region and its innermost loop are', () => {
  const sizes = (code: string): [bytes: number, loop: number] => {
    const machine = start(code);
    let told: [number, number] = [0, 0];
    machine.linker.firstCall = (_call: () => void, bytes: number, loop: number) => {
      told = [bytes, loop];
    };
    machine.linker.translateHere();
    return told;
  };
  // mov $9,%ecx; then 1: inc %eax; dec %ecx; jnz 1b, or inc %eax; then hlt
  const [straightBytes, straightLoop] = sizes('b909000000 40 f4');
  const [loopBytes, loopLoop] = sizes('b909000000 40 49 75fc f4');
  expect(straightLoop).toBe(0);
  expect(loopLoop).toBeGreaterThan(0);
  expect(loopBytes).toBeGreaterThan(straightBytes);
  expect(loopLoop).toBeLessThan(loopBytes);
  // 2: mov $9,%ecx; 1: inc %eax; dec %ecx; jnz 1b; 100 times inc %edi; dec %edx; jnz 2b; hlt
  const [, inner] = sizes(`b909000000 40 49 75fc ${'47'.repeat(100)} 4a 7592 f4`);
  expect(inner).toBe(loopLoop);
});

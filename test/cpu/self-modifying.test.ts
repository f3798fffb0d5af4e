// Stores into code that is executing or has been: the next instruction, a loop's body, another length, an alias, a whole page.
// SDM vol. 3A 8.1.3 and 11.6 (self-modifying code is seen at once on the processor that wrote it).
import { beforeEach, expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';

const CODE = 0x1000;
const OTHER = 0x2000;
const EAX = abi.REGS;
const EDX = abi.REGS + 16;
const EBX = abi.REGS + 24;
const ESP = abi.REGS + 32;
const PROTECTED = 0x21;
const PAGING = 0x80000000;

let machine: CoreMachine;

beforeEach(() => {
  machine = new CoreMachine();
  machine.enterFlat();
  machine.set(ESP, 0x9000);
  machine.eip = CODE;
});

/** Puts hex bytes at CODE and runs to HLT. */
function run(code: string): void {
  machine.poke(CODE, Buffer.from(code.replaceAll(' ', ''), 'hex'));
  expect(machine.run(100_000)).toBe(abi.EXIT_HLT);
}

it('executes what a store put into the next instruction', () => {
  run('c6050810000055 b011 f4'); // movb $0x55, 0x1008; mov $0x11, %al
  expect(machine.get(EAX)).toBe(0x55);
});

it('executes each new immediate of a loop that patches itself', () => {
  // xor %eax,%eax; xor %edx,%edx; mov $10,%ecx; 1: mov %cl,0x1010; mov $0,%al; add %eax,%edx; loop 1b
  run('31c0 31d2 b90a000000 880d10100000 b000 01c2 e2f4 f4');
  expect(machine.get(EDX)).toBe(55);
});

it('follows instructions that change their length', () => {
  // five NOPs become mov $0x12345678,%eax in the second round
  run('b902000000 9090909090 c60505100000b8 c7050610000078563412 e2e8 f4');
  expect(machine.get(EAX)).toBe(0x12345678);
});

it('follows a jump that becomes a NOP and back, as a static key does', () => {
  // mov $4,%ecx; 1: nop5 or jmp 2f; inc %ebx; 2: xor $(nop5 ^ jmp),1b; loop 1b
  run('b904000000 0f1f440000 43 813505100000e61e4400 e2ee f4');
  expect(machine.get(EBX)).toBe(2);
});

it('follows an instruction of several micro-ops that becomes another one', () => {
  machine.ram[0x3000] = 0x33;
  // mov $2,%ecx; 1: mov %fs:0x3000,%al (7 bytes, 2 micro-ops), which becomes a mov of 7 bytes without a prefix and a NOP; loop 1b
  run('b902000000 648a0500300000 01c2 c70505100000b8440000 66c7050910000000 90 c6050b10000090 e2db f4');
  expect(machine.get(EDX)).toBe(0x33 + 0x44);
});

it('sees a store into the modrm byte of what was undefined', () => {
  // xor %eax,%eax; jz 2f; 1: (D9 0B); mov $0x55,%al; hlt; 2: movb $0xe8,0x1005; jmp 1b
  run('31c0 7405 d90b b055 f4 c60505100000e8 ebf2');
  expect(machine.get(EAX)).toBe(0x55);
});

it('sees a store through another mapping of the page', () => {
  for (let page = 0; page < 256; page++) machine.ramView.setUint32(0x21000 + 4 * page, (page << 12) | 3, true);
  machine.ramView.setUint32(0x22000, CODE | 3, true);
  machine.ramView.setUint32(0x20000, 0x21003, true);
  machine.ramView.setUint32(0x20004, 0x22003, true);
  machine.setControl((PROTECTED | PAGING) >>> 0, 0x20000, 0);
  machine.core.flushTlb(1);
  run('c6050800400055 b011 f4'); // the store goes to 0x400008
  expect(machine.get(EAX)).toBe(0x55);
});

it('sees a string store over code of another page', () => {
  machine.poke(OTHER, Buffer.from('40c3', 'hex')); // inc %eax; ret
  // call OTHER; fill it with inc %ebx (three), ret; call OTHER
  run('e8fb0f0000 bf00200000 b8434343c3 b908000000 f3ab e8e50f0000 f4');
  expect(machine.get(EBX)).toBe(3);
});

it('lets a page that has become data be fast again', () => {
  machine.poke(OTHER, Buffer.from('40c3', 'hex'));
  const before = machine.get(abi.COUNT_CODE_INVALIDATIONS);
  // call OTHER; 100 stores over both of its instructions
  run('e8fb0f0000 b964000000 66a300200000 e2f8 f4');
  expect(machine.get(abi.COUNT_CODE_INVALIDATIONS) - before).toBeLessThan(5);
});

it('drops what a device wrote over', () => {
  machine.poke(OTHER, Buffer.from('b001c3', 'hex'));
  run('e8fb0f0000 f4');
  machine.ram.set([0xb0, 0x02], OTHER);
  machine.core.invalidateCode(OTHER, 2);
  machine.eip = CODE;
  expect(machine.run(1000)).toBe(abi.EXIT_HLT);
  expect(machine.get(EAX) & 0xff).toBe(2);
});

it('forgets code of a page that is written beside it again and again, more reluctantly each time', () => {
  const HAS_CODE = 16; // of a descriptor: assembly/mmu/code-pages.ts
  const granules = (): number => machine.get(machine.get(abi.CODE_PAGE_OF + 4 * (OTHER >>> 12)) + HAS_CODE);
  machine.poke(OTHER, Buffer.from('40c3', 'hex'));
  // call OTHER; mov $count,%ecx; 1: mov %ecx,OTHER + 0x800; loop 1b; hlt
  const store = (count: string): void => {
    machine.eip = CODE;
    run(`e8fb0f0000 b9${count}0000 890d00280000 e2f8 f4`);
  };
  for (const [count, forgotten] of [
    ['3f00', false],
    ['0100', true],
    ['7f00', false],
    ['0100', true],
    ['ff00', false],
  ] as const) {
    store(count);
    expect(granules() === 0, count).toBe(forgotten);
  }
  expect(machine.get(EAX)).toBe(5);
});

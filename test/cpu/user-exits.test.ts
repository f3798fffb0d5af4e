// Programs at CPL 3 whose kernel is the host: what leaves the core, with which registers, and how they go on.
// SDM vol. 3A 6.15 (what each exception says), 4.7 (page faults); which INT n a program may use: Linux, arch/x86/kernel/idt.c.
import { describe, expect, it } from 'vitest';
import * as abi from '../../assembly/abi.js';
import { CODE, DATA, STACK, UserMachine } from './user-machine.js';

const BOTH = [
  ['interpreted', false],
  ['translated', true],
] as const;
const AC = 0x40000;
const TF = 0x100;
const RF = 0x10000;

interface Event {
  vector: number;
  error?: number;
  /** Of the exit's EIP, from the first instruction on. */
  eip: number;
  /** That have retired. */
  instructions: number;
}

/** Machine code, and the exception that it ends with. CODE is read-only, DATA may be written but not executed, a page of the kernel's behind it. */
const EVENTS: Record<string, [code: string, event: Event]> = {
  INT3: ['90 cc', { vector: 3, eip: 2, instructions: 2 }],
  'INT 3': ['90 cd03', { vector: 3, eip: 3, instructions: 2 }],
  'INT 4': ['cd04', { vector: 4, eip: 2, instructions: 1 }],
  // mov $0x7fffffff,%eax; inc %eax; into
  INTO: ['b8ffffff7f 40 ce', { vector: 4, eip: 7, instructions: 3 }],
  INT1: ['f1', { vector: 1, eip: 1, instructions: 1 }],
  'INT 21h': ['90 cd21', { vector: 13, error: 0x21 * 8 + 2, eip: 1, instructions: 1 }],
  'INT 14: only the processor raises page faults': ['cd0e', { vector: 13, error: 14 * 8 + 2, eip: 0, instructions: 0 }],
  SYSENTER: ['90 0f34', { vector: 13, eip: 1, instructions: 1 }],
  // xor %ecx,%ecx; div %ecx
  '#DE': ['31c9 f7f1', { vector: 0, eip: 2, instructions: 1 }],
  // push $2; push $1; mov %esp,%eax; xor %ecx,%ecx; bound %ecx,(%eax)
  '#BR': ['6a02 6a01 89e0 31c9 6208', { vector: 5, eip: 8, instructions: 4 }],
  '#UD': ['90 90 0f0b', { vector: 6, eip: 2, instructions: 2 }],
  HLT: ['f4', { vector: 13, eip: 0, instructions: 0 }],
  CLI: ['90 fa', { vector: 13, eip: 1, instructions: 1 }],
  'IN from a port': ['ec', { vector: 13, eip: 0, instructions: 0 }],
  'MOV to CR3': ['0f22d8', { vector: 13, eip: 0, instructions: 0 }],
  // mov $0x2b,%eax; mov %eax,%gs: beyond the GDT
  'a selector of nothing': ['b82b000000 8ee8', { vector: 13, error: 0x28, eip: 5, instructions: 1 }],
  // push $0x27f-like control word without masks: fldcw; fld1; fldz; fdivrp; fwait
  '#MF': ['6840030000 d92c24 d9e8 d9ee def9 9b', { vector: 16, eip: 14, instructions: 5 }],
  // push $0; ldmxcsr (%esp); xorps; divss %xmm0,%xmm0
  '#XM': ['6a00 0fae1424 0f57c0 f30f5ec0', { vector: 19, eip: 9, instructions: 3 }],
};

const start = (translated: boolean, code: string): UserMachine => {
  const machine = new UserMachine(translated);
  machine.load(code);
  machine.map(STACK - 4096, machine.frame(), { never: true });
  machine.map(DATA, machine.frame(), { never: true });
  machine.map(DATA + 4096, machine.frame(), { user: false });
  machine.vcpu.registers.setGeneral('esp', STACK);
  return machine;
};

describe.each(BOTH)('%s', (_name, translated) => {
  it.each(Object.entries(EVENTS))('%s', (_event, [code, { vector, error = 0, eip, instructions }]) => {
    const machine = start(translated, code);
    const { vcpu } = machine;
    expect(machine.run()).toBe(abi.EXIT_TRAP);
    expect([vcpu.trapVector, vcpu.trapError, vcpu.registers.eip - CODE]).toEqual([vector, error, eip]);
    expect(vcpu.instructions).toBe(instructions);
    const isFault = vector !== 1 && vector !== 3 && vector !== 4;
    expect(vcpu.registers.eflags & RF).toBe(isFault ? RF : 0);
  });

  const dword = (value: number): string => Buffer.from(Uint32Array.of(value).buffer).toString('hex');
  it.each([
    ['a read of nothing', `90 a1${dword(0x1234)}`, 0x1234, 4, 1],
    ['a write to nothing', `90 a3${dword(0x1234)}`, 0x1234, 6, 1],
    ['a write to a read-only page', `90 a3${dword(CODE + 8)}`, CODE + 8, 7, 1],
    ['a read of the kernel’s page', `90 a1${dword(DATA + 4096)}`, DATA + 4096, 5, 1],
    // the second page takes no byte
    ['a write across pages', `90 a3${dword(DATA + 4094)}`, DATA + 4096, 7, 1],
    ['a string that comes to nothing', `fc bf${dword(DATA + 8)} b9${dword(0x2000)} f3aa`, DATA + 4096, 7, 11],
  ])('#PF: %s', (_what, code, address, error, offset) => {
    const machine = start(translated, code);
    const { vcpu } = machine;
    expect(machine.run()).toBe(abi.EXIT_TRAP);
    expect([vcpu.trapVector, vcpu.trapError, vcpu.faultAddress]).toEqual([14, error, address]);
    expect(vcpu.registers.eip).toBe(CODE + offset);
  });

  it.each([
    ['that may not be executed', DATA, 0x15],
    ['that is not there', 0x10000, 0x14],
    ['of the kernel', DATA + 4096, 0x15],
  ])('#PF: a jump to a page %s', (_what, target, error) => {
    // mov $target,%eax; jmp *%eax
    const machine = start(translated, `b8${dword(target)} ffe0`);
    const { vcpu } = machine;
    expect(machine.run()).toBe(abi.EXIT_TRAP);
    expect([vcpu.trapVector, vcpu.trapError, vcpu.faultAddress]).toEqual([14, error, target]);
    expect([vcpu.registers.eip, vcpu.instructions]).toEqual([target, 2]);
  });

  it('system calls leave with EIP behind them and every register as it was', () => {
    // mov $3,%ecx; mov $4,%eax; 1: int $0x80; add %eax,%ebx; dec %ecx; jnz 1b; ud2
    const machine = start(translated, 'b903000000 b804000000 cd80 01c3 49 75f9 0f0b');
    const { vcpu } = machine;
    for (let call = 0; call < 3; call++) {
      expect(machine.run()).toBe(abi.EXIT_SYSCALL);
      expect([vcpu.registers.eip - CODE, vcpu.instructions]).toEqual([12, 3 + 4 * call]);
      expect([vcpu.registers.general('eax'), vcpu.registers.general('ecx')]).toEqual([call === 0 ? 4 : 100, 3 - call]);
      vcpu.registers.setGeneral('eax', 100);
    }
    expect(machine.run()).toBe(abi.EXIT_TRAP);
    expect([vcpu.trapVector, vcpu.registers.general('ebx')]).toEqual([6, 300]);
    expect(vcpu.counters.interrupts).toBe(0);
  });

  it('an access goes on where it was when its page has come', () => {
    // mov $0x20000,%esi; 1: mov (%esi),%eax; add %eax,%ebx; mov %ebx,4(%esi); add $0x1000,%esi; cmp $0x24000,%esi; jne 1b; int $0x80
    const machine = start(translated, 'be00000200 8b06 01c3 895e04 81c600100000 81fe00400200 75eb cd80');
    const { vcpu } = machine;
    const faults: [number, number][] = [];
    for (;;) {
      if (machine.run() === abi.EXIT_SYSCALL) break;
      const page = vcpu.faultAddress & ~4095;
      faults.push([vcpu.faultAddress, vcpu.trapError]);
      if (vcpu.trapError & 1) {
        // it was mapped for reading alone; the kernel drops what the TLB knows of it
        machine.map(page, machine.frameAt(page), { never: true });
        vcpu.invalidatePages(page, 1);
      } else {
        const frame = machine.frame();
        machine.memory.setUint32(frame, page, true);
        machine.map(page, frame, { write: false, never: true });
      }
    }
    const each = [0x20000, 0x21000, 0x22000, 0x23000];
    expect(faults).toEqual(
      each.flatMap((page) => [
        [page, 4],
        [page + 4, 7],
      ]),
    );
    expect(vcpu.registers.general('ebx')).toBe(0x86000);
    expect(vcpu.instructions).toBe(1 + 4 * 6 + 1);
    expect(machine.memory.getUint32(machine.frameAt(0x23000) + 4, true)).toBe(0x86000);
  });

  it('a program with TF set traps behind each instruction, but not behind a system call', () => {
    const machine = start(translated, '90 43 cd80 43 90');
    const { vcpu } = machine;
    vcpu.registers.eflags = 0x202 | TF;
    vcpu.updateMode();
    const seen: [number, number][] = [];
    for (let n = 0; n < 4; n++) seen.push([machine.run(), vcpu.registers.eip - CODE]);
    expect(seen).toEqual([
      [abi.EXIT_TRAP, 1],
      [abi.EXIT_TRAP, 2],
      [abi.EXIT_SYSCALL, 4],
      [abi.EXIT_TRAP, 5],
    ]);
    expect([vcpu.trapVector, machine.get(abi.DR6) & 0x4000]).toEqual([1, 0x4000]);
    expect(vcpu.instructions).toBe(4);
  });

  it('an instruction breakpoint leaves before the instruction, and with RF it is run', () => {
    const machine = start(translated, '90 43 cd80');
    const { vcpu } = machine;
    vcpu.view.setUint32(abi.DR0, CODE + 1, true);
    vcpu.view.setUint32(abi.DR7, 0x401, true);
    vcpu.updateMode();
    expect(machine.run()).toBe(abi.EXIT_TRAP);
    expect([vcpu.trapVector, vcpu.registers.eip, vcpu.registers.general('ebx')]).toEqual([1, CODE + 1, 0]);
    vcpu.registers.eflags |= RF;
    expect(machine.run()).toBe(abi.EXIT_SYSCALL);
    expect(vcpu.registers.general('ebx')).toBe(1);
  });

  it('#AC when the program has asked for it', () => {
    const machine = start(translated, `a1${dword(DATA + 2)}`);
    const { vcpu } = machine;
    vcpu.registers.eflags = 0x202 | AC;
    vcpu.updateMode();
    expect(machine.run()).toBe(abi.EXIT_TRAP);
    expect([vcpu.trapVector, vcpu.trapError, vcpu.registers.eip]).toEqual([17, 0, CODE]);
  });

  it('the budget ends a program that never leaves', () => {
    const machine = start(translated, 'ebfe');
    expect(machine.run(1000)).toBe(abi.EXIT_BUDGET);
    expect(machine.vcpu.instructions).toBeGreaterThanOrEqual(1000);
    expect(machine.vcpu.instructions).toBeLessThan(1010);
    expect(machine.vcpu.registers.eip).toBe(CODE);
  });
});

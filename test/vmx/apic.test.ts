// APIC virtualization: what the processor answers itself, and the three exits for the rest.
// SDM vol. 3C 29.1 (TPR), 29.4 (APIC accesses), 27.2.1 table 27-6 (qualification), 26.2.1.1 (checks), 26.7.7.
import { beforeEach, describe, expect, it } from 'vitest';
import { CODE, MONITOR, PT, VmxMachine, vmx } from '../../scripts/vmx-machine.mjs';

/** Guest-physical page of the APIC; the APIC-access and the virtual-APIC page, host-physical. */
const APIC = 0x50000;
const ACCESS = MONITOR + 0x8000;
const VIRTUAL = MONITOR + 0x9000;
const RWX_WRITE_BACK = 7 | (6 << 3);
const MARK = 0x12345678;
const HLT = vmx.EXIT_REASON_HLT;
const {
  EXIT_REASON_APIC_ACCESS: ACCESSED,
  EXIT_REASON_APIC_WRITE: WRITTEN,
  EXIT_REASON_TPR_BELOW_THRESHOLD: BELOW,
} = vmx;
const READ = 0x0000;
const WRITE = 0x1000;

const little = (value: number) =>
  value
    .toString(16)
    .padStart(8, '0')
    .replace(/(..)(..)(..)(..)/, '$4$3$2$1');
const load = (offset: number) => `a1${little(APIC + offset)}`; // mov eax, [APIC + offset]
const store = (offset: number, value: number) => `c705${little(APIC + offset)}${little(value)}`;

/** Registers that APIC-register virtualization covers: to read, and to write. */
const READABLE = [
  ...[0x20, 0x30, 0x80, 0xb0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x310, 0x380, 0x3e0],
  ...Array.from({ length: 24 }, (_, i) => 0x100 + 16 * i),
  ...Array.from({ length: 6 }, (_, i) => 0x320 + 16 * i),
];
const WRITABLE = READABLE.filter((offset) => offset !== 0x30 && (offset < 0x100 || offset >= 0x280));
const ALL = Array.from({ length: 256 }, (_, i) => 16 * i);

describe.each([
  ['interpreted', false],
  ['translated', true],
])('%s', (_mode, translate) => {
  const machine = new VmxMachine(translate);
  const { vmcs } = machine;
  const word = (offset: number) => machine.ramView.getUint32(VIRTUAL + offset, true);
  const setWord = (offset: number, value: number) => machine.ramView.setUint32(VIRTUAL + offset, value, true);
  const run = (code: string) => {
    machine.poke(CODE, Buffer.from(`${code}f4`, 'hex'));
    vmcs.write('GUEST_RIP', CODE);
    vmcs.write('GUEST_RFLAGS', 2);
    const { reason, qualification, rip } = machine.runGuest();
    return { reason, qualification, at: rip - CODE };
  };

  beforeEach(() => {
    machine.setUp();
    vmcs.setBits('CPU_BASED_VM_EXEC_CONTROL', vmx.CPU_BASED_HLT_EXITING | vmx.CPU_BASED_TPR_SHADOW);
    vmcs.setBits(
      'SECONDARY_VM_EXEC_CONTROL',
      vmx.SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES | vmx.SECONDARY_EXEC_APIC_REGISTER_VIRT,
    );
    vmcs.write('APIC_ACCESS_ADDR', ACCESS);
    vmcs.write('VIRTUAL_APIC_PAGE_ADDR', VIRTUAL);
    machine.setEntry(PT + 8 * (APIC >> 12), ACCESS, RWX_WRITE_BACK);
    for (const offset of ALL) setWord(offset, MARK + offset);
    setWord(0x80, 0x20);
  });

  it('reads registers of the virtual-APIC page, and leaves for all others', () => {
    for (const offset of ALL) {
      const outcome = run(load(offset));
      if (READABLE.includes(offset)) {
        expect(outcome, offset.toString(16)).toEqual({ reason: HLT, qualification: 0, at: 5 });
        expect(machine.register(0)).toBe(word(offset));
      } else expect(outcome, offset.toString(16)).toEqual({ reason: ACCESSED, qualification: READ | offset, at: 0 });
    }
  });

  it('writes registers there and tells behind the instruction; all others leave in front of it', () => {
    for (const offset of ALL.filter((one) => one !== 0x80)) {
      const outcome = run(store(offset, 0x87654321));
      if (!WRITABLE.includes(offset)) {
        expect(outcome, offset.toString(16)).toEqual({ reason: ACCESSED, qualification: WRITE | offset, at: 0 });
        expect(word(offset)).toBe(MARK + offset);
      } else if (offset === 0x310) {
        expect(outcome).toMatchObject({ reason: HLT });
        expect(word(offset)).toBe(0x87000000);
      } else {
        expect(outcome, offset.toString(16)).toEqual({ reason: WRITTEN, qualification: offset, at: 10 });
        expect(word(offset)).toBe(0x87654321);
      }
    }
  });

  it('without APIC-register virtualization has the task priority alone, and without a TPR shadow nothing', () => {
    vmcs.clearBits('SECONDARY_VM_EXEC_CONTROL', vmx.SECONDARY_EXEC_APIC_REGISTER_VIRT);
    expect(run(load(0x80))).toMatchObject({ reason: HLT });
    expect(run(store(0x80, 0x50))).toMatchObject({ reason: HLT });
    expect(word(0x80)).toBe(0x50);
    expect(run(load(0x20))).toMatchObject({ reason: ACCESSED, qualification: 0x20 });
    expect(run(store(0xb0, 0))).toMatchObject({ reason: ACCESSED, qualification: WRITE | 0xb0 });
    vmcs.clearBits('CPU_BASED_VM_EXEC_CONTROL', vmx.CPU_BASED_TPR_SHADOW);
    expect(run(load(0x80))).toMatchObject({ reason: ACCESSED, qualification: 0x80 });
  });

  it('without virtualized accesses is plain memory', () => {
    vmcs.clearBits(
      'SECONDARY_VM_EXEC_CONTROL',
      vmx.SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES | vmx.SECONDARY_EXEC_APIC_REGISTER_VIRT,
    );
    expect(run(store(0x20, 7) + load(0x20))).toMatchObject({ reason: HLT });
    expect(machine.register(0)).toBe(7);
    expect(machine.ramView.getUint32(ACCESS + 0x20, true)).toBe(7);
  });

  it('keeps to one register: parts of it, but nothing wider or beside it', () => {
    setWord(0xf0, 0xa1b2c3d4);
    expect(run(`a0${little(APIC + 0xf2)}`)).toMatchObject({ reason: HLT }); // mov al, [..f2]
    expect(machine.register(0) & 0xff).toBe(0xb2);
    expect(run(`66a1${little(APIC + 0xf1)}`)).toMatchObject({ reason: HLT });
    expect(machine.register(0) & 0xffff).toBe(0xb2c3);
    expect(run(`c605${little(APIC + 0xf1)}99`)).toEqual({ reason: WRITTEN, qualification: 0xf1, at: 7 });
    expect(word(0xf0)).toBe(0xa1b299d4);
    expect(run(load(0xf4))).toMatchObject({ reason: ACCESSED, qualification: 0xf4 });
    expect(run(load(0xf2))).toMatchObject({ reason: ACCESSED, qualification: 0xf2 });
    expect(run(`0f6f05${little(APIC + 0xf0)}`)).toMatchObject({ reason: ACCESSED, qualification: 0xf0 }); // movq
  });

  it('leaves in front of what reads first and may not write then', () => {
    expect(run(`830d${little(APIC + 0x100)}01`)).toEqual({ reason: ACCESSED, qualification: WRITE | 0x100, at: 0 }); // or
    expect(word(0x100)).toBe(MARK + 0x100);
    expect(run(`830d${little(APIC + 0xf0)}01`)).toEqual({ reason: WRITTEN, qualification: 0xf0, at: 7 });
    expect(word(0xf0)).toBe((MARK + 0xf0) | 1);
  });

  it('leaves between the iterations of a string instruction', () => {
    machine.setRegisters([0x77, 2, 0, 0, 0, 0, 0, APIC + 0xf0]);
    expect(run('f3ab')).toEqual({ reason: WRITTEN, qualification: 0xf0, at: 0 });
    expect([word(0xf0), machine.register(1), machine.register(7)]).toEqual([0x77, 1, APIC + 0xf4]);
    expect(machine.runGuest()).toMatchObject({ reason: ACCESSED, qualification: WRITE | 0xf4, rip: CODE });
    expect(machine.register(1)).toBe(1);
  });

  it('leaves for instruction fetches and page tables there', () => {
    expect(run(`e9${little(APIC - CODE - 5)}`)).toMatchObject({ reason: ACCESSED, qualification: 0x2000 });
    vmcs.write('GUEST_CR0', 0x80000031);
    vmcs.write('GUEST_CR3', APIC);
    expect(run('90')).toMatchObject({ reason: ACCESSED, qualification: 0xf000 });
  });

  it('leaves when the priority falls below the threshold, behind the write and after an entry', () => {
    vmcs.write('TPR_THRESHOLD', 2);
    expect(run(store(0x80, 0xffffff25) + load(0x80))).toMatchObject({ reason: HLT });
    expect(machine.register(0)).toBe(0x25);
    expect(run(store(0x80, 0x1f))).toEqual({ reason: BELOW, qualification: 0, at: 10 });
    expect(run('90')).toEqual({ reason: BELOW, qualification: 0, at: 0 });
    setWord(0x80, 0x20);
    expect(run('90')).toMatchObject({ reason: HLT });
  });

  it('takes debug traps of the instruction that wrote into the guest state', () => {
    machine.poke(CODE, Buffer.from(store(0xb0, 0), 'hex'));
    vmcs.write('GUEST_RIP', CODE);
    vmcs.write('GUEST_RFLAGS', 0x102);
    expect(machine.runGuest()).toMatchObject({ reason: WRITTEN, rip: CODE + 10 });
    expect(vmcs.read('GUEST_PENDING_DBG_EXCEPTIONS')).toBe(0x4000);
  });

  it('stays in force in a loop that has become hot', () => {
    setWord(0x20, 3 << 24);
    machine.setRegisters([0, 200, 0, 0, 0, 0, 0, 0]);
    expect(run(`8b1d${little(APIC + 0x20)}01da49 75f5`.replaceAll(' ', ''))).toMatchObject({ reason: HLT }); // mov ebx; add edx, ebx
    expect(machine.register(2)).toBe((600 * 2 ** 24) % 2 ** 32);
  });

  it.each([
    ['an APIC-access address that is not a page', { APIC_ACCESS_ADDR: ACCESS + 8 }],
    ['a virtual-APIC address that is not a page', { VIRTUAL_APIC_PAGE_ADDR: VIRTUAL + 8 }],
    ['an address beyond the physical width', { APIC_ACCESS_ADDR: 2 ** 36 }],
    ['a threshold of more than four bits', { TPR_THRESHOLD: 0x10 }],
  ])('%s is an invalid control', (_what, fields) => {
    for (const [name, value] of Object.entries(fields)) vmcs.write(name as 'TPR_THRESHOLD', value);
    expect(machine.enter()).toBe(7);
  });

  it('APIC registers need the shadow; a threshold above the priority, virtualized accesses', () => {
    vmcs.clearBits('CPU_BASED_VM_EXEC_CONTROL', vmx.CPU_BASED_TPR_SHADOW);
    expect(machine.enter()).toBe(7);
    vmcs.setBits('CPU_BASED_VM_EXEC_CONTROL', vmx.CPU_BASED_TPR_SHADOW);
    vmcs.clearBits('SECONDARY_VM_EXEC_CONTROL', vmx.SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES);
    vmcs.write('TPR_THRESHOLD', 3);
    expect(machine.enter()).toBe(7);
    vmcs.write('TPR_THRESHOLD', 2);
    expect(machine.enter()).toBe(0);
  });

  it('pages beyond the memory are nothing', () => {
    vmcs.write('VIRTUAL_APIC_PAGE_ADDR', 0xfffff000);
    expect(run(store(0xf0, 5) + load(0xf0))).toMatchObject({ reason: WRITTEN });
  });
});

// What a VM entry refuses: one row a rule, each a change to a VMCS that is good otherwise.
// SDM vol. 3C 26.2 (VMfail 7, 8) and 26.3.1 (exit reason 33 with its qualification).
import { beforeEach, describe, expect, it } from 'vitest';
import type { VmcsField } from '../../src/vcpu/vmcs.js';
import { abi, MONITOR, MSR_AREA, VmxMachine, vmx } from '../../scripts/vmx-machine.mjs';

type Change = Partial<Record<VmcsField, number>>;
type Row = [rule: string, change: Change];
const EVENT = vmx.INTR_INFO_VALID_MASK;
const INVALID = (vmx.EXIT_REASON_INVALID_STATE | vmx.EXIT_REASON_FAILED_VMENTRY) >>> 0;
const HARD = EVENT | vmx.INTR_TYPE_HARD_EXCEPTION;
const NMI = EVENT | vmx.INTR_TYPE_NMI_INTR | 2;
const EXTERNAL = EVENT | vmx.INTR_TYPE_EXT_INTR | 0x30;
const VIRTUAL_NMIS = vmx.PIN_BASED_MUST | vmx.PIN_BASED_NMI_EXITING | vmx.PIN_BASED_VIRTUAL_NMIS;
const PROTECTED = 0x80000031;
const RESTRICTED = vmx.SECONDARY_EXEC_ENABLE_EPT;

let machine: VmxMachine;
beforeEach(() => {
  machine ??= new VmxMachine();
  machine.setUp();
});
const enter = (change: Change) => {
  for (const [field, value] of Object.entries(change)) machine.vmcs.write(field as VmcsField, value);
  return machine.enter();
};

const CONTROLS: Row[] = [
  ['a pin-based control that must be 1', { PIN_BASED_VM_EXEC_CONTROL: 0 }],
  ['a pin-based control that must be 0', { PIN_BASED_VM_EXEC_CONTROL: vmx.PIN_BASED_MUST | 0x80 }],
  ['a primary control that must be 1', { CPU_BASED_VM_EXEC_CONTROL: vmx.CPU_BASED_MUST & ~2 }],
  ['a primary control that must be 0', { CPU_BASED_VM_EXEC_CONTROL: vmx.CPU_BASED_MUST | 0x400 }],
  ['a secondary control that must be 0', { SECONDARY_VM_EXEC_CONTROL: vmx.SECONDARY_EXEC_ENABLE_EPT | 0x400 }],
  ['five CR3 targets', { CR3_TARGET_COUNT: 5 }],
  ['I/O bitmap A within a page', { IO_BITMAP_A: 0x1800 }],
  ['I/O bitmap B beyond the address width', { IO_BITMAP_B: 2 ** 36 }],
  ['an MSR bitmap within a page', { MSR_BITMAP: 1 }],
  ['virtual NMIs without NMI exiting', { PIN_BASED_VM_EXEC_CONTROL: vmx.PIN_BASED_MUST | vmx.PIN_BASED_VIRTUAL_NMIS }],
  [
    'an NMI window without virtual NMIs',
    { CPU_BASED_VM_EXEC_CONTROL: vmx.CPU_BASED_MUST | vmx.CPU_BASED_NMI_WINDOW_EXITING },
  ],
  ['VPID 0', { VIRTUAL_PROCESSOR_ID: 0 }],
  ['an EPT of three levels', { EPT_POINTER: MONITOR | 0x16 }],
  ['an EPT of write-through memory', { EPT_POINTER: MONITOR | 0x1c }],
  ['EPT accessed and dirty flags', { EPT_POINTER: MONITOR | 0x5e }],
  ['an unrestricted guest without EPT', { SECONDARY_VM_EXEC_CONTROL: vmx.SECONDARY_EXEC_UNRESTRICTED_GUEST }],
  ['an exit control that must be 1', { VM_EXIT_CONTROLS: 0 }],
  ['a 64-bit host', { VM_EXIT_CONTROLS: vmx.VM_EXIT_MUST | 0x200 }],
  [
    'the saved timer of a guest without one',
    { VM_EXIT_CONTROLS: vmx.VM_EXIT_MUST | vmx.VM_EXIT_SAVE_VMX_PREEMPTION_TIMER },
  ],
  ['an MSR store area out of line', { VM_EXIT_MSR_STORE_COUNT: 1, VM_EXIT_MSR_STORE_ADDR: 8 }],
  ['an MSR load area that ends beyond the width', { VM_EXIT_MSR_LOAD_COUNT: 2, VM_EXIT_MSR_LOAD_ADDR: 2 ** 36 - 16 }],
  ['an entry control that must be 1', { VM_ENTRY_CONTROLS: 0 }],
  ['a 64-bit guest', { VM_ENTRY_CONTROLS: vmx.VM_ENTRY_MUST | 0x200 }],
  ['an MSR area out of line at entry', { VM_ENTRY_MSR_LOAD_COUNT: 1, VM_ENTRY_MSR_LOAD_ADDR: 1 }],
  ['an event of the reserved type', { VM_ENTRY_INTR_INFO_FIELD: EVENT | 0x100 }],
  ['another event', { VM_ENTRY_INTR_INFO_FIELD: EVENT | 0x700 }],
  ['an NMI of vector 3', { VM_ENTRY_INTR_INFO_FIELD: EVENT | vmx.INTR_TYPE_NMI_INTR | 3 }],
  ['exception 32', { VM_ENTRY_INTR_INFO_FIELD: HARD | 32 }],
  ['#GP without an error code', { VM_ENTRY_INTR_INFO_FIELD: HARD | 13 }],
  ['#UD with an error code', { VM_ENTRY_INTR_INFO_FIELD: HARD | 0x806 }],
  ['an interrupt with an error code', { VM_ENTRY_INTR_INFO_FIELD: EXTERNAL | 0x800 }],
  ['#GP with an error code in real mode', { VM_ENTRY_INTR_INFO_FIELD: HARD | 0x80d, GUEST_CR0: 0x30 }],
  ['an error code of 17 bits', { VM_ENTRY_INTR_INFO_FIELD: HARD | 0x80d, VM_ENTRY_EXCEPTION_ERROR_CODE: 0x10000 }],
  ['reserved bits of the event', { VM_ENTRY_INTR_INFO_FIELD: EXTERNAL | 0x1000 }],
  ['a software interrupt of no length', { VM_ENTRY_INTR_INFO_FIELD: EVENT | vmx.INTR_TYPE_SOFT_INTR | 0x80 }],
  [
    'INT3 of 16 bytes',
    { VM_ENTRY_INTR_INFO_FIELD: EVENT | vmx.INTR_TYPE_SOFT_EXCEPTION | 3, VM_ENTRY_INSTRUCTION_LEN: 16 },
  ],
];

const HOST: Row[] = [
  ['CR0 without NE', { HOST_CR0: 0x80000011 }],
  ['CR0 without paging', { HOST_CR0: 0x31 }],
  ['CR4 without VMXE', { HOST_CR4: 0 }],
  ['CR4 with a bit that there is not', { HOST_CR4: 0x12000 }],
  ['a null code selector', { HOST_CS_SELECTOR: 0 }],
  ['a null stack selector', { HOST_SS_SELECTOR: 0 }],
  ['a null task register', { HOST_TR_SELECTOR: 0 }],
  ['a selector of ring 3', { HOST_DS_SELECTOR: 19 }],
  ['a selector of the LDT', { HOST_GS_SELECTOR: 12 }],
  [
    'a reserved memory type in the PAT',
    { VM_EXIT_CONTROLS: vmx.VM_EXIT_MUST | vmx.VM_EXIT_LOAD_IA32_PAT, HOST_IA32_PAT: 2 },
  ],
  ['EFER.LMA', { VM_EXIT_CONTROLS: vmx.VM_EXIT_MUST | vmx.VM_EXIT_LOAD_IA32_EFER, HOST_IA32_EFER: 0x400 }],
];

const GUEST: Row[] = [
  // control registers and MSRs
  ['CR0 without NE', { GUEST_CR0: 0x11 }],
  ['paging without protection', { GUEST_CR0: 0x80000030 }],
  ['a restricted guest without paging', { SECONDARY_VM_EXEC_CONTROL: RESTRICTED }],
  ['CR4 without VMXE', { GUEST_CR4: 0 }],
  ['CR4 with a bit that there is not', { GUEST_CR4: 0x12000 }],
  ['DEBUGCTL', { GUEST_IA32_DEBUGCTL: 0x10000 }],
  ['the PAT', { VM_ENTRY_CONTROLS: vmx.VM_ENTRY_MUST | vmx.VM_ENTRY_LOAD_IA32_PAT, GUEST_IA32_PAT: 3 }],
  ['EFER.LME', { VM_ENTRY_CONTROLS: vmx.VM_ENTRY_MUST | vmx.VM_ENTRY_LOAD_IA32_EFER, GUEST_IA32_EFER: 0x100 }],
  // segments
  ['a task register of the LDT', { GUEST_TR_SELECTOR: 4 }],
  ['no task register', { GUEST_TR_AR_BYTES: 0x10000 }],
  ['a task that is not busy', { GUEST_TR_AR_BYTES: 0x89 }],
  ['an LDT selector of the LDT', { GUEST_LDTR_AR_BYTES: 0x82, GUEST_LDTR_SELECTOR: 4 }],
  ['an LDT of another type', { GUEST_LDTR_AR_BYTES: 0x83 }],
  ['code that is data, and not of ring 0', { GUEST_CS_AR_BYTES: 0xc0f3 }],
  [
    'code of a restricted guest that is data',
    { SECONDARY_VM_EXEC_CONTROL: RESTRICTED, GUEST_CR0: PROTECTED, GUEST_CS_AR_BYTES: 0xc093 },
  ],
  ['code that was not accessed', { GUEST_CS_AR_BYTES: 0xc09a }],
  ['code above its stack', { GUEST_CS_AR_BYTES: 0xc0fb }],
  ['code that is not present', { GUEST_CS_AR_BYTES: 0xc01b }],
  ['reserved attribute bits', { GUEST_CS_AR_BYTES: 0xc19b }],
  ['a fine limit with coarse granularity', { GUEST_DS_LIMIT: 0xfffff000 }],
  ['a coarse limit with fine granularity', { GUEST_DS_AR_BYTES: 0x4093 }],
  ['a stack that is read-only', { GUEST_SS_AR_BYTES: 0xc091 }],
  ['a stack of ring 3 in real mode', { GUEST_CR0: 0x30, GUEST_SS_AR_BYTES: 0xc0f3, GUEST_CS_AR_BYTES: 0xc0fb }],
  [
    'a stack of another ring than its selector',
    { SECONDARY_VM_EXEC_CONTROL: RESTRICTED, GUEST_CR0: PROTECTED, GUEST_SS_SELECTOR: 17, GUEST_CS_SELECTOR: 9 },
  ],
  ['data that was not accessed', { GUEST_ES_AR_BYTES: 0xc092 }],
  ['execute-only code as data', { GUEST_FS_AR_BYTES: 0xc099 }],
  ['a system segment as data', { GUEST_GS_AR_BYTES: 0xc083 }],
  ['virtual-8086 segments that are not', { GUEST_RFLAGS: 0x20002 }],
  // tables and flags
  ['a GDT above 64 KiB', { GUEST_GDTR_LIMIT: 0x10000 }],
  ['an IDT above 64 KiB', { GUEST_IDTR_LIMIT: 0x10000 }],
  ['reserved flags', { GUEST_RFLAGS: 0xa }],
  ['flags without bit 1', { GUEST_RFLAGS: 0 }],
  ['VM in real mode', { GUEST_RFLAGS: 0x20002, GUEST_CR0: 0x30 }],
  ['an interrupt with IF clear', { VM_ENTRY_INTR_INFO_FIELD: EXTERNAL }],
  // activity, blocking, pending debug exceptions
  ['an activity state that is not supported', { GUEST_ACTIVITY_STATE: 2 }],
  ['HLT in ring 3', { GUEST_ACTIVITY_STATE: 1, GUEST_SS_AR_BYTES: 0xc0f3, GUEST_CS_AR_BYTES: 0xc0fb }],
  ['HLT with a shadow', { GUEST_ACTIVITY_STATE: 1, GUEST_INTERRUPTIBILITY_INFO: 1, GUEST_RFLAGS: 0x202 }],
  ['an exception into HLT', { GUEST_ACTIVITY_STATE: 1, VM_ENTRY_INTR_INFO_FIELD: HARD | 6 }],
  ['reserved blocking', { GUEST_INTERRUPTIBILITY_INFO: 0x20 }],
  ['blocking by SMI', { GUEST_INTERRUPTIBILITY_INFO: 4 }],
  ['both shadows', { GUEST_INTERRUPTIBILITY_INFO: 3, GUEST_RFLAGS: 0x202 }],
  ['a shadow of STI with IF clear', { GUEST_INTERRUPTIBILITY_INFO: 1 }],
  [
    'an interrupt into a shadow',
    { GUEST_INTERRUPTIBILITY_INFO: 2, GUEST_RFLAGS: 0x202, VM_ENTRY_INTR_INFO_FIELD: EXTERNAL },
  ],
  ['an NMI behind MOV SS', { GUEST_INTERRUPTIBILITY_INFO: 2, VM_ENTRY_INTR_INFO_FIELD: NMI }],
  [
    'an NMI into an NMI',
    { PIN_BASED_VM_EXEC_CONTROL: VIRTUAL_NMIS, GUEST_INTERRUPTIBILITY_INFO: 8, VM_ENTRY_INTR_INFO_FIELD: NMI },
  ],
  ['reserved debug exceptions', { GUEST_PENDING_DBG_EXCEPTIONS: 0x10 }],
  ['a step in a shadow that is not pending', { GUEST_INTERRUPTIBILITY_INFO: 2, GUEST_RFLAGS: 0x102 }],
  ['a pending step without TF', { GUEST_INTERRUPTIBILITY_INFO: 2, GUEST_PENDING_DBG_EXCEPTIONS: 0x4000 }],
];

it('takes what is good', () => {
  expect(enter({})).toBe(0);
  expect(machine.get(abi.VMX_STATE)).toBe(abi.VMX_NON_ROOT);
});

it.each(CONTROLS)('VMfail 7: %s', (_rule, change) => {
  expect(enter(change)).toBe(7);
  expect(machine.vmcs.read('VM_INSTRUCTION_ERROR')).toBe(7);
  expect(machine.get(abi.VMX_STATE)).toBe(abi.VMX_ROOT);
});

it.each(HOST)('VMfail 8: %s', (_rule, change) => {
  expect(enter(change)).toBe(8);
  expect(machine.get(abi.VMX_STATE)).toBe(abi.VMX_ROOT);
});

function expectLate(change: Change, reason: number, qualification: number): void {
  expect(enter(change)).toBe(abi.EXIT_VM);
  expect(machine.exit).toMatchObject({ reason, qualification });
  expect(machine.get(abi.VMX_STATE)).toBe(abi.VMX_ROOT);
  expect(machine.eip).toBe(0xc0000000);
  // the guest was not saved over what the monitor wrote
  for (const [field, value] of Object.entries(change)) {
    if (field.startsWith('GUEST_')) expect(machine.vmcs.read(field as VmcsField), field).toBe(value);
  }
}

it.each(GUEST)('exit 33: %s', (_rule, change) => {
  expectLate(change, INVALID, 0);
});

describe('exit 33 with a qualification', () => {
  it('2: PDPTEs in the VMCS', () => {
    expectLate({ GUEST_CR0: PROTECTED, GUEST_CR4: 0x2020, GUEST_PDPTR1: 3 }, INVALID, 2);
  });
  it('2: PDPTEs in memory without EPT', () => {
    machine.ramView.setUint32(0x6008, 7, true);
    expectLate(
      { SECONDARY_VM_EXEC_CONTROL: 0, GUEST_CR0: PROTECTED, GUEST_CR4: 0x2020, GUEST_CR3: 0x6000 },
      INVALID,
      2,
    );
  });
  it('3: an NMI behind STI', () => {
    expectLate({ GUEST_INTERRUPTIBILITY_INFO: 1, GUEST_RFLAGS: 0x202, VM_ENTRY_INTR_INFO_FIELD: NMI }, INVALID, 3);
  });
  it('4: a VMCS link', () => {
    expectLate({ VMCS_LINK_POINTER: 0x5000 }, INVALID, 4);
  });
});

const GOOD: Row[] = [
  ['real mode', { GUEST_CR0: 0x30, GUEST_CS_AR_BYTES: 0x93, GUEST_CS_LIMIT: 0xffff }],
  [
    'virtual-8086 mode',
    {
      GUEST_RFLAGS: 0x20002,
      ...Object.fromEntries(
        ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'].flatMap((name) => [
          [`GUEST_${name}_SELECTOR`, 0x100],
          [`GUEST_${name}_BASE`, 0x1000],
          [`GUEST_${name}_LIMIT`, 0xffff],
          [`GUEST_${name}_AR_BYTES`, 0xf3],
        ]),
      ),
    },
  ],
  ['ring 3', { GUEST_CS_AR_BYTES: 0xc0fb, GUEST_SS_AR_BYTES: 0xc0f3 }],
  ['unusable data segments', { GUEST_DS_AR_BYTES: 0x10000, GUEST_ES_AR_BYTES: 0x10000 }],
  ['a guest that has halted', { GUEST_ACTIVITY_STATE: 1 }],
  ['a guest without EPT', { SECONDARY_VM_EXEC_CONTROL: 0, GUEST_CR0: PROTECTED }],
  ['paging of a restricted guest', { SECONDARY_VM_EXEC_CONTROL: RESTRICTED, GUEST_CR0: PROTECTED }],
];
it.each(GOOD)('takes %s', (_what, change) => {
  expect(enter(change)).toBe(0);
});

describe('MSR areas', () => {
  const entry = (i: number, index: number, low: number, high = 0, reserved = 0) => {
    [index, reserved, low, high].forEach((value, j) => {
      machine.ramView.setUint32(MSR_AREA + 16 * i + 4 * j, value, true);
    });
  };

  it('are loaded at entry, stored and loaded at exit', () => {
    entry(0, 0x277, 0x00070406, 0x00070406);
    entry(1, 0x277, 0);
    entry(2, 0x277, 0x06060606, 0x06060606);
    machine.poke(0x1000, Buffer.from('0fa2', 'hex'));
    const area = (name: string, i: number) => ({ [`VM_${name}_COUNT`]: 1, [`VM_${name}_ADDR`]: MSR_AREA + 16 * i });
    const change = { ...area('ENTRY_MSR_LOAD', 0), ...area('EXIT_MSR_STORE', 1), ...area('EXIT_MSR_LOAD', 2) };
    expect(enter(change)).toBe(0);
    expect(machine.get(abi.MSR_PAT)).toBe(0x00070406);
    expect(machine.run(10)).toBe(abi.EXIT_VM);
    expect(machine.ramView.getUint32(MSR_AREA + 24, true)).toBe(0x00070406);
    expect(machine.get(abi.MSR_PAT)).toBe(0x06060606);
  });

  it.each([
    ['an MSR that there is not', () => entry(1, 0x9999, 0)],
    ['a value that it does not take', () => entry(1, 0x277, 2)],
    ['reserved bits', () => entry(1, 0x277, 0, 0, 1)],
    ['an x2APIC register', () => entry(1, 0x808, 0)],
  ])('fail late with the number of the entry: %s', (_what, make) => {
    entry(0, 0x277, 0);
    make();
    const reason = (vmx.EXIT_REASON_MSR_LOAD_FAIL | vmx.EXIT_REASON_FAILED_VMENTRY) >>> 0;
    expectLate({ VM_ENTRY_MSR_LOAD_COUNT: 2, VM_ENTRY_MSR_LOAD_ADDR: MSR_AREA }, reason, 2);
  });

  it('that end beyond memory fail, however long they are said to be', () => {
    const reason = (vmx.EXIT_REASON_MSR_LOAD_FAIL | vmx.EXIT_REASON_FAILED_VMENTRY) >>> 0;
    expectLate({ VM_ENTRY_MSR_LOAD_COUNT: 0xffffff, VM_ENTRY_MSR_LOAD_ADDR: 0x8000000 }, reason, 1);
  });
});

// What leaves a guest, and what the VMCS then says: one row an instruction, interpreted and translated.
// SDM vol. 3C chapters 25 and 27.
import { describe, expect, it } from 'vitest';
import { CODE, IO_BITMAPS, MSR_BITMAP, PT, VmxMachine, vmx } from '../../scripts/vmx-machine.mjs';

const { CPU_BASED_HLT_EXITING, INTR_INFO_VALID_MASK } = vmx;
const VALID = INTR_INFO_VALID_MASK >>> 0;
const DATA = 0x5000;

interface Case {
  /** Bits on top of the machine's own. */
  pin?: number;
  cpu?: number;
  secondary?: number;
  exceptions?: number;
  /** Other fields of the VMCS. */
  fields?: Record<string, number>;
  /** eax ecx edx ebx esp ebp esi edi; ESP is in the VMCS. */
  registers?: number[];
  prepare?: (machine: VmxMachine) => void;
}
interface Outcome {
  reason: number;
  qualification?: number;
  /** Of RIP from the start of the code. */
  at?: number;
  length?: number;
  event?: number;
  vectoring?: number;
  linear?: number;
  information?: number;
}
type Row = [what: string, code: string, outcome: Outcome, setting?: Case];

const HLT = 'f4';
const port = (number: number, bits: number) => ((number << 16) | bits) >>> 0;
const allPorts = (machine: VmxMachine) => machine.ram.fill(0xff, IO_BITMAPS, IO_BITMAPS + 0x2000);
const ROWS: Row[] = [
  ['CPUID', '900fa2', { reason: vmx.EXIT_REASON_CPUID, at: 1, length: 2 }],
  ['HLT', 'f4', { reason: vmx.EXIT_REASON_HLT, at: 0, length: 1 }],
  ['INVD', '0f08', { reason: vmx.EXIT_REASON_INVD, at: 0, length: 2 }],
  ['WBINVD let through', `0f09${HLT}`, { reason: vmx.EXIT_REASON_HLT, at: 2 }],
  ['WBINVD', '0f09', { reason: vmx.EXIT_REASON_WBINVD, length: 2 }, { secondary: vmx.SECONDARY_EXEC_WBINVD_EXITING }],
  [
    'INVLPG',
    '0f013d00500000',
    { reason: vmx.EXIT_REASON_INVLPG, qualification: DATA, length: 7 },
    { cpu: vmx.CPU_BASED_INVLPG_EXITING },
  ],
  ['RDTSC let through', `0f31${HLT}`, { reason: vmx.EXIT_REASON_HLT, at: 2 }],
  ['RDTSC', '0f31', { reason: vmx.EXIT_REASON_RDTSC, length: 2 }, { cpu: vmx.CPU_BASED_RDTSC_EXITING }],
  ['RDPMC', '0f33', { reason: vmx.EXIT_REASON_RDPMC, length: 2 }, { cpu: vmx.CPU_BASED_RDPMC_EXITING }],
  ['PAUSE let through', `f390${HLT}`, { reason: vmx.EXIT_REASON_HLT, at: 2 }],
  [
    'PAUSE',
    '90f390',
    { reason: vmx.EXIT_REASON_PAUSE_INSTRUCTION, at: 1, length: 2 },
    { cpu: vmx.CPU_BASED_PAUSE_EXITING },
  ],
  ['XCHG with REP', `f391${HLT}`, { reason: vmx.EXIT_REASON_HLT, at: 2 }, { cpu: vmx.CPU_BASED_PAUSE_EXITING }],
  // descriptor-table registers: displacement, and how the operand is addressed
  [
    'LGDT [ebx + esi * 4 + 12345678h]',
    '0f0194b378563412',
    {
      reason: 46,
      qualification: 0x12345678,
      information: 0x2 | (1 << 7) | (1 << 11) | (3 << 15) | (6 << 18) | (3 << 23) | (2 << 28),
    },
    { secondary: vmx.SECONDARY_EXEC_DESC },
  ],
  [
    'SIDT fs:[eax]',
    '640f0108',
    { reason: 46, qualification: 0, information: (1 << 7) | (1 << 11) | (4 << 15) | (1 << 22) | (1 << 28) },
    { secondary: vmx.SECONDARY_EXEC_DESC },
  ],
  [
    'LLDT [bx + 5] with 16-bit addresses',
    '670f005705',
    { reason: 47, qualification: 5, information: (3 << 15) | (1 << 22) | (3 << 23) | (2 << 28) },
    { secondary: vmx.SECONDARY_EXEC_DESC },
  ],
  [
    'STR EDX',
    '0f00ca',
    { reason: 47, qualification: 0, information: (1 << 10) | (2 << 3) | (1 << 28) },
    { secondary: vmx.SECONDARY_EXEC_DESC },
  ],
  // VMX instructions
  ['VMCALL', '0f01c1', { reason: vmx.EXIT_REASON_VMCALL, length: 3 }],
  ['VMLAUNCH', '0f01c2', { reason: vmx.EXIT_REASON_VMLAUNCH, length: 3 }],
  ['VMRESUME', '0f01c3', { reason: vmx.EXIT_REASON_VMRESUME, length: 3 }],
  ['VMXOFF', '0f01c4', { reason: vmx.EXIT_REASON_VMOFF, length: 3 }],
  ['VMPTRLD', '0fc73500500000', { reason: vmx.EXIT_REASON_VMPTRLD, length: 7 }],
  ['VMCLEAR', '660fc73500500000', { reason: vmx.EXIT_REASON_VMCLEAR, length: 8 }],
  ['VMXON', 'f30fc73500500000', { reason: vmx.EXIT_REASON_VMON, length: 8 }],
  ['VMPTRST', '0fc73d00500000', { reason: vmx.EXIT_REASON_VMPTRST, length: 7 }],
  ['VMREAD', '0f78c8', { reason: vmx.EXIT_REASON_VMREAD, length: 3 }],
  ['VMWRITE', '0f79c8', { reason: vmx.EXIT_REASON_VMWRITE, length: 3 }],
  ['INVEPT', '660f38800500500000', { reason: vmx.EXIT_REASON_INVEPT, length: 9 }],
  ['INVVPID', '660f38810500500000', { reason: vmx.EXIT_REASON_INVVPID, length: 9 }],
  // ports
  ['IN AL, 60h', 'e460', { reason: 30, qualification: port(0x60, 0x48), length: 2 }, { prepare: allPorts }],
  ['OUT 80h, EAX', 'e780', { reason: 30, qualification: port(0x80, 0x43), length: 2 }, { prepare: allPorts }],
  [
    'IN AX, DX',
    '66ed',
    { reason: 30, qualification: port(0x3f8, 0x09), length: 2 },
    { registers: [0, 0, 0x3f8], prepare: allPorts },
  ],
  [
    'OUT DX, AL',
    'ee',
    { reason: 30, qualification: port(0xcf8, 0), length: 1 },
    { registers: [0, 0, 0xcf8], prepare: allPorts },
  ],
  [
    'a wide access of which one port leaves',
    'ed',
    { reason: 30, qualification: port(0x1f0, 0x0b) },
    {
      registers: [0, 0, 0x1f0],
      prepare: (machine) => {
        machine.ram[IO_BITMAPS + (0x1f3 >> 3)] = 1 << 3;
      },
    },
  ],
  [
    'a port of bitmap B',
    'ec',
    { reason: 30, qualification: port(0x8001, 0x08) },
    {
      registers: [0, 0, 0x8001],
      prepare: (machine) => {
        machine.ram[IO_BITMAPS + 0x1000] = 2;
      },
    },
  ],
  [
    'an access round the end of the ports',
    'ed',
    { reason: 30, qualification: port(0xfffe, 0x0b) },
    { registers: [0, 0, 0xfffe] },
  ],
  [
    'unconditional I/O exiting',
    'e480',
    { reason: 30, qualification: port(0x80, 0x48) },
    {
      cpu: vmx.CPU_BASED_UNCOND_IO_EXITING,
      prepare: (m) => m.vmcs.clearBits('CPU_BASED_VM_EXEC_CONTROL', vmx.CPU_BASED_USE_IO_BITMAPS),
    },
  ],
  [
    'REP OUTSB: one exit',
    'f36e',
    { reason: 30, qualification: port(0x3f8, 0x30), length: 2, linear: DATA, information: (1 << 7) | (3 << 15) },
    { registers: [0, 100, 0x3f8, 0, 0, 0, DATA], prepare: allPorts },
  ],
  [
    'INSD with 16-bit addresses',
    '676d',
    { reason: 30, qualification: port(0x1f0, 0x1b), length: 2, linear: DATA, information: 0 },
    { registers: [0, 0, 0x1f0, 0, 0, 0, 0, 0x10000 + DATA], prepare: allPorts },
  ],
  ['REP INSB of nothing', `f36c${HLT}`, { reason: vmx.EXIT_REASON_HLT, at: 2 }, { prepare: allPorts }],
  // MSRs
  [
    'RDMSR',
    '0f32',
    { reason: vmx.EXIT_REASON_MSR_READ, length: 2 },
    {
      registers: [0, 0x174],
      prepare: (machine) => {
        machine.ram[MSR_BITMAP + (0x174 >> 3)] = 1 << 4;
      },
    },
  ],
  ['RDMSR let through', `0f32${HLT}`, { reason: vmx.EXIT_REASON_HLT }, { registers: [0, 0x174] }],
  [
    'WRMSR of a high MSR',
    '0f30',
    { reason: vmx.EXIT_REASON_MSR_WRITE, length: 2 },
    {
      registers: [0, 0xc0000080],
      prepare: (machine) => {
        machine.ram[MSR_BITMAP + 0xc00 + (0x80 >> 3)] = 1;
      },
    },
  ],
  ['an MSR that no bitmap covers', '0f32', { reason: vmx.EXIT_REASON_MSR_READ }, { registers: [0, 0x40000000] }],
  [
    'RDMSR without bitmaps',
    '0f32',
    { reason: vmx.EXIT_REASON_MSR_READ },
    {
      registers: [0, 0x174],
      prepare: (m) => m.vmcs.clearBits('CPU_BASED_VM_EXEC_CONTROL', vmx.CPU_BASED_USE_MSR_BITMAPS),
    },
  ],
  // control and debug registers
  ['MOV CR3, EBX', '0f22db', { reason: 28, qualification: 0x303, length: 3 }, { cpu: vmx.CPU_BASED_CR3_LOAD_EXITING }],
  ['MOV ESI, CR3', '0f20de', { reason: 28, qualification: 0x613, length: 3 }, { cpu: vmx.CPU_BASED_CR3_STORE_EXITING }],
  [
    'MOV CR3 of a target value',
    `0f22db${HLT}`,
    { reason: vmx.EXIT_REASON_HLT },
    {
      cpu: vmx.CPU_BASED_CR3_LOAD_EXITING,
      registers: [0, 0, 0, 0x7000],
      fields: { CR3_TARGET_COUNT: 2, CR3_TARGET_VALUE1: 0x7000 },
    },
  ],
  ['MOV CR0 of an owned bit', '0f22c1', { reason: 28, qualification: 0x100, length: 3 }, { registers: [0, 0x21] }],
  ["MOV CR0 of the guest's own bits", `0f22c1${HLT}`, { reason: vmx.EXIT_REASON_HLT }, { registers: [0, 0x11] }],
  ['MOV CR4 of VMXE', '0f22e1', { reason: 28, qualification: 0x104, length: 3 }, { registers: [0, 0x2000] }],
  [
    'LMSW AX',
    '0f01f0',
    { reason: 28, qualification: (0x1f << 16) | 0x30, length: 3 },
    {
      registers: [0x1f],
      fields: { CR0_GUEST_HOST_MASK: 0x2e, CR0_READ_SHADOW: 0 },
    },
  ],
  [
    'LMSW from memory',
    '0f013500500000',
    { reason: 28, qualification: (9 << 16) | 0x70, linear: DATA, length: 7 },
    {
      fields: { CR0_GUEST_HOST_MASK: 0x28, CR0_READ_SHADOW: 0 },
      prepare: (machine) => machine.ramView.setUint16(DATA, 9, true),
    },
  ],
  [
    'CLTS',
    '0f06',
    { reason: 28, qualification: 0x20, length: 2 },
    { fields: { CR0_GUEST_HOST_MASK: 0x28, CR0_READ_SHADOW: 8 } },
  ],
  [
    'CLTS of what is clear',
    `0f06${HLT}`,
    { reason: vmx.EXIT_REASON_HLT },
    { fields: { CR0_GUEST_HOST_MASK: 0x28, GUEST_CR0: 0x39 } },
  ],
  ['MOV DR7, EDX', '0f23fa', { reason: 29, qualification: 0x207, length: 3 }, { cpu: vmx.CPU_BASED_MOV_DR_EXITING }],
  ['MOV ECX, DR0', '0f21c1', { reason: 29, qualification: 0x110, length: 3 }, { cpu: vmx.CPU_BASED_MOV_DR_EXITING }],
  // exceptions
  ['UD2', '0f0b', { reason: 0, event: VALID | 0x306, at: 0 }, { exceptions: 1 << 6 }],
  ['#DE', 'f7f0', { reason: 0, event: VALID | 0x300 }, { exceptions: 1 }],
  ['INT3', 'cc', { reason: 0, event: VALID | 0x603, length: 1, at: 0 }, { exceptions: 8 }],
  ['INTO', '0401ce', { reason: 0, event: VALID | 0x604, length: 1, at: 2 }, { exceptions: 16, registers: [0x7f] }],
  ['INT1', 'f1', { reason: 0, event: VALID | 0x501, length: 1 }, { exceptions: 2 }],
  ['#GP', '8ed8', { reason: 0, event: VALID | 0xb0d }, { exceptions: 1 << 13, registers: [0x50] }],
  [
    'single step',
    '9090',
    { reason: 0, event: VALID | 0x301, qualification: 0x4000, at: 1 },
    { exceptions: 2, fields: { GUEST_RFLAGS: 0x102 } },
  ],
  ['a triple fault', '0f0b', { reason: 2, at: 0, vectoring: 0 }],
  [
    'an exception while another is delivered',
    '0f0b',
    { reason: 0, event: VALID | 0xb0d, vectoring: VALID | 0x306 },
    { exceptions: 1 << 13 },
  ],
  [
    'a software interrupt that cannot be delivered',
    'cd40',
    { reason: 0, event: VALID | 0xb0d, vectoring: VALID | 0x440, length: 2 },
    { exceptions: 1 << 13 },
  ],
  [
    'a double fault',
    '8ed8',
    { reason: 0, event: VALID | 0xb08, vectoring: 0 },
    { exceptions: 1 << 8, registers: [0x50] },
  ],
  // EPT
  ['a read of nothing', 'a100002000', { reason: 48, qualification: 0x181, linear: 0x200000, at: 0 }],
  ['a write of nothing', 'a300002000', { reason: 48, qualification: 0x182, linear: 0x200000 }],
  ['a jump to nothing', 'e9fbef1f00', { reason: 48, qualification: 0x184, at: 0x1ff000 }],
  [
    'a push that no page takes',
    '50',
    { reason: 48, qualification: 0x1aa },
    {
      prepare: (m) => m.setEntry(PT + 8 * 7, 0x7000, 5 | (6 << 3)),
    },
  ],
];

describe.each([
  ['interpreted', false],
  ['translated', true],
])('%s', (_mode, translate) => {
  const machine = new VmxMachine(translate);

  it.each(ROWS)('%s', (_what, code, outcome, setting = {}) => {
    machine.setUp();
    const { vmcs } = machine;
    vmcs.setBits('PIN_BASED_VM_EXEC_CONTROL', setting.pin ?? 0);
    vmcs.setBits('CPU_BASED_VM_EXEC_CONTROL', CPU_BASED_HLT_EXITING | (setting.cpu ?? 0));
    vmcs.setBits('SECONDARY_VM_EXEC_CONTROL', setting.secondary ?? 0);
    vmcs.write('EXCEPTION_BITMAP', setting.exceptions ?? 0);
    for (const [name, value] of Object.entries(setting.fields ?? {})) vmcs.write(name as never, value);
    machine.setRegisters([0, 1, 2, 3, 4, 5, 6, 7].map((i) => setting.registers?.[i] ?? 0));
    setting.prepare?.(machine);
    machine.poke(CODE, Buffer.from(code, 'hex'));

    const exit = machine.runGuest();
    const { qualification, at, length, event, vectoring, linear, information } = outcome;
    const found = {
      reason: exit.reason,
      qualification: qualification === undefined ? undefined : exit.qualification,
      at: at === undefined ? undefined : exit.rip - CODE,
      length: length === undefined ? undefined : exit.length,
      event: event === undefined ? undefined : exit.event,
      vectoring: vectoring === undefined ? undefined : exit.vectoring,
      linear: linear === undefined ? undefined : vmcs.read('GUEST_LINEAR_ADDRESS'),
      information: information === undefined ? undefined : vmcs.read('VMX_INSTRUCTION_INFO'),
    };
    const wanted = {
      reason: outcome.reason,
      qualification,
      at,
      length,
      event: event && event >>> 0,
      vectoring: vectoring && vectoring >>> 0,
      linear,
      information,
    };
    expect(found).toEqual(wanted);
    // the host's state is in the processor
    expect(machine.eip).toBe(0xc0000000);
    expect(machine.register(4)).toBe(0xd0000000);
  });
});

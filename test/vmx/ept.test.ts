// The two-dimensional walk: what EPT entries allow, what a violation says, and that nothing beyond memory can be reached.
// SDM vol. 3C 28.2, table 27-7.
import { beforeEach, describe, expect, it } from 'vitest';
import { abi, CODE, PD, PDPT, PML4, PT, VmxMachine, vmx } from '../../scripts/vmx-machine.mjs';

const DIRECTORY = 0x6000;
const TABLE = 0x7000;
const DATA = 0x5000;
const PRESENT_WRITABLE = 3;
const RWX = 7;
const WRITE_BACK = 6 << 3;
const VIOLATION = vmx.EXIT_REASON_EPT_VIOLATION;
const MISCONFIGURED = vmx.EXIT_REASON_EPT_MISCONFIG;
const HLT = vmx.EXIT_REASON_HLT;

describe.each([
  ['interpreted', false],
  ['translated', true],
])('%s', (_mode, translate) => {
  const machine = new VmxMachine(translate);
  const { vmcs } = machine;
  const program = (code: string) => machine.poke(CODE, Buffer.from(code, 'hex'));
  const leaf = (page: number, rights: number, host = page << 12) => machine.setEntry(PT + 8 * page, host, rights);
  const violation = () => ({ ...machine.runGuest(), physical: vmcs.read('GUEST_PHYSICAL_ADDRESS') });

  /** Paging: the first 4 MiB through one table, linear = guest-physical. */
  beforeEach(() => {
    machine.setUp();
    vmcs.setBits('CPU_BASED_VM_EXEC_CONTROL', vmx.CPU_BASED_HLT_EXITING);
    machine.ramView.setUint32(DIRECTORY, TABLE | PRESENT_WRITABLE, true);
    for (let i = 0; i < 512; i++) machine.ramView.setUint32(TABLE + 4 * i, (i << 12) | PRESENT_WRITABLE, true);
    vmcs.write('GUEST_CR0', 0x80010031);
    vmcs.write('GUEST_CR3', DIRECTORY);
    program('a100500000f4'); // mov eax, [DATA]
    machine.ramView.setUint32(DATA, 0x12345678, true);
  });

  it('goes through both walks', () => {
    leaf(DATA >> 12, RWX | WRITE_BACK, 0x9000);
    machine.ramView.setUint32(0x9000, 77, true);
    expect(machine.runGuest()).toMatchObject({ reason: HLT });
    expect(machine.register(0)).toBe(77);
  });

  it('clears bit 8 for accesses of the walk itself', () => {
    leaf(TABLE >> 12, 0);
    expect(violation()).toMatchObject({
      reason: VIOLATION,
      qualification: 0x81,
      physical: TABLE + 4 * (CODE >> 12),
      rip: CODE,
    });
    leaf(TABLE >> 12, 1 | WRITE_BACK);
    machine.core.flushTlb(0);
    // the accessed bit cannot be written: rights are R alone
    expect(violation()).toMatchObject({ reason: VIOLATION, qualification: 0x8a, physical: TABLE + 4 * (CODE >> 12) });
    expect(vmcs.read('GUEST_LINEAR_ADDRESS')).toBe(CODE);
    expect(vmcs.read('GUEST_RFLAGS') & 0x10000).toBe(0x10000);
  });

  it('loads PDPTEs for no linear address', () => {
    vmcs.write('GUEST_CR4', 0x2020);
    vmcs.write('GUEST_PDPTR0', 0x8001);
    machine.ramView.setUint32(0x8000, 0x9001, true);
    machine.ramView.setUint32(0x9000 + 8 * (CODE >> 12), CODE | PRESENT_WRITABLE, true);
    program('0f22d8f4'); // mov cr3, eax
    machine.setRegisters([0xa000, 0, 0, 0, 0, 0, 0, 0]);
    leaf(0xa, 0);
    expect(violation()).toMatchObject({ reason: VIOLATION, qualification: 1, physical: 0xa000, rip: CODE });
    expect(vmcs.read('GUEST_CR3')).toBe(DIRECTORY);
    leaf(0xa, RWX | WRITE_BACK);
    machine.core.flushTlb(0);
    machine.ramView.setUint32(0xa000, 0x8001, true);
    expect(machine.runGuest()).toMatchObject({ reason: HLT });
    expect(vmcs.read('GUEST_PDPTR0')).toBe(0x8001);
    expect(vmcs.read('GUEST_CR3')).toBe(0xa000);
  });

  it('takes all 36 bits of a guest-physical address', () => {
    const at = 2 ** 32 + DATA;
    vmcs.write('GUEST_CR4', 0x2020);
    vmcs.write('GUEST_PDPTR0', 0x8001);
    machine.setEntry(0x8000, 0x9000, PRESENT_WRITABLE);
    machine.setEntry(0x9000 + 8 * (CODE >> 12), CODE, PRESENT_WRITABLE);
    machine.setEntry(0x9000 + 8 * (DATA >> 12), at, PRESENT_WRITABLE);
    program('a100500000830500500000' + '01f4'); // mov eax, [DATA]; add dword [DATA], 1
    expect(violation()).toMatchObject({ reason: VIOLATION, qualification: 0x181, physical: at, rip: CODE });
    // what maps it maps it: bits 38-30 choose the entry of the third level
    machine.setEntry(PDPT + 8 * 4, PD + 0x4000, RWX);
    machine.setEntry(PD + 0x4000, PT + 0x4000, RWX);
    machine.setEntry(PT + 0x4000 + 8 * (DATA >> 12), 0xa000, RWX | WRITE_BACK);
    machine.ramView.setUint32(0xa000, 77, true);
    machine.core.flushTlb(0);
    expect(machine.runGuest()).toMatchObject({ reason: HLT });
    expect(machine.register(0)).toBe(77);
    expect([machine.ramView.getUint32(0xa000, true), machine.ramView.getUint32(DATA, true)]).toEqual([78, 0x12345678]);
    // a table of the guest's up there
    machine.setEntry(0x8000, 2 ** 33 + 0x9000, PRESENT_WRITABLE);
    machine.core.flushTlb(0);
    vmcs.write('GUEST_RIP', CODE);
    expect(violation()).toMatchObject({
      reason: VIOLATION,
      qualification: 0x81,
      physical: 2 ** 33 + 0x9000 + 8 * (CODE >> 12),
    });
  });

  it('separates reading, writing and executing', () => {
    leaf(DATA >> 12, 1 | WRITE_BACK);
    program('a100500000830500500000' + '01f4'); // mov eax, [DATA]; add dword [DATA], 1
    expect(violation()).toMatchObject({ reason: VIOLATION, qualification: 0x18a, rip: CODE + 5, physical: DATA });
    expect(machine.ramView.getUint32(DATA, true)).toBe(0x12345678);
    expect(machine.register(0)).toBe(0x12345678);
    vmcs.write('GUEST_RIP', CODE);
    program('e9fb3f0000'); // jmp DATA
    expect(violation()).toMatchObject({ reason: VIOLATION, qualification: 0x18c, rip: DATA });
  });

  it('sees a write that crosses into a page it may not have, before the first byte', () => {
    leaf(6, 0);
    vmcs.write('GUEST_CR0', 0x31);
    program('c705fe5f0000ffffffff'); // mov dword [5ffe], -1
    expect(violation()).toMatchObject({ reason: VIOLATION, qualification: 0x182, physical: 0x6000 });
    expect(machine.ramView.getUint16(0x5ffe, true)).toBe(0);
  });

  it('takes large pages', () => {
    machine.setEntry(PD, 0, RWX | WRITE_BACK | 0x80);
    expect(machine.runGuest()).toMatchObject({ reason: HLT });
    machine.setEntry(PDPT, 0, RWX | WRITE_BACK | 0x80);
    machine.core.flushTlb(0);
    vmcs.write('GUEST_RIP', CODE);
    expect(machine.runGuest()).toMatchObject({ reason: HLT });
    expect(machine.register(0)).toBe(0x12345678);
  });

  it.each([
    ['write-only', PT, 2],
    ['execute-only', PT, 4],
    ['write and execute', PT, 6],
    ['a reserved memory type', PT, RWX | (2 << 3)],
    ['a reserved bit of a table entry', PD, RWX | 8],
    ['a reserved bit of the top level', PML4, RWX | 0x80],
    ['a large page that is not aligned', PD, RWX | WRITE_BACK | 0x1080],
  ])('misconfiguration: %s', (_what, table, bits) => {
    for (let i = 0; i < 512; i++) machine.setEntry(table + 8 * i, 0, bits);
    expect(machine.runGuest()).toMatchObject({ reason: MISCONFIGURED, rip: CODE });
  });

  it('misconfiguration: an address beyond the width', () => {
    machine.setEntry(PD, 2 ** 40, RWX);
    expect(machine.runGuest()).toMatchObject({ reason: MISCONFIGURED });
  });

  it.each([
    ['behind the memory', 0x7f000000],
    ['where addresses would wrap', 0xfa000000],
    ['above 4 GiB', 2 ** 33],
  ])('reads ones and writes nothing %s', (_what, host) => {
    leaf(DATA >> 12, RWX | WRITE_BACK, host);
    program('a100500000c7050050000000000000ff0500500000f4');
    expect(machine.runGuest()).toMatchObject({ reason: HLT });
    expect(machine.register(0)).toBe(0xffffffff);
    // a table there is malformed
    machine.setEntry(PD, host, RWX);
    machine.core.flushTlb(0);
    vmcs.write('GUEST_RIP', CODE);
    expect(machine.runGuest()).toMatchObject({ reason: MISCONFIGURED });
  });

  it('keeps translations of one VPID over an exit, and drops them without', () => {
    expect(machine.runGuest()).toMatchObject({ reason: HLT });
    leaf(DATA >> 12, 0);
    vmcs.write('GUEST_RIP', CODE);
    expect(machine.runGuest()).toMatchObject({ reason: HLT });
    machine.core.flushTlb(0);
    vmcs.write('GUEST_RIP', CODE);
    expect(machine.runGuest()).toMatchObject({ reason: VIOLATION });
  });

  it('without EPT takes physical addresses of the tables as the host has them', () => {
    vmcs.write('SECONDARY_VM_EXEC_CONTROL', 0);
    leaf(DATA >> 12, 0);
    expect(machine.runGuest()).toMatchObject({ reason: HLT });
    machine.ramView.setUint32(TABLE + 4 * (DATA >> 12), 0xf0000000 | PRESENT_WRITABLE, true);
    vmcs.write('GUEST_RIP', CODE);
    expect(machine.runGuest()).toMatchObject({ reason: HLT });
    expect(machine.register(0)).toBe(0xffffffff);
    expect(machine.get(abi.MMIO_QUEUE_COUNT)).toBe(0);
  });
});

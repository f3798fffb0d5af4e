// Events of a guest: injection, windows, blocking, HLT, the preemption timer, masks and shadows, and the emulator.
// SDM vol. 3C 26.6, 26.7, 25.2, 25.3, 24.4.2, 24.6.6.
import { beforeEach, describe, expect, it } from 'vitest';
import { abi, CODE, PT, STACK, VmxMachine, vmx } from '../../scripts/vmx-machine.mjs';

const EVENT = vmx.INTR_INFO_VALID_MASK;
const valid = (bits: number): number => (EVENT | bits) >>> 0;
const HARD = EVENT | vmx.INTR_TYPE_HARD_EXCEPTION;
const IDT = 0x3000;
const GDT = 0x3800;
const HANDLER = 0x2000;
const IF = 0x200;
const TF = 0x100;

describe.each([
  ['interpreted', false],
  ['translated', true],
])('%s', (_mode, translate) => {
  const machine = new VmxMachine(translate);
  const { vmcs } = machine;
  const stack = (i: number) => machine.ramView.getUint32(STACK - 4 * i, true);
  const program = (code: string) => machine.poke(CODE, Buffer.from(code, 'hex'));
  const inject = (info: number, error = 0, length = 0) => {
    vmcs.write('VM_ENTRY_INTR_INFO_FIELD', info);
    vmcs.write('VM_ENTRY_EXCEPTION_ERROR_CODE', error);
    vmcs.write('VM_ENTRY_INSTRUCTION_LEN', length);
  };
  /** Enters, when all is well. */
  const enter = () => expect(machine.enter()).toBe(0);

  /** A GDT, and an IDT whose first 128 gates lead to HANDLER, which is HLT. */
  beforeEach(() => {
    machine.setUp();
    vmcs.setBits('CPU_BASED_VM_EXEC_CONTROL', vmx.CPU_BASED_HLT_EXITING);
    machine.ramView.setUint32(GDT + 8, 0x0000ffff, true);
    machine.ramView.setUint32(GDT + 12, 0x00cf9b00, true);
    machine.ramView.setUint32(GDT + 16, 0x0000ffff, true);
    machine.ramView.setUint32(GDT + 20, 0x00cf9300, true);
    for (let i = 0; i < 128; i++) {
      machine.ramView.setUint32(IDT + 8 * i, (8 << 16) | HANDLER, true);
      machine.ramView.setUint32(IDT + 8 * i + 4, 0x8e00, true);
    }
    vmcs.write('GUEST_GDTR_BASE', GDT);
    vmcs.write('GUEST_GDTR_LIMIT', 0x1f);
    vmcs.write('GUEST_IDTR_BASE', IDT);
    vmcs.write('GUEST_IDTR_LIMIT', 0x3ff);
    machine.poke(HANDLER, Buffer.from('f4', 'hex'));
    program('90909090f4');
  });

  it('injects an external interrupt', () => {
    vmcs.write('GUEST_RFLAGS', 2 | IF);
    inject(EVENT | vmx.INTR_TYPE_EXT_INTR | 0x30);
    expect(machine.runGuest()).toMatchObject({ reason: 12, rip: HANDLER });
    expect([stack(1), stack(2), stack(3)]).toEqual([2 | IF, 8, CODE]);
    // the field is spent
    expect(vmcs.read('VM_ENTRY_INTR_INFO_FIELD') >>> 31).toBe(0);
    expect(vmcs.read('GUEST_RFLAGS') & IF).toBe(0);
  });

  it('injects an exception with its error code', () => {
    inject(HARD | 0x80d, 0x1234);
    expect(machine.runGuest()).toMatchObject({ reason: 12, rip: HANDLER });
    expect([stack(3), stack(4)]).toEqual([CODE, 0x1234]);
  });

  it.each([
    ['software interrupt', vmx.INTR_TYPE_SOFT_INTR | 0x40, 2],
    ['software exception', vmx.INTR_TYPE_SOFT_EXCEPTION | 3, 1],
    ['privileged software exception', vmx.INTR_TYPE_PRIV_SW_EXCEPTION | 1, 1],
  ])('returns behind an injected %s', (_what, info, length) => {
    inject(EVENT | info, 0, length);
    expect(machine.runGuest()).toMatchObject({ reason: 12, rip: HANDLER });
    expect(stack(3)).toBe(CODE + length);
  });

  it('blocks NMIs from an injected one to its IRET, and then opens the window', () => {
    vmcs.setBits('PIN_BASED_VM_EXEC_CONTROL', vmx.PIN_BASED_NMI_EXITING | vmx.PIN_BASED_VIRTUAL_NMIS);
    inject(EVENT | vmx.INTR_TYPE_NMI_INTR | 2);
    expect(machine.runGuest()).toMatchObject({ reason: 12, rip: HANDLER });
    expect(vmcs.read('GUEST_INTERRUPTIBILITY_INFO')).toBe(vmx.GUEST_INTR_STATE_NMI);
    machine.poke(HANDLER, Buffer.from('90cf', 'hex'));
    vmcs.setBits('CPU_BASED_VM_EXEC_CONTROL', vmx.CPU_BASED_NMI_WINDOW_EXITING);
    expect(machine.runGuest()).toMatchObject({ reason: vmx.EXIT_REASON_NMI_WINDOW, rip: CODE });
    expect(vmcs.read('GUEST_INTERRUPTIBILITY_INFO')).toBe(0);
  });

  it('leaves when an injected event cannot be delivered, and says what was', () => {
    vmcs.write('GUEST_IDTR_LIMIT', 0x1ff);
    vmcs.write('EXCEPTION_BITMAP', 1 << 13);
    inject(EVENT | vmx.INTR_TYPE_SOFT_INTR | 0x40, 0, 2);
    expect(machine.enter()).toBe(abi.EXIT_VM);
    expect(machine.exit).toMatchObject({
      reason: 0,
      event: valid(0xb0d),
      vectoring: valid(0x440),
      length: 2,
      rip: CODE,
    });
    // an EPT violation in delivery: the page of the IDT is gone
    vmcs.write('GUEST_IDTR_LIMIT', 0x3ff);
    machine.setEntry(PT + 8 * (IDT >> 12), 0, 0);
    machine.core.flushTlb(0);
    inject(HARD | 0x80e, 4);
    expect(machine.enter()).toBe(abi.EXIT_VM);
    expect(machine.exit).toMatchObject({ reason: 48, vectoring: valid(0xb0e), rip: CODE });
    expect(vmcs.read('IDT_VECTORING_ERROR_CODE')).toBe(4);
    expect(vmcs.read('GUEST_PHYSICAL_ADDRESS')).toBe(IDT + 8 * 14);
  });

  it('makes a double fault of an exception that an injected one raises', () => {
    vmcs.write('GUEST_IDTR_LIMIT', 0x47); // up to #DF
    inject(HARD | 0x80e, 0);
    expect(machine.runGuest()).toMatchObject({ reason: 12, rip: HANDLER });
    expect([stack(3), stack(4)]).toEqual([CODE, 0]);
  });

  it('opens the interrupt window behind the shadow', () => {
    vmcs.setBits('CPU_BASED_VM_EXEC_CONTROL', vmx.CPU_BASED_INTR_WINDOW_EXITING);
    program('90fb909090f4');
    expect(machine.runGuest()).toMatchObject({ reason: vmx.EXIT_REASON_INTERRUPT_WINDOW, rip: CODE + 3 });
    // at once when nothing blocks
    expect(machine.runGuest()).toMatchObject({ reason: vmx.EXIT_REASON_INTERRUPT_WINDOW, rip: CODE + 3 });
    // a shadow that is loaded holds it off for one instruction
    vmcs.write('GUEST_INTERRUPTIBILITY_INFO', vmx.GUEST_INTR_STATE_MOV_SS);
    expect(machine.runGuest()).toMatchObject({ reason: vmx.EXIT_REASON_INTERRUPT_WINDOW, rip: CODE + 4 });
    expect(vmcs.read('GUEST_INTERRUPTIBILITY_INFO')).toBe(0);
  });

  it('meets no breakpoint on the first instruction when it is loaded behind a load of SS', () => {
    vmcs.write('EXCEPTION_BITMAP', 1 << 1);
    machine.set(abi.DR0, CODE);
    vmcs.write('GUEST_DR7', 0x402);
    expect(machine.runGuest()).toMatchObject({ reason: 0, event: valid(0x301), rip: CODE });
    vmcs.write('GUEST_RFLAGS', 2 | IF);
    vmcs.write('GUEST_INTERRUPTIBILITY_INFO', vmx.GUEST_INTR_STATE_STI);
    expect(machine.runGuest()).toMatchObject({ reason: 0, rip: CODE });
    vmcs.write('GUEST_RFLAGS', 2);
    vmcs.write('GUEST_INTERRUPTIBILITY_INFO', vmx.GUEST_INTR_STATE_MOV_SS);
    expect(machine.runGuest()).toMatchObject({ reason: 12, rip: CODE + 4 });
  });

  it('reports the shadow in which an instruction leaves', () => {
    const blocking = (code: string) => {
      vmcs.write('GUEST_RIP', CODE);
      vmcs.write('GUEST_RFLAGS', 2);
      vmcs.write('GUEST_INTERRUPTIBILITY_INFO', 0);
      program(code);
      machine.set(abi.REGS, 0x10);
      expect(machine.runGuest().reason).toBe(12);
      return vmcs.read('GUEST_INTERRUPTIBILITY_INFO');
    };
    expect(blocking('fbf4')).toBe(vmx.GUEST_INTR_STATE_STI);
    expect(blocking('fb90f4')).toBe(0);
    expect(blocking('8ed0f4')).toBe(vmx.GUEST_INTR_STATE_MOV_SS);
    expect(blocking('8ed090f4')).toBe(0);
  });

  it('halts in the guest when HLT is its own', () => {
    vmcs.clearBits('CPU_BASED_VM_EXEC_CONTROL', vmx.CPU_BASED_HLT_EXITING);
    program('f490f4');
    enter();
    expect(machine.run(100)).toBe(abi.EXIT_HLT);
    expect(machine.run(100)).toBe(abi.EXIT_HLT);
    machine.core.vmTimerExit();
    expect(machine.exit).toMatchObject({ reason: vmx.EXIT_REASON_PREEMPTION_TIMER, rip: CODE + 1 });
    expect(vmcs.read('GUEST_ACTIVITY_STATE')).toBe(1);
    enter();
    expect(machine.run(100)).toBe(abi.EXIT_HLT);
    machine.core.vmTimerExit();
    vmcs.write('GUEST_RFLAGS', 2 | IF);
    inject(EVENT | vmx.INTR_TYPE_EXT_INTR | 0x30);
    enter();
    machine.core.vmTimerExit();
    expect(vmcs.read('GUEST_ACTIVITY_STATE')).toBe(0);
    expect(vmcs.read('GUEST_RIP')).toBe(HANDLER);
  });

  it('goes on where the timer stopped it', () => {
    program('40ebfd'); // inc eax; jmp
    enter();
    for (let i = 0; i < 3; i++) expect(machine.run(1000)).toBe(abi.EXIT_BUDGET);
    const count = machine.register(0);
    expect(count).toBeGreaterThan(1000);
    machine.core.vmTimerExit();
    expect(machine.exit).toMatchObject({ reason: 52, qualification: 0 });
    enter();
    expect(machine.run(1000)).toBe(abi.EXIT_BUDGET);
    expect(machine.register(0)).toBeGreaterThan(count);
  });

  it('delivers pending debug exceptions first', () => {
    vmcs.write('EXCEPTION_BITMAP', 2);
    vmcs.write('GUEST_RFLAGS', 2 | TF);
    vmcs.write('GUEST_PENDING_DBG_EXCEPTIONS', 0x4000);
    expect(machine.runGuest()).toMatchObject({ reason: 0, event: valid(0x301), qualification: 0x4000, rip: CODE });
    // DR6 is the monitor's to change
    expect(machine.get(abi.DR6)).toBe(0xffff0ff0);
  });

  it('keeps CR2 from a page fault that leaves', () => {
    vmcs.write('GUEST_CR0', 0x80000031);
    vmcs.write('GUEST_CR3', 0x4000);
    machine.set(abi.CR2, 0x77);
    vmcs.write('EXCEPTION_BITMAP', 1 << 14);
    const fault = { reason: 0, event: valid(0xb0e), qualification: CODE };
    expect(machine.runGuest()).toMatchObject(fault);
    expect(machine.get(abi.CR2)).toBe(0x77);
    expect(vmcs.read('GUEST_RFLAGS') & 0x10000).toBe(0x10000);
    // only error codes with bit 1, which this is not: the bit in the bitmap is turned round
    vmcs.write('PAGE_FAULT_ERROR_CODE_MASK', 2);
    vmcs.write('PAGE_FAULT_ERROR_CODE_MATCH', 2);
    vmcs.write('EXCEPTION_BITMAP', 0);
    expect(machine.runGuest()).toMatchObject(fault);
  });

  it('shows a guest its control registers through the shadows', () => {
    vmcs.write('CR0_GUEST_HOST_MASK', 0x2a);
    vmcs.write('CR0_READ_SHADOW', 0x08);
    vmcs.write('CR4_READ_SHADOW', 0);
    program('0f20c00f20e10f01e2f4'); // mov eax, cr0; mov ecx, cr4; smsw edx
    expect(machine.runGuest()).toMatchObject({ reason: 12 });
    expect(machine.registers().slice(0, 3)).toEqual([0x60000019, 0, 0x60000019]); // CD and NW as RESET left them;
    expect(vmcs.read('GUEST_CR0')).toBe(0x60000031);
  });

  it('adds the TSC offset', () => {
    vmcs.setBits('CPU_BASED_VM_EXEC_CONTROL', vmx.CPU_BASED_USE_TSC_OFFSETTING);
    vmcs.write('TSC_OFFSET', -5000);
    machine.set(abi.TSC_BASE, 12000);
    program('0f31f4');
    expect(machine.runGuest()).toMatchObject({ reason: 12 });
    expect(machine.register(0)).toBe(7000);
  });

  it('leaves at task switches', () => {
    machine.ramView.setUint32(GDT + 24, 0x50000067, true);
    machine.ramView.setUint32(GDT + 28, 0x00008900, true);
    program('ea000000001800'); // jmp 18:0
    expect(machine.runGuest()).toMatchObject({
      reason: 9,
      qualification: 0x80000018,
      length: 7,
      rip: CODE,
    });
    // through a task gate
    machine.ramView.setUint32(IDT + 8 * 0x40, 0x180000, true);
    machine.ramView.setUint32(IDT + 8 * 0x40 + 4, 0x8500, true);
    program('cd40');
    expect(machine.runGuest()).toMatchObject({
      reason: 9,
      qualification: 0xc0000018,
      length: 2,
      vectoring: valid(0x440),
    });
  });

  it('emulates an instruction of the guest, as the guest sees itself', () => {
    vmcs.write('CR0_GUEST_HOST_MASK', 0x28);
    vmcs.write('CR0_READ_SHADOW', 0x08);
    program('0f20c0e4600f22c1f4'); // mov eax, cr0; in al, 60h; mov cr0, ecx
    machine.setRegisters([0, 0x31, 0, 0, 0, 0, 0, 0]);
    machine.core.emulateBegin(0x4000);
    expect(machine.get(abi.VMX_STATE)).toBe(abi.VMX_EMULATING);
    expect(machine.core.run(100)).toBe(abi.EXIT_IO_IN);
    expect(machine.register(0)).toBe(0x19); // GUEST_CR0 says nothing of CD and NW
    machine.answer(0xab);
    expect(machine.core.run(100)).toBe(abi.EXIT_HLT);
    expect(machine.register(0)).toBe(0xab);
    expect(machine.core.emulateEnd()).toBe(0x4000);
    expect(machine.get(abi.VMX_STATE)).toBe(abi.VMX_ROOT);
    expect(vmcs.read('CR0_READ_SHADOW') & 0x28).toBe(0x20);
    // the monitor's bits stay as they were
    expect(vmcs.read('GUEST_CR0')).toBe(0x31);
    expect(vmcs.read('GUEST_RIP')).toBe(CODE + 9);
    expect(vmcs.read('GUEST_CR3')).toBe(0x4000);
  });
});

// What the machine does about each reason that the CPU came back for, in all modes. All of them on one screen.
// The shape of KVM's KVM_RUN loop (Documentation/virt/kvm/api.rst, 5. "The kvm_run structure"); SDM vol. 3D appendix C.
import { unreachable } from '../base/assert.js';
import { hex } from '../base/bytes.js';
import type { Log } from '../base/log.js';
import type { Exit, IoExit } from '../vcpu/exit.js';
import * as vmx from '../vcpu/vmcs.js';
import type { Bus } from './bus.js';
import type { ExitingCpu, Next } from './guest-cpu.js';
import { INVALID_OPCODE, NO_ERROR, NUMERIC_ERROR } from './vmx/events.js';
import type { Answered } from './vmx/shadow-mmu.js';
import { EMULATED_WHEN_REFUSED, type VmxCpu } from './vmx/vmx-cpu.js';

/** Of the qualification of an I/O instruction. */
const IO_IN = 0x8;
const IO_STRING = 0x10;

/** VMCLEAR to VMXON, INVEPT, INVVPID. */
function isVmxInstruction(reason: number): boolean {
  const { EXIT_REASON_VMCLEAR, EXIT_REASON_VMON, EXIT_REASON_INVEPT, EXIT_REASON_INVVPID } = vmx;
  const first = reason >= EXIT_REASON_VMCLEAR && reason <= EXIT_REASON_VMON;
  return first || reason === EXIT_REASON_INVEPT || reason === EXIT_REASON_INVVPID;
}

export class ExitHandler {
  private readonly io: IoExit = { kind: 'io-in', port: 0, width: 1, count: 0, value: 0 };

  /** `guest` is there in mode hw: `cpu` under VMX. */
  constructor(
    private readonly cpu: ExitingCpu,
    private readonly bus: Bus,
    private readonly log: Log,
    private readonly apicBaseWritten: (value: number) => void,
    private readonly numericError: () => void,
    private readonly guest?: VmxCpu,
  ) {}

  readonly handle = (exit: Exit): Next => {
    // Posted writes come before whatever ended the run.
    this.cpu.drainMmio(this.writeMmio);
    switch (exit.kind) {
      case 'budget':
      case 'step':
      case 'mmio-write':
      case 'interrupt-window':
        return 'run';
      case 'hlt':
        return 'halt';
      case 'frozen':
        this.numericError();
        return 'halt';
      case 'triple-fault':
        return 'triple-fault';
      case 'io-in':
        this.cpu.answer(exit.port, exit.width, this.input(exit));
        return 'run';
      case 'io-out':
        this.output(exit);
        return 'run';
      case 'mmio-read':
        this.readMmio(exit.address, exit.width);
        return 'run';
      case 'apic-base':
        this.apicBaseWritten(exit.value);
        return 'run';
      case 'vm':
        return this.handleVmExit(this.guest!);
      default:
        return unreachable(exit);
    }
  };

  /** Mode hw: by the SDM's basic reason. The emulator's exits come back to `handle`, as those of mode full do. */
  private handleVmExit(guest: VmxCpu): Next {
    if (guest.entryError !== 0) return 'entry-failure';
    switch (guest.reason) {
      case vmx.EXIT_REASON_EXCEPTION_NMI:
        // a guest that has asked for FERR# in place of #MF: the emulator's processor has both
        if (guest.exception === NUMERIC_ERROR) return guest.emulate(this.handle);
        return guest.shadow ? this.finish(guest, guest.shadow.pageFault()) : 'run';
      case vmx.EXIT_REASON_CR_ACCESS:
        return this.finish(guest, guest.shadow ? guest.shadow.controlAccess() : 'emulate');
      case vmx.EXIT_REASON_INVLPG:
        guest.shadow?.invalidate();
        return this.finish(guest, 'skip');
      case vmx.EXIT_REASON_IO_INSTRUCTION:
        return this.accessPort(guest);
      case vmx.EXIT_REASON_EPT_VIOLATION:
        guest.keepNmiBlocked();
        return guest.emulate(this.handle);
      case vmx.EXIT_REASON_APIC_ACCESS:
        return guest.emulate(this.handle);
      case vmx.EXIT_REASON_APIC_WRITE: {
        const { address, value } = guest.apicWrite;
        this.writeMmio(address, 4, value, 0);
        return 'run';
      }
      case vmx.EXIT_REASON_TASK_SWITCH:
        return guest.emulate(this.handle);
      case vmx.EXIT_REASON_MSR_READ:
      case vmx.EXIT_REASON_MSR_WRITE:
        return guest.accessMsr(guest.reason === vmx.EXIT_REASON_MSR_WRITE, this.handle);
      case vmx.EXIT_REASON_VMCALL:
        return guest.hypercall();
      case vmx.EXIT_REASON_INVALID_STATE:
        return guest.emulate(this.handle, EMULATED_WHEN_REFUSED);
      case vmx.EXIT_REASON_CPUID:
        guest.identify();
        return 'run';
      case vmx.EXIT_REASON_HLT:
        guest.skip();
        return 'halt';
      case vmx.EXIT_REASON_INVD:
      case vmx.EXIT_REASON_WBINVD:
        return this.finish(guest, 'skip');
      case vmx.EXIT_REASON_TRIPLE_FAULT:
        return 'triple-fault';
      case vmx.EXIT_REASON_INTERRUPT_WINDOW:
      case vmx.EXIT_REASON_NMI_WINDOW:
      case vmx.EXIT_REASON_PREEMPTION_TIMER:
      case vmx.EXIT_REASON_TPR_BELOW_THRESHOLD:
        return 'run';
      default:
        // VMX in a guest: it has not been told of any. What is left cannot happen under our controls.
        return isVmxInstruction(guest.reason) ? guest.raise(INVALID_OPCODE, NO_ERROR) : 'entry-failure';
    }
  }

  private finish(guest: VmxCpu, how: Answered): Next {
    if (how === 'emulate') return guest.emulate(this.handle);
    if (how === 'skip') guest.skip();
    return how === 'triple-fault' ? how : 'run';
  }

  /** One IN or OUT is all in the qualification. INS and OUTS are for the emulator, a whole `rep` at once. */
  private accessPort(guest: VmxCpu): Next {
    const { qualification } = guest;
    if (qualification & IO_STRING) return guest.emulate(this.handle);
    const { io } = this;
    io.port = qualification >>> 16;
    io.width = (qualification & 7) + 1;
    if (qualification & IO_IN) guest.setAccumulator(io.width, this.input(io));
    else {
      io.value = guest.accumulator(io.width);
      this.output(io);
    }
    guest.skip();
    return 'run';
  }

  private input(exit: IoExit): number {
    const { port, width, count } = exit;
    let value = 0;
    if (count > 0) this.bus.readPortString(port, width, this.items(exit));
    else value = this.bus.readPort(port, width);
    if (this.log.on.io) this.traceIo('in ', exit, value);
    return value;
  }

  private output(exit: IoExit): void {
    if (this.log.on.io) this.traceIo('out', exit, exit.value);
    if (exit.count > 0) this.bus.writePortString(exit.port, exit.width, this.items(exit));
    else this.bus.writePort(exit.port, exit.width, exit.value);
  }

  /** The data of a string exit; a count that is too large for the page is cut. */
  private items(exit: IoExit): Uint8Array {
    const most = Math.floor(this.cpu.pioData.length / exit.width);
    return this.cpu.pioData.subarray(0, Math.min(exit.count, most) * exit.width);
  }

  private readMmio(address: number, width: number): void {
    const low = this.bus.readMmio(address, Math.min(width, 4));
    const high = width > 4 ? this.bus.readMmio(address + 4, width - 4) : 0;
    this.cpu.answer(address, width, low, high);
    if (this.log.on.mmio)
      this.log.trace('mmio', `read  ${hex(address)} ${width} ${hex(low)} ${this.bus.mmioName(address)}`);
  }

  private readonly writeMmio = (address: number, width: number, low: number, high: number): void => {
    if (this.log.on.mmio)
      this.log.trace('mmio', `write ${hex(address)} ${width} ${hex(low)} ${this.bus.mmioName(address)}`);
    this.bus.writeMmio(address, Math.min(width, 4), low);
    if (width > 4) this.bus.writeMmio(address + 4, width - 4, high);
  };

  private traceIo(verb: string, exit: IoExit, value: number): void {
    const what = exit.count > 0 ? `${exit.count} items` : hex(value, exit.width * 2);
    this.log.trace('io', `${verb} ${hex(exit.port, 4)} ${exit.width} ${what} ${this.bus.portName(exit.port)}`);
  }
}

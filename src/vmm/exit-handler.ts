// What the machine does about each reason that the CPU came back for. All of them on one screen.
// The shape of KVM's KVM_RUN loop (Documentation/virt/kvm/api.rst, 5. "The kvm_run structure").
import { unreachable } from '../base/assert.js';
import { hex } from '../base/bytes.js';
import type { Log } from '../base/log.js';
import type { Exit, IoExit } from '../vcpu/exit.js';
import type { Bus } from './bus.js';

/** What the handler asks of the CPU. */
export interface ExitingCpu {
  readonly pioData: Uint8Array;
  answer(address: number, width: number, low: number, high?: number): void;
  drainMmio(write: (address: number, width: number, low: number, high: number) => void): void;
}

/** What to do next: run on, wait for an interrupt, or give up. */
export type Next = 'run' | 'halt' | 'triple-fault';

export class ExitHandler {
  readonly counts: Record<string, number> = {};

  constructor(
    private readonly cpu: ExitingCpu,
    private readonly bus: Bus,
    private readonly log: Log,
    private readonly apicBaseWritten: (value: number) => void,
  ) {}

  handle(exit: Exit): Next {
    this.counts[exit.kind] = (this.counts[exit.kind] ?? 0) + 1;
    // Posted writes come before whatever ended the run.
    this.cpu.drainMmio(this.writeMmio);
    switch (exit.kind) {
      case 'budget':
      case 'step':
      case 'vm':
      case 'mmio-write':
      case 'interrupt-window':
        return 'run';
      case 'hlt':
        return 'halt';
      case 'triple-fault':
        return 'triple-fault';
      case 'io-in':
        this.input(exit);
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
      default:
        return unreachable(exit);
    }
  }

  private input(exit: IoExit): void {
    const { port, width, count } = exit;
    let value = 0;
    if (count > 0) this.bus.readPortString(port, width, this.items(exit));
    else value = this.bus.readPort(port, width);
    this.cpu.answer(port, width, value);
    if (this.log.on.io) this.traceIo('in ', exit, value);
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

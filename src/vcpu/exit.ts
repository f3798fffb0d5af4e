// Why the core came back, as a typed union. One object a kind, filled anew at each exit: no garbage per exit.
// assembly/abi.ts, "exit reasons".
import {
  EXIT_ADDRESS,
  EXIT_APIC_BASE,
  EXIT_BUDGET,
  EXIT_COUNT,
  EXIT_DATA,
  EXIT_FROZEN,
  EXIT_HLT,
  EXIT_INTERRUPT_WINDOW,
  EXIT_IO_IN,
  EXIT_IO_OUT,
  EXIT_MMIO_READ,
  EXIT_MMIO_WRITE,
  EXIT_NAMES,
  EXIT_PORT,
  EXIT_STEP,
  EXIT_TRIPLE_FAULT,
  EXIT_VECTOR,
  EXIT_VM,
  EXIT_WIDTH,
  MSR_APIC_BASE,
} from '../../assembly/abi.js';
import { assert } from '../base/assert.js';

/** `count` items of a string instruction lie in the vCPU's `pioData`; 0: one IN or OUT, its value in `value`. */
export interface IoExit {
  kind: 'io-in' | 'io-out';
  port: number;
  width: number;
  count: number;
  value: number;
}

export interface MmioReadExit {
  kind: 'mmio-read';
  address: number;
  width: number;
}

export type Exit =
  | IoExit
  | MmioReadExit
  | { kind: 'mmio-write' }
  | { kind: 'budget' }
  | { kind: 'hlt' }
  | { kind: 'interrupt-window' }
  | { kind: 'triple-fault'; vector: number }
  | { kind: 'apic-base'; value: number }
  | { kind: 'step' }
  /** An instruction waits for the answer to an x87 error: FERR# is up. */
  | { kind: 'frozen' }
  /** A VM exit: the VMCS says why. */
  | { kind: 'vm' };

/** Exit names by number, for statistics. */
export const EXIT_KINDS = EXIT_NAMES.toLowerCase().replaceAll('_', '-').split(' ');

/** Reads the exit fields that go with `reason`. The object is reused by the next call. */
export class ExitDecoder {
  private readonly io: IoExit = { kind: 'io-in', port: 0, width: 1, count: 0, value: 0 };
  private readonly mmioRead: MmioReadExit = { kind: 'mmio-read', address: 0, width: 1 };
  private readonly simple = {
    mmioWrite: { kind: 'mmio-write' },
    budget: { kind: 'budget' },
    hlt: { kind: 'hlt' },
    window: { kind: 'interrupt-window' },
    step: { kind: 'step' },
    frozen: { kind: 'frozen' },
    vm: { kind: 'vm' },
  } as const satisfies Record<string, Exit>;

  constructor(private readonly view: DataView) {}

  decode(reason: number): Exit {
    switch (reason) {
      case EXIT_BUDGET:
        return this.simple.budget;
      case EXIT_HLT:
        return this.simple.hlt;
      case EXIT_IO_IN:
        return this.decodeIo('io-in');
      case EXIT_IO_OUT:
        return this.decodeIo('io-out');
      case EXIT_MMIO_READ:
        this.mmioRead.address = this.u32(EXIT_ADDRESS);
        this.mmioRead.width = this.u32(EXIT_WIDTH);
        return this.mmioRead;
      case EXIT_MMIO_WRITE:
        return this.simple.mmioWrite;
      case EXIT_INTERRUPT_WINDOW:
        return this.simple.window;
      case EXIT_TRIPLE_FAULT:
        return { kind: 'triple-fault', vector: this.u32(EXIT_VECTOR) };
      case EXIT_APIC_BASE:
        return { kind: 'apic-base', value: this.u32(MSR_APIC_BASE) };
      case EXIT_STEP:
        return this.simple.step;
      case EXIT_FROZEN:
        return this.simple.frozen;
      case EXIT_VM:
        return this.simple.vm;
    }
    assert(false, `the core left with unknown reason ${reason}`);
  }

  private decodeIo(kind: IoExit['kind']): IoExit {
    this.io.kind = kind;
    this.io.port = this.u32(EXIT_PORT) & 0xffff;
    this.io.width = this.u32(EXIT_WIDTH);
    this.io.count = this.u32(EXIT_COUNT);
    this.io.value = this.u32(EXIT_DATA);
    return this.io;
  }

  private u32(address: number): number {
    return this.view.getUint32(address, true);
  }
}

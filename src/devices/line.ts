// Interrupt lines: the wired OR of several sources, and one source that drives several inputs.
// Source: PCI 2.3 section 2.2.6 (level-sensitive lines are shared); ISA lines are wired to PIC and I/O APIC alike.
import type { IrqLine } from './device.js';

/** A line that nobody listens to. */
export const NOWHERE: IrqLine = { set() {} };

/** Drives `output` while any of its inputs is driven. */
export class SharedLine {
  private readonly inputs: { level: boolean }[] = [];

  constructor(private readonly output: IrqLine) {}

  input(): IrqLine {
    const source = { level: false };
    this.inputs.push(source);
    return {
      set: (level) => {
        if (source.level === level) return;
        source.level = level;
        this.output.set(this.inputs.some((input) => input.level));
      },
    };
  }
}

/** Passes one level on to every output. */
export function fanOut(...outputs: readonly IrqLine[]): IrqLine {
  return {
    set(level) {
      for (const output of outputs) output.set(level);
    },
  };
}

// The sixteen ISA interrupt lines: each may have several sources, and goes to the PIC and to an I/O APIC pin.
// Source: MADT interrupt source override of IRQ 0 to pin 2; MultiProcessor Specification 1.4 section 3.6.2.
import type { IrqLine } from '../device.js';
import { fanOut, SharedLine } from '../line.js';

interface InterruptInputs {
  line(input: number): IrqLine;
}

/** The I/O APIC pin of an ISA interrupt. */
export function ioapicPinOf(irq: number): number {
  return irq === 0 ? 2 : irq;
}

export class IsaInterrupts {
  private readonly lines: readonly SharedLine[];

  constructor(pic: InterruptInputs, ioapic?: InterruptInputs) {
    this.lines = Array.from({ length: 16 }, (_, irq) => {
      // Pin 2 belongs to IRQ 0; IRQ 2 is the cascade and has no line.
      const outputs = ioapic && irq !== 2 ? [pic.line(irq), ioapic.line(ioapicPinOf(irq))] : [pic.line(irq)];
      return new SharedLine(fanOut(...outputs));
    });
  }

  /** A new source of `irq`. */
  input(irq: number): IrqLine {
    return this.lines[irq].input();
  }
}

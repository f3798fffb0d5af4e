// The PCI to ISA bridge of the PIIX3: routes the four PCI interrupts to ISA interrupts and to the I/O APIC.
// Source: Intel 82371SB (PIIX3) data sheet, section 2.2.10 (PIRQRC).
import type { IrqLine } from '../device.js';
import { PciFunction } from './pci-function.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

export const PIRQ_ROUTE = 0x60;
const ROUTING_OFF = 0x80;
/** IRQs that a PCI interrupt can be routed to: 3 to 7, 9 to 12, 14, 15. */
const ROUTABLE = 0xdef8;

export interface Piix3Options {
  /** A source of each ISA interrupt, by number. */
  isa: readonly IrqLine[];
  /** I/O APIC pins 16 to 19, to which PIRQA# to PIRQD# are wired besides. */
  direct?: readonly IrqLine[];
}

export class Piix3 extends PciFunction {
  private readonly levels = new Uint8Array(4);

  constructor(private readonly options: Piix3Options) {
    super({ vendor: 0x8086, device: 0x7000, classCode: 0x060100 });
    this.preset(PIRQ_ROUTE, 4, 0x80808080);
    this.allow(PIRQ_ROUTE, 4, 0x8f8f8f8f);
    this.preset(0x4c, 1, 0x4d);
    this.allow(0x4c, 1, 0xff);
    this.preset(0x4e, 2, 0x0003);
    this.allow(0x4e, 2, 0xffff);
    this.allow(0x69, 1, 0xff);
  }

  /** PIRQA# is 0. */
  pirq(index: number): IrqLine {
    return {
      set: (level) => {
        this.levels[index] = level ? 1 : 0;
        this.options.direct?.[index].set(level);
        this.drive();
      },
    };
  }

  override reset(): void {
    super.reset();
    this.drive();
  }

  override save(): unknown {
    return { ...(super.save() as object), ...saveFields(this, ['levels']) };
  }

  override restore(state: unknown): void {
    super.restore(state);
    restoreFields(this, ['levels'], state);
    this.drive();
  }

  protected override configWritten(first: number, end: number): void {
    if (first < PIRQ_ROUTE + 4 && end > PIRQ_ROUTE) this.drive();
  }

  private drive(): void {
    let asserted = 0;
    for (let i = 0; i < 4; i++) {
      const route = this.config[PIRQ_ROUTE + i];
      if (this.levels[i] && !(route & ROUTING_OFF)) asserted |= 1 << (route & 15);
    }
    for (let irq = 0; irq < 16; irq++) {
      if (ROUTABLE & (1 << irq)) this.options.isa[irq].set((asserted & (1 << irq)) !== 0);
    }
  }
}

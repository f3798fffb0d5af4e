// The PC/AT's way to report x87 errors: FERR# latches IRQ 13, and port F0h lets it go and puts IGNNE# up.
// Source: Intel 82371SB (PIIX3) data sheet, "Coprocessor error"; SDM vol. 1 appendix D.2.
import { BytePorts } from '../byte-ports.js';
import type { IrqLine, PortDevice, Resettable, Snapshottable } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

export class CoprocessorError implements Snapshottable, Resettable {
  /** 1 port, written alone. */
  readonly ports: PortDevice = new BytePorts(
    1,
    () => 0xff,
    () => {
      this.set(false);
      this.ignore();
    },
  );

  private latched = false;

  /** `ignore` puts IGNNE# up; it stays as long as the processor has FERR# up, and does nothing when it has not. */
  constructor(
    private readonly irq13: IrqLine,
    private readonly ignore: () => void,
  ) {}

  /** FERR# goes up. */
  signal(): void {
    this.set(true);
  }

  private set(latched: boolean): void {
    this.latched = latched;
    this.irq13.set(latched);
  }

  reset(): void {
    this.set(false);
  }

  save(): unknown {
    return saveFields(this, ['latched']);
  }

  restore(state: unknown): void {
    restoreFields(this, ['latched'], state);
    this.irq13.set(this.latched);
  }
}

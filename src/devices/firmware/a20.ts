// The A20 gate, which the keyboard controller and port 0x92 both switch, and port 0x92 itself.
// Source: IBM PS/2 Model 80 technical reference, "System Control Port A".
import { BytePorts } from '../byte-ports.js';
import type { PortDevice, Resettable, Snapshottable } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

/** Whoever writes last decides; both ports read the same bit. Open from power-on, so firmware starts at 4 GiB. */
export class A20Gate implements Snapshottable, Resettable {
  private enabled = true;

  constructor(private readonly changed: (enabled: boolean) => void) {}

  get open(): boolean {
    return this.enabled;
  }

  set(enabled: boolean): void {
    if (enabled === this.enabled) return;
    this.enabled = enabled;
    this.changed(enabled);
  }

  reset(): void {
    this.set(true);
  }

  save(): unknown {
    return saveFields(this, ['enabled']);
  }

  restore(state: unknown): void {
    restoreFields(this, ['enabled'], state);
    this.changed(this.enabled);
  }
}

/** Port 0x92: bit 0 resets when it rises, bit 1 is the gate. */
export class Port92 implements Snapshottable, Resettable {
  /** 1 port. */
  readonly ports: PortDevice = new BytePorts(
    1,
    () => this.control | (this.a20.open ? 2 : 0),
    (_, value) => {
      const rising = (value & ~this.control & 1) !== 0;
      this.control = value & 1;
      this.a20.set((value & 2) !== 0);
      if (rising) this.requestReset();
    },
  );

  private control = 0;

  constructor(
    private readonly a20: A20Gate,
    private readonly requestReset: () => void,
  ) {}

  reset(): void {
    this.control = 0;
  }

  save(): unknown {
    return saveFields(this, ['control']);
  }

  restore(state: unknown): void {
    restoreFields(this, ['control'], state);
  }
}

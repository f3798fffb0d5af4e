// Work that the host does for a device beside the CPU: how much there is, and who hears of its end.
// Ours.

export class InFlight {
  count = 0;

  /** `ended` is told of each end: a machine that sleeps has to look at its interrupts. */
  constructor(private readonly ended: () => void = () => {}) {}

  begin(): void {
    this.count++;
  }

  end(): void {
    this.count--;
    this.ended();
  }
}

// Deadlines of what is at a node's edge and no part of the kernel's state: the gateway, on the node's clock.
import type { Timer, Timers } from '../../base/time.js';
import type { Kernel } from '../kernel.js';
import type { Timed } from './timers.js';

export class HostTimer implements Timer, Timed {
  constructor(
    private readonly kernel: Kernel,
    private readonly fire: () => void,
  ) {}
  arm(deadline: number): void {
    this.kernel.timers.set(this, deadline);
  }
  cancel(): void {
    this.kernel.timers.cancel(this);
  }
  expire(): void {
    this.fire();
  }
}

export class HostTimers implements Timers {
  constructor(private readonly kernel: Kernel) {}

  now(): number {
    return this.kernel.clock.monotonic();
  }
  create(fire: () => void): Timer {
    return new HostTimer(this.kernel, fire);
  }
}

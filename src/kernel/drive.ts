// The loop that gives a kernel its time on a host: it runs some milliseconds, the host's event loop has a turn, and where nobody can run
// the host sleeps until a timer or until it is woken.
import type { Host } from '../base/host.js';
import type { Kernel } from './kernel.js';

/** Nanoseconds that a kernel runs before the host has a turn. */
const TURN = 4e6;

/** Drives `kernel` until `ended` says so. */
export async function drive(kernel: Kernel, host: Host, ended: () => boolean): Promise<void> {
  while (!ended()) {
    const busy = kernel.run(kernel.clock.monotonic() + TURN);
    if (ended()) return;
    if (busy) await host.turn();
    else await host.sleep(Math.max(0, kernel.nextTimer - kernel.clock.monotonic()));
  }
}

// The loop that gives a kernel its time on a host: it runs some milliseconds, the host's event loop has a turn, and where nobody can run
// the host sleeps until a timer or until it is woken. Virtual time does not wait for timers.
import type { Host } from '../base/host.js';
import type { Kernel } from './kernel.js';
import type { VirtualClock } from './virtual-clock.js';

/** Nanoseconds that a kernel runs before the host has a turn. */
const TURN = 4e6;

/** Drives `kernel` until `ended` says so. `virtual`: its clock, where that is not the host's. */
export async function drive(kernel: Kernel, host: Host, ended: () => boolean, virtual?: VirtualClock): Promise<void> {
  let waited = false;
  while (!ended()) {
    const busy = kernel.run(kernel.clock.monotonic() + TURN);
    if (ended()) return;
    const left = Math.max(0, kernel.nextTimer - kernel.clock.monotonic());
    if (busy) await host.turn();
    else if (!virtual || left === Number.POSITIVE_INFINITY) await host.sleep(left);
    // output on its way may be what somebody waits for: it comes before time does
    else if (!waited) await host.turn();
    else virtual.skip(left);
    waited = !busy && !waited;
  }
}

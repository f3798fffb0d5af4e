// Signals that tabvisor itself gets while a program runs: they are the program's. One that it does not catch ends it, as it would end a
// process that is not the first of its namespace (which the kernel spares: man 7 pid_namespaces).
import { constants } from 'node:os';
import { SIGKILL } from '../kernel/abi/signal.js';
import type { Process } from '../kernel/task/process.js';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

export class SignalForwarding {
  /** The signal that has ended the program, which did not catch it. */
  endedBy?: number;
  private readonly undo: (() => void)[] = [];

  constructor(process_: Process, wake: () => void) {
    const { kernel } = process_.leader;
    for (const name of FORWARDED) {
      const signal = constants.signals[name];
      let asked = 0;
      const handle = (): void => {
        const caught = process_.actions.catches(signal);
        // who asks three times means it
        if (!caught || ++asked === 3) {
          this.endedBy = signal;
          kernel.signals.toProcess(process_, { signal: SIGKILL, code: 0, pid: 0, uid: 0 });
        } else kernel.signals.toProcess(process_, { signal, code: 0, pid: 0, uid: 0 });
        wake();
      };
      process.on(name, handle);
      this.undo.push(() => process.off(name, handle));
    }
  }

  close(): void {
    for (const undo of this.undo) undo();
  }
}

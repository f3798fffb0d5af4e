// Signals that tabvisor itself gets while a program runs: they are the program's. One that it does not catch ends it, as it would end a
// process that is not the first of its namespace (which the kernel spares: man 7 pid_namespaces).
import { constants } from 'node:os';
import { SIGKILL } from '../kernel/abi/signal.js';
import type { Process } from '../kernel/task/process.js';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** Their numbers, which are those of the kernel's programs too. */
const NUMBERS: ReadonlySet<number> = new Set(FORWARDED.map((name) => constants.signals[name]));
/** Who asks so often means it. */
const INSISTENT = 3;

/** Hands those that this process gets to `take`, until what it answers is called. */
export function forwardSignals(take: (signal: number) => void): () => void {
  const undo = FORWARDED.map((name) => {
    const handle = (): void => take(constants.signals[name]);
    process.on(name, handle);
    return () => process.off(name, handle);
  });
  return () => {
    for (const one of undo) one();
  };
}

/** What the signals from outside do to a program. */
export class OuterSignals {
  /** The signal that has ended the program, which did not catch it. */
  endedBy?: number;
  private readonly asked = new Map<number, number>();

  constructor(
    private readonly process: Process,
    private readonly wake: () => void,
  ) {}

  send(signal: number): void {
    if (this.process.isZombie || !NUMBERS.has(signal)) return;
    const asked = (this.asked.get(signal) ?? 0) + 1;
    this.asked.set(signal, asked);
    if (this.process.actions.catches(signal) && asked < INSISTENT) {
      const { kernel } = this.process.leader;
      kernel.signals.toProcess(this.process, { signal, code: 0, pid: 0, uid: 0 });
    } else {
      this.endedBy = signal;
      this.kill();
    }
    this.wake();
  }

  kill(): void {
    if (!this.process.isZombie) this.process.leader.kernel.signals.endProcess(this.process, SIGKILL);
    this.wake();
  }
}

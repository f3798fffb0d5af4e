// When a container that has ended is started again, and after how long. Docker docs, "Start containers automatically".
import { InvalidParameter } from './errors.js';

export interface RestartPolicy {
  Name: string;
  MaximumRetryCount: number;
}

const NAMES = ['no', 'always', 'on-failure', 'unless-stopped'];
/** Milliseconds. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 60_000;
/** Who has run so long did not fail at once. */
const LONG_RUN = 10_000;

/** Throws InvalidParameter. */
export function checkPolicy({ Name, MaximumRetryCount }: RestartPolicy, autoRemove: boolean): void {
  if (!NAMES.includes(Name))
    throw new InvalidParameter(
      `invalid restart policy: unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  if (MaximumRetryCount < 0 || !Number.isInteger(MaximumRetryCount))
    throw new InvalidParameter('invalid restart policy: maximum retry count cannot be negative');
  if (MaximumRetryCount > 0 && Name !== 'on-failure')
    throw new InvalidParameter("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  if (autoRemove && Name !== 'no')
    throw new InvalidParameter("can't create 'AutoRemove' container with restart policy");
}

/** Is it started again? `stopped`: somebody wanted its end. `restarts`: how often it was by now. */
export function startsAgain(
  { Name, MaximumRetryCount }: RestartPolicy,
  { exitCode, stopped, restarts }: { exitCode: number; stopped: boolean; restarts: number },
): boolean {
  switch (Name) {
    case 'always':
      return true;
    case 'unless-stopped':
      return !stopped;
    case 'on-failure':
      return exitCode !== 0 && (MaximumRetryCount === 0 || restarts < MaximumRetryCount);
    default:
      return false;
  }
}

/** Waits that double, and begin anew behind a long run. */
export class Backoff {
  private wait = 0;

  reset(): void {
    this.wait = 0;
  }

  /** Milliseconds to wait, after a run of `ran` milliseconds. */
  next(ran: number): number {
    if (ran >= LONG_RUN) this.wait = 0;
    this.wait = this.wait === 0 ? FIRST_WAIT : Math.min(LONGEST_WAIT, this.wait * 2);
    return this.wait;
  }
}

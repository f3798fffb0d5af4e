// How this process ends before its command has: who reads it has gone, or a signal says so. What it has begun ends first, in order, and the
// terminal is as it was. signal(7).
import { constants } from 'node:os';

/** Milliseconds that an engine of our own has to end: what a crash may cut is whole all the same. */
const PATIENCE = 10_000;
const SOON = 1000;
const HINT = 'tabvisor: what is under way ends first; a second signal ends it at once\n';
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Ending = (typeof ENDING)[number];

let endFirst: (() => Promise<unknown>) | undefined;
let leaving = false;

/** Ends it all; at the second time at once. */
export function leave(status: NodeJS.Process['exitCode'], exit = (): void => process.exit(status)): void {
  const work = leaving ? undefined : endFirst;
  leaving = true;
  if (work) {
    setTimeout(exit, PATIENCE);
    setTimeout(() => process.stderr.write(HINT), SOON).unref();
    void work().finally(exit);
  } else exit();
}

/** By the signal itself where the terminal is gone: Node would abort, as it can't be put right. */
function leaveBy(name: Ending): void {
  leave(undefined, () => {
    if (name !== 'SIGHUP') process.exit(128 + constants.signals[name]);
    process.removeAllListeners(name);
    process.kill(process.pid, name);
  });
}

/** An engine is in this process from now on: its containers are killed in the end, and what they have written is kept. */
export function endsFirst(end: () => Promise<unknown>): void {
  endFirst = end;
  leaveBySignals();
}

/** Signals end it so, where a command has no use of its own for them. What is returned leaves them to the system. */
export function leaveBySignals(): () => void {
  const taken = ENDING.map((name) => {
    const handler = (): void => {
      if (process.listeners(name).every((one) => handlers.has(one))) leaveBy(name);
    };
    handlers.add(handler);
    process.on(name, handler);
    return () => void process.off(name, handler);
  });
  return () => {
    for (const end of taken) end();
  };
}

const handlers = new Set<(...args: never[]) => unknown>();

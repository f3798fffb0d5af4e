// futex(2) with its timeouts. The rest is task/futex.ts.
import { CLOCK_MONOTONIC } from '../abi/time.js';
import {
  FUTEX_CLOCK_REALTIME,
  FUTEX_CMD_MASK,
  FUTEX_LOCK_PI,
  FUTEX_LOCK_PI2,
  FUTEX_WAIT,
  FUTEX_WAIT_BITSET,
  FUTEX_WAIT_REQUEUE_PI,
} from '../abi/futex.js';
import { futex as futexCall } from '../task/futex.js';
import type { Task } from '../task/task.js';
import { nanosecondsOf, timestampAt } from './time-argument.js';

/** Commands whose fourth argument is a time. */
const TIMED = new Set<number>([FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_LOCK_PI, FUTEX_LOCK_PI2, FUTEX_WAIT_REQUEUE_PI]);

function call(
  task: Task,
  address: number,
  operation: number,
  value: number,
  fourth: number,
  address2: number,
  value3: number,
  wide: boolean,
): number {
  const command = operation & FUTEX_CMD_MASK;
  let timeout: number | undefined;
  if (TIMED.has(command) && fourth !== 0 && !task.callState.timed) {
    const time = timestampAt(task, fourth, wide);
    if (typeof time === 'number') return time;
    timeout = nanosecondsOf(time);
    // FUTEX_WAIT waits for so long, the others until then; FUTEX_LOCK_PI by the date, without saying so
    if (command !== FUTEX_WAIT) {
      const { clock } = task.kernel;
      const now = (): number => clock.told + task.namespaces.time.ahead(CLOCK_MONOTONIC);
      const byDate = (operation & FUTEX_CLOCK_REALTIME) !== 0 || command === FUTEX_LOCK_PI;
      timeout = Math.max(0, timeout - (byDate ? nanosecondsOf(clock.date()) : now()));
    }
  }
  return futexCall(task, { address, operation, value, timeout, value2: fourth, address2, value3 });
}

export function futex(
  task: Task,
  address: number,
  operation: number,
  value: number,
  fourth: number,
  address2: number,
  value3: number,
): number {
  return call(task, address, operation, value, fourth, address2, value3, false);
}
export function futexTime64(
  task: Task,
  address: number,
  operation: number,
  value: number,
  fourth: number,
  address2: number,
  value3: number,
): number {
  return call(task, address, operation, value, fourth, address2, value3, true);
}

// futex(2) with its timeouts. The rest is task/futex.ts.
import { FUTEX_CLOCK_REALTIME, FUTEX_CMD_MASK, FUTEX_WAIT, FUTEX_WAIT_BITSET } from '../abi/futex.js';
import { futex as futexCall } from '../task/futex.js';
import type { Task } from '../task/task.js';
import { nanosecondsOf, timestampAt } from './time-argument.js';

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
  if ((command === FUTEX_WAIT || command === FUTEX_WAIT_BITSET) && fourth !== 0 && !task.callState.timed) {
    const time = timestampAt(task, fourth, wide);
    if (typeof time === 'number') return time;
    timeout = nanosecondsOf(time);
    // FUTEX_WAIT waits for so long, FUTEX_WAIT_BITSET until then
    if (command === FUTEX_WAIT_BITSET) {
      const { clock } = task.kernel;
      const now = (operation & FUTEX_CLOCK_REALTIME) !== 0 ? nanosecondsOf(clock.date()) : clock.monotonic();
      timeout = Math.max(0, timeout - now);
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

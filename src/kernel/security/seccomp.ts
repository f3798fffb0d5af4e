// What a task may call: seccomp's strict mode, and its filters. man 2 seccomp; Linux kernel/seccomp.c.
import { ENOSYS } from '../abi/errno.js';
import { PTRACE_EVENT_SECCOMP, PTRACE_O_TRACESECCOMP } from '../abi/ptrace.js';
import {
  SECCOMP_MODE_STRICT,
  SECCOMP_RET_ACTION_FULL,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_DATA,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_THREAD,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  SECCOMP_RET_TRAP,
  SECCOMP_RET_USER_NOTIF,
} from '../abi/seccomp.js';
import { SIGKILL, SIGSYS, SIGTRAP, SYS_SECCOMP } from '../abi/signal.js';
import { endTask } from '../task/exit.js';
import type { Task } from '../task/task.js';
import { stopForTracer } from '../task/tracing.js';
import { type Instruction, runFilter, SECCOMP_DATA_WORDS } from './bpf.js';

/** A filter, and those that were there before it. Never changed: children and threads share it. */
export interface Filter {
  readonly program: readonly Instruction[];
  readonly previous?: Filter;
  /** Filters in all, and instructions, with four for each filter. */
  readonly count: number;
  readonly length: number;
}

/** SECCOMP_MODE_*, and the newest filter. */
export interface Seccomp {
  readonly mode: number;
  readonly filter?: Filter;
}

/** The largest errno that a library takes for one. Linux include/linux/err.h. */
const MAX_ERRNO = 4095;
/** Instructions of all filters of a task, each of them counting four more. */
export const MAX_INSNS_PER_PATH = 32768;

/** The call is made; it is not, and has its result; the task has stopped or ended. */
export type Verdict = 'allow' | 'skip' | 'gone';

const data = new Uint32Array(SECCOMP_DATA_WORDS);

/** `again`: the tracer has seen the call, and may have changed it. */
export function filterCall(task: Task, again: boolean): Verdict {
  const { mode, filter } = task.seccomp!;
  if (mode === SECCOMP_MODE_STRICT) {
    if (task.abi.strictCalls.includes(task.callNumber)) return 'allow';
    endTask(task, SIGKILL);
    return 'gone';
  }
  return act(task, ask(task, filter), again);
}

/** What the filters say: the answer that allows least, of those the newest filter's. */
function ask(task: Task, newest: Filter | undefined): number {
  const { abi, registers } = task;
  data[0] = task.callNumber;
  data[1] = abi.auditArch;
  const words = (at: number, value: number): void => {
    data[at] = value;
    data[at + 1] = Math.floor(value / 2 ** 32);
  };
  words(2, abi.instructionPointer(registers));
  for (let i = 0; i < 6; i++) words(4 + 2 * i, abi.argument(registers, i));
  let least = SECCOMP_RET_ALLOW;
  for (let filter = newest; filter; filter = filter.previous) {
    const answer = runFilter(filter.program, data);
    if (((answer & SECCOMP_RET_ACTION_FULL) | 0) < ((least & SECCOMP_RET_ACTION_FULL) | 0)) least = answer;
  }
  return least;
}

function act(task: Task, answer: number, again: boolean): Verdict {
  const { abi, registers, kernel, tracing } = task;
  const about = answer & SECCOMP_RET_DATA;
  switch ((answer & SECCOMP_RET_ACTION_FULL) >>> 0) {
    case SECCOMP_RET_ALLOW:
    case SECCOMP_RET_LOG:
      return 'allow';
    case SECCOMP_RET_ERRNO:
      abi.setResult(registers, -Math.min(about, MAX_ERRNO));
      return 'skip';
    case SECCOMP_RET_TRAP:
      // the program's handler sees its call as it made it
      abi.setResult(registers, task.callNumber);
      kernel.signals.force(task, {
        signal: SIGSYS,
        code: SYS_SECCOMP,
        errno: about,
        address: abi.instructionPointer(registers),
        call: task.callNumber,
        arch: abi.auditArch,
      });
      return 'skip';
    case SECCOMP_RET_TRACE:
      if (again) return 'allow';
      if (!tracing || (tracing.options & PTRACE_O_TRACESECCOMP) === 0) break;
      tracing.message = about;
      stopForTracer(task, 'event', SIGTRAP | (PTRACE_EVENT_SECCOMP << 8), { kind: 'call', seccomp: true });
      return 'gone';
    case SECCOMP_RET_USER_NOTIF:
      // there is no listener
      break;
    case SECCOMP_RET_KILL_THREAD:
      endTask(task, SIGSYS);
      return 'gone';
    default:
      kernel.signals.endProcess(task.process, SIGSYS);
      endTask(task, SIGSYS);
      return 'gone';
  }
  abi.setResult(registers, -ENOSYS);
  return 'skip';
}

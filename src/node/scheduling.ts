// How a container's process is scheduled, and which kind of process it is to the kernel.
// OCI runtime-spec, config.md, "Linux Process"; config-linux.md, "Personality"; man 7 sched; man 2 ioprio_set, personality.
import type { LinuxSpec, ProcessSpec } from '../base/runtime-spec.js';
import * as S from '../kernel/abi/sched.js';
import { ioprioSet } from '../kernel/syscalls/sys-io-priority.js';
import { setScheduling } from '../kernel/syscalls/sys-scheduling.js';
import type { Task } from '../kernel/task/task.js';
import { checked } from './refusal.js';

const POLICIES: Readonly<Record<string, number>> = {
  SCHED_OTHER: S.SCHED_NORMAL,
  SCHED_FIFO: S.SCHED_FIFO,
  SCHED_RR: S.SCHED_RR,
  SCHED_BATCH: S.SCHED_BATCH,
  SCHED_IDLE: S.SCHED_IDLE,
};
const CLASSES = ['', 'IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE'];
const CLASS_SHIFT = 13;
const IOPRIO_WHO_PROCESS = 1;
/** PER_LINUX32. */
const LINUX32 = 8;

/** Throws Refusal. `task` may still do what root of its user namespace may. */
export function scheduleProcess(task: Task, { scheduler, ioPriority }: ProcessSpec, linux?: LinuxSpec): void {
  if (scheduler) {
    const { policy, nice = 0, priority = 0, flags = [] } = scheduler;
    const wanted = {
      policy: POLICIES[policy] ?? S.SCHED_NORMAL,
      priority,
      nice: Math.min(19, Math.max(-20, nice)),
      resetOnFork: flags.includes('SCHED_FLAG_RESET_ON_FORK'),
    };
    checked(`process.scheduler: ${policy}`, setScheduling(task, task, wanted));
  }
  if (ioPriority) {
    const value = CLASSES.indexOf(ioPriority.class) * 2 ** CLASS_SHIFT + (ioPriority.priority ?? 0);
    checked(`process.ioPriority: ${ioPriority.class}`, ioprioSet(task, IOPRIO_WHO_PROCESS, 0, value));
  }
  if (linux?.personality?.domain === 'LINUX32') task.personality = LINUX32;
}

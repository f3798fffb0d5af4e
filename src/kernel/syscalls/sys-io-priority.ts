// Classes and levels of tasks at a disk: kept and inherited, though no disk here asks for them. man 2 ioprio_set.
import { EINVAL, EPERM } from '../abi/errno.js';
import { SCHED_IDLE } from '../abi/sched.js';
import { CAP_SYS_ADMIN, CAP_SYS_NICE } from '../security/capability.js';
import { isRealTime } from '../task/scheduler.js';
import type { Task } from '../task/task.js';
import { sameOwner, tasksOf } from './sys-scheduling.js';

/** A priority is a class in the upper bits and a level of it below. */
const CLASS_SHIFT = 13;
const CLASS_NONE = 0;
const CLASS_RT = 1;
const CLASS_BE = 2;
const CLASS_IDLE = 3;
const LEVELS = 8;
/** IOPRIO_WHO_PROCESS is 1 where PRIO_PROCESS is 0; the others follow. */
const WHO_PROCESS = 1;

const priority = (kind: number, level: number): number => kind * 2 ** CLASS_SHIFT + level;

export function ioprioSet(task: Task, which: number, who: number, value: number): number {
  const kind = value >> CLASS_SHIFT;
  const level = value % 2 ** CLASS_SHIFT;
  if (kind < CLASS_NONE || kind > CLASS_IDLE) return -EINVAL;
  const { credentials } = task;
  if (kind === CLASS_RT && !credentials.has(CAP_SYS_ADMIN) && !credentials.has(CAP_SYS_NICE)) return -EPERM;
  if ((kind === CLASS_RT || kind === CLASS_BE) && level >= LEVELS) return -EINVAL;
  if (kind === CLASS_NONE && level !== 0) return -EINVAL;
  const tasks = tasksOf(task, which - WHO_PROCESS, who);
  if (typeof tasks === 'number') return tasks;
  for (const one of tasks) {
    if (!sameOwner(task, one) && !credentials.has(CAP_SYS_NICE)) return -EPERM;
    one.ioPriority = value;
  }
  return 0;
}

/** Of one task what was set; of several the best that counts, which for those without follows their nice values. */
export function ioprioGet(task: Task, which: number, who: number): number {
  const tasks = tasksOf(task, which - WHO_PROCESS, who);
  if (typeof tasks === 'number') return tasks;
  return which === WHO_PROCESS ? tasks[0]!.ioPriority : Math.min(...tasks.map(effective));
}

function effective(task: Task): number {
  if (task.ioPriority !== CLASS_NONE) return task.ioPriority;
  if (task.policy === SCHED_IDLE) return priority(CLASS_IDLE, Math.floor((task.nice + 20) / 5));
  return priority(isRealTime(task) ? CLASS_RT : CLASS_BE, Math.floor((task.nice + 20) / 5));
}

// Priorities, policies and processors of tasks. man 7 sched; man 2 setpriority, sched_setscheduler, sched_setattr, sched_setaffinity.
import { E2BIG, EACCES, EFAULT, EINVAL, EPERM, ESRCH } from '../abi/errno.js';
import {
  PRIO_PGRP,
  PRIO_PROCESS,
  PRIO_USER,
  RLIMIT_NICE,
  RLIMIT_RTPRIO,
  SCHED_BATCH,
  SCHED_FIFO,
  SCHED_IDLE,
  SCHED_NORMAL,
  SCHED_RESET_ON_FORK,
  SCHED_RR,
} from '../abi/sched.js';
import { copyOut, readBytes, readU32, writeBytes, writeU32 } from '../mm/user-memory.js';
import { CAP_SYS_NICE } from '../security/capability.js';
import { lendOn } from '../task/pi-futex.js';
import type { Process } from '../task/process.js';
import { RR_INTERVAL } from '../task/scheduler.js';
import { ATTEND_YIELD, type Task } from '../task/task.js';
import { readStruct, writeStruct } from './user-struct.js';

const PRIORITY_MAX = 99;

function taskOf(task: Task, pid: number): Task | number {
  if (pid < 0) return -EINVAL;
  return pid === 0 ? task : (task.pidNamespace.find(pid)?.task ?? -ESRCH);
}

/** Is the other one's owner who asks? */
export function sameOwner({ credentials: own }: Task, { credentials: other }: Task): boolean {
  return own.euid === other.uid || own.euid === other.euid;
}

/** May whoever asks let `target` have that nice value? */
function mayHaveNice(task: Task, target: Task, nice: number): boolean {
  return 20 - nice <= target.process.limits.soft(RLIMIT_NICE) || task.credentials.has(CAP_SYS_NICE);
}

// ---- nice -------------------------------------------------------------------------------------------------------------------------

/** Tasks that getpriority and setpriority speak of. */
export function tasksOf(task: Task, which: number, who: number): Task[] | number {
  const threads = (processes: Iterable<Process>): Task[] => [...processes].flatMap((process) => [...process.threads]);
  if (which === PRIO_PROCESS) {
    const found = who === 0 ? task : task.pidNamespace.find(who)?.task;
    return found ? [found] : -ESRCH;
  }
  if (which === PRIO_PGRP) {
    const group = who === 0 ? task.process.group : task.pidNamespace.find(who)?.group;
    return group ? threads(group.processes) : -ESRCH;
  }
  if (which !== PRIO_USER) return -EINVAL;
  const uid = who === 0 ? task.credentials.uid : who;
  const found = [...task.kernel.tasks].filter((other) => other.credentials.uid === uid);
  return found.length > 0 ? found : -ESRCH;
}

/** getpriority(2): the kernel answers with 20 - nice. */
export function getpriority(task: Task, which: number, who: number): number {
  const tasks = tasksOf(task, which, who);
  return typeof tasks === 'number' ? tasks : Math.max(...tasks.map((one) => 20 - one.nice));
}

/** Every task that may be changed is, though another may not. */
export function setpriority(task: Task, which: number, who: number, value: number): number {
  const tasks = tasksOf(task, which, who);
  if (typeof tasks === 'number') return tasks;
  const nice = Math.min(19, Math.max(-20, value));
  let failed = 0;
  for (const one of tasks) {
    if (!sameOwner(task, one) && !task.credentials.capable(one.credentials.userNamespace, CAP_SYS_NICE))
      failed = -EPERM;
    else if (nice < one.nice && !mayHaveNice(task, one, nice)) failed = -EACCES;
    else one.nice = nice;
  }
  return failed;
}

export function nice(task: Task, change: number): number {
  const failed = setpriority(task, PRIO_PROCESS, 0, task.nice + Math.min(40, Math.max(-40, change)));
  return failed === -EACCES ? -EPERM : failed;
}

// ---- policies ---------------------------------------------------------------------------------------------------------------------

export interface Scheduling {
  policy: number;
  priority: number;
  nice: number;
  resetOnFork: boolean;
}

const isRealTimePolicy = (policy: number): boolean => policy === SCHED_FIFO || policy === SCHED_RR;

/** Does what is wanted need CAP_SYS_NICE? */
function needsPrivilege(task: Task, target: Task, wanted: Scheduling): boolean {
  const { limits } = target.process;
  if (isRealTimePolicy(wanted.policy)) {
    const limit = limits.soft(RLIMIT_RTPRIO);
    if (wanted.policy !== target.policy && limit === 0) return true;
    if (wanted.priority > target.realTimePriority && wanted.priority > limit) return true;
  } else if (wanted.nice < target.nice && 20 - wanted.nice > limits.soft(RLIMIT_NICE)) return true;
  if (target.policy === SCHED_IDLE && wanted.policy !== SCHED_IDLE && 20 - target.nice > limits.soft(RLIMIT_NICE))
    return true;
  return !sameOwner(task, target) || (target.resetOnFork && !wanted.resetOnFork);
}

export function setScheduling(task: Task, target: Task, wanted: Scheduling): number {
  const { policy, priority } = wanted;
  if (![SCHED_NORMAL, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE].includes(policy)) return -EINVAL;
  if (priority < 0 || priority > PRIORITY_MAX || isRealTimePolicy(policy) !== priority > 0) return -EINVAL;
  if (needsPrivilege(task, target, wanted) && !task.credentials.has(CAP_SYS_NICE)) return -EPERM;
  task.kernel.reschedule(target, () => {
    target.policy = policy;
    target.realTimePriority = priority;
    if (!isRealTimePolicy(policy)) target.nice = wanted.nice;
    target.resetOnFork = wanted.resetOnFork;
  });
  lendOn(target);
  return 0;
}

export function schedYield(task: Task): number {
  // behind others of its real-time priority
  task.turnUsed = Number.POSITIVE_INFINITY;
  task.attention |= ATTEND_YIELD;
  return 0;
}

export function schedGetscheduler(task: Task, pid: number): number {
  const target = taskOf(task, pid);
  return typeof target === 'number' ? target : target.policy | (target.resetOnFork ? SCHED_RESET_ON_FORK : 0);
}

export function schedSetscheduler(task: Task, pid: number, policyAndFlags: number, address: number): number {
  if (policyAndFlags < 0 || pid < 0 || address === 0) return -EINVAL;
  const given = readStruct(task, task.abi.structs.schedParam, address);
  if (typeof given === 'number') return given;
  const target = taskOf(task, pid);
  if (typeof target === 'number') return target;
  return setScheduling(task, target, {
    policy: policyAndFlags & ~SCHED_RESET_ON_FORK,
    priority: given.priority!,
    nice: target.nice,
    resetOnFork: (policyAndFlags & SCHED_RESET_ON_FORK) !== 0,
  });
}

export function schedSetparam(task: Task, pid: number, address: number): number {
  const target = taskOf(task, pid);
  if (typeof target === 'number') return target;
  return schedSetscheduler(task, pid, target.policy | (target.resetOnFork ? SCHED_RESET_ON_FORK : 0), address);
}

export function schedGetparam(task: Task, pid: number, address: number): number {
  if (address === 0) return -EINVAL;
  const target = taskOf(task, pid);
  if (typeof target === 'number') return target;
  return writeStruct(task, task.abi.structs.schedParam, address, { priority: target.realTimePriority });
}

const ATTRIBUTES_LEAST = 48;
const ATTRIBUTES_MOST = 4096;
const SCHED_FLAG_RESET_ON_FORK = 1;
const SCHED_FLAG_KEEP_POLICY = 8;
const SCHED_FLAG_KEEP_PARAMS = 16;
const SCHED_FLAGS = SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS;

/** The struct as long as the program says it is: what is behind the part that we know must be zeros. */
function readAttributes(task: Task, address: number): Record<string, number> | number {
  const layout = task.abi.structs.schedAttr;
  const given = readU32(task.space, address);
  if (given < 0) return given;
  const size = given === 0 ? ATTRIBUTES_LEAST : given;
  const bytes = size < ATTRIBUTES_LEAST || size > ATTRIBUTES_MOST ? -E2BIG : readBytes(task.space, address, size);
  if (typeof bytes !== 'number' && bytes.subarray(layout.size).every((byte) => byte === 0)) {
    const known = new Uint8Array(layout.size);
    known.set(bytes.subarray(0, layout.size));
    return layout.read(new DataView(known.buffer), 0);
  }
  if (bytes === -EFAULT) return -EFAULT;
  // told how long ours is
  return writeU32(task.space, address, layout.size) || -E2BIG;
}

export function schedSetattr(task: Task, pid: number, address: number, flags: number): number {
  if (address === 0 || pid < 0 || flags !== 0) return -EINVAL;
  const given = readAttributes(task, address);
  if (typeof given === 'number') return given;
  const own = given.flags!;
  if ((given.policy! | 0) < 0 || (own & ~SCHED_FLAGS) !== 0) return -EINVAL;
  const target = taskOf(task, pid);
  if (typeof target === 'number') return target;
  const keeps = (own & SCHED_FLAG_KEEP_PARAMS) !== 0;
  return setScheduling(task, target, {
    policy: (own & SCHED_FLAG_KEEP_POLICY) !== 0 ? target.policy : given.policy!,
    priority: keeps ? target.realTimePriority : given.priority!,
    nice: keeps ? target.nice : Math.min(19, Math.max(-20, given.nice!)),
    resetOnFork: (own & SCHED_FLAG_RESET_ON_FORK) !== 0,
  });
}

export function schedGetattr(task: Task, pid: number, address: number, size: number, flags: number): number {
  if (address === 0 || size < ATTRIBUTES_LEAST || size > ATTRIBUTES_MOST || flags !== 0) return -EINVAL;
  const target = taskOf(task, pid);
  if (typeof target === 'number') return target;
  const layout = task.abi.structs.schedAttr;
  const { policy, resetOnFork, realTimePriority: priority } = target;
  const bytes = layout.bytes({
    size: Math.min(size, layout.size),
    policy,
    flags: resetOnFork ? SCHED_FLAG_RESET_ON_FORK : 0,
    nice: isRealTimePolicy(policy) ? 0 : target.nice,
    priority,
    max: 1024,
  });
  return writeBytes(task.space, address, bytes.subarray(0, Math.min(size, layout.size)));
}

export function schedGetPriorityMax(_task: Task, policy: number): number {
  if (isRealTimePolicy(policy)) return PRIORITY_MAX;
  return [SCHED_NORMAL, SCHED_BATCH, SCHED_IDLE].includes(policy) ? 0 : -EINVAL;
}
export function schedGetPriorityMin(task: Task, policy: number): number {
  return isRealTimePolicy(policy) ? 1 : schedGetPriorityMax(task, policy);
}

/** A turn of one that is not real-time, as it is when another waits. */
const FAIR_INTERVAL = 4e6;

function interval(task: Task, pid: number, address: number, wide: boolean): number {
  const target = taskOf(task, pid);
  if (typeof target === 'number') return target;
  const { structs } = task.abi;
  const nsec = target.policy === SCHED_FIFO ? 0 : target.policy === SCHED_RR ? RR_INTERVAL : FAIR_INTERVAL;
  return writeStruct(task, wide ? structs.timespec64 : structs.timespec, address, { sec: 0, nsec });
}
export const schedRrGetInterval = (task: Task, pid: number, address: number): number =>
  interval(task, pid, address, false);
export const schedRrGetInterval64 = (task: Task, pid: number, address: number): number =>
  interval(task, pid, address, true);

// ---- processors -------------------------------------------------------------------------------------------------------------------

/** One processor. */
export function schedGetaffinity(task: Task, pid: number, size: number, address: number): number {
  const target = taskOf(task, pid);
  if (typeof target === 'number') return target;
  const word = task.abi.wordSize;
  if (size < word || size % word !== 0) return -EINVAL;
  const mask = new Uint8Array(word);
  mask[0] = 1;
  return copyOut(task.space, address, mask, 0, word) === word ? word : -EFAULT;
}
export function schedSetaffinity(task: Task, pid: number, size: number, address: number): number {
  const target = taskOf(task, pid);
  if (typeof target === 'number') return target;
  const mask = readBytes(task.space, address, Math.min(size, 128));
  if (typeof mask === 'number') return mask;
  return mask.length > 0 && (mask[0]! & 1) !== 0 ? 0 : -EINVAL;
}
export function getcpu(task: Task, cpu: number, node: number): number {
  if (cpu !== 0 && writeU32(task.space, cpu, 0) !== 0) return -EFAULT;
  return node !== 0 && writeU32(task.space, node, 0) !== 0 ? -EFAULT : 0;
}

// The end of a task and of its process: what is let go, who is told, who inherits the children. Linux kernel/exit.c.
import { countResident } from '../mm/space-usage.js';
import {
  SIGCHLD,
  CLD_DUMPED,
  CLD_EXITED,
  CLD_KILLED,
  SIGCONT,
  SIGHUP,
  SA_NOCLDWAIT,
  SI_KERNEL,
  SIGKILL,
} from '../abi/signal.js';
import { removePid } from '../cgroup/pids.js';
import { segmentsOf } from '../ipc/shared-memory.js';
import { writeU32 } from '../mm/user-memory.js';
import { endRobustFutexes, wakeAddress } from './futex.js';
import { endPiLocks } from './pi-futex.js';
import type { ProcessGroup } from './job.js';
import type { Process } from './process.js';
import { addUsage, uidSeenBy } from './process.js';
import { HANDLER_IGNORE, SIGNAL_MAX } from './signals.js';
import type { Task } from './task.js';
import { releaseTracees } from './tracing.js';

/** Ends a task. `status` is the process's, as wait4 gives it, should this be its last thread. */
export function endTask(task: Task, status: number): void {
  const { kernel, process } = task;
  if (task.state === 'dead') return;
  if (process.tracees.size > 0) releaseTracees(task);
  task.leaveQueues();
  kernel.futexes.forget(task);
  task.state = 'dead';
  task.attention = 0;
  task.call = undefined;
  leaveSpace(task);
  leaveFiles(task);
  kernel.cpu.freeRegisters(task);
  process.threads.delete(task);
  addUsage(process.usage, task.usageNow);
  kernel.taskEnded(task);
  threadEnded(task, status);
  if (process.threads.size === 0) endProcess(process, process.groupExit ?? status, task);
  task.leaveNamespaces();
}

/** The number of a thread that is not the leader goes with it. */
function releaseThread(task: Task): void {
  removePid(task.cgroup);
  task.releaseNumber();
}

/** A thread that is not the leader has nobody who waits for it but its tracer. */
function threadEnded(task: Task, status: number): void {
  const { process, tracing } = task;
  if (task === process.leader) return;
  if (!tracing) {
    releaseThread(task);
    return;
  }
  task.exitStatus = process.groupExit ?? status;
  const info = { ...childInfo(process, SIGCHLD, task.exitStatus), pid: task.pid.in(tracing.tracer.pidNamespace) };
  task.kernel.signals.toProcess(tracing.tracer.process, info);
  tracing.tracer.process.childEvents.wake();
}

/** A tracee that has ended has been told to its tracer, or has none any more: its parent hears of it. */
export function forgetTracee(task: Task): void {
  const { process, tracing } = task;
  tracing!.tracer.process.tracees.delete(task);
  task.tracing = undefined;
  if (task !== process.leader) releaseThread(task);
  else if (process.heldForTracer) {
    process.heldForTracer = undefined;
    notifyEnd(process, task);
  }
}

/** Lets go of the address space: futexes are told, a vfork parent goes on. */
export function leaveSpace(task: Task): void {
  const { space } = task;
  if (task.robustList !== 0) endRobustFutexes(task);
  endPiLocks(task);
  if (task.clearTidAddress !== 0 && space.users > 1) {
    writeU32(space, task.clearTidAddress, 0);
    wakeAddress(task, task.clearTidAddress, 1);
  }
  task.clearTidAddress = 0;
  task.robustList = 0;
  releaseVfork(task);
  dropSpace(task);
}

/** One task less in its space; the last one frees it. */
export function dropSpace(task: Task): void {
  const { space, kernel } = task;
  task.process.usage.peakResident = Math.max(
    task.process.usage.peakResident,
    space.users === 1 ? countResident(space) : 0,
  );
  if (--space.users > 0) return;
  const segments = segmentsOf(space);
  space.free();
  kernel.cpu.leave(space);
  for (const segment of segments) segment.noteDetached(task);
}

/** Its parent, if that waits in vfork, goes on. */
export function releaseVfork(task: Task): void {
  const waiting = task.vforkParent;
  if (!waiting) return;
  task.vforkParent = undefined;
  waiting.vforkChild = undefined;
  waiting.wake();
}

function leaveFiles(task: Task): void {
  if (--task.files.users === 0) task.files.closeAll();
  task.fs.users--;
}

function endProcess(process: Process, status: number, last: Task): void {
  const { kernel } = last;
  process.exitStatus = status;
  process.timers.clear(true);
  process.executable?.release();
  process.executable = undefined;
  process.actions.users--;
  last.namespaces.ipc.sem.processEnded(process);
  kernel.processEnded(process);
  const { session } = process.group;
  if (session.leader === process && session.terminal) {
    const { terminal } = session;
    const foreground = terminal.foreground;
    terminal.disassociate();
    if (foreground)
      for (const signal of [SIGHUP, SIGCONT]) kernel.signals.toGroup(foreground, { signal, code: SI_KERNEL });
  }
  if (process.isInit) endNamespace(process);
  const groups = groupsLeft(process);
  reparentChildren(process, last);
  hangUpOrphans(groups, process, last);
  process.ended.wake();
  notifyEnd(process, last);
}

/** Process 1 of a namespace takes all others with it: they are gone when its own end is told. None of them is running. */
function endNamespace(init: Process): void {
  const { namespace } = init.pid;
  namespace.dead = true;
  for (const [, { process }] of namespace.all()) {
    if (!process || process === init || process.isZombie) continue;
    process.groupExit = SIGKILL;
    for (const task of [...process.threads]) {
      task.kernel.unqueue(task);
      endTask(task, SIGKILL);
    }
  }
}

function reparentChildren(process: Process, last: Task): void {
  if (process.children.size === 0) return;
  const heir = heirOf(process);
  for (const child of [...process.children]) {
    process.children.delete(child);
    child.parent = heir;
    heir?.children.add(child);
    child.exitSignal = SIGCHLD;
    for (const task of child.threads)
      if (task.parentDeathSignal !== 0)
        last.kernel.signals.toTask(task, { signal: task.parentDeathSignal, code: SI_KERNEL });
    if (child.isZombie) {
      if (heir) notifyEnd(child, last);
      else reap(child);
    }
  }
}

/** Who inherits: the nearest living ancestor that is a subreaper, or process 1 of the namespace. */
function heirOf(process: Process): Process | undefined {
  const { namespace } = process.pid;
  for (let at = process.parent; at && !at.isZombie && at.pid.namespace === namespace; at = at.parent)
    if (at.subreaper) return at;
  const { init } = namespace;
  if (init && init !== process && !init.isZombie) return init;
  // process 1 itself ends: what is left of its children goes to its own parent's namespace
  return init === process && process.parent && !process.parent.isZombie ? process.parent : undefined;
}

/** Groups that its end may orphan: its own, which its parent may have been the only one to continue, and those of its children. */
function groupsLeft({ group, parent, children }: Process): Set<ProcessGroup> {
  const kept = (one: ProcessGroup, other: ProcessGroup): boolean => one !== other && one.session === other.session;
  const groups = [...children].map((child) => child.group).filter((one) => kept(one, group));
  return new Set(parent && kept(parent.group, group) ? [group, ...groups] : groups);
}

/** POSIX: a group that becomes orphaned with a stopped member is hung up and continued. Linux kernel/exit.c, kill_orphaned_pgrp. */
function hangUpOrphans(groups: Iterable<ProcessGroup>, process: Process, last: Task): void {
  for (const group of groups) {
    if (!group.orphaned) continue;
    if (![...group.processes].some((member) => member !== process && !member.isZombie && member.stoppedBy !== 0))
      continue;
    for (const signal of [SIGHUP, SIGCONT]) last.kernel.signals.toGroup(group, { signal, code: SI_KERNEL });
  }
}

/** The parent hears of the end; one that does not care for its children has none to wait for. */
function notifyEnd(process: Process, last: Task): void {
  const { parent, exitSignal } = process;
  const { tracing } = process.leader;
  if (tracing && tracing.tracer.process !== parent && !tracing.tracer.process.isZombie) {
    const tracer = tracing.tracer.process;
    process.heldForTracer = tracer;
    const pid = process.pid.in(tracer.pid.namespace);
    last.kernel.signals.toProcess(tracer, { ...childInfo(process, SIGCHLD), pid });
    tracer.childEvents.wake();
    return;
  }
  if (!parent || parent.isZombie) {
    reap(process);
    return;
  }
  const action = parent.actions.get(SIGCHLD);
  const ignored = exitSignal === SIGCHLD && (action.handler === HANDLER_IGNORE || (action.flags & SA_NOCLDWAIT) !== 0);
  // clone(2) takes any number for the signal: one that is none is not sent
  if (exitSignal > 0 && exitSignal <= SIGNAL_MAX && !(ignored && action.handler === HANDLER_IGNORE))
    last.kernel.signals.toProcess(parent, childInfo(process, exitSignal));
  if (ignored) reap(process);
  parent.childEvents.wake();
}

/** What SIGCHLD tells of a process that has ended. */
export function childInfo(process: Process, signal: number, status = process.exitStatus!) {
  const killed = (status & 0x7f) !== 0;
  const usage = process.totalUsage;
  return {
    signal,
    code: !killed ? CLD_EXITED : (status & 0x80) !== 0 ? CLD_DUMPED : CLD_KILLED,
    pid: process.parent ? process.pid.in(process.parent.pid.namespace) : 0,
    uid: process.parent ? uidSeenBy(process.parent, process.leader.credentials.uid) : 0,
    status: killed ? status & 0x7f : status >> 8,
    utime: Math.floor(usage.userTime / 1e7),
    stime: Math.floor(usage.systemTime / 1e7),
  };
}

/** A zombie goes: nobody will ask for it any more. */
export function reap(process: Process): void {
  const { parent } = process;
  if (parent) {
    parent.children.delete(process);
    addUsage(parent.childUsage, process.usage);
    addUsage(parent.childUsage, process.childUsage);
  }
  const { tracing } = process.leader;
  tracing?.tracer.process.tracees.delete(process.leader);
  process.group.remove(process);
  removePid(process.leader.cgroup);
  process.pid.process = undefined;
  process.leader.pid.task = undefined;
  process.pid.releaseIfUnused();
}

/** All other threads of the process end at once, and the caller is its leader: exec. They wait or are queued, as there is one processor. */
export function endOtherThreads(task: Task): void {
  const { process } = task;
  for (const other of [...process.threads]) {
    if (other === task) continue;
    task.kernel.unqueue(other);
    endTask(other, 0);
  }
  const { leader } = process;
  if (leader === task) return;
  leader.tracing?.tracer.process.tracees.delete(leader);
  // the leader's number goes on, the thread's goes
  removePid(task.cgroup);
  const old = task.pid;
  task.pid = leader.pid;
  task.pid.task = task;
  process.leader = task;
  old.task = undefined;
  old.releaseIfUnused();
}

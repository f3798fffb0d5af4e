// New tasks: fork, vfork, clone and clone3 are one call with flags. Linux kernel/fork.c; man 2 clone.
import { EAGAIN, EFAULT, EINVAL, ENOMEM } from '../abi/errno.js';
import {
  PTRACE_EVENT_CLONE,
  PTRACE_EVENT_FORK,
  PTRACE_EVENT_VFORK,
  PTRACE_O_TRACECLONE,
  PTRACE_O_TRACEFORK,
  PTRACE_O_TRACEVFORK,
} from '../abi/ptrace.js';
import {
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_FILES,
  CLONE_FS,
  CLONE_NEWIPC,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_PARENT,
  CLONE_PARENT_SETTID,
  CLONE_PIDFD,
  CLONE_PTRACE,
  CLONE_SETTLS,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_UNTRACED,
  CLONE_VFORK,
  CLONE_VM,
  RLIMIT_NPROC,
  SCHED_NORMAL,
} from '../abi/sched.js';
import { SIGCHLD } from '../abi/signal.js';
import { createNamespaces, createUserNamespace } from '../ns/create-namespaces.js';
import { holdNamespaces, type NamespaceSet, releaseNamespaces } from '../ns/namespace-set.js';
import type { Cgroup } from '../cgroup/cgroup.js';
import { chargePid, removePid } from '../cgroup/pids.js';
import { PaeTable } from '../mm/page-table.js';
import { writeU32 } from '../mm/user-memory.js';
import { CAP_SYS_ADMIN, CAP_SYS_RESOURCE } from '../security/capability.js';
import type { Credentials } from '../security/credentials.js';
import { openPidfd } from '../fs/pidfd.js';
import { dropSpace } from './exit.js';
import { Process } from './process.js';
import { TRAP_FLAG } from './registers.js';
import { isRealTime } from './scheduler.js';
import { type FsContext, Task } from './task.js';
import { attachChild } from './tracing.js';

export interface CloneArguments {
  flags: number;
  /** Signal of the end to the parent. */
  exitSignal: number;
  /** The child's stack pointer; 0: as the parent's. */
  stack: number;
  parentTid: number;
  childTid: number;
  tls: number;
  /** Where the number of a pidfd goes. */
  pidfd: number;
  /** CLONE_CLEAR_SIGHAND: the child has no handlers. */
  clearHandlers?: boolean;
  /** CLONE_INTO_CGROUP: where the child begins. */
  cgroup?: Cgroup;
}

/** Makes a task; the child, or a negated errno. */
export function clone(parent: Task, args: CloneArguments): Task | number {
  const refused = checked(parent, args);
  if (refused !== 0) return refused;
  const cgroup = args.cgroup ?? parent.cgroup;
  const full = chargePid(cgroup);
  if (full !== 0) return full;
  const child = make(parent, args, cgroup);
  if (typeof child === 'number') removePid(cgroup);
  return child;
}

/** What can't be, before anything is made: 0, or a negated errno. */
function checked(parent: Task, { flags, clearHandlers }: CloneArguments): number {
  const { kernel } = parent;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  if (has(CLONE_SIGHAND) && !has(CLONE_VM)) return -EINVAL;
  if (has(CLONE_THREAD) && !has(CLONE_SIGHAND)) return -EINVAL;
  if (has(CLONE_FS) && has(CLONE_NEWNS | CLONE_NEWUSER)) return -EINVAL;
  if (has(CLONE_SIGHAND) && clearHandlers) return -EINVAL;
  if (has(CLONE_THREAD) && has(CLONE_NEWPID | CLONE_NEWUSER)) return -EINVAL;
  if (has(CLONE_PARENT) && parent.process.isInit) return -EINVAL;
  // threads are where their leader is
  if (has(CLONE_THREAD) && parent.namespaces.pidForChildren !== parent.pidNamespace) return -EINVAL;
  // semaphores of one namespace aren't undone in another
  if (has(CLONE_NEWIPC) && has(CLONE_SYSVSEM)) return -EINVAL;
  return kernel.tasks.size >= kernel.maxTasks || tooMany(parent) ? -EAGAIN : 0;
}

function make(parent: Task, args: CloneArguments, cgroup: Cgroup): Task | number {
  const { flags } = args;
  const fs = (flags & CLONE_FS) !== 0 ? parent.fs : { ...parent.fs, users: 0 };
  const credentials = (flags & CLONE_NEWUSER) !== 0 ? createUserNamespace(parent) : parent.credentials;
  if (typeof credentials === 'number') return credentials;
  const created = createNamespaces(parent, flags, credentials, fs);
  if (typeof created === 'number') return created;
  // who has the parent's memory has its clocks, until its next program
  const stays = (flags & CLONE_VM) !== 0 || created.time === created.timeForChildren;
  const namespaces = stays ? created : { ...created, time: created.timeForChildren };
  // should nobody be in them in the end, they go at once
  holdNamespaces(namespaces);
  const child = makeIn(credentials, namespaces, parent, args, fs, cgroup);
  releaseNamespaces(namespaces);
  return child;
}

function makeIn(
  credentials: Credentials,
  namespaces: NamespaceSet,
  parent: Task,
  args: CloneArguments,
  fs: FsContext,
  cgroup: Cgroup,
): Task | number {
  const { flags } = args;
  const { kernel } = parent;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const namespace = namespaces.pidForChildren;
  if (namespace.dead) return -ENOMEM;
  const pid = namespace.allocate();
  if (!pid) return -EAGAIN;
  const registers = kernel.cpu.newRegisters();
  if (!registers) return -ENOMEM;
  const space = has(CLONE_VM) ? parent.space : forkSpace(parent);
  if (!space) {
    kernel.cpu.freeArea(registers);
    pid.releaseIfUnused();
    return -ENOMEM;
  }
  const files = has(CLONE_FILES) ? parent.files : parent.files.fork(kernel.frames.payer);
  if (!files) {
    if (!has(CLONE_VM)) {
      space.free();
      kernel.cpu.leave(space);
    }
    kernel.cpu.freeArea(registers);
    pid.releaseIfUnused();
    return -ENOMEM;
  }
  if (has(CLONE_VM)) space.users++;

  const process = has(CLONE_THREAD) ? parent.process : newProcess(parent, args, pid);
  fs.users++;
  if (has(CLONE_FILES)) files.users++;
  const child = new Task(kernel, pid, process, parent.abi, registers, space, fs, files, credentials, namespaces);
  kernel.cgroups.enter(child, cgroup);
  if (namespaces.time !== parent.namespaces.time) child.timeChanged(parent.namespaces.time);
  if (!has(CLONE_THREAD)) process.leader = child;
  inherit(parent, child);
  kernel.cpu.copyRegisters(parent, registers);
  child.abi.forgetBreakpoints(registers);
  if (parent.tracing?.stepping) registers.setFlag(TRAP_FLAG, false);
  child.abi.setResult(registers, 0);
  if (args.stack !== 0) child.abi.setStackPointer(registers, args.stack);
  // a new stack has no alternate one, unless the parent waits for the child
  if (has(CLONE_VM) && !has(CLONE_VFORK)) child.alternateStack = { address: 0, size: 0, flags: 2 };

  const failed = has(CLONE_SETTLS) ? child.abi.setThreadArea(child, args.tls) : 0;
  if (failed !== 0) {
    undo(child);
    return failed;
  }
  const number = pid.in(parent.pidNamespace);
  if (has(CLONE_PARENT_SETTID) && writeU32(parent.space, args.parentTid, number) !== 0) {
    undo(child);
    return -EFAULT;
  }
  if (has(CLONE_PIDFD)) {
    const fd = openPidfd(parent, child.process, 0);
    if (fd < 0 || writeU32(parent.space, args.pidfd, fd) !== 0) {
      if (fd >= 0) parent.files.close(fd);
      undo(child);
      return fd < 0 ? fd : -EFAULT;
    }
  }
  if (has(CLONE_CHILD_SETTID)) writeU32(child.space, args.childTid, pid.in(child.pidNamespace));
  if (has(CLONE_CHILD_CLEARTID)) child.clearTidAddress = args.childTid;
  if (has(CLONE_VFORK)) {
    child.vforkParent = parent;
    parent.vforkChild = child;
  }
  if (parent.tracing && (has(CLONE_PTRACE) || forkEvent(parent, args) !== 0)) attachChild(child, parent);
  kernel.start(child, parent);
  return child;
}

/** The event that a new task is to the tracer of its parent: PTRACE_EVENT_*; 0: none. */
export function forkEvent(parent: Task, { flags, exitSignal }: CloneArguments): number {
  const options = parent.tracing?.options ?? 0;
  if ((flags & CLONE_UNTRACED) !== 0) return 0;
  if ((flags & CLONE_VFORK) !== 0) return (options & PTRACE_O_TRACEVFORK) !== 0 ? PTRACE_EVENT_VFORK : 0;
  if (exitSignal !== SIGCHLD) return (options & PTRACE_O_TRACECLONE) !== 0 ? PTRACE_EVENT_CLONE : 0;
  return (options & PTRACE_O_TRACEFORK) !== 0 ? PTRACE_EVENT_FORK : 0;
}

/** RLIMIT_NPROC: processes and threads of the user. Root may. */
function tooMany(parent: Task): boolean {
  const limit = parent.process.limits.soft(RLIMIT_NPROC);
  const { credentials } = parent;
  if (
    limit === Number.POSITIVE_INFINITY ||
    credentials.uid === 0 ||
    credentials.has(CAP_SYS_RESOURCE) ||
    credentials.has(CAP_SYS_ADMIN)
  )
    return false;
  return parent.kernel.tasksOf(credentials.uid) >= limit;
}

function forkSpace(parent: Task) {
  const { kernel } = parent;
  const table = PaeTable.create(kernel.frames, kernel.cpu.kernelDirectory);
  return table && parent.space.fork(table);
}

function newProcess(parent: Task, { flags, exitSignal, clearHandlers }: CloneArguments, pid: Task['pid']): Process {
  const { process: old, kernel } = parent;
  const actions = (flags & CLONE_SIGHAND) !== 0 ? old.actions : old.actions.copy();
  if ((flags & CLONE_SIGHAND) !== 0) actions.users++;
  if (clearHandlers) actions.resetHandlers();
  const made = new Process(
    kernel,
    pid,
    (flags & CLONE_PARENT) !== 0 ? old.parent : old,
    actions,
    old.limits.copy(),
    kernel.clock.monotonic(),
    exitSignal,
  );
  if ((flags & CLONE_PARENT) !== 0) made.exitSignal = old.exitSignal;
  made.group = old.group;
  made.group.add(made);
  made.executable = old.executable?.hold();
  made.dumpable = old.dumpable;
  made.oomScoreAdj = old.oomScoreAdj;
  made.oomScoreAdjMin = old.oomScoreAdjMin;
  made.loginUid = old.loginUid;
  if (pid.number === 1) pid.namespace.init = made;
  return made;
}

function inherit(parent: Task, child: Task): void {
  child.comm = parent.comm;
  child.blockedSignals = parent.blockedSignals;
  child.alternateStack = { ...parent.alternateStack };
  child.policy = parent.policy;
  child.nice = parent.nice;
  child.ioPriority = parent.ioPriority;
  child.realTimePriority = parent.realTimePriority;
  if (parent.resetOnFork) {
    if (isRealTime(parent)) child.policy = SCHED_NORMAL;
    child.realTimePriority = 0;
    child.nice = Math.max(0, child.nice);
  }
  child.timerSlack = parent.timerSlack;
  child.noNewPrivileges = parent.noNewPrivileges;
  child.keepCapabilities = parent.keepCapabilities;
  child.seccomp = parent.seccomp;
  child.personality = parent.personality;
  if (child.space !== parent.space) child.rseq = parent.rseq;
  child.threadAreas.push(...parent.threadAreas);
}

/** A task that never ran goes again. */
function undo(child: Task): void {
  const { process, kernel } = child;
  child.state = 'dead';
  kernel.cgroups.leave(child);
  process.threads.delete(child);
  dropSpace(child);
  if (--child.files.users === 0) child.files.closeAll();
  child.fs.users--;
  kernel.cpu.freeRegisters(child);
  child.leaveNamespaces();
  child.pid.task = undefined;
  if (process.leader === child) {
    process.parent?.children.delete(process);
    process.executable?.release();
    process.actions.users--;
    process.group.remove(process);
    child.pid.process = undefined;
    if (child.pid.namespace.init === process) child.pid.namespace.init = undefined;
  }
  child.pid.releaseIfUnused();
}

export const FORK: CloneArguments = {
  flags: 0,
  exitSignal: SIGCHLD,
  stack: 0,
  parentTid: 0,
  childTid: 0,
  tls: 0,
  pidfd: 0,
};

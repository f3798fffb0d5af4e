// Making, replacing, ending and waiting for processes; who they are to each other. man 2 fork, clone, execve, exit, wait4, waitid, getpid,
// setpgid, setsid, prctl.
import { E2BIG, EBADF, ECHILD, EFAULT, EINVAL, EPERM, ESRCH, EACCES } from '../abi/errno.js';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_NONBLOCK } from '../abi/fcntl.js';
import {
  PTRACE_EVENT_EXEC,
  PTRACE_EVENT_EXIT,
  PTRACE_EVENT_VFORK_DONE,
  PTRACE_O_TRACEEXEC,
  PTRACE_O_TRACEEXIT,
  PTRACE_O_TRACEVFORKDONE,
} from '../abi/ptrace.js';
import {
  __WALL,
  __WCLONE,
  __WNOTHREAD,
  CLONE_CLEAR_SIGHAND,
  CLONE_INTO_CGROUP,
  CLONE_NEWTIME,
  CLONE_PARENT_SETTID,
  CLONE_PIDFD,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
  P_ALL,
  P_PGID,
  P_PID,
  P_PIDFD,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WSTOPPED,
  WUNTRACED,
} from '../abi/sched.js';
import { CLD_CONTINUED, CLD_STOPPED, CLD_TRAPPED, SI_USER, SIGCHLD, SIGCONT, SIGTRAP } from '../abi/signal.js';
import { cgroupForChild } from '../cgroup/clone-into.js';
import { openPidfd, PidFile } from '../fs/pidfd.js';
import { copyIn, readStrings, writeBytes, writeU32, readString } from '../mm/user-memory.js';
import { BLOCK, NO_RESULT } from '../task/blocking.js';
import { argumentsMax, exec } from '../task/exec.js';
import { childInfo, endTask, forgetTracee, reap } from '../task/exit.js';
import { clone as cloneTask, type CloneArguments, FORK, forkEvent } from '../task/fork.js';
import { ProcessGroup, Session } from '../task/job.js';
import { addUsage, type Process, type Usage } from '../task/process.js';
import type { Task } from '../task/task.js';
import { stopInCall } from '../task/tracing.js';
import { resolve } from '../vfs/walk.js';
import { startOf } from './path-argument.js';
import { writeStruct } from './user-struct.js';

// ---- making -----------------------------------------------------------------------------------------------------------------------

/** A clone whose child is there, while its tracer is told and the child of a vfork waited for. */
interface Making {
  /** The child's number, to the parent and to the tracer. */
  number: number;
  traced: number;
  /** PTRACE_EVENT_* that the tracer is to be told; 0: none. */
  event: number;
  waits: boolean;
}

/** A clone's result: the child's number; with CLONE_VFORK once the child has let go of the memory. */
function make(task: Task, args: CloneArguments): number {
  const { callState, tracing, process } = task;
  let making = callState.note as Making | undefined;
  if (!making) {
    const event = forkEvent(task, args);
    const child = cloneTask(task, args);
    if (typeof child === 'number') return child;
    const number = child.pid.in(task.pidNamespace);
    const waits = (args.flags & CLONE_VFORK) !== 0;
    if (event === 0 && !waits) return number;
    making = { number, event, waits, traced: tracing ? child.pid.in(tracing.tracer.pidNamespace) : 0 };
    callState.note = making;
  }
  const ends = process.groupExit !== undefined;
  if (making.event !== 0 && tracing && !ends) {
    const { event } = making;
    making.event = 0;
    stopInCall(task, event, making.traced);
    return BLOCK;
  }
  // not even a signal ends this wait but a deadly one
  if (making.waits && !ends) {
    if (task.vforkChild) return BLOCK;
    making.waits = false;
    if (tracing && (tracing.options & PTRACE_O_TRACEVFORKDONE) !== 0) {
      stopInCall(task, PTRACE_EVENT_VFORK_DONE, making.traced);
      return BLOCK;
    }
  }
  return making.number;
}

export function fork(task: Task): number {
  return make(task, FORK);
}
export function vfork(task: Task): number {
  return make(task, { ...FORK, flags: CLONE_VFORK | CLONE_VM });
}

/** clone(2) with the arguments in i386's order. */
export function clone(
  task: Task,
  flags: number,
  stack: number,
  parentTid: number,
  tls: number,
  childTid: number,
): number {
  // the pidfd goes where the parent's number would
  if ((flags & CLONE_PIDFD) !== 0 && (flags & CLONE_PARENT_SETTID) !== 0) return -EINVAL;
  return make(task, {
    flags: flags & ~0xff,
    exitSignal: flags & 0xff,
    stack,
    parentTid,
    childTid,
    tls,
    pidfd: parentTid,
  });
}

const CLONE3_MIN = 64;

export function clone3(task: Task, address: number, size: number): number {
  const layout = task.abi.structs.cloneArgs;
  if (size > 4096) return -E2BIG;
  if (size < CLONE3_MIN) return -EINVAL;
  const bytes = new Uint8Array(Math.max(size, layout.size));
  if (copyIn(task.space, address, bytes, 0, size) !== size) return -EFAULT;
  if (bytes.subarray(layout.size).some((byte) => byte !== 0)) return -E2BIG;
  const args = layout.read(new DataView(bytes.buffer), 0);
  // the flags above 32 bits
  const low = args.flags! % 2 ** 32;
  const high = args.flags! - low;
  if (high > CLONE_CLEAR_SIGHAND + CLONE_INTO_CGROUP) return -EINVAL;
  const clearHandlers = high % CLONE_INTO_CGROUP >= CLONE_CLEAR_SIGHAND;
  const intoCgroup = high >= CLONE_INTO_CGROUP;
  if ((args.flags! & 0xff & ~CLONE_NEWTIME) !== 0 || args.exit_signal! > 64 || args.set_tid_size! !== 0) return -EINVAL;
  if ((args.stack === 0) !== (args.stack_size === 0)) return -EINVAL;
  const cgroup = intoCgroup ? cgroupForChild(task, args.cgroup!, (low & CLONE_THREAD) === 0) : undefined;
  if (typeof cgroup === 'number') return cgroup;
  return make(task, {
    flags: low,
    exitSignal: args.exit_signal!,
    stack: args.stack === 0 ? 0 : args.stack! + args.stack_size!,
    parentTid: args.parent_tid!,
    childTid: args.child_tid!,
    tls: args.tls!,
    pidfd: args.pidfd!,
    clearHandlers,
    cgroup,
  });
}

// ---- exec -------------------------------------------------------------------------------------------------------------------------

const EXECUTED = 'executed';

export function execveat(task: Task, dirfd: number, name: number, argv: number, envp: number, flags: number): number {
  // called again: the tracer has seen the new program
  if (task.callState.note === EXECUTED) return NO_RESULT;
  if ((flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) !== 0) return -EINVAL;
  const text = readString(task.space, name);
  if (typeof text === 'number') return text;
  const most = argumentsMax(task);
  const args = readStrings(task.space, argv, task.abi.wordSize, most);
  if (typeof args === 'number') return args;
  const env = readStrings(task.space, envp, task.abi.wordSize, most);
  if (typeof env === 'number') return env;
  let path: ReturnType<typeof resolve>;
  let shown = text;
  if (text === '' && (flags & AT_EMPTY_PATH) !== 0) {
    const file = task.file(dirfd);
    if (!file) return -EBADF;
    if (!file.path) return -EACCES;
    path = file.path;
    shown = `/dev/fd/${dirfd}`;
  } else {
    const start = startOf(task, dirfd, text);
    if (typeof start === 'number') return start;
    path = resolve(task, start, text, (flags & AT_SYMLINK_NOFOLLOW) === 0);
    if (dirfd !== AT_FDCWD && !text.startsWith('/')) shown = `/dev/fd/${dirfd}/${text}`;
  }
  if (typeof path === 'number') return path;
  const { tracing } = task;
  const number = tracing ? task.pid.in(tracing.tracer.pidNamespace) : 0;
  const failed = exec(task, path, shown, args, env);
  if (failed !== 0) return failed;
  if (!tracing) return NO_RESULT;
  if ((tracing.options & PTRACE_O_TRACEEXEC) !== 0) {
    task.callState.note = EXECUTED;
    stopInCall(task, PTRACE_EVENT_EXEC, number);
    return BLOCK;
  }
  if (!tracing.seized) task.kernel.signals.toTask(task, { signal: SIGTRAP, code: SI_USER });
  return NO_RESULT;
}
export function execve(task: Task, name: number, argv: number, envp: number): number {
  return execveat(task, AT_FDCWD, name, argv, envp, 0);
}

// ---- exit -------------------------------------------------------------------------------------------------------------------------

/** A tracer hears that its tracee is about to end, before anything of it has gone. True: the call is made again after that. */
function tellEnd(task: Task, status: number): boolean {
  const { tracing } = task;
  if (!tracing || tracing.ending || (tracing.options & PTRACE_O_TRACEEXIT) === 0) return false;
  tracing.ending = true;
  stopInCall(task, PTRACE_EVENT_EXIT, status);
  return true;
}

export function exit(task: Task, code: number): number {
  if (tellEnd(task, (code & 0xff) << 8)) return BLOCK;
  endTask(task, (code & 0xff) << 8);
  return NO_RESULT;
}
export function exitGroup(task: Task, code: number): number {
  const status = (code & 0xff) << 8;
  task.kernel.signals.endProcess(task.process, status);
  if (tellEnd(task, task.process.groupExit ?? status)) return BLOCK;
  endTask(task, task.process.groupExit ?? status);
  return NO_RESULT;
}

// ---- wait -------------------------------------------------------------------------------------------------------------------------

type Event = 'exited' | 'stopped' | 'continued' | 'trapped';

interface Waited {
  process: Process;
  event: Event;
  status: number;
  /** The task that a tracer waits for. */
  tracee?: Task;
}

/** The first child of those wanted with something to tell; undefined when none has, false when there is no such child. */
function look(task: Task, matches: (who: Task) => boolean, options: number): Waited | undefined | false {
  let any = false;
  for (const child of task.process.children) {
    if (!matches(child.leader)) continue;
    // children that do not send SIGCHLD are "clone children"
    if ((options & __WALL) === 0 && (child.exitSignal !== SIGCHLD) !== ((options & __WCLONE) !== 0)) continue;
    any = true;
    if (child.heldForTracer) continue;
    if (child.leader.tracing?.tracer.process === task.process && !child.isZombie) continue;
    if (child.isZombie) {
      if ((options & WEXITED) !== 0) return { process: child, event: 'exited', status: child.exitStatus! };
    } else if (child.unreportedStop !== 0 && (options & WSTOPPED) !== 0)
      return { process: child, event: 'stopped', status: (child.unreportedStop << 8) | 0x7f };
    else if (child.unreportedContinue && (options & WCONTINUED) !== 0)
      return { process: child, event: 'continued', status: 0xffff };
  }
  for (const tracee of task.process.tracees) {
    if (!matches(tracee)) continue;
    const { process, tracing } = tracee;
    if (tracee.state === 'dead') {
      const ended =
        tracee !== process.leader ? tracee.exitStatus : process.heldForTracer ? process.exitStatus : undefined;
      if (ended !== undefined && (options & WEXITED) !== 0) return { process, event: 'exited', status: ended, tracee };
    } else if (tracing!.stop && !tracing!.stop.told)
      return { process, event: 'trapped', status: (tracing!.stop.code << 8) | 0x7f, tracee };
    any = true;
  }
  return any ? undefined : false;
}

/** The event has been told: a zombie goes. */
function tell(waited: Waited, options: number): void {
  if ((options & WNOWAIT) !== 0) return;
  const { tracee } = waited;
  if (tracee) {
    if (waited.event === 'exited') forgetTracee(tracee);
    else tracee.tracing!.stop!.told = true;
  } else if (waited.event === 'exited') reap(waited.process);
  else if (waited.event === 'stopped') waited.process.unreportedStop = 0;
  else waited.process.unreportedContinue = false;
}

/** Whom a pid of wait4 means. */
function matcher(task: Task, pid: number): (who: Task) => boolean {
  if (pid > 0) return (who) => who.pid.in(task.pidNamespace) === pid;
  if (pid === -1) return () => true;
  const { group } = task.process;
  return pid === 0
    ? (who) => who.process.group === group
    : (who) => who.process.group.pid.in(task.pidNamespace) === -pid;
}

export function wait4(task: Task, pid: number, statusAddress: number, options: number, usageAddress: number): number {
  if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE)) !== 0) return -EINVAL;
  if (pid === -0x80000000) return -ESRCH;
  const wanted = options | WEXITED;
  const found = look(task, matcher(task, pid), wanted);
  if (found === false) return -ECHILD;
  if (!found) return (options & WNOHANG) !== 0 ? 0 : task.block(task.process.childEvents);
  const number = (found.tracee ?? found.process).pid.in(task.pidNamespace);
  const usage = usageOf(found.process);
  tell(found, wanted);
  if (statusAddress !== 0 && writeU32(task.space, statusAddress, found.status) !== 0) return -EFAULT;
  if (usageAddress !== 0 && writeUsage(task, usageAddress, usage) !== 0) return -EFAULT;
  return number;
}
export function waitpid(task: Task, pid: number, statusAddress: number, options: number): number {
  return wait4(task, pid, statusAddress, options, 0);
}

export function waitid(
  task: Task,
  type: number,
  id: number,
  infoAddress: number,
  options: number,
  usageAddress: number,
): number {
  if ((options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE)) !== 0)
    return -EINVAL;
  if ((options & (WEXITED | WSTOPPED | WCONTINUED)) === 0) return -EINVAL;
  let matches: (who: Task) => boolean;
  let nonblocking = (options & WNOHANG) !== 0;
  if (type === P_ALL) matches = () => true;
  else if (type === P_PID) {
    if (id <= 0) return -EINVAL;
    matches = matcher(task, id);
  } else if (type === P_PGID) {
    if (id < 0) return -EINVAL;
    matches = matcher(task, id === 0 ? 0 : -id);
  } else if (type === P_PIDFD) {
    const file = task.file(id);
    if (!(file instanceof PidFile)) return id < 0 ? -EINVAL : -EBADF;
    matches = (who) => who.process === file.process;
    nonblocking ||= (file.flags & O_NONBLOCK) !== 0;
  } else return -EINVAL;
  const found = look(task, matches, options);
  if (found === false) return -ECHILD;
  if (!found) {
    if (!nonblocking) return task.block(task.process.childEvents);
    return infoAddress === 0
      ? 0
      : writeBytes(task.space, infoAddress, new Uint8Array(task.abi.siginfo({ signal: 0, code: 0 }).length));
  }
  const { process, event, status, tracee } = found;
  const info =
    event === 'exited'
      ? childInfo(process, SIGCHLD, status)
      : {
          signal: SIGCHLD,
          code: event === 'trapped' ? CLD_TRAPPED : event === 'stopped' ? CLD_STOPPED : CLD_CONTINUED,
          status: event === 'continued' ? SIGCONT : status >> 8,
        };
  const bytes = task.abi.siginfo({
    ...info,
    pid: (tracee ?? process).pid.in(task.pidNamespace),
    uid: task.credentials.userNamespace.uids.shown(process.leader.credentials.uid),
  });
  const usage = usageOf(process);
  tell(found, options);
  if (infoAddress !== 0 && writeBytes(task.space, infoAddress, bytes) !== 0) return -EFAULT;
  if (usageAddress !== 0 && writeUsage(task, usageAddress, usage) !== 0) return -EFAULT;
  return 0;
}

function usageOf(process: Process): Usage {
  const total = process.totalUsage;
  addUsage(total, process.childUsage);
  return total;
}

export function writeUsage(task: Task, address: number, usage: Usage): number {
  const split = (nanoseconds: number): [number, number] => [
    Math.floor(nanoseconds / 1e9),
    Math.floor((nanoseconds % 1e9) / 1000),
  ];
  const [utime_sec, utime_usec] = split(usage.userTime);
  const [stime_sec, stime_usec] = split(usage.systemTime);
  return writeStruct(task, task.abi.structs.rusage, address, {
    utime_sec,
    utime_usec,
    stime_sec,
    stime_usec,
    maxrss: Math.floor(usage.peakResident / 1024),
    minflt: usage.minorFaults,
    majflt: usage.majorFaults,
    nvcsw: usage.voluntarySwitches,
    nivcsw: usage.involuntarySwitches,
  });
}

// ---- who is who -------------------------------------------------------------------------------------------------------------------

export function getpid(task: Task): number {
  return task.process.pid.in(task.pidNamespace);
}
export function gettid(task: Task): number {
  return task.pid.in(task.pidNamespace);
}
export function getppid(task: Task): number {
  return task.process.parent?.pid.in(task.pidNamespace) ?? 0;
}

/** The process that a number means; 0 is the caller's. */
function processOf(task: Task, pid: number): Process | undefined {
  return pid === 0 ? task.process : task.pidNamespace.find(pid)?.process;
}

export function getpgid(task: Task, pid: number): number {
  return processOf(task, pid)?.group.pid.in(task.pidNamespace) ?? -ESRCH;
}
export function getpgrp(task: Task): number {
  return task.process.group.pid.in(task.pidNamespace);
}
export function getsid(task: Task, pid: number): number {
  return processOf(task, pid)?.group.session.pid.in(task.pidNamespace) ?? -ESRCH;
}

export function setpgid(task: Task, pid: number, pgid: number): number {
  if (pgid < 0) return -EINVAL;
  const process = processOf(task, pid);
  if (!process || (process !== task.process && process.parent !== task.process)) return -ESRCH;
  if (process !== task.process) {
    if (process.group.session !== task.process.group.session) return -EPERM;
    if (process.hasExecuted) return -EACCES;
  }
  const { session } = process.group;
  if (session.leader === process) return -EPERM;
  const identity = pgid === 0 ? process.pid : task.pidNamespace.find(pgid);
  if (!identity) return -EPERM;
  if (identity === process.group.pid) return 0;
  let group = identity.group;
  if (!group) {
    if (identity !== process.pid) return -EPERM;
    group = new ProcessGroup(identity, session);
  } else if (group.session !== session) return -EPERM;
  const old = process.group;
  group.add(process);
  process.group = group;
  old.remove(process);
  return 0;
}

export function setsid(task: Task): number {
  const { process } = task;
  if (process.pid.group) return -EPERM;
  const old = process.group;
  const group = new ProcessGroup(process.pid, new Session(process.pid, process));
  group.add(process);
  process.group = group;
  old.remove(process);
  return process.pid.in(task.pidNamespace);
}

export function setTidAddress(task: Task, address: number): number {
  task.clearTidAddress = address;
  return task.pid.in(task.pidNamespace);
}
export function setRobustList(task: Task, head: number, size: number): number {
  if (size !== task.abi.structs.robustListHead.size) return -EINVAL;
  task.robustList = head;
  return 0;
}
export function getRobustList(task: Task, pid: number, headAddress: number, sizeAddress: number): number {
  const target = pid === 0 ? task : task.pidNamespace.find(pid)?.task;
  if (!target) return -ESRCH;
  if (target.process !== task.process && task.credentials.euid !== 0) return -EPERM;
  return (
    writeU32(task.space, headAddress, target.robustList) ||
    writeU32(task.space, sizeAddress, task.abi.structs.robustListHead.size)
  );
}

export function pidfdOpen(task: Task, pid: number, flags: number): number {
  if ((flags & ~O_NONBLOCK) !== 0 || pid <= 0) return -EINVAL;
  const identity = task.pidNamespace.find(pid);
  if (!identity) return -ESRCH;
  return identity.process ? openPidfd(task, identity.process, flags) : -EINVAL;
}

// Signals of system calls. man 2 sigaction, sigprocmask, sigpending, sigsuspend, kill, tgkill, sigqueue, sigaltstack, sigreturn, sigtimedwait, pause.
import { EAGAIN, EBADF, EFAULT, EINTR, EINVAL, ENOMEM, EPERM, ESRCH } from '../abi/errno.js';
import { OLD_SIGACTION, SIGACTION } from '../abi/i386/structs.js';
import {
  SA_NODEFER,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_ONSTACK,
  SA_RESETHAND,
  SA_RESTART,
  SA_RESTORER,
  SA_SIGINFO,
  SI_KERNEL,
  SI_TKILL,
  SIG_BLOCK,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SIGKILL,
  SIGSEGV,
  SIGSTOP,
  SS_AUTODISARM,
  SS_DISABLE,
  SS_ONSTACK,
} from '../abi/signal.js';
import { PidFile } from '../fs/pidfd.js';
import { readBytes, readU32, writeBytes, writeU32 } from '../mm/user-memory.js';
import { ERESTARTNOHAND, NO_RESULT } from '../task/blocking.js';
import { SignalSet } from '../task/signal-set.js';
import { HANDLER_IGNORE, type SignalAction, SIGNAL_MAX, type SignalInfo } from '../task/signals.js';
import type { Task } from '../task/task.js';
import type { Process } from '../task/process.js';
import { timeoutAt } from './time-argument.js';
import { readStruct, writeStruct } from './user-struct.js';

/** A sigset_t of the kernel: 64 bits on every ABI. */
export const SIGSET_SIZE = 8;
const FLAGS =
  SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | SA_RESTORER;

export function readSet(task: Task, address: number): SignalSet | number {
  const low = readU32(task.space, address);
  const high = readU32(task.space, address + 4);
  return low < 0 || high < 0 ? -EFAULT : new SignalSet(low, high);
}
export function writeSet(task: Task, address: number, set: SignalSet): number {
  return writeU32(task.space, address, set.low) || writeU32(task.space, address + 4, set.high);
}

const isSignal = (signal: number): boolean => signal >= 1 && signal <= SIGNAL_MAX;

// ---- actions ----------------------------------------------------------------------------------------------------------------------

function setAction(task: Task, signal: number, action: SignalAction | undefined): SignalAction | number {
  if (!isSignal(signal) || (action && (signal === SIGKILL || signal === SIGSTOP))) return -EINVAL;
  const { actions } = task.process;
  const old = actions.get(signal);
  if (!action) return old;
  actions.set(signal, { ...action, flags: action.flags & FLAGS });
  // what is ignored from now on does not wait any more
  if (action.handler === HANDLER_IGNORE || actions.ignores(signal)) {
    const gone = SignalSet.of(signal);
    task.process.pending.drop(gone);
    for (const thread of task.process.threads) {
      thread.pending.drop(gone);
      thread.recheckSignals();
    }
  }
  return old;
}

export function rtSigaction(task: Task, signal: number, address: number, oldAddress: number, size: number): number {
  if (size !== SIGSET_SIZE) return -EINVAL;
  let action: SignalAction | undefined;
  if (address !== 0) {
    const given = readStruct(task, SIGACTION, address);
    if (typeof given === 'number') return given;
    action = {
      handler: given.handler!,
      flags: given.flags!,
      restorer: given.restorer!,
      mask: new SignalSet(given.mask_low!, given.mask_high!),
    };
  }
  const old = setAction(task, signal, action);
  if (typeof old === 'number') return old;
  if (oldAddress === 0) return 0;
  return writeStruct(task, SIGACTION, oldAddress, {
    handler: old.handler,
    flags: old.flags,
    restorer: old.restorer,
    mask_low: old.mask.low,
    mask_high: old.mask.high,
  });
}

export function sigaction(task: Task, signal: number, address: number, oldAddress: number): number {
  let action: SignalAction | undefined;
  if (address !== 0) {
    const given = readStruct(task, OLD_SIGACTION, address);
    if (typeof given === 'number') return given;
    action = {
      handler: given.handler!,
      flags: given.flags!,
      restorer: given.restorer!,
      mask: new SignalSet(given.mask!, 0),
    };
  }
  const old = setAction(task, signal, action);
  if (typeof old === 'number') return old;
  if (oldAddress === 0) return 0;
  return writeStruct(task, OLD_SIGACTION, oldAddress, {
    handler: old.handler,
    mask: old.mask.low,
    flags: old.flags,
    restorer: old.restorer,
  });
}

/** signal(2): the handler is taken away when it runs. */
export function signal(task: Task, number: number, handler: number): number {
  const old = setAction(task, number, { handler, flags: SA_RESETHAND | SA_NODEFER, restorer: 0, mask: SignalSet.NONE });
  return typeof old === 'number' ? old : old.handler;
}

// ---- masks ------------------------------------------------------------------------------------------------------------------------

function changeMask(task: Task, how: number, set: SignalSet): number {
  const { blockedSignals } = task;
  if (how === SIG_BLOCK) task.kernel.signals.setMask(task, blockedSignals.or(set));
  else if (how === SIG_UNBLOCK) task.kernel.signals.setMask(task, blockedSignals.minus(set));
  else if (how === SIG_SETMASK) task.kernel.signals.setMask(task, set);
  else return -EINVAL;
  return 0;
}

export function rtSigprocmask(task: Task, how: number, address: number, oldAddress: number, size: number): number {
  if (size !== SIGSET_SIZE) return -EINVAL;
  const old = task.blockedSignals;
  if (address !== 0) {
    const set = readSet(task, address);
    if (typeof set === 'number') return set;
    const failed = changeMask(task, how, set);
    if (failed !== 0) return failed;
  }
  return oldAddress === 0 ? 0 : writeSet(task, oldAddress, old);
}
/** sigprocmask(2): 32 signals. */
export function sigprocmask(task: Task, how: number, address: number, oldAddress: number): number {
  const old = task.blockedSignals;
  if (address !== 0) {
    const low = readU32(task.space, address);
    if (low < 0) return low;
    const failed = changeMask(task, how, how === SIG_SETMASK ? new SignalSet(low, old.high) : new SignalSet(low, 0));
    if (failed !== 0) return failed;
  }
  return oldAddress === 0 ? 0 : writeU32(task.space, oldAddress, old.low);
}

function pendingOf(task: Task): SignalSet {
  return task.pending.set.or(task.process.pending.set).and(task.blockedSignals);
}
export function rtSigpending(task: Task, address: number, size: number): number {
  return size > SIGSET_SIZE ? -EINVAL : writeSet(task, address, pendingOf(task));
}
export function sigpending(task: Task, address: number): number {
  return writeU32(task.space, address, pendingOf(task).low);
}

/** A wait that only a signal ends. */
export function pause(task: Task): number {
  const waiting = task.block(task.kernel.never);
  return waiting < 0 && waiting > -1000 ? -ERESTARTNOHAND : waiting;
}

function suspend(task: Task, set: SignalSet): number {
  if (task.callState.note === undefined) {
    task.callState.note = true;
    task.kernel.signals.setWaitMask(task, set);
  }
  return pause(task);
}
export function rtSigsuspend(task: Task, address: number, size: number): number {
  if (size !== SIGSET_SIZE) return -EINVAL;
  if (task.callState.note !== undefined) return pause(task);
  const set = readSet(task, address);
  return typeof set === 'number' ? set : suspend(task, set);
}
/** sigsuspend(2) of i386: the mask is the third argument. */
export function sigsuspend(task: Task, _history0: number, _history1: number, mask: number): number {
  return suspend(task, new SignalSet(mask, 0));
}

// ---- sending ----------------------------------------------------------------------------------------------------------------------

export function kill(task: Task, pid: number, signal: number): number {
  if (signal < 0 || signal > SIGNAL_MAX) return -EINVAL;
  const { signals } = task.kernel;
  if (pid > 0) {
    const process = task.pidNamespace.find(pid)?.process;
    return process ? signals.kill(task, process, signal) : -ESRCH;
  }
  let targets: Process[];
  if (pid === -1)
    targets = task.pidNamespace
      .all()
      .flatMap(([number, { process }]) => (process && number !== 1 && process !== task.process ? [process] : []));
  else {
    const group = pid === 0 ? task.process.group : task.pidNamespace.find(-pid)?.group;
    if (!group) return -ESRCH;
    targets = [...group.processes];
  }
  let result = -ESRCH;
  for (const process of targets) {
    const sent = signals.kill(task, process, signal);
    if (sent === 0) result = 0;
    else if (result !== 0) result = sent;
  }
  return result;
}

function killTask(task: Task, tgid: number | undefined, tid: number, signal: number, info?: SignalInfo): number {
  if (signal < 0 || signal > SIGNAL_MAX || tid <= 0 || (tgid !== undefined && tgid <= 0)) return -EINVAL;
  const target = task.pidNamespace.find(tid)?.task;
  if (!target || (tgid !== undefined && target.process.pid.in(task.pidNamespace) !== tgid)) return -ESRCH;
  const { signals } = task.kernel;
  if (!signals.permits(task, target.process, signal)) return -EPERM;
  if (signal === 0) return 0;
  if (signals.isProtected(task, target.process, signal)) return 0;
  return signals.toTask(target, info ?? signals.userInfo(task, target.process, signal, SI_TKILL));
}
export function tgkill(task: Task, tgid: number, tid: number, signal: number): number {
  return killTask(task, tgid, tid, signal);
}
export function tkill(task: Task, tid: number, signal: number): number {
  return killTask(task, undefined, tid, signal);
}

/** The siginfo of a program's own making: it may not look as if the kernel or kill had sent it. */
function givenInfo(task: Task, address: number, signal: number, self: boolean): SignalInfo | number {
  const bytes = readBytes(task.space, address, task.abi.siginfo({ signal: 0, code: 0 }).length);
  if (typeof bytes === 'number') return bytes;
  const given = task.abi.readSiginfo(bytes);
  if ((given.code >= 0 || given.code === SI_TKILL) && !self) return -EPERM;
  return { signal, ...given };
}
export function rtSigqueueinfo(task: Task, pid: number, signal: number, address: number): number {
  if (signal < 0 || signal > SIGNAL_MAX) return -EINVAL;
  const info = givenInfo(task, address, signal, pid === task.process.pid.in(task.pidNamespace));
  if (typeof info === 'number') return info;
  const process = task.pidNamespace.find(pid)?.process;
  if (!process) return -ESRCH;
  if (!task.kernel.signals.permits(task, process, signal)) return -EPERM;
  return signal === 0 ? 0 : task.kernel.signals.toProcess(process, info);
}
export function rtTgsigqueueinfo(task: Task, tgid: number, tid: number, signal: number, address: number): number {
  const info = givenInfo(task, address, signal, tgid === task.process.pid.in(task.pidNamespace));
  return typeof info === 'number' ? info : killTask(task, tgid, tid, signal, info);
}
export function pidfdSendSignal(task: Task, fd: number, signal: number, address: number, flags: number): number {
  if (flags !== 0) return -EINVAL;
  const file = task.file(fd);
  if (!(file instanceof PidFile)) return -EBADF;
  if (signal < 0 || signal > SIGNAL_MAX) return -EINVAL;
  const { process } = file;
  if (process.isZombie && !process.pid.process) return -ESRCH;
  if (address === 0) return task.kernel.signals.kill(task, process, signal);
  const info = givenInfo(task, address, signal, process === task.process);
  if (typeof info === 'number') return info;
  if (!task.kernel.signals.permits(task, process, signal)) return -EPERM;
  return signal === 0 ? 0 : task.kernel.signals.toProcess(process, info);
}

// ---- taking -----------------------------------------------------------------------------------------------------------------------

/** rt_sigtimedwait: takes a signal of the set without a handler. */
function timedWait(
  task: Task,
  setAddress: number,
  infoAddress: number,
  timeAddress: number,
  size: number,
  wide: boolean,
): number {
  if (size !== SIGSET_SIZE) return -EINVAL;
  const set = readSet(task, setAddress);
  if (typeof set === 'number') return set;
  if (!task.callState.timed && timeAddress !== 0) {
    const time = timeoutAt(task, timeAddress, wide);
    if (typeof time === 'number' && time < 0) return time;
    task.timeOut(time);
  }
  const others = new SignalSet(~set.low >>> 0, ~set.high >>> 0).with(SIGKILL).with(SIGSTOP);
  const info = task.pending.take(others) ?? task.process.pending.take(others);
  if (info) {
    task.recheckSignals();
    if (infoAddress !== 0 && writeBytes(task.space, infoAddress, task.abi.siginfo(info)) !== 0) return -EFAULT;
    return info.signal;
  }
  if (task.timedOut) return -EAGAIN;
  const waiting = task.block(task.kernel.signals.arrivals);
  return waiting > -1000 ? -EINTR : waiting;
}
export function rtSigtimedwait(task: Task, set: number, info: number, time: number, size: number): number {
  return timedWait(task, set, info, time, size, false);
}
export function rtSigtimedwaitTime64(task: Task, set: number, info: number, time: number, size: number): number {
  return timedWait(task, set, info, time, size, true);
}

// ---- stacks and returns -------------------------------------------------------------------------------------------------------------

const MINSIGSTKSZ = 2048;

export function sigaltstack(task: Task, address: number, oldAddress: number): number {
  const layout = task.abi.structs.sigaltstack;
  const { address: oldStack, size, flags } = task.alternateStack;
  const sp = task.abi.stackPointer(task.registers);
  const onIt = size > 0 && sp > oldStack && sp <= oldStack + size;
  const old = {
    address: oldStack,
    size,
    flags: size === 0 ? SS_DISABLE : (onIt ? SS_ONSTACK : 0) | (flags & SS_AUTODISARM),
  };
  if (address !== 0) {
    const given = readStruct(task, layout, address) as Record<'address' | 'flags' | 'size', number> | number;
    if (typeof given === 'number') return given;
    if (onIt) return -EPERM;
    const mode = given.flags & ~SS_AUTODISARM;
    if (mode !== SS_DISABLE && mode !== SS_ONSTACK && mode !== 0) return -EINVAL;
    if (mode === SS_DISABLE) task.alternateStack = { address: 0, size: 0, flags: SS_DISABLE };
    else if (given.size < MINSIGSTKSZ) return -ENOMEM;
    else task.alternateStack = { address: given.address, size: given.size, flags: given.flags & SS_AUTODISARM };
  }
  return oldAddress === 0 ? 0 : writeStruct(task, layout, oldAddress, old);
}

function returnFrom(task: Task, realTime: boolean): number {
  if (!task.abi.popSignalFrame(task, realTime)) task.kernel.signals.force(task, { signal: SIGSEGV, code: SI_KERNEL });
  task.kernel.cpu.registersChanged(task);
  return NO_RESULT;
}
export function sigreturn(task: Task): number {
  return returnFrom(task, false);
}
export function rtSigreturn(task: Task): number {
  return returnFrom(task, true);
}

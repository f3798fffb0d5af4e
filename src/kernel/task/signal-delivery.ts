// What a task does on its way to user mode: signals are delivered, calls restart, stops and ends happen. Linux kernel/signal.c
// get_signal, arch/x86/kernel/signal.c.
import { EINTR } from '../abi/errno.js';
import { SA_NODEFER, SA_RESETHAND, SA_RESTART, SI_KERNEL, SIGKILL, SIGSEGV, SIGSTOP, SIGTRAP } from '../abi/signal.js';
import { PTRACE_EVENT_EXIT, PTRACE_O_TRACEEXIT } from '../abi/ptrace.js';
import { ERESTARTNOHAND, ERESTARTNOINTR, ERESTARTSYS } from './blocking.js';
import { endTask } from './exit.js';
import {
  DEFAULT_ACTION,
  defaultAction,
  HANDLER_DEFAULT,
  HANDLER_IGNORE,
  type SignalAction,
  type SignalInfo,
} from './signals.js';
import { ATTEND_EXIT, ATTEND_MASK, ATTEND_SIGNAL, ATTEND_STOP, ATTEND_TRAP, type Task } from './task.js';
import { leaveSection } from './rseq.js';
import { setStepping, stopForTracer, trapStop } from './tracing.js';

/** A call that was interrupted and has not set its result yet. */
export interface Interrupted {
  number: number;
  /** ERESTART*. */
  code: number;
}

/** The call that a task which was stopped had been at, if its registers still say that it was interrupted: the tracer may change them. */
export function interruptedCall(task: Task): Interrupted | undefined {
  const code = -task.abi.result(task.registers);
  const is = code === ERESTARTSYS || code === ERESTARTNOINTR || code === ERESTARTNOHAND;
  return is && task.callNumber >= 0 ? { number: task.callNumber, code } : undefined;
}

/**
 * Does what the task's attention asks for. `interrupted`: the call that a signal has ended. `given`: a signal that its tracer has left
 * it. False: the task does not go on now.
 */
export function attend(task: Task, interrupted?: Interrupted, given?: SignalInfo): boolean {
  let open = interrupted;
  let left = given;
  for (;;) {
    if ((task.attention & ATTEND_EXIT) !== 0) {
      if (!tellEnd(task)) endTask(task, task.process.groupExit!);
      return false;
    }
    if (left) {
      const info = left;
      left = undefined;
      if (task.blockedSignals.has(info.signal)) task.kernel.signals.toTask(task, info);
      else if (deliver(task, info, open)) {
        if (task.state === 'stopped') return false;
        open = undefined;
      }
      continue;
    }
    if (task.tracing && mustTrap(task)) {
      keep(task, open);
      trapStop(task);
      return false;
    }
    if (task.process.stoppedBy !== 0 && (task.attention & ATTEND_STOP) !== 0) {
      if (open) settle(task, open, undefined);
      task.kernel.park(task);
      return false;
    }
    if ((task.attention & ATTEND_SIGNAL) === 0) break;
    const info = task.pending.take(task.blockedSignals) ?? task.process.pending.take(task.blockedSignals);
    task.recheckSignals();
    if (!info) break;
    if (task.tracing && info.signal !== SIGKILL) {
      keep(task, open);
      stopForTracer(task, 'signal', info.signal, { kind: 'signal', info }, info);
      return false;
    }
    if (!deliver(task, info, open)) continue;
    open = undefined;
  }
  if (open) settle(task, open, undefined);
  if ((task.attention & ATTEND_MASK) !== 0) {
    task.attention &= ~ATTEND_MASK;
    const mask = task.savedMask!;
    task.savedMask = undefined;
    task.setMask(mask);
    // what the old mask lets through now
    if ((task.attention & ATTEND_SIGNAL) !== 0) return attend(task);
  }
  return true;
}

/** An interrupted call is in the registers while the task is stopped, where the tracer sees it. */
function keep(task: Task, interrupted: Interrupted | undefined): void {
  if (interrupted) task.abi.setResult(task.registers, -interrupted.code);
}

function mustTrap(task: Task): boolean {
  const { attention, process } = task;
  return (attention & ATTEND_TRAP) !== 0 || (process.stoppedBy !== 0 && (attention & ATTEND_STOP) !== 0);
}

/** The tracer of a task that is about to end hears of it, if it wants to. True: the task stops for that. */
function tellEnd(task: Task): boolean {
  const { tracing, process } = task;
  if (!tracing || tracing.ending || (tracing.options & PTRACE_O_TRACEEXIT) === 0) return false;
  if (process.groupExit === SIGKILL) return false;
  tracing.ending = true;
  tracing.message = process.groupExit!;
  stopForTracer(task, 'event', SIGTRAP | (PTRACE_EVENT_EXIT << 8), { kind: 'attend' });
  return true;
}

/** Delivers one signal. True: a handler runs, and an interrupted call is settled. */
function deliver(task: Task, info: SignalInfo, interrupted: Interrupted | undefined): boolean {
  const { process } = task;
  const action = process.actions.get(info.signal);
  if (action.handler > HANDLER_IGNORE && info.signal !== SIGKILL && info.signal !== SIGSTOP)
    return handle(task, info, action, interrupted);
  if (action.handler === HANDLER_IGNORE) return false;
  switch (defaultAction(info.signal)) {
    case 'ignore':
    case 'continue':
      return false;
    case 'stop':
      stop(task, info.signal);
      return false;
    default:
      if (task.kernel.signals.isProtected(undefined, process, info.signal) && info.signal !== SIGKILL && info.code <= 0)
        return false;
      task.kernel.reportFatal(task, info);
      // core files are not written, so WCOREDUMP is not set
      task.kernel.signals.endProcess(process, info.signal);
      return false;
  }
}

/** All threads of the process stop; the parent hears of it. */
function stop(task: Task, signal: number): void {
  const { process } = task;
  // an orphaned group has nobody who would continue it: only SIGSTOP stops it
  if (signal !== SIGSTOP && process.group.orphaned) return;
  process.stoppedBy = signal;
  process.unreportedStop = signal;
  process.unreportedContinue = false;
  for (const thread of process.threads) {
    thread.attention |= ATTEND_STOP;
    if (thread !== task) thread.wake();
  }
  task.kernel.notifyParent(process, 'stopped');
}

function handle(task: Task, info: SignalInfo, action: SignalAction, interrupted: Interrupted | undefined): boolean {
  const { process, abi, kernel } = task;
  if (task.rseq) leaveSection(task);
  if (interrupted) settle(task, interrupted, action);
  // a handler is not stepped into: the step ends before its first instruction
  const stepped = task.tracing?.stepping === true;
  if (stepped) setStepping(task, false);
  const mask = task.savedMask ?? task.blockedSignals;
  if (!abi.pushSignalFrame(task, info, action, mask, kernel.takeFault(task))) {
    // no room for the frame: a SIGSEGV that can't be caught
    process.actions.set(SIGSEGV, DEFAULT_ACTION);
    kernel.signals.force(task, { signal: SIGSEGV, code: SI_KERNEL });
    return false;
  }
  if (task.savedMask) {
    task.savedMask = undefined;
    task.attention &= ~ATTEND_MASK;
  }
  let blocked = task.blockedSignals.or(action.mask);
  if ((action.flags & SA_NODEFER) === 0) blocked = blocked.with(info.signal);
  kernel.signals.setMask(task, blocked);
  if ((action.flags & SA_RESETHAND) !== 0) process.actions.set(info.signal, { ...action, handler: HANDLER_DEFAULT });
  kernel.cpu.registersChanged(task);
  if (stepped) stopForTracer(task, 'event', SIGTRAP, { kind: 'attend' });
  return true;
}

/** The result of an interrupted call: it starts again, or fails with EINTR. `action`: of the handler that runs first. */
function settle(task: Task, { number, code }: Interrupted, action: SignalAction | undefined): void {
  const again =
    code === ERESTARTNOINTR || action === undefined || (code === ERESTARTSYS && (action.flags & SA_RESTART) !== 0);
  if (again) task.abi.restart(task.registers, number);
  else task.abi.setResult(task.registers, -EINTR);
}

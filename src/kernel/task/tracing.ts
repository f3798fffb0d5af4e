// A task that another one traces: who, how, where it stands still, and how it goes on. All plain data. man 2 ptrace; Linux
// kernel/ptrace.c, kernel/signal.c ptrace_stop.
// A stop is a state: the task is `stopped` with `tracing.stop` set, and `afterStop` says what it does first when it goes on.
import { PTRACE_EVENT_STOP, PTRACE_O_EXITKILL, PTRACE_O_TRACESYSGOOD } from '../abi/ptrace.js';
import { CLD_TRAPPED, SA_NOCLDSTOP, SI_KERNEL, SI_USER, SIGCHLD, SIGKILL, SIGSTOP, SIGTRAP } from '../abi/signal.js';
import { forgetTracee } from './exit.js';
import { TRAP_FLAG } from './registers.js';
import type { SignalInfo } from './signals.js';
import { ATTEND_SIGNAL, ATTEND_STOP, ATTEND_TRAP, type Task } from './task.js';

export type StopKind = 'signal' | 'group' | 'entry' | 'exit' | 'event';

/** A tracee that stands still. */
export interface TraceStop {
  kind: StopKind;
  /** As wait4 tells it, bits 8 to 23 of the status: a signal, and an event above it. */
  code: number;
  /** What PTRACE_GETSIGINFO tells. */
  info?: SignalInfo;
  /** Has a wait told it? */
  told: boolean;
}

/** How a tracee goes on: to the next signal or event, to the next system call as well, by one instruction. */
export type Resumption = 'free' | 'calls' | 'emulated';

export interface Tracing {
  tracer: Task;
  /** PTRACE_SEIZE: the newer rules of stops. */
  seized: boolean;
  /** PTRACE_O_* bits. */
  options: number;
  resumption: Resumption;
  stepping: boolean;
  stop?: TraceStop;
  /** What PTRACE_GETEVENTMSG says. */
  message: number;
  /** In a group stop the tracee waits for the group to go on: PTRACE_LISTEN. */
  listening: boolean;
  /** It has been told that the tracee is about to end. */
  ending: boolean;
}

/** What a task does first when it goes on from a stop. */
export type AfterStop =
  /** makes the call that it was stopped at; `seccomp`: the filters have been asked. */
  | { kind: 'call'; seccomp: boolean }
  /** takes the signal that the tracer has left it, or none */
  | { kind: 'signal'; info?: SignalInfo }
  /** looks what there is to attend to */
  | { kind: 'attend' };

export function attach(task: Task, tracer: Task, seized: boolean, options: number): void {
  task.tracing = {
    tracer,
    seized,
    options,
    resumption: 'free',
    stepping: false,
    message: 0,
    listening: false,
    ending: false,
  };
  tracer.process.tracees.add(task);
}

/** The task stands still until its tracer lets it go on. It is the one that runs, or is on its way to user mode. */
export function stopForTracer(
  task: Task,
  kind: StopKind,
  code: number,
  then: AfterStop,
  info: SignalInfo | undefined = { signal: code & 0x7f, code, ...self(task) },
): void {
  task.afterStop = then;
  enterStop(task, kind, code, info);
}

/** As stopForTracer(), in a handler that is called again when the task goes on: it answers BLOCK. */
export function stopInCall(task: Task, event: number, message: number): void {
  task.tracing!.message = message;
  enterStop(task, 'event', SIGTRAP | (event << 8), { signal: SIGTRAP, code: SIGTRAP | (event << 8), ...self(task) });
}

function self(task: Task): { pid: number; uid: number } {
  return { pid: task.pid.in(task.pidNamespace), uid: task.credentials.uid };
}

function enterStop(task: Task, kind: StopKind, code: number, info: SignalInfo | undefined): void {
  const { tracing } = task;
  task.state = 'stopped';
  task.attention &= ~ATTEND_TRAP;
  tracing!.stop = { kind, code, info, told: false };
  tracing!.listening = false;
  tellTracer(task);
}

/** The code of a stop at a system call. */
export function callStopCode(task: Task): number {
  return (task.tracing!.options & PTRACE_O_TRACESYSGOOD) !== 0 ? SIGTRAP | 0x80 : SIGTRAP;
}

/** Its tracer hears that the task has stopped, and what waits for it is woken. */
function tellTracer(task: Task): void {
  const { tracer, stop } = task.tracing!;
  const { process, kernel } = tracer;
  if ((process.actions.get(SIGCHLD).flags & SA_NOCLDSTOP) === 0)
    kernel.signals.toProcess(process, {
      signal: SIGCHLD,
      code: CLD_TRAPPED,
      pid: task.pid.in(tracer.pidNamespace),
      uid: task.credentials.uid,
      status: stop!.code & 0x7f,
    });
  process.childEvents.wake();
}

/** The tracee goes on. `signal`: the one that it takes, at a stop that has one. */
export function resumeTracee(task: Task, resumption: Resumption, stepping: boolean, signal: number): void {
  const tracing = task.tracing!;
  const { stop } = tracing;
  tracing.stop = undefined;
  tracing.resumption = resumption;
  setStepping(task, stepping);
  if (stop?.kind === 'signal') {
    const kept = stop.info?.signal === signal ? stop.info : undefined;
    const { tracer } = tracing;
    const made = {
      signal,
      code: SI_USER,
      pid: tracer.process.pid.in(task.pidNamespace),
      uid: tracer.credentials.uid,
    };
    task.afterStop = { kind: 'signal', info: signal === 0 ? undefined : (kept ?? made) };
  } else if (signal !== 0 && (stop?.kind === 'entry' || stop?.kind === 'exit' || task.call))
    task.kernel.signals.toTask(task, { signal, code: SI_USER, ...self(tracing.tracer) });
  if (stop?.kind === 'group') task.attention &= ~ATTEND_STOP;
  task.kernel.resume(task);
}

/** Whatever its tracer wants, the task goes on to its end. */
export function leaveStop(task: Task): void {
  const { tracing } = task;
  if (!tracing?.stop) return;
  tracing.stop = undefined;
  if (task.afterStop) task.afterStop = { kind: 'attend' };
  task.kernel.resume(task);
}

/** One instruction at a time, by the trap flag. SDM vol. 3B 17.3.1.4. */
export function setStepping(task: Task, stepping: boolean): void {
  const tracing = task.tracing!;
  if (!stepping && !tracing.stepping) return;
  tracing.stepping = stepping;
  task.registers.setFlag(TRAP_FLAG, stepping);
  task.kernel.cpu.registersChanged(task);
}

/** The task has no tracer any more, and goes on, if its process is not stopped. */
export function detach(task: Task, signal: number): void {
  const tracing = task.tracing!;
  const { stop, tracer } = tracing;
  tracer.process.tracees.delete(task);
  if (task.state === 'dead') {
    forgetTracee(task);
    return;
  }
  task.attention &= ~ATTEND_TRAP;
  if (task.process.stoppedBy !== 0) task.attention |= ATTEND_STOP;
  task.abi.forgetBreakpoints(task.registers);
  task.kernel.cpu.registersChanged(task);
  if (stop) {
    const group = stop.kind === 'group';
    resumeTracee(task, 'free', false, signal);
    if (group && task.process.stoppedBy !== 0) task.attention |= ATTEND_STOP;
  } else setStepping(task, false);
  task.tracing = undefined;
  task.recheckSignals();
}

/** A tracer has ended: its tracees go on without one, or end with it. */
export function releaseTracees(tracer: Task): void {
  for (const task of [...tracer.process.tracees]) {
    const { tracing } = task;
    if (tracing?.tracer !== tracer) continue;
    const kill = (tracing.options & PTRACE_O_EXITKILL) !== 0;
    detach(task, 0);
    if (kill) task.kernel.signals.toProcess(task.process, { signal: SIGKILL, code: SI_KERNEL });
  }
}

/** A new task of a tracee is traced as its parent is, and begins with a stop. */
export function attachChild(child: Task, parent: Task): void {
  const { tracer, seized, options } = parent.tracing!;
  attach(child, tracer, seized, options);
  if (seized) child.attention |= ATTEND_TRAP;
  else {
    child.pending.add({ signal: SIGSTOP, code: SI_USER }, Number.POSITIVE_INFINITY);
    child.attention |= ATTEND_SIGNAL;
  }
}

/** PTRACE_INTERRUPT and the like: the task stops as soon as it is on its way to user mode. */
export function askToStop(task: Task): void {
  task.attention |= ATTEND_TRAP;
  const { tracing } = task;
  if (tracing?.listening) trapAgain(task);
  else if (task.state === 'stopped' && !tracing!.stop) task.kernel.resume(task);
  else task.wake();
}

/** The stop that a seized tracee was asked for, or its share in a stop of its group. */
export function trapStop(task: Task): void {
  const { stoppedBy } = task.process;
  const signal = stoppedBy !== 0 ? stoppedBy : SIGTRAP;
  const kind = stoppedBy !== 0 ? 'group' : 'event';
  task.afterStop = { kind: 'attend' };
  if (task.tracing!.seized) stopForTracer(task, kind, signal | (PTRACE_EVENT_STOP << 8), { kind: 'attend' });
  // PTRACE_GETSIGINFO is EINVAL in a group stop: so it is told from the delivery of a signal
  else enterStop(task, kind, signal, undefined);
}

/** A listening tracee: something has happened to its group. */
export function trapAgain(task: Task): void {
  const { tracing } = task;
  if (!tracing) return;
  tracing.listening = false;
  const signal = task.process.stoppedBy !== 0 ? task.process.stoppedBy : SIGTRAP;
  tracing.stop = undefined;
  const kind = signal === SIGTRAP ? 'event' : 'group';
  stopForTracer(task, kind, signal | (PTRACE_EVENT_STOP << 8), { kind: 'attend' });
}

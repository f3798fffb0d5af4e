// Signals as data: what is to be done with each, what waits to be delivered, and what goes with it. man 7 signal; Linux kernel/signal.c.
import {
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
  SIGURG,
  SIGWINCH,
  SIGQUIT,
  SIGILL,
  SIGTRAP,
  SIGABRT,
  SIGBUS,
  SIGFPE,
  SIGSEGV,
  SIGXCPU,
  SIGXFSZ,
  SIGSYS,
} from '../abi/signal.js';
import { SignalSet } from './signal-set.js';

export const SIGNAL_MAX = 64;
/** From here on signals are real-time ones: they queue, with what came with them. */
export const SIGRTMIN = 32;

export const HANDLER_DEFAULT = 0;
export const HANDLER_IGNORE = 1;

/** sigaction(2). `handler` is HANDLER_* or the address of a program's function. */
export interface SignalAction {
  handler: number;
  flags: number;
  restorer: number;
  mask: SignalSet;
}

export const DEFAULT_ACTION: SignalAction = { handler: HANDLER_DEFAULT, flags: 0, restorer: 0, mask: SignalSet.NONE };

const IGNORING_ACTION: SignalAction = { ...DEFAULT_ACTION, handler: HANDLER_IGNORE };

/** What siginfo_t tells of a signal: the fields that its code gives a meaning. */
export interface SignalInfo {
  signal: number;
  code: number;
  errno?: number;
  pid?: number;
  uid?: number;
  status?: number;
  utime?: number;
  stime?: number;
  /** si_value as an integer or pointer. */
  value?: number;
  address?: number;
  timer?: number;
  overrun?: number;
  band?: number;
  fd?: number;
  /** SIGSYS: the call's number and the ABI's AUDIT_ARCH_*. */
  call?: number;
  arch?: number;
}

export type DefaultAction = 'terminate' | 'core' | 'ignore' | 'stop' | 'continue';

const CORE = new Set([SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS]);

/** What happens to who has no handler. man 7 signal, "Standard signals". */
export function defaultAction(signal: number): DefaultAction {
  if (signal === SIGCHLD || signal === SIGURG || signal === SIGWINCH) return 'ignore';
  if (signal === SIGCONT) return 'continue';
  if (signal === SIGSTOP || signal === SIGTSTP || signal === SIGTTIN || signal === SIGTTOU) return 'stop';
  return CORE.has(signal) ? 'core' : 'terminate';
}

/** The actions of a process; shared by all with CLONE_SIGHAND. */
export class SignalActions {
  users = 1;
  private readonly actions: SignalAction[];

  constructor(actions?: SignalAction[]) {
    this.actions = actions ?? Array.from({ length: SIGNAL_MAX + 1 }, () => DEFAULT_ACTION);
  }

  get(signal: number): SignalAction {
    return this.actions[signal]!;
  }
  set(signal: number, action: SignalAction): void {
    this.actions[signal] = action;
  }

  ignores(signal: number): boolean {
    const { handler } = this.actions[signal]!;
    return handler === HANDLER_IGNORE || (handler === HANDLER_DEFAULT && defaultAction(signal) === 'ignore');
  }

  /** Has it a handler of its own, or is it ignored? */
  catches(signal: number): boolean {
    return this.actions[signal]!.handler !== HANDLER_DEFAULT;
  }

  copy(): SignalActions {
    return new SignalActions(this.actions.slice());
  }

  /** exec: handlers of the old program are gone, what was ignored stays so. */
  resetHandlers(): void {
    for (let signal = 1; signal <= SIGNAL_MAX; signal++)
      if (this.actions[signal]!.handler === HANDLER_IGNORE) this.actions[signal] = IGNORING_ACTION;
      else this.actions[signal] = DEFAULT_ACTION;
  }
}

/** Signals that wait, of a task or of a process. */
export class PendingSignals {
  set = SignalSet.NONE;
  private queue: SignalInfo[] = [];

  /** Adds one; a standard signal that waits already is not added again. `limit`: queued ones that there may be. */
  add(info: SignalInfo, limit: number): boolean {
    if (info.signal < SIGRTMIN && this.set.has(info.signal)) return true;
    if (this.queue.length >= limit && info.signal >= SIGRTMIN) return false;
    this.queue.push(info);
    this.set = this.set.with(info.signal);
    return true;
  }

  /** Takes the first signal out that is not in `blocked`: faults of the program itself first, then lowest number. */
  take(blocked: SignalSet): SignalInfo | undefined {
    const ready = this.set.minus(blocked);
    if (ready.empty) return undefined;
    const urgent = ready.and(SYNCHRONOUS);
    const signal = ready.has(SIGKILL) ? SIGKILL : urgent.empty ? ready.first : urgent.first;
    const { queue } = this;
    let index = 0;
    while (queue[index]!.signal !== signal) index++;
    const info = queue[index];
    if (queue.length === 1) queue.pop();
    else queue.splice(index, 1);
    if (!queue.some((other) => other.signal === signal)) this.set = this.set.without(signal);
    return info;
  }

  /** Forgets all of `signals`. */
  drop(signals: SignalSet): void {
    if (this.set.and(signals).empty) return;
    this.queue = this.queue.filter((info) => !signals.has(info.signal));
    this.set = this.set.minus(signals);
  }

  get length(): number {
    return this.queue.length;
  }
}

const SYNCHRONOUS = SignalSet.of(SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS);

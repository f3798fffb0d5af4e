// The timers of a process that signal: alarm and setitimer, POSIX timers, and those that count CPU time. man 2 setitimer, timer_create.
import { ITIMER_PROF, ITIMER_REAL, ITIMER_VIRTUAL } from '../abi/time.js';
import { RLIMIT_CPU } from '../abi/sched.js';
import { SIGALRM, SIGKILL, SIGPROF, SIGVTALRM, SIGXCPU, SI_KERNEL, SI_TIMER } from '../abi/signal.js';
import type { Kernel } from '../kernel.js';
import { type ExpiryListener, IntervalTimer } from './interval-timer.js';
import type { Process } from './process.js';
import type { Task } from './task.js';

/** Timers that a process may have made: the limit on queued signals holds them on Linux. */
export const TIMERS_MAX = 4096;

/** ITIMER_VIRTUAL and ITIMER_PROF: CPU time that is left, in nanoseconds; 0: not set. */
export interface CpuTimer {
  left: number;
  interval: number;
}

export interface PosixTimer {
  id: number;
  clock: number;
  /** 0: nobody is told. */
  signal: number;
  value: number;
  /** SIGEV_THREAD_ID. */
  target?: Task;
  timer: IntervalTimer;
  /** Expirations since the signal that the program has had last. */
  overrun: number;
}

export class ProcessTimers implements ExpiryListener {
  readonly real: IntervalTimer;
  readonly virtual: CpuTimer = { left: 0, interval: 0 };
  readonly profiling: CpuTimer = { left: 0, interval: 0 };
  readonly posix = new Map<number, PosixTimer>();
  private nextId = 0;
  /** Nanoseconds of the CPU that all its threads have had. */
  private used = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly process: Process,
  ) {
    this.real = new IntervalTimer(kernel, this);
  }

  cpuTimer(which: number): CpuTimer | undefined {
    return which === ITIMER_VIRTUAL ? this.virtual : which === ITIMER_PROF ? this.profiling : undefined;
  }

  isTimer(which: number): boolean {
    return which === ITIMER_REAL || this.cpuTimer(which) !== undefined;
  }

  /** The process has had the CPU for so many nanoseconds: its program, and the kernel for it. */
  charge(user: number, system: number): void {
    this.used += user + system;
    this.checkLimit();
    this.count(this.virtual, user, SIGVTALRM);
    this.count(this.profiling, user + system, SIGPROF);
  }

  private count(timer: CpuTimer, nanoseconds: number, signal: number): void {
    if (timer.left === 0) return;
    timer.left -= nanoseconds;
    if (timer.left > 0) return;
    timer.left = timer.interval;
    this.kernel.signals.toProcess(this.process, { signal, code: SI_KERNEL });
  }

  /** RLIMIT_CPU: SIGXCPU at the soft limit and every second behind it, SIGKILL at the hard one. */
  private checkLimit(): void {
    const { limits } = this.process;
    // man 2 setrlimit: 0 is as 1
    const soft = Math.max(1, limits.soft(RLIMIT_CPU));
    if (this.used < soft * 1e9) return;
    const hard = limits.hard(RLIMIT_CPU);
    if (this.used >= hard * 1e9) this.kernel.signals.toProcess(this.process, { signal: SIGKILL, code: SI_KERNEL });
    else {
      this.kernel.signals.toProcess(this.process, { signal: SIGXCPU, code: SI_KERNEL });
      limits.set(RLIMIT_CPU, soft + 1, hard);
    }
  }

  create(clock: number, signal: number, value: number | undefined, target: Task | undefined): PosixTimer {
    const id = this.nextId++;
    const made: PosixTimer = {
      id,
      clock,
      signal,
      value: value ?? id,
      target,
      overrun: 0,
      timer: new IntervalTimer(this.kernel, this),
    };
    this.posix.set(id, made);
    return made;
  }

  expired(timer: IntervalTimer): void {
    if (timer === this.real) {
      timer.take();
      this.kernel.signals.toProcess(this.process, { signal: SIGALRM, code: SI_KERNEL });
    } else for (const posix of this.posix.values()) if (posix.timer === timer) this.fire(posix);
  }

  private fire(timer: PosixTimer): void {
    const expirations = timer.timer.take();
    timer.overrun = Math.min(0x7fffffff, expirations - 1);
    if (timer.signal === 0) return;
    const info = { signal: timer.signal, code: SI_TIMER, timer: timer.id, overrun: timer.overrun, value: timer.value };
    const { signals } = this.kernel;
    if (timer.target) signals.toTask(timer.target, info);
    else signals.toProcess(this.process, info);
  }

  delete(timer: PosixTimer): void {
    timer.timer.stop();
    this.posix.delete(timer.id);
  }

  /** exec, and the end of the process. `all`: interval timers too. */
  clear(all: boolean): void {
    for (const timer of [...this.posix.values()]) this.delete(timer);
    if (!all) return;
    this.real.stop();
    this.virtual.left = 0;
    this.profiling.left = 0;
  }
}

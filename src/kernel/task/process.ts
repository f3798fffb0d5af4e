// A process: threads that share a pid, signals, limits and children. Linux struct signal_struct and its leader's task_struct.
import type { Pid } from '../ns/pid-namespace.js';
import type { Kernel } from '../kernel.js';
import type { OpenFile } from '../vfs/open-file.js';
import type { ProcessGroup } from './job.js';
import type { Limits } from './limits.js';
import { ProcessTimers } from './process-timers.js';
import { PendingSignals, type SignalActions } from './signals.js';
import type { Task } from './task.js';
import { WaitQueue } from './wait-queue.js';

/** CPU time and faults, in nanoseconds and counts. */
export interface Usage {
  userTime: number;
  systemTime: number;
  minorFaults: number;
  majorFaults: number;
  voluntarySwitches: number;
  involuntarySwitches: number;
  /** Peak of the resident pages, bytes. */
  peakResident: number;
  /** Bytes that calls like read and write have moved, and those calls. */
  readBytes: number;
  writtenBytes: number;
  readCalls: number;
  writeCalls: number;
}

export function noUsage(): Usage {
  return {
    userTime: 0,
    systemTime: 0,
    minorFaults: 0,
    majorFaults: 0,
    voluntarySwitches: 0,
    involuntarySwitches: 0,
    peakResident: 0,
    readBytes: 0,
    writtenBytes: 0,
    readCalls: 0,
    writeCalls: 0,
  };
}

export function addUsage(to: Usage, more: Usage): void {
  to.userTime += more.userTime;
  to.systemTime += more.systemTime;
  to.minorFaults += more.minorFaults;
  to.majorFaults += more.majorFaults;
  to.voluntarySwitches += more.voluntarySwitches;
  to.involuntarySwitches += more.involuntarySwitches;
  to.readBytes += more.readBytes;
  to.writtenBytes += more.writtenBytes;
  to.readCalls += more.readCalls;
  to.writeCalls += more.writeCalls;
  to.peakResident = Math.max(to.peakResident, more.peakResident);
}

/** A uid as the user namespace of `process` has it: what a signal tells. */
export function uidSeenBy(process: Process, uid: number): number {
  return process.leader.credentials.userNamespace.uids.shown(uid);
}

export class Process {
  readonly children = new Set<Process>();
  /** Tasks that its threads trace. */
  readonly tracees = new Set<Task>();
  /** Living threads; the leader stays until all others have gone. */
  readonly threads = new Set<Task>();
  leader!: Task;
  group!: ProcessGroup;
  readonly pending = new PendingSignals();
  /** Of parents in wait4: woken by what children do. */
  readonly childEvents = new WaitQueue();
  /** Of those who hold a pidfd, and of ptracers. */
  readonly ended = new WaitQueue();

  /** Status as wait4 gives it, once the process is a zombie. */
  exitStatus?: number;
  /** It has ended, and its parent hears of it once the tracer has: the tracer's process. */
  heldForTracer?: Process;
  /** All threads end with this status: exit_group, or a fatal signal. */
  groupExit?: number;
  /** The signal that stopped it; its threads stop, each on its way to user mode. */
  stoppedBy = 0;
  /** A stop, or a continuation, that wait4 has not told yet. */
  unreportedStop = 0;
  unreportedContinue = false;
  /** What the parent is sent at the end: SIGCHLD for fork; 0 nothing. */
  exitSignal: number;
  /** Orphans among its descendants come to it: prctl(PR_SET_CHILD_SUBREAPER). */
  subreaper = false;
  dumpable = 1;
  oomScoreAdj = 0;
  /** What an unprivileged program may lower it to. */
  oomScoreAdjMin = 0;
  /** The user who logged in, for the audit: /proc/PID/loginuid; all ones: nobody did. */
  loginUid = 0xffffffff;
  /** Has it called exec since its parent made it? setpgid asks. */
  hasExecuted = false;
  /** As process 1 too it dies of signals: its program can have no handlers. */
  unprotected = false;
  /** The program, for /proc/PID/exe. */
  executable?: OpenFile;
  /** Of threads that have ended. */
  readonly usage = noUsage();
  /** Of children that have been waited for. */
  readonly childUsage = noUsage();
  readonly timers: ProcessTimers;
  /** Nanoseconds since boot. */
  readonly startTime: number;

  constructor(
    kernel: Kernel,
    readonly pid: Pid,
    public parent: Process | undefined,
    public actions: SignalActions,
    public limits: Limits,
    startTime: number,
    exitSignal: number,
  ) {
    this.startTime = startTime;
    this.exitSignal = exitSignal;
    this.timers = new ProcessTimers(kernel, this);
    pid.process = this;
    parent?.children.add(this);
  }

  get isZombie(): boolean {
    return this.exitStatus !== undefined;
  }

  /** Process 1 of its pid namespace. */
  get isInit(): boolean {
    return this.pid.namespace.init === this;
  }

  /** CPU time and faults of all its threads, past and present, up to now. */
  get totalUsage(): Usage {
    this.leader.kernel.settleTime();
    const total = { ...this.usage };
    for (const task of this.threads) addUsage(total, task.usage);
    return total;
  }
}

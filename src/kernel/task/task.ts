// A task: what is scheduled. A thread of a process, with its registers, address space, files, credentials. Linux struct task_struct.
import { EAGAIN } from '../abi/errno.js';
import { SCHED_NORMAL } from '../abi/sched.js';
import { RLIMIT_NOFILE } from '../abi/sched.js';
import { SIGKILL } from '../abi/signal.js';
import type { Abi } from '../abi/abi.js';
import type { Descriptor } from '../abi/i386/segments.js';
import type { Cgroup } from '../cgroup/cgroup.js';
import { HIGH_BATCH } from '../cgroup/memory-limit.js';
import type { MemoryState } from '../cgroup/memory-state.js';
import { notePressure } from '../cgroup/pressure.js';
import type { Kernel } from '../kernel.js';
import type { AddressSpace } from '../mm/address-space.js';
import { holdNamespaces, type NamespaceSet, releaseNamespaces } from '../ns/namespace-set.js';
import type { Pid, PidNamespace } from '../ns/pid-namespace.js';
import type { TimeNamespace } from '../ns/time-namespace.js';
import type { Credentials } from '../security/credentials.js';
import type { Seccomp } from '../security/seccomp.js';
import type { FdTable } from '../vfs/fd-table.js';
import type { OpenFile } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';
import { BLOCK, type CallState, ERESTARTSYS, freshCall } from './blocking.js';
import { noUsage, type Process, type Usage } from './process.js';
import type { Registers } from './registers.js';
import type { Rseq } from './rseq.js';
import { ProgramPace } from './program-pace.js';
import { PRESSURE_CPU } from './stall.js';
import { SignalSet } from './signal-set.js';
import { PendingSignals } from './signals.js';
import type { AfterStop, Tracing } from './tracing.js';
import type { Timed } from './timers.js';
import type { Waiter, WaitQueue } from './wait-queue.js';

/** Root, working directory and umask; shared with CLONE_FS. */
export interface FsContext {
  root: Path;
  cwd: Path;
  umask: number;
  users: number;
}

export type TaskState = 'running' | 'blocked' | 'stopped' | 'dead';

/** Something to do before the task goes on in user mode: bits of `attention`. */
export const ATTEND_SIGNAL = 1;
/** Its process is to end. */
export const ATTEND_EXIT = 2;
/** Its process is stopped. */
export const ATTEND_STOP = 4;
/** Somebody else is to run first. */
export const ATTEND_YIELD = 8;
/** It has taken memory while a group was above memory.high. */
export const ATTEND_MEMORY_HIGH = 32;
/** It has had more than it may and is held back: `heldUntil`. */
export const ATTEND_HELD = 128;
/** Its tracer wants it to stop. */
export const ATTEND_TRAP = 64;
/** A wait with a mask of its own (ppoll, sigsuspend) is over: the old mask comes back. */
export const ATTEND_MASK = 16;

export class Task implements Waiter, Timed {
  state: TaskState = 'running';
  /** ATTEND_* bits. */
  attention = 0;
  /** Is it in the scheduler's queue? */
  queued = false;
  comm = '';

  blockedSignals = SignalSet.NONE;
  /** What `blockedSignals` becomes again after the signal that ends a wait with another mask. */
  savedMask?: SignalSet;
  readonly pending = new PendingSignals();
  /** sigaltstack(2); size 0: none. */
  alternateStack = { address: 0, size: 0, flags: 2 };

  /** Where the end of the task is told to its process: a word that becomes 0, and a futex. */
  clearTidAddress = 0;
  robustList = 0;

  /** The call that waits, or undefined when the task is in user mode. */
  call?: { row: number; state: CallState };
  /** Of the call that is running. */
  callState: CallState = freshCall();
  private readonly joined: WaitQueue[] = [];
  /** POLL* bits or the like that the newest wake told. */
  wokenBy = 0;
  /** Number of the call that it makes or has just made; -1 in user mode. */
  callNumber = -1;
  /** What it may call: seccomp(2). */
  seccomp?: Seccomp;
  /** Who traces it, and how. */
  tracing?: Tracing;
  /** Of a thread that has ended and that its tracer has not waited for: as wait4 gives it. */
  exitStatus = 0;
  /** What it does first when it goes on from a stop. */
  afterStop?: AfterStop;
  /** Waits for its child (vfork) to let go of the address space. */
  vforkChild?: Task;
  /** The parent that waits so for it. */
  vforkParent?: Task;

  /** Its group; Hierarchy.enter sets it. */
  cgroup!: Cgroup;
  /** Pages that it has taken above memory.high, and the outermost group that was. */
  pagesOverHigh = 0;
  groupOverHigh?: MemoryState;
  /** Until when it does not go on for its groups' limits, of what (PRESSURE_*): nanoseconds of the monotonic clock. */
  heldUntil = 0;
  heldFor = PRESSURE_CPU;
  /** Does it wait for that now? */
  stalled = false;

  policy = SCHED_NORMAL;
  nice = 0;
  /** ioprio_set(2); 0: none was set. */
  ioPriority = 0;
  realTimePriority = 0;
  /** Nanoseconds that it has run at real-time priority since it last waited. */
  realTimeRun = 0;
  virtualTime = 0;
  queueOrder = 0;
  /** Real-time priority lent by whoever waits for a lock that it holds; 0: none. */
  lentPriority = 0;
  /** Real-time: it goes on before others of its priority, as its turn was only cut short. */
  keepsPlace = false;
  /** Of its turn among equals (SCHED_RR), nanoseconds. */
  turnUsed = 0;
  /** Children are not real-time: SCHED_RESET_ON_FORK. */
  resetOnFork = false;
  readonly usage = noUsage();
  readonly pace = new ProgramPace();
  timerSlack = 50_000;
  noNewPrivileges = false;
  /** Where its restartable sequences are told: rseq(2). */
  rseq?: Rseq;
  /** personality(2). */
  personality = 0;
  /** Sent when its parent ends: prctl(PR_SET_PDEATHSIG). */
  parentDeathSignal = 0;
  keepCapabilities = false;
  /** Nanoseconds since boot. */
  readonly startTime: number;
  /** Descriptors of thread-local storage, where the ABI has them. */
  readonly threadAreas: Descriptor[] = [];

  constructor(
    readonly kernel: Kernel,
    public pid: Pid,
    readonly process: Process,
    public abi: Abi,
    /** Its registers while it is not on the CPU, and while it is. */
    readonly registers: Registers,
    public space: AddressSpace,
    public fs: FsContext,
    public files: FdTable,
    public credentials: Credentials,
    public namespaces: NamespaceSet,
  ) {
    holdNamespaces(namespaces);
    credentials.userNamespace.hold();
    pid.task = this;
    process.threads.add(this);
    this.startTime = kernel.clock.monotonic();
  }

  /** It leaves namespaces and joins others, that of users among them. */
  enterNamespaces(set: NamespaceSet, credentials = this.credentials): void {
    const { namespaces: old, credentials: before } = this;
    this.namespaces = holdNamespaces(set);
    this.credentials = credentials;
    credentials.userNamespace.hold();
    if (set.time !== old.time) this.timeChanged(old.time);
    releaseNamespaces(old);
    before.userNamespace.release();
  }

  /** It ends, and is in none. */
  leaveNamespaces(): void {
    releaseNamespaces(this.namespaces);
    this.credentials.userNamespace.release();
  }

  /** The clocks of its memory become those of the namespace that it is in, and no more those of `old`. */
  timeChanged(old: TimeNamespace): void {
    const { time } = this.namespaces;
    time.enter();
    this.space.exchange(old.data, time.data);
  }

  /** The namespace that its own numbers are in. */
  get pidNamespace(): PidNamespace {
    return this.pid.namespace;
  }

  get fileLimit(): number {
    return this.process.limits.soft(RLIMIT_NOFILE);
  }

  /** Its usage up to now. */
  get usageNow(): Usage {
    this.kernel.settleTime();
    return this.usage;
  }

  /** The open file of a descriptor. */
  file(fd: number): OpenFile | undefined {
    return this.files.get(fd);
  }

  /** A thread that has ended, and that nobody asks for any more, gives its number back. */
  releaseNumber(): void {
    if (this.pid.task === this) this.pid.task = undefined;
    this.pid.releaseIfUnused();
  }

  // ---- waiting --------------------------------------------------------------------------------------------------------------

  /**
   * Waits until one of `queues` is woken, or `callState.deadline` comes: what a handler returns. A signal ends the wait with
   * -ERESTARTSYS, which the handler passes on or turns into what it has done so far.
   */
  block(...queues: WaitQueue[]): number {
    if (this.signalPending) return -ERESTARTSYS;
    for (const queue of queues) {
      queue.add(this);
      this.joined.push(queue);
    }
    if (this.callState.deadline !== Number.POSITIVE_INFINITY) this.kernel.timers.set(this, this.callState.deadline);
    return BLOCK;
  }

  /** As block(), or -EAGAIN for a file that does not wait. */
  blockUnless(nonblocking: boolean, ...queues: WaitQueue[]): number {
    return nonblocking ? -EAGAIN : this.block(...queues);
  }

  /** Sets the call's deadline when it first runs: `nanoseconds` from now, or Infinity. */
  timeOut(nanoseconds: number): void {
    if (this.callState.timed) return;
    this.callState.timed = true;
    this.callState.deadline =
      nanoseconds === Number.POSITIVE_INFINITY ? nanoseconds : this.kernel.clock.told + nanoseconds;
  }

  get timedOut(): boolean {
    return this.callState.timed && this.kernel.clock.told >= this.callState.deadline;
  }

  /** Something that it waits for has happened. */
  wake(events = 0): void {
    this.wokenBy |= events;
    if (this.state !== 'blocked') return;
    this.leaveQueues();
    this.unstall();
    this.state = 'running';
    this.kernel.enqueue(this, true);
  }

  expire(): void {
    this.wake();
  }

  leaveQueues(): void {
    // an array that is emptied at once loses its room
    for (let queue = this.joined.pop(); queue; queue = this.joined.pop()) queue.remove(this);
    if (this.callState.deadline !== Number.POSITIVE_INFINITY) this.kernel.timers.cancel(this);
  }

  // ---- signals --------------------------------------------------------------------------------------------------------------

  /** Is there a signal to deliver, or its process's end? */
  get signalPending(): boolean {
    return (this.attention & (ATTEND_SIGNAL | ATTEND_EXIT | ATTEND_STOP | ATTEND_TRAP)) !== 0;
  }

  /** Is it to end, whatever else holds? */
  get mustEnd(): boolean {
    const { process } = this;
    return process.groupExit !== undefined || this.pending.set.has(SIGKILL) || process.pending.set.has(SIGKILL);
  }

  /** It has taken a page while `group` was above memory.high. */
  overHigh(group: MemoryState): void {
    this.groupOverHigh = group;
    const pages = ++this.pagesOverHigh;
    if (pages === 1 || pages >= HIGH_BATCH) this.attention |= ATTEND_MEMORY_HIGH;
  }

  /** It does not go on before `until`, for want of what PRESSURE_* says; only its end ends that. */
  hold(until: number, what: number): void {
    if (until <= this.heldUntil || this.stalled) return;
    this.heldUntil = until;
    this.heldFor = what;
    this.attention |= ATTEND_HELD;
  }

  /** Is that still so? */
  get isHeld(): boolean {
    if ((this.attention & ATTEND_HELD) === 0) return false;
    if (this.kernel.clock.monotonic() < this.heldUntil && !this.mustEnd) return true;
    this.attention &= ~ATTEND_HELD;
    this.heldUntil = 0;
    this.heldFor = PRESSURE_CPU;
    return false;
  }

  /** Waits for the end of that before it goes on in user mode. */
  waitHeld(): void {
    this.callState.deadline = this.heldUntil;
    this.kernel.timers.set(this, this.heldUntil);
    this.state = 'blocked';
    this.stall();
  }

  /** Waits for it in the middle of a call, as block(). */
  blockHeld(): number {
    this.callState.deadline = this.heldUntil;
    const waits = this.block();
    if (waits === BLOCK) this.stall();
    return waits;
  }

  private stall(): void {
    this.stalled = true;
    notePressure(this.cgroup, this.heldFor, 1, 0, this.kernel.clock);
  }

  /** It does not wait any more. */
  unstall(): void {
    if (!this.stalled) return;
    this.stalled = false;
    notePressure(this.cgroup, this.heldFor, -1, 0, this.kernel.clock);
  }

  /** Works ATTEND_SIGNAL out anew, after the mask or what is pending has changed. */
  recheckSignals(): void {
    const own = this.pending.set;
    const shared = this.process.pending.set;
    const { low, high } = this.blockedSignals;
    if (((own.low | shared.low) & ~low) === 0 && ((own.high | shared.high) & ~high) === 0)
      this.attention &= ~ATTEND_SIGNAL;
    else this.attention |= ATTEND_SIGNAL;
  }

  setMask(mask: SignalSet): void {
    this.blockedSignals = mask;
    this.recheckSignals();
  }

  /** A signal of the kernel's to this task. */
  raise(signal: number, info: { code?: number; address?: number } = {}): void {
    this.kernel.signals.toTask(this, { signal, code: info.code ?? 0x80, address: info.address });
  }
}

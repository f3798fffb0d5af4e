// The loop that runs tasks: the next one goes on the processor, its system calls and faults are answered, until its time is over.
// Ours. One processor; a turn of the host's event loop every few milliseconds is the caller's.
import { EXIT_SYSCALL, EXIT_TRAP } from '../../../assembly/abi.js';
import { ENOSYS } from '../abi/errno.js';
import { PTRACE_EVENTMSG_SYSCALL_ENTRY, PTRACE_EVENTMSG_SYSCALL_EXIT } from '../abi/ptrace.js';
import { RLIMIT_RTTIME, SCHED_FIFO, SCHED_RR } from '../abi/sched.js';
import { SI_KERNEL, SIGKILL, SIGTRAP, SIGXCPU, TRAP_BRKPT } from '../abi/signal.js';
import type { Cgroup } from '../cgroup/cgroup.js';
import { HIGH_BATCH, highDelay } from '../cgroup/memory-limit.js';
import { notePressure } from '../cgroup/pressure.js';
import type { Kernel } from '../kernel.js';
import { BLOCK, ERESTARTNOHAND, ERESTARTNOINTR, ERESTARTSYS, NO_RESULT } from './blocking.js';
import { filterCall } from '../security/seccomp.js';
import { attend, interruptedCall } from './signal-delivery.js';
import { leaveSection } from './rseq.js';
import { callStopCode, stopForTracer } from './tracing.js';
import { PRESSURE_CPU, PRESSURE_MEMORY } from './stall.js';
import { ATTEND_MEMORY_HIGH, ATTEND_YIELD, type Task } from './task.js';
import { trap } from './trap.js';

/** A turn of a task when others wait, in nanoseconds. */
const SLICE = 4e6;
/** A turn that a group's bandwidth cuts short is no shorter; what it is longer, the next period pays. */
const LEAST = 1e5;
/** Instructions a system call stands for in a task's budget: the kernel's own work. */
const CALL_COST = 300;
const BUDGET_MIN = 20_000;
const BUDGET_MAX = 50_000_000;
/** What our share of the host's processor is measured over at least, in nanoseconds; the least it can be; how much the newest counts. */
const SHARE_SAMPLE = 1e6;
const SHARE_MIN = 0.05;
const SHARE_WEIGHT = 0.25;

/** How fast the time-stamp counter goes while it is ahead of the clock. */
const SLEW = 1 / 16;

/** RLIMIT_RTTIME: microseconds that a real-time task runs without waiting. SIGXCPU at the soft limit and every second behind it. */
function limitRealTime(task: Task, nanoseconds: number): void {
  task.realTimeRun = task.state === 'blocked' ? 0 : task.realTimeRun + nanoseconds;
  const { limits } = task.process;
  const soft = limits.soft(RLIMIT_RTTIME);
  if (task.realTimeRun < soft * 1000) return;
  const hard = limits.hard(RLIMIT_RTTIME);
  const signal = task.realTimeRun >= hard * 1000 ? SIGKILL : SIGXCPU;
  if (signal === SIGXCPU) limits.set(RLIMIT_RTTIME, soft + 1e6, hard);
  task.kernel.signals.toProcess(task.process, { signal, code: SI_KERNEL });
}

export class Runner {
  /** Instructions in a nanosecond, as measured. */
  private rate = 0.1;
  /** The part of the clock's time that the host gives us its processor, as measured. Within a turn it stays. */
  private share = 1;
  /** Since when it is being measured: by the clock, and by the host's processor. */
  private sampleStart = 0;
  private sampleGiven?: number;
  /** The task on the processor. */
  current?: Task;

  private turnStart = 0;
  /** What the processor had done when it began. */
  private turnInstructions = 0;
  /** Up to when its task has been charged, and what the processor had done then. */
  private charged = 0;
  private chargedInstructions = 0;
  /** What the time-stamp counter showed, what the processor had done then, and nanoseconds that an instruction is since. */
  private shown = 0;
  private shownAfter = 0;
  private pace = 0;
  /** The clock's time that it goes by. */
  private known = 0;
  /** Who had the processor last. */
  private last?: Task;

  constructor(private readonly kernel: Kernel) {}

  /** What the clock shows about now, by the instructions of the turn that is running: a look at it costs more. -1: no turn is running. */
  get about(): number {
    if (!this.current) return -1;
    return this.turnStart + (this.kernel.cpu.instructions - this.turnInstructions) / this.rate;
  }

  /** Runs tasks until nobody can run, or the clock shows `until`. False: nobody can run. */
  run(until: number): boolean {
    const { clock } = this.kernel;
    this.sampleStart = clock.monotonic();
    this.sampleGiven = clock.hostTime();
    const busy = this.runTasks(until);
    this.measureShare(clock.monotonic());
    return busy;
  }

  /** Others may have taken the host's processor meanwhile: what is charged is time of the processor, not of the clock. */
  private measureShare(now: number): void {
    const passed = now - this.sampleStart;
    if (this.sampleGiven === undefined || passed < SHARE_SAMPLE) return;
    const given = this.kernel.clock.hostTime()!;
    const share = Math.min(1, Math.max(SHARE_MIN, (given - this.sampleGiven) / passed));
    this.share += (share - this.share) * SHARE_WEIGHT;
    this.sampleStart = now;
    this.sampleGiven = given;
  }

  private runTasks(until: number): boolean {
    const { kernel } = this;
    let now = kernel.clock.monotonic();
    for (;;) {
      if (now - this.sampleStart >= SLICE) this.measureShare(now);
      kernel.timers.run(now);
      if (now >= kernel.statistics.load.due) kernel.statistics.load.update(now, kernel.scheduler.count);
      if (now >= until) return !kernel.scheduler.empty;
      const task = kernel.scheduler.take(now);
      if (!task) return false;
      task.queued = false;
      notePressure(task.cgroup, PRESSURE_CPU, -1, 1, kernel.clock, now);
      now = this.turn(task, now, Math.min(SLICE, until - now, Math.max(LEAST, kernel.scheduler.allowance)));
    }
  }

  /** Lets the task run from `start` on for about so many nanoseconds. When it has left the processor. */
  private turn(task: Task, start: number, nanoseconds: number): number {
    const { kernel } = this;
    this.current = task;
    this.turnStart = start;
    kernel.cpu.switchTo(task);
    kernel.payWith(task);
    const before = kernel.cpu.instructions;
    this.turnInstructions = before;
    this.charged = start;
    this.chargedInstructions = before;
    const budget = Math.min(BUDGET_MAX, Math.max(BUDGET_MIN, Math.floor(nanoseconds * this.rate)));
    if (task.rseq && this.last !== task && !task.call && !task.afterStop) leaveSection(task);
    this.go(task, before + budget);
    const end = kernel.clock.monotonic();
    this.charge(task, end);
    this.current = undefined;
    kernel.payWith(undefined);
    const passed = Math.max(0, end - start);
    const used = passed * this.share;
    const ran = kernel.cpu.instructions - before;
    task.pace.turnEnded(passed);
    if (passed > 1e5 && ran > BUDGET_MIN)
      this.rate = Math.min(20, Math.max(0.005, 0.7 * this.rate + 0.3 * (ran / passed)));
    const { statistics } = kernel;
    statistics.turns++;
    if (this.last !== task) statistics.switches++;
    this.last = task;
    kernel.scheduler.charge(task, used, end);
    notePressure(task.cgroup, PRESSURE_CPU, 0, -1, kernel.clock, end);
    if (task.policy === SCHED_FIFO || task.policy === SCHED_RR) limitRealTime(task, used);
    if (task.cgroup.frozen) task.cgroup.eventsNotice.changed();
    if (task.state === 'running') {
      task.usage.involuntarySwitches++;
      kernel.enqueue(task, false);
    } else if (task.state === 'blocked') task.usage.voluntarySwitches++;
    return end;
  }

  /** As Kernel.settleTime(). */
  settleTime(): void {
    if (this.current) this.charge(this.current, this.kernel.clock.monotonic());
  }

  /** The task has had the processor since it was last charged: what of that its program had, and what the kernel for it. */
  private charge(task: Task, now: number): void {
    const { cpu, statistics } = this.kernel;
    const passed = Math.max(0, now - this.charged);
    const used = passed * this.share;
    const user = used * task.pace.share(cpu.instructions - this.chargedInstructions, passed);
    const system = used - user;
    this.charged = now;
    this.chargedInstructions = cpu.instructions;
    task.usage.userTime += user;
    task.usage.systemTime += system;
    if (task.nice > 0) statistics.niceTime += user;
    else statistics.userTime += user;
    statistics.systemTime += system;
    statistics.stolenTime += passed - used;
    for (let group: Cgroup | undefined = task.cgroup; group; group = group.parent) {
      group.userTime += user;
      group.systemTime += system;
    }
    task.process.timers.charge(user, system);
  }

  /** Lets the task run until it waits or ends, or the processor has done `end` instructions in all. */
  private go(task: Task, end: number): void {
    const { kernel } = this;
    const { cpu } = kernel;
    if (task.afterStop && !this.goOn(task)) return;
    if (task.call && !this.resume(task)) return;
    let calls = 0;
    for (;;) {
      if (task.attention !== 0) {
        if ((task.attention & ATTEND_YIELD) !== 0) {
          task.attention &= ~ATTEND_YIELD;
          return;
        }
        if ((task.attention & ATTEND_MEMORY_HIGH) !== 0) this.holdForMemory(task);
        if (task.isHeld) {
          task.waitHeld();
          return;
        }
        if (!attend(task)) return;
      }
      const left = end - cpu.instructions - calls * CALL_COST;
      if (left <= 0 || kernel.scheduler.preempts(task)) return;
      task.callNumber = -1;
      this.showTime();
      switch (task.pace.begin() ? this.timedRun(task, left) : cpu.run(left)) {
        case EXIT_SYSCALL:
          calls++;
          if (!this.call(task)) return;
          break;
        case EXIT_TRAP:
          trap(task, cpu.trapVector, cpu.trapError);
          calls++;
          break;
        default:
          break;
      }
    }
  }

  /** As Processor.run(), by the clock. */
  private timedRun({ pace }: Task, budget: number): number {
    const { clock, cpu } = this.kernel;
    const before = cpu.instructions;
    const start = clock.monotonic();
    const exit = cpu.run(budget);
    const end = clock.monotonic();
    // as long as the look itself
    const look = clock.monotonic() - end;
    pace.sample(cpu.instructions - before, Math.max(0, end - start - look));
    return exit;
  }

  /** What the time-stamp counter shows, which programs work the time out from. */
  get shownTime(): number {
    return this.shown + (this.kernel.cpu.instructions - this.shownAfter) * this.pace;
  }

  /** A program goes on. The counter is not behind what it may have been told; it never goes back: where it is ahead of the clock it goes slowly. */
  private showTime(): void {
    const { clock, cpu } = this.kernel;
    const { shownTime } = this;
    if (clock.latest !== this.known) {
      this.known = clock.latest;
      this.pace = (shownTime > this.known ? SLEW : 1) / this.rate;
    }
    this.shown = Math.max(shownTime, this.known);
    this.shownAfter = cpu.instructions;
    cpu.setTime(this.shown, this.pace);
  }

  /** A task that takes memory while its group is above memory.high waits. */
  private holdForMemory(task: Task): void {
    const { pagesOverHigh, groupOverHigh } = task;
    task.attention &= ~ATTEND_MEMORY_HIGH;
    const delay = highDelay(groupOverHigh!, pagesOverHigh);
    if (pagesOverHigh >= HIGH_BATCH) task.pagesOverHigh = 0;
    if (delay > 0) task.hold(this.kernel.clock.monotonic() + delay, PRESSURE_MEMORY);
  }

  /** Answers the system call that the task has just made. False: the task does not go on now. */
  private call(task: Task): boolean {
    task.callNumber = task.abi.callNumber(task.registers);
    return task.tracing || task.seccomp ? this.watchedCall(task) : this.makeCall(task);
  }

  /** A call that a tracer sees, or filters are asked about. */
  private watchedCall(task: Task): boolean {
    const { abi, registers, tracing } = task;
    // what the result is until there is one
    abi.setResult(registers, -ENOSYS);
    if (!tracing || tracing.resumption === 'free') return this.filteredCall(task);
    tracing.message = PTRACE_EVENTMSG_SYSCALL_ENTRY;
    stopForTracer(task, 'entry', callStopCode(task), { kind: 'call', seccomp: false });
    return false;
  }

  /** `again`: the filters have been asked, and the tracer after them. */
  private filteredCall(task: Task, again = false): boolean {
    const verdict = task.seccomp ? filterCall(task, again) : 'allow';
    if (verdict === 'allow') return this.makeCall(task);
    return verdict === 'skip' ? this.leaveCall(task) : false;
  }

  /** A task that was stopped goes on. False: not now. */
  private goOn(task: Task): boolean {
    const then = task.afterStop!;
    task.afterStop = undefined;
    if (then.kind === 'attend') return attend(task, interruptedCall(task));
    if (then.kind === 'signal') return attend(task, interruptedCall(task), then.info);
    if (task.tracing?.resumption === 'emulated') return true;
    // the tracer wants no call
    if (task.callNumber < 0) return this.leaveCall(task);
    return this.filteredCall(task, then.seccomp);
  }

  private makeCall(task: Task): boolean {
    const { callState, callNumber: number } = task;
    callState.done = 0;
    callState.deadline = Number.POSITIVE_INFINITY;
    callState.timed = false;
    callState.note = undefined;
    return this.settle(task, number, this.kernel.callOf(task, number));
  }

  /** A task that was blocked goes on: its call is made again. */
  private resume(task: Task): boolean {
    const { row } = task.call!;
    task.wokenBy = 0;
    return this.settle(task, row, this.kernel.callAgain(task, row));
  }

  /** What becomes of a call's result. */
  private settle(task: Task, number: number, result: number): boolean {
    if (result === BLOCK) {
      if (task.state === 'dead') return false;
      task.call ??= { row: number, state: task.callState };
      task.call.row = number;
      if (task.state === 'running') task.state = 'blocked';
      return false;
    }
    task.call = undefined;
    this.kernel.callEnded(task, number, result);
    // exec, exit and sigreturn have set the registers, or there is nobody any more
    if (task.state === 'dead') return false;
    if (result === NO_RESULT) return task.tracing ? this.leaveCall(task) : true;
    if (result === -ERESTARTSYS || result === -ERESTARTNOINTR || result === -ERESTARTNOHAND) {
      if (!task.tracing) return attend(task, { number, code: -result });
      task.abi.setResult(task.registers, result);
      return this.leaveCall(task) && attend(task, { number, code: -result });
    }
    task.abi.setResult(task.registers, result);
    return task.tracing ? this.leaveCall(task) : true;
  }

  /** A call has its result: the tracer sees it. False: the task does not go on now. */
  private leaveCall(task: Task): boolean {
    const { tracing } = task;
    if (!tracing) return true;
    if (tracing.resumption === 'calls') {
      tracing.message = PTRACE_EVENTMSG_SYSCALL_EXIT;
      stopForTracer(task, 'exit', callStopCode(task), { kind: 'attend' });
      return false;
    }
    if (tracing.stepping) {
      const address = task.abi.instructionPointer(task.registers);
      task.kernel.signals.force(task, { signal: SIGTRAP, code: TRAP_BRKPT, address });
    }
    return true;
  }
}

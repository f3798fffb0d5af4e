// Sending signals: to a task, a process, a group; what they do at once (stop, continue, kill), and who is woken. Linux kernel/signal.c.
import { EAGAIN, EPERM, ESRCH } from '../abi/errno.js';
import { RLIMIT_SIGPENDING } from '../abi/sched.js';
import { SI_USER, SIGCONT, SIGKILL, SIGSTOP } from '../abi/signal.js';
import { CAP_KILL } from '../security/capability.js';
import type { ProcessGroup } from './job.js';
import { type Process, uidSeenBy } from './process.js';
import { CONTINUE, type SignalSet, STOP_SIGNALS, UNSTOPPABLE } from './signal-set.js';
import { defaultAction, HANDLER_DEFAULT, type SignalInfo } from './signals.js';
import { ATTEND_EXIT, ATTEND_MASK, ATTEND_SIGNAL, ATTEND_STOP, type Task } from './task.js';
import { leaveStop, trapAgain } from './tracing.js';
import { WaitQueue } from './wait-queue.js';

export class SignalService {
  /** Of signalfds and sigtimedwait: woken by whatever is sent to anybody. */
  readonly arrivals = new WaitQueue();

  /** A signal to one task. 0, or -EAGAIN when too many wait. */
  toTask(task: Task, info: SignalInfo): number {
    if (task.state === 'dead') return -ESRCH;
    const forced = this.prepare(task.process, info.signal);
    // what is ignored need not wait, unless it is blocked: the action may change meanwhile
    const ignored = task.process.actions.ignores(info.signal) && !task.tracing;
    if (!forced && ignored && !task.blockedSignals.has(info.signal)) return 0;
    if (!task.pending.add(info, task.process.limits.soft(RLIMIT_SIGPENDING))) return -EAGAIN;
    this.notice(task);
    return 0;
  }

  /** A signal to a process: any thread that does not block it takes it. */
  toProcess(process: Process, info: SignalInfo): number {
    if (process.isZombie) return 0;
    const forced = this.prepare(process, info.signal);
    const blockedByAll = [...process.threads].every((task) => task.blockedSignals.has(info.signal));
    // a tracer hears of what the process ignores
    const ignored = process.actions.ignores(info.signal) && !process.leader.tracing;
    if (!forced && ignored && !blockedByAll) return 0;
    if (!process.pending.add(info, process.limits.soft(RLIMIT_SIGPENDING))) return -EAGAIN;
    for (const task of process.threads) task.recheckSignals();
    const taker = this.takerOf(process, info.signal);
    if (taker) this.notice(taker);
    this.arrivals.wake();
    return 0;
  }

  toGroup(group: ProcessGroup, info: SignalInfo): void {
    for (const process of [...group.processes]) this.toProcess(process, info);
  }

  private takerOf(process: Process, signal: number): Task | undefined {
    const { leader } = process;
    const ready = (task: Task): boolean => task.state !== 'dead' && !task.blockedSignals.has(signal);
    if (process.threads.has(leader) && ready(leader)) return leader;
    for (const task of process.threads) if (ready(task)) return task;
    return undefined;
  }

  /** What a signal does before anybody takes it. Must it be taken whatever the actions say? */
  private prepare(process: Process, signal: number): boolean {
    if (signal === SIGCONT) {
      process.pending.drop(STOP_SIGNALS);
      for (const task of process.threads) task.pending.drop(STOP_SIGNALS);
      this.continueProcess(process, true);
    } else if (STOP_SIGNALS.has(signal)) {
      process.pending.drop(CONTINUE);
      for (const task of process.threads) task.pending.drop(CONTINUE);
    } else if (signal === SIGKILL) {
      // even who is stopped dies
      this.continueProcess(process, false);
      for (const task of process.threads) leaveStop(task);
      return true;
    }
    return signal === SIGSTOP;
  }

  /** A stopped process goes on. */
  private continueProcess(process: Process, told: boolean): void {
    if (process.stoppedBy === 0) return;
    process.stoppedBy = 0;
    process.unreportedStop = 0;
    for (const task of process.threads) {
      task.attention &= ~ATTEND_STOP;
      if (task.tracing?.listening) trapAgain(task);
      else task.kernel.resume(task);
    }
    if (told) {
      process.unreportedContinue = true;
      process.leader.kernel.notifyParent(process, 'continued');
    }
  }

  /** The task has something to look at: it is woken from a wait. */
  private notice(task: Task): void {
    task.recheckSignals();
    if ((task.attention & ATTEND_SIGNAL) !== 0) task.wake();
    if (task.cgroup.frozen) task.kernel.enqueue(task, true);
    this.arrivals.wake();
  }

  /** Ends all threads of a process with `status` (as wait4 gives it). */
  endProcess(process: Process, status: number): void {
    if (process.groupExit !== undefined) return;
    process.groupExit = status;
    process.stoppedBy = 0;
    for (const task of process.threads) {
      task.attention = (task.attention & ~ATTEND_STOP) | ATTEND_EXIT;
      leaveStop(task);
      if (task.state === 'stopped') task.kernel.resume(task);
      else task.wake();
      if (task.cgroup.frozen) task.kernel.enqueue(task, true);
    }
  }

  setMask(task: Task, mask: SignalSet): void {
    task.setMask(mask.minus(UNSTOPPABLE));
  }

  /** A mask that holds for one wait; the old one comes back after the signal that ends it. */
  setWaitMask(task: Task, mask: SignalSet): void {
    if (!task.savedMask) {
      task.savedMask = task.blockedSignals;
      task.attention |= ATTEND_MASK;
    }
    this.setMask(task, mask);
  }

  /** A fault of the program's own: it is not to be blocked or ignored, or the program would fault for ever. */
  force(task: Task, info: SignalInfo): void {
    const { actions } = task.process;
    const action = actions.get(info.signal);
    if (task.blockedSignals.has(info.signal) || actions.ignores(info.signal)) {
      actions.set(info.signal, { ...action, handler: HANDLER_DEFAULT });
      task.setMask(task.blockedSignals.without(info.signal));
    }
    task.pending.add(info, Number.POSITIVE_INFINITY);
    task.recheckSignals();
  }

  /** May `sender` send `signal` to `process`? man 2 kill. */
  permits(sender: Task, process: Process, signal: number): boolean {
    const from = sender.credentials;
    const to = process.leader.credentials;
    if (from.euid === to.suid || from.euid === to.uid || from.uid === to.suid || from.uid === to.uid) return true;
    if (signal === SIGCONT && sender.process.group.session === process.group.session) return true;
    return from.capable(to.userNamespace, CAP_KILL);
  }

  /** kill(2) of one process by a task: 0, -EPERM. */
  kill(sender: Task, process: Process, signal: number): number {
    if (!this.permits(sender, process, signal)) return -EPERM;
    // process 1 of the sender's own namespace takes only what it handles
    if (signal === 0) return 0;
    if (this.isProtected(sender, process, signal)) return 0;
    return this.toProcess(process, this.userInfo(sender, process, signal));
  }

  /** Process 1 does not die of what its own namespace sends it: man 7 pid_namespaces. */
  isProtected(sender: Task | undefined, process: Process, signal: number): boolean {
    // what is blocked waits: there may be a handler by the time it is not
    if (!process.isInit || process.unprotected || process.leader.blockedSignals.has(signal)) return false;
    const inside = sender === undefined || sender.pidNamespace.isWithin(process.pid.namespace);
    const { handler } = process.actions.get(signal);
    const fatal = handler === HANDLER_DEFAULT && ['terminate', 'core', 'stop'].includes(defaultAction(signal));
    return inside && fatal;
  }

  userInfo(sender: Task, process: Process, signal: number, code = SI_USER): SignalInfo {
    return {
      signal,
      code,
      pid: sender.process.pid.in(process.pid.namespace),
      uid: uidSeenBy(process, sender.credentials.uid),
    };
  }
}

// A machine that runs: slices of CPU time, interrupts in between, sleep when the guest halts, reasons to stop.
// The shape of KVM's vcpu loop; SDM vol. 3A section 6.8 (when interrupts are taken).
import { hex } from '../base/bytes.js';
import type { Host } from '../base/host.js';
import type { Log } from '../base/log.js';
import type { Exit } from '../vcpu/exit.js';
import type { Registers } from '../vcpu/registers.js';
import type { Counters } from '../vcpu/vcpu.js';
import type { ApicPage } from './apic-page.js';
import type { Bus } from './bus.js';
import type { MachineClock } from './clock.js';
import { ExitHandler } from './exit-handler.js';
import { type ExitReport, ExitStatistics } from './exit-statistics.js';
import { ExitTrail, type TrailLine } from './exit-trail.js';
import type { GuestCpu } from './guest-cpu.js';
import type { MachineState } from './snapshot/machine.js';
import type { TimerQueue } from './timers.js';
import type { VmxCpu } from './vmx/vmx-cpu.js';

/** How a run ended. */
export type Outcome =
  | { kind: 'power-off' }
  | { kind: 'debug-exit'; value: number }
  | { kind: 'triple-fault'; vector: number; state: string }
  | { kind: 'entry-failure'; why: string; state: string }
  /** The guest has told, by its panic device, that it has panicked. */
  | { kind: 'panic' }
  /** It has halted with interrupts off, and nothing can wake it. `at`: where. */
  | { kind: 'dead-halt'; at: string }
  /** The machine was reset, where that was to end the run. */
  | { kind: 'reset' }
  | { kind: 'time-out' }
  | { kind: 'instruction-limit' }
  | { kind: 'stopped' };

/** What asserts INTR: the PIC, or a local APIC in front of it. */
export interface InterruptController {
  hasInterrupt(): boolean;
  acknowledge(): number;
}

/** The pieces that builder.ts has put together. */
export interface Machine {
  cpu: GuestCpu;
  /** Mode hw: `cpu` as a guest under VMX. */
  guest?: VmxCpu;
  registers: Registers;
  clock: MachineClock;
  timers: TimerQueue;
  bus: Bus;
  interrupts: InterruptController;
  /** Mode full: what of the local APIC the core answers. */
  apicPage?: ApicPage;
  /** A non-maskable interrupt may come from a device. */
  readonly nmiArmed: boolean;
  /** What the host does beside the CPU. */
  inFlight: { readonly count: number };
  /** Resets every device, then loads what the machine boots and sets the CPU to its entry. */
  powerOn(): void;
  /** Writes out everything that devices hold back. */
  flush(): void;
  apicBaseWritten(value: number): void;
  /** FERR# is up. */
  numericError(): void;
  /** Whether `save` would find the guest between instructions. */
  readonly settled: boolean;
  /** Everything that the guest is, between two exits. Memory is lent, not copied. */
  save(): MachineState;
  /** Throws SnapshotError; the machine is then of no use. */
  restore(state: MachineState): void;
}

/** A machine in the middle of its run. */
export interface VmState {
  machine: MachineState;
  halted: boolean;
  /** An NMI waits for the end of another one's handler. */
  nmi?: boolean;
}

/** What is done with a machine that stands still, once; it must not reject. */
export type Take = (save: () => VmState) => Promise<void>;

export interface VmOptions {
  /** Nanoseconds of host time. */
  timeout?: number;
  maxInstructions?: number;
  /** Something that the host must finish before the guest may go on: output that has piled up. */
  backlog?: () => Promise<void> | undefined;
  /** Called before each instruction when `insn` is traced. */
  traceInstruction?: () => void;
}

export interface Statistics extends Counters, ExitReport {
  wallSeconds: number;
  cpuSeconds: number;
  idleSeconds: number;
  /** Million instructions per CPU second. */
  mips: number;
  machineSeconds: number;
  entries: number;
  /** In a second of which the machine was not idle. */
  entriesPerSecond: number;
  devices: Record<string, number>;
  resets: number;
}

/** The event loop gets a turn this often, so that signals and input are served. */
const SLICE = 8_000_000;
/** And this often while the host does work that the guest waits for. */
const SHORT_SLICE = 1_000_000;
/** A wait so short that going to sleep would take longer. */
const NAP = 50_000;

export class Vm {
  private readonly handler: ExitHandler;
  private readonly exits = new ExitStatistics();
  private outcome: Outcome | undefined;
  private halted = false;
  private resetWanted = false;
  private nmi = false;
  /** Exits that were asked for: for an interrupt, for an NMI. */
  private window = false;
  private nmiWindow = false;
  private paused: { promise: Promise<void>; end: () => void } | undefined;
  private resets = 0;
  private wanted: Take | undefined;
  private startedAt = 0;
  private startedCpu = 0;
  private idle = 0;
  private trail: ExitTrail | undefined;
  /** When the event loop is to get its turn. */
  private sliceEnd = 0;
  /** For a CPU whose budget is an estimate. */
  private readonly more: (() => number) | undefined;

  constructor(
    private readonly machine: Machine,
    private readonly host: Host,
    private readonly log: Log,
    private readonly options: VmOptions = {},
  ) {
    this.handler = new ExitHandler(
      machine.cpu,
      machine.bus,
      log,
      (value) => machine.apicBaseWritten(value),
      () => machine.numericError(),
      machine.guest,
    );
    if (machine.clock.estimates) this.more = () => this.runOn();
  }

  /** Runs from power-on, or from where a state was saved, until something ends it. Throws SnapshotError. */
  async run(from?: VmState): Promise<Outcome> {
    this.startedAt = this.host.now();
    this.startedCpu = this.host.cpuSeconds();
    if (from) {
      this.machine.restore(from.machine);
      this.halted = from.halted;
      this.nmi = from.nmi === true;
    } else this.machine.powerOn();
    try {
      while (!this.outcome) {
        const backlog = this.options.backlog?.();
        if (backlog) await this.hold(backlog);
        else if (this.paused) await this.hold(this.paused.promise);
        else if (this.halted) await this.wait();
        else await this.host.turn();
        if (!this.outcome) this.slice();
      }
    } finally {
      this.machine.flush();
    }
    return this.outcome;
  }

  /** Ends the run at the next boundary of an exit; the first reason stands. */
  end(outcome: Outcome): void {
    this.outcome ??= outcome;
    this.host.wake();
  }

  stop(): void {
    this.end({ kind: 'stopped' });
  }

  /** Resets the machine when the exit at hand has been handled. */
  reset(): void {
    this.resetWanted = true;
    this.host.wake();
  }

  /** Machine time stands still until `resume`. */
  pause(): void {
    if (this.paused) return;
    let end = () => {};
    const promise = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.paused = { promise, end };
    this.machine.clock.pause();
  }

  resume(): void {
    this.paused?.end();
    this.paused = undefined;
    this.machine.clock.resume();
  }

  /**
   * Calls `take` as soon as the guest is between instructions, with what saves the machine, which stands still until `take` has resolved.
   * Saving throws SnapshotError when the guest uses what no snapshot can hold.
   */
  snapshot(take: Take): void {
    this.wanted = take;
    this.host.wake();
  }

  private takeSnapshot(take: Take): void {
    this.wanted = undefined;
    this.pause();
    void take(() => ({ machine: this.machine.save(), halted: this.halted, nmi: this.nmi })).finally(() =>
      this.resume(),
    );
  }

  /** The guest has halted and waits. */
  get asleep(): boolean {
    return this.halted;
  }

  raiseNmi(): void {
    this.nmi = true;
    this.host.wake();
  }

  statistics(): Statistics {
    const counters = this.machine.cpu.counters;
    const cpuSeconds = this.host.cpuSeconds() - this.startedCpu;
    const busy = (this.host.now() - this.startedAt - this.idle) / 1e9;
    const { entries } = this.exits;
    return {
      ...counters,
      wallSeconds: (this.host.now() - this.startedAt) / 1e9,
      cpuSeconds,
      idleSeconds: this.idle / 1e9,
      mips: cpuSeconds > 0 ? counters.instructions / cpuSeconds / 1e6 : 0,
      machineSeconds: this.machine.clock.now() / 1e9,
      ...this.exits.report(),
      entries,
      entriesPerSecond: busy > 0 ? entries / busy : 0,
      devices: this.machine.bus.accesses(),
      resets: this.resets,
    };
  }

  /** Runs the guest until it halts or the host's event loop wants a turn. */
  private slice(): void {
    const { cpu, clock, timers, guest } = this.machine;
    const { host, exits, log } = this;
    let now = host.now();
    this.sliceEnd = now + this.sliceLength;
    do {
      timers.fireDue();
      if (this.resetWanted) this.powerOn();
      // what the host still does for the guest is in no snapshot
      if (this.wanted && this.machine.settled && this.machine.inFlight.count === 0) {
        this.takeSnapshot(this.wanted);
        break;
      }
      this.offerInterrupt();
      if (this.halted || this.outcome) break;
      const budget = this.budget();
      if (budget <= 0) {
        this.end({ kind: 'instruction-limit' });
        break;
      }
      this.machine.apicPage?.publish();
      now = host.now();
      clock.entering(now);
      exits.entering(now);
      const exit = log.on.insn ? cpu.step(this.options.traceInstruction) : cpu.run(budget, this.more);
      now = host.now();
      exits.left(exit, guest?.reason ?? 0, now);
      this.machine.apicPage?.collect();
      clock.left(now);
      this.trail?.note(exit, this.machine.registers.eip, guest);
      if (log.on.exit) this.traceExit(exit);
      const next = this.handler.handle(exit);
      if (next !== 'run') this.act(next);
      this.sliceEnd = Math.min(this.sliceEnd, now + this.sliceLength);
    } while (!this.outcome && !this.paused && now < this.sliceEnd);
    clock.handled();
    exits.settle(host.now());
    if (this.outOfTime()) this.end({ kind: 'time-out' });
  }

  private get sliceLength(): number {
    return this.machine.inFlight.count > 0 ? SHORT_SLICE : SLICE;
  }

  /** Instructions until something else is due. */
  private budget(): number {
    const { cpu, clock, timers } = this.machine;
    const slice = this.sliceLength;
    let budget = clock.instructionsIn(slice);
    const left = timers.next - clock.now();
    if (left < slice) budget = Math.min(budget, Math.max(1, clock.instructionsIn(left)));
    if (this.options.maxInstructions !== undefined) {
      budget = Math.min(budget, this.options.maxInstructions - cpu.instructions);
    }
    return Math.min(budget, 0x3fffffff);
  }

  /**
   * The CPU has used its budget up. The preemption timer counts time, so it has not run out as long as nothing is due: how many instructions
   * more there are, 0 when something is. A slice that is over may go on to a deadline that is near.
   */
  private runOn(): number {
    const { clock, timers } = this.machine;
    const now = this.host.now();
    clock.left(now);
    clock.entering(now);
    const left = timers.next - clock.now();
    const near = SLICE / 2;
    const over = now - (left < near && this.machine.inFlight.count === 0 ? this.sliceEnd + near : this.sliceEnd);
    if (left <= 0 || over >= 0) return 0;
    return Math.max(0, this.budget());
  }

  /** Keeps the last exits from now on, or no longer. */
  set watched(on: boolean) {
    if (on !== (this.trail !== undefined)) this.trail = on ? new ExitTrail(this.machine.bus) : undefined;
  }

  /** The last exits since they are watched, the oldest first. */
  get lastExits(): TrailLine[] {
    return this.trail?.lines() ?? [];
  }

  private traceExit(exit: Exit): void {
    const { guest, registers } = this.machine;
    const line = exit.kind === 'vm' && guest ? guest.describe() : `${exit.kind} at ${registers.eip.toString(16)}`;
    this.log.trace('exit', line);
  }

  /** Gives the CPU what waits for it, or asks to be told when it can take it. */
  private offerInterrupt(): void {
    const { cpu, interrupts } = this.machine;
    if (this.nmi && cpu.canInjectNmi) {
      this.nmi = false;
      this.halted = false;
      cpu.injectNmi();
    }
    const waiting = interrupts.hasInterrupt();
    if (waiting && cpu.canInject) {
      const vector = interrupts.acknowledge();
      if (this.log.on.irq) this.log.trace('irq', `vector ${vector.toString(16)}`);
      cpu.inject(vector);
      this.halted = false;
      this.setWindows(interrupts.hasInterrupt(), this.nmi);
    } else this.setWindows(waiting, this.nmi);
  }

  /** Would `offerInterrupt` give the CPU something? */
  private get eventComes(): boolean {
    const { cpu, interrupts } = this.machine;
    return (this.nmi && cpu.canInjectNmi) || (interrupts.hasInterrupt() && cpu.canInject);
  }

  private setWindows(interrupt: boolean, nmi: boolean): void {
    if (this.window === interrupt && this.nmiWindow === nmi) return;
    this.window = interrupt;
    this.nmiWindow = nmi;
    this.machine.cpu.setWindows(interrupt, nmi);
  }

  /** The guest has halted: nothing runs until a deadline, input, or the end of the time allowed. */
  private async wait(): Promise<void> {
    const { clock, timers } = this.machine;
    // what ended the run may have brought its end: a slice can be over before that is offered
    if (this.eventComes) return this.host.turn();
    if (this.isDead()) return this.end({ kind: 'dead-halt', at: this.position() });
    if (!clock.idleUntil(timers.next)) return this.host.turn();
    const deadline = timers.next;
    const wait = Math.min(deadline - clock.now(), this.timeLeft());
    if (wait <= NAP) return this.host.turn();
    await this.slept(this.host.sleep(wait));
    clock.slept(deadline);
  }

  /** The guest may not run before `promise` resolves; time-outs and stops still count. */
  private async hold(promise: Promise<void>): Promise<void> {
    let over = false;
    promise.then(() => {
      over = true;
      this.host.wake();
    });
    await Promise.resolve();
    while (!over && !this.outcome) {
      await this.slept(this.host.sleep(this.timeLeft()));
      if (this.outOfTime()) this.end({ kind: 'time-out' });
    }
  }

  private async slept(sleep: Promise<void>): Promise<void> {
    const from = this.host.now();
    await sleep;
    this.idle += this.host.now() - from;
  }

  private timeLeft(): number {
    if (this.options.timeout === undefined) return Number.POSITIVE_INFINITY;
    return this.startedAt + this.options.timeout - this.host.now();
  }

  private outOfTime(): boolean {
    return this.options.timeout !== undefined && this.timeLeft() <= 0;
  }

  private powerOn(): void {
    this.resetWanted = false;
    this.halted = false;
    this.nmi = false;
    this.resets++;
    this.machine.powerOn();
  }

  private act(next: 'halt' | 'triple-fault' | 'entry-failure'): void {
    if (next === 'halt') {
      this.halted = true;
      return;
    }
    const { cpu, guest, registers } = this.machine;
    const why = guest?.failure ?? '';
    guest?.showGuest();
    const state = registers.dump();
    if (next === 'triple-fault') this.end({ kind: next, vector: cpu.crashVector, state });
    else this.end({ kind: next, why, state });
  }

  /** Nothing can end this halt: no interrupt is taken, no device is left that raises an NMI, and nothing that was asked of us is open. */
  private isDead(): boolean {
    const { cpu, nmiArmed } = this.machine;
    return !cpu.interruptsEnabled && !nmiArmed && !this.nmi && !this.resetWanted && !this.wanted && !this.outcome;
  }

  private position(): string {
    const { guest, registers } = this.machine;
    guest?.showGuest();
    return `${hex(registers.segment('cs').selector, 4)}:${hex(registers.eip)}`;
  }
}

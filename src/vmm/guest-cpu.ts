// What the machine's loop and its exit handler drive: the processor itself (mode full), or a guest under VMX on it (mode hw).
// Ours.
import type { Exit } from '../vcpu/exit.js';
import type { Counters } from '../vcpu/vcpu.js';

/** What the handler asks of the CPU. */
export interface ExitingCpu {
  readonly pioData: Uint8Array;
  answer(address: number, width: number, low: number, high?: number): void;
  drainMmio(write: (address: number, width: number, low: number, high: number) => void): void;
}

export interface GuestCpu extends ExitingCpu {
  readonly instructions: number;
  readonly counters: Counters;
  /** Vector of the first fault of a triple fault. */
  readonly crashVector: number;
  /**
   * Runs about `budget` instructions at most. The exit is valid until the next call. When the budget is used up a guest's processor asks
   * `more` how many may follow before it makes a VM exit of it; 0: none.
   */
  run(budget: number, more?: () => number): Exit;
  /** Runs one instruction; `before` sees the guest in the CPU state. */
  step(before?: () => void): Exit;
  readonly interruptsEnabled: boolean;
  readonly canInject: boolean;
  /** No NMI handler runs that has not come to its IRET, and no other reason stands against an NMI. */
  readonly canInjectNmi: boolean;
  inject(vector: number): void;
  injectNmi(): void;
  /** Asks for an exit as soon as `canInject`, or `canInjectNmi`, becomes true. */
  setWindows(interrupt: boolean, nmi: boolean): void;
}

/** What to do after an exit: run on, wait for an interrupt, or give up. */
export type Next = 'run' | 'halt' | 'triple-fault' | 'entry-failure';
/** Answers an exit. */
export type Answer = (exit: Exit) => Next;

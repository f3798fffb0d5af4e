// A set of signals 1 to 64. A value: changes make a new one. Signal n is bit n - 1, 0-31 in `low`.
import { SIGCONT, SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU } from '../abi/signal.js';

export class SignalSet {
  static readonly NONE = new SignalSet(0, 0);

  constructor(
    readonly low: number,
    readonly high: number,
  ) {}

  static of(...signals: number[]): SignalSet {
    let set = SignalSet.NONE;
    for (const signal of signals) set = set.with(signal);
    return set;
  }

  has(signal: number): boolean {
    return signal <= 32 ? ((this.low >>> (signal - 1)) & 1) !== 0 : ((this.high >>> (signal - 33)) & 1) !== 0;
  }
  with(signal: number): SignalSet {
    return signal <= 32
      ? new SignalSet((this.low | (1 << (signal - 1))) >>> 0, this.high)
      : new SignalSet(this.low, (this.high | (1 << (signal - 33))) >>> 0);
  }
  without(signal: number): SignalSet {
    return signal <= 32
      ? new SignalSet((this.low & ~(1 << (signal - 1))) >>> 0, this.high)
      : new SignalSet(this.low, (this.high & ~(1 << (signal - 33))) >>> 0);
  }
  or(other: SignalSet): SignalSet {
    return new SignalSet((this.low | other.low) >>> 0, (this.high | other.high) >>> 0);
  }
  minus(other: SignalSet): SignalSet {
    return new SignalSet((this.low & ~other.low) >>> 0, (this.high & ~other.high) >>> 0);
  }
  and(other: SignalSet): SignalSet {
    return new SignalSet((this.low & other.low) >>> 0, (this.high & other.high) >>> 0);
  }
  get empty(): boolean {
    return this.low === 0 && this.high === 0;
  }
  /** The lowest signal in it; 0: none. */
  get first(): number {
    if (this.low !== 0) return 32 - Math.clz32(this.low & -this.low);
    if (this.high !== 0) return 64 - Math.clz32(this.high & -this.high);
    return 0;
  }
}

export const SIGSET_ALL = new SignalSet(0xffffffff, 0xffffffff);
/** They can't be caught, blocked or ignored. */
export const UNSTOPPABLE = SignalSet.of(SIGKILL, SIGSTOP);
export const STOP_SIGNALS = SignalSet.of(SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU);
export const CONTINUE = SignalSet.of(SIGCONT);

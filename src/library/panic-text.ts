// Linux's last words on the console, for a guest without the driver of the panic device: the text, and then a kernel that does nothing.
// kernel/panic.c: it says why, dumps its stack, and turns in a loop with no halt in it, or resets when it was told to (panic=).
import { TextWatch } from './text-watch.js';

const TEXT = 'Kernel panic - not syncing';
const RESET_COMES = 'Rebooting in ';
/** Nanoseconds of machine time in silence that make it sure, and from one look to the next. */
const SILENCE = 500e6;
const LOOK = 50e6;

export interface PanicTextOptions {
  /** Calls `then` after so many nanoseconds of machine time. */
  after(nanoseconds: number, then: () => void): void;
  /** Somebody may have printed the text: a guest that sleeps, or runs in user mode, has not panicked. */
  isAlive(): boolean;
  panicked(): void;
}

export class PanicText {
  private readonly text = new TextWatch(TEXT);
  private readonly reset = new TextWatch(RESET_COMES);
  /** Nanoseconds since the guest said something; undefined while nothing is suspected. */
  private silent: number | undefined;

  constructor(private readonly options: PanicTextOptions) {}

  readonly see = (byte: number): void => {
    if (this.silent !== undefined) {
      this.silent = 0;
      if (this.reset.see(byte)) this.silent = undefined;
    }
    if (!this.text.see(byte) || this.silent !== undefined) return;
    this.silent = 0;
    this.lookLater();
  };

  private lookLater(): void {
    this.options.after(LOOK, () => {
      if (this.silent === undefined) return;
      this.silent += LOOK;
      if (this.options.isAlive()) this.silent = undefined;
      else if (this.silent >= SILENCE) this.options.panicked();
      else this.lookLater();
    });
  }
}

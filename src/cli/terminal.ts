// The console of the person at the machine: standard input to the serial port, raw when it is a terminal, with an escape key.
// termios(3): raw mode.
import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import type { VirtualMachine } from '../library/virtual-machine.js';
import type { EscapeKeys } from './escape-keys.js';

/** Bytes typed that may wait for a guest that does not listen yet. */
const TYPED_AHEAD = 65536;

export type TerminalInput = Readable & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>;

/** Whether standard output and standard error are one terminal: messages then come between the guest's lines. */
export function oneTerminal(): boolean {
  return process.stdout.isTTY && process.stderr.isTTY && fstatSync(1).rdev === fstatSync(2).rdev;
}

/** Also where somebody else has changed the terminal, as a shell does whose job was stopped. */
export function makeRaw(input: TerminalInput): void {
  // Node does nothing when it believes that the terminal is raw
  input.setRawMode?.(false);
  input.setRawMode?.(true);
}

/** Who is typed to. */
type Guest = Pick<VirtualMachine, 'send' | 'unsent'>;

export class Terminal {
  /** The terminal's keys come as they are typed: there is a person. */
  raw = false;
  private closed = false;

  constructor(
    private readonly input: TerminalInput,
    private readonly guest: Guest,
    private readonly keys: EscapeKeys,
  ) {}

  open(): void {
    if (this.input.isTTY && this.input.setRawMode) {
      this.raw = true;
      this.input.setRawMode(true);
      process.on('SIGCONT', this.onContinue);
    }
    this.input.on('data', this.onData);
    this.input.on('error', () => {});
  }

  /** Gives the terminal back as it was. Safe to call twice. */
  close(): void {
    this.closed = true;
    this.input.off('data', this.onData);
    this.input.pause();
    process.off('SIGCONT', this.onContinue);
    if (this.raw) this.input.setRawMode?.(false);
    this.raw = false;
  }

  private readonly onContinue = (): void => makeRaw(this.input);

  private readonly onData = (data: Buffer): void => {
    if (this.raw) {
      const typed = this.keys.take(data);
      // a person must be heard at any time, so what waits is bounded by leaving out
      if (this.guest.unsent + typed.length <= TYPED_AHEAD) void this.guest.send(typed);
      return;
    }
    this.input.pause();
    void this.guest.send(data).then(() => {
      if (!this.closed) this.input.resume();
    });
  };
}

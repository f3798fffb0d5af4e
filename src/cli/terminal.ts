// The console of the person at the machine: standard input to the serial port, raw when it is a terminal, with an escape key.
// QEMU's -nographic keys: Ctrl-A, then a letter.
import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import type { VirtualMachine } from '../library/virtual-machine.js';

const ESCAPE = 0x01;
/** Bytes typed that may wait for a guest that does not listen yet. */
const TYPED_AHEAD = 65536;
const HELP = [
  'Ctrl-A x  leave',
  'Ctrl-A s  statistics so far',
  'Ctrl-A w  write a snapshot to a file here',
  'Ctrl-A a  send Ctrl-A',
  'Ctrl-A h  this help',
].join('\n');

/** Whether standard output and standard error are one terminal: messages then come between the guest's lines. */
export function oneTerminal(): boolean {
  return process.stdout.isTTY && process.stderr.isTTY && fstatSync(1).rdev === fstatSync(2).rdev;
}

export interface TerminalKeys {
  leave(): void;
  statistics(): void;
  save(): void;
}

/** Who is typed to. */
type Guest = Pick<VirtualMachine, 'send' | 'unsent'>;

export class Terminal {
  private escaped = false;
  /** The terminal's keys come as they are typed: there is a person. */
  raw = false;
  private closed = false;

  constructor(
    private readonly input: Readable & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>,
    /** Shows lines to the person. */
    private readonly show: (text: string) => void,
    private readonly guest: Guest,
    private readonly keys: TerminalKeys,
  ) {}

  open(): void {
    if (this.input.isTTY && this.input.setRawMode) {
      this.input.setRawMode(true);
      this.raw = true;
    }
    this.input.on('data', this.onData);
    this.input.on('error', () => {});
  }

  /** Gives the terminal back as it was. Safe to call twice. */
  close(): void {
    this.closed = true;
    this.input.off('data', this.onData);
    this.input.pause();
    if (this.raw) this.input.setRawMode?.(false);
    this.raw = false;
  }

  private readonly onData = (data: Buffer): void => {
    if (this.raw) {
      const typed = this.withoutEscapes(data);
      // a person must be heard at any time, so what waits is bounded by leaving out
      if (this.guest.unsent + typed.length <= TYPED_AHEAD) void this.guest.send(typed);
      return;
    }
    this.input.pause();
    void this.guest.send(data).then(() => {
      if (!this.closed) this.input.resume();
    });
  };

  private withoutEscapes(data: Buffer): Buffer {
    const out: number[] = [];
    for (const byte of data) {
      if (this.escaped) {
        this.escaped = false;
        if (byte === ESCAPE || byte === 0x61) out.push(ESCAPE);
        else this.command(String.fromCharCode(byte));
      } else if (byte === ESCAPE) this.escaped = true;
      else out.push(byte);
    }
    return Buffer.from(out);
  }

  private command(key: string): void {
    if (key === 'x') this.keys.leave();
    else if (key === 's') this.keys.statistics();
    else if (key === 'w') this.keys.save();
    else if (key === 'h' || key === '?') this.show(HELP);
  }
}

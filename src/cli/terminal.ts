// The console of the person at the machine: standard input to the serial port, raw when it is a terminal, with an escape key.
// QEMU's -nographic keys: Ctrl-A, then a letter.
import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { ReadStream } from 'node:tty';

const ESCAPE = 0x01;
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

/** Where typed bytes go; returns how many it took. */
export type Receiver = (bytes: Uint8Array) => number;

export class Terminal {
  private escaped = false;
  /** The terminal's keys come as they are typed: there is a person. */
  raw = false;
  /** Bytes read that the guest has not taken yet; reading stops while there are any. */
  private waiting: Buffer = Buffer.alloc(0);

  constructor(
    private readonly input: Readable & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>,
    /** Shows lines to the person. */
    private readonly show: (text: string) => void,
    private readonly receive: Receiver,
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
    this.input.off('data', this.onData);
    this.input.pause();
    if (this.raw) this.input.setRawMode?.(false);
    this.raw = false;
  }

  /** The guest has room again. */
  readonly room = (): void => {
    if (this.waiting.length === 0) return;
    this.pass(this.waiting);
  };

  private readonly onData = (data: Buffer): void => {
    this.pass(this.raw ? this.withoutEscapes(data) : data);
  };

  private pass(data: Buffer): void {
    const taken = this.receive(data);
    this.waiting = data.subarray(taken);
    if (this.waiting.length > 0) this.input.pause();
    else this.input.resume();
  }

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

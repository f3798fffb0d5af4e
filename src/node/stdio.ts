// Standard streams of a container's process: three pipes, or a terminal, whose other ends are the engine's. Both ways have windows.
// Ours. What is written while nobody hears is kept up to the window; then the program waits.
import { ENXIO } from '../kernel/abi/errno.js';
import { O_RDWR } from '../kernel/abi/fcntl.js';
import type { Devpts } from '../kernel/fs/devpts.js';
import { HostInput, HostOutput, HostStream } from '../kernel/fs/host-stream.js';
import type { Task } from '../kernel/task/task.js';
import type { Terminal } from '../kernel/tty/terminal.js';
import type { OpenFile } from '../kernel/vfs/open-file.js';
import { WINDOW } from './contract.js';
import { checked } from './refusal.js';

const PIECE = 65536;

/** What the engine is told. */
export interface StdioEvents {
  output(stream: 1 | 2, bytes: Uint8Array): void;
  inputTaken(count: number): void;
}

export interface Stdio {
  /** Descriptors 0, 1 and 2. */
  files(task: Task): (OpenFile | undefined)[];
  input(bytes: Uint8Array): void;
  inputEnd(): void;
  /** So many bytes of output have been taken. */
  taken(stream: 1 | 2, count: number): void;
  /** Everything that is there goes out, as nobody writes any more. */
  finish(): void;
  resize?(rows: number, columns: number): void;
}

/** Tells what has gathered once the kernel has done what it is at. */
function soon(action: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    void Promise.resolve().then(() => {
      due = false;
      action();
    });
  };
}

export class PipeStdio implements Stdio {
  private readonly stdin = new HostStream(WINDOW);
  private readonly outputs: readonly [HostStream, HostStream];
  private readonly under: [number, number] = [0, 0];
  private unread = 0;

  constructor(private readonly events: StdioEvents) {
    this.outputs = [new HostStream(PIECE), new HostStream(PIECE)];
    for (const [i, stream] of this.outputs.entries()) stream.onChange = soon(() => this.pass(i, WINDOW));
    this.stdin.onChange = soon(() => this.tellTaken());
  }

  files(task: Task): OpenFile[] {
    const [out, errors] = this.outputs;
    return [new HostInput(task, this.stdin), new HostOutput(task, out), new HostOutput(task, errors)];
  }

  input(bytes: Uint8Array): void {
    if (this.stdin.ended) return;
    this.unread += bytes.length;
    this.stdin.push(bytes);
  }

  inputEnd(): void {
    this.stdin.end();
  }

  taken(stream: 1 | 2, count: number): void {
    this.under[stream - 1]! -= count;
    this.pass(stream - 1, WINDOW);
  }

  finish(): void {
    for (const i of [0, 1]) this.pass(i, Number.POSITIVE_INFINITY);
  }

  private pass(i: number, window: number): void {
    const stream = this.outputs[i]!;
    let passed = false;
    while (stream.length > 0 && this.under[i]! < window) {
      // what is sent is a copy of its own: the buffers behind may be larger
      const bytes = stream.shift(PIECE).slice();
      this.under[i]! += bytes.length;
      this.events.output((i + 1) as 1 | 2, bytes);
      passed = true;
    }
    if (passed) stream.drained();
  }

  private tellTaken(): void {
    const read = this.unread - this.stdin.length;
    if (read === 0) return;
    this.unread = this.stdin.length;
    this.events.inputTaken(read);
  }
}

export class TerminalStdio implements Stdio {
  readonly terminal: Terminal;
  private readonly waiting: Uint8Array[] = [];
  private under = 0;

  constructor(
    private readonly pts: Devpts,
    task: Task,
    private readonly events: StdioEvents,
  ) {
    this.terminal = checked('the terminal', pts.allocate(task) ?? -ENXIO);
    this.terminal.masterWaits.add({ wake: soon(() => this.move()) });
  }

  files(task: Task): OpenFile[] {
    const file = checked(this.terminal.name, task.kernel.vfs.open(task, task.fs.root, this.terminal.name, O_RDWR, 0));
    return [file, file.hold(), file.hold()];
  }

  input(bytes: Uint8Array): void {
    this.waiting.push(bytes);
    this.move();
  }

  /** A terminal's line does not end when the client has nothing more to type. */
  inputEnd(): void {}

  taken(_stream: 1 | 2, count: number): void {
    this.under -= count;
    this.move();
  }

  finish(): void {
    // nobody is left who could go on with what Ctrl-S has stopped
    this.terminal.start();
    this.pass(Number.POSITIVE_INFINITY);
    this.terminal.hangUp();
    this.pts.free(this.terminal);
  }

  resize(rows: number, columns: number): void {
    this.terminal.setSize({ rows, columns, xpixel: 0, ypixel: 0 });
  }

  private move(): void {
    this.feed();
    this.pass(WINDOW);
  }

  private feed(): void {
    let taken = 0;
    for (let first = this.waiting[0]; first; first = this.waiting[0]) {
      const count = this.terminal.receive(first, 0, first.length);
      taken += count;
      if (count < first.length) {
        this.waiting[0] = first.subarray(count);
        break;
      }
      this.waiting.shift();
    }
    if (taken > 0) this.events.inputTaken(taken);
  }

  private pass(window: number): void {
    while (this.terminal.outputLength > 0 && this.under < window) {
      const bytes = this.terminal.transmit(PIECE);
      if (bytes.length === 0) break;
      this.under += bytes.length;
      this.events.output(1, bytes.slice());
    }
  }
}

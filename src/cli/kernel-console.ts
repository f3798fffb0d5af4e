// Standard input, output and error of the program of `tabvisor kernel run`: pipes, or a terminal of its own whose other side is ours.
import type { Readable, Writable } from 'node:stream';
import { InputError } from '../base/errors.js';
import { encodeText } from '../base/text.js';
import type { NodeHost } from '../hosts/node/host.js';
import { errnoName } from '../kernel/abi/errno.js';
import { O_RDWR } from '../kernel/abi/fcntl.js';
import type { Devpts } from '../kernel/fs/devpts.js';
import { HostInput, HostOutput, HostStream } from '../kernel/fs/host-stream.js';
import type { Kernel } from '../kernel/kernel.js';
import { mountFile } from '../kernel/node.js';
import type { MountNamespace } from '../kernel/ns/mount-namespace.js';
import type { Credentials } from '../kernel/security/credentials.js';
import type { Task } from '../kernel/task/task.js';
import type { Terminal } from '../kernel/tty/terminal.js';
import type { OpenFile } from '../kernel/vfs/open-file.js';

/** Standard streams of whoever has started the program: this process, or one elsewhere. */
export interface Ends {
  readonly stdin: Readable & { isTTY?: boolean; setRawMode?(on: boolean): unknown };
  readonly stdout: Writable & { columns?: number; rows?: number };
  readonly stderr: Writable;
}

export interface Console {
  /** Before the program starts. */
  prepare(): Promise<void>;
  /** Descriptors 0, 1 and 2 of the first program. */
  files(task: Task): (OpenFile | undefined)[];
  open(): void;
  /** All output is out, and the terminal as it was. */
  close(): Promise<void>;
}

/** Standard input, output and error as they are: pipes to the program. */
export class PipeConsole implements Console {
  private readonly input = new HostStream();
  private readonly output = new HostStream();
  private readonly errors = new HostStream();

  constructor(
    private readonly interactive: boolean,
    private readonly host: NodeHost,
    /** All input is there when the program starts, so that nothing depends on when it comes. */
    private readonly early: boolean,
    private readonly ends: Ends,
  ) {}

  async prepare(): Promise<void> {
    if (!this.early || !this.interactive) return;
    for await (const bytes of this.ends.stdin) this.input.push(new Uint8Array(bytes as Buffer));
    this.input.end();
  }

  files(task: Task): (OpenFile | undefined)[] {
    return [new HostInput(task, this.input), new HostOutput(task, this.output), new HostOutput(task, this.errors)];
  }

  open(): void {
    const { stdin, stdout, stderr } = this.ends;
    for (const [stream, target] of [
      [this.output, stdout],
      [this.errors, stderr],
    ] as const) {
      stream.onChange = () => this.pass(stream, target);
      target.on('drain', () => this.pass(stream, target));
      target.on('error', () => {
        stream.broken = true;
        stream.drained();
        this.host.wake();
      });
    }
    if (this.input.ended) return;
    if (!this.interactive) {
      this.input.end();
      return;
    }
    stdin.on('data', (bytes: Buffer) => {
      this.input.push(new Uint8Array(bytes));
      if (this.input.room === 0) stdin.pause();
      this.host.wake();
    });
    stdin.on('end', () => {
      this.input.end();
      this.host.wake();
    });
    stdin.on('error', () => {});
    this.input.onChange = () => {
      if (this.input.room > 0) stdin.resume();
    };
  }

  /** Hands on what the program has written, as fast as it is taken. */
  private pass(stream: HostStream, target: Writable): void {
    while (stream.length > 0 && !target.writableNeedDrain) target.write(stream.shift(65536));
    stream.drained();
    this.host.wake();
  }

  async close(): Promise<void> {
    const { stdin, stdout, stderr } = this.ends;
    stdin.pause();
    for (const [stream, target] of [
      [this.output, stdout],
      [this.errors, stderr],
    ] as const)
      while (stream.length > 0 && !target.destroyed && !stream.broken) {
        this.pass(stream, target);
        if (stream.length > 0) await new Promise<void>((done) => target.once('drain', () => done()));
      }
  }
}

/** A terminal of the program's own, whose other side is ours. */
export class TerminalConsole implements Console {
  private readonly terminal: Terminal;
  private readonly pts: Devpts;
  private raw = false;
  private waiting: Uint8Array[] = [];
  private due = false;

  constructor(
    private readonly kernel: Kernel,
    pts: Devpts,
    owner: Credentials,
    private readonly host: NodeHost,
    private readonly ends: Ends,
  ) {
    const terminal = pts.allocate({ kernel, credentials: owner });
    if (!terminal) throw new InputError('-t: there are too many terminals in /dev/pts', 'Wait until one is closed.');
    this.terminal = terminal;
    this.pts = pts;
  }

  /** /dev/console of the mounts that the program is in. */
  mount(namespace: MountNamespace): void {
    const { inode } = this.pts.terminals.get(this.terminal.index)!;
    mountFile(this.kernel, namespace, '/dev/console', this.pts, inode);
  }

  async prepare(): Promise<void> {}

  files(task: Task): (OpenFile | undefined)[] {
    const file = this.kernel.vfs.open(task, task.fs.root, this.terminal.name, O_RDWR, 0);
    if (typeof file === 'number')
      throw new InputError(
        `${this.terminal.name} can't be opened: ${errnoName(-file)}`,
        'The root needs a directory /dev.',
      );
    return [file, file.hold(), file.hold()];
  }

  open(): void {
    const { stdin, stdout } = this.ends;
    if (stdin.isTTY) {
      stdin.setRawMode?.(true);
      this.raw = true;
    }
    this.resize();
    stdout.on('resize', this.resize);
    this.terminal.masterWaits.add({ wake: () => this.passSoon() });
    stdout.on('drain', () => this.pass());
    stdin.on('data', (bytes: Buffer) => {
      this.waiting.push(new Uint8Array(bytes));
      this.feed();
    });
    // the end of a file that is no terminal is the end of the line's input
    stdin.on('end', () => {
      this.waiting.push(encodeText('\u0004'));
      this.feed();
    });
    stdin.on('error', () => {});
  }

  private readonly resize = (): void => {
    const { columns, rows } = this.ends.stdout;
    if (columns) this.terminal.setSize({ rows: rows ?? 24, columns, xpixel: 0, ypixel: 0 });
    this.host.wake();
  };

  private feed(): void {
    while (this.waiting.length > 0) {
      const first = this.waiting[0]!;
      const taken = this.terminal.receive(first, 0, first.length);
      if (taken < first.length) {
        this.waiting[0] = first.subarray(taken);
        this.ends.stdin.pause();
        break;
      }
      this.waiting.shift();
    }
    if (this.waiting.length === 0) this.ends.stdin.resume();
    this.host.wake();
  }

  /** The terminal wakes us in the middle of what it does. */
  private passSoon(): void {
    if (this.due) return;
    this.due = true;
    setImmediate(() => {
      this.due = false;
      this.pass();
    });
  }

  private pass(): void {
    while (this.terminal.outputLength > 0 && !this.ends.stdout.writableNeedDrain) {
      const bytes = this.terminal.transmit(65536);
      if (bytes.length === 0) break;
      this.ends.stdout.write(bytes);
    }
    if (this.waiting.length > 0 && this.terminal.room > 0) this.feed();
  }

  async close(): Promise<void> {
    // nobody is left who could go on with what Ctrl-S has stopped
    this.terminal.start();
    this.pass();
    while (this.terminal.outputLength > 0 && !this.ends.stdout.destroyed) {
      await new Promise<void>((done) => this.ends.stdout.once('drain', done));
      this.pass();
    }
    this.ends.stdout.off('resize', this.resize);
    this.ends.stdin.pause();
    if (this.raw) this.ends.stdin.setRawMode?.(false);
  }
}

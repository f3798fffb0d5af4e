// `tabvisor kernel run`: a program of a Linux root as a process of our own kernel.
// Exit status: the program's; 128 + n when signal n ended it; 125 our error, 126 the program can't be executed, 127 it is not there.
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { InputError } from '../../base/errors.js';
import { encodeText } from '../../base/text.js';
import { NodeHost } from '../../hosts/node/host.js';
import { nodePlatform } from '../../hosts/node/platform.js';
import { SharedFolder } from '../../hosts/node/shared-folder.js';
import { EACCES, ENOENT, ENOEXEC, ENOTDIR, errnoName } from '../../kernel/abi/errno.js';
import { O_RDWR } from '../../kernel/abi/fcntl.js';
import { drive } from '../../kernel/drive.js';
import type { Devpts } from '../../kernel/fs/devpts.js';
import { Hostfs } from '../../kernel/fs/hostfs.js';
import { HostInput, HostOutput, HostStream } from '../../kernel/fs/host-stream.js';
import { Overlayfs } from '../../kernel/fs/overlayfs.js';
import { Tmpfs } from '../../kernel/fs/tmpfs.js';
import type { Kernel } from '../../kernel/kernel.js';
import { createNode, mountAt, standardMounts } from '../../kernel/node.js';
import type { NamespaceSet } from '../../kernel/ns/namespace-set.js';
import { Credentials } from '../../kernel/security/credentials.js';
import { Strace } from '../../kernel/syscalls/strace.js';
import type { Process } from '../../kernel/task/process.js';
import type { Task } from '../../kernel/task/task.js';
import type { Terminal } from '../../kernel/tty/terminal.js';
import type { FileSystem } from '../../kernel/vfs/file-system.js';
import type { OpenFile } from '../../kernel/vfs/open-file.js';
import { epilogue, type Example } from '../help.js';
import { type KernelRunOptions, parseKernelOptions, type RawKernelOptions } from '../kernel-options.js';
import { kernelReport } from '../kernel-report.js';

const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

const EXAMPLES: readonly Example[] = [
  { command: 'tabvisor kernel run --rootfs debian -t -i -- bash', what: 'a shell; the folder debian stays as it is' },
  {
    command: "tabvisor kernel run --rootfs debian --bind .:/work --cwd /work -- sh -c 'make && ./test'",
    what: 'a folder of the host inside, changes to it stay',
  },
  { command: 'tabvisor kernel run --rootfs debian --strace=openat,read -- ls', what: 'the calls that a program makes' },
];

export function kernelRunCommand(): Command {
  const collect = (value: string, list: string[] = []): string[] => [...list, value];
  return new Command('run')
    .description('run a program of a Linux root on our own kernel')
    .argument('<program>', 'a path in the root, or a name that PATH finds')
    .argument('[args...]', 'what the program is given')
    .passThroughOptions()
    .requiredOption('--rootfs <dir>', 'the root; it is not changed, unless ,rw follows')
    .option('--env <name=value>', 'an environment variable; repeatable', collect)
    .option('--cwd <path>', 'working directory in the root', '/')
    .option('--user <uid[:gid]>', 'who the program runs as', '0')
    .option('--bind <host:path[:ro]>', 'a folder of the host in the root; repeatable', collect)
    .option('--hostname <name>', 'host name', 'tabvisor')
    .option('--node-memory <size>', 'memory for programs and their files', '1G')
    .option('-i, --interactive', 'standard input goes to the program')
    .option('-t, --tty', 'the program has a terminal')
    .option('--strace [list]', 'show system calls on standard error; only those of the list')
    .option('--stats <file>', 'system calls, faults and memory as JSON')
    .option('--interpret', 'do not translate')
    .addHelpText('after', epilogue(EXAMPLES))
    .action(async (program: string, args: string[], raw: RawKernelOptions) => {
      process.exitCode = await run(parseKernelOptions(raw), [program, ...args]);
    });
}

async function run(options: KernelRunOptions, args: string[]): Promise<number> {
  const host = new NodeHost();
  const core = await nodePlatform.core();
  const strace = options.strace && new Strace(options.strace, (line) => process.stderr.write(`${line}\n`));
  const { kernel, vcpu } = createNode({
    core,
    memory: options.memory,
    translate: options.interpret ? undefined : 'in the background',
    clock: host,
    random: (into) => host.random(into),
    hostname: options.hostname,
    tracer: strace,
  });
  nodePlatform.tune(vcpu);
  const { namespace, pts } = standardMounts(kernel, rootOf(kernel, options));
  const namespaces: NamespaceSet = { mount: namespace, uts: kernel.utsNamespace, pidForChildren: kernel.pidNamespace };
  for (const bind of options.binds) {
    const fs = new Hostfs(kernel.newDevice(), kernel.frames, new SharedFolder(bind.host, bind.readOnly), {
      live: true,
      readOnly: bind.readOnly,
    });
    fs.source = bind.host;
    if (!mountAt(kernel, namespace, bind.path, fs))
      throw new InputError(
        `--bind: ${bind.path} is no directory of the root`,
        'Make it there first, or choose one that is there.',
      );
  }

  const console_ = options.tty ? new TerminalConsole(kernel, pts, host) : new PipeConsole(options.interactive, host);
  const program = args[0]!;
  const started = kernel.startProcess(program, {
    args,
    env: options.env,
    cwd: options.cwd,
    searchPath: true,
    credentials: Credentials.user(kernel.userNamespace, options.uid, options.gid, []),
    namespaces,
    files: (task) => console_.files(task),
  });
  if (typeof started === 'number') return refuse(program, -started);
  const init: Process = started;
  console_.open();
  try {
    await drive(kernel, host, () => init.isZombie);
    for (const fs of kernel.mounted) fs.sync();
  } finally {
    await console_.close();
  }
  if (options.stats) writeFileSync(options.stats, `${JSON.stringify(kernelReport(kernel, vcpu), undefined, 2)}\n`);
  const status = init.exitStatus!;
  return (status & 0x7f) === 0 ? status >> 8 : 128 + (status & 0x7f);
}

function rootOf(kernel: Kernel, options: KernelRunOptions): FileSystem {
  const folder = new Hostfs(
    kernel.newDevice(),
    kernel.frames,
    new SharedFolder(options.rootfs, !options.writeThrough),
    {
      live: false,
      readOnly: !options.writeThrough,
    },
  );
  if (options.writeThrough) return folder;
  const upper = new Tmpfs(kernel.newDevice(), kernel.frames, { size: options.memory, mode: 0o755 }, kernel.clock);
  return new Overlayfs(kernel.newDevice(), kernel.setup, upper, [folder]);
}

function refuse(program: string, errno: number): number {
  const found = errno !== ENOENT && errno !== ENOTDIR;
  const why = !found
    ? 'there is no such program in the root'
    : errno === EACCES
      ? 'it may not be executed'
      : errno === ENOEXEC
        ? 'it is no program for a 32-bit x86'
        : errnoName(errno);
  process.stderr.write(`tabvisor: ${program}: ${why}\n`);
  return found ? NOT_EXECUTABLE : NOT_FOUND;
}

interface Console {
  /** Descriptors 0, 1 and 2 of the first program. */
  files(task: Task): (OpenFile | undefined)[];
  open(): void;
  /** All output is out, and the terminal as it was. */
  close(): Promise<void>;
}

/** Standard input, output and error as they are: pipes to the program. */
class PipeConsole implements Console {
  private readonly input = new HostStream();
  private readonly output = new HostStream();
  private readonly errors = new HostStream();

  constructor(
    private readonly interactive: boolean,
    private readonly host: NodeHost,
  ) {}

  files(task: Task): (OpenFile | undefined)[] {
    return [new HostInput(task, this.input), new HostOutput(task, this.output), new HostOutput(task, this.errors)];
  }

  open(): void {
    for (const [stream, target] of [
      [this.output, process.stdout],
      [this.errors, process.stderr],
    ] as const) {
      stream.onChange = () => this.pass(stream, target);
      target.on('drain', () => this.pass(stream, target));
      target.on('error', () => {
        stream.broken = true;
        stream.drained();
        this.host.wake();
      });
    }
    if (!this.interactive) {
      this.input.end();
      return;
    }
    process.stdin.on('data', (bytes: Buffer) => {
      this.input.push(new Uint8Array(bytes));
      if (this.input.room === 0) process.stdin.pause();
      this.host.wake();
    });
    process.stdin.on('end', () => {
      this.input.end();
      this.host.wake();
    });
    process.stdin.on('error', () => {});
    this.input.onChange = () => {
      if (this.input.room > 0) process.stdin.resume();
    };
  }

  /** Hands on what the program has written, as fast as it is taken. */
  private pass(stream: HostStream, target: NodeJS.WriteStream): void {
    while (stream.length > 0 && !target.writableNeedDrain) target.write(stream.shift(65536));
    stream.drained();
    this.host.wake();
  }

  async close(): Promise<void> {
    process.stdin.pause();
    for (const [stream, target] of [
      [this.output, process.stdout],
      [this.errors, process.stderr],
    ] as const)
      while (stream.length > 0 && !target.destroyed && !stream.broken) {
        this.pass(stream, target);
        if (stream.length > 0) await new Promise<void>((done) => target.once('drain', () => done()));
      }
  }
}

/** A terminal of the program's own, whose other side is ours. */
class TerminalConsole implements Console {
  private readonly terminal: Terminal;
  private raw = false;
  private waiting: Uint8Array[] = [];
  private due = false;

  constructor(
    private readonly kernel: Kernel,
    pts: Devpts,
    private readonly host: NodeHost,
  ) {
    this.terminal = pts.allocate(kernel.setup)!;
    kernel.console = this.terminal;
  }

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
    const { stdin, stdout } = process;
    if (stdin.isTTY) {
      stdin.setRawMode(true);
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
    const { columns, rows } = process.stdout;
    if (columns) this.terminal.setSize({ rows: rows ?? 24, columns, xpixel: 0, ypixel: 0 });
    this.host.wake();
  };

  private feed(): void {
    while (this.waiting.length > 0) {
      const first = this.waiting[0]!;
      const taken = this.terminal.receive(first, 0, first.length);
      if (taken < first.length) {
        this.waiting[0] = first.subarray(taken);
        process.stdin.pause();
        break;
      }
      this.waiting.shift();
    }
    if (this.waiting.length === 0) process.stdin.resume();
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
    while (this.terminal.outputLength > 0 && !process.stdout.writableNeedDrain) {
      const bytes = this.terminal.transmit(65536);
      if (bytes.length === 0) break;
      process.stdout.write(bytes);
    }
    if (this.waiting.length > 0 && this.terminal.room > 0) this.feed();
  }

  async close(): Promise<void> {
    this.pass();
    process.stdout.off('resize', this.resize);
    process.stdin.pause();
    if (this.raw) process.stdin.setRawMode(false);
  }
}

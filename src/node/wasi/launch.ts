// A process whose program is a WebAssembly file: it becomes the proxy of a worker that runs the program.
// Ours. Who is to run is seen by the file's first bytes, as with scripts; it need not be executable, only readable.
import { EACCES, ENOEXEC, ENOMEM } from '../../kernel/abi/errno.js';
import { O_RDONLY, O_RDWR } from '../../kernel/abi/fcntl.js';
import { candidates, type ProgramOptions } from '../../kernel/task/new-process.js';
import { exec } from '../../kernel/task/exec.js';
import type { Task } from '../../kernel/task/task.js';
import { KernelIo } from '../../kernel/vfs/io.js';
import type { Path } from '../../kernel/vfs/path.js';
import { MAY_READ } from '../../kernel/vfs/permission.js';
import { resolve } from '../../kernel/vfs/walk.js';
import { encodeText } from '../../base/text.js';
import { BLOCK_SIZE, Callee, DATA_ADDRESS, DATA_OFFSET, newMailbox } from '../../wasi/mailbox.js';
import { isWasm, PAGE } from '../../wasi/module.js';
import { CALLS } from '../../wasi/system.js';
import { MailboxFile } from './mailbox-file.js';
import { MAILBOX_FD, proxyProgram } from './proxy.js';
import type { WasiHost, WasiWorker } from './worker-host.js';

/** Bytes of a program: who has a larger one has something else in mind. */
const PROGRAM_MAX = 256 << 20;
const HEAD = 8;
const PIECE = 1 << 20;
const OUT_OF_MEMORY = 137;
const ABORTED = 134;
/** Linux reports that a file is too large to be a program so. */
const TOO_LARGE = -ENOMEM;

/** What a process of it needs to be told apart from its container. */
export interface WasiSetting {
  host: WasiHost;
  /** Bytes that its memories may have. */
  memory: number;
  cwd: string;
  /** Mount points besides the root. */
  mounts: readonly string[];
}

export interface WasiProcess {
  /** Bytes that its memories have. */
  readonly memory: number;
  /** Nanoseconds that it was not waiting for the kernel: what of them the host gave it nobody tells. */
  readonly cpu: number;
}

/** Time outside of calls. */
class Meter {
  private readonly begun: number;
  private waited = 0;
  private since?: number;
  private ended?: number;

  constructor(private readonly now: () => number) {
    this.begun = now();
  }

  called(): void {
    this.since ??= this.now();
  }
  answered(): void {
    if (this.since !== undefined) this.waited += this.now() - this.since;
    this.since = undefined;
  }
  end(): void {
    this.ended ??= this.since ?? this.now();
  }
  get time(): number {
    return Math.max(0, (this.ended ?? this.since ?? this.now()) - this.begun - this.waited);
  }
}

/** The WebAssembly file that is started by this name; undefined: it is none. */
export function wasmAt(task: Task, path: string, options: Pick<ProgramOptions, 'env'>): Path | undefined {
  // an image of one file names it as it lies in the root
  const names = path.includes('/') ? [path, `/${path}`] : [...candidates(path, options.env), `/${path}`];
  for (const name of names) {
    const found = resolve(task, task.fs.cwd, name);
    if (typeof found === 'number' || !found.inode.isRegular) continue;
    const head = read(task, found, HEAD);
    return typeof head !== 'number' && isWasm(head) ? found : undefined;
  }
  return undefined;
}

/** The first bytes of a file, or all; or a negated errno. */
function read(task: Task, path: Path, most: number): Uint8Array | number {
  const file = path.inode.open(task, O_RDONLY, path);
  if (typeof file === 'number') return file;
  try {
    const bytes = new Uint8Array(Math.min(most, path.inode.size));
    let at = 0;
    while (at < bytes.length) {
      const done = file.readAt(task, new KernelIo(bytes.subarray(at, at + PIECE)), at);
      if (done <= 0) return done < 0 ? done : bytes.slice(0, at);
      at += done;
    }
    return bytes;
  } finally {
    file.release();
  }
}

/** Gives a new process the program at `path`: 0, or a negated errno, and then it has none. */
export function loadWasm(
  task: Task,
  path: Path,
  args: readonly string[],
  env: readonly string[],
  options: ProgramOptions,
  setting: WasiSetting,
): WasiProcess | number {
  const { kernel } = task;
  if (path.inode.size > PROGRAM_MAX) return TOO_LARGE;
  if (path.inode.allows(task, MAY_READ) !== 0) return -EACCES;
  const program = read(task, path, PROGRAM_MAX);
  if (typeof program === 'number') return program;
  if (!isWasm(program)) return -ENOEXEC;
  kernel.payWith(task);
  const failed = becomeProxy(task, options);
  kernel.payWith(undefined);
  if (failed !== 0) return failed;
  task.process.unprotected = true;
  const mailbox = newMailbox();
  const callee = new Callee(mailbox);
  const meter = new Meter(() => kernel.clock.monotonic());
  let worker: WasiWorker | undefined;
  const file = new MailboxFile(task, callee, {
    taken: () => meter.called(),
    answered: () => meter.answered(),
    closed() {
      meter.end();
      worker?.stop();
    },
  });
  task.files.replace(MAILBOX_FD, file, true);
  const { host, memory, cwd, mounts } = setting;
  worker = host.start(
    { program, mailbox, args, env, cwd, memory, preopens: ['/', ...mounts] },
    {
      called() {
        // word of a call may come when it has been answered already
        if (callee.asked) meter.called();
        file.called();
      },
      gone(why, outOfMemory) {
        const words = encodeText(`wasi: ${why}\n`).slice(0, 4096);
        const say = callOf(CALLS.write, [2, DATA_ADDRESS, words.length], words);
        file.finish([say, callOf(CALLS.exit_group, [outOfMemory ? OUT_OF_MEMORY : ABORTED])]);
      },
    },
  );
  return {
    get memory() {
      return callee.pages * PAGE;
    },
    get cpu() {
      return meter.time;
    },
  };
}

function becomeProxy(task: Task, { args, env }: ProgramOptions): number {
  const name = args[0] ?? '';
  const file = task.kernel.openMemory(task, name.slice(name.lastIndexOf('/') + 1), O_RDWR);
  if (typeof file === 'number') return file;
  const image = proxyProgram();
  const written = file.writeAt(task, new KernelIo(image), 0);
  const failed = written === image.length ? exec(task, file.path!, name, args, env) : -ENOMEM;
  file.release();
  return failed;
}

/** A call as the process reads it from its mailbox. */
function callOf(number: number, args: readonly number[], data = new Uint8Array(0)): Uint8Array {
  const block = new Uint8Array(Math.min(BLOCK_SIZE, DATA_OFFSET + data.length));
  const view = new DataView(block.buffer);
  for (const [i, value] of [number, ...args].entries()) view.setUint32(4 * i, value, true);
  block.set(data, DATA_OFFSET);
  return block;
}

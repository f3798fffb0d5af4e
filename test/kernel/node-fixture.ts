// A node for tests: a kernel with a root in memory, and programs run in it to their end. The virtual clock stands still but for sleeps.
import { readFileSync } from 'node:fs';
import { O_RDWR } from '../../src/kernel/abi/fcntl.js';
import { HostInput, HostOutput, HostStream } from '../../src/kernel/fs/host-stream.js';
import { Procfs } from '../../src/kernel/fs/procfs/procfs.js';
import { Tmpfs } from '../../src/kernel/fs/tmpfs.js';
import type { TmpfsInode } from '../../src/kernel/fs/tmpfs-inode.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { createNode, initialNamespaces, mountAt, standardMounts, type StandardMounts } from '../../src/kernel/node.js';
import { PidNamespace } from '../../src/kernel/ns/pid-namespace.js';
import type { FileSystem } from '../../src/kernel/vfs/file-system.js';
import type { Mount } from '../../src/kernel/vfs/mount.js';
import type { Terminal } from '../../src/kernel/tty/terminal.js';
import { compile } from '../../src/vcpu/engine.js';
import type { UserVcpu } from '../../src/vcpu/user-vcpu.js';

/** The compiled core. */
export const CORE = compile(readFileSync(new URL('../../build/core.wasm', import.meta.url)));
export const MEMORY = 128 << 20;
/** Nanoseconds of virtual time for an instruction, and for a look at the clock. */
const LOOK = 1000;

export interface Ended {
  output: string;
  errors: string;
  /** As a shell has it: the exit code, or 128 + the signal. */
  status: number;
}

export class TestNode {
  readonly kernel: Kernel;
  readonly vcpu: UserVcpu;
  readonly root: Tmpfs;
  readonly mounts: StandardMounts;
  /** The part of the virtual time in which others have the host's processor. */
  stolen = 0;
  /** Virtual time that an instruction takes. */
  nanosecondsPerInstruction = 0;
  private time = 0;
  private seed = 7;
  private proc?: Mount;

  /** `rootOf` makes another root than an empty one in memory, on which that one lies as its upper layer. */
  constructor(translated = true, rootOf: (kernel: Kernel, upper: Tmpfs) => FileSystem = (_kernel, upper) => upper) {
    const node = createNode({
      core: CORE,
      memory: MEMORY,
      translate: translated ? 'at once' : undefined,
      clock: {
        now: () => this.now(),
        date: () => 1_700_000_000_000,
        cpuSeconds: () => (this.now() * (1 - this.stolen)) / 1e9,
      },
      random: (into) => {
        for (let i = 0; i < into.length; i++) into[i] = this.seed = (this.seed * 1103515245 + 12345) >>> 8;
      },
    });
    this.kernel = node.kernel;
    this.vcpu = node.vcpu;
    this.root = new Tmpfs(
      this.kernel.newDevice(),
      this.kernel.frames,
      { size: MEMORY / 2, mode: 0o755 },
      this.kernel.clock,
    );
    this.mounts = standardMounts(this.kernel, rootOf(this.kernel, this.root));
    this.directory('/tmp', 0o1777);
  }

  /** Virtual time goes on. */
  skip(nanoseconds: number): void {
    this.time += Math.max(0, nanoseconds);
  }

  private now(): number {
    this.time += LOOK;
    return this.time + (this.vcpu?.instructions ?? 0) * this.nanosecondsPerInstruction;
  }

  /** Makes a directory, and those above it. */
  directory(path: string, mode = 0o755): TmpfsInode {
    let at = this.root.root;
    for (const name of path.split('/').filter(Boolean)) {
      let next = at.lookup(this.kernel.setup, name);
      if (typeof next === 'number')
        next = at.create(this.kernel.setup, name, { mode: 0o040000 | mode, uid: 0, gid: 0 });
      at = next as TmpfsInode;
    }
    return at;
  }

  /** Puts a file into the root. */
  file(path: string, bytes: Uint8Array, mode = 0o755): void {
    const at = path.lastIndexOf('/');
    const directory = this.directory(path.slice(0, at));
    const inode = directory.create(this.kernel.setup, path.slice(at + 1), { mode: 0o100000 | mode, uid: 0, gid: 0 });
    if (typeof inode === 'number') throw new Error(`${path}: errno ${-inode}`);
    const { frames } = this.kernel;
    for (let done = 0; done < bytes.length; done += 4096)
      frames.bytes.set(bytes.subarray(done, done + 4096), frames.hostAddress(inode.cache!.get(done / 4096)));
    inode.size = bytes.length;
  }

  link(from: string, to: string): void {
    const at = to.lastIndexOf('/');
    this.directory(to.slice(0, at)).symlink(this.kernel.setup, to.slice(at + 1), from, {
      mode: 0o120777,
      uid: 0,
      gid: 0,
    });
  }

  /**
   * Runs a program to its end. Throws when nothing can run before that; a hostile program is killed then, with all that it has
   * started, as it is once it has had `patience` nanoseconds.
   */
  run(args: readonly string[], input = '', cwd = '/', patience?: number): Ended {
    const { kernel } = this;
    const giveUp = kernel.clock.monotonic() + (patience ?? Number.POSITIVE_INFINITY);
    const [stdin, stdout, stderr] = [new HostStream(), new HostStream(1 << 24), new HostStream(1 << 24)];
    stdin.push(Buffer.from(input));
    stdin.end();
    // a namespace ends with its process 1, so each run has its own, and a /proc that shows it
    const pids = new PidNamespace(kernel.pidNamespace, kernel.userNamespace);
    this.proc?.detach();
    this.proc = mountAt(kernel, this.mounts.namespace, '/proc', new Procfs(kernel.newDevice(), kernel, pids));
    const process = kernel.startProcess(args[0]!, {
      args,
      env: ['PATH=/bin', 'HOME=/'],
      searchPath: true,
      cwd,
      init: false,
      namespaces: { ...initialNamespaces(kernel, this.mounts.namespace), pidForChildren: pids },
      files: (task) => [new HostInput(task, stdin), new HostOutput(task, stdout), new HostOutput(task, stderr)],
    });
    if (typeof process === 'number') throw new Error(`${args[0]}: errno ${-process}`);
    while (!process.isZombie) {
      const busy = kernel.run(kernel.clock.monotonic() + 1e9);
      if (process.isZombie) break;
      const next = kernel.nextTimer;
      if (patience !== undefined && (kernel.clock.monotonic() > giveUp || next === Number.POSITIVE_INFINITY))
        this.end();
      if (busy) continue;
      if (next === Number.POSITIVE_INFINITY)
        throw new Error(`${args.join(' ')} waits for ever; it said ${text(stdout)}${text(stderr)}`);
      this.time += Math.max(0, next - kernel.clock.monotonic());
    }
    if (patience !== undefined) this.end();
    const status = process.exitStatus!;
    return {
      output: text(stdout),
      errors: text(stderr),
      status: (status & 0x7f) === 0 ? status >> 8 : 128 + (status & 0x7f),
    };
  }

  /** Starts a shell as process 1 on a terminal of its own; keys go in and its screen's characters come out by the terminal. */
  startOnTerminal(args: readonly string[]): Terminal {
    const { kernel } = this;
    const terminal = this.mounts.pts.allocate(kernel.setup)!;
    const started = kernel.startProcess(args[0]!, {
      args,
      env: ['PATH=/bin', 'HOME=/'],
      searchPath: true,
      terminal,
      namespaces: initialNamespaces(kernel, this.mounts.namespace),
      files: (task) => {
        const file = kernel.vfs.open(task, task.fs.root, terminal.name, O_RDWR, 0);
        if (typeof file === 'number') throw new Error(`${terminal.name}: errno ${-file}`);
        return [file, file.hold(), file.hold()];
      },
    });
    if (typeof started === 'number') throw new Error(`${args[0]}: errno ${-started}`);
    return terminal;
  }

  /** Runs what can run, and lets time pass when nothing can, until `seen`. Throws when that can't come any more. */
  runUntil(seen: () => boolean): void {
    const { kernel } = this;
    while (!seen()) {
      if (kernel.run(kernel.clock.monotonic() + 1e6) || seen()) continue;
      if (kernel.nextTimer === Number.POSITIVE_INFINITY) throw new Error('what is waited for never comes');
      this.time += Math.max(0, kernel.nextTimer - kernel.clock.monotonic());
    }
  }

  /** Ends all tasks, whatever they are at. */
  end(): void {
    const { kernel } = this;
    for (let more = 0; kernel.tasks.size > 0; more++) {
      if (more === 1000) throw new Error(`${kernel.tasks.size} tasks do not end`);
      for (const task of kernel.tasks) kernel.signals.endProcess(task.process, 9);
      kernel.run(kernel.clock.monotonic() + 1e9);
    }
  }
}

function text(stream: HostStream): string {
  let all = '';
  while (stream.length > 0) all += Buffer.from(stream.shift(1 << 20)).toString();
  return all;
}

// Processes that the host starts: made without a program, given one, and let run. man 2 execve; what fork makes is in clone.ts.
import { assert } from '../../base/assert.js';
import { ENOENT, ENOMEM } from '../abi/errno.js';
import { I386 } from '../abi/i386/i386.js';
import { SIGCHLD } from '../abi/signal.js';
import type { Cgroup } from '../cgroup/cgroup.js';
import { addPid, removePid } from '../cgroup/pids.js';
import type { Kernel } from '../kernel.js';
import { AddressSpace } from '../mm/address-space.js';
import { PaeTable } from '../mm/page-table.js';
import type { NamespaceSet } from '../ns/namespace-set.js';
import { Credentials } from '../security/credentials.js';
import type { Terminal } from '../tty/terminal.js';
import { FdTable } from '../vfs/fd-table.js';
import type { OpenFile } from '../vfs/open-file.js';
import { resolve } from '../vfs/walk.js';
import { exec } from './exec.js';
import { ProcessGroup, Session } from './job.js';
import { Limits } from './limits.js';
import { Process } from './process.js';
import { SignalActions } from './signals.js';
import { type FsContext, Task } from './task.js';

/** What the host gives a new process before it has a program. */
export interface ProcessOptions {
  cwd?: string;
  credentials?: Credentials;
  /** Open files for descriptors 0, 1 and 2, made for the task that will have them. */
  files?(task: Task): (OpenFile | undefined)[];
  /** False: the process is not process 1 of its namespace, which then has none: orphans go unseen. */
  init?: boolean;
  /** False: it is no child of its namespace's process 1, and nobody but the host hears of its end. */
  adopted?: boolean;
  /** Controlling terminal. */
  terminal?: Terminal;
  namespaces?: NamespaceSet;
  /** Its control group. */
  cgroup?: Cgroup;
}

/** The program of a new process. */
export interface ProgramOptions {
  args: readonly string[];
  env: readonly string[];
  /** A program without a slash is looked for in the PATH of `env`. */
  searchPath?: boolean;
}

/** What a process is started with by the host. */
export type StartOptions = ProcessOptions & ProgramOptions;

/**
 * Starts a process whose program is args[0], looked up by `path`. The process, or a negated errno of exec (nothing is left then).
 */
export function startProcess(kernel: Kernel, path: string, options: StartOptions): Process | number {
  const task = newProcess(kernel, options);
  if (typeof task === 'number') return task;
  const failed = load(kernel, task, path, options);
  if (failed !== 0) {
    discard(task);
    return failed;
  }
  kernel.start(task);
  return task.process;
}

/** A process without a program, which does not run yet: the host sets it up. Then load() and start(), or discard(). */
export function newProcess(kernel: Kernel, options: ProcessOptions): Task | number {
  const { namespaces } = options;
  assert(namespaces !== undefined, 'a process needs namespaces');
  const pid = namespaces.pidForChildren.allocate();
  const registers = kernel.cpu.newRegisters();
  const table = PaeTable.create(kernel.frames, kernel.cpu.kernelDirectory);
  if (!pid || !registers || !table) return -ENOMEM;
  const space = new AddressSpace(kernel.frames, table, kernel.cpu, I386.spaceLayout);
  const { init } = namespaces.pidForChildren;
  const process = new Process(
    kernel,
    pid,
    options.adopted === false ? undefined : init,
    new SignalActions(),
    Limits.initial(),
    kernel.clock.monotonic(),
    SIGCHLD,
  );
  if (pid.number === 1 && options.init !== false) namespaces.pidForChildren.init = process;
  const root = namespaces.mount.rootPath;
  const fs: FsContext = { root, cwd: root, umask: 0o022, users: 1 };
  const credentials = options.credentials ?? Credentials.root(kernel.userNamespace);
  const files = new FdTable(kernel.statistics, kernel.frames.payer);
  const task = new Task(kernel, pid, process, I386, registers, space, fs, files, credentials, namespaces);
  // whoever has a group as its root begins there
  const cgroup = options.cgroup ?? namespaces.cgroup.root;
  addPid(cgroup);
  kernel.cgroups.enter(task, cgroup);
  process.leader = task;
  process.group = new ProcessGroup(pid, new Session(pid, process));
  process.group.add(process);
  if (options.terminal) options.terminal.setSession(process.group.session);
  if (options.cwd) {
    const cwd = resolve(task, root, options.cwd);
    if (typeof cwd === 'number') {
      discard(task);
      return cwd;
    }
    fs.cwd = cwd;
  }
  for (const [fd, file] of (options.files?.(task) ?? []).entries()) if (file) task.files.replace(fd, file, false);
  return task;
}

/** Gives a new process its program, looked up by `path`: 0, or a negated errno, and then it still has none. */
export function load(kernel: Kernel, task: Task, path: string, options: ProgramOptions): number {
  kernel.payWith(task);
  let failed = -ENOENT;
  for (const name of options.searchPath ? candidates(path, options.env) : [path]) {
    const found = resolve(task, task.fs.cwd, name);
    const result = typeof found === 'number' ? found : exec(task, found, name, options.args, options.env);
    // something that is there but can't be started says more than that the next one is not
    if (result === 0 || failed === -ENOENT) failed = result;
    if (result === 0) break;
  }
  kernel.payWith(undefined);
  return failed;
}

/** Is there a program that load() would start, as far as names and rights tell? 0, or a negated errno. */
export function lookUp(task: Task, path: string, options: Pick<ProgramOptions, 'env' | 'searchPath'>): number {
  let failed = -ENOENT;
  for (const name of options.searchPath ? candidates(path, options.env) : [path]) {
    const found = resolve(task, task.fs.cwd, name);
    const result = typeof found === 'number' ? found : task.kernel.vfs.mayExecute(task, found);
    if (result === 0) return 0;
    if (failed === -ENOENT) failed = result;
  }
  return failed;
}

/** A task that never ran goes. */
export function discard(task: Task): void {
  const { kernel, process } = task;
  process.groupExit = 0;
  task.state = 'dead';
  kernel.cgroups.leave(task);
  removePid(task.cgroup);
  process.threads.delete(task);
  task.files.closeAll();
  task.space.free();
  kernel.cpu.leave(task.space);
  kernel.cpu.freeRegisters(task);
  task.leaveNamespaces();
  process.group.remove(process);
  process.parent?.children.delete(process);
  task.pid.task = undefined;
  task.pid.process = undefined;
  if (task.pid.namespace.init === process) task.pid.namespace.init = undefined;
  task.pid.releaseIfUnused();
}

/** Where a shell would look for `program`. */
export function candidates(program: string, env: readonly string[]): string[] {
  if (program.includes('/')) return [program];
  const path = env.find((entry) => entry.startsWith('PATH='))?.slice(5) ?? '/usr/bin:/bin';
  return path.split(':').map((directory) => `${directory || '.'}/${program}`);
}

// A container of a node: from its config to the end of its process, by the verbs of the runtime-spec.
// OCI runtime-spec, runtime.md, "Lifecycle". From create on its process is there, without a program; start gives it one.
import type { ProcessSpec, ResourcesSpec, RuntimeSpec } from '../base/runtime-spec.js';
import { encodeText } from '../base/text.js';
import { EACCES, ENOENT, ENOEXEC, ENOTDIR, errnoName } from '../kernel/abi/errno.js';
import { SIGCHLD, SIGKILL, SI_USER } from '../kernel/abi/signal.js';
import type { Cgroup } from '../kernel/cgroup/cgroup.js';
import { Devpts } from '../kernel/fs/devpts.js';
import type { Kernel } from '../kernel/kernel.js';
import type { MountNamespace } from '../kernel/ns/mount-namespace.js';
import { holdNamespaces, type NamespaceSet, releaseNamespaces } from '../kernel/ns/namespace-set.js';
import { discard, load, lookUp, newProcess, type ProgramOptions } from '../kernel/task/new-process.js';
import type { UserNamespace } from '../kernel/ns/user-namespace.js';
import type { Process } from '../kernel/task/process.js';
import { endTask } from '../kernel/task/exit.js';
import { HANDLER_IGNORE } from '../kernel/task/signals.js';
import type { Task } from '../kernel/task/task.js';
import { Dentry } from '../kernel/vfs/dentry.js';
import type { FileSystem } from '../kernel/vfs/file-system.js';
import { resolve } from '../kernel/vfs/walk.js';
import type { MountSources } from './binds.js';
import { makeDevices } from './devices.js';
import {
  makeReadOnly,
  makeRootReadOnly,
  mask,
  mountAll,
  type MountedFiles,
  mountFiles,
  propagateRoot,
} from './mounts.js';
import { namespacesOf, rootOf, userNamespaceOf } from './namespaces.js';
import { fileAt, writeText } from './place.js';
import { becomeUser, identityOf, type Identity, limitProcess } from './process-setup.js';
import { checked, Refusal } from './refusal.js';
import { groupNamespace, makeGroup, setDevices, setResources } from './resources.js';
import { PipeStdio, type Stdio, type StdioEvents, TerminalStdio } from './stdio.js';
import { WasiPrograms } from './wasi/programs.js';
import type { WasiHost } from './wasi/worker-host.js';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A process of a container that the engine speaks with. */
export interface Running {
  readonly task: Task;
  readonly stdio: Stdio;
  readonly spec: ProcessSpec;
  readonly identity: Identity;
}

export type ContainerStatus = 'created' | 'running' | 'paused' | 'stopped';

export class Container {
  private readonly kernel: Kernel;
  private readonly namespaces: NamespaceSet;
  /** Whose ids count in it. */
  private readonly owner: UserNamespace;
  private readonly mounts: MountNamespace;
  readonly cgroup: Cgroup;
  readonly init: Running;
  /** Process 1 where the program is not: it never runs. */
  private readonly reaper?: Task;
  /** By their names. */
  readonly execs = new Map<string, Running>();
  private started = false;
  private paused = false;
  /** Kills for want of memory in its group that have been told. */
  oomKills = 0;
  /** Its programs that are WebAssembly. */
  readonly wasi: WasiPrograms;

  /** Creates it. Throws Refusal, and then nothing is left of it. */
  constructor(
    kernel: Kernel,
    readonly id: string,
    root: FileSystem,
    readonly spec: RuntimeSpec,
    sources: MountSources & { mounted: MountedFiles },
    events: StdioEvents,
    reaper = false,
    wasi?: WasiHost,
  ) {
    this.kernel = kernel;
    this.wasi = new WasiPrograms(kernel, spec, wasi);
    const linux = spec.linux ?? {};
    if (!spec.process) throw new Refusal('invalid', 'config.json: process is needed');
    this.owner = userNamespaceOf(kernel, linux);
    this.cgroup = makeGroup(kernel, linux.cgroupsPath ?? id, this.owner);
    this.mounts = kernel.newMountNamespace(root, this.owner);
    try {
      const group = groupNamespace(kernel, this.cgroup, this.owner);
      this.namespaces = holdNamespaces(namespacesOf(kernel, linux, this.mounts, group));
    } catch (error) {
      this.mounts.release();
      kernel.cgroups.remove(this.cgroup);
      throw error;
    }
    let task: Task | number = -ENOENT;
    try {
      if (reaper) this.reaper = this.makeReaper();
      task = this.newProcess(reaper);
      setResources(task, this.cgroup, linux.resources ?? {});
      setDevices(this.cgroup, linux.resources?.devices);
      this.init = this.setUp(task, spec, sources, events);
    } catch (error) {
      if (typeof task !== 'number') discard(task);
      if (this.reaper) discard(this.reaper);
      this.release();
      throw error;
    }
  }

  /** A process without a program, which is root of the container's user namespace while it is set up. */
  private newProcess(adopted: boolean): Task {
    const { namespaces, owner, cgroup } = this;
    return checked('the process', newProcess(this.kernel, { namespaces, cgroup, adopted, credentials: rootOf(owner) }));
  }

  /** A process that only its namespace knows of. What it inherits goes by itself, as it does not care for its children. */
  private makeReaper(): Task {
    const task = this.newProcess(false);
    const { actions } = task.process;
    actions.set(SIGCHLD, { ...actions.get(SIGCHLD), handler: HANDLER_IGNORE });
    task.comm = 'init';
    return task;
  }

  /** The program has ended, and process 1 goes with it: whoever is left ends. What it has changed is written back. */
  programEnded(): void {
    for (const { fs } of this.mounts.rootPath.mount.tree()) fs.writeBack();
    if (this.reaper && this.reaper.state !== 'dead') endTask(this.reaper, this.init.task.process.exitStatus ?? 0);
  }

  private setUp(
    task: Task,
    spec: RuntimeSpec,
    sources: MountSources & { mounted: MountedFiles },
    events: StdioEvents,
  ): Running {
    const linux = spec.linux ?? {};
    const { uts } = this.namespaces;
    if (spec.hostname !== undefined && uts !== this.kernel.utsNamespace) uts.hostname = spec.hostname.slice(0, 64);
    if (spec.domainname !== undefined && uts !== this.kernel.utsNamespace)
      uts.domainname = spec.domainname.slice(0, 64);
    const { credentials: user } = identityOf(this.kernel, this.owner, this.mounts.rootPath, spec.process!);
    mountAll(task, spec.mounts ?? [], sources, user);
    mountFiles(task, sources.mounted);
    makeDevices(task, linux.devices ?? []);
    for (const [name, value] of Object.entries(linux.sysctl ?? {}))
      writeText(task, `/proc/sys/${name.replaceAll('.', '/')}`, value, `sysctl ${name}`);
    const running = this.process(task, spec.process!, events);
    if (running.stdio instanceof TerminalStdio) this.mountConsole(task, running.stdio);
    makeReadOnly(task, linux.readonlyPaths ?? []);
    mask(task, linux.maskedPaths ?? []);
    if (linux.rootfsPropagation) propagateRoot(task, linux.rootfsPropagation);
    becomeUser(task, running.spec, running.identity.credentials, true);
    // last, as what the user is may have to be made
    if (spec.root?.readonly) makeRootReadOnly(task);
    // that there is none is known before anything runs: callers of create tell 127 by it, as from runc
    const { program, path, options } = programOf(running);
    const failed = this.wasi.find(task, path, options) ? 0 : lookUp(task, path, options);
    if (failed !== 0) throw refusalOf(program, -failed);
    return running;
  }

  /** Who a new process is, its limits and its streams. */
  private process(task: Task, spec: ProcessSpec, events: StdioEvents): Running {
    const root = this.mounts.rootPath;
    const identity = identityOf(this.kernel, this.owner, root, spec);
    limitProcess(task, spec, this.spec.linux);
    const stdio: Stdio = spec.terminal ? new TerminalStdio(this.pts(task), task, events) : new PipeStdio(events);
    if (spec.consoleSize) stdio.resize?.(spec.consoleSize.height, spec.consoleSize.width);
    for (const [fd, file] of stdio.files(task).entries()) {
      if (!file) continue;
      // who opens them again by /proc/self/fd, as a log is linked to /dev/stdout, is the user
      file.inode.setAttributes(task, { uid: identity.credentials.uid });
      task.files.replace(fd, file, false);
    }
    return { task, stdio, spec, identity };
  }

  private pts(task: Task): Devpts {
    const place = resolve(task, task.fs.root, '/dev/pts');
    const fs = typeof place === 'number' ? undefined : place.covered.mount.fs;
    if (!(fs instanceof Devpts)) throw new Refusal('invalid', 'a terminal needs a devpts at /dev/pts');
    return fs;
  }

  /** /dev/console is the container's terminal. */
  private mountConsole(task: Task, { terminal }: TerminalStdio): void {
    const pts = this.pts(task);
    const entry = pts.terminals.get(terminal.index);
    if (!entry) return;
    const { mount, dentry } = fileAt(task, '/dev/console').covered;
    const shown = new Dentry(String(terminal.index), undefined, entry.inode);
    mount.attach(this.kernel.newMount(pts, shown, 0), dentry);
  }

  get status(): ContainerStatus {
    if (this.init.task.process.isZombie || this.init.task.state === 'dead') return 'stopped';
    return !this.started ? 'created' : this.paused ? 'paused' : 'running';
  }

  private require(...wanted: ContainerStatus[]): void {
    if (!wanted.includes(this.status))
      throw new Refusal('conflict', `container ${this.id} is ${this.status}, not ${wanted.join(' or ')}`);
  }

  get pid(): number {
    return this.init.task.pid.in(this.kernel.pidNamespace);
  }

  start(): void {
    this.require('created');
    this.launch(this.init);
    this.started = true;
  }

  /** Gives a process its program, and lets it run. Throws Refusal; the process has not begun then. */
  private launch(running: Running): void {
    const { program, path, options } = programOf(running);
    const wasm = this.wasi.find(running.task, path, options);
    const failed = wasm ? this.wasi.load(running, wasm, options) : load(this.kernel, running.task, path, options);
    if (failed !== 0) throw refusalOf(program, -failed);
    this.kernel.start(running.task);
  }

  exec(name: string, spec: ProcessSpec, events: StdioEvents): Running {
    this.require('created', 'running', 'paused');
    if (this.execs.has(name)) throw new Refusal('conflict', `exec ${name} is there already`);
    const task = this.newProcess(false);
    try {
      const running = this.process(task, spec, events);
      // what is in the container is for it: its own rights count from here on
      becomeUser(task, { ...spec, cwd: spec.cwd ?? this.spec.process?.cwd }, running.identity.credentials, false);
      this.launch(running);
      this.execs.set(name, running);
      return running;
    } catch (error) {
      discard(task);
      throw error;
    }
  }

  /** The process of that name, or the container's own. */
  running(exec: string | undefined): Running | undefined {
    return exec === undefined ? this.init : this.execs.get(exec);
  }

  kill(exec: string | undefined, signal: number, all: boolean): void {
    const running = this.running(exec);
    if (!running || this.status === 'stopped') throw new Refusal('conflict', `container ${this.id} is not running`);
    if (this.status === 'created' && exec === undefined) {
      if (signal === SIGKILL) this.discard();
      return;
    }
    const processes = new Set<Process>([running.task.process]);
    if (all) for (const group of this.cgroup.tree()) for (const process of group.processes) processes.add(process);
    for (const process of processes) this.kernel.signals.toProcess(process, { signal, code: SI_USER, pid: 0, uid: 0 });
  }

  pause(): void {
    this.require('running');
    this.wasi.refuse('it can not be paused: nothing stops a worker for a while');
    this.paused = true;
    this.kernel.cgroups.freeze(this.cgroup, true);
  }

  resume(): void {
    this.require('paused');
    this.paused = false;
    this.kernel.cgroups.freeze(this.cgroup, false);
  }

  update(resources: ResourcesSpec): void {
    const { memory, cpu } = resources;
    if (memory?.limit || cpu) this.wasi.refuse('its limits can not be changed: they are the maxima of its memories');
    setResources(this.init.task, this.cgroup, resources);
  }

  /** Ends whoever is left, without waiting for it. */
  destroy(): void {
    if (this.status === 'created') this.discard();
    else for (const group of this.cgroup.tree()) this.kernel.cgroups.kill(group);
  }

  /** What has not begun goes. */
  private discard(): void {
    discard(this.init.task);
    if (this.reaper) discard(this.reaper);
  }

  /** Nobody is in it any more: its namespaces and its group go. */
  release(): void {
    this.programEnded();
    releaseNamespaces(this.namespaces);
    this.mounts.release();
    for (const group of [...this.cgroup.tree()].reverse()) this.kernel.cgroups.remove(group);
  }
}

/** The program of a process, as the kernel takes it. Throws Refusal. */
function programOf({ spec, identity }: Running): { program: string; path: string; options: ProgramOptions } {
  const args = spec.args ?? [];
  const program = args[0];
  if (program === undefined || program === '') throw new Refusal('not-found', 'no command is given');
  const env = environment(spec.env ?? [], identity.home);
  const bytes = (text: string): string => String.fromCharCode(...encodeText(text));
  return { program, path: bytes(program), options: { args: args.map(bytes), env: env.map(bytes), searchPath: true } };
}

/** What every program finds: PATH and HOME, where the config has none. */
function environment(env: readonly string[], home: string | undefined): string[] {
  const has = (name: string): boolean => env.some((entry) => entry.startsWith(`${name}=`));
  return [...env, ...(has('PATH') ? [] : [DEFAULT_PATH]), ...(has('HOME') ? [] : [`HOME=${home || '/'}`])];
}

/** In the words of the engines that people know, which clients read 126 and 127 from. */
function refusalOf(program: string, errno: number): Refusal {
  const say = (why: string): string => `exec: "${program}": ${why}`;
  if (errno === ENOENT || errno === ENOTDIR) {
    const why = program.includes('/') ? 'no such file or directory' : 'executable file not found in $PATH';
    return new Refusal('not-found', program.includes('/') ? say(`stat ${program}: ${why}`) : say(why));
  }
  if (errno === EACCES) return new Refusal('not-executable', say('permission denied'));
  if (errno === ENOEXEC) return new Refusal('not-executable', say('exec format error (programs for i386 can be run)'));
  return new Refusal('not-executable', say(errnoName(errno)));
}

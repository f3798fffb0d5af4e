// The programs of a node, each with a root, namespaces and a group of its own but for those that it shares: how one starts, and what is
// taken down behind it. OCI runtime-spec, config-linux.md, "Namespaces"; man 7 namespaces.
import { InputError, messageOf } from '../base/errors.js';
import type { NodeHost } from '../hosts/node/host.js';
import { SharedFolder } from '../hosts/node/shared-folder.js';
import { EACCES, ENOENT, ENOEXEC, ENOTDIR, errnoName } from '../kernel/abi/errno.js';
import type { Cgroup } from '../kernel/cgroup/cgroup.js';
import type { CgroupNamespace } from '../kernel/cgroup/cgroup-namespace.js';
import { limitedGroup } from '../kernel/cgroup/limits.js';
import { Devpts } from '../kernel/fs/devpts.js';
import type { Hostfs } from '../kernel/fs/hostfs.js';
import type { Kernel } from '../kernel/kernel.js';
import { mountAt, type StandardMounts, standardMounts } from '../kernel/node.js';
import { createProgramNamespaces } from '../kernel/ns/create-namespaces.js';
import type { MountNamespace } from '../kernel/ns/mount-namespace.js';
import type { NamespaceSet } from '../kernel/ns/namespace-set.js';
import type { NetNamespace } from '../kernel/ns/net-namespace.js';
import { UserNamespace } from '../kernel/ns/user-namespace.js';
import { UtsNamespace } from '../kernel/ns/uts-namespace.js';
import { Credentials } from '../kernel/security/credentials.js';
import type { Process } from '../kernel/task/process.js';
import { type Console, type Ends, PipeConsole, TerminalConsole } from './kernel-console.js';
import type { SharedKind, Shares } from './kernel-isolation.js';
import { mountNetworkFiles, type NodeNetwork, openNodeNetwork } from './kernel-network.js';
import type { Bind, ProgramOptions } from './kernel-options.js';
import { type Root, Roots, volume } from './kernel-root.js';
import { OuterSignals } from './kernel-signals.js';
import type { Layer } from '../oci/store/layer-store.js';
import { type User, userOf } from '../node/user-name.js';

const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
/** The group of a node's first program; those of others have a number behind it. */
const FIRST = 'program';
/** Programs that a node has at a time. */
const PROGRAMS_MAX = 1024;

/** A program that the root has not, or that can't be executed: the status is that of a shell. */
export class NotStarted extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export interface Program {
  readonly process: Process;
  /** Its number in the node. */
  readonly pid: number;
  readonly name: string;
  readonly group: Cgroup;
  readonly signals: OuterSignals;
  /** Resolves once it has ended: its status, as a shell has it. */
  readonly ended: Promise<number>;
  /** All of its output is out, and what was its own is gone. Throws InputError when changes of its root can't be kept. */
  close(): Promise<void>;
}

/** A root whose program has ended; without a namespace it was never mounted. */
interface LeftRoot {
  root: Root;
  namespace: MountNamespace | undefined;
}

export class Programs {
  readonly running = new Set<Program>();
  private readonly roots: Roots;
  private readonly ends = new Map<Process, () => void>();
  private readonly networks = new WeakMap<NetNamespace, NodeNetwork>();
  private readonly left = new Set<LeftRoot>();
  private groups = 0;
  private starting = 0;

  constructor(
    readonly kernel: Kernel,
    readonly host: NodeHost,
    /** All input is there before a program starts. */
    private readonly early: boolean,
  ) {
    this.roots = new Roots(kernel);
    kernel.onProcessEnded = (process) => this.ends.get(process)?.();
  }

  /**
   * Starts `args[0]` with standard streams `ends`. `image`: the layers of options.image. `pass` gives the kernel time, where nobody drives it
   * yet. Throws InputError or NotStarted.
   */
  async start(
    options: ProgramOptions,
    args: readonly string[],
    ends: Ends,
    image: readonly Layer[],
    pass = this.wait,
  ): Promise<Program> {
    if (this.running.size + this.starting >= PROGRAMS_MAX)
      throw new InputError(`the node has ${PROGRAMS_MAX} programs already`, 'Wait until one has ended.');
    this.starting++;
    const undo: (() => void)[] = [];
    try {
      return await this.begin(options, args, ends, image, pass, undo);
    } catch (error) {
      takeDown(undo);
      throw error;
    } finally {
      this.starting--;
    }
  }

  /** Lets the loop that drives the kernel go on. */
  private readonly wait = (): Promise<void> => {
    this.host.wake();
    return new Promise((done) => setTimeout(done, 2));
  };

  private async begin(
    options: ProgramOptions,
    args: readonly string[],
    ends: Ends,
    image: readonly Layer[],
    pass: () => Promise<void>,
    undo: (() => void)[],
  ): Promise<Program> {
    const { kernel, host } = this;
    const shared = this.sharedWith(options.shares);
    const owner = shared.user ?? this.userNamespace(options);
    // limits may name the disks that the root makes
    const root = shared.set.mount ? undefined : await this.roots.open(options, owner, image);
    let made: StandardMounts | undefined;
    if (root) undo.push(() => this.leave({ root, namespace: made?.namespace }));
    const volumes = options.binds.map((bind) => this.volume(bind, owner, undo));
    const cgroup = shared.set.cgroup ?? this.group(options, owner, undo);
    const uts = shared.set.uts ?? new UtsNamespace(options.hostname, '(none)', owner);
    const namespacesOfItsOwn = createProgramNamespaces(kernel, owner, { ...shared.set, uts });
    if (typeof namespacesOfItsOwn === 'number') throw new Error(errnoName(-namespacesOfItsOwn));
    const set = { ...namespacesOfItsOwn, cgroup };
    // the first of all has the kernel's own interfaces
    if (cgroup.root.name === FIRST && owner === kernel.userNamespace) set.net = kernel.netNamespace;
    // what nobody has entered yet goes with the last who holds it
    for (const one of Object.values(set)) undo.push(() => one.release());
    for (const one of Object.values(set)) one.hold();

    if (root) made = standardMounts(kernel, root.fs, set, owner);
    const mounts = made ?? mountsOf(shared.set.mount!);
    for (const [i, { path }] of options.binds.entries())
      if (!mountAt(kernel, mounts.namespace, path, volumes[i]!))
        throw new InputError(
          `--bind: ${path} is no directory of the root`,
          'Make it there first, or choose one that is there.',
        );
    const namespaces: NamespaceSet = { ...set, mount: mounts.namespace };

    if (!shared.set.net) {
      const opened = await openNodeNetwork(set.net, host, options.net, options.netRate, pass);
      if (opened) this.networks.set(set.net, opened);
      if (opened) undo.push(() => opened.close());
    }
    const network = this.networks.get(set.net);
    if (network && !shared.set.mount) mountNetworkFiles(kernel, mounts.namespace, set.uts.hostname, network);

    const user = userOf(kernel, mounts.namespace.rootPath, options.user);
    const credentials = credentialsOf(owner, user, options.user);
    const console_ = this.console(options, mounts, credentials, ends, !shared.set.mount);
    await console_.prepare();
    const process = this.launch(options, args, namespaces, user, credentials, console_, !shared.set.pidForChildren);
    console_.open();
    host.wake();
    return this.program(process, args[0]!, set.cgroup.root, console_, undo);
  }

  /** A program has ended that a root was made for: who else is in its mounts may stay there. */
  private leave(left: LeftRoot): void {
    if (left.namespace && this.isEntered(left.namespace)) this.left.add(left);
    else letGo(left);
  }

  private isEntered(namespace: MountNamespace): boolean {
    for (const { namespaces } of this.kernel.tasks) if (namespaces.mount === namespace) return true;
    return false;
  }

  /** Roots that nobody is in any more go; `all`: nothing runs any more. */
  private settle(all = false): void {
    for (const left of [...this.left]) {
      if (!all && this.isEntered(left.namespace!)) continue;
      this.left.delete(left);
      try {
        letGo(left);
      } catch (error) {
        // whoever has given it is gone
        process.stderr.write(`tabvisor: ${messageOf(error)}\n`);
      }
    }
  }

  /** The namespaces that are others' already. */
  private sharedWith(shares: Shares): { set: Partial<NamespaceSet>; user?: UserNamespace } {
    const set: { -readonly [K in keyof NamespaceSet]?: NamespaceSet[K] } = {};
    const of = (kind: SharedKind) => (shares[kind] === undefined ? undefined : this.processOf(kind, shares[kind]));
    const mount = of('mnt');
    if (mount) set.mount = mount.leader.namespaces.mount;
    const net = of('net');
    if (net) set.net = net.leader.namespaces.net;
    const ipc = of('ipc');
    if (ipc) set.ipc = ipc.leader.namespaces.ipc;
    const uts = of('uts');
    if (uts) set.uts = uts.leader.namespaces.uts;
    const cgroup = of('cgroup');
    if (cgroup) set.cgroup = cgroup.leader.namespaces.cgroup;
    const time = of('time');
    if (time) {
      set.time = time.leader.namespaces.time;
      set.timeForChildren = set.time;
    }
    const pid = of('pid');
    if (pid) set.pidForChildren = pid.pid.namespace;
    return { set, user: of('user')?.leader.credentials.userNamespace };
  }

  private processOf(kind: SharedKind, number: number): Process {
    const found = this.kernel.pidNamespace.find(number)?.process;
    if (found && !found.isZombie && !found.pid.namespace.dead) return found;
    const there = [...this.running].map(({ pid, name }) => `${pid} (${name})`).join(', ');
    throw new InputError(
      `--share ${kind}=${number}: the node has no such process`,
      `Its programs are ${there}; tabvisor kernel top shows them.`,
    );
  }

  private userNamespace({ userMap }: ProgramOptions): UserNamespace {
    const { userNamespace } = this.kernel;
    if (!userMap) return userNamespace;
    const made = UserNamespace.mapped(userNamespace, userMap);
    if (!made) throw new InputError('--userns: ids end at 4294967294', 'Give a range that ends before.');
    return made;
  }

  private group({ limits }: ProgramOptions, owner: UserNamespace, undo: (() => void)[]): CgroupNamespace {
    const { kernel } = this;
    const { all } = kernel.disks;
    const known = (given: string): boolean =>
      given === 'all' || all.some(({ name, number }) => given === name || given === number);
    const unknown = limits.io?.find(({ disk }) => !known(disk));
    if (unknown)
      throw new InputError(
        `--io-max ${unknown.disk}: there is no such disk`,
        `There are ${all.map(({ name }) => name).join(', ') || 'none'}; all is each of them.`,
      );
    const name = this.groups++ === 0 ? FIRST : `${FIRST}-${this.groups}`;
    const made = limitedGroup(kernel, name, limits, owner);
    if (!made) throw new InputError('the node can have no more groups', 'Wait until a program has ended.');
    undo.push(() => {
      // a group that another program is in stays
      for (const group of [...made.root.tree()].reverse()) kernel.cgroups.remove(group);
    });
    return made;
  }

  private volume({ host, readOnly }: Bind, owner: UserNamespace, undo: (() => void)[]): Hostfs {
    const { kernel } = this;
    const owners = owner.parent ? owner : undefined;
    const fs = volume(kernel, new SharedFolder(host, readOnly, 'bind'), { live: true, readOnly, owners });
    fs.source = host;
    undo.push(() => kernel.disks.removeOf(fs));
    return fs;
  }

  private console(
    options: ProgramOptions,
    { namespace, pts }: StandardMounts,
    credentials: Credentials,
    ends: Ends,
    alone: boolean,
  ): Console {
    if (!options.tty) return new PipeConsole(options.interactive, this.host, this.early, ends);
    const console_ = new TerminalConsole(this.kernel, pts, credentials, this.host, ends);
    if (alone) console_.mount(namespace);
    return console_;
  }

  private launch(
    options: ProgramOptions,
    args: readonly string[],
    namespaces: NamespaceSet,
    { home }: User,
    credentials: Credentials,
    console_: Console,
    init: boolean,
  ): Process {
    const program = args[0]!;
    let isInDirectory = false;
    const { env } = options;
    const started = this.kernel.startProcess(program, {
      ...{ args, credentials, namespaces, init, adopted: init },
      env: env.some((entry) => entry.startsWith('HOME=')) ? env : [...env, `HOME=${home || '/'}`],
      cwd: options.cwd,
      searchPath: true,
      files: (task) => {
        isInDirectory = true;
        return console_.files(task);
      },
    });
    if (typeof started !== 'number') return started;
    if (!isInDirectory)
      throw new InputError(
        `--cwd ${options.cwd}: ${-started === ENOENT ? 'no such directory in the root' : errnoName(-started)}`,
        'It must be there when the program starts; --bind brings one too.',
      );
    throw refusal(program, -started);
  }

  private program(process: Process, name: string, group: Cgroup, console_: Console, undo: (() => void)[]): Program {
    const { kernel, host } = this;
    const signals = new OuterSignals(process, () => host.wake());
    const ended = new Promise<number>((resolve) => {
      this.ends.set(process, () => {
        this.ends.delete(process);
        const status = process.exitStatus!;
        const shown = (status & 0x7f) === 0 ? status >> 8 : 128 + (status & 0x7f);
        resolve(signals.endedBy === undefined ? shown : 128 + signals.endedBy);
      });
    });
    const program: Program = {
      ...{ process, name, group, signals, ended, pid: process.pid.in(kernel.pidNamespace) },
      close: async () => {
        this.running.delete(program);
        for (const fs of kernel.mounted) fs.sync();
        await console_.close();
        takeDown(undo);
        this.settle(this.running.size === 0);
      },
    };
    this.running.add(program);
    return program;
  }
}

function letGo({ root, namespace }: LeftRoot): void {
  try {
    root.close();
  } finally {
    namespace?.release();
    root.gone();
  }
}

/** All steps, the last first, whatever one of them throws. */
function takeDown(steps: (() => void)[]): void {
  for (let step = steps.pop(); step; step = steps.pop())
    try {
      step();
    } catch (error) {
      takeDown(steps);
      throw error;
    }
}

/** Who `user` is in the kernel's ids. Throws InputError. */
function credentialsOf(owner: UserNamespace, user: User, text: string): Credentials {
  const { uids, gids } = owner;
  const known = <T>(id: T | undefined): T => {
    if (id === undefined)
      throw new InputError(`--user ${text}: has an id that --userns does not map`, 'Map a range that has it.');
    return id;
  };
  const groups = user.groups.map((gid) => known(gids.inKernel(gid)));
  return Credentials.user(owner, known(uids.inKernel(user.uid)), known(gids.inKernel(user.gid)), groups);
}

/** Where the terminals of a mount namespace are. */
function mountsOf(namespace: MountNamespace): StandardMounts {
  for (const { fs } of namespace.mounts()) if (fs instanceof Devpts) return { namespace, pts: fs };
  return { namespace, pts: new Devpts(0, { mode: 0o620, ptmxMode: 0o666 }) };
}

function refusal(program: string, errno: number): NotStarted {
  const found = errno !== ENOENT && errno !== ENOTDIR;
  const why = !found
    ? 'there is no such program in the root'
    : errno === EACCES
      ? 'it may not be executed'
      : errno === ENOEXEC
        ? 'it is no program for a 32-bit x86'
        : errnoName(errno);
  return new NotStarted(`${program}: ${why}`, found ? NOT_EXECUTABLE : NOT_FOUND);
}

// The kernel of a node: what all its tasks share, and the calls by which its host drives it. Nothing here is global: names, pids and
// mounts hang off namespaces.
// Ours, after Linux's ABI; docs/KERNEL.md.
import { assert } from '../base/assert.js';
import { uuid } from '../base/uuid.js';
import type { UserVcpu } from '../vcpu/user-vcpu.js';
import type { Abi } from './abi/abi.js';
import { makedev } from './abi/device-number.js';
import { ERRNO_MAX } from './abi/errno.js';
import { MAP_FIXED, MAP_PRIVATE, PROT_EXEC, PROT_READ } from './abi/mman.js';
import { SIGCHLD, SIGCONT, CLD_CONTINUED, CLD_STOPPED, SA_NOCLDSTOP } from './abi/signal.js';
import { MS_NOATIME, MS_RELATIME } from './abi/mount.js';
import { ANON_INODE_FS_MAGIC, PIPEFS_MAGIC, S_IFREG, SOCKFS_MAGIC } from './abi/stat.js';
import { Disks } from './block/disks.js';
import { Hierarchy } from './cgroup/hierarchy.js';
import { reclaimAnywhere } from './cgroup/memory-limit.js';
import { notePressure } from './cgroup/pressure.js';
import { Clock, type ClockSource } from './clock.js';
import { AnonymousFs } from './fs/anonymous.js';
import { openDevice } from './fs/devices.js';
import { Devpts } from './fs/devpts.js';
import { InotifyLimits } from './fs/inotify.js';
import { KernelLog } from './fs/kmsg.js';
import { Nsfs } from './fs/nsfs.js';
import { openFifo } from './fs/pipe.js';
import { Tmpfs } from './fs/tmpfs.js';
import type { AddressSpace } from './mm/address-space.js';
import { Frames, PAGE_SIZE } from './mm/frames.js';
import { PageCache } from './mm/page-cache.js';
import { IpcNamespace } from './ns/ipc-namespace.js';
import { MountNamespace } from './ns/mount-namespace.js';
import type { Capture } from './net/capture.js';
import { FrameQueue } from './net/link/frame-queue.js';
import { NetNamespace } from './ns/net-namespace.js';
import { PidNamespace } from './ns/pid-namespace.js';
import { UserNamespace } from './ns/user-namespace.js';
import { TimeNamespace } from './ns/time-namespace.js';
import { UtsNamespace } from './ns/uts-namespace.js';
import { RELEASE, VERSION } from './release.js';
import { Credentials } from './security/credentials.js';
import { SyscallTable } from './syscalls/dispatch.js';
import { SYSCALLS } from './syscalls/table.js';
import { type StartOptions, startProcess } from './task/new-process.js';
import { FutexTable } from './task/futex.js';
import { victimOf } from './task/oom.js';
import { type Process, uidSeenBy } from './task/process.js';
import { Processor } from './task/processor.js';
import { Runner } from './task/run.js';
import { Scheduler, urgencyOf } from './task/scheduler.js';
import { PRESSURE_CPU } from './task/stall.js';
import type { SignalInfo } from './task/signals.js';
import { SignalService } from './task/signal-service.js';
import { Statistics } from './task/statistics.js';
import type { Task } from './task/task.js';
import { Timers } from './task/timers.js';
import { WaitQueue } from './task/wait-queue.js';
import { killForMemory } from './task/trap.js';
import type { Terminal } from './tty/terminal.js';
import type { Actor } from './vfs/actor.js';
import { LockedFiles } from './vfs/file-locks.js';
import type { FileSystem } from './vfs/file-system.js';
import { Dentry } from './vfs/dentry.js';
import type { Inode } from './vfs/inode.js';
import type { Mount } from './vfs/mount.js';
import { MountTable } from './vfs/mount-table.js';
import type { OpenFile } from './vfs/open-file.js';
import { Path } from './vfs/path.js';
import { Vfs } from './vfs/vfs.js';

export interface KernelOptions {
  vcpu: UserVcpu;
  memory: ArrayBuffer;
  /** Bytes of `memory` that are frames, from HOST_RAM on. */
  ram: number;
  clock: ClockSource;
  /** Fills an array with random bytes. */
  random(into: Uint8Array): void;
  hostname?: string;
  /** Told of each call, when it has been made and when it has its result: strace. */
  tracer?: Tracer;
}

export interface Tracer {
  /** A call begins. */
  enter(task: Task, number: number): void;
  /** It has its result, or is to wait. */
  leave(task: Task, number: number, result: number): void;
  signal?(task: Task, info: SignalInfo): void;
  exited?(task: Task, status: number): void;
}

/** Tasks that a node has at most, and frames for each of them: Linux too has fewer where memory is small (kernel/fork.c, set_max_threads). */
const MAX_TASKS = 8192;
const FRAMES_A_TASK = 16;
/** Open files that there may be in the smallest memory. */
const NR_FILE = 8192;

export class Kernel {
  readonly frames: Frames;
  readonly cpu: Processor;
  readonly clock: Clock;
  readonly timers = new Timers();
  readonly scheduler = new Scheduler(this);
  readonly signals = new SignalService();
  readonly futexes = new FutexTable();
  /** Of who waits for a time or a signal alone. */
  readonly never = new WaitQueue();
  readonly vfs: Vfs;
  readonly tasks = new Set<Task>();
  readonly statistics = new Statistics();
  readonly mounts = new MountTable(this);
  readonly maxTasks: number;
  readonly userNamespace = UserNamespace.initial();
  readonly pidNamespace: PidNamespace;
  readonly utsNamespace: UtsNamespace;
  readonly ipcNamespace: IpcNamespace;
  readonly netNamespace: NetNamespace;
  readonly netNamespaces = new Set<NetNamespace>();
  /** Frames between interfaces. */
  readonly links = new FrameQueue();
  readonly timeNamespace: TimeNamespace;
  readonly anonymous: AnonymousFs;
  readonly pipes: AnonymousFs;
  readonly sockets: AnonymousFs;
  readonly cgroups: Hierarchy;
  readonly disks = new Disks(this);
  /** The kernel itself, as it sets a system up. */
  readonly setup: Actor;
  readonly log = new KernelLog();
  readonly lockedFiles = new LockedFiles();
  readonly inotify = new InotifyLimits();
  /** A UUID of this life of the kernel. */
  readonly bootId: string;
  /** vm.overcommit_memory. */
  overcommitMemory = 0;
  readonly nsfs: Nsfs;
  /** What /dev/console is. */
  console?: Terminal;
  tracer?: Tracer;
  /** The host's, who sees frames. */
  capture?: Capture;
  private runner: Runner;
  private tables = new Map<Abi, SyscallTable>();
  private newestTable?: SyscallTable;
  private readonly vdsos = new Map<Abi, PageCache>();
  private readonly memory: Tmpfs;
  private readonly memoryRoot: Mount;
  private random: (into: Uint8Array) => void;
  private nextMinor = 1;
  private readonly ids = new WeakMap<object, number>();
  private nextId = 1;
  private nextMountNamespace = 1;
  private lastFault?: { task: Task; vector: number; error: number };

  constructor(options: KernelOptions) {
    this.frames = new Frames(options.memory, Math.floor(options.ram / PAGE_SIZE));
    this.maxTasks = Math.min(MAX_TASKS, Math.floor(this.frames.count / FRAMES_A_TASK));
    // a tenth of the memory, as Linux's files_maxfiles_init has it
    this.statistics.openFilesMax = Math.max(NR_FILE, Math.floor((this.frames.count * PAGE_SIZE) / 10240));
    this.frames.relief = this;
    this.cpu = new Processor(options.vcpu, this.frames);
    this.clock = new Clock(options.clock);
    this.random = options.random;
    this.tracer = options.tracer;
    this.cgroups = new Hierarchy(this);
    this.pidNamespace = new PidNamespace(undefined, this.userNamespace);
    this.utsNamespace = new UtsNamespace(options.hostname ?? 'tabvisor', '(none)', this.userNamespace).hold();
    this.ipcNamespace = new IpcNamespace(this.userNamespace, this).hold();
    this.anonymous = new AnonymousFs(this.newDevice(), 'anon_inodefs', ANON_INODE_FS_MAGIC);
    this.pipes = new AnonymousFs(this.newDevice(), 'pipefs', PIPEFS_MAGIC);
    this.sockets = new AnonymousFs(this.newDevice(), 'sockfs', SOCKFS_MAGIC);
    this.setup = { kernel: this, credentials: Credentials.root(this.userNamespace) };
    this.vfs = new Vfs({ openDevice, openFifo });
    this.nsfs = new Nsfs(this.newDevice(), this);
    this.bootId = uuid(this.randomBytes(16));
    const time = TimeNamespace.create(this.userNamespace, this);
    assert(typeof time !== 'number', 'there is memory for the clocks');
    this.timeNamespace = time.hold();
    this.timeNamespace.enter();
    this.memory = new Tmpfs(this.newDevice(), this.frames, { size: options.ram }, this.clock);
    this.memoryRoot = this.newMount(this.memory, this.memory.rootDentry, 0);
    this.runner = new Runner(this);
    this.clock.counter = this.runner;
    this.log.add(5, 0, `Linux version ${RELEASE} (tabvisor) ${VERSION}`);
    this.netNamespace = new NetNamespace(this, this.userNamespace).hold();
    this.netNamespace.addressing.setUp(this.netNamespace.loopback, true);
  }

  /** A kernel from a snapshot has a new host. */
  adopt({ random, tracer }: Pick<KernelOptions, 'random' | 'tracer'>): void {
    this.random = random;
    this.tracer = tracer;
    this.tables = new Map();
    this.newestTable = undefined;
    this.runner = new Runner(this);
    this.clock.counter = this.runner;
    this.dateChanged();
    this.onProcessEnded = () => {};
    this.onOutOfMemory = () => {};
  }

  // ---- the host's ---------------------------------------------------------------------------------------------------------------

  /** Runs tasks until none can run or the monotonic clock shows `until`. False: none can run. */
  run(until: number): boolean {
    return this.runner.run(until);
  }

  /** When something is due though nobody runs: nanoseconds of the monotonic clock; Infinity: nothing is. */
  get nextTimer(): number {
    return this.timers.next;
  }

  /** A namespace of mounts with `fs` as its root, there until whoever asks for it lets it go. */
  newMountNamespace(fs: FileSystem, owner = this.userNamespace): MountNamespace {
    return this.makeMountNamespace(this.newMount(fs, fs.rootDentry, 0), owner).hold();
  }

  makeMountNamespace(root: Mount, owner: UserNamespace): MountNamespace {
    return new MountNamespace(root, owner, this.nextMountNamespace++);
  }

  /** `flags`: MS_* bits; access times are relative where they say nothing. */
  newMount(fs: FileSystem, root: Dentry, flags: number): Mount {
    return this.mounts.make(fs, root, (flags & MS_NOATIME) === 0 ? flags | MS_RELATIME : flags);
  }

  /** A device number for a filesystem without a device. */
  newDevice(): number {
    return makedev(0, this.nextMinor++);
  }

  /** As newProcess(), load() and start(): the process, or a negated errno of exec (nothing is left then). */
  startProcess(path: string, options: StartOptions): Process | number {
    return startProcess(this, path, options);
  }

  // ---- tasks ----------------------------------------------------------------------------------------------------------------------

  /** A new task can run. */
  start(task: Task, parent?: Task): void {
    this.tasks.add(task);
    this.statistics.forks++;
    if (parent) this.scheduler.place(task, parent);
    this.enqueue(task, false);
  }

  enqueue(task: Task, slept: boolean): void {
    if (task.queued || task.state !== 'running' || task === this.runner.current) return;
    // who is frozen can still be killed
    if (task.cgroup.frozen && !task.mustEnd) return;
    task.queued = true;
    this.scheduler.enqueue(task, slept);
    notePressure(task.cgroup, PRESSURE_CPU, 1, 0, this.clock, this.runner.about);
  }

  unqueue(task: Task): void {
    if (!task.queued) return;
    task.queued = false;
    this.scheduler.remove(task);
    notePressure(task.cgroup, PRESSURE_CPU, -1, 0, this.clock);
  }

  /** `change` is of what the scheduler goes by. */
  reschedule(task: Task, change: () => void): void {
    const { queued } = task;
    const urgency = urgencyOf(task);
    this.unqueue(task);
    change();
    // what it had as a real-time task it owes nobody
    if (urgency > 0 && urgencyOf(task) === 0) this.scheduler.settle(task);
    task.keepsPlace = false;
    // whoever becomes less urgent is the first of his new equals, whoever becomes more urgent the last
    if (urgencyOf(task) < urgency) this.scheduler.putFirst(task);
    if (queued) this.enqueue(task, false);
  }

  /** A stopped task waits until it is continued. */
  park(task: Task): void {
    task.state = 'stopped';
  }

  /** A stopped task goes on. */
  resume(task: Task): void {
    if (task.state !== 'stopped' || task.tracing?.stop) return;
    task.state = 'running';
    this.enqueue(task, true);
  }

  taskEnded(task: Task): void {
    this.unqueue(task);
    task.unstall();
    this.timers.cancel(task);
    this.tasks.delete(task);
    this.cgroups.leave(task);
    this.mounts.settle();
    this.tracer?.exited?.(task, task.process.groupExit ?? 0);
  }

  /** A process has become a zombie. */
  processEnded(process: Process): void {
    this.onProcessEnded(process);
  }
  onProcessEnded: (process: Process) => void = () => {};

  tasksOf(uid: number): number {
    let count = 0;
    for (const task of this.tasks) if (task.credentials.uid === uid) count++;
    return count;
  }

  /** The parent hears that a child has stopped or goes on. */
  notifyParent(process: Process, what: 'stopped' | 'continued'): void {
    const { parent } = process;
    // who traces its child hears of each thread's stop
    if (!parent || process.leader.tracing?.tracer.process === parent) return;
    const action = parent.actions.get(SIGCHLD);
    if ((action.flags & SA_NOCLDSTOP) === 0) {
      this.signals.toProcess(parent, {
        signal: SIGCHLD,
        code: what === 'stopped' ? CLD_STOPPED : CLD_CONTINUED,
        pid: process.pid.in(parent.pid.namespace),
        uid: uidSeenBy(parent, process.leader.credentials.uid),
        status: what === 'stopped' ? process.stoppedBy : SIGCONT,
      });
    }
    parent.childEvents.wake();
  }

  // ---- system calls ---------------------------------------------------------------------------------------------------------------

  tableOf(abi: Abi): SyscallTable {
    if (this.newestTable?.abi === abi) return this.newestTable;
    let table = this.tables.get(abi);
    if (!table) {
      table = new SyscallTable(abi, SYSCALLS);
      this.tables.set(abi, table);
    }
    this.newestTable = table;
    return table;
  }

  /** The result of the call that the task makes. */
  callOf(task: Task, number: number): number {
    this.tracer?.enter(task, number);
    return this.tableOf(task.abi).call(task, number);
  }

  /** As callOf(), for a call that has waited. */
  callAgain(task: Task, number: number): number {
    return this.tableOf(task.abi).call(task, number);
  }

  callEnded(task: Task, number: number, result: number): void {
    this.tableOf(task.abi).count(number, result < 0 && result >= -ERRNO_MAX);
    this.tracer?.leave(task, number, result);
  }

  // ---- memory ---------------------------------------------------------------------------------------------------------------------

  /** Maps the vDSO and the page before it, which the clocks are in; the address of the vDSO. */
  mapVdso(space: AddressSpace, abi: Abi, time: TimeNamespace): number {
    let image = this.vdsos.get(abi);
    if (!image) {
      image = new PageCache(this.frames);
      const frame = image.get(0);
      assert(frame > 0, 'there is memory for the vDSO');
      this.frames.bytes.set(abi.vdso.bytes, this.frames.hostAddress(frame));
      this.vdsos.set(abi, image);
    }
    const place = space.areas.highestHole(2 * PAGE_SIZE, space.layout.lowest, space.layout.mmapTop);
    space.map(place, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED, { cache: time.data, offset: 0 }, '[vvar]');
    space.map(
      place + PAGE_SIZE,
      PAGE_SIZE,
      PROT_READ | PROT_EXEC,
      MAP_PRIVATE | MAP_FIXED,
      { cache: image, offset: 0 },
      '[vdso]',
    );
    space.vdso = place + PAGE_SIZE;
    return space.vdso;
  }

  vdsoAddress(task: Task): number {
    return task.space.vdso;
  }

  /** The date has been set: programs read it from the page before the vDSO. */
  dateChanged(): void {
    const all = new Set([this.timeNamespace]);
    for (const { namespaces } of this.tasks) all.add(namespaces.time);
    for (const time of all) time.writeData();
  }

  /** How often in a row there was next to nothing to take from anybody. */
  poorReclaims = 0;

  /** No frame is left: what can be read again goes. */
  relieve(): void {
    reclaimAnywhere(this);
  }

  /** The task that has the processor. */
  get current(): Task | undefined {
    return this.runner.current;
  }

  /** Frames are charged to the task's group from now on. */
  payWith(task: Task | undefined): void {
    this.frames.payer = task?.cgroup.memory;
  }

  /** No frame is left though all that can be dropped was: the process whose end gives most ends; `task` where there is none. */
  outOfMemory(task: Task): void {
    const victim = victimOf(this) ?? task;
    this.statistics.oomKills++;
    this.poorReclaims = 0;
    killForMemory(victim);
    this.onOutOfMemory(victim);
  }
  onOutOfMemory: (victim: Task) => void = () => {};

  /** What an exception said, for the signal frame that may follow. */
  noteFault(task: Task, vector: number, error: number): void {
    this.lastFault = { task, vector, error };
  }
  takeFault(task: Task): { vector: number; error: number } | undefined {
    const fault = this.lastFault?.task === task ? this.lastFault : undefined;
    this.lastFault = undefined;
    return fault;
  }

  /** A fatal signal ends a process. */
  reportFatal(task: Task, info: SignalInfo): void {
    this.tracer?.signal?.(task, info);
  }

  // ---- the rest -------------------------------------------------------------------------------------------------------------------

  randomBytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 65536) this.random(bytes.subarray(at, Math.min(length, at + 65536)));
    return bytes;
  }

  /** A number that stays an object's own. */
  idOf(object: object): number {
    let id = this.ids.get(object);
    if (id === undefined) {
      id = this.nextId++;
      this.ids.set(object, id);
    }
    return id;
  }

  /** Has anybody the file open for writing? Then it is no program to start: ETXTBSY. */
  isBeingWritten(inode: Inode): boolean {
    return inode.writers > 0;
  }

  /** Charges the running task with the time that it has had so far: who is about to tell times asks for it. */
  settleTime(): void {
    this.runner.settleTime();
  }

  /** A file in memory without a name that leads to it: memfd_create, shared memory. */
  openMemory(task: Task, name: string, flags: number): OpenFile | number {
    const { fsuid, fsgid } = task.credentials;
    const inode = this.memory.root.createUnnamed(task, { mode: S_IFREG | 0o777, uid: fsuid, gid: fsgid });
    if (typeof inode === 'number') return inode;
    const dentry = new Dentry(name, this.memoryRoot.root, inode);
    dentry.deleted = true;
    const file = inode.open(task, flags, new Path(this.memoryRoot, dentry));
    // as on Linux, where such a file is not opened but made
    if (typeof file !== 'number') file.writesUnseen();
    return file;
  }

  /** Pseudo-terminals that there are. */
  get terminalCount(): number {
    let count = 0;
    for (const fs of this.mounts.fileSystems) if (fs instanceof Devpts) count += fs.terminals.size;
    return count;
  }

  get mounted(): Iterable<FileSystem> {
    return this.mounts.fileSystems;
  }
}

// The tree of groups: making and removing them, switching controllers on and off, moving tasks. All rules are checked here.
// cgroup-v2.rst, "Basic Operations"; Linux kernel/cgroup/cgroup.c.
import { EAGAIN, EBUSY, ENODEV, ENOENT, EOPNOTSUPP } from '../abi/errno.js';
import { SIGKILL } from '../abi/signal.js';
import { S_IFDIR, S_IFREG } from '../abi/stat.js';
import { CgroupFs } from '../fs/cgroupfs.js';
import { parseOptions } from '../fs/mount-options.js';
import type { Kernel } from '../kernel.js';
import type { Process } from '../task/process.js';
import type { Task } from '../task/task.js';
import { ATTEND_YIELD } from '../task/task.js';
import type { InodeAttributes } from '../vfs/inode.js';
import { Cgroup } from './cgroup.js';
import { CgroupNamespace } from './cgroup-namespace.js';
import type { ControlFile } from './control-file.js';
import type { ControllerName } from './controller.js';
import { CONTROLLER_NAMES, CONTROLLERS } from './controllers.js';
import { CORE_FILES } from './core-files.js';
import { CGROUP_OPTIONS } from './features.js';
import { notePressure } from './pressure.js';
import { addPid, removePid } from './pids.js';
import { isThreadedController, mayBeThreaded, mayHoldTasks, mayPassOn } from './threads.js';

/**
 * DEVIATION: bounds of the tree itself, which programs can make as deep and as wide as they like. Every charge goes through all levels.
 */
const LEVEL_MAX = 64;
const GROUPS_MAX = 8192;

export class Hierarchy {
  readonly root = new Cgroup(1, '', undefined);
  /** The namespace that the system begins with. */
  readonly namespace: CgroupNamespace;
  private nextId = 2;
  private readonly fileSystems = new WeakMap<CgroupNamespace, CgroupFs>();
  /** As /proc/mounts shows them. */
  options = '';

  constructor(private readonly kernel: Kernel) {
    this.namespace = new CgroupNamespace(this.root, kernel.userNamespace);
    for (const name of CONTROLLER_NAMES) this.switchOn(this.root, name);
    this.refresh(this.root);
  }

  /** How many groups there are, with the root. */
  get count(): number {
    return this.root.descendants + 1;
  }

  // ---- the tree ---------------------------------------------------------------------------------------------------------------

  /** A new group, or a negated errno. */
  create(parent: Cgroup, name: string, owner = { uid: 0, gid: 0 }): Cgroup | number {
    if (parent.removed) return -ENODEV;
    if (parent.level >= LEVEL_MAX || this.root.descendants >= GROUPS_MAX) return -EAGAIN;
    let depth = 1;
    for (let at: Cgroup | undefined = parent; at; at = at.parent, depth++)
      if (at.descendants >= at.maxDescendants || depth > at.maxDepth) return -EAGAIN;
    const made = new Cgroup(this.nextId++, name, parent);
    made.frozen = parent.frozen;
    made.pressure.begin(this.kernel.clock.monotonic());
    made.owner = { uid: owner.uid, gid: owner.gid };
    parent.children.set(name, made);
    for (let at: Cgroup | undefined = parent; at; at = at.parent) at.descendants++;
    for (const controller of parent.subtreeControl) this.switchOn(made, controller);
    this.refresh(made);
    return made;
  }

  /** The group goes; -EBUSY while it has tasks or children. */
  remove(cgroup: Cgroup): number {
    const { parent } = cgroup;
    if (!parent) return -EBUSY;
    if (cgroup.populated || cgroup.children.size > 0) return -EBUSY;
    for (const name of Object.keys(cgroup.states) as ControllerName[]) this.switchOff(cgroup, name);
    this.refresh(cgroup);
    cgroup.removed = true;
    parent.children.delete(cgroup.name);
    for (let at: Cgroup | undefined = parent; at; at = at.parent) at.descendants--;
    return 0;
  }

  // ---- files ------------------------------------------------------------------------------------------------------------------

  /** The files of the group's directory. */
  filesOf(cgroup: Cgroup): readonly ControlFile[] {
    const files = CORE_FILES.filter(({ hidden }) => !hidden?.(cgroup));
    for (const name of CONTROLLER_NAMES) if (cgroup.states[name]) files.push(...CONTROLLERS[name].files);
    return cgroup.isRoot ? files.filter(({ below }) => !below) : files;
  }

  /** Owner, rights and times of a file that is there, or with '' of the directory. */
  attributesOf(cgroup: Cgroup, name: string): InodeAttributes {
    let attributes = cgroup.attributes.get(name);
    if (!attributes) {
      const now = this.kernel.clock.date();
      const file = this.filesOf(cgroup).find((other) => other.name === name);
      const mode = file ? S_IFREG | file.mode : S_IFDIR | 0o755;
      attributes = { mode, ...cgroup.owner, rdev: 0, nlink: 1, size: 0, atime: now, mtime: now, ctime: now };
      cgroup.attributes.set(name, attributes);
    }
    return attributes;
  }

  /** The filesystem that shows the tree to those of a namespace. */
  fileSystemOf(namespace: CgroupNamespace): CgroupFs {
    let fs = this.fileSystems.get(namespace);
    if (!fs) {
      fs = new CgroupFs(this.kernel.newDevice(), this.kernel, namespace);
      this.fileSystems.set(namespace, fs);
    }
    return fs;
  }

  /** Options of a mount: 0, or -EINVAL. They hold for all mounts, and only the first namespace changes them. */
  configure(namespace: CgroupNamespace, text: string): number {
    const options = parseOptions(text, CGROUP_OPTIONS);
    if (typeof options === 'number') return options;
    const given = Object.keys(CGROUP_OPTIONS).filter((name) => name in options);
    if (namespace === this.namespace) this.options = given.join(',');
    return 0;
  }

  /** memory_localevents: does memory.events count the group's own alone? */
  get localEvents(): boolean {
    return this.options.includes('memory_localevents');
  }

  /** memory_recursiveprot: is what nobody below a protected group claims shared among all? */
  get recursiveProtection(): boolean {
    return this.options.includes('memory_recursiveprot');
  }

  /** nsdelegate: are namespaces boundaries of what may be changed? */
  get boundaries(): boolean {
    return this.options.includes('nsdelegate');
  }

  // ---- controllers ------------------------------------------------------------------------------------------------------------

  /** What cgroup.controllers lists: what the group may pass on. */
  available(cgroup: Cgroup): ControllerName[] {
    const { parent } = cgroup;
    if (!parent) return [...CONTROLLER_NAMES];
    return CONTROLLER_NAMES.filter(
      (name) => parent.subtreeControl.has(name) && (!cgroup.threaded || isThreadedController(name)),
    );
  }

  /** Writes cgroup.subtree_control: 0, or a negated errno, and then nothing has changed. */
  passOn(cgroup: Cgroup, on: readonly ControllerName[], off: readonly ControllerName[]): number {
    if (cgroup.removed) return -ENODEV;
    const available = this.available(cgroup);
    const enable = on.filter((name) => !cgroup.subtreeControl.has(name));
    if (enable.some((name) => !available.includes(name))) return -ENOENT;
    const disable = off.filter((name) => cgroup.subtreeControl.has(name));
    for (const child of cgroup.children.values())
      if (disable.some((name) => child.subtreeControl.has(name))) return -EBUSY;
    const refused = mayPassOn(cgroup, enable);
    if (refused !== 0) return refused;
    for (const name of enable) {
      cgroup.subtreeControl.add(name);
      for (const child of cgroup.children.values())
        if (!child.threaded || isThreadedController(name)) this.switchOn(child, name);
    }
    for (const name of disable) {
      cgroup.subtreeControl.delete(name);
      for (const child of cgroup.children.values()) this.switchOff(child, name);
    }
    for (const child of cgroup.children.values()) this.refresh(child);
    return 0;
  }

  private switchOn<N extends ControllerName>(cgroup: Cgroup, name: N): void {
    cgroup.states[name] = CONTROLLERS[name].make(this.kernel, cgroup, cgroup.parent?.states[name]);
  }

  private switchOff(cgroup: Cgroup, name: ControllerName): void {
    const state = cgroup.states[name];
    delete cgroup.states[name];
    if (state && 'offline' in state) state.offline();
  }

  /** Works out anew which states the tasks of the group and below are subject to. */
  private refresh(cgroup: Cgroup): void {
    const { states, parent } = cgroup;
    const cpu = states.cpu ?? parent!.cpu;
    if (cgroup.cpu !== cpu)
      this.requeue(cgroup, () => {
        cgroup.cpu = cpu;
      });
    cgroup.io = states.io ?? parent!.io;
    cgroup.memory = parent ? (states.memory ?? parent.memory) : undefined;
    for (const child of cgroup.children.values()) this.refresh(child);
  }

  /** Does `change`, which makes the group's tasks wait for the processor elsewhere. */
  private requeue(cgroup: Cgroup, change: () => void): void {
    const waiting = [...cgroup.tasks].filter((task) => task.queued);
    for (const task of waiting) this.kernel.unqueue(task);
    change();
    for (const task of waiting) this.enqueueNew(task);
  }

  /** Virtual times of different queues have nothing to do with one another. */
  private enqueueNew(task: Task): void {
    this.kernel.scheduler.settle(task);
    this.kernel.enqueue(task, false);
  }

  /** Writes `threaded` to cgroup.type. */
  makeThreaded(cgroup: Cgroup): number {
    if (cgroup.threaded) return 0;
    const refused = mayBeThreaded(cgroup);
    if (refused !== 0) return refused;
    cgroup.threaded = true;
    for (const name of Object.keys(cgroup.states) as ControllerName[])
      if (!isThreadedController(name)) this.switchOff(cgroup, name);
    this.refresh(cgroup);
    return 0;
  }

  // ---- tasks ------------------------------------------------------------------------------------------------------------------

  /** A new task begins in `cgroup`, whose identity has been charged. */
  enter(task: Task, cgroup: Cgroup): void {
    task.cgroup = cgroup;
    cgroup.tasks.add(task);
    this.populate(cgroup, 1);
    if (cgroup.frozen) this.frozenChanged(cgroup);
  }

  /** A task has ended. Its identity stays charged while it is a zombie. */
  leave(task: Task): void {
    const { cgroup } = task;
    if (!cgroup.tasks.delete(task)) return;
    this.populate(cgroup, -1);
    if (cgroup.frozen) this.frozenChanged(cgroup);
  }

  private populate(cgroup: Cgroup, more: number): void {
    for (let at: Cgroup | undefined = cgroup; at; at = at.parent) {
      const before = at.population;
      at.population += more;
      if (before === 0 || at.population === 0) at.eventsNotice.changed();
    }
  }

  /** Moves a process with all its threads (its leader is given), or one thread. 0, or a negated errno. */
  move(leader: Task, to: Cgroup, whole: boolean): number {
    if (to.removed) return -ENODEV;
    const refused = mayHoldTasks(to);
    if (refused !== 0) return refused;
    if (!whole && leader.cgroup.domain !== to.domain) return -EOPNOTSUPP;
    for (const task of whole ? [...leader.process.threads] : [leader]) this.moveTask(task, to);
    return 0;
  }

  private moveTask(task: Task, to: Cgroup): void {
    const from = task.cgroup;
    if (from === to || task.state === 'dead') return;
    const { queued } = task;
    if (queued) this.kernel.unqueue(task);
    // what else its old group counts of it, the new one does
    const { clock, current } = this.kernel;
    const running = task === current ? 1 : 0;
    const waiting = task.stalled ? 1 : 0;
    notePressure(from, task.heldFor, -waiting, -running, clock);
    notePressure(to, task.heldFor, waiting, running, clock);
    removePid(from);
    addPid(to);
    this.leave(task);
    this.enter(task, to);
    // what froze it there does not hold here, or the other way round
    if (task === this.kernel.current) {
      this.kernel.payWith(task);
      if (to.frozen) task.attention |= ATTEND_YIELD;
    } else if (task.state === 'running') this.enqueueNew(task);
  }

  /** cgroup.kill: everybody in the tree ends. */
  kill(cgroup: Cgroup): number {
    if (cgroup.threaded) return -EOPNOTSUPP;
    const processes = new Set<Process>();
    for (const at of cgroup.tree()) for (const process of at.processes) processes.add(process);
    for (const process of processes) this.kernel.signals.endProcess(process, SIGKILL);
    return 0;
  }

  // ---- the freezer: cgroup-v2.rst, "cgroup.freeze" ------------------------------------------------------------------------------

  freeze(cgroup: Cgroup, on: boolean): void {
    if (cgroup.freeze === on) return;
    cgroup.freeze = on;
    this.spreadFrozen(cgroup);
  }

  private spreadFrozen(cgroup: Cgroup): void {
    const frozen = cgroup.freeze || cgroup.parent!.frozen;
    if (cgroup.frozen !== frozen) {
      cgroup.frozen = frozen;
      for (const task of cgroup.tasks)
        if (!frozen) this.kernel.enqueue(task, true);
        else if (task === this.kernel.current) task.attention |= ATTEND_YIELD;
        else this.kernel.unqueue(task);
      cgroup.eventsNotice.changed();
    }
    for (const child of cgroup.children.values()) this.spreadFrozen(child);
  }

  /** Who stands still in the group has changed. */
  private frozenChanged(cgroup: Cgroup): void {
    cgroup.eventsNotice.changed();
  }

  /** Does nobody in the tree run? Only the task on the processor is not at rest already. */
  isFrozen(cgroup: Cgroup): boolean {
    return cgroup.frozen && !this.kernel.current?.cgroup.isWithin(cgroup);
  }
}

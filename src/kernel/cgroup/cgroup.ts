// A control group: a node of the tree, its tasks, what it is in a hierarchy of processes and threads, and what its controllers keep.
// Linux Documentation/admin-guide/cgroup-v2.rst; kernel/cgroup/cgroup.c.
import type { Task } from '../task/task.js';
import type { Process } from '../task/process.js';
import type { InodeAttributes } from '../vfs/inode.js';
import { ChangeNotice } from '../task/change-notice.js';
import type { ControllerName, GroupStates } from './controller.js';
import { Pressure } from './pressure.js';
import type { DeviceRule } from './devices.js';

export class Cgroup {
  /** Living ones. */
  readonly children = new Map<string, Cgroup>();
  /** Living tasks that are in it, not in its children. */
  readonly tasks = new Set<Task>();
  readonly level: number;
  /** cgroup.subtree_control: what its children have. */
  readonly subtreeControl = new Set<ControllerName>();
  /** What its own controllers keep. */
  readonly states: Partial<GroupStates> = {};
  /** The nearest state of the group or above it, which its tasks are subject to. The root's memory is not counted. */
  memory?: GroupStates['memory'];
  cpu!: GroupStates['cpu'];
  io!: GroupStates['io'];

  threaded = false;
  removed = false;
  maxDepth = Number.POSITIVE_INFINITY;
  maxDescendants = Number.POSITIVE_INFINITY;
  descendants = 0;
  /** Living tasks here and below. */
  population = 0;
  /** As `population`, with zombies that nobody has waited for: what the pids controller counts. */
  identities = 0;
  /** Nanoseconds of the processor that tasks here and below have had: their programs, and the kernel for them. */
  userTime = 0;
  systemTime = 0;
  /** cgroup.freeze as it was written; frozen: it holds for the group, by itself or from above. */
  freeze = false;
  frozen = false;
  readonly eventsNotice = new ChangeNotice();
  readonly pressure: Pressure;
  /** What its tasks may do to devices; undefined: it says nothing of them. */
  devices?: readonly DeviceRule[];
  /** Who made it owns it and its files at first. */
  owner = { uid: 0, gid: 0 };
  /** Owner, rights and times of its directory ('') and of its files. */
  readonly attributes = new Map<string, InodeAttributes>();

  constructor(
    readonly id: number,
    readonly name: string,
    readonly parent: Cgroup | undefined,
  ) {
    this.pressure = new Pressure(parent === undefined);
    this.level = parent ? parent.level + 1 : 0;
  }

  get cpuTime(): number {
    return this.userTime + this.systemTime;
  }

  get isRoot(): boolean {
    return this.parent === undefined;
  }

  get populated(): boolean {
    return this.population > 0;
  }

  isWithin(other: Cgroup): boolean {
    let at: Cgroup | undefined = this;
    while (at && at.level > other.level) at = at.parent;
    return at === other;
  }

  /** The group and all below it, parents first. */
  *tree(): Generator<Cgroup> {
    yield this;
    for (const child of this.children.values()) yield* child.tree();
  }

  /** The way from `root` to the group: '/a/b'; '/../x' where it is not below. */
  pathFrom(root: Cgroup): string {
    let ups = '';
    let base = root;
    for (; !this.isWithin(base); base = base.parent!) ups += '/..';
    const names: string[] = [];
    for (let at: Cgroup = this; at !== base; at = at.parent!) names.push(at.name);
    const path =
      ups +
      names
        .reverse()
        .map((name) => `/${name}`)
        .join('');
    return path === '' ? '/' : path;
  }

  commonAncestor(other: Cgroup): Cgroup {
    let at: Cgroup = this;
    while (!other.isWithin(at)) at = at.parent!;
    return at;
  }

  // ---- processes ------------------------------------------------------------------------------------------------------------

  /** Processes with a living thread here. */
  get processes(): Set<Process> {
    const found = new Set<Process>();
    for (const task of this.tasks) found.add(task.process);
    return found;
  }

  /** What cgroup.procs lists: those of the whole threaded tree belong to its root. */
  get domainProcesses(): Set<Process> {
    const found = this.processes;
    for (const child of this.children.values())
      if (child.threaded) for (const process of child.domainProcesses) found.add(process);
    return found;
  }

  // ---- threads: cgroup-v2.rst, "Threads" --------------------------------------------------------------------------------------

  /** The group whose resources its processes share. */
  get domain(): Cgroup {
    let at: Cgroup = this;
    while (at.threaded) at = at.parent!;
    return at;
  }

  get hasPopulatedDomainChildren(): boolean {
    for (const child of this.children.values()) if (!child.threaded && child.populated) return true;
    return false;
  }

  get hasThreadedChildren(): boolean {
    for (const child of this.children.values()) if (child.threaded) return true;
    return false;
  }
}

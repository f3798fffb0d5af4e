// The files that every group has, whatever its controllers. cgroup-v2.rst, "Core Interface Files"; Linux kernel/cgroup/cgroup.c,
// cgroup_base_files.
import { EACCES, EINVAL, ENODEV, ENOENT, EOPNOTSUPP, ERANGE, ESRCH } from '../abi/errno.js';
import type { Task } from '../task/task.js';
import { MAY_WRITE, permits } from '../vfs/permission.js';
import type { Cgroup } from './cgroup.js';
import { type ControlFile, type ControlWriter, keyed, parseInteger, shownLimit } from './control-file.js';
import type { ControllerName } from './controller.js';
import { CONTROLLER_NAMES } from './controllers.js';
import { cpuStat } from './cpu.js';
import { CGROUP_PRESSURE, PRESSURE_FILES } from './pressure-files.js';
import { typeOf } from './threads.js';

const lines = (values: Iterable<number>): string => [...values].map((value) => `${value}\n`).join('');
const words = (values: readonly string[]): string => (values.length === 0 ? '' : `${values.join(' ')}\n`);

// ---- who is in the group ------------------------------------------------------------------------------------------------------------

function showProcesses(cgroup: Cgroup, reader: Task): string | number {
  if (cgroup.threaded) return -EOPNOTSUPP;
  const numbers = [...cgroup.domainProcesses].map((process) => process.pid.in(reader.pidNamespace));
  return lines(numbers.sort((a, b) => a - b));
}

function showThreads(cgroup: Cgroup, reader: Task): string {
  const numbers = [...cgroup.tasks].map((task) => task.pid.in(reader.pidNamespace));
  return lines(numbers.sort((a, b) => a - b));
}

/** The task that a number stands for; 0 is the writer itself. */
function taskOf(text: string, { task }: ControlWriter, whole: boolean): Task | number {
  const number = parseInteger(text);
  if (number === undefined || number < 0 || number > 0x7fffffff) return -EINVAL;
  const found = number === 0 ? task : task.pidNamespace.find(number)?.task;
  if (!found) return -ESRCH;
  return whole ? found.process.leader : found;
}

/** Who may write the file of the group above both may move between them; outside of a namespace that is a boundary nothing is. */
export function mayMove(from: Cgroup, to: Cgroup, { task, credentials, namespace }: ControlWriter): number {
  const { cgroups } = task.kernel;
  const owner = cgroups.attributesOf(from.commonAncestor(to), 'cgroup.procs');
  if (permits(credentials, owner, MAY_WRITE) !== 0) return -EACCES;
  if (!cgroups.boundaries) return 0;
  return from.isWithin(namespace.root) && to.isWithin(namespace.root) ? 0 : -ENOENT;
}

function mover(whole: boolean): NonNullable<ControlFile['write']> {
  return (cgroup, text, writer) => {
    if (cgroup.removed) return -ENODEV;
    const task = taskOf(text, writer, whole);
    if (typeof task === 'number') return task;
    const refused = mayMove(task.cgroup, cgroup, writer);
    return refused !== 0 ? refused : writer.task.kernel.cgroups.move(task, cgroup, whole);
  };
}

// ---- controllers and shape ------------------------------------------------------------------------------------------------------------

/** '+cpu -memory': the last word about a controller counts. */
function writeSubtreeControl(cgroup: Cgroup, text: string, { task }: ControlWriter): number {
  const wanted = new Map<ControllerName, boolean>();
  for (const word of text.trim().split(' ').filter(Boolean)) {
    const name = CONTROLLER_NAMES.find((known) => known === word.slice(1));
    if (!name || (word[0] !== '+' && word[0] !== '-')) return -EINVAL;
    wanted.set(name, word[0] === '+');
  }
  const chosen = (on: boolean): ControllerName[] =>
    [...wanted].filter(([, value]) => value === on).map(([name]) => name);
  return task.kernel.cgroups.passOn(cgroup, chosen(true), chosen(false));
}

function bound(name: 'depth' | 'descendants', field: 'maxDepth' | 'maxDescendants'): ControlFile {
  return {
    name: `cgroup.max.${name}`,
    mode: 0o644,
    read: (cgroup) => `${shownLimit(cgroup[field])}\n`,
    write(cgroup, text) {
      const value = text.trim() === 'max' ? Number.POSITIVE_INFINITY : parseInteger(text);
      if (value === undefined) return -EINVAL;
      if (value < 0 || (value > 0x7fffffff && value !== Number.POSITIVE_INFINITY)) return -ERANGE;
      cgroup[field] = value;
      return 0;
    },
  };
}

/** A number that must be one of `allowed`. */
function choice(text: string, ...allowed: number[]): number {
  const value = parseInteger(text);
  if (value === undefined) return -EINVAL;
  return allowed.includes(value) ? value : -ERANGE;
}

export const CORE_FILES: readonly ControlFile[] = [
  {
    name: 'cgroup.type',
    mode: 0o644,
    below: true,
    read: (cgroup) => `${typeOf(cgroup)}\n`,
    write: (cgroup, text, { task }) =>
      text.trim() === 'threaded' ? task.kernel.cgroups.makeThreaded(cgroup) : -EINVAL,
  },
  { name: 'cgroup.procs', mode: 0o644, delegated: true, read: showProcesses, write: mover(true) },
  { name: 'cgroup.threads', mode: 0o644, delegated: true, read: showThreads, write: mover(false) },
  {
    name: 'cgroup.controllers',
    mode: 0o444,
    read: (cgroup, reader) => words(reader.kernel.cgroups.available(cgroup)),
  },
  {
    name: 'cgroup.subtree_control',
    mode: 0o644,
    delegated: true,
    read: ({ subtreeControl }) => words(CONTROLLER_NAMES.filter((name) => subtreeControl.has(name))),
    write: writeSubtreeControl,
  },
  {
    name: 'cgroup.events',
    mode: 0o444,
    below: true,
    read: (cgroup, { kernel }) =>
      keyed({ populated: Number(cgroup.populated), frozen: Number(kernel.cgroups.isFrozen(cgroup)) }),
    notice: (cgroup) => cgroup.eventsNotice,
  },
  bound('descendants', 'maxDescendants'),
  bound('depth', 'maxDepth'),
  {
    name: 'cgroup.stat',
    mode: 0o444,
    // a group that is removed is gone at once, whatever is still charged to it
    read: ({ descendants }) => keyed({ nr_descendants: descendants, nr_dying_descendants: 0 }),
  },
  {
    name: 'cgroup.freeze',
    mode: 0o644,
    below: true,
    read: ({ freeze }) => `${Number(freeze)}\n`,
    write(cgroup, text, { task }) {
      const value = choice(text, 0, 1);
      if (value < 0) return value;
      task.kernel.cgroups.freeze(cgroup, value === 1);
      return 0;
    },
  },
  {
    name: 'cgroup.kill',
    mode: 0o200,
    below: true,
    write(cgroup, text, { task }) {
      const value = choice(text, 1);
      return value < 0 ? value : task.kernel.cgroups.kill(cgroup);
    },
  },
  { name: 'cpu.stat', mode: 0o444, read: cpuStat },
  ...Object.values(PRESSURE_FILES),
  CGROUP_PRESSURE,
];

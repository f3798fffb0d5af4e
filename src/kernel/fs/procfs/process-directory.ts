// /proc/PID and /proc/PID/task/TID: which files there are. man 5 proc; Linux fs/proc/base.c, tgid_base_stuff and tid_base_stuff.
import { EACCES, EINVAL, ENOENT, EPERM, ESRCH } from '../../abi/errno.js';
import { S_IFDIR } from '../../abi/stat.js';
import { CAP_AUDIT_CONTROL, CAP_SYS_RESOURCE } from '../../security/capability.js';
import { badness, OOM_SCORE_ADJ_MAX, OOM_SCORE_ADJ_MIN } from '../../task/oom.js';
import { LIMIT_COUNT } from '../../task/limits.js';
import type { Task } from '../../task/task.js';
import { NAMESPACE_KINDS } from '../../ns/namespace-kinds.js';
import type { Pid } from '../../ns/pid-namespace.js';
import type { Actor } from '../../vfs/actor.js';
import type { DirectoryEntry, Inode } from '../../vfs/inode.js';
import type { Path } from '../../vfs/path.js';
import { FdDirectory, FdinfoDirectory } from './descriptors.js';
import {
  directory,
  type Entry,
  inoBelow,
  link,
  type LinkTarget,
  type Place,
  ProcDirectory,
  table,
  TableDirectory,
} from './inodes.js';
import { ID_MAPS } from './id-maps.js';
import { NET } from './net-directory.js';
import { maps, smaps, smapsRollup } from './maps.js';
import { mountinfo, mounts, mountstats } from './mounts.js';
import { auxv, cmdline, environ, mem } from './process-memory.js';
import { escaped, stat, statm, status } from './process-status.js';
import { sched, schedstat } from './process-scheduling.js';
import { ofTask, ProcessSubject } from './subject.js';
import { text } from './text.js';
import { TIME_OFFSETS } from './time-offsets.js';

const COMM_MAX = 15;

// ---- links ------------------------------------------------------------------------------------------------------------------------

/** A link to the place that `of` finds. */
function placeLink(name: string, of: (task: Task) => Path | undefined): Entry<ProcessSubject> {
  const target: LinkTarget<ProcessSubject> = {
    text: ({ task }, reader) => (task && of(task)?.shownFrom(reader.fs.root)) ?? -ENOENT,
    follow: ({ task }) => (task && of(task)) ?? -ENOENT,
  };
  return link(name, target);
}

const living = (task: Task): Task | undefined => (task.state === 'dead' ? undefined : task);

const namespaces = NAMESPACE_KINDS.map((kind) =>
  link<ProcessSubject>(kind.name, {
    text: ({ task }, reader) => {
      const namespace = task && living(task) && kind.of(task);
      return namespace ? `${kind.label}:[${reader.kernel.nsfs.numberOf(namespace)}]` : -ENOENT;
    },
    follow: ({ task }, reader) => {
      const namespace = task && living(task) && kind.of(task);
      return namespace ? reader.kernel.nsfs.placeOf(kind, namespace) : -ENOENT;
    },
  }),
);

// ---- texts ------------------------------------------------------------------------------------------------------------------------

const LIMITS: readonly (readonly [name: string, unit: string])[] = [
  ['Max cpu time', 'seconds'],
  ['Max file size', 'bytes'],
  ['Max data size', 'bytes'],
  ['Max stack size', 'bytes'],
  ['Max core file size', 'bytes'],
  ['Max resident set', 'bytes'],
  ['Max processes', 'processes'],
  ['Max open files', 'files'],
  ['Max locked memory', 'bytes'],
  ['Max address space', 'bytes'],
  ['Max file locks', 'locks'],
  ['Max pending signals', 'signals'],
  ['Max msgqueue size', 'bytes'],
  ['Max nice priority', ''],
  ['Max realtime priority', ''],
  ['Max realtime timeout', 'us'],
];

const limits = ofTask(({ process }) => {
  const columns = (name: string, soft: string, hard: string, unit: string): string =>
    `${name.padEnd(25)} ${soft.padEnd(20)} ${hard.padEnd(20)} ${unit === '' ? '' : unit.padEnd(10)}\n`;
  const value = (limit: number): string => (limit === Number.POSITIVE_INFINITY ? 'unlimited' : String(limit));
  let all = columns('Limit', 'Soft Limit', 'Hard Limit', 'Units');
  for (let i = 0; i < LIMIT_COUNT; i++)
    all += columns(LIMITS[i]![0], value(process.limits.soft(i)), value(process.limits.hard(i)), LIMITS[i]![1]);
  return all;
});

const io = ofTask((task, _reader, { single }) => {
  const usage = single ? task.usage : task.process.totalUsage;
  return (
    `rchar: ${usage.readBytes}\nwchar: ${usage.writtenBytes}\nsyscr: ${usage.readCalls}\nsyscw: ${usage.writeCalls}\n` +
    // there is no device below that counts
    'read_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n'
  );
});

/** 666 for a process of no size; Linux fs/proc/base.c proc_oom_score. */
const oomScore = ofTask(({ process, kernel }) => {
  const pages = kernel.frames.count;
  const points = badness(process, pages);
  return `${points === undefined ? 0 : Math.max(0, Math.trunc(((1000 + (points * 1000) / pages) * 2) / 3))}\n`;
});

function writeOomScoreAdj({ task }: ProcessSubject, writer: Task, given: string): number {
  if (!task) return -ESRCH;
  const value = Number(given.trim());
  if (!/^\s*-?\d+\s*$/.test(given) || value < OOM_SCORE_ADJ_MIN || value > OOM_SCORE_ADJ_MAX) return -EINVAL;
  const { process } = task;
  const privileged = writer.credentials.has(CAP_SYS_RESOURCE);
  if (value < process.oomScoreAdjMin && !privileged) return -EACCES;
  process.oomScoreAdj = value;
  if (privileged) process.oomScoreAdjMin = value;
  return 0;
}

function writeComm({ task }: ProcessSubject, writer: Task, given: string): number {
  if (!task) return -ESRCH;
  if (task.process !== writer.process) return -EINVAL;
  task.comm = given.split('\0')[0]!.slice(0, COMM_MAX);
  return 0;
}

/** A login is told once; whoever may control the audit can change it. */
function writeLoginUid({ task }: ProcessSubject, writer: Task, given: string): number {
  if (!task) return -ESRCH;
  if (task.process !== writer.process) return -EPERM;
  if (!/^\s*\d+\s*$/.test(given) || Number(given) > 0xffffffff) return -EINVAL;
  const { process } = task;
  if (process.loginUid !== 0xffffffff && !writer.credentials.has(CAP_AUDIT_CONTROL)) return -EPERM;
  process.loginUid = Number(given);
  return 0;
}

function writeTimerSlack({ task }: ProcessSubject, writer: Task, given: string): number {
  if (!task) return -ESRCH;
  if (!/^\s*\d+\s*$/.test(given)) return -EINVAL;
  if (task.process !== writer.process) return -EPERM;
  const value = Number(given);
  task.timerSlack = value === 0 ? 50_000 : Math.min(value, 0xffffffff);
  return 0;
}

// ---- the directories --------------------------------------------------------------------------------------------------------------

const COMMON: readonly Entry<ProcessSubject>[] = [
  directory('fd', 0o500, (place) => new FdDirectory(place)),
  directory('fdinfo', 0o555, (place) => new FdinfoDirectory(place)),
  table('net', 0o555, NET),
  table('ns', 0o511, namespaces),
  environ,
  auxv,
  text('status', 0o444, status),
  text('limits', 0o444, limits),
  text('sched', 0o444, sched),
  text(
    'comm',
    0o644,
    ofTask((task) => `${escaped(task.comm)}\n`),
    { write: writeComm },
  ),
  cmdline,
  text('stat', 0o444, stat),
  text('statm', 0o444, statm),
  maps,
  mem,
  placeLink('cwd', (task) => living(task)?.fs.cwd),
  placeLink('root', (task) => living(task)?.fs.root),
  placeLink('exe', (task) => task.process.executable?.path),
  mounts,
  mountinfo,
  smaps,
  smapsRollup,
  // nobody is told where in the kernel a task waits: there are no addresses
  text(
    'wchan',
    0o444,
    ofTask(() => '0'),
  ),
  text(
    'stack',
    0o400,
    ofTask(() => ''),
    { guarded: true },
  ),
  text('schedstat', 0o444, schedstat),
  text(
    'cgroup',
    0o444,
    ofTask(({ cgroup }, reader) => {
      const path = cgroup.pathFrom(reader.namespaces.cgroup.root);
      return `0::${path}${cgroup.removed ? ' (deleted)' : ''}\n`;
    }),
  ),
  text('oom_score', 0o444, oomScore),
  text(
    'oom_score_adj',
    0o644,
    ofTask(({ process }) => `${process.oomScoreAdj}\n`),
    { write: writeOomScoreAdj },
  ),
  text(
    'loginuid',
    0o644,
    ofTask(({ process }) => String(process.loginUid)),
    { write: writeLoginUid },
  ),
  text(
    'sessionid',
    0o444,
    ofTask(() => '4294967295'),
  ),
  text('io', 0o400, io, { guarded: true }),
  ...ID_MAPS,
  TIME_OFFSETS,
];

const PROCESS: readonly Entry<ProcessSubject>[] = [
  directory('task', 0o555, (place) => new TaskDirectory(place)),
  ...COMMON,
  mountstats,
  text(
    'timerslack_ns',
    0o666,
    ofTask((task) => `${task.timerSlack}\n`),
    { write: writeTimerSlack },
  ),
];

/** /proc/PID. */
export class ProcessDirectory extends TableDirectory<ProcessSubject> {
  constructor(place: Place<ProcessSubject>) {
    super(place, 0o555, place.subject.single ? COMMON : PROCESS);
  }

  override lookup(actor: Actor, name: string): Inode | number {
    return this.subject.task ? super.lookup(actor, name) : -ENOENT;
  }

  override entries(task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    return this.subject.task ? super.entries(task, position, see) : -ENOENT;
  }
}

/** /proc/PID/task: the threads. */
export class TaskDirectory extends ProcDirectory {
  private readonly subject: ProcessSubject;

  constructor({ fs, ino, subject }: Place<ProcessSubject>) {
    super(fs, ino, S_IFDIR | 0o555, subject.owner(S_IFDIR | 0o555));
    this.subject = subject;
    this.nlink = 2 + this.threads().length;
  }

  /** A leader that has ended stays until all others have. */
  private threads(): Task[] {
    const { task } = this.subject;
    return task ? [...new Set([task.process.leader, ...task.process.threads])] : [];
  }

  private inoOf(pid: Pid): number {
    return inoBelow(this.ino, pid.serial);
  }

  override lookup(_actor: Actor, name: string): Inode | number {
    const { namespace } = this.subject;
    const thread = this.threads().find((task) => String(task.pid.in(namespace)) === name);
    if (!thread || name === '0') return -ENOENT;
    const subject = new ProcessSubject(namespace, thread.pid, true);
    return new ProcessDirectory({ fs: this.fs, ino: this.inoOf(thread.pid), subject });
  }

  override entries(_task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    const { namespace } = this.subject;
    const numbers = this.threads().map((task) => ({ pid: task.pid, number: task.pid.in(namespace) }));
    for (const { pid, number } of numbers.sort((a, b) => a.number - b.number)) {
      if (number <= position - 1) continue;
      const entry = { name: String(number), ino: this.inoOf(pid), mode: S_IFDIR };
      if (!see(entry, number + 1)) break;
    }
    return 0;
  }
}

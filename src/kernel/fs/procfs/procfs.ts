// procfs: processes and the system as files, for one pid namespace. man 5 proc; Linux fs/proc/root.c, fs/proc/base.c.
import { ENOENT, EPERM, ESRCH } from '../../abi/errno.js';
import { PROC_SUPER_MAGIC, S_IFDIR } from '../../abi/stat.js';
import type { Kernel } from '../../kernel.js';
import { PAGE_SIZE } from '../../mm/frames.js';
import type { Pid, PidNamespace } from '../../ns/pid-namespace.js';
import { mayTrace } from '../../security/trace-access.js';
import type { Task } from '../../task/task.js';
import type { Actor } from '../../vfs/actor.js';
import { FileSystem, type FileSystemStatistics } from '../../vfs/file-system.js';
import type { DirectoryEntry, Inode } from '../../vfs/inode.js';
import type { Timestamp } from '../../vfs/timestamp.js';
import { inoBelow, TableDirectory } from './inodes.js';
import { ProcessDirectory } from './process-directory.js';
import { ProcessSubject, SystemSubject } from './subject.js';
import { SYSTEM } from './system-directory.js';

const ROOT_INO = 1;
/** Positions of processes in the root begin here. */
const FIRST_PROCESS = 256;

export interface ProcfsOptions {
  /** Of others' processes, files can't be opened (1), or they are not even listed (2); 4: as 2, for all who may not trace. */
  hidePid: 0 | 1 | 2 | 4;
  /** Members of this group see all the same. */
  gid: number;
}

export class Procfs extends FileSystem {
  readonly type = 'proc';
  override readonly showsSystem = true;
  readonly root: Inode;
  override readonly remembersNames = false;

  constructor(
    device: number,
    readonly kernel: Kernel,
    readonly namespace: PidNamespace,
    readonly settings: ProcfsOptions = { hidePid: 0, gid: 0 },
  ) {
    super(device);
    this.source = 'proc';
    this.root = new RootDirectory(this);
  }

  get now(): Timestamp {
    return this.kernel.clock.date();
  }

  statistics(): FileSystemStatistics {
    return { magic: PROC_SUPER_MAGIC, blockSize: PAGE_SIZE, blocks: 0, free: 0, files: 0, filesFree: 0 };
  }

  override options(): string {
    const { hidePid, gid } = this.settings;
    const names = { 0: '', 1: 'hidepid=noaccess', 2: 'hidepid=invisible', 4: 'hidepid=ptraceable' };
    return [gid === 0 ? '' : `gid=${gid}`, names[hidePid]].filter(Boolean).join(',');
  }

  /** May `task` see what is in the directory of `other`? `least`: the setting that takes it away. */
  seen(task: Task, other: Task, least: 1 | 2): boolean {
    const { hidePid, gid } = this.settings;
    if (hidePid < least) return true;
    if (hidePid !== 4 && gid !== 0 && task.credentials.inGroup(gid)) return true;
    return mayTrace(task, other);
  }
}

export class RootDirectory extends TableDirectory<SystemSubject> {
  constructor(fs: Procfs) {
    super({ fs, ino: ROOT_INO, subject: new SystemSubject(fs.namespace) }, 0o555, SYSTEM);
  }

  private inoOf(pid: Pid): number {
    return inoBelow(ROOT_INO, FIRST_PROCESS + pid.serial);
  }

  /** Threads are found too, but not listed. */
  override lookup(actor: Actor, name: string): Inode | number {
    if (!/^[1-9]\d{0,9}$/.test(name)) return super.lookup(actor, name);
    const { fs } = this;
    const pid = fs.namespace.find(Number(name));
    const subject = pid && new ProcessSubject(fs.namespace, pid, pid.process === undefined);
    const task = subject?.task;
    if (!pid || !subject || !task) return -ENOENT;
    if ('process' in actor && !fs.seen(actor as Task, task, 2)) return -ENOENT;
    return new PidDirectory({ fs, ino: this.inoOf(pid), subject });
  }

  override entries(task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    let going = true;
    if (position < FIRST_PROCESS)
      super.entries(task, position, (entry, next) => {
        going = see(entry, next);
        return going;
      });
    if (!going) return 0;
    for (const [number, pid] of this.fs.namespace.all()) {
      const leader = pid.process?.leader;
      if (!leader || FIRST_PROCESS + number < position || !this.fs.seen(task, leader, 2)) continue;
      const entry = { name: String(number), ino: this.inoOf(pid), mode: S_IFDIR };
      if (!see(entry, FIRST_PROCESS + number + 1)) break;
    }
    return 0;
  }
}

/** A process's directory, whose contents the mount may keep from others. */
export class PidDirectory extends ProcessDirectory {
  override allows(task: Task, wanted: number): number {
    const other = this.subject.task;
    if (!other) return -ESRCH;
    if (!this.fs.seen(task, other, 1)) return this.fs.settings.hidePid === 1 ? -EPERM : -ENOENT;
    return super.allows(task, wanted);
  }
}

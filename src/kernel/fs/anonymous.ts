// Inodes without a name: those of pipes, sockets, eventfds, pidfds. Linux fs/anon_inodes.c, pipefs, sockfs.
import { ENXIO, EOPNOTSUPP } from '../abi/errno.js';
import { PAGE_SIZE } from '../mm/frames.js';
import { FileSystem, type FileSystemStatistics } from '../vfs/file-system.js';
import type { Actor } from '../vfs/actor.js';
import { type Attributes, Inode } from '../vfs/inode.js';
import type { OpenFile } from '../vfs/open-file.js';
import type { Task } from '../task/task.js';

/** What lies behind an inode that /proc/PID/fd leads to, so that it can be opened once more: a pipe. */
export interface Reopenable {
  reopen(task: Task, inode: Inode, flags: number): OpenFile | number;
}

export class AnonymousInode extends Inode {
  /** Absent: it can't be opened again. */
  content?: Reopenable;

  override get opensByType(): boolean {
    return false;
  }

  /** Pipes and sockets have rights that can be changed; the others are nothing of the kind. */
  override setAttributes(actor: Actor, { mode, uid, gid, atime, mtime }: Attributes): number {
    if (this.type === 0) return -EOPNOTSUPP;
    if (mode !== undefined) this.mode = this.type | (mode & 0o7777);
    if (uid !== undefined) this.uid = uid;
    if (gid !== undefined) this.gid = gid;
    if (atime) this.atime = atime;
    if (mtime) this.mtime = mtime;
    this.ctime = actor.kernel.clock.date();
    return 0;
  }

  override open(task: Task, flags: number): OpenFile | number {
    return this.content ? this.content.reopen(task, this, flags) : -ENXIO;
  }
}

/** A filesystem that is mounted nowhere and gives out inodes. */
export class AnonymousFs extends FileSystem {
  readonly root: Inode;
  private nextIno = 1;

  constructor(
    device: number,
    readonly type: string,
    private readonly magic: number,
  ) {
    super(device);
    this.root = new AnonymousInode(this, 1, { mode: 0o040000, uid: 0, gid: 0 });
  }

  /** An inode of the task's user; `mode` has the type (0 for what has none). */
  make(task: Task, mode: number, content?: Reopenable): Inode {
    const { fsuid, fsgid } = task.credentials;
    const inode = new AnonymousInode(this, ++this.nextIno, { mode, uid: fsuid, gid: fsgid });
    inode.content = content;
    const now = task.kernel.clock.date();
    inode.atime = now;
    inode.mtime = now;
    inode.ctime = now;
    return inode;
  }

  statistics(): FileSystemStatistics {
    return { magic: this.magic, blockSize: PAGE_SIZE, blocks: 0, free: 0, files: 0, filesFree: 0 };
  }
}

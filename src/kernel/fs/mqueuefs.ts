// The filesystem of POSIX message queues: each file is a queue. man 7 mq_overview; Linux ipc/mqueue.c.
import { EEXIST, EFAULT, EINVAL, EMFILE, ENOENT, ENOSPC, EPERM } from '../abi/errno.js';
import { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../abi/poll.js';
import { RLIMIT_MSGQUEUE } from '../abi/sched.js';
import { SI_MESGQ } from '../abi/signal.js';
import { MQUEUE_MAGIC, S_IFDIR, S_IFMT, S_IFREG } from '../abi/stat.js';
import { PAGE_SIZE } from '../mm/frames.js';
import { CAP_SYS_RESOURCE } from '../security/capability.js';
import type { Process } from '../task/process.js';
import type { Task } from '../task/task.js';
import { WaitQueue } from '../task/wait-queue.js';
import type { Actor } from '../vfs/actor.js';
import type { FdTable } from '../vfs/fd-table.js';
import { FileSystem, type FileSystemStatistics } from '../vfs/file-system.js';
import { type Attributes, type DirectoryEntry, Inode, type NewInode } from '../vfs/inode.js';
import { type Io, KernelIo } from '../vfs/io.js';
import { DirectoryFile, OpenFile, seekWithin } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';
import type { Timestamp } from '../vfs/timestamp.js';

/** What the kernel keeps of each message that a queue may have. */
const MESSAGE_OVERHEAD = 96;
/** Of each name in the directory: DIRENT_SIZE. */
const ENTRY_SIZE = 20;
const HARD_MESSAGES = 65536;
const HARD_BYTES = 16 << 20;

export interface QueueLimits {
  /** Messages that it may have, and bytes of each. */
  messages: number;
  bytes: number;
}

/** Who hears of the next message that comes to an empty queue. */
export interface QueueNotice {
  readonly process: Process;
  readonly table: FdTable;
  /** 0: nothing is sent. */
  readonly signal: number;
  readonly value: number;
}

interface QueuedMessage {
  readonly priority: number;
  readonly bytes: Uint8Array;
}

/** A task that waits, in the note of its call: for a message, or for room. */
export class QueueWait {
  constructor(
    readonly queue: QueueInode,
    readonly receives: boolean,
  ) {}
}

export class MqueueFs extends FileSystem {
  readonly type = 'mqueue';
  override readonly remembersNames = false;
  readonly root: QueueDirectory;
  /** /proc/sys/fs/mqueue. */
  readonly limits = { queues: 256, messages: 10, bytes: 8192, defaultMessages: 10, defaultBytes: 8192 };
  /** Bytes that each user's queues may take. */
  readonly claims = new Map<number, number>();
  private nextIno = 1;

  constructor(
    device: number,
    private readonly clock: { date(): Timestamp },
  ) {
    super(device);
    this.source = 'mqueue';
    this.root = new QueueDirectory(this, this.nextIno++, { mode: S_IFDIR | 0o1777, uid: 0, gid: 0 });
    this.root.nlink = 2;
    this.stamp(this.root);
  }

  get now(): Timestamp {
    return this.clock.date();
  }

  stamp(inode: Inode): void {
    const { now } = this;
    Object.assign(inode, { atime: now, mtime: now, ctime: now });
  }

  /** An empty queue; without `wanted` as the defaults have it. -EINVAL, or -EMFILE when its user has too much. */
  make(actor: Actor, made: NewInode, wanted?: QueueLimits): QueueInode | number {
    const { limits } = this;
    const size = wanted ?? {
      messages: Math.min(limits.messages, limits.defaultMessages),
      bytes: Math.min(limits.bytes, limits.defaultBytes),
    };
    const privileged = actor.credentials.has(CAP_SYS_RESOURCE);
    const most = privileged ? { messages: HARD_MESSAGES, bytes: HARD_BYTES } : limits;
    if (size.messages <= 0 || size.bytes <= 0 || size.messages > most.messages || size.bytes > most.bytes)
      return -EINVAL;
    const { uid } = actor.credentials;
    const claim = size.messages * (size.bytes + MESSAGE_OVERHEAD);
    const claimed = (this.claims.get(uid) ?? 0) + claim;
    const allowed = 'process' in actor ? (actor as Task).process.limits.soft(RLIMIT_MSGQUEUE) : claimed;
    if (claimed > allowed) return -EMFILE;
    this.claims.set(uid, claimed);
    const inode = new QueueInode(this, this.nextIno++, made, size, uid, claim);
    this.stamp(inode);
    return inode;
  }

  statistics(): FileSystemStatistics {
    return { magic: MQUEUE_MAGIC, blockSize: PAGE_SIZE, blocks: 0, free: 0, files: 0, filesFree: 0 };
  }
}

export class QueueDirectory extends Inode {
  declare readonly fs: MqueueFs;
  private readonly queues = new Map<string, { inode: QueueInode; order: number }>();
  private nextOrder = 1;

  override lookup(_actor: Actor, name: string): QueueInode | number {
    return this.queues.get(name)?.inode ?? -ENOENT;
  }

  override create(actor: Actor, name: string, made: NewInode): Inode | number {
    return this.createQueue(actor, name, made);
  }

  createQueue(actor: Actor, name: string, made: NewInode, limits?: QueueLimits): QueueInode | number {
    if ((made.mode & S_IFMT) !== S_IFREG) return -EPERM;
    if (this.queues.has(name)) return -EEXIST;
    if (this.queues.size >= this.fs.limits.queues && !actor.credentials.has(CAP_SYS_RESOURCE)) return -ENOSPC;
    const inode = this.fs.make(actor, made, limits);
    if (typeof inode === 'number') return inode;
    this.queues.set(name, { inode, order: this.nextOrder++ });
    this.changed();
    return inode;
  }

  override unlink(_actor: Actor, name: string, inode: Inode): number {
    this.queues.delete(name);
    inode.nlink = 0;
    this.changed();
    return 0;
  }

  override get size(): number {
    return (2 + this.queues.size) * ENTRY_SIZE;
  }
  override set size(_: number) {}

  private changed(): void {
    this.mtime = this.fs.now;
    this.ctime = this.mtime;
  }

  override entries(_task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    for (const [name, { inode, order }] of this.queues) {
      if (order <= position) continue;
      if (!see({ name, ino: inode.ino, mode: inode.mode }, order)) break;
    }
    return 0;
  }

  override open(task: Task, flags: number, path: Path): OpenFile {
    return new DirectoryFile(task, this, flags, path);
  }

  override setAttributes(_actor: Actor, change: Attributes): number {
    return assign(this, this.fs.now, change);
  }
}

function assign(inode: Inode, now: Timestamp, { mode, uid, gid, atime, mtime }: Attributes): number {
  if (mode !== undefined) inode.mode = (inode.mode & S_IFMT) | (mode & 0o7777);
  if (uid !== undefined) inode.uid = uid;
  if (gid !== undefined) inode.gid = gid;
  if (atime) inode.atime = atime;
  if (mtime) inode.mtime = mtime;
  inode.ctime = now;
  return 0;
}

export class QueueInode extends Inode {
  declare readonly fs: MqueueFs;
  /** The highest priority first; of one, the oldest. */
  private messages: QueuedMessage[] = [];
  bytes = 0;
  notice?: QueueNotice;
  readonly waits = new WaitQueue();

  constructor(
    fs: MqueueFs,
    ino: number,
    made: NewInode,
    readonly limits: QueueLimits,
    private readonly owner: number,
    private readonly claim: number,
  ) {
    super(fs, ino, made);
    this.size = STATUS_SIZE;
  }

  get count(): number {
    return this.messages.length;
  }
  get isFull(): boolean {
    return this.messages.length >= this.limits.messages;
  }

  /** Takes a message, for which there is room. */
  add(task: Task, priority: number, bytes: Uint8Array): void {
    const arrives = this.messages.length === 0 && !this.hasReceiver(task);
    let at = this.messages.length;
    while (at > 0 && this.messages[at - 1]!.priority < priority) at--;
    this.messages.splice(at, 0, { priority, bytes });
    this.bytes += bytes.length;
    if (arrives) this.notify(task);
    this.waits.wake(POLLIN);
  }

  /** The first message, which there is. */
  take(): QueuedMessage {
    const message = this.messages.shift()!;
    this.bytes -= message.bytes.length;
    this.waits.wake(POLLOUT);
    return message;
  }

  private hasReceiver(task: Task): boolean {
    for (const { state, call } of task.kernel.tasks) {
      const note = call?.state.note;
      if (state === 'blocked' && note instanceof QueueWait && note.queue === this && note.receives) return true;
    }
    return false;
  }

  /** Whoever waits to hear of a message does, once. */
  private notify(sender: Task): void {
    const { notice } = this;
    this.notice = undefined;
    if (!notice || notice.signal === 0 || notice.process.isZombie) return;
    sender.kernel.signals.toProcess(notice.process, {
      signal: notice.signal,
      code: SI_MESGQ,
      pid: sender.process.pid.in(notice.process.pid.namespace),
      uid: sender.credentials.uid,
      value: notice.value,
    });
  }

  /** What reading the file tells. */
  status(reader: Task): string {
    const { notice } = this;
    const pid = notice?.process.pid.in(reader.pidNamespace) ?? 0;
    const pad = (value: number, width: number): string => String(value).padEnd(width);
    const kind = notice?.signal === 0 ? 1 : 0;
    return `QSIZE:${pad(this.bytes, 10)} NOTIFY:${pad(kind, 5)} SIGNO:${pad(notice?.signal ?? 0, 5)} NOTIFY_PID:${pad(pid, 6)}\n`;
  }

  override open(task: Task, flags: number, path?: Path): OpenFile {
    return new QueueFile(task, this, flags, path);
  }

  override setAttributes(_actor: Actor, change: Attributes): number {
    return assign(this, this.fs.now, change);
  }

  override evict(): void {
    const left = (this.fs.claims.get(this.owner) ?? 0) - this.claim;
    if (left > 0) this.fs.claims.set(this.owner, left);
    else this.fs.claims.delete(this.owner);
  }
}

/** What stat says: the length of Linux's buffer for the status. */
const STATUS_SIZE = 80;

export class QueueFile extends OpenFile {
  declare readonly inode: QueueInode;

  override read(task: Task, io: Io): number {
    const done = this.readAt(task, io, this.position);
    if (done > 0) this.position += done;
    return done;
  }

  override readAt(task: Task, io: Io, offset: number): number {
    const text = Uint8Array.from(this.inode.status(task), (character) => character.charCodeAt(0));
    const piece = text.subarray(Math.min(offset, text.length));
    const moved = io.give(piece, 0, Math.min(piece.length, io.left));
    return moved === 0 && piece.length > 0 && io.left > 0 && !(io instanceof KernelIo) ? -EFAULT : moved;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    return seekWithin(this, this.inode.size, offset, whence);
  }

  override poll(): number {
    const { count, isFull } = this.inode;
    return (count > 0 ? POLLIN | POLLRDNORM : 0) | (isFull ? 0 : POLLOUT | POLLWRNORM);
  }

  override get waits(): WaitQueue {
    return this.inode.waits;
  }

  /** A process that closes a descriptor of the queue hears of messages no more. */
  override flush(table: FdTable): void {
    if (this.inode.notice?.table === table) this.inode.notice = undefined;
  }
}

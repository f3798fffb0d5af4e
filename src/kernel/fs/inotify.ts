// inotify: events of watched files, read from a descriptor. man 7 inotify; Linux fs/notify/inotify.
import { EEXIST, EINVAL, EFAULT, EMFILE, ENOSPC, ENOTTY } from '../abi/errno.js';
import { O_RDONLY } from '../abi/fcntl.js';
import {
  IN_ALL_EVENTS,
  IN_EXCL_UNLINK,
  IN_IGNORED,
  IN_ISDIR,
  IN_MASK_ADD,
  IN_MASK_CREATE,
  IN_ONESHOT,
  IN_Q_OVERFLOW,
  IN_UNMOUNT,
} from '../abi/inotify.js';
import { Layout } from '../abi/layout.js';
import { POLLIN, POLLRDNORM } from '../abi/poll.js';
import { FIONREAD } from '../abi/termios.js';
import { writeU32 } from '../mm/user-memory.js';
import type { Task } from '../task/task.js';
import { WaitQueue } from '../task/wait-queue.js';
import type { Inode } from '../vfs/inode.js';
import type { Io } from '../vfs/io.js';
import { Watch, type Watcher } from '../vfs/notify.js';
import { OpenFile } from '../vfs/open-file.js';

/** struct inotify_event without its name: the same on every ABI. */
const EVENT = new Layout({ word: 4, align64: 4 }, [
  ['wd', 's32'],
  ['mask', 'u32'],
  ['cookie', 'u32'],
  ['length', 'u32'],
]);

/** What of its mask a watch keeps. */
const KEPT = IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT;

interface Event {
  wd: number;
  mask: number;
  cookie: number;
  name: string;
}

/** /proc/sys/fs/inotify, and what each user has of it. */
export class InotifyLimits {
  maxQueuedEvents = 16384;
  maxUserInstances = 128;
  maxUserWatches = 8192;
  readonly instances = new Map<number, number>();
  readonly watches = new Map<number, number>();
}

const add = (counts: Map<number, number>, uid: number, more: number): void => {
  const count = (counts.get(uid) ?? 0) + more;
  if (count > 0) counts.set(uid, count);
  else counts.delete(uid);
};

export class InotifyFile extends OpenFile implements Watcher {
  private readonly queue: Event[] = [];
  private readonly watches = new Map<number, Watch>();
  private readonly byInode = new Map<Inode, Watch>();
  private nextDescriptor = 1;
  private readonly waiters = new WaitQueue();
  private readonly limits: InotifyLimits;
  private readonly uid: number;

  /** An instance of the task's user; -EMFILE when it has too many. */
  static make(task: Task, flags: number): InotifyFile | number {
    const { inotify } = task.kernel;
    if ((inotify.instances.get(task.credentials.uid) ?? 0) >= inotify.maxUserInstances) return -EMFILE;
    return new InotifyFile(task, flags);
  }

  private constructor(task: Task, flags: number) {
    super(task, task.kernel.anonymous.make(task, 0), O_RDONLY | flags);
    this.limits = task.kernel.inotify;
    this.uid = task.credentials.uid;
    add(this.limits.instances, this.uid, 1);
  }

  override get label(): string {
    return 'anon_inode:inotify';
  }

  /** inotify_add_watch(2), of a file that may be watched: its watch descriptor. */
  watch(inode: Inode, mask: number): number {
    const known = this.byInode.get(inode);
    if (known) {
      if ((mask & IN_MASK_CREATE) !== 0) return -EEXIST;
      known.mask = (mask & IN_MASK_ADD) !== 0 ? known.mask | (mask & KEPT) : mask & KEPT;
      return known.descriptor;
    }
    if ((this.limits.watches.get(this.uid) ?? 0) >= this.limits.maxUserWatches) return -ENOSPC;
    const watch = new Watch(this, inode, this.nextDescriptor, mask & KEPT);
    // a number is not given again before all others were
    this.nextDescriptor = this.nextDescriptor === 0x7fffffff ? 1 : this.nextDescriptor + 1;
    while (this.watches.has(this.nextDescriptor)) this.nextDescriptor++;
    this.watches.set(watch.descriptor, watch);
    this.byInode.set(inode, watch);
    add(this.limits.watches, this.uid, 1);
    watch.attach();
    return watch.descriptor;
  }

  /** inotify_rm_watch(2). */
  unwatch(descriptor: number): number {
    const watch = this.watches.get(descriptor);
    if (!watch) return -EINVAL;
    this.ended(watch);
    return 0;
  }

  happened(watch: Watch, mask: number, name: string, cookie: number): void {
    const told = mask & ((watch.mask & IN_ALL_EVENTS) | IN_ISDIR | IN_UNMOUNT);
    this.post({ wd: watch.descriptor, mask: told >>> 0, cookie, name });
    if ((watch.mask & IN_ONESHOT) !== 0 && (mask & IN_UNMOUNT) === 0) this.ended(watch);
  }

  ended(watch: Watch): void {
    if (!this.forget(watch)) return;
    this.post({ wd: watch.descriptor, mask: IN_IGNORED, cookie: 0, name: '' });
  }

  private forget(watch: Watch): boolean {
    if (!this.watches.delete(watch.descriptor)) return false;
    this.byInode.delete(watch.inode);
    add(this.limits.watches, this.uid, -1);
    watch.detach();
    return true;
  }

  private post(event: Event): void {
    const last = this.queue.at(-1);
    // what is the same again is told once
    if (
      last &&
      last.wd === event.wd &&
      last.mask === event.mask &&
      last.name === event.name &&
      last.mask !== IN_IGNORED
    )
      return;
    if (this.queue.length < this.limits.maxQueuedEvents) this.queue.push(event);
    else if (last?.mask === IN_Q_OVERFLOW) return;
    else this.queue.push({ wd: -1, mask: IN_Q_OVERFLOW, cookie: 0, name: '' });
    this.waiters.wake(POLLIN);
  }

  override read(task: Task, io: Io): number {
    let done = 0;
    let taken = 0;
    for (const event of this.queue) {
      const bytes = bytesOf(event);
      if (bytes.length > io.left) break;
      if (io.give(bytes, 0, bytes.length) !== bytes.length) {
        this.queue.splice(0, taken);
        return done > 0 ? done : -EFAULT;
      }
      done += bytes.length;
      taken++;
    }
    this.queue.splice(0, taken);
    if (taken > 0) return done;
    return this.queue.length > 0 ? -EINVAL : task.blockUnless(this.nonblocking, this.waiters);
  }

  override seek(): number {
    return 0;
  }

  override poll(): number {
    return this.queue.length > 0 ? POLLIN | POLLRDNORM : 0;
  }

  override get waits(): WaitQueue {
    return this.waiters;
  }

  override ioctl(task: Task, command: number, argument: number): number {
    if (command !== FIONREAD) return -ENOTTY;
    const bytes = this.queue.reduce((sum, event) => sum + EVENT.size + nameLength(event.name), 0);
    return writeU32(task.space, argument, bytes);
  }

  protected override close(): void {
    for (const watch of [...this.watches.values()]) this.forget(watch);
    add(this.limits.instances, this.uid, -1);
  }

  override details(): string {
    const hex = (value: number): string => (value >>> 0).toString(16);
    return [...this.watches.values()]
      .map(
        ({ descriptor, inode, mask }) =>
          `inotify wd:${hex(descriptor)} ino:${hex(inode.ino)} sdev:${hex(inode.fs.device)} mask:${hex(mask & IN_ALL_EVENTS)} ignored_mask:0 \n`,
      )
      .join('');
  }
}

/** Of the name in an event: with a NUL at least, in whole events' sizes. */
function nameLength(name: string): number {
  return name === '' ? 0 : Math.ceil((name.length + 1) / EVENT.size) * EVENT.size;
}

function bytesOf({ wd, mask, cookie, name }: Event): Uint8Array {
  const length = nameLength(name);
  const bytes = new Uint8Array(EVENT.size + length);
  EVENT.write(new DataView(bytes.buffer), 0, { wd, mask, cookie, length });
  for (let i = 0; i < name.length; i++) bytes[EVENT.size + i] = name.charCodeAt(i);
  return bytes;
}

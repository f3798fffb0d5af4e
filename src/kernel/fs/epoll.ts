// epoll: many files watched at once, in time that goes with how many are ready. man 7 epoll; Linux fs/eventpoll.c.
import { EEXIST, EFAULT, EINVAL, ELOOP, ENOENT, EPERM } from '../abi/errno.js';
import { O_RDWR } from '../abi/fcntl.js';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLONESHOT,
  EPOLLWAKEUP,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLRDNORM,
} from '../abi/poll.js';
import { copyOut } from '../mm/user-memory.js';
import type { Task } from '../task/task.js';
import { type Waiter, WaitQueue } from '../task/wait-queue.js';
import { type FileObserver, OpenFile } from '../vfs/open-file.js';

/** Instances that watch instances that watch ... */
const DEPTH_MAX = 5;
/** struct epoll_event is 12 bytes on every ABI of x86: events, then data. */
export const EVENT_SIZE = 12;
const record = new Uint8Array(EVENT_SIZE);
const recordView = new DataView(record.buffer);
const MODE_BITS = EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE;

/** A file that is watched under a descriptor's number. */
export class EpollItem implements Waiter, FileObserver {
  /** After EPOLLONESHOT has told: nothing until it is set again. */
  disabled = false;
  /** It is in the list of those that may be ready. */
  listed = false;

  constructor(
    private readonly epoll: EpollFile,
    readonly file: OpenFile,
    readonly fd: number,
    public events: number,
    public low: number,
    public high: number,
  ) {}

  wake(events: number): void {
    if (this.disabled || (events !== 0 && (events & (this.events | POLLERR | POLLHUP)) === 0)) return;
    this.epoll.noteReady(this);
  }

  fileClosed(): void {
    this.epoll.remove(this);
  }
}

export class EpollFile extends OpenFile {
  private readonly items = new Map<string, EpollItem>();
  /** Items that may be ready, in the order in which they became so. */
  private ready: EpollItem[] = [];
  private readonly waiters = new WaitQueue();

  constructor(task: Task) {
    super(task, task.kernel.anonymous.make(task, 0), O_RDWR);
  }

  override get label(): string {
    return 'anon_inode:[eventpoll]';
  }

  private keyOf(task: Task, fd: number, file: OpenFile): string {
    return `${fd}:${task.kernel.idOf(file)}`;
  }

  /** epoll_ctl(2). */
  control(
    task: Task,
    operation: number,
    fd: number,
    file: OpenFile,
    events: number,
    low: number,
    high: number,
  ): number {
    if (file === this || !file.pollable) return file === this ? -EINVAL : -EPERM;
    const key = this.keyOf(task, fd, file);
    const item = this.items.get(key);
    switch (operation) {
      case EPOLL_CTL_ADD: {
        if (item) return -EEXIST;
        if (file instanceof EpollFile && (file.reaches(this, 0) || file.depth(0) >= DEPTH_MAX - 1)) return -ELOOP;
        const added = new EpollItem(this, file, fd, events, low, high);
        this.items.set(key, added);
        file.waits!.add(added);
        file.observe(added);
        this.check(task, added);
        return 0;
      }
      case EPOLL_CTL_MOD:
        if (!item) return -ENOENT;
        if (((item.events | events) & EPOLLEXCLUSIVE) !== 0) return -EINVAL;
        item.events = events;
        item.low = low;
        item.high = high;
        item.disabled = false;
        this.check(task, item);
        return 0;
      case EPOLL_CTL_DEL:
        if (!item) return -ENOENT;
        this.remove(item);
        return 0;
      default:
        return -EINVAL;
    }
  }

  private check(task: Task, item: EpollItem): void {
    if ((item.file.poll(task) & (item.events | POLLERR | POLLHUP)) !== 0) this.noteReady(item);
  }

  noteReady(item: EpollItem): void {
    if (!item.listed) {
      item.listed = true;
      this.ready.push(item);
    }
    this.waiters.wake(POLLIN);
  }

  remove(item: EpollItem): void {
    for (const [key, other] of this.items) if (other === item) this.items.delete(key);
    if (item.listed) this.ready.splice(this.ready.indexOf(item), 1);
    item.listed = false;
    item.file.waits?.remove(item);
    item.file.unobserve(item);
  }

  /** Does it watch `other`, directly or by others? */
  private reaches(other: EpollFile, depth: number): boolean {
    if (depth > DEPTH_MAX) return true;
    for (const { file } of this.items.values())
      if (file === other || (file instanceof EpollFile && file.reaches(other, depth + 1))) return true;
    return false;
  }

  private depth(depth: number): number {
    if (depth > DEPTH_MAX) return depth;
    let most = 0;
    for (const { file } of this.items.values())
      if (file instanceof EpollFile) most = Math.max(most, 1 + file.depth(depth + 1));
    return most;
  }

  /** Tells at most `most` ready files to the program: how many, or what waiting answers. */
  wait(task: Task, address: number, most: number): number {
    const told = this.tell(task, address, most);
    if (told !== 0 || task.timedOut) return told;
    return task.block(this.waiters);
  }

  private tell(task: Task, address: number, most: number): number {
    const { ready } = this;
    let count = 0;
    let kept = 0;
    let at = 0;
    for (; at < ready.length && count < most; at++) {
      const item = ready[at]!;
      const events = item.disabled ? 0 : item.file.poll(task) & (item.events | POLLERR | POLLHUP) & ~MODE_BITS;
      if (events === 0) {
        item.listed = false;
        continue;
      }
      recordView.setUint32(0, events, true);
      recordView.setUint32(4, item.low, true);
      recordView.setUint32(8, item.high, true);
      if (copyOut(task.space, address + count * EVENT_SIZE, record, 0, EVENT_SIZE) !== EVENT_SIZE) {
        if (count === 0) count = -EFAULT;
        break;
      }
      count++;
      if ((item.events & EPOLLONESHOT) !== 0) item.disabled = true;
      // level-triggered: it is ready until a look says that it is not
      if ((item.events & (EPOLLONESHOT | EPOLLET)) === 0) ready[kept++] = item;
      else item.listed = false;
    }
    // who was told of comes behind those that wait for their turn
    if (at === ready.length) {
      while (ready.length > kept) ready.pop();
    } else if (at > 0) this.ready = ready.slice(at).concat(ready.slice(0, kept));
    return count;
  }

  override poll(task: Task): number {
    for (const item of this.ready)
      if (!item.disabled && (item.file.poll(task) & (item.events | POLLERR | POLLHUP)) !== 0)
        return POLLIN | POLLRDNORM;
    return 0;
  }

  override get waits(): WaitQueue {
    return this.waiters;
  }

  override details(): string {
    const lines = [...this.items.values()].map(
      ({ fd, events, low, high, file }) =>
        `tfd: ${String(fd).padStart(8)} events: ${(events >>> 0).toString(16).padStart(8)} data: ${(high * 2 ** 32 + low).toString(16).padStart(16)}  pos:${file.position} ino:${file.inode.ino.toString(16)} sdev:${file.inode.fs.device.toString(16)}`,
    );
    return lines.map((line) => `${line}\n`).join('');
  }

  protected override close(): void {
    for (const item of [...this.items.values()]) this.remove(item);
  }
}

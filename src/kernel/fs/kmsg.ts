// The kernel's log: /dev/kmsg, which programs may write to. Linux Documentation/ABI/testing/dev-kmsg, kernel/printk.
import { EAGAIN, EFAULT, EINVAL, EPIPE, ESPIPE } from '../abi/errno.js';
import { SEEK_CUR, SEEK_END, SEEK_SET } from '../abi/fcntl.js';
import { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../abi/poll.js';
import type { Task } from '../task/task.js';
import { WaitQueue } from '../task/wait-queue.js';
import type { Inode } from '../vfs/inode.js';
import type { Io } from '../vfs/io.js';
import { OpenFile } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';

/** Records that are kept, and bytes of one that a program writes. */
const RECORDS_MAX = 1024;
const RECORD_MAX = 1024;

export interface LogRecord {
  readonly sequence: number;
  /** Facility and level: 8 * facility + level. */
  readonly priority: number;
  /** Microseconds since boot. */
  readonly time: number;
  readonly text: string;
}

export class KernelLog {
  readonly records: LogRecord[] = [];
  private next = 0;
  readonly waits = new WaitQueue();

  add(priority: number, time: number, text: string): void {
    this.records.push({ sequence: this.next++, priority, time, text });
    if (this.records.length > RECORDS_MAX) this.records.shift();
    this.waits.wake(POLLIN);
  }

  get first(): number {
    return this.records[0]?.sequence ?? this.next;
  }
  get end(): number {
    return this.next;
  }
  at(sequence: number): LogRecord | undefined {
    return this.records[sequence - this.first];
  }
}

/** Each read gives a record, from the oldest on. */
export class KmsgFile extends OpenFile {
  private next: number;
  private readonly log: KernelLog;

  constructor(task: Task, inode: Inode, flags: number, path: Path) {
    super(task, inode, flags, path);
    this.log = task.kernel.log;
    this.next = this.log.first;
  }

  override read(task: Task, io: Io): number {
    const { log } = this;
    if (this.next < log.first) {
      // what came next has been overwritten
      this.next = log.first;
      return -EPIPE;
    }
    const record = log.at(this.next);
    if (!record) return this.nonblocking ? -EAGAIN : task.block(log.waits);
    const text = `${record.priority},${record.sequence},${record.time},-;${record.text}\n`;
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    if (bytes.length > io.left) return -EINVAL;
    if (io.give(bytes, 0, bytes.length) !== bytes.length) return -EFAULT;
    this.next++;
    return bytes.length;
  }

  override write(task: Task, io: Io): number {
    const length = io.left;
    if (length > RECORD_MAX) return -EINVAL;
    const bytes = new Uint8Array(length);
    if (io.take(bytes, 0, length) !== length) return -EFAULT;
    const line = String.fromCharCode(...bytes).replace(/\n$/, '');
    const [, given, text] = /^(?:<(\d{1,10})>)?([\s\S]*)$/.exec(line)!;
    // who writes here is a user, whatever it says
    const priority = given === undefined ? 12 : Number(given) < 8 ? Number(given) + 8 : Number(given) & 0x3ff;
    this.log.add(priority, Math.floor(task.kernel.clock.monotonic() / 1000), escaped(text!));
    return length;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    if (offset !== 0) return -ESPIPE;
    if (whence === SEEK_SET || whence === SEEK_CUR) this.next = this.log.first;
    else if (whence === SEEK_END) this.next = this.log.end;
    else return -EINVAL;
    return 0;
  }

  override poll(): number {
    return (this.next < this.log.end ? POLLIN | POLLRDNORM : 0) | POLLOUT | POLLWRNORM;
  }

  override get waits(): WaitQueue {
    return this.log.waits;
  }
}

/** Characters that are none are shown by their numbers. */
function escaped(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.charCodeAt(0);
      return code < 32 || code >= 127 || code === 0x5c ? `\\x${code.toString(16).padStart(2, '0')}` : character;
    })
    .join('');
}

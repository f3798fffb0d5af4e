// A WASI program's mailbox as its process has it open: a read gives the next call, a write is its answer. When it is closed the program ends.
// Ours; src/wasi/mailbox.ts.
import { EINVAL } from '../../kernel/abi/errno.js';
import { O_RDWR } from '../../kernel/abi/fcntl.js';
import { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../kernel/abi/poll.js';
import type { Task } from '../../kernel/task/task.js';
import { WaitQueue } from '../../kernel/task/wait-queue.js';
import { type Io, transferred } from '../../kernel/vfs/io.js';
import { OpenFile } from '../../kernel/vfs/open-file.js';
import { type Callee, DATA_MAX } from '../../wasi/mailbox.js';

const ANSWER_MAX = 4 + DATA_MAX;

export class MailboxFile extends OpenFile {
  private readonly queue = new WaitQueue();
  /** Calls that the node makes in the program's place, as it is no more. */
  private readonly last: Uint8Array[] = [];
  private ended = false;

  constructor(
    task: Task,
    private readonly callee: Callee,
    private readonly events: { taken(): void; answered(): void; closed(): void },
  ) {
    super(task, task.kernel.anonymous.make(task, 0), O_RDWR);
  }

  override get label(): string {
    return 'anon_inode:[wasi]';
  }

  /** The program has asked for something. */
  called(): void {
    this.queue.wake(POLLIN);
  }

  /** The program is gone: its process makes these calls, and no others. */
  finish(calls: readonly Uint8Array[]): void {
    if (this.ended) return;
    this.ended = true;
    this.last.push(...calls);
    this.queue.wake(POLLIN);
  }

  override read(task: Task, io: Io): number {
    const asked = !this.ended && this.callee.asked;
    if (asked) this.events.taken();
    const block = this.ended ? (this.last.shift() ?? new Uint8Array(0)) : asked ? this.callee.take() : undefined;
    if (!block) return task.blockUnless(this.nonblocking, this.queue);
    return transferred(io.give(block, 0, Math.min(io.left, block.length)), block.length);
  }

  override write(_task: Task, io: Io): number {
    const bytes = new Uint8Array(Math.min(io.left, ANSWER_MAX));
    const taken = io.take(bytes, 0, bytes.length);
    if (taken < 4) return -EINVAL;
    this.events.answered();
    if (!this.ended) this.callee.answer(bytes.subarray(0, taken));
    return taken;
  }

  override get waits(): WaitQueue {
    return this.queue;
  }

  override poll(): number {
    const asked = this.ended || this.callee.asked;
    return (asked ? POLLIN | POLLRDNORM : 0) | POLLOUT | POLLWRNORM;
  }

  protected override close(): void {
    this.events.closed();
  }
}

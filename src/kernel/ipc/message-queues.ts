// System V message queues: messages with types. man 2 msgop, msgctl; Linux ipc/msg.c.
import type { Pid } from '../ns/pid-namespace.js';
import type { Task } from '../task/task.js';
import { WaitQueue } from '../task/wait-queue.js';
import { IpcObject, IpcTable } from './ipc-object.js';

export interface Message {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** A task that waits, in the note of its call: the queue, which may go. */
export class MessageWait {
  constructor(readonly queue: MessageQueue) {}
}

/** What the kernel keeps of a message besides its bytes. */
const OVERHEAD = 64;

export class MessageQueue extends IpcObject {
  messages: Message[] = [];
  bytes = 0;
  maxBytes: number;
  stime = 0;
  rtime = 0;
  lastSender?: Pid;
  lastReceiver?: Pid;
  readonly waits = new WaitQueue();

  constructor(
    task: Task,
    key: number,
    mode: number,
    readonly table: MessageQueues,
  ) {
    super(task, key, mode);
    this.maxBytes = table.maxBytes;
  }

  hasRoom(length: number): boolean {
    return this.bytes + length <= this.maxBytes && this.messages.length < this.maxBytes;
  }

  add(message: Message): void {
    this.messages.push(message);
    this.bytes += message.bytes.length;
    this.table.held += message.bytes.length + OVERHEAD;
    this.waits.wake();
  }

  /** The place of the message that msgrcv(2) gives for `type`, or -1: any, of a type (or, `except`, of any other), of the lowest. */
  indexOf(type: number, except: boolean): number {
    if (type === 0) return this.messages.length > 0 ? 0 : -1;
    if (type > 0) return this.messages.findIndex((message) => (message.type === type) !== except);
    let found = -1;
    for (const [i, message] of this.messages.entries())
      if (message.type <= -type && (found < 0 || message.type < this.messages[found]!.type)) found = i;
    return found;
  }

  take(index: number): Message {
    const [message] = this.messages.splice(index, 1);
    this.bytes -= message!.bytes.length;
    this.table.held -= message!.bytes.length + OVERHEAD;
    this.waits.wake();
    return message!;
  }
}

export class MessageQueues extends IpcTable<MessageQueue> {
  /** Bytes of a message, and of a new queue. */
  maxMessage = 8192;
  maxBytes = 16384;
  /** Bytes of the kernel's that messages take, and the most that they may. */
  held = 0;
  readonly maxHeld = 32 << 20;

  constructor() {
    super(32000);
  }

  override remove(queue: MessageQueue): void {
    if (!queue.removed) this.held -= queue.bytes + queue.messages.length * OVERHEAD;
    queue.messages = [];
    super.remove(queue);
    queue.waits.wake();
  }
}

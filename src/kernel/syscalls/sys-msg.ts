// System V message queues' calls. man 2 msgget, msgsnd, msgrcv, msgctl.
import { E2BIG, EAGAIN, EFAULT, EIDRM, EINTR, EINVAL, ENOMEM, ENOMSG, EPERM } from '../abi/errno.js';
import {
  IPC_INFO,
  IPC_NOWAIT,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  MSG_COPY,
  MSG_EXCEPT,
  MSG_INFO,
  MSG_NOERROR,
  MSG_STAT,
  MSG_STAT_ANY,
} from '../abi/ipc.js';
import { secondsNow } from '../ipc/ipc-object.js';
import { MessageQueue, MessageWait } from '../ipc/message-queues.js';
import { readBytes, writeBytes } from '../mm/user-memory.js';
import { CAP_SYS_RESOURCE } from '../security/capability.js';
import { BLOCK } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import { readStruct, writeStruct } from './user-struct.js';

export function msgget(task: Task, key: number, flags: number): number {
  const { msg } = task.namespaces.ipc;
  return msg.get(
    task,
    key,
    flags,
    () => 0,
    () => new MessageQueue(task, key, flags & 0o777, msg),
  );
}

/** The queue, also when the call has waited for it and it has gone meanwhile. */
function queueOf(task: Task, id: number, wanted: number): MessageQueue | number {
  const { note } = task.callState;
  if (note instanceof MessageWait) return note.queue.removed ? -EIDRM : note.queue;
  const queue = task.namespaces.ipc.msg.find(id);
  if (typeof queue === 'number') return queue;
  const denied = queue.permits(task, wanted);
  return denied !== 0 ? denied : queue;
}

/** Never begun again by itself, whatever the handler's flags. */
function waitFor(task: Task, queue: MessageQueue): number {
  task.callState.note = new MessageWait(queue);
  return task.block(queue.waits) === BLOCK ? BLOCK : -EINTR;
}

export function msgsnd(task: Task, id: number, address: number, size: number, flags: number): number {
  const { msg } = task.namespaces.ipc;
  const { wordSize, structs } = task.abi;
  const type = readStruct(task, structs.slong, address);
  if (typeof type === 'number') return type;
  if (size > msg.maxMessage || id < 0 || type.value! < 1) return -EINVAL;
  const bytes = readBytes(task.space, address + wordSize, size);
  if (typeof bytes === 'number') return bytes;
  const queue = queueOf(task, id, 0o222);
  if (typeof queue === 'number') return queue;
  if (!queue.hasRoom(size)) return (flags & IPC_NOWAIT) !== 0 ? -EAGAIN : waitFor(task, queue);
  if (msg.held + size > msg.maxHeld) return -ENOMEM;
  queue.add({ type: type.value!, bytes });
  queue.stime = secondsNow(task);
  queue.lastSender = task.process.pid;
  return 0;
}

export function msgrcv(task: Task, id: number, address: number, size: number, type: number, flags: number): number {
  if (id < 0 || size > task.abi.wordMax / 2) return -EINVAL;
  const copies = (flags & MSG_COPY) !== 0;
  if (copies && ((flags & IPC_NOWAIT) === 0 || (flags & MSG_EXCEPT) !== 0)) return -EINVAL;
  const queue = queueOf(task, id, 0o444);
  if (typeof queue === 'number') return queue;
  const index = copies
    ? type >= 0 && type < queue.messages.length
      ? type
      : -1
    : queue.indexOf(type, (flags & MSG_EXCEPT) !== 0);
  if (index < 0) return (flags & IPC_NOWAIT) !== 0 ? -ENOMSG : waitFor(task, queue);
  const message = queue.messages[index]!;
  if (message.bytes.length > size && (flags & MSG_NOERROR) === 0) return -E2BIG;
  if (!copies) {
    queue.take(index);
    queue.rtime = secondsNow(task);
    queue.lastReceiver = task.process.pid;
  }
  const length = Math.min(size, message.bytes.length);
  const { structs, wordSize } = task.abi;
  if (writeStruct(task, structs.slong, address, { value: message.type }) !== 0) return -EFAULT;
  return writeBytes(task.space, address + wordSize, message.bytes.subarray(0, length)) === 0 ? length : -EFAULT;
}

export function msgctl(task: Task, id: number, command: number, address: number): number {
  const { msg } = task.namespaces.ipc;
  if (id < 0 || command < 0) return -EINVAL;
  switch (command) {
    case IPC_INFO:
    case MSG_INFO: {
      const queues = [...msg];
      const info = command === MSG_INFO;
      const values = {
        msgpool: info ? msg.size : (msg.most * msg.maxBytes) / 1024,
        msgmap: info ? queues.reduce((sum, queue) => sum + queue.messages.length, 0) : msg.maxBytes,
        msgmax: msg.maxMessage,
        msgmnb: msg.maxBytes,
        msgmni: msg.most,
        msgssz: 16,
        msgtql: info ? queues.reduce((sum, queue) => sum + queue.bytes, 0) : msg.maxBytes,
        msgseg: 0xffff,
      };
      return writeStruct(task, task.abi.structs.msginfo, address, values) || Math.max(0, msg.highest);
    }
    case MSG_STAT:
    case MSG_STAT_ANY: {
      const queue = msg.at(id);
      if (!queue) return -EINVAL;
      return tell(task, queue, address, command !== MSG_STAT_ANY) || queue.id;
    }
  }
  const queue = msg.find(id);
  if (typeof queue === 'number') return queue;
  switch (command) {
    case IPC_STAT:
      return tell(task, queue, address, true);
    case IPC_SET: {
      const given = readStruct(task, task.abi.structs.msqidDs, address);
      if (typeof given === 'number') return -EFAULT;
      const denied = queue.governs(task);
      if (denied !== 0) return denied;
      if (given.qbytes! > msg.maxBytes && !task.credentials.has(CAP_SYS_RESOURCE)) return -EPERM;
      queue.maxBytes = given.qbytes!;
      queue.setPermissions(task, given);
      queue.waits.wake();
      return 0;
    }
    case IPC_RMID: {
      const denied = queue.governs(task);
      if (denied === 0) msg.remove(queue);
      return denied;
    }
    default:
      return -EINVAL;
  }
}

function tell(task: Task, queue: MessageQueue, address: number, asks: boolean): number {
  const denied = asks ? queue.permits(task, 0o444) : 0;
  if (denied !== 0) return denied;
  const { stime, rtime, ctime, bytes, messages, maxBytes } = queue;
  return writeStruct(task, task.abi.structs.msqidDs, address, {
    ...queue.permissions(),
    stime,
    rtime,
    ctime,
    cbytes: bytes,
    qnum: messages.length,
    qbytes: maxBytes,
    lspid: queue.lastSender?.in(task.pidNamespace) ?? 0,
    lrpid: queue.lastReceiver?.in(task.pidNamespace) ?? 0,
  });
}

// System V semaphores' calls. man 2 semget, semop, semtimedop, semctl.
import { E2BIG, EAGAIN, EFAULT, EFBIG, EIDRM, EINTR, EINVAL, ENOSPC, ERANGE } from '../abi/errno.js';
import {
  IPC_INFO,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  SEM_GETALL,
  SEM_GETNCNT,
  SEM_GETPID,
  SEM_GETVAL,
  SEM_GETZCNT,
  SEM_INFO,
  SEM_SETALL,
  SEM_SETVAL,
  SEM_STAT,
  SEM_STAT_ANY,
  SEMVMX,
} from '../abi/ipc.js';
import { type SemaphoreOperation, SemaphoreSet, SemaphoreWait } from '../ipc/semaphores.js';
import { copyIn, writeBytes } from '../mm/user-memory.js';
import { BLOCK } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import { timeoutAt } from './time-argument.js';
import { readStruct, writeStruct } from './user-struct.js';

export function semget(task: Task, key: number, count: number, flags: number): number {
  const { sem } = task.namespaces.ipc;
  if (count < 0 || count > sem.maxOfSet) return -EINVAL;
  return sem.get(
    task,
    key,
    flags,
    (found) => (found.values.length < count ? -EINVAL : 0),
    () => {
      if (count === 0) return -EINVAL;
      if (sem.count + count > sem.maxOfAll) return -ENOSPC;
      sem.count += count;
      return new SemaphoreSet(task, key, flags & 0o777, count, sem);
    },
  );
}

// ---- operations -------------------------------------------------------------------------------------------------------------------

function readOperations(task: Task, address: number, count: number): SemaphoreOperation[] | number {
  const layout = task.abi.structs.sembuf;
  const bytes = new Uint8Array(layout.size * count);
  if (copyIn(task.space, address, bytes, 0, bytes.length) !== bytes.length) return -EFAULT;
  const view = new DataView(bytes.buffer);
  return Array.from({ length: count }, (_, i) => layout.read(view, i * layout.size) as unknown as SemaphoreOperation);
}

function operate(task: Task, id: number, address: number, count: number, timeout: number, wide: boolean): number {
  const { sem } = task.namespaces.ipc;
  const { callState } = task;
  if (count < 1 || id < 0) return -EINVAL;
  if (count > sem.maxOperations) return -E2BIG;
  const operations = readOperations(task, address, count);
  if (typeof operations === 'number') return operations;
  if (timeout !== 0 && !callState.timed) {
    const time = timeoutAt(task, timeout, wide);
    if (time < 0) return time;
    task.timeOut(time);
  }
  const waiting = callState.note instanceof SemaphoreWait ? callState.note : undefined;
  if (waiting?.set.removed) return -EIDRM;
  const set = waiting?.set ?? sem.find(id);
  if (typeof set === 'number') return set;
  if (operations.some((one) => one.number >= set.values.length)) return -EFBIG;
  const denied = set.permits(task, operations.some((one) => one.operation !== 0) ? 0o222 : 0o444);
  if (denied !== 0) return denied;
  const result = set.perform(task, operations);
  if (typeof result === 'number') return result;
  if (task.timedOut) return -EAGAIN;
  callState.note = new SemaphoreWait(set, result.number, result.operation === 0);
  // never begun again by itself, whatever the handler's flags
  return task.block(set.waits) === BLOCK ? BLOCK : -EINTR;
}

export function semop(task: Task, id: number, address: number, count: number): number {
  return operate(task, id, address, count, 0, false);
}
export function semtimedop(task: Task, id: number, address: number, count: number, timeout: number): number {
  return operate(task, id, address, count, timeout, false);
}
export function semtimedop64(task: Task, id: number, address: number, count: number, timeout: number): number {
  return operate(task, id, address, count, timeout, true);
}

// ---- semctl -----------------------------------------------------------------------------------------------------------------------

export function semctl(task: Task, id: number, number: number, command: number, argument: number): number {
  const { sem } = task.namespaces.ipc;
  if (id < 0) return -EINVAL;
  switch (command) {
    case IPC_INFO:
    case SEM_INFO: {
      const info = command === SEM_INFO;
      const values = {
        semmap: sem.maxOfAll,
        semmni: sem.most,
        semmns: sem.maxOfAll,
        semmnu: sem.maxOfAll,
        semmsl: sem.maxOfSet,
        semopm: sem.maxOperations,
        semume: sem.maxOperations,
        semusz: info ? sem.size : 20,
        semvmx: SEMVMX,
        semaem: info ? sem.count : SEMVMX,
      };
      return writeStruct(task, task.abi.structs.seminfo, argument, values) || Math.max(0, sem.highest);
    }
    case SEM_STAT:
    case SEM_STAT_ANY: {
      const set = sem.at(id);
      if (!set) return -EINVAL;
      return tell(task, set, argument, command !== SEM_STAT_ANY) || set.id;
    }
    case SEM_SETVAL: {
      const value = argument | 0;
      if (value < 0 || value > SEMVMX) return -ERANGE;
    }
  }
  const set = sem.find(id);
  return typeof set === 'number' ? set : control(task, set, number, command, argument);
}

function control(task: Task, set: SemaphoreSet, number: number, command: number, argument: number): number {
  const known = number >= 0 && number < set.values.length;
  switch (command) {
    case IPC_STAT:
      return tell(task, set, argument, true);
    case IPC_SET: {
      const given = readStruct(task, task.abi.structs.semidDs, argument);
      if (typeof given === 'number') return -EFAULT;
      const denied = set.governs(task);
      if (denied === 0) set.setPermissions(task, given);
      return denied;
    }
    case IPC_RMID: {
      const denied = set.governs(task);
      if (denied === 0) task.namespaces.ipc.sem.remove(set);
      return denied;
    }
    case SEM_SETVAL: {
      if (!known) return -EINVAL;
      const denied = set.permits(task, 0o222);
      if (denied === 0) set.assign(task, number, [argument | 0]);
      return denied;
    }
    case SEM_SETALL: {
      const denied = set.permits(task, 0o222);
      return denied !== 0 ? denied : setAll(task, set, argument);
    }
    case SEM_GETALL: {
      const denied = set.permits(task, 0o444);
      return denied !== 0
        ? denied
        : writeBytes(task.space, argument, new Uint8Array(Uint16Array.from(set.values).buffer));
    }
    case SEM_GETVAL:
    case SEM_GETPID:
    case SEM_GETNCNT:
    case SEM_GETZCNT: {
      const denied = set.permits(task, 0o444);
      if (denied !== 0) return denied;
      if (!known) return -EINVAL;
      if (command === SEM_GETVAL) return set.values[number]!;
      if (command === SEM_GETPID) return set.pids.get(number)?.in(task.pidNamespace) ?? 0;
      return set.waiting(task, number, command === SEM_GETZCNT);
    }
    default:
      return -EINVAL;
  }
}

function setAll(task: Task, set: SemaphoreSet, address: number): number {
  const bytes = new Uint8Array(set.values.length * 2);
  if (copyIn(task.space, address, bytes, 0, bytes.length) !== bytes.length) return -EFAULT;
  const values = [...new Uint16Array(bytes.buffer)];
  if (values.some((value) => value > SEMVMX)) return -ERANGE;
  set.assign(task, 0, values);
  return 0;
}

function tell(task: Task, set: SemaphoreSet, address: number, asks: boolean): number {
  const denied = asks ? set.permits(task, 0o444) : 0;
  if (denied !== 0) return denied;
  const { otime, ctime, values } = set;
  const told = { ...set.permissions(), otime, ctime, nsems: values.length };
  return writeStruct(task, task.abi.structs.semidDs, address, told);
}

// ipc(2): i386's one call for all of System V's. Linux ipc/syscall.c.
import { EINVAL, ENOSYS } from '../abi/errno.js';
import { IPC_64, IPC_INFO, IPC_SET, IPC_STAT, MSG_STAT, SEM_STAT, SHM_STAT } from '../abi/ipc.js';
import { writeU32 } from '../mm/user-memory.js';
import type { Task } from '../task/task.js';
import { msgctl, msgget, msgrcv, msgsnd } from './sys-msg.js';
import { semctl, semget, semop, semtimedop } from './sys-sem.js';
import { shmat, shmctl, shmdt, shmget } from './sys-shm.js';
import { readStruct } from './user-struct.js';

const SEMOP = 1;
const SEMGET = 2;
const SEMCTL = 3;
const SEMTIMEDOP = 4;
const MSGSND = 11;
const MSGRCV = 12;
const MSGGET = 13;
const MSGCTL = 14;
const SHMAT = 21;
const SHMDT = 22;
const SHMGET = 23;
const SHMCTL = 24;

/** A command without its mark of the newer struct; -EINVAL: it speaks of the older one, which only Linux 2.2's programs know. */
function newer(command: number, stat: number): number {
  if ((command & IPC_64) !== 0) return command & ~IPC_64;
  return command === IPC_STAT || command === IPC_SET || command === IPC_INFO || command === stat ? -EINVAL : command;
}

export function ipc(
  task: Task,
  call: number,
  first: number,
  second: number,
  third: number,
  pointer: number,
  fifth: number,
): number {
  const version = call >>> 16;
  switch (call & 0xffff) {
    case SEMOP:
      return semop(task, first, pointer, second);
    case SEMTIMEDOP:
      return semtimedop(task, first, pointer, second, fifth);
    case SEMGET:
      return semget(task, first, second | 0, third);
    case SEMCTL: {
      const argument = readStruct(task, task.abi.structs.word, pointer);
      if (typeof argument === 'number') return argument;
      const command = newer(third, SEM_STAT);
      return command < 0 ? command : semctl(task, first, second | 0, command, argument.value!);
    }
    case MSGSND:
      return msgsnd(task, first, pointer, second, third);
    case MSGRCV: {
      if (version !== 0) return msgrcv(task, first, pointer, second, fifth | 0, third);
      const both = readStruct(task, task.abi.structs.ipcKludge, pointer);
      if (typeof both === 'number') return both;
      return msgrcv(task, first, both.message!, second, both.type!, third);
    }
    case MSGGET:
      return msgget(task, first, second | 0);
    case MSGCTL: {
      const command = newer(second, MSG_STAT);
      return command < 0 ? command : msgctl(task, first, command, pointer);
    }
    case SHMAT: {
      if (version === 1) return -EINVAL;
      const address = shmat(task, first, pointer, second | 0);
      return address < 0 ? address : writeU32(task.space, third >>> 0, address);
    }
    case SHMDT:
      return shmdt(task, pointer);
    case SHMGET:
      return shmget(task, first, second, third);
    case SHMCTL: {
      const command = newer(second, SHM_STAT);
      return command < 0 ? command : shmctl(task, first, command, pointer);
    }
    default:
      return -ENOSYS;
  }
}

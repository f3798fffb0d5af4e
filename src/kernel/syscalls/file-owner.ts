// Whom an open file signals, and how: F_SETOWN, F_SETOWN_EX, F_SETSIG. man 2 fcntl, "Managing signals"; Linux fs/fcntl.c, f_setown.
import { EFAULT, EINVAL, ESRCH } from '../abi/errno.js';
import { F_GETOWN, F_GETOWN_EX, F_GETSIG, F_SETOWN, F_SETOWN_EX, F_SETSIG } from '../abi/fcntl.js';
import { readU32, writeU32 } from '../mm/user-memory.js';
import { SIGNAL_MAX } from '../task/signals.js';
import type { Task } from '../task/task.js';
import type { OpenFile } from '../vfs/open-file.js';

export const OWNER_COMMANDS: ReadonlySet<number> = new Set([
  F_SETOWN,
  F_GETOWN,
  F_SETOWN_EX,
  F_GETOWN_EX,
  F_SETSIG,
  F_GETSIG,
]);

/** Kinds of struct f_owner_ex, which is two words: the kind and the number. */
const F_OWNER_TID = 0;
const F_OWNER_PID = 1;
const F_OWNER_PGRP = 2;

function setOwner(task: Task, file: OpenFile, owner: number, isThread: boolean): void {
  file.owner = owner;
  file.ownerIsThread = isThread;
  file.ownerNamespace = task.pidNamespace;
}

function setOwnerBy(task: Task, file: OpenFile, address: number): number {
  const kind = readU32(task.space, address);
  const number = readU32(task.space, address + 4);
  if (kind < 0 || number < 0) return -EFAULT;
  if (kind > F_OWNER_PGRP) return -EINVAL;
  const pid = task.pidNamespace.find(number);
  const found = kind === F_OWNER_TID ? pid?.task : kind === F_OWNER_PID ? pid?.process : pid?.group;
  if (number !== 0 && !found) return -ESRCH;
  setOwner(task, file, kind === F_OWNER_PGRP ? -number : number, kind === F_OWNER_TID);
  return 0;
}

export function ownerCommand(task: Task, file: OpenFile, command: number, argument: number): number {
  switch (command) {
    case F_SETOWN: {
      const owner = argument | 0;
      const pid = task.pidNamespace.find(Math.abs(owner));
      if (owner === -0x80000000) return -EINVAL;
      if (owner !== 0 && !(owner < 0 ? pid?.group : pid?.process)) return -ESRCH;
      setOwner(task, file, owner, false);
      return 0;
    }
    case F_GETOWN:
      return file.owner;
    case F_SETOWN_EX:
      return setOwnerBy(task, file, argument);
    case F_GETOWN_EX: {
      const kind = file.ownerIsThread ? F_OWNER_TID : file.owner < 0 ? F_OWNER_PGRP : F_OWNER_PID;
      if (writeU32(task.space, argument, kind) !== 0) return -EFAULT;
      return writeU32(task.space, argument + 4, Math.abs(file.owner)) !== 0 ? -EFAULT : 0;
    }
    case F_SETSIG:
      if (argument < 0 || argument > SIGNAL_MAX) return -EINVAL;
      file.ownerSignal = argument;
      return 0;
    default:
      return file.ownerSignal;
  }
}

// Whom files of procfs are about: a process or one of its threads, by its identity, which may end at any time; or the system as a whole.
// Linux fs/proc/base.c.
import { ESRCH } from '../../abi/errno.js';
import { S_IFDIR } from '../../abi/stat.js';
import type { Kernel } from '../../kernel.js';
import type { AddressSpace } from '../../mm/address-space.js';
import type { Pid, PidNamespace } from '../../ns/pid-namespace.js';
import { mayTrace } from '../../security/trace-access.js';
import type { Task } from '../../task/task.js';
import type { Subject } from './inodes.js';
import type { WholeText } from './text.js';

const ROOT = { uid: 0, gid: 0 };

/** The system: everything about it is root's. */
export class SystemSubject implements Subject {
  constructor(
    /** Whose numbers procfs shows. */
    readonly namespace: PidNamespace,
  ) {}

  owner(): { uid: number; gid: number } {
    return ROOT;
  }
  shows(): boolean {
    return true;
  }
  readonly program = undefined;
}

export class ProcessSubject implements Subject {
  constructor(
    /** Whose numbers procfs shows. */
    readonly namespace: PidNamespace,
    readonly pid: Pid,
    /** A thread alone (task/TID), not the process with all its threads. */
    readonly single: boolean,
  ) {}

  /** The thread, or the process's leader; also that of a zombie. */
  get task(): Task | undefined {
    return this.single ? this.pid.task : (this.pid.process?.leader ?? this.pid.task);
  }

  /** Its memory; a zombie has none. */
  get space(): AddressSpace | undefined {
    const { task } = this;
    return task && task.state !== 'dead' ? task.space : undefined;
  }

  get program(): AddressSpace | undefined {
    return this.space;
  }

  owner(mode: number): { uid: number; gid: number } {
    const { task } = this;
    if (!task || (task.process.dumpable !== 1 && mode !== (S_IFDIR | 0o555))) return ROOT;
    return { uid: task.credentials.euid, gid: task.credentials.egid };
  }

  shows(reader: Task): boolean {
    const { task } = this;
    return task !== undefined && mayTrace(reader, task);
  }
}

/** A text about the system. */
export function ofSystem(
  make: (kernel: Kernel, subject: SystemSubject, reader: Task) => string,
): WholeText<SystemSubject> {
  return (subject, reader) => make(reader.kernel, subject, reader);
}

/** A text about a task that is there. */
export function ofTask(
  make: (task: Task, reader: Task, subject: ProcessSubject) => string | number,
): WholeText<ProcessSubject> {
  return (subject, reader) => {
    const { task } = subject;
    return task ? make(task, reader, subject) : -ESRCH;
  };
}

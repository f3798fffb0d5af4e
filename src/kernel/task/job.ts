// Process groups and sessions: who shares a terminal, and which of them it listens to. man 7 credentials, setsid(2), setpgid(2).
import type { Pid } from '../ns/pid-namespace.js';
import type { Terminal } from '../tty/terminal.js';
import type { Process } from './process.js';

export class Session {
  /** The controlling terminal. */
  terminal?: Terminal;
  readonly groups = new Set<ProcessGroup>();

  constructor(
    readonly pid: Pid,
    readonly leader: Process,
  ) {
    pid.session = this;
  }
}

export class ProcessGroup {
  readonly processes = new Set<Process>();

  constructor(
    readonly pid: Pid,
    readonly session: Session,
  ) {
    pid.group = this;
    session.groups.add(this);
  }

  add(process: Process): void {
    this.processes.add(process);
  }

  remove(process: Process): void {
    this.processes.delete(process);
    if (this.processes.size > 0) return;
    this.session.groups.delete(this);
    this.pid.group = undefined;
    this.pid.releaseIfUnused();
    if (this.session.groups.size > 0) return;
    this.session.pid.session = undefined;
    this.session.pid.releaseIfUnused();
  }

  /** Has nobody in it a parent in another group of the session, who could continue it? POSIX 3.264. A shell may be process 1. */
  get orphaned(): boolean {
    for (const process of this.processes) {
      if (process.isZombie) continue;
      const parent = process.parent;
      if (parent && parent.group !== this && parent.group.session === this.session) return false;
    }
    return true;
  }
}

// The pids controller: how many tasks a group may have. cgroup-v2.rst, "PID"; Linux kernel/cgroup/pids.c.
// The numbers themselves are counted for every group (Cgroup.identities): here are the limits.
import { EAGAIN, EINVAL } from '../abi/errno.js';
import type { Cgroup } from './cgroup.js';
import { ChangeNotice } from '../task/change-notice.js';
import { type ControlFile, parseInteger, shownLimit } from './control-file.js';
import type { Controller } from './controller.js';

/** Limits from here on are refused: a 32-bit kernel has so many ids at most. */
const PIDS_MAX = 32769;

export class PidsState {
  max = Number.POSITIVE_INFINITY;
  peak: number;
  /** Forks that were refused. */
  refused = 0;
  readonly notice = new ChangeNotice();

  constructor(cgroup: Cgroup) {
    this.peak = cgroup.identities;
  }
}

/** A task more in the group. -EAGAIN: a limit of it or above it is reached. */
export function chargePid(cgroup: Cgroup): number {
  for (let at: Cgroup | undefined = cgroup; at; at = at.parent) {
    const { pids } = at.states;
    if (!pids || at.identities < pids.max) continue;
    const own = nearest(cgroup);
    if (own) {
      own.refused++;
      own.notice.changed();
    }
    return -EAGAIN;
  }
  addPid(cgroup);
  return 0;
}

/** The limits of a group are its forks': the task that is moved in comes in. */
export function addPid(cgroup: Cgroup): void {
  for (let at: Cgroup | undefined = cgroup; at; at = at.parent) {
    at.identities++;
    const { pids } = at.states;
    if (pids && at.identities > pids.peak) pids.peak = at.identities;
  }
}

export function removePid(cgroup: Cgroup): void {
  for (let at: Cgroup | undefined = cgroup; at; at = at.parent) at.identities--;
}

function nearest(cgroup: Cgroup): PidsState | undefined {
  for (let at: Cgroup | undefined = cgroup; at; at = at.parent) if (at.states.pids) return at.states.pids;
  return undefined;
}

const files: readonly ControlFile[] = [
  {
    name: 'pids.max',
    mode: 0o644,
    below: true,
    read: ({ states }) => `${shownLimit(states.pids!.max)}\n`,
    write({ states }, text) {
      const value = text.trim() === 'max' ? Number.POSITIVE_INFINITY : parseInteger(text);
      if (value === undefined || value < 0 || (value >= PIDS_MAX && value !== Number.POSITIVE_INFINITY)) return -EINVAL;
      states.pids!.max = value;
      return 0;
    },
  },
  { name: 'pids.current', mode: 0o444, below: true, read: ({ identities }) => `${identities}\n` },
  { name: 'pids.peak', mode: 0o444, below: true, read: ({ states }) => `${states.pids!.peak}\n` },
  {
    name: 'pids.events',
    mode: 0o444,
    below: true,
    read: ({ states }) => `max ${states.pids!.refused}\n`,
    notice: ({ states }) => states.pids!.notice,
  },
];

export const PIDS: Controller<'pids'> = {
  name: 'pids',
  threaded: true,
  make: (_kernel, cgroup) => new PidsState(cgroup),
  files,
};

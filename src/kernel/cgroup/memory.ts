// The files of the memory controller. cgroup-v2.rst, "Memory Interface Files"; Linux mm/memcontrol.c, memory_files. There is no swap.
import { EAGAIN, EINVAL } from '../abi/errno.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { Cgroup } from './cgroup.js';
import { type ControlFile, keyed, parseBytes, parseUnsigned, shownLimit } from './control-file.js';
import type { Controller } from './controller.js';
import { killOne, reclaimFrom } from './memory-limit.js';
import { memoryStat } from './memory-stat.js';
import { MemoryState } from './memory-state.js';

const bytes = (pages: number): string => `${pages * PAGE_SIZE}\n`;

/** A limit in bytes. */
function limit(name: 'max' | 'high' | 'low' | 'min', changed: (state: MemoryState) => void = () => {}): ControlFile {
  return {
    name: `memory.${name}`,
    mode: 0o644,
    below: true,
    read: ({ states }) => `${shownLimit(states.memory![name] * PAGE_SIZE)}\n`,
    write({ states }, text) {
      const value = parseBytes(text);
      if (value === undefined) return -EINVAL;
      states.memory![name] = Math.floor(value / PAGE_SIZE);
      changed(states.memory!);
      return 0;
    },
  };
}

/** Pages go, then processes, until the group is below its new limit. */
function shrink(state: MemoryState): void {
  if (state.usage > state.max) reclaimFrom(state);
  if (state.usage > state.max) killOne(state);
}

function writeReclaim({ states }: Cgroup, text: string): number {
  const wanted = parseBytes(text);
  if (wanted === undefined) return -EINVAL;
  return states.memory!.cgroup.isRoot || reclaimFrom(states.memory!) * PAGE_SIZE < wanted ? -EAGAIN : 0;
}

const files: readonly ControlFile[] = [
  { name: 'memory.current', mode: 0o444, below: true, read: ({ states }) => bytes(states.memory!.usage) },
  { name: 'memory.peak', mode: 0o444, below: true, read: ({ states }) => bytes(states.memory!.peak) },
  limit('min'),
  limit('low'),
  limit('high', (state) => {
    if (state.usage > state.high) reclaimFrom(state);
  }),
  limit('max', shrink),
  {
    name: 'memory.events',
    mode: 0o444,
    below: true,
    read: ({ states }) => keyed(states.memory!.events),
    notice: ({ states }) => states.memory!.eventsNotice,
  },
  {
    name: 'memory.events.local',
    mode: 0o444,
    below: true,
    read: ({ states }) => keyed(states.memory!.localEvents),
    notice: ({ states }) => states.memory!.localEventsNotice,
  },
  { name: 'memory.stat', mode: 0o444, read: (cgroup, { kernel }) => memoryStat(cgroup, kernel) },
  {
    name: 'memory.oom.group',
    mode: 0o644,
    below: true,
    delegated: true,
    read: ({ states }) => `${Number(states.memory!.oomGroup)}\n`,
    write({ states }, text) {
      const value = parseUnsigned(text);
      if (value !== 0 && value !== 1) return -EINVAL;
      states.memory!.oomGroup = value === 1;
      return 0;
    },
  },
  { name: 'memory.reclaim', mode: 0o200, delegated: true, write: writeReclaim },
];

export const MEMORY: Controller<'memory'> = {
  name: 'memory',
  threaded: false,
  make: (kernel, cgroup, parent) => new MemoryState(kernel, cgroup, parent?.cgroup.isRoot ? undefined : parent),
  files,
};

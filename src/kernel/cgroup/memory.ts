// The files of the memory controller. cgroup-v2.rst, "Memory Interface Files"; Linux mm/memcontrol.c, memory_files. There is no swap.
import { EAGAIN, EINVAL } from '../abi/errno.js';
import {
  FRAME_ANONYMOUS,
  FRAME_FILE,
  FRAME_KERNEL,
  FRAME_KINDS,
  FRAME_PAGE_TABLE,
  FRAME_SHARED,
  FRAME_SOCKET,
} from '../mm/frame-account.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { Kernel } from '../kernel.js';
import type { Cgroup } from './cgroup.js';
import { type ControlFile, keyed, parseBytes, parseUnsigned, shownLimit } from './control-file.js';
import type { Controller } from './controller.js';
import { killOne, reclaimFrom } from './memory-limit.js';
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

interface MemoryUse {
  /** By FRAME_*. */
  kinds: readonly number[];
  faults: number;
  majorFaults: number;
}

/** Of the root: all memory of the node, as it is used. */
function wholeUse(kernel: Kernel): MemoryUse {
  const { frames } = kernel;
  const kinds: number[] = new Array(FRAME_KINDS).fill(0);
  kinds[FRAME_ANONYMOUS] = frames.count - frames.free - frames.cached;
  kinds[FRAME_FILE] = frames.cached - frames.cachedOnly;
  kinds[FRAME_SHARED] = frames.cachedOnly;
  return { kinds, faults: kernel.statistics.faults, majorFaults: 0 };
}

/** Pages are not told apart by when they were used: none is active. */
function memoryStat(cgroup: Cgroup, kernel: Kernel): string {
  const { kinds, faults, majorFaults }: MemoryUse = cgroup.isRoot ? wholeUse(kernel) : cgroup.states.memory!;
  const bytes = (...of: number[]): number => of.reduce((sum, kind) => sum + kinds[kind]!, 0) * PAGE_SIZE;
  return keyed({
    anon: bytes(FRAME_ANONYMOUS),
    file: bytes(FRAME_FILE, FRAME_SHARED),
    kernel: bytes(FRAME_PAGE_TABLE, FRAME_KERNEL),
    pagetables: bytes(FRAME_PAGE_TABLE),
    sock: bytes(FRAME_SOCKET),
    shmem: bytes(FRAME_SHARED),
    inactive_anon: bytes(FRAME_ANONYMOUS, FRAME_SHARED),
    active_anon: 0,
    inactive_file: bytes(FRAME_FILE),
    active_file: 0,
    pgfault: faults + majorFaults,
    pgmajfault: majorFaults,
  });
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

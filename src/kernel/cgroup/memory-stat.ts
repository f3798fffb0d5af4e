// memory.stat: what a group's memory is used for, and what has become of its pages. cgroup-v2.rst, "memory.stat"; Linux 6.1
// mm/memcontrol.c, memory_stats and memcg_vm_event_stat, in their order.
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
import { lockedBytes, mappedFrames } from '../mm/space-usage.js';
import type { Kernel } from '../kernel.js';
import type { Task } from '../task/task.js';
import type { Cgroup } from './cgroup.js';
import { keyed } from './control-file.js';
import type { MemoryState } from './memory-state.js';

interface MemoryUse {
  /** Pages, by FRAME_*. */
  kinds: readonly number[];
  /** Of page caches: those that programs have mapped, and those that are to be written back. */
  mapped: number;
  dirty: number;
  /** Bytes that programs have locked. */
  locked: number;
  faults: number;
  majorFaults: number;
  /** Pages that were taken for want of memory. */
  taken: number;
}

/** Of the root: all memory of the node, as it is used. */
function wholeUse({ frames, statistics, tasks }: Kernel): MemoryUse {
  const kinds: number[] = new Array(FRAME_KINDS).fill(0);
  kinds[FRAME_ANONYMOUS] = frames.count - frames.free - frames.cached;
  kinds[FRAME_FILE] = frames.cached - frames.cachedOnly;
  kinds[FRAME_SHARED] = frames.cachedOnly;
  const { faults, majorFaults, reclaimed } = statistics;
  const [mapped, locked] = [mappedFrames(frames, tasks), lockedBy(tasks)];
  return { kinds, mapped, dirty: frames.dirty, locked, faults, majorFaults, taken: reclaimed };
}

function useOf(state: MemoryState): MemoryUse {
  const { kinds, dirty, faults, majorFaults, taken } = state;
  const mapped = state.kernel.frames.countMapped((account) => (account as MemoryState).isWithin(state));
  const locked = lockedBy([...state.cgroup.tree()].flatMap(({ tasks }) => [...tasks]));
  return { kinds, mapped, dirty, locked, faults: faults + majorFaults, majorFaults, taken };
}

function lockedBy(tasks: Iterable<Task>): number {
  let bytes = 0;
  for (const space of new Set([...tasks].map((task) => task.space))) bytes += lockedBytes(space);
  return bytes;
}

/**
 * Pages are not told apart by when they were used, so none is active, scanned in vain, or told to be of a working set; who needs memory takes
 * it itself, and what is written back is waited for. There is no swap and no huge page.
 */
export function memoryStat(cgroup: Cgroup, kernel: Kernel): string {
  const { kinds, mapped, dirty, locked, faults, majorFaults, taken } = cgroup.isRoot
    ? wholeUse(kernel)
    : useOf(cgroup.states.memory!);
  const bytes = (...of: number[]): number => of.reduce((sum, kind) => sum + kinds[kind]!, 0) * PAGE_SIZE;
  return keyed({
    anon: bytes(FRAME_ANONYMOUS),
    file: bytes(FRAME_FILE, FRAME_SHARED),
    kernel: bytes(FRAME_PAGE_TABLE, FRAME_KERNEL),
    kernel_stack: 0,
    pagetables: bytes(FRAME_PAGE_TABLE),
    sec_pagetables: 0,
    percpu: 0,
    sock: bytes(FRAME_SOCKET),
    vmalloc: 0,
    shmem: bytes(FRAME_SHARED),
    file_mapped: mapped * PAGE_SIZE,
    file_dirty: dirty * PAGE_SIZE,
    file_writeback: 0,
    swapcached: 0,
    anon_thp: 0,
    file_thp: 0,
    shmem_thp: 0,
    inactive_anon: bytes(FRAME_ANONYMOUS, FRAME_SHARED),
    active_anon: 0,
    inactive_file: bytes(FRAME_FILE),
    active_file: 0,
    unevictable: locked,
    slab_reclaimable: 0,
    slab_unreclaimable: bytes(FRAME_KERNEL),
    slab: bytes(FRAME_KERNEL),
    pgscan: taken,
    pgsteal: taken,
    pgscan_kswapd: 0,
    pgscan_direct: taken,
    pgsteal_kswapd: 0,
    pgsteal_direct: taken,
    pgfault: faults,
    pgmajfault: majorFaults,
    pgrefill: 0,
    pgactivate: 0,
    pgdeactivate: 0,
    pglazyfree: 0,
    pglazyfreed: 0,
    thp_fault_alloc: 0,
    thp_collapse_alloc: 0,
  });
}

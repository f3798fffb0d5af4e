// /proc/meminfo and vmstat: what the node's frames are used for. man 5 proc; Linux fs/proc/meminfo.c, mm/vmstat.c.
import type { Kernel } from '../../kernel.js';
import { DISK_READ, DISK_WRITE } from '../../block/disk.js';
import { PAGE_SIZE } from '../../mm/frames.js';
import { lockedBytes, mappedFrames } from '../../mm/space-usage.js';
import { ofSystem } from './subject.js';

export interface MemoryUse {
  /** All in bytes. */
  total: number;
  free: number;
  /** In page caches of files; of these, what can be read again, and what is dirty. */
  cached: number;
  reclaimable: number;
  dirty: number;
  /** In files and memory that nothing lies behind: tmpfs, shared memory. */
  shared: number;
  /** Pages of programs' own, and page tables. */
  anonymous: number;
  tables: number;
  /** Of what is cached: what programs have mapped. Of what they have mapped: what they have locked. */
  mapped: number;
  locked: number;
  /** What programs have mapped that could become pages of their own. */
  committed: number;
}

export function memoryUse({ frames, tasks }: Kernel): MemoryUse {
  const spaces = new Set([...tasks].map((task) => task.space));
  let tables = 0;
  let locked = 0;
  let committed = 0;
  for (const space of spaces) {
    tables += space.table.frameCount;
    locked += lockedBytes(space);
    for (const area of space.areas) if (!area.cache || !area.shared) committed += area.end - area.start;
  }
  const { count, free, cached, cachedOnly, dirty } = frames;
  const used = count - free;
  return {
    total: count * PAGE_SIZE,
    free: free * PAGE_SIZE,
    cached: cached * PAGE_SIZE,
    reclaimable: (cached - cachedOnly) * PAGE_SIZE,
    dirty: dirty * PAGE_SIZE,
    shared: cachedOnly * PAGE_SIZE,
    anonymous: Math.max(0, used - cached - tables) * PAGE_SIZE,
    tables: tables * PAGE_SIZE,
    mapped: mappedFrames(frames, tasks) * PAGE_SIZE,
    locked,
    committed,
  };
}

export const meminfo = ofSystem((kernel) => {
  const use = memoryUse(kernel);
  const file = use.cached - use.shared;
  const rows: [string, number][] = [
    ['MemTotal', use.total],
    ['MemFree', use.free],
    ['MemAvailable', use.free + Math.max(0, use.reclaimable - use.dirty)],
    ['Buffers', 0],
    ['Cached', use.cached],
    ['SwapCached', 0],
    ['Active', use.anonymous + file],
    ['Inactive', use.shared],
    ['Active(anon)', use.anonymous],
    ['Inactive(anon)', use.shared],
    ['Active(file)', file],
    ['Inactive(file)', 0],
    ['Unevictable', use.locked],
    ['Mlocked', use.locked],
    ['SwapTotal', 0],
    ['SwapFree', 0],
    ['Dirty', use.dirty],
    ['Writeback', 0],
    ['AnonPages', use.anonymous],
    ['Mapped', use.mapped],
    ['Shmem', use.shared],
    ['KReclaimable', 0],
    ['Slab', 0],
    ['SReclaimable', 0],
    ['SUnreclaim', 0],
    ['KernelStack', 0],
    ['PageTables', use.tables],
    ['NFS_Unstable', 0],
    ['Bounce', 0],
    ['WritebackTmp', 0],
    ['CommitLimit', use.total],
    ['Committed_AS', use.committed],
    ['VmallocTotal', 0],
    ['VmallocUsed', 0],
    ['VmallocChunk', 0],
  ];
  const line = ([name, bytes]: [string, number]): string =>
    `${`${name}:`.padEnd(16)}${String(Math.floor(bytes / 1024)).padStart(8)} kB\n`;
  return rows.map(line).join('');
});

export const vmstat = ofSystem((kernel) => {
  const use = memoryUse(kernel);
  const pages = (bytes: number): number => bytes / PAGE_SIZE;
  const { statistics, disks } = kernel;
  /** KiB that disks have moved in one direction. */
  const moved = (direction: typeof DISK_READ | typeof DISK_WRITE): number =>
    Math.floor(disks.all.reduce((sum, { traffic }) => sum + traffic[direction].bytes, 0) / 1024);
  const rows: [string, number][] = [
    ['nr_free_pages', pages(use.free)],
    ['nr_inactive_anon', pages(use.shared)],
    ['nr_active_anon', pages(use.anonymous)],
    ['nr_active_file', pages(use.cached - use.shared)],
    ['nr_unevictable', pages(use.locked)],
    ['nr_mlock', pages(use.locked)],
    ['nr_anon_pages', pages(use.anonymous)],
    ['nr_mapped', pages(use.mapped)],
    ['nr_file_pages', pages(use.cached)],
    ['nr_dirty', pages(use.dirty)],
    ['nr_writeback', 0],
    ['nr_shmem', pages(use.shared)],
    ['nr_page_table_pages', pages(use.tables)],
    ['pgpgin', moved(DISK_READ)],
    ['pgpgout', moved(DISK_WRITE)],
    ['pswpin', 0],
    ['pswpout', 0],
    ['pgfault', statistics.faults],
    ['pgmajfault', statistics.majorFaults],
    ['pgsteal_direct', statistics.reclaimed],
    ['pgscan_direct', statistics.reclaimed],
    ['oom_kill', statistics.oomKills],
  ];
  return rows.map(([name, value]) => `${name} ${value}\n`).join('');
});

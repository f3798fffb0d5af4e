// What a kernel counts of all its tasks since it began, for /proc/stat, /proc/vmstat and sysinfo(2).
import { LoadAverage } from './load-average.js';

export class Statistics {
  /** Tasks that were made. */
  forks = 0;
  /** Turns of the processor: each ends with its timer. */
  turns = 0;
  /** Those that were another task's than the one before. */
  switches = 0;
  faults = 0;
  /** Of these, those that something was read for. */
  majorFaults = 0;
  /** Pages that were taken for want of memory. */
  reclaimed = 0;
  /** Processes that were ended for want of memory. */
  oomKills = 0;
  /** Nanoseconds that programs had the processor; those of tasks with a nice value are `niceTime` alone. */
  userTime = 0;
  niceTime = 0;
  /** That the kernel had it for them. */
  systemTime = 0;
  /** That a task would have had it, and the host had it for others. */
  stolenTime = 0;
  /** Open files that somebody holds, of all kinds. */
  openFiles = 0;
  /** fs.file-max: more may be none. */
  openFilesMax = Number.POSITIVE_INFINITY;
  /** Places for descriptors that all processes have. */
  descriptorSlots = 0;
  readonly load = new LoadAverage();
}

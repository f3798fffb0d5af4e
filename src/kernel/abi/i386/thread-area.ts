// Thread-local storage of i386: descriptors that %gs (and %fs) select. man 2 set_thread_area; Linux arch/x86/kernel/tls.c.
import { EFAULT, EINVAL, ESRCH } from '../errno.js';
import { copyOut, readBytes } from '../../mm/user-memory.js';
import type { Task } from '../../task/task.js';
import {
  CODE_DESCRIPTOR,
  DATA_DESCRIPTOR,
  type Descriptor,
  descriptorOf,
  DS,
  ES,
  FS,
  GS,
  loadSegment,
  NULL_DESCRIPTOR,
  selectorOf,
  TLS_COUNT,
  TLS_FIRST,
  USER_CS,
  USER_DS,
} from './segments.js';
import { USER_DESC } from './structs.js';

/** user_desc.flags of an entry that is to be empty: read_exec_only and seg_not_present, all else 0. */
const EMPTY_FLAGS = 0x28;

/** What `selector` selects for this task. */
export function i386Descriptor(task: Task, selector: number): Descriptor {
  const index = selector >>> 3;
  if (selector >>> 2 === USER_CS >>> 2) return CODE_DESCRIPTOR;
  if (selector >>> 2 === USER_DS >>> 2) return DATA_DESCRIPTOR;
  if (index >= TLS_FIRST && index < TLS_FIRST + TLS_COUNT && (selector & 4) === 0)
    return task.threadAreas[index - TLS_FIRST] ?? NULL_DESCRIPTOR;
  return NULL_DESCRIPTOR;
}

/** set_thread_area(2), or clone's `tls` when `mayChoose` is false. */
export function setThreadArea(task: Task, address: number, mayChoose: boolean): number {
  const bytes = readBytes(task.space, address, USER_DESC.size);
  if (typeof bytes === 'number') return -EFAULT;
  const desc = USER_DESC.read(new DataView(bytes.buffer), 0) as Record<'entry' | 'base' | 'limit' | 'flags', number>;
  let { entry } = desc;
  if (entry === -1 && mayChoose) {
    const free = [0, 1, 2].find((i) => isEmpty(task.threadAreas[i]));
    if (free === undefined) return -ESRCH;
    entry = TLS_FIRST + free;
    const number = new Uint8Array(4);
    new DataView(number.buffer).setInt32(0, entry, true);
    if (copyOut(task.space, address, number, 0, 4) !== 4) return -EFAULT;
  }
  const index = entry - TLS_FIRST;
  if (index < 0 || index >= TLS_COUNT) return -EINVAL;
  const empty = desc.base === 0 && desc.limit === 0 && (desc.flags & 0x7f) === EMPTY_FLAGS;
  task.threadAreas[index] = empty ? NULL_DESCRIPTOR : descriptorOf(desc.base, desc.limit, desc.flags);
  task.kernel.cpu.threadAreasChanged(task);
  // a register that selects it has the new descriptor from now on
  for (const segment of [ES, DS, FS, GS]) {
    const selector = selectorOf(task.registers, segment);
    if (selector >>> 3 === entry) loadSegment(task.registers, segment, selector, task.threadAreas[index]!);
  }
  task.kernel.cpu.registersChanged(task);
  return 0;
}

/** get_thread_area(2). */
export function getThreadArea(task: Task, address: number): number {
  const bytes = readBytes(task.space, address, 4);
  if (typeof bytes === 'number') return -EFAULT;
  const described = describeThreadArea(task, new DataView(bytes.buffer).getInt32(0, true));
  if (!described) return -EINVAL;
  return copyOut(task.space, address, described, 0, described.length) === described.length ? 0 : -EFAULT;
}

/** struct user_desc of a descriptor of the task's own. */
export function describeThreadArea(task: Task, entry: number): Uint8Array | undefined {
  const area = task.threadAreas[entry - TLS_FIRST];
  if (!area) return undefined;
  const { low, high } = area;
  const base = ((high & 0xff000000) | ((high & 0xff) << 16) | (low >>> 16)) >>> 0;
  const bit = (n: number): number => (high >>> n) & 1;
  const flags = isEmpty(area)
    ? EMPTY_FLAGS
    : bit(22) |
      (((high >>> 10) & 3) << 1) |
      ((bit(9) ^ 1) << 3) |
      (bit(23) << 4) |
      ((bit(15) ^ 1) << 5) |
      (bit(20) << 6);
  const limit = ((high & 0xf0000) | (low & 0xffff)) >>> 0;
  return USER_DESC.bytes({ entry, base, limit, flags });
}

function isEmpty(area: Descriptor | undefined): boolean {
  return !area || (area.low === 0 && area.high === 0);
}

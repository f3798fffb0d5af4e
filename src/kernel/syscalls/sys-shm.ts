// System V shared memory's calls. man 2 shmget, shmat, shmdt, shmctl.
import { EFAULT, EINVAL, EPERM } from '../abi/errno.js';
import {
  IPC_INFO,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  SHM_EXEC,
  SHM_HUGETLB,
  SHM_INFO,
  SHM_LOCK,
  SHM_LOCKED,
  SHM_RDONLY,
  SHM_REMAP,
  SHM_RND,
  SHM_STAT,
  SHM_STAT_ANY,
  SHM_UNLOCK,
} from '../abi/ipc.js';
import { MAP_FIXED, MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE } from '../abi/mman.js';
import type { Segment } from '../ipc/shared-memory.js';
import { PAGE_SIZE } from '../mm/frames.js';
import { CAP_IPC_LOCK } from '../security/capability.js';
import type { Task } from '../task/task.js';
import { readStruct, writeStruct } from './user-struct.js';

export function shmget(task: Task, key: number, size: number, flags: number): number {
  const { shm } = task.namespaces.ipc;
  if ((flags & SHM_HUGETLB) !== 0) return -EINVAL;
  return shm.get(
    task,
    key,
    flags,
    (found) => (found.size < size ? -EINVAL : 0),
    () => shm.make(task, key, size, flags),
  );
}

export function shmat(task: Task, id: number, wanted: number, flags: number): number {
  let address = wanted;
  if (address % PAGE_SIZE !== 0) {
    if ((flags & SHM_RND) === 0) return -EINVAL;
    address -= address % PAGE_SIZE;
  }
  if (address === 0 && (flags & SHM_REMAP) !== 0) return -EINVAL;
  const segment = task.namespaces.ipc.shm.find(id);
  if (typeof segment === 'number') return segment;
  const writes = (flags & SHM_RDONLY) === 0;
  const executes = (flags & SHM_EXEC) !== 0;
  const denied = segment.permits(task, 0o444 | (writes ? 0o222 : 0) | (executes ? 0o111 : 0));
  if (denied !== 0) return denied;
  const { space } = task;
  const length = segment.pages * PAGE_SIZE;
  if (address !== 0 && (flags & SHM_REMAP) === 0 && space.areas.within(address, address + length).length > 0)
    return -EINVAL;
  const file = segment.opened(task, writes);
  if (typeof file === 'number') return file;
  const prot = PROT_READ | (writes ? PROT_WRITE : 0) | (executes ? PROT_EXEC : 0);
  const fixed = address !== 0 ? MAP_FIXED : 0;
  const at = space.map(address, length, prot, MAP_SHARED | fixed, { cache: segment.cache, offset: 0, file });
  if (at >= 0) segment.noteAttached(task);
  return at;
}

export function shmdt(task: Task, address: number): number {
  if (address % PAGE_SIZE !== 0) return -EINVAL;
  const { areas } = task.space;
  const first = areas.at(address);
  const segment = first?.file?.inode.segment;
  // the map began here, even if its first pages have gone since
  if (!first || !segment || first.start - first.offset !== address) return -EINVAL;
  for (const area of areas.within(address, address + segment.pages * PAGE_SIZE))
    if (area.cache === segment.cache && area.start - area.offset === address)
      task.space.unmap(area.start, area.end - area.start);
  segment.noteDetached(task);
  return 0;
}

export function shmctl(task: Task, id: number, command: number, address: number): number {
  const { shm } = task.namespaces.ipc;
  const { structs } = task.abi;
  if (id < 0 || command < 0) return -EINVAL;
  switch (command) {
    case IPC_INFO: {
      const { maxBytes, most, maxPages } = shm;
      const values = { shmmax: maxBytes, shmmin: 1, shmmni: most, shmseg: most, shmall: maxPages };
      return writeStruct(task, structs.shminfo, address, values) || Math.max(0, shm.highest);
    }
    case SHM_INFO: {
      const resident = [...shm].reduce((sum, segment) => sum + segment.residentPages, 0);
      const values = { used_ids: shm.size, shm_tot: shm.pages, shm_rss: resident };
      return writeStruct(task, structs.shmInfo, address, values) || Math.max(0, shm.highest);
    }
    case SHM_STAT:
    case SHM_STAT_ANY: {
      const segment = shm.at(id);
      if (!segment) return -EINVAL;
      return tell(task, segment, address, command !== SHM_STAT_ANY) || segment.id;
    }
  }
  const segment = shm.find(id);
  if (typeof segment === 'number') return segment;
  switch (command) {
    case IPC_STAT:
      return tell(task, segment, address, true);
    case IPC_SET: {
      const given = readStruct(task, structs.shmidDs, address);
      if (typeof given === 'number') return -EFAULT;
      const denied = segment.governs(task);
      if (denied === 0) segment.setPermissions(task, given);
      return denied;
    }
    case IPC_RMID: {
      const denied = segment.governs(task);
      if (denied === 0) segment.doom();
      return denied;
    }
    case SHM_LOCK:
    case SHM_UNLOCK:
      if (segment.governs(task) !== 0 && !task.credentials.capable(task.namespaces.ipc.owner, CAP_IPC_LOCK))
        return -EPERM;
      // all memory is in memory
      segment.mode = command === SHM_LOCK ? segment.mode | SHM_LOCKED : segment.mode & ~SHM_LOCKED;
      return 0;
    default:
      return -EINVAL;
  }
}

function tell(task: Task, segment: Segment, address: number, asks: boolean): number {
  const denied = asks ? segment.permits(task, 0o444) : 0;
  if (denied !== 0) return denied;
  const { pidNamespace } = task;
  return writeStruct(task, task.abi.structs.shmidDs, address, {
    ...segment.permissions(),
    segsz: segment.size,
    atime: segment.atime,
    dtime: segment.dtime,
    ctime: segment.ctime,
    cpid: segment.creator.in(pidNamespace),
    lpid: segment.lastPid?.in(pidNamespace) ?? 0,
    nattch: segment.attaches,
  });
}

// Mappings. man 2 mmap, munmap, mprotect, mremap, madvise, msync, brk, mincore, memfd_create.
import { remap } from '../mm/remap.js';
import { dataBytes } from '../mm/space-usage.js';
import { EACCES, EAGAIN, EBADF, EFAULT, EINVAL, ENOMEM, EPERM } from '../abi/errno.js';
import { F_SEAL_EXEC, O_RDWR } from '../abi/fcntl.js';
import {
  MADV_COLD,
  MADV_DODUMP,
  MADV_DOFORK,
  MADV_DONTDUMP,
  MADV_DONTFORK,
  MADV_DONTNEED,
  MADV_FREE,
  MADV_HUGEPAGE,
  MADV_KEEPONFORK,
  MADV_MERGEABLE,
  MADV_NOHUGEPAGE,
  MADV_NORMAL,
  MADV_PAGEOUT,
  MADV_POPULATE_READ,
  MADV_POPULATE_WRITE,
  MADV_RANDOM,
  MADV_REMOVE,
  MADV_SEQUENTIAL,
  MADV_UNMERGEABLE,
  MADV_WILLNEED,
  MADV_WIPEONFORK,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_GROWSDOWN,
  MAP_HUGETLB,
  MAP_LOCKED,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_STACK,
  MAP_TYPE,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_NOEXEC_SEAL,
  MREMAP_DONTUNMAP,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  MS_ASYNC,
  MS_INVALIDATE,
  MS_SYNC,
  PROT_EXEC,
  PROT_GROWSDOWN,
  PROT_GROWSUP,
  PROT_READ,
  PROT_WRITE,
} from '../abi/mman.js';
import { MS_NOEXEC } from '../abi/mount.js';
import { RLIMIT_AS, RLIMIT_DATA } from '../abi/sched.js';
import { ACCESS_READ, ACCESS_WRITE, FAULT_DONE, fault } from '../mm/page-faults.js';
import { pageCeil, PAGE_SIZE } from '../mm/frames.js';
import { SharedMemory } from '../mm/page-cache.js';
import { copyOut, readString } from '../mm/user-memory.js';
import type { Task } from '../task/task.js';
import { mayMapLocked } from './sys-mlock.js';
import { readStruct } from './user-struct.js';

function mmapOf(
  task: Task,
  hint: number,
  length: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
): number {
  const { space } = task;
  const type = flags & MAP_TYPE;
  if (type !== MAP_SHARED && type !== MAP_PRIVATE && type !== MAP_SHARED_VALIDATE) return -EINVAL;
  if (offset % PAGE_SIZE !== 0 || offset < 0) return -EINVAL;
  if ((flags & MAP_HUGETLB) !== 0) return -ENOMEM;
  const kept =
    flags &
    (MAP_SHARED |
      MAP_PRIVATE |
      MAP_FIXED |
      MAP_FIXED_NOREPLACE |
      MAP_GROWSDOWN |
      MAP_NORESERVE |
      MAP_LOCKED |
      MAP_STACK);
  const data = type === MAP_PRIVATE && (prot & PROT_WRITE) !== 0 && (flags & MAP_GROWSDOWN) === 0;
  if (overLimit(task, pageCeil(length), data)) return -ENOMEM;
  const locked = (flags & MAP_LOCKED) !== 0;
  if (locked || space.locksNew) {
    const may = mayMapLocked(task, pageCeil(length));
    if (may !== 'yes') return may === 'no' && locked ? -EPERM : -EAGAIN;
  }
  let address: number;
  if ((flags & MAP_ANONYMOUS) !== 0) {
    // shared memory without a file is pages that parent and child both have
    const source = (kept & MAP_SHARED) !== 0 ? { cache: new SharedMemory(space.frames), offset: 0 } : undefined;
    address = space.map(hint, length, prot, kept, source);
  } else {
    const file = task.file(fd);
    if (!file) return -EBADF;
    if (file.path && (file.path.mount.flags & MS_NOEXEC) !== 0 && (prot & PROT_EXEC) !== 0) return -EACCES;
    const cache = file.mappable(prot, (kept & MAP_SHARED) !== 0 ? MAP_SHARED : MAP_PRIVATE);
    if (typeof cache === 'number') return cache;
    address = space.map(hint, length, prot, kept, { cache, offset, file: file.inode.isRegular ? file : undefined });
  }
  if (address >= 0 && (flags & MAP_POPULATE) !== 0)
    populate(
      task,
      address,
      length,
      (prot & PROT_WRITE) !== 0 && (kept & MAP_PRIVATE) !== 0 ? ACCESS_WRITE : ACCESS_READ,
    );
  return address;
}

/** Would `more` bytes be too many? `data`: they are the program's own, to be written. */
function overLimit(task: Task, more: number, data: boolean): boolean {
  const { space, process } = task;
  if (space.areas.bytes + more > process.limits.soft(RLIMIT_AS)) return true;
  const limit = process.limits.soft(RLIMIT_DATA);
  return data && limit !== Number.POSITIVE_INFINITY && dataBytes(space) + more > limit;
}

function populate(task: Task, address: number, length: number, access: number): number {
  for (let at = address; at < address + length; at += PAGE_SIZE)
    if (fault(task.space, at, access) !== FAULT_DONE) return -EFAULT;
  return 0;
}

export function mmap(
  task: Task,
  hint: number,
  length: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
): number {
  return mmapOf(task, hint, length, prot, flags, fd, offset);
}
/** mmap2(2): the offset is in units of 4096 bytes. */
export function mmap2(
  task: Task,
  hint: number,
  length: number,
  prot: number,
  flags: number,
  fd: number,
  pages: number,
): number {
  return mmapOf(task, hint, length, prot, flags, fd, pages * 4096);
}
/** The oldest form: all arguments in a struct. */
export function oldMmap(task: Task, address: number): number {
  const args: number[] = [];
  for (let i = 0; i < 6; i++) {
    const value = readStruct(task, task.abi.structs.word, address + i * task.abi.wordSize);
    if (typeof value === 'number') return value;
    args.push(value.value!);
  }
  return mmapOf(task, args[0]!, args[1]!, args[2]! | 0, args[3]! | 0, args[4]! | 0, args[5]!);
}

export function munmap(task: Task, address: number, length: number): number {
  if (address % PAGE_SIZE !== 0 || length === 0 || address + length > task.space.layout.userEnd) return -EINVAL;
  task.space.unmap(address, length);
  return 0;
}

export function mprotect(task: Task, address: number, length: number, prot: number): number {
  if ((prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN | PROT_GROWSUP)) !== 0) return -EINVAL;
  if (address % PAGE_SIZE !== 0) return -EINVAL;
  if (length === 0) return 0;
  let from = address;
  let size = length;
  if ((prot & PROT_GROWSDOWN) !== 0) {
    const area = task.space.areas.at(address);
    if (!area?.growsDown) return -EINVAL;
    size += from - area.start;
    from = area.start;
  }
  return task.space.protect(from, size, prot & (PROT_READ | PROT_WRITE | PROT_EXEC));
}

export function mremap(
  task: Task,
  address: number,
  oldLength: number,
  newLength: number,
  flags: number,
  to: number,
): number {
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) return -EINVAL;
  if ((flags & MREMAP_FIXED) !== 0 && (flags & MREMAP_MAYMOVE) === 0) return -EINVAL;
  if ((flags & MREMAP_DONTUNMAP) !== 0) return -EINVAL;
  const grown = pageCeil(newLength) - pageCeil(oldLength);
  const area = task.space.areas.at(address);
  if (grown > 0 && area && overLimit(task, grown, area.isData)) return -ENOMEM;
  return remap(
    task.space,
    address,
    oldLength,
    newLength,
    (flags & MREMAP_MAYMOVE) !== 0,
    (flags & MREMAP_FIXED) !== 0 ? to : -1,
  );
}

const HINTS = new Set<number>([
  MADV_NORMAL,
  MADV_RANDOM,
  MADV_SEQUENTIAL,
  MADV_WILLNEED,
  MADV_MERGEABLE,
  MADV_UNMERGEABLE,
  MADV_HUGEPAGE,
  MADV_NOHUGEPAGE,
  MADV_DONTDUMP,
  MADV_DODUMP,
  MADV_COLD,
  MADV_PAGEOUT,
]);

export function madvise(task: Task, address: number, length: number, advice: number): number {
  const { space } = task;
  if (address % PAGE_SIZE !== 0) return -EINVAL;
  const end = address + pageCeil(length);
  const known =
    HINTS.has(advice) ||
    [
      MADV_DONTNEED,
      MADV_FREE,
      MADV_REMOVE,
      MADV_DONTFORK,
      MADV_DOFORK,
      MADV_WIPEONFORK,
      MADV_KEEPONFORK,
      MADV_POPULATE_READ,
      MADV_POPULATE_WRITE,
    ].includes(advice);
  if (!known) return -EINVAL;
  if (length === 0) return 0;
  const complete = space.areas.covers(address, end);
  switch (advice) {
    case MADV_DONTNEED:
      space.discard(address, end - address);
      break;
    case MADV_FREE:
      for (const area of space.areas.within(address, end)) if (area.cache) return -EINVAL;
      space.discard(address, end - address);
      break;
    case MADV_REMOVE: {
      for (const area of space.areas.within(address, end)) {
        if (!area.shared || !area.cache || area.cache.source) return -EINVAL;
        area.cache.drop(
          area.cacheIndex(Math.max(address, area.start)),
          area.cacheIndex(Math.min(end, area.end) - 1) + 1,
        );
      }
      break;
    }
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK: {
      const atFork = advice === MADV_DONTFORK ? 'drop' : advice === MADV_WIPEONFORK ? 'wipe' : 'copy';
      for (const area of space.areas.within(address, end))
        if (atFork === 'wipe' && (area.cache || area.shared)) return -EINVAL;
      for (const area of space.areas.remove(address, end)) {
        area.atFork = atFork;
        space.areas.insert(area);
      }
      break;
    }
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
      if (complete)
        return populate(task, address, end - address, advice === MADV_POPULATE_WRITE ? ACCESS_WRITE : ACCESS_READ);
      break;
  }
  return complete ? 0 : -ENOMEM;
}

export function msync(task: Task, address: number, length: number, flags: number): number {
  if (
    (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0 ||
    (flags & (MS_ASYNC | MS_SYNC)) === (MS_ASYNC | MS_SYNC) ||
    address % PAGE_SIZE !== 0
  )
    return -EINVAL;
  const end = address + pageCeil(length);
  if (!task.space.areas.covers(address, end)) return -ENOMEM;
  for (const area of task.space.areas.within(address, end)) if (area.shared) area.file?.inode.sync();
  return 0;
}

export function brk(task: Task, address: number): number {
  const { space } = task;
  const limit = task.process.limits.soft(RLIMIT_DATA);
  if (address - space.brkStart > limit || (address > space.brk && overLimit(task, address - space.brk, true)))
    return space.brk;
  return space.setBrk(address);
}

export function mincore(task: Task, address: number, length: number, vector: number): number {
  const { space } = task;
  if (address % PAGE_SIZE !== 0) return -EINVAL;
  const pages = pageCeil(length) / PAGE_SIZE;
  if (!space.areas.covers(address, address + pages * PAGE_SIZE)) return -ENOMEM;
  for (let done = 0; done < pages; ) {
    const piece = new Uint8Array(Math.min(4096, pages - done));
    for (let i = 0; i < piece.length; i++) {
      const at = address + (done + i) * PAGE_SIZE;
      const area = space.areas.at(at)!;
      piece[i] = space.table.flags(at) !== 0 || (area.cache?.peek(area.cacheIndex(at)) ?? 0) !== 0 ? 1 : 0;
    }
    if (copyOut(space, vector + done, piece, 0, piece.length) !== piece.length) return -EFAULT;
    done += piece.length;
  }
  return 0;
}

/** Of the name of a memfd. */
const MEMFD_NAME_MAX = 249;

export function memfdCreate(task: Task, address: number, flags: number): number {
  if ((flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) !== 0) return -EINVAL;
  if ((flags & MFD_NOEXEC_SEAL) !== 0 && (flags & MFD_EXEC) !== 0) return -EINVAL;
  const name = readString(task.space, address, MEMFD_NAME_MAX + 1, EINVAL);
  if (typeof name === 'number') return name;
  const file = task.kernel.openMemory(task, `memfd:${name}`, O_RDWR);
  if (typeof file === 'number') return file;
  if ((flags & MFD_NOEXEC_SEAL) !== 0) {
    file.inode.mode &= ~0o111;
    file.inode.seals = F_SEAL_EXEC;
  } else if ((flags & MFD_ALLOW_SEALING) !== 0) file.inode.seals = 0;
  const fd = task.files.add(file, (flags & MFD_CLOEXEC) !== 0, task.fileLimit);
  if (fd < 0) file.release();
  return fd;
}

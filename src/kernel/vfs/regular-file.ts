// Reading and writing regular files through their page cache. Linux mm/filemap.c.
import { EFBIG, EINVAL, ENOSPC, ENXIO, EOPNOTSUPP, EPERM } from '../abi/errno.js';
import { O_LARGEFILE, SEEK_DATA, SEEK_HOLE } from '../abi/fcntl.js';
import { MAP_SHARED, PROT_WRITE } from '../abi/mman.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { PageCache } from '../mm/page-cache.js';
import { RLIMIT_FSIZE } from '../abi/sched.js';
import { SIGXFSZ } from '../abi/signal.js';
import { BLOCK } from '../task/blocking.js';
import { unsealedLength, unsealedWrite } from './seals.js';
import type { Task } from '../task/task.js';
import type { Actor } from './actor.js';
import type { Inode } from './inode.js';
import { type Io, transferred } from './io.js';
import type { Path } from './path.js';
import { OFFSET_MAX, OpenFile, seekWithin } from './open-file.js';
import { EACCES } from '../abi/errno.js';

const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const FALLOC_FL_ZERO_RANGE = 16;
/** Bytes of a file with a source that one call makes zeros. */
const ZERO_MAX = 1 << 30;
const SMALL_MAX = 0x7fffffff;

/** A regular file whose data are pages of a cache. */
export interface CachedInode extends Inode {
  readonly cache: PageCache;
  /** The file has been read, or written: its times (and set-id bits) follow. */
  noteRead(task: Task): void;
  noteWritten(actor: Actor): void;
}

export class RegularFile extends OpenFile {
  private readonly narrow: boolean;

  constructor(task: Task, inode: Inode, flags: number, path?: Path) {
    super(task, inode, flags, path);
    this.narrow = task.abi.wordSize === 4 && (flags & O_LARGEFILE) === 0;
  }

  private get cached(): CachedInode {
    return this.inode as CachedInode;
  }

  /** How large it may become by this open file: 2 GiB where the program has not said that it can deal with more. */
  private get sizeMax(): number {
    return this.narrow ? SMALL_MAX : OFFSET_MAX;
  }

  override read(task: Task, io: Io): number {
    const done = readCached(task, this.cached, io, this.position);
    if (done > 0) this.position += done;
    return done;
  }

  override write(task: Task, io: Io): number {
    const at = this.appends ? this.inode.size : this.position;
    const done = writeCached(task, this.cached, io, at, this.sizeMax);
    if (done >= 0) this.position = at + done;
    return done;
  }

  override readAt(task: Task, io: Io, offset: number): number {
    return readCached(task, this.cached, io, offset);
  }

  override writeAt(task: Task, io: Io, offset: number): number {
    // Linux appends even with pwrite: man 2 pwrite, BUGS
    return writeCached(task, this.cached, io, this.appends ? this.inode.size : offset, this.sizeMax);
  }

  override seek(_task: Task, offset: number, whence: number): number {
    const { size } = this.inode;
    if (whence === SEEK_DATA || whence === SEEK_HOLE) {
      if (offset < 0 || offset >= size) return -ENXIO;
      const found = whence === SEEK_DATA ? this.nextData(offset) : this.nextHole(offset);
      if (found >= size && whence === SEEK_DATA) return -ENXIO;
      this.position = Math.min(found, size);
      return this.position;
    }
    return seekWithin(this, size, offset, whence);
  }

  /** Where holes are not known, all is data. */
  private nextData(offset: number): number {
    const { cache, size } = this.cached;
    const first = Math.floor(offset / PAGE_SIZE);
    if (!cache.isHole(first)) return offset;
    const next = cache.nextPresent(first);
    return next < 0 ? size : next * PAGE_SIZE;
  }

  private nextHole(offset: number): number {
    const { cache, size } = this.cached;
    if (!cache.knowsHoles) return size;
    let index = Math.floor(offset / PAGE_SIZE);
    while (index * PAGE_SIZE < size && !cache.isHole(index)) index++;
    return Math.max(offset, index * PAGE_SIZE);
  }

  override truncate(task: Task, size: number): number {
    const limited = limitedSize(task, size, 0, this.sizeMax);
    if (limited < 0) return limited;
    return this.inode.setAttributes(task, { size });
  }

  override sync(): number {
    return -this.inode.sync() || 0;
  }

  override mappable(prot: number, flags: number): PageCache | number {
    if (!this.readable) return -EACCES;
    if ((flags & MAP_SHARED) !== 0 && (prot & PROT_WRITE) !== 0 && !this.writable) return -EACCES;
    if ((flags & MAP_SHARED) !== 0 && (prot & PROT_WRITE) !== 0 && unsealedWrite(this.inode) !== 0) return -EPERM;
    return this.cached.cache;
  }

  override allocate(task: Task, mode: number, offset: number, length: number): number {
    const end = offset + length;
    if (end > OFFSET_MAX) return -EFBIG;
    const { cached } = this;
    if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) !== 0) return -EOPNOTSUPP;
    const kept = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
    const punches = (mode & FALLOC_FL_PUNCH_HOLE) !== 0;
    if (punches && (!kept || (mode & FALLOC_FL_ZERO_RANGE) !== 0)) return -EOPNOTSUPP;
    if (punches || (mode & FALLOC_FL_ZERO_RANGE) !== 0) {
      // where pages must be written to be zeros, not without bound
      if (cached.cache.source && Math.min(end, cached.size) - offset > ZERO_MAX) return -EOPNOTSUPP;
      if (unsealedWrite(cached) !== 0) return -EPERM;
      zeroRange(cached, offset, Math.min(end, cached.size));
      cached.noteWritten(task);
    }
    if (!punches && missingPages(cached, offset, end) > cached.fs.statistics().free) return -ENOSPC;
    if (!kept && end > cached.size) return this.truncate(task, end);
    return 0;
  }
}

/** Pages of [from, to) that have no data yet. */
function missingPages({ cache }: CachedInode, from: number, to: number): number {
  if (cache.source) return 0;
  const first = Math.floor(from / PAGE_SIZE);
  const end = Math.ceil(to / PAGE_SIZE);
  return end - first - cache.presentWithin(first, end);
}

/** Makes [from, to) zeros: whole pages go, the ends are cleared. */
function zeroRange(inode: CachedInode, from: number, to: number): void {
  const { cache } = inode;
  const first = Math.ceil(from / PAGE_SIZE);
  const last = Math.floor(to / PAGE_SIZE);
  const clear = (start: number, end: number): void => {
    if (start >= end) return;
    const index = Math.floor(start / PAGE_SIZE);
    const frame = cache.isHole(index) ? 0 : cache.get(index);
    if (frame <= 0) return;
    const host = cache.frames.hostAddress(frame);
    cache.frames.bytes.fill(0, host + (start % PAGE_SIZE), host + (start % PAGE_SIZE) + (end - start));
    cache.frames.written(frame);
    cache.markDirty(index);
  };
  if (first > last) {
    clear(from, to);
    return;
  }
  clear(from, first * PAGE_SIZE);
  clear(last * PAGE_SIZE, to);
  if (cache.knowsHoles) cache.drop(first, last);
  else for (let index = first; index < last; index++) clear(index * PAGE_SIZE, (index + 1) * PAGE_SIZE);
}

/** How much of a write of `length` bytes at `offset` RLIMIT_FSIZE lets through; -EFBIG (and SIGXFSZ) when nothing. */
function limitedSize(task: Task, offset: number, length: number, most: number): number {
  const limit = Math.min(task.process.limits.soft(RLIMIT_FSIZE), most);
  if (offset + length <= limit) return length;
  if (offset >= limit) {
    if (offset >= task.process.limits.soft(RLIMIT_FSIZE)) task.raise(SIGXFSZ);
    return -EFBIG;
  }
  return limit - offset;
}

/** Reads from `start` on. A limit of a disk holds within a call too: it waits, and goes on where it was. */
export function readCached(task: Task, inode: CachedInode, io: Io, start: number): number {
  if (start < 0) return -EINVAL;
  const { cache } = inode;
  const earlier = io.resumes ? task.callState.done : 0;
  const offset = start + earlier;
  io.skip(earlier);
  const wanted = Math.min(io.left, Math.max(0, inode.size - offset));
  const wantedPages = Math.ceil((offset + wanted) / PAGE_SIZE);
  const pages = Math.ceil(inode.size / PAGE_SIZE);
  let done = 0;
  while (done < wanted) {
    const at = (offset + done) % PAGE_SIZE;
    const index = (offset + done - at) / PAGE_SIZE;
    const piece = Math.min(wanted - done, PAGE_SIZE - at);
    // a hole stays one
    const frame = cache.isHole(index) ? 0 : cache.getAhead(index, wantedPages, pages);
    if (frame < 0) return earlier + done > 0 ? earlier + done : frame;
    const moved = frame === 0 ? io.giveZeros(piece) : giveHeld(cache, frame, io, at, piece);
    done += moved;
    if (moved < piece) break;
    if (io.resumes && task.isHeld && done < wanted) {
      task.callState.done = earlier + done;
      const waits = task.blockHeld();
      if (waits === BLOCK) return waits;
      break;
    }
  }
  if (wanted > 0) inode.noteRead(task);
  return earlier + done > 0 ? earlier + done : transferred(done, wanted);
}

/** Moves bytes of a page that stays meanwhile: the program's own pages may need room. */
function giveHeld({ frames }: PageCache, frame: number, io: Io, at: number, length: number): number {
  frames.use(frame);
  const moved = io.give(frames.bytes, frames.hostAddress(frame) + at, length);
  frames.release(frame);
  return moved;
}

export function writeCached(task: Task, inode: CachedInode, io: Io, offset: number, most: number): number {
  if (offset < 0) return -EINVAL;
  if (offset + io.left > OFFSET_MAX) return -EFBIG;
  if (io.left === 0) return 0;
  const unsealed = unsealedLength(inode, offset, io.left);
  if (unsealed < 0) return unsealed;
  const wanted = limitedSize(task, offset, unsealed, most);
  if (wanted < 0) return wanted;
  const { cache } = inode;
  const { bytes } = cache.frames;
  let done = 0;
  while (done < wanted) {
    const at = (offset + done) % PAGE_SIZE;
    const index = (offset + done - at) / PAGE_SIZE;
    const piece = Math.min(wanted - done, PAGE_SIZE - at);
    const frame = cache.get(index);
    if (frame < 0) {
      if (done > 0) break;
      return -ENOSPC;
    }
    // the program's own pages may need room, which a clean page nobody holds would make
    cache.frames.use(frame);
    const moved = io.take(bytes, cache.frames.hostAddress(frame) + at, piece);
    cache.frames.written(frame);
    cache.markDirty(index);
    cache.frames.release(frame);
    done += moved;
    if (offset + done > inode.size) inode.size = offset + done;
    if (moved < piece) break;
  }
  if (done > 0) inode.noteWritten(task);
  return transferred(done, wanted);
}

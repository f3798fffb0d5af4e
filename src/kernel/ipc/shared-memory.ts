// System V shared memory: segments are files without a name in the kernel's memory. man 2 shmget, shmat, shmctl; Linux ipc/shm.c.
import { EINVAL, ENOMEM, ENOSPC } from '../abi/errno.js';
import { O_RDONLY, O_RDWR } from '../abi/fcntl.js';
import { IPC_PRIVATE, SHM_DEST } from '../abi/ipc.js';
import { PAGE_SIZE } from '../mm/frames.js';
import type { PageCache } from '../mm/page-cache.js';
import type { AddressSpace } from '../mm/address-space.js';
import type { Pid } from '../ns/pid-namespace.js';
import type { Task } from '../task/task.js';
import type { OpenFile } from '../vfs/open-file.js';
import { IpcObject, IpcTable, secondsNow } from './ipc-object.js';

export class Segment extends IpcObject {
  atime = 0;
  dtime = 0;
  lastPid?: Pid;
  readonly creator: Pid;
  private readOnly?: OpenFile;

  constructor(
    task: Task,
    key: number,
    mode: number,
    /** Bytes as they were asked for. */
    readonly size: number,
    private readonly file: OpenFile,
    private readonly table: SharedMemory,
  ) {
    super(task, key, mode);
    this.creator = task.process.pid;
    file.inode.segment = this;
  }

  get cache(): PageCache {
    return this.file.inode.cache!;
  }

  get pages(): number {
    return Math.ceil(this.size / PAGE_SIZE);
  }

  get residentPages(): number {
    return this.cache.pageCount;
  }

  /** How often it is mapped. */
  get attaches(): number {
    let count = 0;
    for (const space of this.cache.users) count += space.mapsOf(this.cache);
    return count;
  }

  /** The open file that its maps show. */
  opened(task: Task, writes: boolean): OpenFile | number {
    if (writes) return this.file;
    if (!this.readOnly) {
      const file = this.file.inode.open(task, O_RDONLY, this.file.path!);
      if (typeof file === 'number') return file;
      this.readOnly = file;
    }
    return this.readOnly;
  }

  noteAttached(task: Task): void {
    this.atime = secondsNow(task);
    this.lastPid = task.process.pid;
  }

  noteDetached(task: Task): void {
    this.dtime = secondsNow(task);
    this.lastPid = task.process.pid;
    this.goIfUnused();
  }

  /** IPC_RMID: it goes once nobody has mapped it; until then its key is nobody's. */
  doom(): void {
    this.mode |= SHM_DEST;
    this.key = IPC_PRIVATE;
    this.goIfUnused();
  }

  goIfUnused(): void {
    if (this.removed || (this.mode & SHM_DEST) === 0 || this.attaches > 0) return;
    this.table.remove(this);
    this.file.release();
    this.readOnly?.release();
  }
}

export class SharedMemory extends IpcTable<Segment> {
  /** Bytes of a segment, and pages of all. */
  maxBytes = 0xfeffffff;
  maxPages = 0xfeffffff;
  pages = 0;

  constructor() {
    super(4096);
  }

  make(task: Task, key: number, size: number, flags: number): Segment | number {
    if (size < 1 || size > this.maxBytes) return -EINVAL;
    const pages = Math.ceil(size / PAGE_SIZE);
    if (this.pages + pages > this.maxPages) return -ENOSPC;
    if (pages > task.kernel.frames.count) return -ENOMEM;
    const name = `SYSV${(key >>> 0).toString(16).padStart(8, '0')}`;
    const file = task.kernel.openMemory(task, name, O_RDWR);
    if (typeof file === 'number') return file;
    file.inode.setAttributes(task, { size: pages * PAGE_SIZE });
    this.pages += pages;
    return new Segment(task, key, flags & 0o777, size, file, this);
  }

  override remove(segment: Segment): void {
    if (!segment.removed) this.pages -= segment.pages;
    super.remove(segment);
  }
}

/** The segments that a space has mapped: they hear of its end. */
export function segmentsOf(space: AddressSpace): Set<Segment> {
  const found = new Set<Segment>();
  for (const { file } of space.areas) if (file?.inode.segment) found.add(file.inode.segment);
  return found;
}

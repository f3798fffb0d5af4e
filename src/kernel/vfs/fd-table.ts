// A process's descriptors: small numbers for open files, each with its close-on-exec flag. Linux fs/file.c.
import { EBADF, EMFILE, ENOMEM } from '../abi/errno.js';
import { FRAME_KERNEL, type FrameAccount } from '../mm/frame-account.js';
import { HeldMemory } from '../mm/held-memory.js';
import type { Statistics } from '../task/statistics.js';
import type { OpenFile } from './open-file.js';

/** More than this no limit allows: Linux's fs.nr_open. */
export const NR_OPEN = 1048576;
/** What a process has at no charge, and bytes that each further place for a descriptor is. */
const FREE_SLOTS = 64;
const SLOT = 8;
/** Places that all tables of a kernel have together at most, as forks copy them: 64 MiB. Ours. */
const SLOTS_MAX = 8 << 20;

export class FdTable {
  private files: (OpenFile | undefined)[] = [];
  private slots = 0;
  private readonly memory: HeldMemory;
  private readonly closing = new Set<number>();
  /** No descriptor below is free. */
  private lowest = 0;
  /** Tasks that share it. */
  users = 1;

  constructor(
    private readonly statistics: Statistics,
    payer: FrameAccount | undefined,
  ) {
    this.memory = new HeldMemory(payer, FRAME_KERNEL);
  }

  /** There is room for so many; false: there can be none. */
  private reserve(slots: number): boolean {
    if (slots <= this.slots) return true;
    const size = Math.max(FREE_SLOTS, 2 ** Math.ceil(Math.log2(slots)));
    const more = size - this.slots;
    if (this.statistics.descriptorSlots + more > SLOTS_MAX) return false;
    if (!this.memory.hold((size - FREE_SLOTS) * SLOT, true)) return false;
    this.statistics.descriptorSlots += more;
    this.slots = size;
    return true;
  }

  /** The open file of `fd`. */
  get(fd: number): OpenFile | undefined {
    return this.files[fd];
  }

  /** Gives `file` the lowest free descriptor from `from` on, below `limit`; -EMFILE, -ENFILE, -ENOMEM. The caller's hold of the file goes over. */
  add(file: OpenFile, closeOnExec: boolean, limit: number, from = 0): number {
    let fd = Math.max(from, this.lowest);
    while (this.files[fd] !== undefined) fd++;
    if (fd >= limit) return -EMFILE;
    if (!this.reserve(fd + 1)) return -ENOMEM;
    const refused = file.admit();
    if (refused !== 0) return refused;
    this.place(fd, file, closeOnExec);
    if (from <= this.lowest) this.lowest = fd + 1;
    return fd;
  }

  /** Puts `file` at `fd`; what was there is closed. 0, or -ENOMEM, and then the file is the caller's still. */
  replace(fd: number, file: OpenFile, closeOnExec: boolean): number {
    if (!this.reserve(fd + 1)) return -ENOMEM;
    const old = this.files[fd];
    this.place(fd, file, closeOnExec);
    if (old) this.letGo(old);
    return 0;
  }

  private place(fd: number, file: OpenFile, closeOnExec: boolean): void {
    while (this.files.length < fd) this.files.push(undefined);
    this.files[fd] = file;
    if (closeOnExec) this.closing.add(fd);
    else this.closing.delete(fd);
  }

  /** Takes the descriptor away. The open file, whose hold is the caller's now. */
  take(fd: number): OpenFile | undefined {
    const file = this.files[fd];
    if (!file) return undefined;
    this.files[fd] = undefined;
    this.closing.delete(fd);
    this.lowest = Math.min(this.lowest, fd);
    while (this.files.length > 0 && this.files.at(-1) === undefined) this.files.pop();
    return file;
  }

  close(fd: number): number {
    const file = this.take(fd);
    if (!file) return -EBADF;
    this.letGo(file);
    return 0;
  }

  /** Closing any descriptor of a file ends all record locks that the table has of it: man 2 fcntl. */
  private letGo(file: OpenFile): void {
    file.inode.locks?.release(this);
    file.flush(this);
    file.release();
  }

  closeOnExec(fd: number): boolean {
    return this.closing.has(fd);
  }

  setCloseOnExec(fd: number, on: boolean): void {
    if (on) this.closing.add(fd);
    else this.closing.delete(fd);
  }

  /** Descriptors in use, in order. */
  *entries(): Generator<[number, OpenFile]> {
    for (let fd = 0; fd < this.files.length; fd++) {
      const file = this.files[fd];
      if (file) yield [fd, file];
    }
  }

  /** One more than the highest descriptor in use. */
  get end(): number {
    return this.files.length;
  }

  /** A copy for a child of who pays: the same open files. Undefined: there is no memory for it. */
  fork(payer: FrameAccount | undefined): FdTable | undefined {
    const copy = new FdTable(this.statistics, payer);
    if (!copy.reserve(this.files.length)) return undefined;
    copy.files = this.files.slice();
    for (const file of copy.files) file?.hold();
    for (const fd of this.closing) copy.closing.add(fd);
    copy.lowest = this.lowest;
    return copy;
  }

  closeForExec(): void {
    for (const fd of [...this.closing]) this.close(fd);
  }

  closeAll(): void {
    for (let fd = this.files.length - 1; fd >= 0; fd--) this.close(fd);
    this.statistics.descriptorSlots -= this.slots;
    this.slots = 0;
    this.memory.hold(0);
  }
}

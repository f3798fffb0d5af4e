// A process's descriptors: small numbers for open files, each with its close-on-exec flag. Linux fs/file.c.
import { EBADF, EMFILE } from '../abi/errno.js';
import type { OpenFile } from './open-file.js';

/** More than this no limit allows: Linux's fs.nr_open. */
export const NR_OPEN = 1048576;

export class FdTable {
  private files: (OpenFile | undefined)[] = [];
  private readonly closing = new Set<number>();
  /** No descriptor below is free. */
  private lowest = 0;
  /** Tasks that share it. */
  users = 1;

  /** The open file of `fd`. */
  get(fd: number): OpenFile | undefined {
    return this.files[fd];
  }

  /** Gives `file` the lowest free descriptor from `from` on, below `limit`; -EMFILE. The caller's hold of the file goes over. */
  add(file: OpenFile, closeOnExec: boolean, limit: number, from = 0): number {
    let fd = Math.max(from, this.lowest);
    while (this.files[fd] !== undefined) fd++;
    if (fd >= limit) return -EMFILE;
    this.place(fd, file, closeOnExec);
    if (from <= this.lowest) this.lowest = fd + 1;
    return fd;
  }

  /** Puts `file` at `fd`; what was there is closed. */
  replace(fd: number, file: OpenFile, closeOnExec: boolean): void {
    const old = this.files[fd];
    this.place(fd, file, closeOnExec);
    if (old) this.letGo(old);
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

  /** A copy for a child: the same open files. */
  fork(): FdTable {
    const copy = new FdTable();
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
  }
}

// /proc/PID/fd and fdinfo: a process's descriptors, as links that lead to the open files' own places. man 5 proc; Linux fs/proc/fd.c.
import { EACCES, ENOENT } from '../../abi/errno.js';
import { O_CLOEXEC } from '../../abi/fcntl.js';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../../abi/stat.js';
import type { Task } from '../../task/task.js';
import type { Actor } from '../../vfs/actor.js';
import { Dentry } from '../../vfs/dentry.js';
import type { FdTable } from '../../vfs/fd-table.js';
import type { DirectoryEntry, Inode } from '../../vfs/inode.js';
import type { OpenFile } from '../../vfs/open-file.js';
import { Path } from '../../vfs/path.js';
import { MAY_WRITE } from '../../vfs/permission.js';
import { inoBelow, makeLink, type LinkTarget, type Place, ProcDirectory } from './inodes.js';
import type { ProcessSubject } from './subject.js';
import { makeText, type TextRecord, type TextSource } from './text.js';

/** Links to descriptors have a size, that of 64 characters. */
const LINK_SIZE = 64;

function filesOf({ task }: ProcessSubject): FdTable | undefined {
  return task && task.state !== 'dead' ? task.files : undefined;
}

/** Where an open file is: what has no name lies nowhere in the reader's tree. */
export function placeOf(file: OpenFile, reader: Task): Path {
  return file.path ?? new Path(reader.fs.root.mount, new Dentry('', undefined, file.inode));
}

export class DescriptorLink implements LinkTarget<ProcessSubject> {
  constructor(private readonly fd: number) {}

  text(subject: ProcessSubject, reader: Task): string | number {
    const file = filesOf(subject)?.get(this.fd);
    if (!file) return -ENOENT;
    return file.path?.shownFrom(reader.fs.root) ?? file.label;
  }

  follow(subject: ProcessSubject, reader: Task): Path | number {
    const file = filesOf(subject)?.get(this.fd);
    return file ? placeOf(file, reader) : -ENOENT;
  }
}

export abstract class DescriptorDirectory extends ProcDirectory {
  protected readonly subject: ProcessSubject;

  constructor(place: Place<ProcessSubject>, rights: number) {
    super(place.fs, place.ino, S_IFDIR | rights, place.subject.owner(S_IFDIR | rights));
    this.subject = place.subject;
  }

  protected abstract readonly entryMode: number;
  protected abstract make(place: Place<ProcessSubject>, fd: number, file: OpenFile): Inode;

  override lookup(_actor: Actor, name: string): Inode | number {
    if (!/^(0|[1-9]\d{0,6})$/.test(name)) return -ENOENT;
    const fd = Number(name);
    const file = filesOf(this.subject)?.get(fd);
    return file ? this.make({ fs: this.fs, ino: inoBelow(this.ino, fd), subject: this.subject }, fd, file) : -ENOENT;
  }

  override entries(_task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    const files = filesOf(this.subject);
    if (!files) return 0;
    for (let fd = position; fd < files.end; fd++) {
      if (!files.get(fd)) continue;
      if (!see({ name: String(fd), ino: inoBelow(this.ino, fd), mode: this.entryMode }, fd + 1)) break;
    }
    return 0;
  }
}

export class FdDirectory extends DescriptorDirectory {
  protected readonly entryMode = S_IFLNK;

  constructor(place: Place<ProcessSubject>) {
    super(place, 0o500);
    this.size = [...(filesOf(place.subject)?.entries() ?? [])].length;
  }

  /** A process finds its own descriptors whoever it has become. */
  override allows(task: Task, wanted: number): number {
    const denied = super.allows(task, wanted);
    return denied !== 0 && task.process === this.subject.task?.process && (wanted & MAY_WRITE) === 0 ? 0 : denied;
  }

  protected make(place: Place<ProcessSubject>, fd: number, file: OpenFile): Inode {
    const rights = (file.readable ? 0o500 : 0) | (file.writable ? 0o300 : 0);
    return makeLink(place, new DescriptorLink(fd), rights, LINK_SIZE);
  }
}

export class FdinfoDirectory extends DescriptorDirectory {
  protected readonly entryMode = S_IFREG;

  constructor(place: Place<ProcessSubject>) {
    super(place, 0o555);
  }

  override allows(task: Task, wanted: number): number {
    return this.subject.shows(task) ? super.allows(task, wanted) : -EACCES;
  }

  protected make(place: Place<ProcessSubject>, fd: number): Inode {
    return makeText(place, 0o444, new DescriptorInformation(fd));
  }
}

export class DescriptorInformation implements TextSource<ProcessSubject> {
  constructor(private readonly fd: number) {}

  record(subject: ProcessSubject, _reader: Task, cursor: number): TextRecord | number | undefined {
    if (cursor > 0) return undefined;
    const files = filesOf(subject);
    const file = files?.get(this.fd);
    if (!files || !file) return -ENOENT;
    const flags = file.flags | (files.closeOnExec(this.fd) ? O_CLOEXEC : 0);
    const lines = [
      `pos:\t${file.position}`,
      `flags:\t0${flags.toString(8)}`,
      `mnt_id:\t${file.path?.mount.id ?? 0}`,
      `ino:\t${file.inode.ino}`,
    ];
    return { text: `${lines.join('\n')}\n${file.details()}`, next: 1 };
  }
}

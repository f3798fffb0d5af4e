// Files of procfs whose contents are made when they are read: texts, in one piece or record by record, and bytes of a program's memory.
// Linux fs/seq_file.c. A text is made anew when it is read from its start; no more of it is held than the record that is being read.
import { EACCES, EINVAL } from '../../abi/errno.js';
import { SEEK_CUR, SEEK_SET } from '../../abi/fcntl.js';
import { POLLERR, POLLPRI } from '../../abi/poll.js';
import { S_IFREG } from '../../abi/stat.js';
import type { Credentials } from '../../security/credentials.js';
import type { ChangeNotice } from '../../task/change-notice.js';
import type { Task } from '../../task/task.js';
import type { WaitQueue } from '../../task/wait-queue.js';
import type { Inode } from '../../vfs/inode.js';
import { type Io, transferred } from '../../vfs/io.js';
import { OFFSET_MAX, OpenFile } from '../../vfs/open-file.js';
import type { Path } from '../../vfs/path.js';
import { type Entry, type Place, ProcInode, type Subject } from './inodes.js';

/** Bytes of one write: Linux takes a page. */
const WRITE_MAX = 4096;

/** Part of a text, and the cursor of the part behind it. */
export interface TextRecord {
  text: string;
  next: number;
}

export interface TextSource<S extends Subject> {
  /** The part at `cursor`, 0 the first; undefined: there is no more. */
  record(subject: S, reader: Task, cursor: number): TextRecord | number | undefined;
  /** A write of `text`: 0, or how much of it was taken where that is not all; or a negated errno. */
  write?(subject: S, writer: Task, text: string, opener: Credentials): number;
  /** Only the process itself and who may trace it can open the file. */
  guarded?: boolean;
  /** What tells of changes: the file can be watched. */
  notice?(subject: S): ChangeNotice | undefined;
}

export class TextInode<S extends Subject> extends ProcInode {
  constructor(
    { fs, ino, subject }: Place<S>,
    mode: number,
    private readonly source: TextSource<S>,
  ) {
    super(fs, ino, mode, subject.owner(mode));
    this.subject = subject;
  }
  protected readonly subject: S;

  override open(task: Task, flags: number, path: Path): OpenFile | number {
    if (this.source.guarded && !this.subject.shows(task)) return -EACCES;
    return new TextFile(task, this, flags, path);
  }

  get guarded(): object | undefined {
    return this.source.guarded ? this.subject.program : undefined;
  }

  get notice(): ChangeNotice | undefined {
    return this.source.notice?.(this.subject);
  }

  record(reader: Task, cursor: number): TextRecord | number | undefined {
    return this.source.record(this.subject, reader, cursor);
  }

  write(writer: Task, text: string, opener: Credentials): number {
    return this.source.write?.(this.subject, writer, text, opener) ?? -EINVAL;
  }
}

export class TextFile extends OpenFile {
  /** The record that is being read, and where in the text it begins. */
  private part = new Uint8Array(0);
  private partAt = 0;
  private cursor = 0;
  private ended = false;
  private readonly program = this.text.guarded;
  private readonly changes = this.text.notice;
  private seen = this.changes?.version;

  private get text(): TextInode<Subject> {
    return this.inode as TextInode<Subject>;
  }

  override read(task: Task, io: Io): number {
    const done = this.readAt(task, io, this.position);
    if (done > 0) this.position += done;
    return done;
  }

  override readAt(task: Task, io: Io, offset: number): number {
    if (offset === 0 || offset < this.partAt) this.rewind();
    let at = offset;
    let done = 0;
    while (io.left > 0) {
      const end = this.partAt + this.part.length;
      if (at < end) {
        const piece = Math.min(io.left, end - at);
        const moved = io.give(this.part, at - this.partAt, piece);
        done += moved;
        at += moved;
        if (moved < piece) return transferred(done, piece);
        continue;
      }
      const failed = this.advance(task);
      if (failed !== 0) return done > 0 ? done : failed;
      if (this.ended) break;
    }
    return done;
  }

  private rewind(): void {
    this.part = new Uint8Array(0);
    this.partAt = 0;
    this.cursor = 0;
    this.ended = false;
  }

  /** Makes the next record. */
  private advance(task: Task): number {
    if (this.text.guarded !== this.program) this.ended = true;
    if (this.ended) return 0;
    const record = this.text.record(task, this.cursor);
    if (typeof record === 'number') return record;
    this.partAt += this.part.length;
    this.part = record ? Uint8Array.from(record.text, (character) => character.charCodeAt(0)) : new Uint8Array(0);
    this.ended = record === undefined;
    if (record) this.cursor = record.next;
    return 0;
  }

  /** A change is told once, whether the text is read or not. */
  override poll(task: Task): number {
    const ready = super.poll(task);
    if (this.seen === this.changes?.version) return ready;
    this.seen = this.changes?.version;
    return ready | POLLERR | POLLPRI;
  }

  override get waits(): WaitQueue | undefined {
    return this.changes?.waits;
  }

  override write(task: Task, io: Io): number {
    const wanted = io.left;
    const bytes = new Uint8Array(Math.min(wanted, WRITE_MAX));
    const moved = io.take(bytes, 0, bytes.length);
    if (moved < bytes.length) return transferred(moved, wanted);
    const taken = this.text.write(task, String.fromCharCode(...bytes), this.credentials);
    if (taken < 0) return taken;
    const done = taken === 0 ? wanted : taken;
    this.position += done;
    return done;
  }

  override writeAt(task: Task, io: Io): number {
    return this.write(task, io);
  }

  override seek(_task: Task, offset: number, whence: number): number {
    const base = whence === SEEK_SET ? 0 : this.position;
    const target = base + offset;
    if ((whence !== SEEK_SET && whence !== SEEK_CUR) || target < 0 || target > OFFSET_MAX) return -EINVAL;
    this.position = target;
    return target;
  }
}

/** A text in one piece. */
export type WholeText<S extends Subject> = (subject: S, reader: Task) => string | number;

export function whole<S extends Subject>(make: WholeText<S>): TextSource<S>['record'] {
  return (subject, reader, cursor) => {
    if (cursor > 0) return undefined;
    const text = make(subject, reader);
    return typeof text === 'number' ? text : { text, next: 1 };
  };
}

export function makeText<S extends Subject>(place: Place<S>, rights: number, source: TextSource<S>): Inode {
  return new TextInode(place, S_IFREG | rights, source);
}

export function records<S extends Subject>(name: string, rights: number, source: TextSource<S>): Entry<S> {
  return { name, mode: S_IFREG | rights, make: (place) => makeText(place, rights, source) };
}

export function text<S extends Subject>(
  name: string,
  rights: number,
  make: WholeText<S>,
  more: Pick<TextSource<S>, 'write' | 'guarded'> = {},
): Entry<S> {
  return records(name, rights, { record: whole(make), ...more });
}

// ---- bytes ------------------------------------------------------------------------------------------------------------------------

/** Bytes of a read, at most. */
const PIECE = 65536;

export interface ByteSource<S extends Subject> {
  /** At most `length` bytes at `offset`; none at the end. */
  read(subject: S, reader: Task, offset: number, length: number): Uint8Array | number;
  write?(subject: S, writer: Task, offset: number, bytes: Uint8Array): number;
  guarded?: boolean;
}

export class ByteInode<S extends Subject> extends ProcInode {
  constructor(
    { fs, ino, subject }: Place<S>,
    mode: number,
    readonly source: ByteSource<S>,
  ) {
    super(fs, ino, mode, subject.owner(mode));
    this.subject = subject;
  }
  readonly subject: S;

  get guarded(): object | undefined {
    return this.source.guarded ? this.subject.program : undefined;
  }

  override open(task: Task, flags: number, path: Path): OpenFile | number {
    if (this.source.guarded && !this.subject.shows(task)) return -EACCES;
    return new ByteFile(task, this, flags, path);
  }
}

export class ByteFile extends OpenFile {
  private readonly program = (this.inode as ByteInode<Subject>).guarded;

  private get stale(): boolean {
    return (this.inode as ByteInode<Subject>).guarded !== this.program;
  }

  override read(task: Task, io: Io): number {
    const done = this.readAt(task, io, this.position);
    if (done > 0) this.position += done;
    return done;
  }

  override readAt(task: Task, io: Io, offset: number): number {
    const { source, subject } = this.inode as ByteInode<Subject>;
    if (this.stale) return 0;
    let done = 0;
    while (io.left > 0) {
      const wanted = Math.min(io.left, PIECE);
      const bytes = source.read(subject, task, offset + done, wanted);
      if (typeof bytes === 'number') return done > 0 ? done : bytes;
      const moved = io.give(bytes, 0, bytes.length);
      done += moved;
      if (moved < bytes.length) return transferred(done, bytes.length);
      if (bytes.length < wanted) break;
    }
    return done;
  }

  override write(task: Task, io: Io): number {
    const done = this.writeAt(task, io, this.position);
    if (done > 0) this.position += done;
    return done;
  }

  override writeAt(task: Task, io: Io, offset: number): number {
    const { source, subject } = this.inode as ByteInode<Subject>;
    if (!source.write) return -EINVAL;
    if (this.stale) return 0;
    let done = 0;
    while (io.left > 0) {
      const bytes = new Uint8Array(Math.min(io.left, PIECE));
      const moved = io.take(bytes, 0, bytes.length);
      if (moved === 0) return transferred(done, 1);
      const written = source.write(subject, task, offset + done, bytes.subarray(0, moved));
      if (written <= 0) return done > 0 ? done : written;
      done += written;
      if (written < bytes.length) break;
    }
    return done;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    const target = (whence === SEEK_SET ? 0 : this.position) + offset;
    if ((whence !== SEEK_SET && whence !== SEEK_CUR) || target < 0 || target > OFFSET_MAX) return -EINVAL;
    this.position = target;
    return target;
  }
}

export function bytes<S extends Subject>(name: string, rights: number, source: ByteSource<S>): Entry<S> {
  const mode = S_IFREG | rights;
  return { name, mode, make: (place) => new ByteInode(place, mode, source) };
}

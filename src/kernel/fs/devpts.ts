// devpts: pseudo-terminals, made by opening ptmx. man 7 pty, man 4 pts; Linux drivers/tty/pty.c, fs/devpts.
import { EIO, ENOENT, ENOSPC } from '../abi/errno.js';
import { makedev } from '../abi/device-number.js';
import { O_NOCTTY } from '../abi/fcntl.js';
import { POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../abi/poll.js';
import { DEVPTS_SUPER_MAGIC, S_IFCHR, S_IFDIR, S_IFMT } from '../abi/stat.js';
import { FIONREAD, TIOCGPTN, TIOCGPTPEER, TIOCPKT, TIOCSPTLCK } from '../abi/termios.js';
import { readU32, writeU32 } from '../mm/user-memory.js';
import type { Task } from '../task/task.js';
import type { WaitQueue } from '../task/wait-queue.js';
import { Terminal } from '../tty/terminal.js';
import { TerminalFile, terminalIoctl } from '../tty/terminal-file.js';
import type { Actor } from '../vfs/actor.js';
import { Dentry } from '../vfs/dentry.js';
import { FileSystem, type FileSystemStatistics } from '../vfs/file-system.js';
import { type Attributes, type DirectoryEntry, Inode, type NewInode } from '../vfs/inode.js';
import { type Io, transferred } from '../vfs/io.js';
import { DirectoryFile, OpenFile } from '../vfs/open-file.js';
import { Path } from '../vfs/path.js';
import type { Timestamp } from '../vfs/timestamp.js';

/** Linux's kernel.pty.max. */
const PTY_MAX = 4096;
const PTS_MAJOR = 136;
const PTMX_RDEV = makedev(5, 2);
const ROOT_INO = 1;
const PTMX_INO = 2;
const FIRST_INO = 3;

export interface DevptsOptions {
  mode: number;
  ptmxMode: number;
  uid?: number;
  gid?: number;
  /** Whose its directory and ptmx are; absent: the first root's. */
  owner?: { uid: number; gid: number };
  /** When. */
  made?: Timestamp;
}

export class Devpts extends FileSystem {
  readonly type = 'devpts';
  readonly root: DevptsRoot;
  override readonly remembersNames = false;
  readonly terminals = new Map<number, { terminal: Terminal; inode: PtsInode }>();

  constructor(
    device: number,
    private readonly settings: DevptsOptions,
  ) {
    super(device);
    this.root = new DevptsRoot(this, settings);
  }

  /** A new terminal, locked until its master unlocks it; undefined: there are too many. */
  allocate(actor: Actor): Terminal | undefined {
    let index = 0;
    while (this.terminals.has(index)) index++;
    if (index >= PTY_MAX) return undefined;
    const terminal = new Terminal(index, `/dev/pts/${index}`);
    const inode = new PtsInode(this, index, {
      mode: S_IFCHR | this.settings.mode,
      uid: this.settings.uid ?? actor.credentials.fsuid,
      gid: this.settings.gid ?? actor.credentials.fsgid,
      rdev: makedev(PTS_MAJOR, index),
    });
    const now = actor.kernel.clock.date();
    Object.assign(inode, { atime: now, mtime: now, ctime: now });
    this.terminals.set(index, { terminal, inode });
    return terminal;
  }

  free(terminal: Terminal): void {
    this.terminals.delete(terminal.index);
  }

  statistics(): FileSystemStatistics {
    return { magic: DEVPTS_SUPER_MAGIC, blockSize: 4096, blocks: 0, free: 0, files: 0, filesFree: 0 };
  }

  override options(): string {
    const { mode, ptmxMode, uid, gid } = this.settings;
    return `${uid === undefined ? '' : `uid=${uid},`}${gid === undefined ? '' : `gid=${gid},`}mode=${mode.toString(8).padStart(3, '0')},ptmxmode=${ptmxMode.toString(8).padStart(3, '0')}`;
  }
}

export class DevptsRoot extends Inode {
  declare readonly fs: Devpts;
  private readonly ptmx: Inode;

  constructor(fs: Devpts, { ptmxMode, owner = { uid: 0, gid: 0 }, made }: DevptsOptions) {
    super(fs, ROOT_INO, { mode: S_IFDIR | 0o755, ...owner });
    this.nlink = 2;
    this.ptmx = new PtmxInode(fs, PTMX_INO, { mode: S_IFCHR | ptmxMode, ...owner, rdev: PTMX_RDEV });
    if (made) for (const inode of [this, this.ptmx]) Object.assign(inode, { atime: made, mtime: made, ctime: made });
  }

  override lookup(_task: Task, name: string): Inode | number {
    if (name === 'ptmx') return this.ptmx;
    return /^(0|[1-9]\d*)$/.test(name) ? (this.fs.terminals.get(Number(name))?.inode ?? -ENOENT) : -ENOENT;
  }

  override entries(_task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    if (position === 0 && !see({ name: 'ptmx', ino: PTMX_INO, mode: S_IFCHR }, 1)) return 0;
    for (const [index, { inode }] of [...this.fs.terminals].sort(([a], [b]) => a - b))
      if (
        index + 1 >= position &&
        index + 2 > position &&
        !see({ name: String(index), ino: inode.ino, mode: S_IFCHR }, index + 2)
      )
        break;
    return 0;
  }

  override open(task: Task, flags: number, path: Path): OpenFile | number {
    return new DirectoryFile(task, this, flags, path);
  }
}

export class DeviceInode extends Inode {
  override setAttributes(_task: Task, change: Attributes): number {
    if (change.mode !== undefined) this.mode = (this.mode & S_IFMT) | (change.mode & 0o7777);
    if (change.uid !== undefined) this.uid = change.uid;
    if (change.gid !== undefined) this.gid = change.gid;
    if (change.atime) this.atime = change.atime;
    if (change.mtime) this.mtime = change.mtime;
    return 0;
  }
}
export class PtmxInode extends DeviceInode {}

export class PtsInode extends DeviceInode {
  declare readonly fs: Devpts;

  constructor(
    fs: Devpts,
    readonly index: number,
    made: NewInode,
  ) {
    super(fs, FIRST_INO + index, made);
  }
}

/** The master's side of a pty. */
export class PtyMaster extends OpenFile {
  private locked = true;
  private packet = false;

  constructor(
    task: Task,
    inode: Inode,
    readonly devpts: Devpts,
    readonly terminal: Terminal,
    /** The mount of devpts that ptmx was opened on, for TIOCGPTPEER. */
    private readonly mount: Path,
    flags: number,
    path?: Path,
  ) {
    super(task, inode, flags, path);
  }

  override get label(): string {
    return '/dev/ptmx';
  }

  get unlocked(): boolean {
    return !this.locked;
  }

  override read(task: Task, io: Io): number {
    const { terminal } = this;
    if (this.packet) return this.readPacket(task, io);
    const bytes = terminal.transmit(io.left);
    if (bytes.length > 0) return transferred(io.give(bytes, 0, bytes.length), bytes.length);
    if (terminal.slaves === 0 && terminal.opened) return -EIO;
    return task.blockUnless(this.nonblocking, terminal.masterWaits);
  }

  private readPacket(task: Task, io: Io): number {
    const { terminal } = this;
    const status = Uint8Array.of(terminal.packetStatus);
    const bytes = terminal.packetStatus === 0 ? terminal.transmit(io.left - 1) : new Uint8Array(0);
    if (terminal.packetStatus === 0 && bytes.length === 0) {
      if (terminal.slaves === 0 && terminal.opened) return -EIO;
      return task.blockUnless(this.nonblocking, terminal.masterWaits);
    }
    terminal.packetStatus = 0;
    const done = io.give(status, 0, 1) + io.give(bytes, 0, bytes.length);
    return transferred(done, 1);
  }

  override write(task: Task, io: Io): number {
    const { terminal } = this;
    if (io.left === 0) return 0;
    if (terminal.slaves === 0 && terminal.opened) return -EIO;
    const bytes = new Uint8Array(Math.min(io.left, 4096));
    const moved = io.take(bytes, 0, bytes.length);
    const taken = terminal.receive(bytes, 0, moved);
    if (taken > 0 || moved === 0) return transferred(taken, 1);
    return task.blockUnless(this.nonblocking, terminal.masterWaits);
  }

  override poll(): number {
    const { terminal } = this;
    let events = terminal.room > 0 ? POLLOUT | POLLWRNORM : 0;
    if (terminal.outputLength > 0 && !terminal.stopped) events |= POLLIN | POLLRDNORM;
    if (terminal.slaves === 0 && terminal.opened) events |= POLLHUP;
    return events;
  }

  override get waits(): WaitQueue {
    return this.terminal.masterWaits;
  }

  override ioctl(task: Task, command: number, argument: number): number {
    switch (command) {
      case TIOCGPTN:
        return writeU32(task.space, argument, this.terminal.index);
      case TIOCSPTLCK: {
        const lock = readU32(task.space, argument);
        if (lock < 0) return lock;
        this.locked = lock !== 0;
        return 0;
      }
      case TIOCPKT: {
        const on = readU32(task.space, argument);
        if (on < 0) return on;
        this.packet = on !== 0;
        return 0;
      }
      case TIOCGPTPEER:
        return this.openPeer(task, argument);
      case FIONREAD:
        return writeU32(task.space, argument, this.terminal.outputLength);
      default:
        return terminalIoctl(task, this.terminal, command, argument, this);
    }
  }

  private openPeer(task: Task, flags: number): number {
    const { inode } = this.devpts.terminals.get(this.terminal.index)!;
    const { mount } = this.mount;
    const path = new Path(mount, new Dentry(String(this.terminal.index), mount.root, inode));
    const file = openSlave(task, this.terminal, inode, flags, path);
    if (typeof file === 'number') return file;
    const fd = task.files.add(file, (flags & 0x80000) !== 0, task.fileLimit);
    if (fd < 0) file.release();
    return fd;
  }

  protected override close(): void {
    this.terminal.hangUp();
    this.devpts.free(this.terminal);
  }
}

/** A slave's side; it becomes the controlling terminal of a session leader without one. */
export class PtySlave extends TerminalFile {
  constructor(task: Task, inode: Inode, terminal: Terminal, flags: number, path: Path) {
    super(task, inode, terminal, flags, path);
    terminal.slaves++;
    terminal.opened = true;
  }

  protected override close(): void {
    this.terminal.slaves--;
    if (this.terminal.slaves === 0) this.terminal.masterWaits.wake();
  }
}

export function openSlave(task: Task, terminal: Terminal, inode: Inode, flags: number, path: Path): OpenFile | number {
  if (terminal.hungUp) return -EIO;
  const { process } = task;
  const { session } = process.group;
  const file = new PtySlave(task, inode, terminal, flags, path);
  if ((flags & O_NOCTTY) === 0 && session.leader === process && !session.terminal && !terminal.session)
    terminal.setSession(session);
  return file;
}

/** Opens /dev/ptmx: a new pty of the devpts that lies beside it. */
export function openPtmx(task: Task, inode: Inode, flags: number, path: Path): OpenFile | number {
  const mount = inode.fs instanceof Devpts ? path : devptsBeside(path);
  if (!mount) return -ENOENT;
  const devpts = mount.mount.fs as Devpts;
  const terminal = devpts.allocate(task);
  return terminal ? new PtyMaster(task, inode, devpts, terminal, mount, flags, path) : -ENOSPC;
}

/** The devpts at `pts` in the directory of a ptmx node: what Linux does for /dev/ptmx. */
function devptsBeside(path: Path): Path | undefined {
  const pts = path.parent?.dentry.child('pts');
  if (!pts || !path.parent) return undefined;
  const { covered } = new Path(path.parent.mount, pts);
  return covered.mount.fs instanceof Devpts ? covered : undefined;
}

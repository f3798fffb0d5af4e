// A terminal as a program has it open: reads and writes by the line discipline, and the ioctls. man 2 ioctl_tty.
import { EFAULT, EINVAL, EIO, ENOTTY, EPERM, ESRCH } from '../abi/errno.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../abi/poll.js';
import { SIGTTOU } from '../abi/signal.js';
import {
  FIONBIO,
  FIONREAD,
  TCFLSH,
  TCGETA,
  TCGETS,
  TCIFLUSH,
  TCIOFF,
  TCIOFLUSH,
  TCION,
  TCOFLUSH,
  TCOOFF,
  TCOON,
  TCSBRK,
  TCSBRKP,
  TCSETS,
  TCSETSF,
  TCSETSW,
  TCXONC,
  TIOCCBRK,
  TIOCEXCL,
  TIOCGETD,
  TIOCGPGRP,
  TIOCGSID,
  TIOCGWINSZ,
  TIOCNOTTY,
  TIOCNXCL,
  TIOCOUTQ,
  TIOCSBRK,
  TIOCSCTTY,
  TIOCSETD,
  TIOCSPGRP,
  TIOCSTI,
  TIOCSWINSZ,
} from '../abi/termios.js';
import { O_NONBLOCK } from '../abi/fcntl.js';
import { copyIn, readU32, writeBytes, writeU32 } from '../mm/user-memory.js';
import { CAP_SYS_ADMIN } from '../security/capability.js';
import type { Layout } from '../abi/layout.js';
import type { Task } from '../task/task.js';
import type { WaitQueue } from '../task/wait-queue.js';
import type { Inode } from '../vfs/inode.js';
import type { Io } from '../vfs/io.js';
import { OpenFile } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';
import type { Terminal } from './terminal.js';

export class TerminalFile extends OpenFile {
  constructor(
    task: Task,
    inode: Inode,
    readonly terminal: Terminal,
    flags: number,
    path?: Path,
  ) {
    super(task, inode, flags, path);
  }

  override get label(): string {
    return this.terminal.name;
  }

  override read(task: Task, io: Io): number {
    return this.terminal.read(task, io, this.nonblocking);
  }

  override write(task: Task, io: Io): number {
    return this.terminal.writeFrom(task, io, this.nonblocking);
  }

  override poll(): number {
    const { terminal } = this;
    // what is hung up makes nobody wait
    if (terminal.hungUp) return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
    let events = 0;
    if (terminal.readable) events |= POLLIN | POLLRDNORM;
    if (terminal.writable && !terminal.stopped) events |= POLLOUT | POLLWRNORM;
    return events;
  }

  override get waits(): WaitQueue {
    return this.terminal.waits;
  }

  override ioctl(task: Task, command: number, argument: number): number {
    if (this.terminal.hungUp) return -EIO;
    return terminalIoctl(task, this.terminal, command, argument, this);
  }
}

/** The ioctls that both sides of a pty have. */
export function terminalIoctl(
  task: Task,
  terminal: Terminal,
  command: number,
  argument: number,
  file: OpenFile,
): number {
  const { space, abi } = task;
  switch (command) {
    case TCGETS:
      return writeBytes(space, argument, abi.structs.termios.bytes({ ...terminal.termios }));
    case TCGETA:
      return -EINVAL;
    case TCSETS:
    case TCSETSW:
    case TCSETSF: {
      const denied = terminal.checkBackground(task, SIGTTOU);
      if (denied !== 0) return denied;
      const values = readStruct(task, abi.structs.termios, argument);
      if (typeof values === 'number') return values;
      if (command === TCSETSF) terminal.flushInput();
      terminal.setTermios(values as never);
      return 0;
    }
    case TIOCGWINSZ:
      return writeBytes(space, argument, abi.structs.winsize.bytes({ ...terminal.size }));
    case TIOCSWINSZ: {
      const values = readStruct(task, abi.structs.winsize, argument);
      if (typeof values === 'number') return values;
      terminal.setSize(values as never);
      return 0;
    }
    case TIOCGPGRP:
      if (task.process.group.session.terminal !== terminal && file instanceof TerminalFile) return -ENOTTY;
      return writeU32(space, argument, terminal.foreground?.pid.in(task.pidNamespace) ?? 0);
    case TIOCSPGRP:
      return setForeground(task, terminal, argument);
    case TIOCGSID:
      if (!terminal.session || task.process.group.session.terminal !== terminal) return -ENOTTY;
      return writeU32(space, argument, terminal.session.pid.in(task.pidNamespace));
    case TIOCSCTTY:
      return setControlling(task, terminal, argument);
    case TIOCNOTTY:
      if (task.process.group.session.terminal !== terminal) return -ENOTTY;
      if (task.process.group.session.leader === task.process) terminal.disassociate();
      return 0;
    case FIONREAD:
      return writeU32(space, argument, terminal.inputLength);
    case TIOCOUTQ:
      return writeU32(space, argument, terminal.outputLength);
    case TCFLSH: {
      if (argument !== TCIFLUSH && argument !== TCOFLUSH && argument !== TCIOFLUSH) return -EINVAL;
      if (argument !== TCOFLUSH) terminal.flushInput();
      if (argument !== TCIFLUSH) terminal.flushOutput();
      return 0;
    }
    case TCXONC:
      if (argument === TCOOFF) terminal.stop();
      else if (argument === TCOON) terminal.start();
      else if (argument !== TCIOFF && argument !== TCION) return -EINVAL;
      return 0;
    case TCSBRK:
    case TCSBRKP:
    case TIOCSBRK:
    case TIOCCBRK:
      return 0;
    case TIOCSTI: {
      if (task.process.group.session.terminal !== terminal && !task.credentials.has(CAP_SYS_ADMIN)) return -EPERM;
      const typed = new Uint8Array(1);
      if (copyIn(space, argument, typed, 0, 1) !== 1) return -EFAULT;
      terminal.receive(typed, 0, 1);
      return 0;
    }
    case TIOCEXCL:
      terminal.exclusive = true;
      return 0;
    case TIOCNXCL:
      terminal.exclusive = false;
      return 0;
    case TIOCGETD:
      return writeU32(space, argument, 0);
    case TIOCSETD:
      return readU32(space, argument) === 0 ? 0 : -EINVAL;
    case FIONBIO: {
      const on = readU32(space, argument);
      if (on < 0) return on;
      file.flags = on !== 0 ? file.flags | O_NONBLOCK : file.flags & ~O_NONBLOCK;
      return 0;
    }
    default:
      return -ENOTTY;
  }
}

function readStruct(task: Task, layout: Layout, address: number): Record<string, number> | number {
  const bytes = new Uint8Array(layout.size);
  if (copyIn(task.space, address, bytes, 0, bytes.length) !== bytes.length) return -EFAULT;
  return layout.read(new DataView(bytes.buffer), 0);
}

function setForeground(task: Task, terminal: Terminal, argument: number): number {
  const { session } = task.process.group;
  if (session.terminal !== terminal) return -ENOTTY;
  const denied = terminal.checkBackground(task, SIGTTOU);
  if (denied !== 0) return denied;
  const number = readU32(task.space, argument);
  if (number === -EFAULT) return number;
  if ((number | 0) < 0) return -EINVAL;
  const group = task.pidNamespace.find(number)?.group;
  if (!group) return -ESRCH;
  if (group.session !== session) return -EPERM;
  terminal.foreground = group;
  return 0;
}

function setControlling(task: Task, terminal: Terminal, argument: number): number {
  const { session } = task.process.group;
  if (session.terminal === terminal) return 0;
  if (session.leader !== task.process || session.terminal) return -EPERM;
  if (terminal.session) {
    // it can be taken from another session by force
    if (argument !== 1 || !task.credentials.has(CAP_SYS_ADMIN)) return -EPERM;
    terminal.disassociate();
  }
  terminal.setSession(session);
  return 0;
}

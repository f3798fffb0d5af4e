// Character devices that every system has: null, zero, full, random, tty. Linux drivers/char/mem.c, random.c; man 4 null, random, tty.
import { ENODEV, ENOSPC, ENXIO } from '../abi/errno.js';
import { majorOf, makedev, minorOf } from '../abi/device-number.js';
import { O_NOCTTY } from '../abi/fcntl.js';
import type { Frames } from '../mm/frames.js';
import { type PageCache, SharedMemory } from '../mm/page-cache.js';
import type { Task } from '../task/task.js';
import { TerminalFile } from '../tty/terminal-file.js';
import type { Inode } from '../vfs/inode.js';
import { type Io, transferred } from '../vfs/io.js';
import { OpenFile } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';
import { KmsgFile } from './kmsg.js';
import { openPtmx, openSlave, PtsInode } from './devpts.js';

const MEMORY_MAJOR = 1;
const TTY_MAJOR = 5;
const PTS_MAJOR = 136;

/** Names, numbers and modes of the nodes that /dev has. */
export const DEVICE_NODES: readonly (readonly [name: string, rdev: number, mode: number])[] = [
  ['null', makedev(1, 3), 0o666],
  ['zero', makedev(1, 5), 0o666],
  ['full', makedev(1, 7), 0o666],
  ['random', makedev(1, 8), 0o666],
  ['urandom', makedev(1, 9), 0o666],
  ['kmsg', makedev(1, 11), 0o644],
  ['tty', makedev(5, 0), 0o666],
  ['console', makedev(5, 1), 0o600],
];

/** Reads and writes that have no position. */
export abstract class StreamDevice extends OpenFile {
  override readAt(task: Task, io: Io): number {
    return this.read(task, io);
  }
  override writeAt(task: Task, io: Io): number {
    return this.write(task, io);
  }
  override seek(): number {
    return 0;
  }
  override write(_task: Task, io: Io): number {
    return consume(io);
  }
}

function consume(io: Io): number {
  const wanted = io.left;
  const scratch = new Uint8Array(Math.min(wanted, 65536));
  let done = 0;
  while (io.left > 0) {
    const moved = io.take(scratch, 0, Math.min(io.left, scratch.length));
    done += moved;
    if (moved === 0) break;
  }
  return transferred(done, wanted);
}

export class NullFile extends StreamDevice {
  override read(): number {
    return 0;
  }
  /** What is written need not even be there. */
  override write(_task: Task, io: Io): number {
    return io.left;
  }
}

export class ZeroFile extends StreamDevice {
  private readonly frames: Frames;

  constructor(task: Task, inode: Inode, flags: number, path: Path) {
    super(task, inode, flags, path);
    this.frames = task.kernel.frames;
  }

  override read(_task: Task, io: Io): number {
    const wanted = io.left;
    return transferred(io.giveZeros(wanted), wanted);
  }
  override mappable(): PageCache | number {
    return new SharedMemory(this.frames);
  }
}

export class FullFile extends ZeroFile {
  override write(): number {
    return -ENOSPC;
  }
}

export class RandomFile extends StreamDevice {
  override read(task: Task, io: Io): number {
    const wanted = io.left;
    let done = 0;
    while (io.left > 0) {
      const bytes = task.kernel.randomBytes(Math.min(io.left, 4096));
      const moved = io.give(bytes, 0, bytes.length);
      done += moved;
      if (moved < bytes.length) break;
    }
    return transferred(done, wanted);
  }
}

/** Opens a device node. */
export function openDevice(task: Task, inode: Inode, flags: number, path: Path): OpenFile | number {
  if ((inode.mode & 0o170000) === 0o060000) return -ENXIO;
  const major = majorOf(inode.rdev);
  const minor = minorOf(inode.rdev);
  if (major === MEMORY_MAJOR) {
    switch (minor) {
      case 3:
        return new NullFile(task, inode, flags, path);
      case 5:
        return new ZeroFile(task, inode, flags, path);
      case 7:
        return new FullFile(task, inode, flags, path);
      case 8:
      case 9:
        return new RandomFile(task, inode, flags, path);
      case 11:
        return new KmsgFile(task, inode, flags, path);
    }
  } else if (major === TTY_MAJOR && minor === 0) {
    const { terminal } = task.process.group.session;
    return terminal ? new TerminalFile(task, inode, terminal, flags | O_NOCTTY, path) : -ENXIO;
  } else if (major === TTY_MAJOR && minor === 1) {
    const { console } = task.kernel;
    return console ? new TerminalFile(task, inode, console, flags, path) : -ENODEV;
  } else if (major === TTY_MAJOR && minor === 2) return openPtmx(task, inode, flags, path);
  else if (major === PTS_MAJOR && inode instanceof PtsInode) {
    const found = inode.fs.terminals.get(inode.index);
    return found ? openSlave(task, found.terminal, inode, flags, path) : -ENXIO;
  }
  return -ENXIO;
}

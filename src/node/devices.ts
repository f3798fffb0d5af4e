// The nodes of a container's /dev, and its links: what the runtime-spec promises, and what a config adds.
// OCI runtime-spec, config-linux.md, "Default Devices", "Devices"; runtime-linux.md, "Dev symbolic links".
import type { LinuxSpec } from '../base/runtime-spec.js';
import { makedev } from '../kernel/abi/device-number.js';
import { EEXIST } from '../kernel/abi/errno.js';
import { MS_NOEXEC, MS_NOSUID } from '../kernel/abi/mount.js';
import { S_IFBLK, S_IFCHR, S_IFIFO } from '../kernel/abi/stat.js';
import { Tmpfs } from '../kernel/fs/tmpfs.js';
import { PAGE_SIZE } from '../kernel/mm/frames.js';
import type { Task } from '../kernel/task/task.js';
import { resolve } from '../kernel/vfs/walk.js';
import { attach } from './binds.js';
import { directoryAt, fileAt } from './place.js';
import { checked, Refusal } from './refusal.js';

const DEFAULT: readonly (readonly [path: string, major: number, minor: number])[] = [
  ['/dev/null', 1, 3],
  ['/dev/zero', 1, 5],
  ['/dev/full', 1, 7],
  ['/dev/random', 1, 8],
  ['/dev/urandom', 1, 9],
  ['/dev/tty', 5, 0],
];
const LINKS: readonly (readonly [path: string, target: string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/ptmx', 'pts/ptmx'],
];
const TYPES: Readonly<Record<string, number>> = { c: S_IFCHR, u: S_IFCHR, b: S_IFBLK, p: S_IFIFO };

type Device = NonNullable<LinuxSpec['devices']>[number];

export function makeDevices(task: Task, devices: readonly Device[]): void {
  const { vfs } = task.kernel;
  for (const [path, major, minor] of DEFAULT) makeNode(task, { type: 'c', path, major, minor, fileMode: 0o666 });
  for (const device of devices) makeNode(task, device);
  for (const [path, target] of LINKS) {
    const made = vfs.symlink(task, target, task.fs.root, path);
    if (made !== -EEXIST) checked(path, made);
  }
}

/** Root of a user namespace can make no device, nor open one in a filesystem of its own: it is given the node's, as runc does. */
function bindNode(task: Task, path: string, made: { mode: number; rdev: number }): void {
  const { kernel } = task;
  const fs = new Tmpfs(kernel.newDevice(), kernel.frames, { size: 2 * PAGE_SIZE, mode: 0o755 }, kernel.clock);
  fs.source = 'devtmpfs';
  checked(path, fs.root.create(kernel.setup, 'device', { ...made, uid: 0, gid: 0 }));
  checked(path, attach(task, fs, 'device', fileAt(task, path), MS_NOSUID | MS_NOEXEC));
}

function makeNode(task: Task, { type, path, major = 0, minor = 0, fileMode = 0o666, uid = 0, gid = 0 }: Device): void {
  const format = TYPES[type];
  if (format === undefined) throw new Refusal('invalid', `devices: ${path}: '${type}' is no type of a device`);
  const { vfs, userNamespace } = task.kernel;
  const mode = format | (fileMode & 0o7777);
  const rdev = makedev(major, minor);
  if (format !== S_IFIFO && task.credentials.userNamespace !== userNamespace) {
    bindNode(task, path, { mode, rdev });
    return;
  }
  directoryAt(task, path.slice(0, path.lastIndexOf('/')), `devices: ${path}`);
  const made = vfs.make(task, task.fs.root, path, mode, rdev);
  if (made === -EEXIST) return;
  checked(`devices: ${path}`, made);
  checked(path, resolve(task, task.fs.root, path)).inode.setAttributes(task, { uid, gid });
}

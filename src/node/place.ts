// Places in a container's root for what is mounted there: what is not there is made, as runc does. Links lead nowhere outside, as they are
// walked as the container's own process would.
import { ENOENT } from '../kernel/abi/errno.js';
import { O_CREAT, O_RDONLY, O_WRONLY } from '../kernel/abi/fcntl.js';
import { S_IFDIR } from '../kernel/abi/stat.js';
import type { Task } from '../kernel/task/task.js';
import { KernelIo } from '../kernel/vfs/io.js';
import type { Path } from '../kernel/vfs/path.js';
import { resolve } from '../kernel/vfs/walk.js';
import { checked } from './refusal.js';

/** The directory at `path`, made with those above it where it is not there. Throws Refusal. */
export function directoryAt(task: Task, path: string, what = path): Path {
  let at = '';
  let place: Path | number = task.fs.root.covered;
  for (const name of path.split('/').filter(Boolean)) {
    at += `/${name}`;
    place = resolve(task, task.fs.root, at);
    if (place === -ENOENT) place = task.kernel.vfs.make(task, task.fs.root, at, S_IFDIR | 0o755);
    checked(what, place);
  }
  return (place as Path).covered;
}

/** The file at `path`, made empty where it is not there. Throws Refusal. */
export function fileAt(task: Task, path: string, what = path): Path {
  const there = resolve(task, task.fs.root, path);
  if (typeof there !== 'number') return there;
  directoryAt(task, path.slice(0, path.lastIndexOf('/')), what);
  const made = checked(what, task.kernel.vfs.open(task, task.fs.root, path, O_CREAT | O_WRONLY, 0o644));
  made.release();
  return checked(what, resolve(task, task.fs.root, path));
}

/** Writes `text` to a file that is there. */
export function writeText(task: Task, path: string, text: string, what = path): void {
  const file = checked(what, task.kernel.vfs.open(task, task.fs.root, path, O_WRONLY, 0));
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const result = file.writeAt(task, new KernelIo(bytes), 0);
  file.release();
  checked(what, result);
}

/** What is read from a file that is there, at most so many bytes. */
export function readText(task: Task, path: string, most: number): string {
  const file = task.kernel.vfs.open(task, task.fs.root, path, O_RDONLY, 0);
  if (typeof file === 'number') return '';
  const bytes = new Uint8Array(most);
  const done = file.readAt(task, new KernelIo(bytes), 0);
  file.release();
  return String.fromCharCode(...bytes.subarray(0, Math.max(0, done)));
}

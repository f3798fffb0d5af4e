// What a container has changed over its image, and how much it has of its own: the upper tree of its root says it.
// Docker Engine API, ContainerChanges (docker diff).
import { S_IFCHR, S_IFMT } from '../../kernel/abi/stat.js';
import { Overlayfs } from '../../kernel/fs/overlayfs.js';
import type { Kernel } from '../../kernel/kernel.js';
import type { Task } from '../../kernel/task/task.js';
import type { FileSystem } from '../../kernel/vfs/file-system.js';
import type { Inode } from '../../kernel/vfs/inode.js';
import type { FileChange } from '../contract.js';
import { namesIn } from './tar-reader.js';
import { fromBytes } from './view.js';

const CHANGED = 0;
const ADDED = 1;
const DELETED = 2;
const OPAQUE = 'trusted.overlay.opaque';

interface Change {
  path: string;
  kind: FileChange['kind'];
  /** All that lies below is new. */
  opaque: boolean;
}

const isWhiteout = (inode: Inode): boolean => (inode.mode & S_IFMT) === S_IFCHR && inode.rdev === 0;
const isOpaque = (inode: Inode): boolean => typeof inode.getXattr(OPAQUE) !== 'number';

/** The tree that changes of a root are in. */
export const upperOf = (root: FileSystem): FileSystem => (root instanceof Overlayfs ? (root.upper ?? root) : root);

/** What a root shows from below at a path whose parents are `lowers`, the uppermost first. */
function below(kernel: Kernel, lowers: readonly Inode[], name: string): Inode[] {
  const found: Inode[] = [];
  for (const lower of lowers) {
    const inode = lower.lookup(kernel.setup, name);
    if (typeof inode === 'number') continue;
    if (isWhiteout(inode) || (found.length > 0 && !inode.isDirectory)) break;
    found.push(inode);
    if (!inode.isDirectory || isOpaque(inode)) break;
  }
  return found;
}

function isSame(upper: Inode, lower: Inode): boolean {
  const same =
    upper.mode === lower.mode && upper.uid === lower.uid && upper.gid === lower.gid && upper.rdev === lower.rdev;
  const { mtime } = upper;
  const untouched = mtime.seconds === lower.mtime.seconds && mtime.nanoseconds === lower.mtime.nanoseconds;
  return same && untouched && (upper.isDirectory || upper.size === lower.size);
}

interface Folder {
  path: string;
  upper: Inode;
  lowers: readonly Inode[];
  names: string[];
  next: number;
  /** What is told of the folder itself, once something in it is to be told, or it has changed itself. */
  own?: Change;
}

/** What has changed, in the order of paths; a directory in front of what is in it. */
function* changesIn(kernel: Kernel, root: FileSystem): Generator<Change> {
  // no file's rights count for the kernel itself
  const task = kernel.setup as Task;
  const lowers = root instanceof Overlayfs ? root.lowers.map((fs) => fs.root) : [];
  const folder = (path: string, upper: Inode, under: readonly Inode[], own?: Change): Folder => {
    const lower = isOpaque(upper) ? [] : under.filter((inode) => inode.isDirectory);
    const names = new Set(namesIn(task, upper));
    // what an opaque directory hides is gone
    if (under.length > 0 && lower.length === 0)
      for (const inode of under) if (inode.isDirectory) for (const name of namesIn(task, inode)) names.add(name);
    const sorted = [...names].sort((a, b) => (a < b ? -1 : 1));
    return { path, upper, lowers: under, names: sorted, next: 0, own };
  };
  const open: Folder[] = [folder('', upperOf(root).root, lowers)];
  for (let at = open.at(-1); at; at = open.at(-1)) {
    const name = at.names[at.next++];
    if (name === undefined) {
      open.pop();
      continue;
    }
    const path = `${at.path}/${name}`;
    const found = at.upper.lookup(task, name);
    const upper = typeof found === 'number' ? undefined : found;
    const lower = below(kernel, at.lowers, name);
    let change: Change | undefined;
    if (!upper || isWhiteout(upper)) {
      if (lower.length > 0) change = { path, kind: DELETED, opaque: false };
    } else if (lower.length === 0) {
      change = { path, kind: ADDED, opaque: false };
    } else change = { path, kind: CHANGED, opaque: upper.isDirectory && isOpaque(upper) };
    if (!change) continue;
    const same = lower[0] !== undefined && upper && change.kind === CHANGED && isSame(upper, lower[0]);
    if (!same || change.opaque) {
      for (const each of open) {
        if (each.own) yield each.own;
        each.own = undefined;
      }
      yield change;
    }
    if (upper?.isDirectory && change.kind !== DELETED)
      open.push(folder(path, upper, lower, same && !change.opaque ? change : undefined));
  }
}

/** For docker diff. */
export function changesOf(kernel: Kernel, root: FileSystem): FileChange[] {
  return [...changesIn(kernel, root)].map(({ path, kind }) => ({ path: fromBytes(path), kind }));
}

/** Bytes and names of what is in a filesystem's own tree. */
export function usageOf({ setup }: Kernel, fs: FileSystem): { bytes: number; files: number } {
  const counted = new Set<Inode>();
  let [bytes, files] = [0, 0];
  const waiting: Inode[] = [fs.root];
  for (let inode = waiting.pop(); inode; inode = waiting.pop()) {
    files++;
    if (inode.isDirectory) {
      for (const name of namesIn(setup as Task, inode)) {
        const child = inode.lookup(setup, name);
        if (typeof child !== 'number') waiting.push(child);
      }
    } else if (inode.isRegular && !counted.has(inode)) {
      if (inode.nlink > 1) counted.add(inode);
      bytes += inode.size;
    }
  }
  return { bytes, files };
}

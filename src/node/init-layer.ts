// What every container needs in its root though its image may not have it: places for /proc and its like, and for the engine's files.
// They lie in a layer of their own between the image and what the container changes, so that they are no change of the container's.
// Ours, as Docker's engine has it.
import { S_IFDIR, S_IFLNK, S_IFREG } from '../kernel/abi/stat.js';
import { Overlayfs } from '../kernel/fs/overlayfs.js';
import { Tmpfs } from '../kernel/fs/tmpfs.js';
import type { Kernel } from '../kernel/kernel.js';
import type { FileSystem } from '../kernel/vfs/file-system.js';
import type { Inode } from '../kernel/vfs/inode.js';
import type { Ids } from '../kernel/ns/id-map.js';
import type { MountPlace } from './contract.js';
import { checked } from './refusal.js';

const PLACES: readonly (readonly [path: string, type: number])[] = [
  ['/proc', S_IFDIR],
  ['/sys', S_IFDIR],
  ['/dev/pts', S_IFDIR],
  ['/dev/shm', S_IFDIR],
  ['/dev/console', S_IFREG],
  ['/etc/hosts', S_IFREG],
  ['/etc/hostname', S_IFREG],
  ['/etc/resolv.conf', S_IFREG],
  ['/etc/mtab', S_IFLNK],
  // by which programs tell that they are in a container
  ['/.dockerenv', S_IFREG],
];
/** Where the one link leads. */
const MTAB = '/proc/mounts';

/** Room for the few names. */
const SIZE = 1 << 16;

/** `lowers` from the top down; what is made is `ids`'; `more`: places besides. The layer is undefined when they have it all. */
export function initLayer(
  kernel: Kernel,
  lowers: readonly FileSystem[],
  ids: Ids,
  more: readonly MountPlace[] = [],
): FileSystem | undefined {
  const image = lowers.length > 0 ? new Overlayfs(kernel.newDevice(), kernel.setup, undefined, lowers) : undefined;
  const wanted = [...PLACES, ...more.map(({ path, isFile }) => [path, isFile ? S_IFREG : S_IFDIR] as const)];
  const missing = wanted.filter(([path]) => !image || isMissing(kernel, image.root, path));
  if (missing.length === 0) return undefined;
  const made = new Tmpfs(kernel.newDevice(), kernel.frames, { size: SIZE, mode: 0o755, ...ids }, kernel.clock);
  if (image) copyAttributes(kernel, image.root, made.root);
  for (const [path, type] of missing) place(kernel, path, type, image?.root, made.root, ids);
  return made;
}

const namesOf = (path: string): string[] => path.split('/').filter(Boolean);

/** Where a link or a file is in the way, nothing is missing. */
function isMissing({ setup }: Kernel, root: Inode, path: string): boolean {
  let at = root;
  for (const name of namesOf(path)) {
    const next = at.lookup(setup, name);
    if (typeof next === 'number') return at.isDirectory;
    at = next;
  }
  return false;
}

/** Makes a path, with the directories on it as the image has them. */
function place(kernel: Kernel, path: string, type: number, image: Inode | undefined, root: Inode, ids: Ids): void {
  const { setup } = kernel;
  const names = namesOf(path);
  let at = root;
  let below: Inode | number | undefined = image;
  for (const [i, name] of names.entries()) {
    const old = at.lookup(setup, name);
    below = typeof below === 'object' ? below.lookup(setup, name) : undefined;
    const mode = i < names.length - 1 || type === S_IFDIR ? S_IFDIR | 0o755 : type | 0o644;
    const make = (into: Inode): Inode | number =>
      mode === (S_IFLNK | 0o644)
        ? into.symlink(setup, name, MTAB, { mode: S_IFLNK | 0o777, ...ids })
        : into.create(setup, name, { mode, ...ids });
    const next = typeof old === 'number' ? checked(path, make(at)) : old;
    if (typeof old === 'number' && typeof below === 'object') copyAttributes(kernel, below, next);
    at = next;
  }
}

/** A directory of both layers is shown as the upper one has it. */
function copyAttributes({ setup }: Kernel, from: Inode, to: Inode): void {
  const { mode, uid, gid, atime, mtime } = from;
  to.setAttributes(setup, { mode: mode & 0o7777, uid, gid, atime, mtime });
}

// A volume that nothing is in takes what the image has at its place: files, owners, modes, times, attributes, links.
// Docker docs, "Volumes", "Populate a volume using a container"; moby container/container_unix.go, CopyImagePathContent.
import { EFBIG, ENAMETOOLONG } from '../kernel/abi/errno.js';
import { PAGE_SIZE } from '../kernel/mm/frames.js';
import type { Kernel } from '../kernel/kernel.js';
import { idsInKernel } from '../kernel/ns/id-map.js';
import type { Task } from '../kernel/task/task.js';
import type { FileSystem } from '../kernel/vfs/file-system.js';
import type { Inode } from '../kernel/vfs/inode.js';
import type { Layer, VolumeBeginning } from './contract.js';
import { checked } from './refusal.js';

/** Names of overlayfs's own. */
const HIDDEN = /^trusted\.overlay\./;
/** How deep directories lie, how many pages are looked at: an image says what it likes. */
const DEPTH_MAX = 1000;
const PAGES_MAX = 2 ** 20;

export class VolumeFiller {
  private readonly actor: Task;
  /** Of files with several names. */
  private readonly copies = new Map<Inode, Inode>();
  private pages = 0;

  constructor(kernel: Kernel) {
    // no file's rights count for the kernel itself
    this.actor = kernel.setup as Task;
  }

  /** What the directory `from` has, into a volume that has nothing. A negated errno, or 0. */
  fill(volume: FileSystem, from: Inode): number {
    return this.isEmpty(volume) ? this.directory(from, volume.root, 0) : 0;
  }

  isEmpty(volume: FileSystem): boolean {
    return this.namesOf(volume.root).length === 0;
  }

  private namesOf(directory: Inode): string[] {
    const names: string[] = [];
    directory.entries(this.actor, 0, ({ name }) => {
      names.push(name);
      return true;
    });
    return names;
  }

  private directory(from: Inode, to: Inode, depth: number): number {
    if (depth > DEPTH_MAX) return -ENAMETOOLONG;
    for (const name of this.namesOf(from)) {
      const child = from.lookup(this.actor, name);
      if (typeof child === 'number') continue;
      const failed = this.child(child, to, name, depth);
      if (failed < 0) return failed;
    }
    return this.attributes(from, to);
  }

  private child(from: Inode, to: Inode, name: string, depth: number): number {
    const { actor } = this;
    const known = this.copies.get(from);
    if (known) return to.link(actor, name, known);
    const { mode, uid, gid, rdev } = from.attributes;
    const made = { mode, uid, gid, rdev };
    const target = from.isSymlink ? from.readlink(actor) : '';
    if (typeof target === 'number') return target;
    const copy = from.isSymlink ? to.symlink(actor, name, target, made) : to.create(actor, name, made);
    if (typeof copy === 'number') return copy;
    if (from.isDirectory) return this.directory(from, copy, depth + 1);
    if (from.nlink > 1) this.copies.set(from, copy);
    const failed = from.isRegular ? this.bytes(from, copy) : 0;
    return failed < 0 ? failed : this.attributes(from, copy);
  }

  private bytes(from: Inode, to: Inode): number {
    const source = from.cache!;
    const target = to.cache!;
    const count = Math.ceil(from.size / PAGE_SIZE);
    if (this.pages + count > PAGES_MAX) return -EFBIG;
    this.pages += count;
    for (let index = 0; index < count; index++) {
      if (source.isHole(index)) continue;
      const failed = target.copyFrom(source, index);
      if (failed < 0) return failed;
    }
    to.size = from.size;
    return 0;
  }

  /** Last, as what is put into a file changes its times. */
  private attributes(from: Inode, to: Inode): number {
    for (const name of from.listXattr()) {
      const value = HIDDEN.test(name) ? 0 : from.getXattr(name);
      if (typeof value !== 'number') to.setXattr(name, value, 0);
    }
    const { mode, uid, gid, atime, mtime } = from.attributes;
    to.setAttributes(this.actor, { uid, gid });
    return to.setAttributes(this.actor, { mode: mode & 0o7777, atime, mtime });
  }
}

/** What a volume begins with that nothing is in. `shown`: what layers show together. Throws Refusal. */
export function beginVolume(
  kernel: Kernel,
  volume: FileSystem,
  begins: VolumeBeginning,
  shown: (layers: Layer[]) => FileSystem,
): void {
  const actor = kernel.setup as Task;
  const filler = new VolumeFiller(kernel);
  if (!filler.isEmpty(volume)) return;
  if ('mode' in begins) {
    volume.root.setAttributes(actor, idsInKernel(begins, volume.owner));
    checked('volume', volume.root.setAttributes(actor, { mode: begins.mode & 0o7777 }));
    return;
  }
  let from = shown(begins.layers).root;
  for (const name of begins.path.split('/').filter(Boolean)) from = checked(begins.path, from.lookup(actor, name));
  if (from.isDirectory) checked(begins.path, filler.fill(volume, from));
}

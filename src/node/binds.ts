// What is bound into a container: folders and files of the host, and volumes.
// OCI runtime-spec, config.md, "Mounts"; Docker docs, "Bind mounts", "Volumes".
import type { MountSpec } from '../base/runtime-spec.js';
import { MS_RDONLY } from '../kernel/abi/mount.js';
import { Hostfs } from '../kernel/fs/hostfs.js';
import { IdMap, type IdMaps, type Ids } from '../kernel/ns/id-map.js';
import type { Task } from '../kernel/task/task.js';
import { Dentry } from '../kernel/vfs/dentry.js';
import type { FileSystem } from '../kernel/vfs/file-system.js';
import { mountNew } from '../kernel/vfs/mounting.js';
import type { Path } from '../kernel/vfs/path.js';
import { VolumeFiller } from './fill-volume.js';
import type { NodeFiles } from './host-files.js';
import type { MountOptions } from './mount-options.js';
import { directoryAt, fileAt } from './place.js';
import { checked, Refusal } from './refusal.js';

export interface MountSources {
  files: NodeFiles;
  /** Volumes of the node by name: what a bind's source `volume:NAME` is. */
  volumes: ReadonlyMap<string, FileSystem>;
}

const VOLUME = 'volume:';

/** `user`: who the container's program is, in the kernel's ids. Throws Refusal. */
export function bind(
  task: Task,
  spec: MountSpec,
  options: MountOptions,
  { files, volumes }: MountSources,
  user: Ids,
  what: string,
): void {
  const source = spec.source ?? '';
  if (source.startsWith(VOLUME)) {
    const volume = volumes.get(source.slice(VOLUME.length));
    if (!volume) throw new Refusal('missing', `${what}: there is no volume '${source.slice(VOLUME.length)}'`);
    bindVolume(task, volume, options, spec.destination, what);
  } else bindFolder(task, source, options, spec.destination, files, user, what);
}

function bindVolume(
  task: Task,
  volume: FileSystem,
  { flags, copies, path }: MountOptions,
  destination: string,
  what: string,
): void {
  if (path !== '') {
    bindPart(task, volume, path, flags, destination, what);
    return;
  }
  const place = directoryAt(task, destination, what);
  // what is mounted there is not the image's
  if (copies && place.mount === task.fs.root.covered.mount)
    checked(`${what}: what the image has there`, new VolumeFiller(task.kernel).fill(volume, place.inode));
  checked(what, attach(task, volume, undefined, place, flags));
}

/** A directory or a file of a volume; no link is followed on the way. */
function bindPart(
  task: Task,
  volume: FileSystem,
  path: string,
  flags: number,
  destination: string,
  what: string,
): void {
  let dentry = volume.rootDentry;
  for (const name of path.split('/').filter(Boolean)) {
    const inode = checked(`${what}: ${path}`, dentry.inode!.lookup(task.kernel.setup, name));
    if (inode.isSymlink) throw new Refusal('invalid', `${what}: ${path}: '${name}' is a symbolic link`);
    dentry = dentry.child(name) ?? new Dentry(name, dentry, inode);
  }
  const place = (dentry.inode!.isDirectory ? directoryAt : fileAt)(task, destination, what);
  const { mount, dentry: at } = place.covered;
  mount.attach(task.kernel.newMount(volume, dentry, flags), at);
}

/** A folder of the host is a disk of its own to programs. */
function bindFolder(
  task: Task,
  source: string,
  { flags, makesSource }: MountOptions,
  destination: string,
  files: NodeFiles,
  user: Ids,
  what: string,
): void {
  const { kernel } = task;
  const readOnly = (flags & MS_RDONLY) !== 0;
  const { tree, file, owner } = files.openTree(source, readOnly, makesSource);
  const place = file === undefined ? directoryAt(task, destination, what) : fileAt(task, destination, what);
  const disk = kernel.disks.add();
  const owners = owner && ownersOf(owner, user);
  const fs = new Hostfs(disk.device, kernel.frames, tree, { live: true, readOnly, owners });
  // what the host calls it is the host's affair
  fs.source = `/dev/${disk.name}`;
  disk.hold(fs);
  const failed = attach(task, fs, file, place, flags);
  if (failed !== 0) disk.remove();
  checked(what, failed);
}

/** What is the host's user's is the container's user's, and what he makes becomes so; all else is nobody's. */
function ownersOf(owner: Ids, user: Ids): IdMaps {
  const map = (first: number, lower: number): IdMap => {
    const ids = new IdMap();
    ids.extents = [{ first, lower, count: 1 }];
    return ids;
  };
  return { uids: map(owner.uid, user.uid), gids: map(owner.gid, user.gid) };
}

/** Mounts a filesystem, or one file of its root, at `place`. */
export function attach(task: Task, fs: FileSystem, file: string | undefined, place: Path, flags: number): number {
  if (file === undefined) return mountNew(task, fs, place, flags);
  const inode = fs.root.lookup(task, file);
  if (typeof inode === 'number') return inode;
  const { mount, dentry } = place.covered;
  mount.attach(task.kernel.newMount(fs, new Dentry(file, undefined, inode), flags), dentry);
  return 0;
}

// What is mounted in a container's root, in the order of its config: filesystems of the kernel's, folders of the host, volumes, files;
// then what of it is hidden or can't be written. OCI runtime-spec, config.md, "Mounts"; config-linux.md, "Masked Paths", "Readonly Paths".
import type { MountSpec } from '../base/runtime-spec.js';
import { encodeText } from '../base/text.js';
import { ENOENT } from '../kernel/abi/errno.js';
import { MS_RDONLY } from '../kernel/abi/mount.js';
import { S_IFREG } from '../kernel/abi/stat.js';
import { makeFileSystem } from '../kernel/fs/file-system-types.js';
import { Tmpfs } from '../kernel/fs/tmpfs.js';
import { type Ids, idsInKernel } from '../kernel/ns/id-map.js';
import type { Task } from '../kernel/task/task.js';
import { Dentry } from '../kernel/vfs/dentry.js';
import type { FileSystem } from '../kernel/vfs/file-system.js';
import { changePropagation, mountBind, mountNew, remount } from '../kernel/vfs/mounting.js';
import type { Path } from '../kernel/vfs/path.js';
import { resolve } from '../kernel/vfs/walk.js';
import { attach, bind, type MountSources } from './binds.js';
import { VolumeFiller } from './fill-volume.js';
import { parseMountOptions, type MountOptions } from './mount-options.js';
import type { MountedFile } from './contract.js';
import { directoryAt, fileAt } from './place.js';
import { checked, Refusal } from './refusal.js';

/** cgroup v1 is what configs often say; there is the one hierarchy. */
const OTHER_NAMES: Readonly<Record<string, string>> = { cgroup: 'cgroup2' };
const FILE_MAX = 1 << 20;

/** Mounts all of a config's. `user`: who the program will be, in the kernel's ids. Throws Refusal. */
export function mountAll(task: Task, mounts: readonly MountSpec[], sources: MountSources, user: Ids): void {
  for (const spec of mounts) {
    const options = parseMountOptions(spec.options ?? []);
    const what = `mounting ${spec.destination}`;
    if (spec.type === 'bind' || options.bind) bind(task, spec, options, sources, user, what);
    else mountType(task, spec, options, what);
    if (options.propagation) {
      const place = checked(what, resolve(task, task.fs.root, spec.destination)).covered;
      checked(what, changePropagation(task, place, options.propagation.type, options.propagation.recursive));
    }
  }
}

function mountType(task: Task, spec: MountSpec, { flags, data, copiesUp }: MountOptions, what: string): void {
  const type = OTHER_NAMES[spec.type ?? ''] ?? spec.type ?? '';
  const fs = checked(what, makeFileSystem(task, type, data));
  if (!fs) throw new Refusal('invalid', `${what}: there is no filesystem '${type}'`);
  fs.source = spec.source || type;
  const isThere = typeof resolve(task, task.fs.root, spec.destination) !== 'number';
  const place = directoryAt(task, spec.destination, what);
  if (fs instanceof Tmpfs && isThere) {
    const { mode } = fs.root.attributes;
    if (copiesUp) checked(what, new VolumeFiller(task.kernel).fill(fs, place.inode));
    if (/(^|,)mode=/.test(data)) fs.root.setAttributes(task, { mode: mode & 0o7777 });
    else keepMode(task, fs, place);
  }
  // who sets up a container sees the node's own whole, whatever its root has of them: the kernel's rule about them is kept
  if (fs.showsSystem) place.covered.mount.attach(task.kernel.newMount(fs, rootEntry(fs), flags), place.covered.dentry);
  else checked(what, mountNew(task, fs, place, flags));
}

const rootEntry = (fs: FileSystem): Dentry => new Dentry('', undefined, fs.root);

/** A tmpfs has the rights of the directory that it lies on where its options say nothing else: runc. */
function keepMode(task: Task, fs: Tmpfs, { inode }: Path): void {
  fs.root.setAttributes(task, { mode: inode.mode & 0o7777 });
}

export type MountedFiles = Readonly<Record<string, string | MountedFile>>;

/** Files over those of the root: /etc/hosts and the like, secrets. They can be written, and are the container's own. */
export function mountFiles(task: Task, files: MountedFiles): void {
  const { kernel } = task;
  const { frames, clock } = kernel;
  const { userNamespace } = task.credentials;
  for (const [path, file] of Object.entries(files)) {
    const isText = typeof file === 'string';
    const { bytes, mode } = isText ? { bytes: encodeText(file), mode: 0o644 } : file;
    const ids = isText ? userNamespace.rootIds : idsInKernel(file, userNamespace);
    if (bytes.length > FILE_MAX) throw new Refusal('invalid', `${path}: is longer than ${FILE_MAX} bytes`);
    const fs = new Tmpfs(kernel.newDevice(), frames, { size: FILE_MAX, mode: 0o755 }, clock);
    fs.source = 'tmpfs';
    const made = checked(path, fs.root.create(task, 'file', { mode: S_IFREG | mode, ...ids }));
    for (let at = 0; at < bytes.length; at += 4096) {
      const frame = checked(path, made.cache!.get(at / 4096));
      frames.bytes.set(bytes.subarray(at, at + 4096), frames.hostAddress(frame));
    }
    made.size = bytes.length;
    checked(path, attach(task, fs, 'file', fileAt(task, path), 0));
  }
}

/** Paths that can't be written any more; those that are not there need nothing. */
export function makeReadOnly(task: Task, paths: readonly string[]): void {
  for (const path of paths) {
    const place = resolve(task, task.fs.root, path);
    if (place === -ENOENT) continue;
    const what = `readonlyPaths: ${path}`;
    checked(what, mountBind(task, checked(what, place), checked(what, place), true));
    const mount = checked(what, resolve(task, task.fs.root, path)).covered;
    checked(what, remount(task, mount, mount.mount.flags | MS_RDONLY, '', false));
  }
}

/** Paths that show nothing: a file is /dev/null, a directory is empty. */
export function mask(task: Task, paths: readonly string[]): void {
  for (const path of paths) {
    const place = resolve(task, task.fs.root, path);
    if (typeof place === 'number') continue;
    const what = `maskedPaths: ${path}`;
    if (place.inode.isDirectory) {
      const empty = checked(what, makeFileSystem(task, 'tmpfs', ''))!;
      empty.source = 'tmpfs';
      checked(what, mountNew(task, empty, place, MS_RDONLY));
    } else checked(what, mountBind(task, checked(what, resolve(task, task.fs.root, '/dev/null')), place, false));
  }
}

/** What is mounted below the root is told to others, and they tell it, as it says. */
export function propagateRoot(task: Task, kind: string): void {
  const { propagation } = parseMountOptions([kind]);
  if (propagation)
    checked('rootfsPropagation', changePropagation(task, task.fs.root, propagation.type, propagation.recursive));
}

/** The root itself can't be written any more. */
export function makeRootReadOnly(task: Task): void {
  const { root } = task.fs;
  checked('root.readonly', remount(task, root, root.mount.flags | MS_RDONLY, '', false));
}

// Files of a container as whoever copies them sees them, whether it runs or not: its root, with its folders and volumes mounted in it.
// Docker's containerFS. A mount namespace of its own, so that nothing of the container's processes is in the way and no link leads outside.
import type { MountSpec } from '../../base/runtime-spec.js';
import { latin1 } from '../../base/bytes.js';
import { decodeText, encodeText } from '../../base/text.js';
import { EACCES, ELOOP, ENOENT, ENOTDIR } from '../../kernel/abi/errno.js';
import type { Kernel } from '../../kernel/kernel.js';
import { initialNamespaces } from '../../kernel/node.js';
import { discard, newProcess } from '../../kernel/task/new-process.js';
import type { Task } from '../../kernel/task/task.js';
import type { FileSystem } from '../../kernel/vfs/file-system.js';
import type { Path } from '../../kernel/vfs/path.js';
import { resolve, resolveLast } from '../../kernel/vfs/walk.js';
import type { FileStatus } from '../contract.js';
import type { MountSources } from '../binds.js';
import { mountAll } from '../mounts.js';
import { checked, Refusal } from '../refusal.js';

/** Characters of a name as the kernel has it are bytes. */
export const toBytes = (text: string): string => {
  let bytes = '';
  for (const byte of encodeText(text)) bytes += String.fromCharCode(byte);
  return bytes;
};
export const fromBytes = (name: string): string => decodeText(latin1(name)) ?? name;

export class View {
  /** Whose root is what is seen; it never runs. */
  readonly task: Task;

  /** Throws Refusal. */
  constructor(kernel: Kernel, root: FileSystem, mounts: readonly MountSpec[], sources: MountSources) {
    const mountNamespace = kernel.newMountNamespace(root);
    try {
      const namespaces = initialNamespaces(kernel, mountNamespace);
      this.task = checked('files', newProcess(kernel, { namespaces, init: false, adopted: false }));
    } finally {
      // the task holds it
      mountNamespace.release();
    }
    try {
      mountAll(this.task, mounts, sources, { uid: 0, gid: 0 });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    discard(this.task);
  }

  get root(): Path {
    return this.task.fs.root;
  }

  /** What is at `path`, a link itself unless a slash follows. Throws Refusal. */
  find(path: string, follow = false): Path {
    const found = resolve(this.task, this.root, `/${toBytes(path)}`, follow);
    if (typeof found !== 'number') return found;
    throw [-ENOENT, -ENOTDIR].includes(found)
      ? new Refusal('missing', `no such file or directory: ${path}`)
      : new Refusal(
          'invalid',
          `${path}: ${found === -ELOOP ? 'too many levels of symbolic links' : found === -EACCES ? 'permission denied' : `errno ${-found}`}`,
        );
  }

  /** Throws Refusal. */
  status(path: string): FileStatus {
    const place = this.find(path);
    const { inode } = place;
    const { seconds, nanoseconds } = inode.mtime;
    return {
      ...{ mode: inode.mode, size: inode.size, seconds, nanoseconds },
      ...(inode.isSymlink && { target: this.targetOf(path, place) }),
    };
  }

  /** Where a link leads in the end, from the root on; as far as that can be known where it leads nowhere. */
  private targetOf(path: string, link: Path): string {
    const found = resolve(this.task, this.root, `/${toBytes(path)}`, true);
    if (typeof found !== 'number') return fromBytes(found.textFrom(this.root));
    const text = link.inode.readlink(this.task);
    if (typeof text === 'number') return '';
    const directory = link.parent ?? this.root;
    const start = directory.textFrom(this.root);
    const last = resolveLast(this.task, directory, text);
    if (typeof last === 'number')
      return fromBytes(text.startsWith('/') ? text : `${start === '/' ? '' : start}/${text}`);
    const above = last.directory.textFrom(this.root);
    return fromBytes(`${above === '/' ? '' : above}/${last.name}`);
  }
}

// A tree of files as a tar, piece by piece: nothing but one piece and the names of the folders on the way is in memory.
// POSIX pax(1); what docker cp and docker export send. Sockets are left out: they are nothing without their process.
import { EIO } from '../../kernel/abi/errno.js';
import { O_LARGEFILE, O_NOATIME, O_RDONLY } from '../../kernel/abi/fcntl.js';
import { majorOf, minorOf } from '../../kernel/abi/device-number.js';
import type { Task } from '../../kernel/task/task.js';
import type { Inode } from '../../kernel/vfs/inode.js';
import { KernelIo } from '../../kernel/vfs/io.js';
import { Path } from '../../kernel/vfs/path.js';
import { childOf } from '../../kernel/vfs/walk.js';
import { archiveEnd, headersOf, padding, type WrittenEntry } from '../../oci/tar/writer.js';
import { checked } from '../refusal.js';

export const PIECE = 65536;
/** A header's character for each type of S_IF*. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [0o100000, '0'],
  [0o120000, '2'],
  [0o020000, '3'],
  [0o060000, '4'],
  [0o040000, '5'],
  [0o010000, '6'],
]);
/** Attributes that are the file's own; others are the kernel's, or of the filesystem that it lies on. */
const XATTR = /^(user\.|security\.capability$)/;

/** First names of files that have several, by which the others are links. */
export type Links = Map<Inode, string>;

/** The names in a directory, in the order of their bytes. */
export function namesIn(task: Task, directory: Inode): string[] {
  const names: string[] = [];
  checked(
    'reading a directory',
    directory.entries(task, 0, ({ name }) => {
      names.push(name);
      return true;
    }),
  );
  return names.sort((a, b) => (a < b ? -1 : 1));
}

/** The header of an entry, and whether its contents follow it; undefined: it has none in a tar. */
export function entryOf(
  task: Task,
  inode: Inode,
  name: string,
  links: Links,
): { header: Uint8Array; contents: boolean } | undefined {
  const type = TYPES.get(inode.type);
  if (type === undefined) return undefined;
  const { mode, uid, gid, mtime, rdev } = inode;
  const common = { mode, uid, gid, seconds: mtime.seconds, nanoseconds: mtime.nanoseconds };
  const first = inode.isDirectory ? undefined : links.get(inode);
  if (first !== undefined) return { header: headersOf({ ...common, name, type: '1', link: first }), contents: false };
  if (!inode.isDirectory && inode.nlink > 1) links.set(inode, name);
  const shown = inode.isDirectory && !name.endsWith('/') ? `${name}/` : name;
  const entry: WrittenEntry = { ...common, name: shown, type, xattrs: xattrsOf(inode) };
  if (type === '0') entry.size = inode.size;
  if (type === '2') entry.link = checked(name, inode.readlink(task));
  if (type === '3' || type === '4') {
    entry.major = majorOf(rdev);
    entry.minor = minorOf(rdev);
  }
  return { header: headersOf(entry), contents: type === '0' && inode.size > 0 };
}

function xattrsOf(inode: Inode): Map<string, Uint8Array> | undefined {
  let found: Map<string, Uint8Array> | undefined;
  for (const name of inode.listXattr()) {
    const value = XATTR.test(name) ? inode.getXattr(name) : 0;
    if (typeof value === 'number') continue;
    found ??= new Map();
    found.set(name, value);
  }
  return found;
}

/** As many bytes as the header has said, whatever becomes of the file meanwhile. */
export function* contentsOf(task: Task, path: Path): Generator<Uint8Array> {
  const { size } = path.inode;
  const file = checked('reading', task.kernel.vfs.openAt(task, path, O_RDONLY | O_NOATIME | O_LARGEFILE, false));
  try {
    for (let at = 0; at < size; ) {
      const bytes = new Uint8Array(Math.min(PIECE, size - at));
      const done = file.readAt(task, new KernelIo(bytes), at);
      if (done < 0) checked('reading', -EIO);
      // what it has lost since is zeros
      at += bytes.length;
      yield bytes;
    }
  } finally {
    file.release();
  }
  const rest = padding(size);
  if (rest.length > 0) yield rest;
}

interface Folder {
  path: Path;
  name: string;
  names: string[];
  next: number;
}

/** The tar of what is at `start`, called `name` in it ('/' is the root); with an empty name what is in it alone. */
export function* tarOf(task: Task, start: Path, name: string): Generator<Uint8Array> {
  const links: Links = new Map();
  const open: Folder[] = [];
  const visit = function* (path: Path, as: string): Generator<Uint8Array> {
    const { inode } = path;
    const entry = as === '' ? undefined : entryOf(task, inode, as, links);
    if (entry) yield entry.header;
    if (entry?.contents) yield* contentsOf(task, path);
    const below = as === '' || as === '/' ? as : `${as}/`;
    if (inode.isDirectory) open.push({ path, name: below, names: namesIn(task, inode), next: 0 });
  };
  yield* visit(start, name);
  for (let folder = open.at(-1); folder; folder = open.at(-1)) {
    const child = folder.names[folder.next++];
    if (child === undefined) {
      open.pop();
      continue;
    }
    const dentry = childOf(task, folder.path, child);
    // it may have gone since its name was read
    if (typeof dentry === 'number' || !dentry.inode) continue;
    yield* visit(new Path(folder.path.mount, dentry).covered, folder.name + child);
  }
  yield archiveEnd();
}

// Who a program runs as, by the root's own files: names to numbers, the groups that a user is in, and his home.
// man 5 passwd, group; the rules are those of docker run --user.
import { InputError } from '../base/errors.js';
import { PAGE_SIZE } from '../kernel/mm/frames.js';
import type { Kernel } from '../kernel/kernel.js';
import type { Inode } from '../kernel/vfs/inode.js';
import type { Path } from '../kernel/vfs/path.js';
import type { Task } from '../kernel/task/task.js';

const FILE_MAX = 1 << 20;
const LINKS_MAX = 8;
const ID_MAX = 0xffff_fffe;

export interface User {
  uid: number;
  gid: number;
  groups: number[];
  /** Undefined: the root knows no such user. */
  home?: string;
}

/** `text` is NAME or UID or nothing, and may go on with :GROUP or :GID. Throws InputError, in Docker's words. */
export function userOf(kernel: Kernel, root: Path, text: string): User {
  const [given, group, ...more] = text.split(':');
  // :GROUP is root's
  const name = given || '0';
  if (text === '' || group === '' || more.length > 0)
    throw new InputError(
      `user ${text}: is no USER or USER:GROUP`,
      'Names or numbers, for example 1000 or www-data:adm.',
    );
  const passwd = linesOf(kernel, root, '/etc/passwd', 7);
  const byName = passwd.find((fields) => fields[0] === name);
  const uid = byName ? idOf(byName[2]!) : idOf(name);
  const entry = byName ?? passwd.find((fields) => uid !== undefined && idOf(fields[2]!) === uid);
  if (uid === undefined) {
    if (isNumber(name)) throw new InputError(OUT_OF_RANGE);
    throw new InputError(
      `unable to find user ${name}: no matching entries in passwd file`,
      "The root's /etc/passwd says who there is; a number always does.",
    );
  }
  const groups = linesOf(kernel, root, '/etc/group', 4);
  const user: User = { uid, gid: (entry && idOf(entry[3]!)) ?? 0, groups: [], home: entry?.[5] };
  if (group === undefined) {
    for (const [, , gid, members] of groups)
      if (entry && members!.split(',').includes(entry[0]!)) user.groups.push(idOf(gid!) ?? user.gid);
    return user;
  }
  return { ...user, gid: groupIn(groups, group) };
}

/** A group's number, by its name or as a number. Throws InputError. */
export const groupOf = (kernel: Kernel, root: Path, name: string): number =>
  groupIn(linesOf(kernel, root, '/etc/group', 4), name);

function groupIn(groups: readonly string[][], name: string): number {
  const named = groups.find((fields) => fields[0] === name);
  const gid = named ? idOf(named[2]!) : idOf(name);
  if (gid !== undefined) return gid;
  if (isNumber(name)) throw new InputError(OUT_OF_RANGE);
  throw new InputError(
    `unable to find group ${name}: no matching entries in group file`,
    "The root's /etc/group says which there are; a number always does.",
  );
}

const OUT_OF_RANGE = 'uids and gids must be in range 0-4294967294';
const isNumber = (text: string): boolean => /^-?\d+$/.test(text);

function idOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= ID_MAX ? Number(text) : undefined;
}

/** The lines of a file with so many fields; none when it is not there. */
function linesOf(kernel: Kernel, root: Path, path: string, fields: number): string[][] {
  const inode = find(kernel, root.inode, path);
  if (!inode?.isRegular || !inode.cache) return [];
  let text = '';
  const { frames } = kernel;
  const size = Math.min(inode.size, FILE_MAX);
  for (let at = 0; at < size; at += PAGE_SIZE) {
    const frame = inode.cache.isHole(at / PAGE_SIZE) ? frames.zero : inode.cache.get(at / PAGE_SIZE);
    if (frame < 0) return [];
    const host = frames.hostAddress(frame);
    text += String.fromCharCode(...frames.bytes.subarray(host, host + Math.min(PAGE_SIZE, size - at)));
  }
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter((line) => line.length >= fields);
}

/** A file of a filesystem, through its links; what is mounted in it does not count. */
function find(kernel: Kernel, root: Inode, path: string): Inode | undefined {
  let rest = path.split('/').filter(Boolean);
  let way: Inode[] = [root];
  for (let links = 0; rest.length > 0; ) {
    const [name, ...others] = rest;
    rest = others;
    if (name === '.') continue;
    if (name === '..') {
      if (way.length > 1) way.pop();
      continue;
    }
    const inode = way.at(-1)!.lookup(kernel.setup, name!);
    if (typeof inode === 'number') return undefined;
    if (!inode.isSymlink) {
      way.push(inode);
      continue;
    }
    const target = inode.readlink(kernel.setup as Task);
    if (typeof target === 'number' || ++links > LINKS_MAX) return undefined;
    if (target.startsWith('/')) way = [root];
    rest = [...target.split('/').filter(Boolean), ...rest];
  }
  return way.at(-1);
}

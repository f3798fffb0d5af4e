// Which ids of a user namespace stand for which of the kernel's own (Linux: kuid_t), which are those of the first namespace. A namespace
// says it in the ids of its parent, once. man 7 user_namespaces, "User and group ID mappings"; Linux kernel/user_namespace.c map_write.
import { EINVAL, EPERM } from '../abi/errno.js';

/** What an id looks like where it has none: /proc/sys/kernel/overflowuid. */
export const OVERFLOW_ID = 65534;
/** Lines of a map, at most. */
const EXTENTS_MAX = 340;
const ID_END = 0xffffffff;

export interface Extent {
  /** Of the namespace. */
  first: number;
  /** In what is below: the parent when it is given, the kernel's when it is kept. */
  lower: number;
  count: number;
}

const within = (id: number, first: number, count: number): boolean => id >= first && id < first + count;

export class IdMap {
  extents: readonly Extent[] = [];

  /** Of the first namespace: every id is itself. */
  static identity(): IdMap {
    const map = new IdMap();
    map.extents = [{ first: 0, lower: 0, count: ID_END }];
    return map;
  }

  get given(): boolean {
    return this.extents.length > 0;
  }

  /** The kernel's id for one of the namespace; undefined: it stands for none. */
  inKernel(id: number): number | undefined {
    for (const { first, lower, count } of this.extents) if (within(id, first, count)) return lower + id - first;
    return undefined;
  }

  /** The namespace's id for one of the kernel; undefined: it has none. */
  from(id: number): number | undefined {
    for (const { first, lower, count } of this.extents) if (within(id, lower, count)) return first + id - lower;
    return undefined;
  }

  /** As from(), with an id that stands for all that have none. */
  shown(id: number): number {
    return this.from(id) ?? OVERFLOW_ID;
  }

  /** As /proc/PID/uid_map shows it to those whose ids are `reader`'s. */
  textFor(reader: IdMap): string {
    const line = ({ first, lower, count }: Extent): string =>
      `${[first, reader.from(lower) ?? ID_END, count].map((number) => String(number).padStart(10)).join(' ')}\n`;
    return this.extents.map(line).join('');
  }

  /** Takes `extents` whose lower ids are the parent's: 0, or -EPERM where the parent has not all of them. */
  give(extents: readonly Extent[], parent: IdMap): number {
    const known: Extent[] = [];
    for (const { first, lower, count } of extents) {
      const own = parent.extents.find((one) => lower >= one.first && lower + count <= one.first + one.count);
      if (!own) return -EPERM;
      known.push({ first, lower: own.lower + lower - own.first, count });
    }
    this.extents = known;
    return 0;
  }
}

/** The lines of a map, or a negated errno: three numbers each, none of which overflows, and no two of which overlap. */
export function parseExtents(text: string): Extent[] | number {
  const extents: Extent[] = [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0 || lines.length > EXTENTS_MAX) return -EINVAL;
  for (const line of lines) {
    const numbers = /^\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*$/.exec(line);
    if (!numbers) return -EINVAL;
    const [first, lower, count] = numbers.slice(1).map(Number) as [number, number, number];
    if (count === 0 || first + count > ID_END || lower + count > ID_END) return -EINVAL;
    const overlaps = (a: number, b: number, other: number): boolean => a < b + other && b < a + count;
    if (extents.some((one) => overlaps(first, one.first, one.count) || overlaps(lower, one.lower, one.count)))
      return -EINVAL;
    extents.push({ first, lower, count });
  }
  return extents;
}

/** Of users and groups: a user namespace has them. */
export interface IdMaps {
  readonly uids: IdMap;
  readonly gids: IdMap;
}

export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** The kernel's ids of owners that are written down in those of `maps`; absent: in the kernel's own. */
export function idsInKernel({ uid, gid }: Ids, maps: IdMaps | undefined): Ids {
  if (!maps) return { uid, gid };
  return { uid: maps.uids.inKernel(uid) ?? OVERFLOW_ID, gid: maps.gids.inKernel(gid) ?? OVERFLOW_ID };
}

/** And back, to write them down. */
export function idsFromKernel({ uid, gid }: Ids, maps: IdMaps | undefined): Ids {
  return maps ? { uid: maps.uids.shown(uid), gid: maps.gids.shown(gid) } : { uid, gid };
}

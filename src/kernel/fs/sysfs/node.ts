// What a name in sysfs is, and how the tree is written down.
import type { Sysfs } from './sysfs.js';

/** A directory, a file with a value (or an errno that reading gives), or a symbolic link. */
export type SysNode =
  | { children(fs: Sysfs): ReadonlyMap<string, SysNode> }
  | { show(fs: Sysfs): string | number; store?(fs: Sysfs, text: string): number; mode?: number }
  | { link: string };

export type Children = Record<string, SysNode>;

export function directory(children: Children = {}): SysNode {
  const map = new Map(Object.entries(children));
  return { children: () => map };
}

/** A directory whose entries come and go. */
export function changing(children: (fs: Sysfs) => Iterable<readonly [string, SysNode]>): SysNode {
  return { children: (fs) => new Map(children(fs)) };
}

/** A file with a line. */
export function value(show: string | number | ((fs: Sysfs) => string | number), mode?: number): SysNode {
  return { show: (fs) => `${typeof show === 'function' ? show(fs) : show}\n`, mode };
}

export const link = (target: string): SysNode => ({ link: target });

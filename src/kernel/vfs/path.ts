// A place in the tree of files: a name, and the mount that it was reached through. Linux struct path.
import type { Dentry } from './dentry.js';
import type { Inode } from './inode.js';
import type { Mount } from './mount.js';

export class Path {
  constructor(
    readonly mount: Mount,
    readonly dentry: Dentry,
  ) {}

  /** Of a name that has a file. */
  get inode(): Inode {
    return this.dentry.inode!;
  }

  same(other: Path): boolean {
    return this.mount === other.mount && this.dentry === other.dentry;
  }

  /** The directory above, over the edges of mounts; undefined at the root of all mounts. */
  get parent(): Path | undefined {
    let at: Path = this;
    while (at.dentry === at.mount.root) {
      const { parent, mountpoint } = at.mount;
      if (!parent || !mountpoint) return undefined;
      at = new Path(parent, mountpoint);
    }
    return new Path(at.mount, at.dentry.parent!);
  }

  /** What lies on top here: the root of the newest mount on this name. */
  get covered(): Path {
    let at: Path = this;
    while (at.dentry.mounts > 0) {
      const mount = at.mount.mountOn(at.dentry);
      if (!mount) break;
      at = new Path(mount, mount.root);
    }
    return at;
  }

  /** Its name from `root` on: '/a/b'. Where the root can't be reached it begins with '(unreachable)', as getcwd says it. */
  textFrom(root: Path): string {
    const { text, reached } = this.nameFrom(root);
    return reached ? text : `(unreachable)${text}`;
  }

  /** As textFrom(), from the topmost mount where `root` is not above it: what /proc says. */
  shownFrom(root: Path): string {
    return this.nameFrom(root).text;
  }

  /** Its name from `root` on; undefined: it does not lie below. */
  reachedFrom(root: Path): string | undefined {
    const { text, reached } = this.nameFrom(root);
    return reached ? text : undefined;
  }

  private nameFrom(root: Path): { text: string; reached: boolean } {
    const names: string[] = [];
    let deleted = false;
    let reached = true;
    for (let at: Path = this; !at.same(root); ) {
      if (at.dentry === at.mount.root) {
        const { parent, mountpoint } = at.mount as Mount;
        if (!parent || !mountpoint) {
          reached = false;
          break;
        }
        at = new Path(parent, mountpoint);
        continue;
      }
      deleted ||= at.dentry.deleted;
      names.push(at.dentry.name);
      if (!at.dentry.parent) {
        reached = false;
        break;
      }
      at = new Path(at.mount, at.dentry.parent);
    }
    const text = `/${names.reverse().join('/')}`;
    return { text: deleted ? `${text} (deleted)` : text, reached };
  }
}

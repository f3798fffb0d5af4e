// Names: the tree of what has been looked up, with the names that are known not to be there. Linux include/linux/dcache.h.
import type { Inode } from './inode.js';

export class Dentry {
  private readonly children = new Map<string, Dentry>();
  /** Mounts, in any namespace, that lie on it. */
  mounts = 0;
  /** Mounts that lie on it or below. */
  private pins = 0;
  /** The name was taken away: the file lives as long as somebody has it open. */
  deleted = false;

  constructor(
    public name: string,
    /** A filesystem's root is its own parent. */
    public parent: Dentry | undefined,
    /** Undefined: there is no file of this name. */
    public inode: Inode | undefined,
  ) {}

  get isRoot(): boolean {
    return this.parent === undefined;
  }

  child(name: string): Dentry | undefined {
    return this.children.get(name);
  }

  /** Remembers a child. */
  add(child: Dentry): void {
    this.children.set(child.name, child);
  }

  /** Forgets a child by its name, if it is this one. */
  drop(child: Dentry): void {
    if (this.children.get(child.name) === child) this.children.delete(child.name);
  }

  /** The name is gone from the filesystem: whoever holds the dentry sees that, and look-ups find it no more. */
  unlink(): void {
    this.deleted = true;
    this.parent?.drop(this);
  }

  /** Has another parent, or name, from now on. */
  move(parent: Dentry, name: string): void {
    this.parent?.drop(this);
    for (let at = this.parent; at; at = at.parent) at.pins -= this.pins;
    this.parent = parent;
    this.name = name;
    parent.add(this);
    for (let at: Dentry | undefined = parent; at; at = at.parent) at.pins += this.pins;
  }

  /** Is it `other`, or somewhere below it? */
  within(other: Dentry): boolean {
    for (let at: Dentry | undefined = this; at; at = at.parent) if (at === other) return true;
    return false;
  }

  /** Its name from the filesystem's root on: '/a/b'. */
  get nameInFileSystem(): string {
    const names: string[] = [];
    let deleted = false;
    for (let at: Dentry = this; at.parent; at = at.parent) {
      names.push(at.name);
      deleted ||= at.deleted;
    }
    return `/${names.reverse().join('/')}${deleted ? '//deleted' : ''}`;
  }

  /** Forgets that names are not there. How many it forgot, in all of the tree. */
  pruneNegative(): number {
    let count = 0;
    const waiting: Dentry[] = [this];
    for (let at = waiting.pop(); at; at = waiting.pop())
      for (const child of at.children.values())
        if (child.inode) waiting.push(child);
        else {
          at.children.delete(child.name);
          count++;
        }
    return count;
  }

  /** Must it be found again, even where the filesystem's names are not remembered? It is a mount point, or leads to one. */
  get pinned(): boolean {
    return this.pins > 0;
  }

  pin(): void {
    for (let at: Dentry = this; ; at = at.parent) {
      at.pins++;
      if (!at.parent) break;
      at.parent.add(at);
    }
  }

  unpin(): void {
    for (let at: Dentry | undefined = this; at; at = at.parent) at.pins--;
  }
}

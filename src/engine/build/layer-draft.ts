// A layer that COPY, ADD and WORKDIR make: a tree over what the image shows, in which only what is new has a place.
// Links are walked within the root, so that nothing leads outside. OCI image-spec, layer.md.
import { InputError } from '../../base/errors.js';
import type { LayerNode } from '../../base/layer-index.js';
import { fromLatin1, latin1 } from '../../base/bytes.js';
import { decodeText, encodeText } from '../../base/text.js';
import type { Rights } from './chmod.js';
import { isOpaque, isWhiteout, type Tree, typeOf } from '../../oci/tree/tree.js';

const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;
const LINKS_MAX = 40;
const NODES_MAX = 2_000_000;

export interface Owner {
  uid: number;
  gid: number;
}

/** How files change while they are copied. */
export interface Copying {
  /** Undefined: they stay their owner's. */
  owner?: Owner;
  /** Rights instead of their own. */
  rights?: Rights;
  /** Leaves out what it says, by the path below what is copied. */
  excludes?(path: string): boolean;
}

/** A name in both trees. */
interface Seen {
  upper?: LayerNode;
  lower?: LayerNode;
}

const shown = ({ upper, lower }: Seen): LayerNode | undefined => (upper ?? lower)!;

function newDirectory(mode: number, seconds: number): LayerNode {
  const node = { uid: 0, gid: 0, links: 2, size: 0, major: 0, minor: 0, seconds, nanoseconds: 0, pieces: [] };
  return { ...node, mode: S_IFDIR | mode, children: new Map() };
}

/** The names of a path that leads from the root; `..` stays. */
export const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** Text as names in a tree are: its bytes as characters. */
export const treeName = (text: string): string => fromLatin1(encodeText(text));

export class LayerDraft {
  private readonly top: LayerNode;
  private readonly origin = new Map<LayerNode, { tree: Tree; node: LayerNode }>();
  private count = 0;

  /** `image`: all that it shows, undefined for nothing. `now`: milliseconds since 1970, of what is made new. */
  constructor(
    private readonly image: Tree | undefined,
    private readonly now: number,
  ) {
    this.top = image ? { ...image.root, children: new Map() } : newDirectory(0o755, this.seconds);
  }

  private get seconds(): number {
    return Math.floor(this.now / 1000);
  }

  get tree(): Tree {
    return {
      root: this.top,
      read: (node, offset, into) => {
        const { tree, node: source } = this.origin.get(node)!;
        return tree.read(source, offset, into);
      },
    };
  }

  private get root(): Seen {
    return { upper: this.top, lower: this.image?.root };
  }

  private child({ upper, lower }: Seen, name: string): Seen | undefined {
    const above = upper?.children?.get(name);
    const below = upper && (!upper.children || isOpaque(upper)) ? undefined : lower?.children?.get(name);
    if (!above) return below && { lower: below };
    return { upper: above, ...(above.children && below?.children && { lower: below }) };
  }

  /**
   * Where a path leads: the names on the way without links, and what is there; those behind the first that is not there are new.
   * Throws InputError.
   */
  private resolve(path: string): { names: string[]; seen: Seen | undefined } {
    let names: string[] = [];
    let rest = partsOf(path);
    let links = 0;
    for (;;) {
      const name = rest.shift();
      if (name === undefined) return { names, seen: this.at(names) };
      if (name === '..') {
        names.pop();
        continue;
      }
      const seen = this.at([...names, name]);
      const node = seen && shown(seen);
      if (node && typeOf(node) === S_IFLNK) {
        if (++links > LINKS_MAX) throw new InputError(`${path}: too many levels of symbolic links`);
        const target = node.target ?? '';
        if (target.startsWith('/')) names = [];
        rest = [...partsOf(target), ...rest];
        continue;
      }
      names.push(name);
    }
  }

  private at(names: readonly string[]): Seen | undefined {
    let seen: Seen | undefined = this.root;
    for (const name of names) seen = seen && this.child(seen, name);
    return seen;
  }

  isDirectory(path: string): boolean {
    const { seen } = this.resolve(path);
    return seen !== undefined && shown(seen)!.children !== undefined;
  }

  /** The directory that a path leads to, made where it is not there, with those on the way. Throws InputError. */
  directory(path: string, { owner, mode = 0o755 }: { owner?: Owner; mode?: number } = {}): LayerNode {
    const { names } = this.resolve(path);
    let node = this.top;
    let seen: Seen = this.root;
    for (const name of names) {
      const next = this.child(seen, name);
      const there = next && shown(next)!;
      if (there && !there.children) throw new InputError(`cannot copy to non-directory: /${names.join('/')}`);
      let upper = next?.upper;
      if (!upper) {
        upper = there
          ? { ...there, children: new Map() }
          : { ...newDirectory(mode & 0o7777, this.seconds), ...(owner && { uid: owner.uid, gid: owner.gid }) };
        this.enter(node, name, upper);
      }
      seen = { upper, lower: next?.lower };
      node = upper;
    }
    return node;
  }

  /** Where a file of this path is: links lead to it. Throws InputError. */
  placeOf(path: string, owner: Owner): { directory: LayerNode; name: string } {
    const { names } = this.resolve(path);
    const name = names.pop();
    if (name === undefined) throw new InputError(`${path}: is the root, which no file can be`);
    return { directory: this.directory(names.join('/'), { owner }), name };
  }

  private enter(parent: LayerNode, name: string, node: LayerNode): void {
    if (++this.count > NODES_MAX) throw new InputError(`a layer has at most ${NODES_MAX} names`);
    parent.children!.set(name, node);
  }

  /** Copies a file of another tree to be `name` in a directory of this one. */
  file(directory: LayerNode, name: string, tree: Tree, node: LayerNode, copying: Copying): void {
    this.copy(directory, name, tree, node, copying, new Map());
  }

  /** Copies all that is in a directory of another tree into one of this; what is there under the same name is replaced, directories are merged. */
  contents(path: string, tree: Tree, from: LayerNode, copying: Copying): void {
    const into = this.directory(path, { owner: copying.owner });
    const links = new Map<LayerNode, LayerNode>();
    const seen = this.resolve(path).seen!;
    this.merge(into, seen, tree, from, copying, '', links);
  }

  private merge(
    into: LayerNode,
    seen: Seen,
    tree: Tree,
    from: LayerNode,
    copying: Copying,
    path: string,
    links: Map<LayerNode, LayerNode>,
  ): void {
    for (const [name, node] of from.children!) {
      const full = path === '' ? name : `${path}/${name}`;
      if (isWhiteout(node) || copying.excludes?.(full)) continue;
      if (!node.children) {
        this.copy(into, name, tree, node, copying, links);
        continue;
      }
      const there = this.child(seen, name);
      const merged = there && shown(there)!.children ? there : undefined;
      const made = { ...this.changed(node, copying), children: merged?.upper?.children ?? new Map() };
      this.enter(into, name, made);
      this.merge(made, { upper: made, lower: merged?.lower }, tree, node, copying, full, links);
    }
  }

  private changed(node: LayerNode, { owner, rights }: Copying): LayerNode {
    return {
      ...node,
      ...(owner && { uid: owner.uid, gid: owner.gid }),
      ...(rights && typeOf(node) !== S_IFLNK && { mode: rights(node.mode) }),
    };
  }

  private copy(
    into: LayerNode,
    name: string,
    tree: Tree,
    node: LayerNode,
    copying: Copying,
    links: Map<LayerNode, LayerNode>,
  ): void {
    const made = links.get(node) ?? this.changed(node, copying);
    links.set(node, made);
    this.origin.set(made, { tree, node });
    this.enter(into, name, made);
  }
}

/** The path of a tree's name as text. */
export const readable = (name: string): string => decodeText(latin1(name)) ?? name;

// The index of a layer from its tar: names become a tree, whiteouts become what overlayfs has for them. OCI image-spec, layer.md.
// Nothing is written anywhere, so a name can do no harm outside; a tree that no extraction could make is an InputError all the same.
import { InputError } from '../base/errors.js';
import type { ByteSource } from '../base/host.js';
import type { LayerIndex, LayerNode } from '../base/layer-index.js';
import { tarEntries, type TarEntry, TarStream } from './tar/entries.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const TYPES: Readonly<Record<string, number>> = {
  0: 0o100000,
  7: 0o100000,
  S: 0o100000,
  2: 0o120000,
  3: 0o020000,
  4: 0o060000,
  5: S_IFDIR,
  6: 0o010000,
};
const HARD_LINK = '1';
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const OPAQUE_XATTR = 'trusted.overlay.opaque';
const OVERLAY_XATTR = 'trusted.overlay.';
const YES = Uint8Array.of(0x79);

const NAME_MAX = 255;
const PATH_MAX = 4096;
const DEPTH_MAX = 512;
const ID_MAX = 0xffff_fffe;
/** Names that a layer has at most, and bytes that its index may take: a layer of a gigabyte is no attack, its index is none either. */
const ENTRIES_MAX = 2_000_000;
const INDEX_MAX = 256 << 20;
const NODE_COST = 64;

/** Reads the headers of a tar. Throws InputError; `source` is kept by nobody. */
export function indexLayer(source: ByteSource): LayerIndex {
  const index = new Builder();
  for (const entry of tarEntries(source)) index.take(entry);
  return { root: index.root, entries: index.entries };
}

/** The index of a layer whose tar comes piece by piece. All throw InputError. */
export class LayerIndexer {
  private readonly index = new Builder();
  private readonly stream = new TarStream((entry) => this.index.take(entry));

  push(bytes: Uint8Array): void {
    this.stream.push(bytes);
  }

  end(): LayerIndex {
    this.stream.end();
    return { root: this.index.root, entries: this.index.entries };
  }
}

function newNode(mode: number): LayerNode {
  const node: LayerNode = {
    mode,
    uid: 0,
    gid: 0,
    links: 1,
    size: 0,
    major: 0,
    minor: 0,
    seconds: 0,
    nanoseconds: 0,
    pieces: [],
  };
  if ((mode & S_IFMT) === S_IFDIR) {
    node.children = new Map();
    node.links = 2;
  }
  return node;
}

class Builder {
  readonly root = newNode(S_IFDIR | 0o755);
  entries = 0;
  private cost = 0;

  take(entry: TarEntry): void {
    const type = entry.type === HARD_LINK ? 0 : TYPES[entry.type];
    // a volume's name, and what only its own program knows
    if (type === undefined) return;
    const names = namesOf(entry.name, entry);
    const xattrs = [...(entry.xattrs ?? [])].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    this.spend(NODE_COST + entry.name.length + entry.link.length + xattrs + 24 * entry.pieces.length, entry);
    const name = names.pop();
    if (name === undefined) {
      if (type !== S_IFDIR) throw refused(entry, 'the root of a layer is a directory');
      describe(this.root, entry, type);
      return;
    }
    const parent = this.directory(names, entry);
    if (name === OPAQUE) setOpaque(parent);
    else if (name.startsWith(WHITEOUT)) this.whiteOut(parent, name.slice(WHITEOUT.length), entry);
    else if (entry.type === HARD_LINK) this.link(parent, name, entry);
    else this.place(parent, name, entry, type);
  }

  private spend(cost: number, entry: TarEntry): void {
    this.cost += cost;
    if (++this.entries > ENTRIES_MAX || this.cost > INDEX_MAX)
      throw refused(entry, `a layer has at most ${ENTRIES_MAX} names, and ${INDEX_MAX >> 20} MiB of them`);
  }

  /** The directory `names` lead to; those that no entry has named (yet) are made. */
  private directory(names: readonly string[], entry: TarEntry): LayerNode {
    let at = this.root;
    for (const name of names) {
      let next = at.children!.get(name);
      if (next === undefined || isWhiteout(next)) {
        const opaque = next !== undefined;
        next = newNode(S_IFDIR | 0o755);
        if (opaque) setOpaque(next);
        this.spend(NODE_COST + name.length, entry);
        this.enter(at, name, next);
      }
      if (!next.children) throw refused(entry, `'${name}' on its way is no directory`);
      at = next;
    }
    return at;
  }

  private enter(parent: LayerNode, name: string, node: LayerNode): void {
    const old = parent.children!.get(name);
    if (old) old.links--;
    if (old?.children) parent.links--;
    if (node.children) parent.links++;
    parent.children!.set(name, node);
  }

  private place(parent: LayerNode, name: string, entry: TarEntry, type: number): void {
    const old = parent.children!.get(name);
    if (old?.children && type === S_IFDIR) {
      describe(old, entry, type);
      return;
    }
    const node = newNode(type);
    describe(node, entry, type);
    // a directory in the place of one that lies below and is whited out shows nothing of it
    if (node.children && old && isWhiteout(old)) setOpaque(node);
    this.enter(parent, name, node);
  }

  private link(parent: LayerNode, name: string, entry: TarEntry): void {
    let target: LayerNode | undefined = this.root;
    for (const part of namesOf(entry.link, entry)) target = target?.children?.get(part);
    if (!target) throw refused(entry, `it is a link to '${entry.link}', which is not there before it`);
    if (target.children) throw refused(entry, `it is a link to the directory '${entry.link}'`);
    if (parent.children!.get(name) === target) return;
    target.links++;
    this.enter(parent, name, target);
  }

  private whiteOut(parent: LayerNode, name: string, entry: TarEntry): void {
    // `.wh..wh.` begins what aufs kept for itself
    if (name.startsWith(WHITEOUT)) return;
    if (name === '' || name === '.' || name === '..') throw refused(entry, 'it hides no name');
    const there = parent.children!.get(name);
    if (there?.children) setOpaque(there);
    // a whiteout is for the layers below: what this layer has stays
    if (!there) this.enter(parent, name, newNode(0o020000));
  }
}

const isWhiteout = (node: LayerNode): boolean =>
  (node.mode & S_IFMT) === 0o020000 && node.major === 0 && node.minor === 0;

function setOpaque(node: LayerNode): void {
  node.xattrs = new Map([...(node.xattrs ?? []), [OPAQUE_XATTR, YES]]);
}

function refused(entry: TarEntry, why: string): InputError {
  const name = entry.name.length > 100 ? `${entry.name.slice(0, 100)}...` : entry.name;
  return new InputError(`layer: '${name}': ${why} (at byte ${entry.where})`, 'Nothing of this archive is used.');
}

/** The names on a path; none for the root itself. */
function namesOf(path: string, entry: TarEntry): string[] {
  if (path.length > PATH_MAX) throw refused(entry, `its name is longer than ${PATH_MAX} bytes`);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw refused(entry, "a name with '..' leads out of the layer");
  if (names.length > DEPTH_MAX) throw refused(entry, `it lies deeper than ${DEPTH_MAX} directories`);
  if (names.some((name) => name.length > NAME_MAX)) throw refused(entry, `a name is longer than ${NAME_MAX} bytes`);
  return names;
}

/** What an entry says of a node of its type. */
function describe(node: LayerNode, entry: TarEntry, type: number): void {
  if (!(entry.uid >= 0 && entry.uid <= ID_MAX && entry.gid >= 0 && entry.gid <= ID_MAX))
    throw refused(entry, `no owner has the number ${entry.uid}:${entry.gid}`);
  const isDevice = type === 0o020000 || type === 0o060000;
  if (isDevice && !(entry.major >= 0 && entry.major <= 0xfff && entry.minor >= 0 && entry.minor <= 0xfffff))
    throw refused(entry, `no device has the number ${entry.major}:${entry.minor}`);
  if (type === 0o120000 && (entry.link === '' || entry.link.length >= PATH_MAX))
    throw refused(entry, 'a symbolic link needs a target of 1 to 4095 bytes');
  const opaque = node.xattrs?.has(OPAQUE_XATTR);
  // whatever an archive says, Linux has no other rights for links
  node.mode = type | (type === 0o120000 ? 0o777 : entry.mode & 0o7777);
  node.uid = entry.uid;
  node.gid = entry.gid;
  node.seconds = entry.mtime;
  node.nanoseconds = entry.nanoseconds;
  node.xattrs = undefined;
  // what overlayfs keeps for itself is not for an archive to say
  const xattrs = [...(entry.xattrs ?? [])].filter(([name]) => !name.startsWith(OVERLAY_XATTR));
  if (xattrs.length > 0) node.xattrs = new Map(xattrs);
  if (opaque) setOpaque(node);
  if (isDevice) {
    node.major = entry.major;
    node.minor = entry.minor;
  }
  if (type === 0o120000) {
    node.target = entry.link;
    node.size = entry.link.length;
  }
  if (type === 0o100000) {
    node.size = entry.size;
    node.pieces = entry.pieces;
  }
}

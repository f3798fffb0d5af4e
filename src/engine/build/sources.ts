// What COPY and ADD find in a tree for the names that they are given: patterns, links within the tree, and a checksum of it all.
// docs.docker.com/reference/dockerfile: COPY, Source, Pattern matching, Cache invalidation.
import { InputError } from '../../base/errors.js';
import type { LayerNode } from '../../base/layer-index.js';
import { encodeText } from '../../base/text.js';
import type { Hash, StreamCodecs } from '../../base/streams.js';
import { isWhiteout, ownXattrs, type Tree, typeOf } from '../../oci/tree/tree.js';
import { Glob } from './glob.js';
import { partsOf, readable, treeName } from './layer-draft.js';

const S_IFLNK = 0o120000;
const LINKS_MAX = 40;
const MATCHES_MAX = 100_000;
const PIECE = 1 << 18;

export interface Source {
  /** As it was found: its last name is the one that it gets where it is copied into a directory. */
  path: string;
  tree: Tree;
  node: LayerNode;
}

/** The file that a path leads to within a tree, links followed; undefined: there is none. */
export function fileAt(tree: Tree, path: string): LayerNode | undefined {
  return wayTo(tree, path)?.at(-1)?.node;
}

interface Step {
  name: string;
  node: LayerNode;
}

/** The directories on the way to a file, from the root to it. */
function wayTo(tree: Tree, path: string): Step[] | undefined {
  const way: Step[] = [{ name: '', node: tree.root }];
  let rest = partsOf(path);
  let links = 0;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..') {
      if (way.length > 1) way.pop();
      continue;
    }
    const node = way.at(-1)!.node.children?.get(name);
    if (!node || isWhiteout(node)) return undefined;
    if (typeOf(node) !== S_IFLNK) {
      way.push({ name, node });
      continue;
    }
    if (++links > LINKS_MAX) return undefined;
    const target = node.target ?? '';
    if (target.startsWith('/')) way.length = 1;
    rest = [...partsOf(target), ...rest];
  }
  return way;
}

/** One file or directory, and where in the tree it is without links. Throws InputError. */
export function sourceAt(tree: Tree, text: string): { source: Source; path: string } | undefined {
  const path = inside(text);
  const way = wayTo(tree, treeName(path));
  if (!way) return undefined;
  const names = way.slice(1).map(({ name }) => name);
  return { source: { path, tree, node: way.at(-1)!.node }, path: names.join('/') };
}

/** `missing` says that a name is not there. Throws InputError. */
export function sourcesOf(tree: Tree, text: string, missing: (path: string) => InputError): Source[] {
  const path = inside(text);
  if (!/[*?[\\]/.test(path)) {
    const node = fileAt(tree, treeName(path));
    if (!node) throw missing(path);
    return [{ path, tree, node }];
  }
  const found: Source[] = [];
  const glob = new Glob(path, true);
  matches(tree, tree.root, '', path.split('/').length, glob, found);
  return found;
}

/** Normal, and below the top. Throws InputError. */
function inside(text: string): string {
  const names: string[] = [];
  for (const name of text.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) throw new InputError(`forbidden path outside the build context: ${text} ()`);
  }
  return names.join('/');
}

function matches(tree: Tree, folder: LayerNode, at: string, depth: number, glob: Glob, found: Source[]): void {
  for (const name of [...folder.children!.keys()].sort()) {
    const node = folder.children!.get(name)!;
    if (isWhiteout(node)) continue;
    const path = at === '' ? readable(name) : `${at}/${readable(name)}`;
    if (depth === 1 && glob.test(path)) {
      const target = typeOf(node) === S_IFLNK ? fileAt(tree, treeName(path)) : node;
      if (target) found.push({ path, tree, node: target });
      if (found.length > MATCHES_MAX) throw new InputError(`a pattern fits more than ${MATCHES_MAX} names`);
    } else if (node.children && depth > 1) matches(tree, node, path, depth - 1, glob, found);
  }
}

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** What a source is, whatever its times: `file:` or `dir:` and a checksum. */
export async function checksumOf(codecs: StreamCodecs, { tree, node }: Source): Promise<string> {
  const hash = codecs.sha256();
  await add(hash, tree, node, '');
  return `${node.children ? 'dir' : 'file'}:${hash.digest()}`;
}

/** Of several sources in their order. */
export function checksumOfAll(codecs: StreamCodecs, sums: readonly string[]): string {
  if (sums.length === 1) return sums[0]!;
  const hash = codecs.sha256();
  hash.update(encodeText(sums.join(',')));
  return `multi:${hash.digest()}`;
}

async function add(hash: Hash, tree: Tree, node: LayerNode, path: string): Promise<void> {
  const { mode, uid, gid, major, minor, target, size } = node;
  const xattrs = [...(ownXattrs(node) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = [path, mode, uid, gid, major, minor, target ?? null, node.children ? 0 : size];
  hash.update(encodeText(`${JSON.stringify([...shown, xattrs.map(([name, value]) => [name, [...value]])])}\n`));
  if (node.children) {
    for (const name of [...node.children.keys()].sort()) {
      const child = node.children.get(name)!;
      if (!isWhiteout(child)) await add(hash, tree, child, `${path}/${name}`);
    }
    return;
  }
  for (let at = 0; at < size; at += PIECE) {
    const bytes = new Uint8Array(Math.min(PIECE, size - at));
    await tree.read(node, at, bytes);
    hash.update(bytes);
  }
}

/** A small file's text; undefined: it is none, or larger than `most`. */
export async function textOf(tree: Tree, node: LayerNode | undefined, most: number): Promise<Uint8Array | undefined> {
  if (!node || node.children || typeOf(node) !== 0o100000 || node.size > most) return undefined;
  const bytes = new Uint8Array(node.size);
  await tree.read(node, 0, bytes);
  return bytes;
}

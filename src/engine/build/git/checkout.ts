// What a commit shows, as files: a layer of them whose bytes lie in one file of the store. git-scm.com/docs/git-cat-file, gitformat-pack;
// docs.docker.com/build/concepts/context, "Git repositories". DEVIATION: modules of other repositories are empty folders.
import type { LayerNode, LayerPiece } from '../../../base/layer-index.js';
import { fromLatin1 } from '../../../base/bytes.js';
import { InputError } from '../../../base/errors.js';
import type { HttpClient } from '../../../base/http.js';
import { decodeText } from '../../../base/text.js';
import { spool } from '../../../oci/source/spool.js';
import type { Store } from '../../../oci/store/store.js';
import { treeOf } from '../../../oci/tree/tree.js';
import type { ContextFiles } from '../context.js';
import { sourceAt } from '../sources.js';
import { hexOf } from '../../../base/bytes.js';
import type { GitObject } from './pack.js';
import { fetchSnapshot } from './repository.js';

const NAMES_MAX = 1_000_000;
const DEPTH_MAX = 500;
const DIRECTORY = 0o040000;
const LINK = 0o120000;
const MODULE = 0o160000;

export interface GitAddress {
  /** Of the repository, on the web. */
  url: string;
  /** Branch, tag or commit; '' for the server's own choice. */
  ref: string;
  /** The directory that is meant. */
  folder: string;
}

/** `https://host/path.git#ref:folder` and its kin; undefined: it is no repository. Throws InputError. */
export function gitAddress(text: string): GitAddress | undefined {
  if (/^(?:git@[^:/]+:|ssh:\/\/|git:\/\/)/.test(text))
    throw new InputError(`${text}: repositories are fetched by https here`, 'Give its address on the web.');
  const [, url, ref = '', folder = ''] =
    /^(https?:\/\/[^#?]+\.git|github\.com\/[^#?]+)(?:#([^:]*)(?::(.*))?)?$/.exec(text) ?? [];
  if (url === undefined) return undefined;
  return { url: url.startsWith('github.com/') ? `https://${url}` : url, ref, folder };
}

/** The files, which are there until `release`. Rejects with InputError. */
export async function checkout(
  store: Store,
  web: HttpClient | undefined,
  { url, ref, folder }: GitAddress,
): Promise<{ files: ContextFiles; release(): Promise<void> }> {
  if (!web) throw new InputError(`${url}: there is no way to the web from here`);
  const { commit, objects } = await fetchSnapshot(web, url, ref);
  const checking = new Checkout(objects, commit);
  const { file, path: blob, release } = await spool(store, checking.bytes(), url);
  const index = { root: checking.root, entries: checking.entries };
  const whole = treeOf({ index, tar: file });
  const found = sourceAt(whole, folder);
  if (!found?.source.node.children) {
    await release();
    throw new InputError(`${url}: the repository has no folder ${folder}`);
  }
  const root = found.source.node;
  const tree = { ...whole, root };
  const layer = { id: blob.replaceAll('/', '-'), blob, index: { ...index, root } };
  return { files: { tree, layer }, release };
}

class Checkout {
  readonly root: LayerNode;
  entries = 0;
  private readonly files: { node: LayerNode & { pieces: LayerPiece[] }; bytes: Uint8Array }[] = [];
  private readonly seconds: number;

  constructor(
    private readonly objects: ReadonlyMap<string, GitObject>,
    name: string,
  ) {
    const commit = this.text(this.named(name));
    const tree = /^tree ([0-9a-f]{40})$/m.exec(commit)?.[1];
    this.seconds = Number(/^committer .* (\d{1,10}) [-+]\d{4}$/m.exec(commit)?.[1] ?? 0);
    if (tree === undefined) throw new InputError('the repository has no such commit');
    this.root = this.directory(tree, 0);
  }

  private object(name: string): GitObject {
    const found = this.objects.get(name);
    if (!found) throw new InputError(`the pack is damaged: object ${name} is missing`);
    return found;
  }

  /** A commit: a tag of its own leads to one. */
  private named(name: string): GitObject {
    const found = this.object(name);
    if (found.kind !== 'tag') return found;
    return this.object(/^object ([0-9a-f]{40})$/m.exec(this.text(found))?.[1] ?? '');
  }

  private text({ bytes }: GitObject): string {
    return decodeText(bytes) ?? fromLatin1(bytes);
  }

  private directory(name: string, depth: number): LayerNode {
    if (depth > DEPTH_MAX) throw new InputError('the repository has folders that lie too deep');
    const { kind, bytes } = this.object(name);
    if (kind !== 'tree') throw new InputError(`the pack is damaged: object ${name} is no tree`);
    const children = new Map<string, LayerNode>();
    for (let at = 0; at < bytes.length; ) {
      const blank = bytes.indexOf(0x20, at);
      const zero = bytes.indexOf(0, at);
      if (blank < at || zero < blank || zero + 21 > bytes.length) throw new InputError('the pack is damaged: a tree');
      const mode = Number.parseInt(fromLatin1(bytes.subarray(at, blank)), 8);
      const child = fromLatin1(bytes.subarray(blank + 1, zero));
      at = zero + 21;
      if (child === '' || child === '.' || child === '..' || child.includes('/') || children.has(child))
        throw new InputError('the repository has a name that no file may have');
      if (++this.entries > NAMES_MAX) throw new InputError(`the repository has more than ${NAMES_MAX} names`);
      children.set(child, this.child(mode, hexOf(bytes.subarray(at - 20, at)), depth));
    }
    return { ...this.node(DIRECTORY | 0o755), children };
  }

  private child(mode: number, name: string, depth: number): LayerNode {
    const type = mode & 0o170000;
    if (type === DIRECTORY) return this.directory(name, depth + 1);
    if (type === MODULE) return { ...this.node(DIRECTORY | 0o755), children: new Map() };
    const { bytes } = this.object(name);
    if (type === LINK) return { ...this.node(LINK | 0o777), target: fromLatin1(bytes) };
    const node = { ...this.node(0o100000 | ((mode & 0o100) === 0 ? 0o644 : 0o755)), size: bytes.length };
    this.files.push({ node, bytes });
    return node;
  }

  private node(mode: number) {
    const { seconds } = this;
    const pieces: LayerPiece[] = [];
    return { mode, uid: 0, gid: 0, links: 1, size: 0, major: 0, minor: 0, seconds, nanoseconds: 0, pieces };
  }

  /** All bytes of all files, one after the other. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    let at = 0;
    for (const { node, bytes } of this.files) {
      if (bytes.length === 0) continue;
      node.pieces.push({ offset: 0, at, length: bytes.length });
      at += bytes.length;
      yield bytes;
    }
  }
}

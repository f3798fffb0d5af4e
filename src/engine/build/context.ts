// The context of a build: what the client has sent, as a tree. It is never unpacked; its names and links lead nowhere outside.
// Docker Engine API, ImageBuild (a tar, perhaps compressed). Hostile: bounded where the tar is read.
import { InputError } from '../../base/errors.js';
import { decodeText } from '../../base/text.js';
import { indexLayer } from '../../oci/layer.js';
import type { Spooled } from '../../oci/source/spool.js';
import { type Tree, treeOf } from '../../oci/tree/tree.js';
import type { Layer } from '../../runtime/node-client.js';
import { parseDockerfile, type Dockerfile } from './dockerfile.js';
import { cleanPath, IgnoreFile } from './ignore.js';
import { treeName } from './layer-draft.js';
import { fileAt, textOf } from './sources.js';

const DOCKERFILE = 'Dockerfile';
const DOCKERFILE_MAX = 2 << 20;
const IGNORE_FILE = '.dockerignore';

/** Files from outside, and the layer by which a node shows them. */
export interface ContextFiles {
  tree: Tree;
  layer: Layer;
}

/** What a build is made of. */
export interface BuildSource {
  dockerfile: Dockerfile;
  /** Other meanings of names that FROM and --from say: an image. */
  images?: ReadonlyMap<string, string>;
  /** And of those that --from says: a folder. */
  folder?(name: string): Promise<ContextFiles> | undefined;
  /** The context: asked for when something first needs it. */
  context(): Promise<ContextFiles>;
}

/** `name`: of the Dockerfile in the context; '' for what it is called by default. Rejects with InputError. */
export async function openContext(
  { file: tar, path: blob }: Spooled,
  name: string,
  read: (text: string) => void = () => {},
): Promise<BuildSource> {
  const index = indexLayer(tar);
  const layer = { id: blob.replaceAll('/', '-'), blob, index };
  return openFiles({ tree: treeOf({ index, tar }), layer }, name, read);
}

/** The same of files. */
export async function openFiles(
  files: ContextFiles,
  name: string,
  read: (text: string) => void = () => {},
): Promise<BuildSource> {
  const { tree } = files;
  const path = cleanPath(name || DOCKERFILE);
  const given = await textAt(tree, path);
  const source = given ?? (name === '' ? await textAt(tree, DOCKERFILE.toLowerCase()) : undefined);
  if (source === undefined) throw new InputError(`Cannot locate specified Dockerfile: ${path}`);
  if (source.trim() === '') throw new InputError(`the Dockerfile (${path}) cannot be empty`);
  read(source);
  const dockerfile = parseDockerfile(source);
  const ignored = await textAt(tree, IGNORE_FILE);
  // the client has left out what is ignored, but for these two, which the build needed
  if (ignored !== undefined) {
    const file = new IgnoreFile(ignored);
    for (const one of [path, IGNORE_FILE]) if (file.ignores(one)) remove(tree, one);
  }
  return { dockerfile, context: async () => files };
}

/** A file's text; undefined: there is none. Rejects with InputError. */
export async function textAt(tree: Tree, path: string): Promise<string | undefined> {
  const node = fileAt(tree, treeName(path));
  if (!node) return undefined;
  const bytes = await textOf(tree, node, DOCKERFILE_MAX);
  const found = bytes && decodeText(bytes);
  if (found === undefined) throw new InputError(`${path}: is no text of at most ${DOCKERFILE_MAX >> 20} MiB`);
  return found;
}

function remove(tree: Tree, path: string): void {
  const names = path.split('/').map(treeName);
  const name = names.pop()!;
  fileAt(tree, names.join('/'))?.children?.delete(name);
}

// A context that lies on the web: a repository of git's, a tar, or a Dockerfile alone.
// docs.docker.com/build/concepts/context, "Remote context"; Docker Engine API, ImageBuild, `remote`.
import { InputError } from '../../base/errors.js';
import { decodeText } from '../../base/text.js';
import type { Engine } from '../engine.js';
import { type BuildSource, type ContextFiles, openFiles } from './context.js';
import { parseDockerfile } from './dockerfile.js';
import { download } from './download.js';
import { checkout, gitAddress } from './git/checkout.js';
import { unpack } from './unpack.js';

const DOCKERFILE_MAX = 2 << 20;

export interface Fetched<T> {
  found: T;
  release(): Promise<void>;
}

/** The files of a repository or a tar; undefined: there is a file that is no tar, which is its `text`. Rejects with InputError. */
export async function fetchFiles(
  { images, host }: Engine,
  address: string,
): Promise<Fetched<{ files: ContextFiles } | { text: string }>> {
  const { store } = images;
  const git = gitAddress(address);
  if (git) {
    const { files, release } = await checkout(store, host.web, git);
    return { found: { files }, release };
  }
  if (!/^https?:\/\//.test(address))
    throw new InputError(`a context at ${address} is not fetched here`, 'Give a folder, or an address on the web.');
  const { source, spooled } = await download(store, host.web, address, undefined);
  try {
    const unpacked = await unpack(store, source);
    if (unpacked) {
      const { tree, spooled: tar, index } = unpacked;
      await spooled.release();
      const layer = { id: tar.path.replaceAll('/', '-'), blob: tar.path, index };
      return { found: { files: { tree, layer } }, release: tar.release };
    }
    const bytes = new Uint8Array(Math.min(spooled.file.size, DOCKERFILE_MAX + 1));
    spooled.file.read(0, bytes);
    const text = bytes.length > DOCKERFILE_MAX ? undefined : decodeText(bytes);
    if (text === undefined) throw new InputError(`${address}: is neither a tar nor a Dockerfile`);
    return { found: { text }, release: spooled.release };
  } catch (error) {
    await spooled.release();
    throw error;
  }
}

/** All that a build is made of. `read` is told of the Dockerfile. Rejects with InputError. */
export async function fetchContext(
  engine: Engine,
  address: string,
  dockerfile: string,
  read: (text: string) => void = () => {},
): Promise<Fetched<BuildSource>> {
  const { found, release } = await fetchFiles(engine, address);
  try {
    if ('files' in found) return { found: await openFiles(found.files, dockerfile, read), release };
    read(found.text);
    const context = (): never => {
      throw new InputError('there is no context: a Dockerfile alone was fetched');
    };
    return { found: { dockerfile: parseDockerfile(found.text), context: async () => context() }, release };
  } catch (error) {
    await release();
    throw error;
  }
}

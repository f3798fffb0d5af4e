// Files that ADD fetches from the web. docs.docker.com/reference/dockerfile: ADD, "Adding files from a remote URL", --checksum.
// Where they may lie is the host's to say: src/engine/host.ts.
import { InputError } from '../../base/errors.js';
import { type HttpClient, HttpError, type HttpResponse } from '../../base/http.js';
import { digestOfHex } from '../../oci/digest.js';
import { parseUrl } from '../../oci/registry/url.js';
import { spool, type Spooled } from '../../oci/source/spool.js';
import type { Store } from '../../oci/store/store.js';
import type { Source } from './sources.js';

const REDIRECTS_MAX = 10;
const SIZE_MAX = 4 * 2 ** 30;

/** The file, which is there until `spooled` is released. Rejects with InputError. */
export async function download(
  store: Store,
  web: HttpClient | undefined,
  address: string,
  checksum: string | undefined,
): Promise<{ source: Source; spooled: Spooled }> {
  if (!web) throw new InputError(`${address}: there is no way to the web from here`);
  if (checksum !== undefined && !/^sha256:[0-9a-f]{64}$/.test(checksum))
    throw new InputError(`--checksum=${checksum}: is no sha256:HEX`);
  const { response, url } = await follow(web, address);
  const hash = store.codecs.sha256();
  const spooled = await spool(store, hashed(response.body, hash), address, SIZE_MAX);
  try {
    const found = digestOfHex(hash.digest());
    if (checksum !== undefined && found !== checksum)
      throw new InputError(`${address}: digest mismatch: expected ${checksum}, got ${found}`);
    const name = nameOf(address, url, response);
    const changed = Date.parse(response.header('last-modified') ?? '');
    return { source: sourceOf(spooled, name, Number.isNaN(changed) ? 0 : Math.floor(changed / 1000)), spooled };
  } catch (error) {
    await spooled.release();
    throw error;
  }
}

/** The answer, wherever it is. Rejects with InputError. */
export async function follow(
  web: HttpClient,
  address: string,
  headers: Readonly<Record<string, string>> = { 'user-agent': 'tabvisor', accept: '*/*' },
): Promise<{ response: HttpResponse; url: string }> {
  let url = parseUrl(address)?.href;
  for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
    if (url === undefined) throw new InputError(`${address}: is no address of the web, or has a password in it`);
    const response = await web.send({ method: 'GET', url, headers }).catch((error: unknown) => {
      throw error instanceof HttpError ? new InputError(error.message, undefined, { cause: error }) : error;
    });
    if (response.status >= 200 && response.status < 300) return { response, url };
    response.cancel();
    const location = response.header('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === undefined)
      throw new InputError(`${address}: the server answers ${response.status}`);
    url = parseUrl(location, url)?.href;
  }
  throw new InputError(`${address}: leads from one address to the next, more than ${REDIRECTS_MAX} times`);
}

async function* hashed(
  bytes: AsyncIterable<Uint8Array>,
  hash: { update(bytes: Uint8Array): void },
): AsyncIterable<Uint8Array> {
  for await (const piece of bytes) {
    hash.update(piece);
    yield piece;
  }
}

/** The last name on the address's path, or what the server says. Throws InputError. */
function nameOf(address: string, url: string, response: HttpResponse): string {
  const said = /filename="?([^";]+)"?/i.exec(response.header('content-disposition') ?? '')?.[1];
  for (const candidate of [address, said ?? '', url]) {
    const path = candidate.replace(/^https?:\/\/[^/]*/, '').replace(/[?#].*$/, '');
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (name !== '' && name !== '.' && name !== '..' && !name.includes('\0') && name.length < 256) return name;
  }
  throw new InputError(`cannot determine filename for source ${address}`, 'Give a destination that is a file.');
}

function sourceOf({ file }: Spooled, name: string, seconds: number): Source {
  const node = {
    ...{ mode: 0o100600, uid: 0, gid: 0, links: 1, size: file.size, major: 0, minor: 0 },
    ...{ seconds, nanoseconds: 0, pieces: [{ offset: 0, at: 0, length: file.size }] },
  };
  const read = (_node: unknown, at: number, into: Uint8Array): void => file.read(at, into);
  return { path: name, tree: { root: node, read }, node };
}

// Pulls from a registry that is cut, slow, wrong or hostile: an image comes whole or not at all, and nobody else learns who we are.
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type Answer, FakeRegistry } from '../../../test/fake-registry.js';
import { imageOf, memoryStore, sha256 } from '../../../test/images.js';
import { tarOf } from '../../../test/tar.js';
import { Gone, MemoryStorage } from '../../../test/memory-storage.js';
import type { Credentials } from '../../base/credentials.js';
import { InputError } from '../../base/errors.js';
import { StorageError } from '../../base/storage.js';
import { DeniedError, NotFoundError } from '../errors.js';
import { jsonBytes } from '../json.js';
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from '../media-types.js';
import { parsePlatform } from '../platform.js';
import { parseReference } from '../reference.js';
import type { Store } from '../store/store.js';
import { RegistryClient } from './client.js';
import type { Progress } from './progress.js';
import { Puller } from './pull.js';
import { Pusher } from './push.js';

const IMAGE = imageOf([[{ name: 'bin/sh', data: 'x'.repeat(5000) }], [{ name: 'etc/motd', data: 'hello' }]], {
  Cmd: ['sh'],
});
const NAME = parseReference('registry.example/app:1');

interface Setup {
  credentials?: Record<string, Credentials>;
  mirrorCredentials?: Record<string, Credentials>;
  mirrors?: Record<string, string[]>;
  insecure?: string[];
}

function clientOf(
  registry: FakeRegistry,
  { credentials = {}, mirrorCredentials = {}, mirrors = {}, insecure = [] }: Setup = {},
) {
  const waits: number[] = [];
  const client = new RegistryClient(
    {
      http: registry,
      credentials: async (server) => credentials[server],
      mirrorCredentials: async (server) => mirrorCredentials[server],
      now: () => 0,
      wait: async (milliseconds) => void waits.push(milliseconds),
    },
    { mirrors: new Map(Object.entries(mirrors)), insecure: new Set(insecure) },
  );
  return { client, waits };
}

function registryWith(image = IMAGE): FakeRegistry {
  const registry = new FakeRegistry();
  registry.add('app', '1', image);
  return registry;
}

const authorizations = (registry: FakeRegistry) =>
  registry.requests.map(({ url, headers }) => [url, headers.Authorization] as const);

async function wholeIn(store: Store, id: string): Promise<void> {
  const image = await store.images.find(id);
  for (const layer of await store.images.open(image.id)) layer.tar.close();
  for (const { digest } of [...image.manifest.layers, image.manifest.config])
    expect(sha256((await store.content.read(digest))!)).toBe(digest);
}

test('a pull, and one more that has nothing to do', async () => {
  const store = await memoryStore();
  const registry = registryWith();
  const puller = new Puller(store, clientOf(registry).client);
  const lines: Progress[] = [];
  const first = await puller.pull(NAME, { progress: (line) => lines.push(line) });
  expect(first).toEqual({ id: IMAGE.id, digest: IMAGE.manifestDigest, upToDate: false });
  await wholeIn(store, 'registry.example/app:1');
  const words = lines.map(({ id, status }) => `${id ?? ''} ${status}`);
  const layer = IMAGE.layers[0]!.descriptor.digest.slice(7, 19);
  expect(words[0]).toBe('1 Pulling from app');
  for (const status of ['Pulling fs layer', 'Downloading', 'Download complete', 'Pull complete'])
    expect(words).toContain(`${layer} ${status}`);
  expect(words.slice(-2)).toEqual([
    ` Digest: ${IMAGE.manifestDigest}`,
    ' Status: Downloaded newer image for registry.example/app:1',
  ]);
  const blobs = () => registry.requests.filter(({ url }) => url.includes('/blobs/')).length;
  const before = blobs();
  expect((await puller.pull(NAME)).upToDate).toBe(true);
  expect(blobs()).toBe(before);
  expect((await store.images.find(`registry.example/app@${IMAGE.manifestDigest}`)).tags).toEqual([
    'registry.example/app:1',
  ]);
});

test('a layer that is cut at any byte goes on there', async () => {
  const blob = IMAGE.layers[0]!;
  for (let cut = 0; cut < blob.blob.length; cut++) {
    const store = await memoryStore();
    const registry = registryWith();
    let times = 0;
    registry.override = ({ headers }, path): Answer | undefined =>
      path.endsWith(blob.descriptor.digest) && headers.Range === undefined && times++ === 0
        ? { status: 200, body: blob.blob, cut }
        : undefined;
    const { client } = clientOf(registry);
    await new Puller(store, client).pull(NAME);
    await wholeIn(store, 'registry.example/app:1');
    if (cut > 0) expect(registry.requests.map(({ headers }) => headers.Range)).toContain(`bytes=${cut}-`);
  }
});

test('one that never comes whole is kept as far as it came; a later pull asks for the rest alone', async () => {
  const storage = new MemoryStorage();
  const registry = registryWith();
  const { descriptor, blob } = IMAGE.layers[0]!;
  registry.override = (_request, path) =>
    path.endsWith(descriptor.digest) ? { status: 200, body: blob.subarray(0, 0), cut: 0 } : undefined;
  let first = true;
  const serve = registry.override;
  registry.override = (request, path) => {
    const answer = serve(request, path);
    if (!answer || !first) return answer;
    first = false;
    return { status: 200, body: blob, cut: 100 };
  };
  const { client, waits } = clientOf(registry);
  await expect(new Puller(await memoryStore(storage), client).pull(NAME)).rejects.toThrow(/connection broke/);
  expect(waits.length).toBeGreaterThan(2);
  registry.override = () => undefined;
  registry.requests.length = 0;
  const store = await memoryStore(new MemoryStorage(storage.files));
  await new Puller(store, clientOf(registry).client).pull(NAME);
  await wholeIn(store, 'registry.example/app:1');
  const asked = registry.requests.filter(({ url }) => url.endsWith(descriptor.digest));
  expect(asked.map(({ headers }) => headers.Range)).toEqual(['bytes=100-']);
  // what is left of it is garbage (its host went down): it is fetched anew
  const torn = new MemoryStorage(storage.files);
  for (const [name, bytes] of torn.files)
    if (name.startsWith('partial/')) torn.files.set(name, new Uint8Array(bytes.length));
  const other = await memoryStore(torn);
  await new Puller(other, clientOf(registry).client).pull(NAME);
  await wholeIn(other, 'registry.example/app:1');
});

test('the process may end before any step of a pull: the next one makes it whole', async () => {
  const whole = new MemoryStorage();
  await new Puller(await memoryStore(whole), clientOf(registryWith()).client).pull(NAME);
  for (let end = 0; end < whole.steps; end++) {
    const storage = new MemoryStorage();
    storage.endsAt = end;
    const attempt = memoryStore(storage).then((store) => new Puller(store, clientOf(registryWith()).client).pull(NAME));
    await expect(attempt).rejects.toThrow(Gone);
    const store = await memoryStore(new MemoryStorage(storage.files));
    for (const id of store.images.ids) await wholeIn(store, id);
    await new Puller(store, clientOf(registryWith()).client).pull(NAME);
    await wholeIn(store, 'registry.example/app:1');
    await store.images.remove('registry.example/app:1');
    await store.images.collect();
    expect([...(store.storage as MemoryStorage).files.keys()]).toEqual(['images.json']);
  }
});

test('a full disk is said, wherever it is full; nothing is left but what is whole, and with room the pull works', async () => {
  const needed = new MemoryStorage();
  needed.room = 1 << 30;
  await new Puller(await memoryStore(needed), clientOf(registryWith()).client).pull(NAME);
  const bytes = (1 << 30) - needed.room;
  for (let room = 0; room < bytes; room += 997) {
    const storage = new MemoryStorage();
    storage.room = room;
    storage.full = () => new StorageError('no space left on the device', true);
    const store = await memoryStore(storage);
    const puller = new Puller(store, clientOf(registryWith()).client);
    await expect(puller.pull(NAME)).rejects.toThrow(/no space left/);
    expect([...storage.files.keys()].filter((name) => name.startsWith('partial/layer'))).toEqual([]);
    storage.room = Number.POSITIVE_INFINITY;
    await puller.pull(NAME);
    await wholeIn(store, 'registry.example/app:1');
  }
});

test('two pulls of one image share the work; one of them may lose interest', async () => {
  const store = await memoryStore();
  const registry = registryWith();
  const puller = new Puller(store, clientOf(registry).client);
  const interest = { aborted: false };
  const one = puller.pull(NAME, { interest });
  const abort = () => {
    interest.aborted = true;
  };
  const two = puller.pull(NAME, { progress: abort });
  const [, second] = await Promise.allSettled([one, two]);
  expect(second.status).toBe('fulfilled');
  const layer = IMAGE.layers[0]!.descriptor.digest;
  expect(registry.requests.filter(({ url }) => url.endsWith(layer)).length).toBe(1);
  const alone = new Puller(await memoryStore(), clientOf(registryWith()).client);
  await expect(alone.pull(NAME, { interest: { aborted: true } })).rejects.toThrow(/given up/);
});

test('a pull that is given up, or whose image is wrong, leaves nothing, whatever of it had come', async () => {
  const files = (store: Store): string[] => [...(store.storage as MemoryStorage).files.keys()];
  for (let lines = 1; ; lines++) {
    const store = await memoryStore();
    const interest = { aborted: false };
    let told = 0;
    const progress = (): void => {
      interest.aborted = ++told >= lines;
    };
    const pulled = await new Puller(store, clientOf(registryWith()).client)
      .pull(NAME, { interest, progress })
      .catch((error) => error);
    if (!(pulled instanceof Error)) break;
    expect(pulled.message).toContain('given up');
    expect(files(store)).toEqual([]);
  }
  const store = await memoryStore();
  const registry = registryWith();
  const { digest } = IMAGE.layers[1]!.descriptor;
  registry.override = (_request, path) =>
    path.endsWith(digest) ? { status: 200, body: IMAGE.layers[1]!.blob.map((byte) => byte ^ 1) } : undefined;
  await expect(new Puller(store, clientOf(registry).client).pull(NAME)).rejects.toThrow(InputError);
  expect(files(store)).toEqual([]);
});

test('an index: the platform of ours, or the one asked for', async () => {
  const registry = registryWith();
  const other = imageOf([[{ name: 'a', data: 'other' }]], {}, { os: 'linux', architecture: 'amd64' });
  registry.add('app', 'other', other);
  const entry = (image: typeof IMAGE, architecture: string) => ({
    mediaType: OCI_MANIFEST,
    digest: image.manifestDigest,
    size: image.manifest.length,
    platform: { os: 'linux', architecture },
  });
  const index = registry.manifest(
    'app',
    'multi',
    jsonBytes({ schemaVersion: 2, manifests: [entry(other, 'amd64'), entry(IMAGE, '386')] }),
    OCI_INDEX,
  );
  const store = await memoryStore();
  const puller = new Puller(store, clientOf(registry).client);
  const multi = parseReference('registry.example/app:multi');
  expect(await puller.pull(multi)).toEqual({ id: IMAGE.id, digest: index, upToDate: false });
  expect((await puller.pull(multi, { platform: parsePlatform('linux/amd64') })).id).toBe(other.id);
  await expect(puller.pull(parseReference('registry.example/app:other'))).rejects.toThrow(
    /no image for linux\/386.*for linux\/amd64/,
  );
  registry.manifest(
    'app',
    'loop',
    jsonBytes({
      schemaVersion: 2,
      manifests: [{ ...entry(IMAGE, '386'), digest: index, size: registry.manifests.get('app/multi')!.bytes.length }],
    }),
    OCI_INDEX,
  );
  await expect(puller.pull(parseReference('registry.example/app:loop'))).rejects.toThrow(/ambiguous|another index/);
});

test.each<[string, (registry: FakeRegistry) => void, RegExp]>([
  [
    'another layer',
    (r) => r.blobs.set(`app/${IMAGE.layers[0]!.descriptor.digest}`, IMAGE.layers[1]!.blob),
    /ended after|something else|longer than|no tar/,
  ],
  [
    'a layer with junk behind it',
    (r) => withLayer(r, Buffer.concat([IMAGE.layers[0]!.blob, Buffer.from('junk')])),
    /something else follows|incorrect header/,
  ],
  ['a layer that is cut', (r) => withLayer(r, IMAGE.layers[0]!.blob.subarray(0, -10)), /gzip|damaged|end/],
  [
    'a layer of other content than its DiffID says',
    (r) => withLayer(r, gzipSync(IMAGE.layers[1]!.tar, { level: 1 })),
    /another one/,
  ],
  [
    'a layer with a name that leads out',
    (r) => r.add('app', '1', imageOf([[{ name: '../../evil', data: '' }]])),
    /leads out/,
  ],
  [
    'a configuration of fewer layers',
    (r) => withConfig(r, { rootfs: { type: 'layers', diff_ids: [] } }),
    /layers, and checksums of/,
  ],
  [
    'a manifest under another digest',
    (r) => r.manifests.set('app/1', { ...r.manifests.get('app/1')!, bytes: new TextEncoder().encode('{}') }),
    /neither|schemaVersion/,
  ],
  [
    'a manifest that came as another kind',
    (r) => r.manifests.set('app/1', { bytes: IMAGE.manifest, type: DOCKER_LIST }),
    /ambiguous/,
  ],
  ['no manifest', (r) => r.manifests.clear(), /not found/],
])('%s: nothing comes in', async (_what, spoil, why) => {
  const storage = new MemoryStorage();
  const store = await memoryStore(storage);
  const registry = registryWith();
  spoil(registry);
  const pull = new Puller(store, clientOf(registry).client).pull(NAME);
  await expect(pull).rejects.toThrow(why);
  await expect(pull).rejects.toThrow(InputError);
  expect(store.images.ids).toEqual([]);
  await store.images.collect();
  expect([...storage.files.keys()]).toEqual([]);
});

/** The image's first layer is this blob, as manifest and size say. */
function withLayer(registry: FakeRegistry, blob: Uint8Array): void {
  const layer = { ...IMAGE.layers[0]!.descriptor, digest: sha256(blob), size: blob.length };
  registry.blobs.set(`app/${layer.digest}`, blob);
  const manifest = JSON.parse(new TextDecoder().decode(IMAGE.manifest));
  registry.manifest('app', '1', jsonBytes({ ...manifest, layers: [layer, manifest.layers[1]] }), OCI_MANIFEST);
}

function withConfig(registry: FakeRegistry, changes: object): void {
  const config = jsonBytes({ os: 'linux', architecture: '386', ...changes });
  registry.blobs.set(`app/${sha256(config)}`, config);
  const manifest = JSON.parse(new TextDecoder().decode(IMAGE.manifest));
  registry.manifest(
    'app',
    '1',
    jsonBytes({ ...manifest, config: { ...manifest.config, digest: sha256(config), size: config.length } }),
    OCI_MANIFEST,
  );
}

test('a bearer token is fetched once, from where the registry says, with the password; Basic goes to the registry itself', async () => {
  const registry = registryWith();
  registry.override = ({ url, headers }) => {
    if (url.startsWith('https://auth.example/token')) return { status: 200, body: '{"token":"T","expires_in":300}' };
    if (headers.Authorization !== 'Bearer T')
      return {
        status: 401,
        headers: {
          'www-authenticate': 'Bearer realm="https://auth.example/token",service="s",scope="repository:app:pull"',
        },
      };
    return undefined;
  };
  const password = { kind: 'password', username: 'u', password: 'p:ä' } as const;
  const { client } = clientOf(registry, { credentials: { 'registry.example': password } });
  await new Puller(await memoryStore(), client).pull(NAME);
  const tokens = authorizations(registry).filter(([url]) => url.startsWith('https://auth.example'));
  expect(tokens).toEqual([
    [
      'https://auth.example/token?service=s&scope=repository%3Aapp%3Apull&account=u',
      `Basic ${Buffer.from('u:p:ä').toString('base64')}`,
    ],
  ]);
  const other = registryWith();
  other.override = ({ headers }) =>
    headers.Authorization?.startsWith('Basic ')
      ? undefined
      : { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
  await new Puller(await memoryStore(), clientOf(other, { credentials: { 'registry.example': password } }).client).pull(
    NAME,
  );
  await expect(new Puller(await memoryStore(), clientOf(other).client).pull(NAME)).rejects.toThrow(DeniedError);
});

test.each([
  ['http://auth.example/token', /without TLS at another place/],
  ['http://registry.example/token', /without TLS at another place/],
  ['http://user:x@registry.example/token', /no address/],
  ['file:///etc/passwd', /no address/],
])('a realm at %s gets nothing', async (realm, why) => {
  const registry = registryWith();
  registry.override = () => ({ status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` } });
  const { client } = clientOf(registry, {
    credentials: { 'registry.example': { kind: 'password', username: 'u', password: 'p' } },
  });
  await expect(new Puller(await memoryStore(), client).pull(NAME)).rejects.toThrow(why);
  expect(
    registry.requests.every(
      ({ url, headers }) => url.startsWith('https://registry.example/') && !headers.Authorization,
    ),
  ).toBe(true);
});

test('a redirect to another host learns nothing; one away from TLS is not followed', async () => {
  const registry = registryWith();
  const { descriptor, blob } = IMAGE.layers[0]!;
  let to = 'https://cdn.example/x';
  registry.override = ({ url, headers }, path): Answer | undefined => {
    if (url.startsWith('https://cdn.example/')) return { status: 200, body: blob };
    if (headers.Authorization === undefined) return { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
    if (path.endsWith(descriptor.digest)) return { status: 307, headers: { location: to } };
    return undefined;
  };
  const credentials = { 'registry.example': { kind: 'password', username: 'u', password: 'p' } } as const;
  await new Puller(await memoryStore(), clientOf(registry, { credentials }).client).pull(NAME);
  expect(authorizations(registry).filter(([url]) => url.includes('cdn.example'))).toEqual([
    ['https://cdn.example/x', undefined],
  ]);
  to = 'http://cdn.example/x';
  await expect(new Puller(await memoryStore(), clientOf(registry, { credentials }).client).pull(NAME)).rejects.toThrow(
    /away from TLS/,
  );
  to = `https://registry.example/v2/app/blobs/${descriptor.digest}`;
  await expect(new Puller(await memoryStore(), clientOf(registry, { credentials }).client).pull(NAME)).rejects.toThrow(
    /more than 5 times/,
  );
});

test('a foreign layer is fetched by TLS where it lies, without a word about us', async () => {
  const registry = registryWith();
  const { descriptor, blob } = IMAGE.layers[0]!;
  const withUrl = (url: string) => {
    const manifest = JSON.parse(new TextDecoder().decode(IMAGE.manifest));
    const foreign = {
      ...descriptor,
      mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
      urls: [url],
    };
    registry.manifest('app', '1', jsonBytes({ ...manifest, layers: [foreign, manifest.layers[1]] }), OCI_MANIFEST);
  };
  registry.override = ({ url, headers }) => {
    if (url === 'https://vendor.example/layer') return { status: 200, body: blob };
    return headers.Authorization === undefined
      ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }
      : undefined;
  };
  const credentials = {
    'registry.example': { kind: 'password', username: 'u', password: 'p' },
    'vendor.example': { kind: 'password', username: 'u', password: 'p' },
  } as const;
  withUrl('https://vendor.example/layer');
  await new Puller(await memoryStore(), clientOf(registry, { credentials }).client).pull(NAME);
  expect(authorizations(registry).filter(([url]) => url.includes('vendor'))).toEqual([
    ['https://vendor.example/layer', undefined],
  ]);
  withUrl('http://169.254.169.254/latest');
  await expect(new Puller(await memoryStore(), clientOf(registry, { credentials }).client).pull(NAME)).rejects.toThrow(
    /no https address/,
  );
});

test('without TLS only on loopback, or when it was asked for; mirrors first', async () => {
  const local = new FakeRegistry('http://127.0.0.1:5000');
  local.add('app', '1', IMAGE);
  await new Puller(await memoryStore(), clientOf(local).client).pull(parseReference('127.0.0.1:5000/app:1'));
  const plain = new FakeRegistry('http://registry.example');
  plain.add('app', '1', IMAGE);
  await expect(new Puller(await memoryStore(), clientOf(plain).client).pull(NAME)).rejects.toThrow(/nobody is there/);
  expect(plain.requests.every(({ url }) => url.startsWith('https://'))).toBe(true);
  await new Puller(await memoryStore(), clientOf(plain, { insecure: ['registry.example'] }).client).pull(NAME);
  const mirror = new FakeRegistry('https://mirror.example');
  mirror.add('library/app', '1', IMAGE);
  const mirrors = { 'docker.io': ['https://gone.example', 'https://mirror.example/'] };
  const store = await memoryStore();
  await new Puller(store, clientOf(mirror, { mirrors }).client).pull(parseReference('app:1'));
  expect((await store.images.find('app:1')).digests).toEqual([`app@${IMAGE.manifestDigest}`]);
  await expect(
    new Puller(store, clientOf(mirror, { mirrors: { 'docker.io': ['http://mirror.example'] } }).client).pull(
      parseReference('app:1'),
    ),
  ).rejects.toThrow(/without TLS/);
});

test('a mirror knows whoever has named it, as a mirror alone', async () => {
  const mirror = new FakeRegistry('https://mirror.example');
  mirror.add('library/app', '1', IMAGE);
  mirror.override = ({ headers }) =>
    headers.Authorization === `Basic ${Buffer.from('own:secret').toString('base64')}`
      ? undefined
      : { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
  const password = (username: string): Credentials => ({ kind: 'password', username, password: 'secret' });
  const { client } = clientOf(mirror, {
    credentials: { 'https://index.docker.io/v1/': password('client') },
    mirrorCredentials: { 'mirror.example': password('own') },
    mirrors: { 'docker.io': ['https://mirror.example'] },
  });
  await new Puller(await memoryStore(), client).pull(parseReference('app:1'));
  const direct = parseReference('mirror.example/library/app:1');
  mirror.requests.length = 0;
  await expect(new Puller(await memoryStore(), client).pull(direct)).rejects.toThrow(DeniedError);
  expect(authorizations(mirror).map(([, said]) => said)).toEqual(mirror.requests.map(() => undefined));
});

test('a registry that stumbles is asked again, as late as it says', async () => {
  const registry = registryWith();
  let stumbles = 2;
  registry.override = (_request, path) =>
    path.includes('/manifests/') && stumbles-- > 0 ? { status: 503, headers: { 'retry-after': '7' } } : undefined;
  const { client, waits } = clientOf(registry);
  await new Puller(await memoryStore(), client).pull(NAME);
  expect(waits).toEqual([7000, 7000]);
  registry.override = () => ({ status: 404 });
  await expect(new Puller(await memoryStore(), client).pull(NAME)).rejects.toThrow(NotFoundError);
});

test('a push, what is there already, and what another repository has', async () => {
  const store = await memoryStore();
  const registry = registryWith();
  const { client } = clientOf(registry);
  await new Puller(store, client).pull(NAME);
  const target = new FakeRegistry('https://other.example');
  const { client: other } = clientOf(target);
  const lines: string[] = [];
  const progress = ({ id, status }: Progress) => lines.push(`${id ?? ''} ${status}`);
  await store.images.tag('registry.example/app:1', 'other.example/x/app:2');
  const pusher = new Pusher(store, other);
  expect(await pusher.push(parseReference('other.example/x/app:2'), progress)).toEqual({
    digest: IMAGE.manifestDigest,
    size: IMAGE.manifest.length,
  });
  for (const [digest, bytes] of IMAGE.blobs) expect(target.blobs.get(`x/app/${digest}`)).toEqual(bytes);
  expect(target.manifests.get('x/app/2')!.bytes).toEqual(IMAGE.manifest);
  const layer = IMAGE.layers[0]!.diffId.slice(7, 19);
  expect(lines).toContain(`${layer} Pushed`);
  await pusher.push(parseReference('other.example/x/app:2'), progress);
  expect(lines).toContain(`${layer} Layer already exists`);
  await store.images.tag('registry.example/app:1', 'other.example/y:1');
  await pusher.push(parseReference('other.example/y:1'), progress);
  expect(lines).toContain(`${layer} Mounted from x/app`);
  target.override = ({ method }) =>
    method === 'POST' ? { status: 403, body: '{"errors":[{"code":"DENIED","message":"no \\u001b[31m"}]}' } : undefined;
  await store.images.tag('registry.example/app:1', 'other.example/z:1');
  await expect(pusher.push(parseReference('other.example/z:1'))).rejects.toThrow(
    'push access denied for other.example/z:1: denied: no  [31m',
  );
});

test('a large blob goes in pieces; an upload that breaks begins anew, one that is refused ends', async () => {
  const store = await memoryStore();
  await new Puller(store, clientOf(registryWith()).client).pull(NAME);
  await store.images.tag('registry.example/app:1', 'other.example/big:1');
  const name = parseReference('other.example/big:1');
  const target = new FakeRegistry('https://other.example');
  let breaks = 2;
  target.override = ({ method, headers }) => {
    if (method !== 'PATCH' || !headers['Content-Range']?.startsWith('100-') || breaks-- <= 0) return undefined;
    return { status: breaks === 1 ? 500 : 416 };
  };
  const { client, waits } = clientOf(target);
  expect((await new Pusher(store, client, 100).push(name)).digest).toBe(IMAGE.manifestDigest);
  for (const [digest, bytes] of IMAGE.blobs) expect(target.blobs.get(`big/${digest}`)).toEqual(bytes);
  expect(waits.length).toBe(2);
  const ranges = target.requests.flatMap(({ headers }) => headers['Content-Range'] ?? []);
  expect(ranges).toContain('100-199');
  const hostile = new FakeRegistry('https://other.example');
  hostile.override = ({ method }) =>
    method === 'POST' ? { status: 202, headers: { location: 'http://169.254.169.254/latest' } } : undefined;
  await expect(new Pusher(store, clientOf(hostile).client).push(name)).rejects.toThrow(/without TLS elsewhere/);
  expect(hostile.requests.every(({ url }) => url.startsWith('https://other.example/'))).toBe(true);
});

test("the package's own image is asked of no registry, and is the same each time", async () => {
  const store = await memoryStore();
  const registry = registryWith();
  const root = tarOf([{ name: 'bin/sh', data: 'a shell' }]);
  const puller = new Puller(store, clientOf(registry).client, async function* () {
    yield root;
  });
  const told: string[] = [];
  const options = { progress: ({ status }: { status: string }) => void told.push(status) };
  const first = await puller.pull(parseReference('tabvisor'), options);
  expect(await puller.pull(parseReference('docker.io/library/tabvisor:latest'), options)).toEqual({
    ...first,
    upToDate: true,
  });
  expect(told).toContain('Status: Downloaded newer image for tabvisor:latest');
  expect(told).toContain('Status: Image is up to date for tabvisor:latest');
  expect(await store.images.find('tabvisor')).toMatchObject({ id: first.id, config: { config: { cmd: ['sh'] } } });
  expect(registry.requests).toEqual([]);
});

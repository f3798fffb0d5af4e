// Images as files: what is saved is loaded again as it was, what others save comes in, and nothing that a bundle says leads out of it.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bytesOf, imageOf, memoryStore, nodeStreams, put, sha256 } from '../../../test/images.js';
import { MemoryStorage } from '../../../test/memory-storage.js';
import { type TarFile, tarOf } from '../../../test/tar.js';
import { InputError } from '../../base/errors.js';
import { jsonBytes } from '../json.js';
import { parsePlatform } from '../platform.js';
import { parseReference } from '../reference.js';
import type { OnProgress } from '../registry/progress.js';
import { sendable } from '../store/sendable.js';
import type { Store } from '../store/store.js';
import { treeOf } from '../tree/tree.js';
import { indexLayer } from '../layer.js';
import { ArchiveBundle } from './bundle.js';
import { uncompressed } from './compressed.js';
import { type LoadOptions, loadImages } from './load.js';
import { layerTar } from '../tree/layer-tar.js';
import { commit, importRoot } from './make.js';
import { savedFiles, savedTar } from './save.js';
import { withSpooled } from './spool.js';

const IMAGE = imageOf([[{ name: 'bin/sh', data: 'x'.repeat(3000) }], [{ name: 'app', data: 'app' }]], { Cmd: ['app'] });
const sourceOf = (bytes: Uint8Array) => ({
  name: 'archive',
  size: bytes.length,
  read: (at: number, into: Uint8Array) => into.set(bytes.subarray(at, at + into.length)),
});

async function saved(store: Store, ...names: string[]): Promise<Uint8Array> {
  const pieces = [];
  for await (const piece of savedTar(await savedFiles(store, names))) pieces.push(piece);
  return Buffer.concat(pieces);
}
const load = (store: Store, bytes: Uint8Array) =>
  withSpooled(store, bytesOf(bytes), 'archive', (file) => loadImages(store, new ArchiveBundle(file)));

test('saved and loaded, an image is what it was, digests and all', async () => {
  const from = await memoryStore();
  await put(from, IMAGE, 'quay.io/x/app:1');
  await from.images.tag('quay.io/x/app:1', 'app');
  const archive = await saved(from, 'quay.io/x/app:1', 'app');
  expect(Buffer.compare(archive, await saved(from, 'quay.io/x/app:1', 'app'))).toBe(0);
  for (const bytes of [archive, gzipSync(archive)]) {
    const storage = new MemoryStorage();
    const store = await memoryStore(storage);
    const loaded = await load(store, bytes);
    expect(loaded.map(({ id }) => id)).toEqual([IMAGE.id]);
    const image = await store.images.find('app');
    expect(image.tags.sort()).toEqual(['app:latest', 'quay.io/x/app:1']);
    expect(image.manifestDigest).toBe(IMAGE.manifestDigest);
    for (const layer of await store.images.open(image.id)) layer.tar.close();
    expect([...storage.files.keys()].some((name) => name.startsWith('partial/'))).toBe(false);
    await store.images.remove(image.id, { force: true });
    expect([...storage.files.keys()]).toEqual(['images.json']);
  }
});

/** As docker save wrote it before it had layouts: each layer a folder, some of them links to others. */
function oldArchive(changes: Partial<Record<'Config' | 'Layers', unknown>> = {}, more: TarFile[] = []): Uint8Array {
  const [first, second] = IMAGE.layers;
  return tarOf([
    { name: `${IMAGE.id.slice(7)}.json`, data: IMAGE.config },
    { name: 'one/', type: '5' },
    { name: 'one/layer.tar', data: first!.tar },
    { name: 'real.tar', data: second!.blob },
    { name: 'two/layer.tar', type: '2', link: '../real.tar' },
    ...more,
    {
      name: 'manifest.json',
      data: jsonBytes([
        {
          Config: `${IMAGE.id.slice(7)}.json`,
          RepoTags: ['old:1'],
          Layers: ['one/layer.tar', 'two/layer.tar'],
          ...changes,
        },
      ]),
    },
  ]);
}

test('the old form, with links and with a compressed layer', async () => {
  const store = await memoryStore();
  expect(await load(store, oldArchive())).toEqual([{ id: IMAGE.id, tags: [parseReference('old:1')] }]);
  for (const layer of await store.images.open(IMAGE.id)) layer.tar.close();
  const image = await store.images.find('old:1');
  expect(image.manifest.layers.map(({ digest }) => digest)).toEqual([
    IMAGE.layers[0]!.diffId,
    IMAGE.layers[1]!.descriptor.digest,
  ]);
  // what leaves is compressed, once
  const lease = store.images.lease();
  const { manifest } = await sendable(store, image, lease);
  for (const { digest } of manifest.layers) expect(await store.content.has(digest)).toBe(true);
  expect((await sendable(store, await store.images.find('old:1'), lease)).manifest).toEqual(manifest);
  lease.release();
});

test('what is a file already is read where it lies; how far it has come is told; who gives up leaves nothing', async () => {
  const storage = new MemoryStorage();
  const store = await memoryStore(storage);
  const file = sourceOf(oldArchive());
  const stream = Object.assign(bytesOf(new Uint8Array(0)), { file });
  const told: [string | undefined, number | undefined, number | undefined][] = [];
  const progress: OnProgress = ({ id, current, total }) => told.push([id, current, total]);
  const loading = (options: LoadOptions) =>
    withSpooled(store, stream, 'archive', (archive) => loadImages(store, new ArchiveBundle(archive), options));
  await expect(loading({ interest: { aborted: true } })).rejects.toThrow('given up');
  expect([...storage.files.keys()].filter((name) => !name.startsWith('blobs/'))).toEqual([]);
  await expect(loading({ platform: parsePlatform('linux/amd64') })).rejects.toThrow(
    'old:1: no image for linux/amd64 is offered; it is for linux/386',
  );
  expect((await loading({ progress, platform: parsePlatform('linux/386') })).map(({ id }) => id)).toEqual([IMAGE.id]);
  const [first, second] = IMAGE.layers;
  expect(told).toContainEqual([first!.diffId.slice(7, 19), first!.tar.length, first!.tar.length]);
  expect(told).toContainEqual([second!.diffId.slice(7, 19), second!.blob.length, second!.blob.length]);
});

test.each<[string, Uint8Array, RegExp]>([
  ['no image', tarOf([{ name: 'etc/passwd', data: 'x' }]), /holds no image/],
  ['a root', tarOf([{ name: 'etc/mtab', type: '2', link: '/proc/mounts' }]), /holds no image/],
  ['no tar', new Uint8Array(1000).fill(7), /checksum|octal|no tar/],
  ['a configuration outside', oldArchive({ Config: '../../etc/passwd' }), /has no configuration/],
  ['a layer outside', oldArchive({ Layers: ['/etc/passwd', 'two/layer.tar'] }), /has no layer/],
  ['too few layers', oldArchive({ Layers: ['one/layer.tar'] }), /checksums of 2/],
  ['another layer', oldArchive({ Layers: ['two/layer.tar', 'two/layer.tar'] }), /another one/],
  ['a link that leads out', oldArchive({}, [{ name: 'evil', type: '2', link: '../../etc/passwd' }]), /leads out/],
  ['an absolute link', oldArchive({}, [{ name: 'evil', type: '2', link: '/etc/passwd' }]), /leads out/],
  ['a hard link that leads out', oldArchive({}, [{ name: 'evil', type: '1', link: '../etc/passwd' }]), /leads out/],
  [
    'links in a circle',
    oldArchive({ Config: 'a' }, [
      { name: 'a', type: '2', link: 'b' },
      { name: 'b', type: '2', link: 'a' },
    ]),
    /again and again/,
  ],
  ['a name that leads out', oldArchive({}, [{ name: '../evil', data: '' }]), /leads out/],
  ['a list that is none', tarOf([{ name: 'manifest.json', data: '{}' }]), /no list/],
  ['a layout with another blob', layoutWith(new TextEncoder().encode('{}')), /something else/],
  [
    'a layout with a digest that is a path',
    tarOf([
      { name: 'oci-layout', data: '{"imageLayoutVersion":"1.0.0"}' },
      {
        name: 'index.json',
        data: jsonBytes({
          schemaVersion: 2,
          manifests: [{ mediaType: '', size: 1, digest: 'sha256:../../../etc/passwd' }],
        }),
      },
    ]),
    /no digest/,
  ],
])('%s: nothing comes in', async (_what, archive, why) => {
  const storage = new MemoryStorage();
  const store = await memoryStore(storage);
  await expect(load(store, archive)).rejects.toThrow(why);
  await expect(load(store, archive)).rejects.toThrow(InputError);
  expect(store.images.ids).toEqual([]);
  await store.images.collect();
  expect(storage.files.size).toBe(0);
});

test('a compressed upload that becomes far too much ends on its way, whatever it is compressed with', async () => {
  const MIB = 1 << 20;
  const zeros = new Uint8Array(8 * MIB);
  const honest = randomBytes(2 * MIB);
  const read = async (bytes: Uint8Array): Promise<number> => {
    const pieces = await uncompressed(nodeStreams, inPieces(bytes), 'load', MIB);
    let size = 0;
    for await (const piece of pieces) size += piece.length;
    return size;
  };
  for (const bomb of [gzipSync(zeros), execFileSync('xz', ['-c'], { input: zeros })]) {
    await expect(read(bomb)).rejects.toThrow(/^load: becomes more than \d+ bytes when it is uncompressed$/);
    await expect(read(bomb)).rejects.toThrow(InputError);
  }
  expect(await read(gzipSync(honest))).toBe(honest.length);
  expect(await read(zeros)).toBe(zeros.length);
});

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 4096) yield bytes.subarray(at, at + 4096);
}

function layoutWith(manifest: Uint8Array): Uint8Array {
  return tarOf([
    { name: 'oci-layout', data: '{"imageLayoutVersion":"1.0.0"}' },
    {
      name: 'index.json',
      data: jsonBytes({
        schemaVersion: 2,
        manifests: [{ mediaType: '', size: IMAGE.manifest.length, digest: IMAGE.manifestDigest }],
      }),
    },
    { name: `blobs/sha256/${IMAGE.manifestDigest.slice(7)}`, data: manifest },
  ]);
}

test('a root as a tar becomes an image; what has changed over it one more', async () => {
  const store = await memoryStore();
  const root = tarOf([
    { name: 'bin/sh', data: 'sh' },
    { name: 'etc/motd', data: 'hello' },
  ]);
  const platform = parsePlatform('linux/386');
  const id = await importRoot(store, bytesOf(gzipSync(root)), platform, {
    tag: parseReference('base'),
    created: 0,
    comment: 'made',
  });
  expect((await store.images.find('base')).config).toMatchObject({
    platform: { os: 'linux', architecture: '386' },
    diffIds: [sha256(root)],
  });
  const upper = tarOf([
    { name: 'etc/.wh.motd', data: '' },
    { name: 'new', data: 'n' },
  ]);
  const making = { tag: parseReference('app'), created: 1000, config: { Cmd: ['sh'] } };
  const tree = treeOf({ index: indexLayer(sourceOf(upper)), tar: sourceOf(upper) });
  const app = await commit(store, id, layerTar(tree), making, 'sh');
  expect(await commit(store, id, layerTar(tree), making, 'sh')).toBe(app);
  const image = await store.images.get(app);
  expect(image.config.config.cmd).toEqual(['sh']);
  expect(image.config.history.map(({ createdBy, comment }) => [createdBy, comment])).toEqual([
    ['', 'made'],
    ['sh', undefined],
  ]);
  const [, layer] = await store.images.open(app);
  expect([...layer!.index.root.children!.keys()]).toEqual(['etc', 'new']);
  const other = await memoryStore();
  await load(other, await saved(store, 'app'));
  expect((await other.images.find('app')).id).toBe(app);
});

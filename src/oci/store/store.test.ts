// The stores: nothing comes in that is not what its name says, nothing goes that is needed, and a store whose process ends at any
// step is whole at the next start.
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bytesOf, imageOf, memoryStore, nodeStreams, put, sha256 } from '../../../test/images.js';
import { Gone, MemoryStorage } from '../../../test/memory-storage.js';
import { tarOf } from '../../../test/tar.js';

import { encodeText } from '../../base/text.js';
import { ConflictError, NotFoundError } from '../errors.js';
import { indexLayer } from '../layer.js';
import { ContentError } from './content-store.js';
import { readIndex, writeIndex } from './index-file.js';
import { LayerStore } from './layer-store.js';

const BASE = imageOf([[{ name: 'bin/sh', data: 'base' }]]);
const APP = imageOf([[{ name: 'bin/sh', data: 'base' }], [{ name: 'app', data: 'app' }]], { Cmd: ['app'] });

test('a blob is there when it is whole and what its digest says; else nothing is', async () => {
  const storage = new MemoryStorage();
  const { content } = await memoryStore(storage);
  const bytes = encodeText('hello');
  const good = { mediaType: '', digest: sha256(bytes), size: 5 };
  for (const [piece, why] of [
    ['hell', /ended after 4 of 5/],
    ['hello!', /longer than the 5/],
    ['hallo', /something else/],
  ] as const) {
    await expect(content.ingest(good, bytesOf(encodeText(piece)))).rejects.toThrow(why);
    await expect(content.ingest(good, bytesOf(encodeText(piece)))).rejects.toThrow(ContentError);
    expect(await content.has(good.digest)).toBe(false);
    expect(storage.files.size).toBe(0);
  }
  await content.ingest(good, bytesOf(bytes.slice(0, 2), bytes.slice(2)));
  expect(await content.read(good.digest)).toEqual(bytes);
  expect(await content.list()).toEqual([good.digest]);
});

test('what came of a blob is gone on from, wherever it was cut', async () => {
  const bytes = encodeText('some content of a blob');
  const descriptor = { mediaType: '', digest: sha256(bytes), size: bytes.length };
  for (let cut = 0; cut <= bytes.length; cut++) {
    const storage = new MemoryStorage();
    const { content } = await memoryStore(storage);
    const first = await content.receive(descriptor);
    await expect(content.receive(descriptor)).rejects.toThrow(/on its way/);
    await first.write(bytes.slice(0, cut));
    await first.abandon(true);
    const next = await content.receive(descriptor);
    expect(next.kept).toBe(cut);
    for await (const piece of content.partial(descriptor.digest)) await next.write(piece);
    await next.write(bytes.slice(cut));
    await next.commit();
    expect(await content.read(descriptor.digest)).toEqual(bytes);
    expect(storage.files.size).toBe(1);
  }
});

test('a layer is indexed while it comes, whatever the pieces', async () => {
  const tar = tarOf([
    { name: 'd/f', data: 'x'.repeat(3000), pax: { path: `d/${'n'.repeat(90)}`, 'SCHILY.xattr.user.a': 'b' } },
    { name: 'h', type: '1', link: `d/${'n'.repeat(90)}` },
    { name: '.wh.gone', data: '' },
    { name: 'dev', type: '3', major: 5, minor: 1 },
    { name: 's', type: '2', link: 'h' },
  ]);
  const whole = indexLayer({
    name: 't',
    size: tar.length,
    read: (at, into) => into.set(tar.subarray(at, at + into.length)),
  });
  for (const piece of [1, 7, 511, 512, 513, 4096, tar.length]) {
    const { layers } = await memoryStore();
    const pieces = [];
    for (let at = 0; at < tar.length; at += piece) pieces.push(tar.slice(at, at + piece));
    const { diffId, size } = await layers.ingest(bytesOf(...pieces), sha256(tar));
    expect(size).toBe(tar.length);
    const layer = (await layers.open(diffId))!;
    expect(layer.index).toEqual(whole);
    expect(layer.index.root.children!.get('h')).toBe(
      layer.index.root.children!.get('d')!.children!.get('n'.repeat(90)),
    );
  }
  const written = writeIndex(whole);
  expect(readIndex(written, tar.length)).toEqual(whole);
  expect(readIndex(written, 100)).toBeUndefined();
  for (let cut = 0; cut < written.length; cut += 13)
    expect(readIndex(written.slice(0, cut), tar.length)).toBeUndefined();
});

test('a layer whose index is lost has it again; a cut or foreign one is refused and leaves nothing', async () => {
  const storage = new MemoryStorage();
  const { layers } = await memoryStore(storage);
  const tar = tarOf([
    { name: 'f', data: 'data' },
    { name: '../evil', data: '' },
  ]);
  await expect(layers.ingest(bytesOf(tar))).rejects.toThrow(/leads out/);
  const good = tarOf([{ name: 'f', data: 'data'.repeat(400) }]);
  for (const cut of [0, 100, 600, 1500])
    await expect(layers.ingest(bytesOf(good.slice(0, cut)), sha256(good))).rejects.toThrow();
  await expect(layers.ingest(bytesOf(good), sha256(tar))).rejects.toThrow(ContentError);
  expect(storage.files.size).toBe(0);
  const { diffId } = await layers.ingest(bytesOf(good));
  const { index } = (await layers.open(diffId))!;
  for (const name of storage.files.keys()) if (name.endsWith('.index')) storage.files.set(name, encodeText('{}'));
  expect((await layers.open(diffId))!.index).toEqual(index);
});

test('a layer that becomes far too much is refused while it comes, and one that is merely well compressed is not', async () => {
  const storage = new MemoryStorage();
  const layers = new LayerStore(storage, nodeStreams, 1 << 20);
  const zeros = tarOf([{ name: 'zeros', data: new Uint8Array(2 << 20) }]);
  const bomb = gzipSync(zeros);
  expect(zeros.length / bomb.length).toBeGreaterThan(200);
  await expect(layers.ingest(nodeStreams.uncompress('gzip', bytesOf(bomb)), undefined, bomb.length)).rejects.toThrow(
    /becomes more than/,
  );
  expect(storage.files.size).toBe(0);
  const small = tarOf([{ name: 'zeros', data: new Uint8Array(1 << 19) }]);
  await layers.ingest(nodeStreams.uncompress('gzip', bytesOf(gzipSync(small))), sha256(small), gzipSync(small).length);
});

test('names: tags, digests, IDs and their beginnings', async () => {
  const store = await memoryStore();
  const { images } = store;
  const base = await put(store, BASE, 'base');
  const app = await put(store, APP, 'quay.io/x/app:v1');
  await images.tag('base', 'other:2');
  expect(images.resolve('docker.io/library/base:latest')).toBe(base);
  expect(images.resolve(app)).toBe(app);
  expect(images.resolve(app.slice(7, 19))).toBe(app);
  expect(images.resolve('other:2')).toBe(base);
  expect((await images.find('base')).tags.sort()).toEqual(['base:latest', 'other:2']);
  expect(() => images.resolve('nothing')).toThrow('No such image: nothing:latest');
  expect(() => images.resolve('nothing')).toThrow(NotFoundError);
  expect(() => images.resolve('BAD')).toThrow(/lowercase/);
  await images.tag('quay.io/x/app:v1', 'other:2');
  expect(images.resolve('other:2')).toBe(app);
  expect((await images.open(app)).map((layer) => [...layer.index.root.children!.keys()])).toEqual([['bin'], ['app']]);
});

test('what two images share stays until the last of them goes; what is held stays', async () => {
  const storage = new MemoryStorage();
  const store = await memoryStore(storage);
  const { images, content, layers } = store;
  await put(store, BASE, 'base');
  const app = await put(store, APP, 'app');
  await images.tag('app', 'registry.example/app');
  await expect(images.remove(app)).rejects.toThrow(ConflictError);
  expect(await images.remove('registry.example/app')).toEqual([{ Untagged: 'registry.example/app:latest' }]);
  const lease = images.lease();
  lease.hold(APP.layers[1]!.diffId);
  const removed = await images.remove(app);
  expect(removed).toEqual([{ Untagged: 'app:latest' }, { Deleted: app }]);
  expect(await layers.has(BASE.layers[0]!.diffId)).toBe(true);
  expect(await layers.has(APP.layers[1]!.diffId)).toBe(true);
  expect(await content.has(APP.layers[1]!.descriptor.digest)).toBe(false);
  expect(await images.collect()).toEqual({ bytes: 0, gone: [] });
  lease.release();
  const { bytes, gone } = await images.collect();
  expect([bytes, gone]).toEqual([APP.layers[1]!.tar.length, [APP.layers[1]!.diffId]]);
  await images.remove('base');
  expect([...storage.files.keys()]).toEqual(['images.json']);
});

test('images that come at once are all kept; a name that can not be kept is not seen', async () => {
  const storage = new MemoryStorage();
  const store = await memoryStore(storage);
  await put(store, BASE, 'base');
  // the first of two replacements is the slower one
  const { replace } = storage;
  let slow = true;
  storage.replace = async (path, bytes) => {
    if (slow) {
      slow = false;
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    }
    return replace.call(storage, path, bytes);
  };
  await Promise.all([store.images.tag('base', 'one'), store.images.tag('base', 'two')]);
  const after = await memoryStore(new MemoryStorage(storage.files));
  expect((await after.images.find('base')).tags).toEqual(['base:latest', 'one:latest', 'two:latest']);
  storage.replace = () => Promise.reject(new Error('full'));
  await expect(store.images.tag('base', 'three')).rejects.toThrow('full');
  await expect(store.images.remove('base')).rejects.toThrow('full');
  expect((await store.images.find('base')).tags).toEqual(['base:latest', 'one:latest', 'two:latest']);
});

test('the process may end before any step of an image’s coming and going: what was said to be there is, and the rest does no harm', async () => {
  const run = async (storage: MemoryStorage) => {
    const store = await memoryStore(storage);
    const said: string[] = [];
    try {
      await put(store, BASE, 'base');
      said.push('base');
      await put(store, APP, 'app');
      said.push('app');
      await store.images.remove('base');
      said.splice(0, 1);
      await store.images.collect();
    } catch (error) {
      expect(error).toBeInstanceOf(Gone);
    }
    return said;
  };
  const whole = new MemoryStorage();
  await run(whole);
  for (let end = 0; end < whole.steps; end++) {
    const storage = new MemoryStorage();
    storage.endsAt = end;
    const said = await run(storage);
    const after = await memoryStore(new MemoryStorage(storage.files));
    for (const name of said.filter((name) => name !== 'base' || said.length === 1))
      for (const layer of await after.images.open(after.images.resolve(name))) layer.tar.close();
    // every image that is listed is whole
    for (const id of after.images.ids) await after.images.open(id);
    for (const digest of await after.content.list()) {
      const held = (await after.content.read(digest))!;
      expect(sha256(held)).toBe(digest);
    }
    // and it can go on
    await put(after, APP, 'app');
    for (const id of after.images.ids) await after.images.remove(id, { force: true });
    await after.images.collect();
    expect((await after.content.list()).length + (await after.layers.list()).length).toBe(0);
  }
});

test('a gzip layer that unpacks to nothing of its own is no layer', async () => {
  const store = await memoryStore();
  const unpacked = store.codecs.uncompress('gzip', bytesOf(new Uint8Array(gzipSync(new Uint8Array(100)))));
  await expect(store.layers.ingest(unpacked)).rejects.toThrow(/no tar/);
});

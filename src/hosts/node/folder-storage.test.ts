// Node's folders and locks behind a store. The contract itself is tested by the stores over memory; here is what is the host's.
import { fork } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../../test/memory-storage.js';
import { root } from '../../../test/provisioned.js';
import { scratch } from '../../../test/scratch.js';
import type { Storage } from '../../base/storage.js';
import { FolderInUse, lockFolder } from './folder-lock.js';
import { FolderStorage } from './folder-storage.js';
import { nodeStreams } from './stream-codecs.js';

const bytes = (text: string) => new TextEncoder().encode(text);
async function all(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const found = [];
  for await (const piece of pieces) found.push(piece);
  return Buffer.concat(found).toString('latin1');
}

test.each<[string, () => Storage]>([
  ['a folder', () => new FolderStorage(join(scratch(), 'made'))],
  ['memory', () => new MemoryStorage()],
])('a storage keeps its contract: %s', async (_what, make) => {
  const storage = make();
  expect(await storage.list('a')).toEqual([]);
  expect(await storage.size('a/x')).toBeUndefined();
  expect(await storage.read('a/x', 10)).toBeUndefined();
  expect(await storage.open('a/x')).toBeUndefined();
  await storage.replace('a/x', bytes('first'));
  await storage.replace('a/x', bytes('second'));
  expect(await storage.read('a/x', 10)).toEqual(bytes('second'));
  await expect(storage.read('a/x', 5)).rejects.toThrow();
  const writer = await storage.write('a/y', 0);
  await writer.write(bytes('hello '));
  await writer.write(bytes('world'));
  await writer.finish();
  const again = await storage.write('a/y', 6);
  await again.write(bytes('there'));
  await again.abandon();
  expect(await all(storage.stream('a/y'))).toBe('hello there');
  expect(await all(storage.stream('a/y', 6))).toBe('there');
  await storage.move('a/y', 'b/c/z');
  expect(await storage.list('a')).toEqual(['x']);
  const file = (await storage.open('b/c/z'))!;
  await storage.remove('b');
  expect(await storage.size('b/c/z')).toBeUndefined();
  const into = new Uint8Array(5);
  file.read(6, into);
  expect(into).toEqual(bytes('there'));
  file.close();
  await storage.remove('nothing');
  await storage.replace('b/c/z', bytes('new'));
  expect(await storage.list('b')).toEqual(['c']);
});

test('a folder that can not be written says why', async () => {
  const folder = scratch();
  writeFileSync(join(folder, 'file'), '');
  const storage = new FolderStorage(join(folder, 'file'));
  await expect(storage.replace('x', bytes(''))).rejects.toThrow(/file/);
});

test('one process has a folder; when it is gone, the next one does', async () => {
  const folder = join(scratch(), 'data');
  const script = join(scratch(), 'holder.mjs');
  const module = pathToFileURL(join(root, 'build/js/src/hosts/node/folder-lock.js'));
  writeFileSync(
    script,
    `import { lockFolder } from ${JSON.stringify(module.href)};\nlockFolder(${JSON.stringify(folder)});\nprocess.send('held');\nsetInterval(() => {}, 1000);\n`,
  );
  const holder = fork(script, { execArgv: [] });
  await new Promise((resolve) => holder.once('message', resolve));
  expect(() => lockFolder(folder)).toThrow(FolderInUse);
  expect(() => lockFolder(folder)).toThrow(`process ${holder.pid} uses it`);
  holder.kill('SIGKILL');
  await new Promise((resolve) => holder.once('exit', resolve));
  const release = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(FolderInUse);
  release();
  expect(readdirSync(folder)).toEqual([]);
  // a number that another process has by now
  writeFileSync(join(folder, 'lock'), `${process.pid} 1\n`);
  lockFolder(folder)();
  expect(existsSync(join(folder, 'lock'))).toBe(false);
});

test('gzip both ways; what is damaged, cut or followed by something is no archive', async () => {
  const one = async function* (...pieces: Uint8Array[]) {
    yield* pieces;
  };
  const packed = Buffer.from(await all(nodeStreams.gzip(one(bytes('hello '), bytes('world')))), 'latin1');
  expect(await all(nodeStreams.gzip(one(bytes('hello world'))))).toBe(packed.toString('latin1'));
  const unpack = (...pieces: Uint8Array[]) => all(nodeStreams.uncompress('gzip', one(...pieces)));
  expect(await unpack(packed.subarray(0, 7), packed.subarray(7))).toBe('hello world');
  expect(await unpack(packed, packed)).toBe('hello worldhello world');
  for (const cut of [0, 5, 15, packed.length - 1])
    await expect(unpack(packed.subarray(0, cut))).rejects.toThrow(/gzip/);
  await expect(unpack(packed, bytes('junk'))).rejects.toThrow(/gzip/);
  await expect(unpack(packed, new Uint8Array(512))).rejects.toThrow(/something else follows/);
  const failing = (async function* () {
    yield packed.subarray(0, 5);
    throw new Error('the line broke');
  })();
  await expect(all(nodeStreams.uncompress('gzip', failing))).rejects.toThrow('the line broke');
});

// A layout as a folder of the host: what is a link in it, or leads out, is not read. Threats: a blob that is a link.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratch } from '../../test/scratch.js';
import { FolderBundle } from './folder-bundle.js';

test('files are read, links are not, and nothing leads out', async () => {
  const folder = scratch();
  mkdirSync(join(folder, 'layout/blobs/sha256'), { recursive: true });
  writeFileSync(join(folder, 'layout/blobs/sha256/a'), 'content');
  writeFileSync(join(folder, 'secret'), 'secret');
  symlinkSync(join(folder, 'secret'), join(folder, 'layout/blobs/sha256/b'));
  symlinkSync(folder, join(folder, 'layout/out'));
  const bundle = new FolderBundle(join(folder, 'layout'));
  const all = async (path: string) => {
    const pieces = [];
    for await (const piece of bundle.stream(path)) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  };
  expect(await all('blobs/sha256/a')).toBe('content');
  expect(Buffer.from((await bundle.read('blobs/sha256/a', 10))!).toString()).toBe('content');
  expect(await bundle.size('blobs/sha256/none')).toBeUndefined();
  await expect(bundle.read('blobs/sha256/a', 3)).rejects.toThrow(/longer than/);
  for (const path of [
    'blobs/sha256/b',
    'out/secret',
    'blobs/sha256',
    '../secret',
    '/etc/passwd',
    'blobs//sha256/a',
    '',
  ]) {
    await expect(bundle.read(path, 100)).rejects.toThrow(/no file of it|a link/);
    await expect(all(path)).rejects.toThrow(/no file of it|a link/);
  }
});

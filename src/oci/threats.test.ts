// What hostile archives have done to others, case by case, as far as no other test has the case: no effect outside, bounded time, a named error.
// Cases: names and links of archives (1 to 11, 19); digests, manifests and registries (12 to 18) are in the tests of their rooms.
import { expect, test } from 'vitest';
import { type TarFile, tarOf } from '../../test/tar.js';
import { InputError } from '../base/errors.js';
import type { LayerIndex } from '../base/layer-index.js';
import { indexLayer, LayerIndexer } from './layer.js';
import { flatten, type Tree, treeOf } from './tree/tree.js';

function both(bytes: Uint8Array): LayerIndex {
  const source = {
    name: 't',
    size: bytes.length,
    read: (at: number, into: Uint8Array) => into.set(bytes.subarray(at, at + into.length)),
  };
  const streamed = new LayerIndexer();
  for (let at = 0; at < bytes.length; at += 700) streamed.push(bytes.subarray(at, at + 700));
  const index = indexLayer(source);
  expect(streamed.end()).toEqual(index);
  return index;
}
const index = (...files: TarFile[]): LayerIndex => both(tarOf(files));
const tree = (...files: TarFile[]): Tree => treeOf({ index: index(...files), tar: { name: '', size: 0, read() {} } });
function refused(why: RegExp, ...files: TarFile[]): void {
  const bytes = tarOf(files);
  const streamed = (): void => {
    const indexer = new LayerIndexer();
    for (let at = 0; at < bytes.length; at += 700) indexer.push(bytes.subarray(at, at + 700));
    indexer.end();
  };
  for (const read of [() => index(...files), streamed]) {
    expect(read).toThrow(why);
    expect(read).toThrow(InputError);
  }
}

test('1, 2, 3, 4: names that lead out, ways through links, chains of links', () => {
  refused(/leads out/, { name: 'a/b/../../../etc/passwd', data: '' });
  expect([...index({ name: '///etc//passwd', data: '' }).root.children!.keys()]).toEqual(['etc']);
  refused(/no directory/, { name: 'out', type: '2', link: '/' }, { name: 'out/etc/passwd', data: '' });
  refused(
    /not there before/,
    { name: 'a', type: '2', link: '.' },
    { name: 'b', type: '2', link: 'a/..' },
    { name: 'c', type: '1', link: 'b/etc/passwd' },
  );
  refused(/leads out/, { name: 'c', type: '1', link: '/../etc/passwd' });
});

test('5: the root as a link, under each of its names', () => {
  for (const name of ['.', './', '/', '//', './/.', ''])
    refused(/root of a layer|leads out/, { name, type: '2', link: '/etc' });
});

test('6: a folder that is a link in the layer above leads nobody into the folder below, nor the other way round', () => {
  const folder = tree({ name: 'etc/shadow', data: 'secret' });
  const link = tree({ name: 'etc', type: '2', link: '/proc/1/root' });
  const whole = flatten([folder, link]);
  expect(whole.root.children!.get('etc')).toMatchObject({ target: '/proc/1/root' });
  expect(whole.root.children!.get('etc')!.children).toBeUndefined();
  const over = flatten([link, tree({ name: 'etc/new', data: '' })]);
  expect([...over.root.children!.get('etc')!.children!.keys()]).toEqual(['new']);
});

test('7: names that differ in case or in how Unicode writes them are different names', () => {
  const names = ['A', 'a', 'caf\xc3\xa9', 'cafe\xcc\x81'];
  const { root } = index(...names.map((name) => ({ name: 'x', data: name, pax: { path: name } })));
  expect([...root.children!.keys()].sort()).toEqual([...names].sort());
});

test('8: whiteouts through a link, and of what is no name', () => {
  refused(/no directory/, { name: 'l', type: '2', link: '/etc' }, { name: 'l/.wh.passwd', data: '' });
  for (const name of ['.wh.', '.wh..', '.wh...']) refused(/hides no name/, { name, data: '' });
  expect(
    index({ name: '.wh..wh.orph/x', data: '' }, { name: 'a/.wh..wh.aufs', data: '' }).root.children!.get('a')!.children!
      .size,
  ).toBe(0);
});

test('9: ten thousand whiteouts cost what ten thousand files do', () => {
  const many = 10_000;
  const files: TarFile[] = [];
  for (let i = 0; i < many; i++) files.push({ name: `d/.wh..wh..opq`, data: '' });
  const bytes = tarOf(files);
  const source = {
    name: 't',
    size: bytes.length,
    read: (at: number, into: Uint8Array) => into.set(bytes.subarray(at, at + into.length)),
  };
  const layer = indexLayer(source);
  expect(layer.root.children!.get('d')!.xattrs!.size).toBe(1);
  let reads = 0;
  const counted = (at: number, into: Uint8Array): void => {
    reads++;
    source.read(at, into);
  };
  const lower = indexLayer({ ...source, read: counted });
  expect(reads).toBeLessThan(many);
  expect(flatten([layer, lower].map((one) => treeOf({ index: one, tar: source }))).root.children!.size).toBe(1);
});

test('10, 11: long names, bytes that are no text, attributes without end, NULs, sizes below nothing', () => {
  refused(/longer than 255/, { name: 'x', data: '', pax: { path: 'n'.repeat(256) } });
  const odd = '\xff\xfe\x80';
  expect([...index({ name: 'x', data: '', pax: { path: odd } }).root.children!.keys()]).toEqual([odd]);
  refused(/too long/, { name: 'x', data: '', pax: { [`SCHILY.xattr.user.${'n'.repeat(300)}`]: 'v' } });
  refused(/NUL/, { name: 'x', data: '', pax: { linkpath: 'a\0b' } });
  const bytes = tarOf([{ name: 'f', data: 'x' }]);
  // base 256, all ones: -1
  bytes.fill(0xff, 124, 136);
  bytes.fill(0x20, 148, 156);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  expect(() => both(bytes)).toThrow(/negative/);
});

test('12: more to remember than a layer may have, before memory is full', () => {
  const one = tarOf([{ name: 'x', data: '', pax: { 'SCHILY.xattr.user.a': 'v'.repeat(65_000) } }]).slice(0, -1024);
  const indexer = new LayerIndexer();
  expect(() => {
    for (let i = 0; i < 10_000; i++) indexer.push(one);
  }).toThrow(/a layer has at most/);
});

test('19: what has rights of its own is an entry like others: a kernel decides what it is worth', () => {
  const { root } = index(
    { name: 'su', data: '', mode: 0o6755, uid: 0 },
    { name: 'mem', type: '3', major: 1, minor: 1 },
  );
  expect(root.children!.get('su')!.mode).toBe(0o106755);
  expect(root.children!.get('mem')).toMatchObject({ major: 1, minor: 1 });
});

// Trees: what several layers show, what has changed, and the tar that is written of it, which GNU tar and our own reader agree about.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratch } from '../../../test/scratch.js';
import { type TarFile, tarOf } from '../../../test/tar.js';
import type { LayerNode } from '../../base/layer-index.js';
import { indexLayer } from '../layer.js';
import { ADDED, CHANGED, changesOf, DELETED } from './changes.js';
import { layerTar } from './layer-tar.js';
import { flatten, type Tree, treeOf } from './tree.js';

function treeFrom(...files: TarFile[]): Tree {
  const bytes = tarOf(files);
  const tar = {
    name: 't',
    size: bytes.length,
    read: (at: number, into: Uint8Array) => into.set(bytes.subarray(at, at + into.length)),
  };
  return treeOf({ index: indexLayer(tar), tar });
}
async function written(tree: Tree): Promise<Buffer> {
  const pieces = [];
  for await (const piece of layerTar(tree)) pieces.push(piece);
  return Buffer.concat(pieces);
}
const again = async (tree: Tree): Promise<Tree> => {
  const bytes = await written(tree);
  const tar = {
    name: 't',
    size: bytes.length,
    read: (at: number, into: Uint8Array) => void into.set(bytes.subarray(at, at + into.length)),
  };
  return treeOf({ index: indexLayer(tar), tar });
};
function paths(node: LayerNode, path = ''): string[] {
  return [...(node.children ?? [])]
    .flatMap(([name, child]) => [`${path}/${name}`, ...paths(child, `${path}/${name}`)])
    .sort();
}
function at(tree: Tree, path: string): LayerNode {
  let node: LayerNode | undefined = tree.root;
  for (const name of path.split('/')) node = node?.children?.get(name);
  return node!;
}
async function text(tree: Tree, path: string): Promise<string> {
  const node = at(tree, path);
  const into = new Uint8Array(node.size);
  await tree.read(node, 0, into);
  return Buffer.from(into).toString('latin1');
}

const LONG = 'n'.repeat(200);
const FILES: TarFile[] = [
  { name: 'd/', type: '5', mode: 0o750, uid: 5, gid: 6, mtime: 1000 },
  {
    name: 'd/f',
    data: 'x'.repeat(5000),
    mode: 0o4755,
    pax: { mtime: '1234567890.25', 'SCHILY.xattr.user.a': 'b\n\u00ff', uid: '3000000' },
  },
  { name: 'd/h', type: '1', link: 'd/f' },
  { name: 'l', type: '2', link: 'y'.repeat(300).slice(0, 99) },
  { name: 'old', data: '', pax: { mtime: '-1.5' } },
  { name: 'short', data: 'long', pax: { path: `d/${LONG}` } },
  { name: 'umlaut', data: 'u', pax: { path: 'd/\u00c3\u00a4' } },
  { name: 'null', type: '3', major: 1, minor: 3, mode: 0o666 },
  { name: 'fifo', type: '6' },
];

test('what is written is read again as it was, and the same tree gives the same bytes', async () => {
  const tree = treeFrom(...FILES);
  const bytes = await written(tree);
  const back = await again(tree);
  expect(paths(back.root)).toEqual(paths(tree.root));
  for (const path of paths(tree.root)) {
    const { pieces: _, children: __, ...before } = at(tree, path.slice(1));
    const { pieces: ___, children: ____, ...after } = at(back, path.slice(1));
    expect(after).toEqual(before);
  }
  expect(at(back, 'd/h')).toBe(at(back, 'd/f'));
  expect(await text(back, 'd/f')).toBe('x'.repeat(5000));
  expect(Buffer.compare(bytes, await written(back))).toBe(0);
});

test('GNU tar unpacks it', async () => {
  const folder = scratch();
  writeFileSync(join(folder, 't.tar'), await written(treeFrom(...FILES)));
  mkdirSync(join(folder, 'out'));
  execFileSync(
    'tar',
    ['-C', join(folder, 'out'), '--no-same-owner', '-xf', join(folder, 't.tar'), '--exclude', 'null'],
    { stdio: 'pipe' },
  );
  const out = (name: string): string => join(folder, 'out', name);
  expect(readFileSync(out('d/f'), 'latin1')).toBe('x'.repeat(5000));
  expect(statSync(out('d/f')).ino).toBe(statSync(out('d/h')).ino);
  expect(statSync(out('d/f')).mtimeMs).toBe(1234567890250);
  expect(statSync(out('old')).mtimeMs).toBe(-1500);
  expect(readlinkSync(out('l'))).toBe('y'.repeat(99));
  expect(readFileSync(out(`d/${LONG}`), 'utf8')).toBe('long');
  expect(readFileSync(out('d/ä'), 'utf8')).toBe('u');
});

test('layers one on the other: hidden names, opaque folders, a file where a folder was and the other way round', async () => {
  const lower = treeFrom(
    { name: 'a/x', data: '1' },
    { name: 'a/y', data: '2' },
    { name: 'b/z', data: '3' },
    { name: 'c', data: '4' },
    { name: 'e/f', data: '5' },
    { name: 'gone', data: '' },
  );
  const upper = treeFrom(
    { name: 'a/.wh.x', data: '' },
    { name: 'a/y', data: 'new' },
    { name: 'b/.wh..wh..opq', data: '' },
    { name: 'b/n', data: '6' },
    { name: 'c/d', data: '7' },
    { name: 'e', type: '2', link: '/etc' },
    { name: '.wh.gone', data: '' },
  );
  const whole = flatten([lower, upper]);
  expect(paths(whole.root)).toEqual(['/a', '/a/y', '/b', '/b/n', '/c', '/c/d', '/e']);
  expect(await text(whole, 'a/y')).toBe('new');
  expect(at(whole, 'e').target).toBe('/etc');
  const exported = await again(whole);
  expect(paths(exported.root)).toEqual(paths(whole.root));
  expect(at(exported, 'b').xattrs).toBeUndefined();
  expect(changesOf(lower.root, upper.root)).toEqual([
    { path: '/a', kind: CHANGED },
    { path: '/a/x', kind: DELETED },
    { path: '/a/y', kind: CHANGED },
    { path: '/b', kind: CHANGED },
    { path: '/b/n', kind: ADDED },
    { path: '/b/z', kind: DELETED },
    { path: '/c', kind: CHANGED },
    { path: '/c/d', kind: ADDED },
    { path: '/e', kind: CHANGED },
    { path: '/gone', kind: DELETED },
  ]);
  // written and read as a layer, it does the same
  expect(paths(flatten([lower, await again(upper)]).root)).toEqual(paths(whole.root));
});

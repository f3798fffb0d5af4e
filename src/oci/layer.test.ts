// Layers from tars: those that GNU tar writes, in each of its formats, and those that nobody honest does.
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratch } from '../../test/scratch.js';
import { type TarFile, tarOf } from '../../test/tar.js';
import { fromLatin1, latin1 } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import type { ByteSource } from '../base/host.js';
import type { LayerIndex, LayerNode } from '../base/layer-index.js';
import { indexLayer } from './layer.js';

function source(bytes: Uint8Array): ByteSource {
  return { name: 'test.tar', size: bytes.length, read: (at, into) => into.set(bytes.subarray(at, at + into.length)) };
}
const index = (...files: TarFile[]): LayerIndex => indexLayer(source(tarOf(files)));

function at(layer: LayerIndex, path: string): LayerNode | undefined {
  let node: LayerNode | undefined = layer.root;
  for (const name of path.split('/')) node = node?.children?.get(name);
  return node;
}

/** The bytes of a file as its pieces say. */
function contents(bytes: Uint8Array, node: LayerNode): Uint8Array {
  const all = new Uint8Array(node.size);
  for (const { offset, at, length } of node.pieces) all.set(bytes.subarray(at, at + length), offset);
  return all;
}

test.each([
  ['gnu', ['--format=gnu']],
  ['gnu, sparse', ['--format=gnu', '--sparse']],
  ['ustar', ['--format=ustar']],
  ['pax', ['--format=pax']],
  ['pax, sparse 0.0', ['--format=pax', '--sparse', '--sparse-version=0.0']],
  ['pax, sparse 0.1', ['--format=pax', '--sparse', '--sparse-version=0.1']],
  ['pax, sparse 1.0', ['--format=pax', '--sparse', '--sparse-version=1.0']],
])('what GNU tar packs is found again: %s', (name, options) => {
  const folder = scratch();
  const deep = name.startsWith('ustar') ? 'd/e' : `d/${'n'.repeat(200)}`;
  mkdirSync(join(folder, 'root', deep), { recursive: true });
  writeFileSync(join(folder, 'root', deep, 'hello'), 'hello\n', { mode: 0o640 });
  utimesSync(join(folder, 'root', deep, 'hello'), 1e9, 1e9 + 0.5);
  symlinkSync(name.startsWith('ustar') ? '../x' : 'y'.repeat(300), join(folder, 'root/link'));
  linkSync(join(folder, 'root', deep, 'hello'), join(folder, 'root/zz'));
  writeFileSync(join(folder, 'root/holes'), 'begin');
  truncateSync(join(folder, 'root/holes'), 1 << 20);
  for (let i = 0; i < 30; i++)
    execFileSync('dd', [
      `of=${folder}/root/holes`,
      'bs=8192',
      `seek=${i * 4 + 1}`,
      'count=1',
      'if=/dev/zero',
      'conv=notrunc',
      'status=none',
    ]);
  execFileSync('dd', [`of=${folder}/root/holes`, 'bs=1', 'seek=900000', 'conv=notrunc', 'status=none'], {
    input: 'end',
  });
  execFileSync('tar', ['-C', join(folder, 'root'), ...options, '-cf', join(folder, 't.tar'), '.']);
  const bytes = readFileSync(join(folder, 't.tar'));
  const layer = indexLayer(source(bytes));
  const hello = at(layer, `${deep}/hello`)!;
  expect(fromLatin1(contents(bytes, hello))).toBe('hello\n');
  expect(hello.mode).toBe(0o100640);
  expect(hello.links).toBe(2);
  expect(hello.seconds).toBe(1e9);
  if (name.startsWith('pax')) expect(hello.nanoseconds).toBe(5e8);
  expect(at(layer, 'zz')).toBe(hello);
  expect(at(layer, 'link')!.target).toMatch(name.startsWith('ustar') ? /^\.\.\/x$/ : /^y{300}$/);
  expect(at(layer, 'd')!.links).toBe(3);
  const holes = at(layer, 'holes')!;
  expect(Buffer.compare(contents(bytes, holes), readFileSync(join(folder, 'root/holes')))).toBe(0);
  if (name.includes('sparse')) expect(holes.pieces.reduce((sum, piece) => sum + piece.length, 0)).toBeLessThan(1 << 19);
});

test('devices, fifos, owners, attributes, and names without an entry of their directory', () => {
  const layer = index(
    { name: 'dev/null', type: '3', major: 1, minor: 3, mode: 0o666, uid: 7, gid: 8 },
    { name: './dev/sda', type: '4', major: 8, minor: 0 },
    { name: '/run/fifo', type: '6' },
    {
      name: 'bin/ping',
      data: 'x',
      mode: 0o4755,
      pax: { 'SCHILY.xattr.security.capability': '\x01\x00\x02', uid: '3000000' },
    },
    { name: 'dev/', type: '5', mode: 0o700 },
    { name: 'bin/sh', type: '2', link: 'ping', mode: 0o644 },
  );
  expect(at(layer, 'dev')!.mode).toBe(0o040700);
  expect(at(layer, 'dev/null')).toMatchObject({ mode: 0o020666, major: 1, minor: 3, uid: 7, gid: 8 });
  // whatever the archive says, links have all rights
  expect(at(layer, 'bin/sh')!.mode).toBe(0o120777);
  expect(at(layer, 'dev/sda')!.mode & 0o170000).toBe(0o060000);
  expect(at(layer, 'run/fifo')!.mode & 0o170000).toBe(0o010000);
  expect(at(layer, 'bin/ping')).toMatchObject({ mode: 0o104755, uid: 3000000 });
  expect(at(layer, 'bin/ping')!.xattrs!.get('security.capability')).toEqual(Uint8Array.of(1, 0, 2));
});

test("OCI's whiteouts are overlayfs's: a device 0:0 hides a name, an attribute all names", () => {
  const layer = index(
    { name: 'a/.wh.gone', data: '' },
    { name: 'b/.wh..wh..opq', data: '' },
    { name: 'b/new', data: 'n' },
    { name: '.wh.c', data: '' },
    { name: 'c/inside', data: 'i' },
    { name: 'd', data: 'stays' },
    { name: '.wh.d', data: '' },
    { name: '.wh..wh.plnk/x', data: '' },
    { name: 'forged', data: '', pax: { 'SCHILY.xattr.trusted.overlay.redirect': '/etc' } },
  );
  expect(at(layer, 'a/gone')).toMatchObject({ mode: 0o020000, major: 0, minor: 0 });
  for (const name of ['b', 'c']) expect([...at(layer, name)!.xattrs!.keys()]).toEqual(['trusted.overlay.opaque']);
  expect(at(layer, 'd')!.size).toBe(5);
  expect(at(layer, 'forged')!.xattrs).toBeUndefined();
});

test('a later entry of a name is the one that counts', () => {
  const layer = index(
    { name: 'f', data: 'old' },
    { name: 'g', type: '1', link: 'f' },
    { name: 'f', data: 'newer' },
    { name: 'd/x', data: '' },
    { name: 'd', data: 'file' },
  );
  expect(at(layer, 'f')).toMatchObject({ size: 5, links: 1 });
  expect(at(layer, 'g')).toMatchObject({ size: 3, links: 1 });
  expect(layer.root.links).toBe(2);
});

const long = 'x'.repeat(300);
test.each<[string, TarFile[], RegExp]>([
  ['a name that leads out', [{ name: '../evil', data: '' }], /leads out/],
  ['one that does so in the middle', [{ name: 'a/../../evil', data: '' }], /leads out/],
  [
    'a name through a symbolic link',
    [
      { name: 'l', type: '2', link: '/etc' },
      { name: 'l/passwd', data: '' },
    ],
    /no directory/,
  ],
  ['a root that is a link', [{ name: './', type: '2', link: '/' }], /root of a layer/],
  ['a hard link to outside', [{ name: 'h', type: '1', link: '../../etc/passwd' }], /leads out/],
  ['a hard link to nothing', [{ name: 'h', type: '1', link: 'nothing' }], /not there before/],
  ['a hard link to itself', [{ name: 'h', type: '1', link: 'h' }], /not there before/],
  [
    'a hard link to a directory',
    [
      { name: 'd/', type: '5' },
      { name: 'h', type: '1', link: 'd' },
    ],
    /directory/,
  ],
  ['a whiteout of nothing', [{ name: '.wh.', data: '' }], /hides no name/],
  ['a whiteout of the parent', [{ name: 'a/.wh...', data: '' }], /hides no name/],
  ['a name of 300 bytes', [{ name: 'short', data: '', pax: { path: long } }], /longer than 255/],
  ['a path of 5000', [{ name: 'short', data: '', pax: { path: 'a/'.repeat(2500) } }], /longer than 4096|deeper/],
  ['a path of 600 directories', [{ name: 'short', data: '', pax: { path: 'a/'.repeat(600) } }], /deeper/],
  ['a NUL in a name of pax', [{ name: 'short', data: '', pax: { path: 'a\0b' } }], /NUL/],
  ['a size of pax that is negative', [{ name: 'f', data: '', pax: { size: '-1' } }], /malformed/],
  ['a size behind the end', [{ name: 'f', data: '', pax: { size: '99999999999' } }], /longer than the archive/],
  ['an owner without a number', [{ name: 'f', data: '', pax: { uid: '4294967295' } }], /no owner/],
  ['a device without a number', [{ name: 'f', type: '3', major: 0o77777, minor: 0 }], /no device/],
  [
    'an attribute of 100 KiB',
    [{ name: 'f', data: '', pax: { 'SCHILY.xattr.user.a': 'x'.repeat(100_000) } }],
    /too long/,
  ],
  ['a header of 2 MiB', [{ name: 'f', data: '', pax: { comment: 'x'.repeat(2 << 20) } }], /too long/],
  [
    'a map that does not fit',
    [{ name: 'f', data: 'x', pax: { 'GNU.sparse.size': '10', 'GNU.sparse.map': '8,4' } }],
    /does not fit/,
  ],
  [
    'a map that goes back',
    [{ name: 'f', data: 'xx', pax: { 'GNU.sparse.size': '10', 'GNU.sparse.map': '4,1,3,1' } }],
    /does not fit/,
  ],
  [
    'a map of no numbers',
    [{ name: 'f', data: 'xx', pax: { 'GNU.sparse.size': '10', 'GNU.sparse.map': 'a,b' } }],
    /malformed/,
  ],
])('%s is refused', (_what, files, message) => {
  expect(() => index(...files)).toThrow(message);
  expect(() => index(...files)).toThrow(InputError);
});

test('a damaged tar is an error, wherever it is cut or changed; nothing else is thrown', () => {
  const whole = tarOf([
    { name: 'd/', type: '5' },
    { name: 'd/f', data: 'data'.repeat(200), pax: { mtime: '1.5', 'SCHILY.xattr.user.a': 'b' } },
    { name: 'd/l', type: '1', link: 'd/f' },
  ]);
  const attempt = (bytes: Uint8Array): void => {
    try {
      indexLayer(source(bytes));
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
    }
  };
  for (let end = 0; end < whole.length; end += 100) attempt(whole.subarray(0, end));
  for (let i = 0; i < whole.length; i += 3) {
    const bytes = whole.slice();
    bytes[i]! ^= 0x55;
    attempt(bytes);
  }
  expect(() => indexLayer(source(latin1('no tar at all'.repeat(100))))).toThrow(/checksum|octal/);
});

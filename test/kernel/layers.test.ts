// Roots of layers that are read where they lie: what shows of them through overlayfs, what stays unchanged, and what memory they take.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import type { ByteSource } from '../../src/base/host.js';
import { Layerfs } from '../../src/kernel/fs/layerfs.js';
import { Overlayfs } from '../../src/kernel/fs/overlayfs.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Inode } from '../../src/kernel/vfs/inode.js';
import { indexLayer } from '../../src/oci/layer.js';
import { needs, provisioned } from '../provisioned.js';
import { type TarFile, tarOf } from '../tar.js';
import { TestNode } from './node-fixture.js';

const APPLETS = [
  'sh',
  'ls',
  'cat',
  'md5sum',
  'stat',
  'rm',
  'mkdir',
  'mv',
  'dd',
  'wc',
  'find',
  'sort',
  'readlink',
  'cmp',
];
const LARGE = Buffer.alloc(300_000, 'the same line again and again, which is not\n');

let reads = 0;
let broken = false;

function source(bytes: Uint8Array): ByteSource {
  return {
    name: 'layer.tar',
    size: bytes.length,
    read(at, into) {
      if (broken) throw new Error('the disk is gone');
      reads++;
      into.set(bytes.subarray(at, at + into.length));
    },
  };
}

function layerOf(kernel: Kernel, files: readonly TarFile[]): Layerfs {
  const blob = source(tarOf(files));
  return new Layerfs(kernel.newDevice(), kernel.frames, blob, indexLayer(blob));
}

let node: TestNode;
let lower: Layerfs;
let upmost: Layerfs;

beforeAll(() => {
  const busybox = provisioned('busybox');
  if (busybox === undefined) return;
  const base: TarFile[] = [
    { name: 'bin/busybox', data: readFileSync(busybox), mode: 0o755 },
    ...APPLETS.map((name): TarFile => ({ name: `bin/${name}`, type: '2', link: 'busybox' })),
    { name: 'etc/motd', data: 'base\n', mode: 0o600, uid: 12, gid: 34, mtime: 1e9 },
    { name: 'etc/same', type: '1', link: 'etc/motd' },
    { name: 'etc/gone', data: 'gone' },
    { name: 'data/old', data: 'old' },
    { name: 'data/large', data: LARGE },
    { name: 'data/holes', data: 'ab', pax: { 'GNU.sparse.size': '100000', 'GNU.sparse.map': '10,1,50000,1' } },
    { name: 'plain', data: 'a file' },
  ];
  const second: TarFile[] = [
    { name: 'etc/.wh.gone', data: '' },
    { name: 'etc/new', data: 'new\n' },
    { name: 'data/.wh..wh..opq', data: '' },
    { name: 'data/large', data: LARGE },
    { name: 'plain/now-a-directory', data: '' },
  ];
  node = new TestNode(true, (kernel, upper) => {
    lower = layerOf(kernel, base);
    upmost = layerOf(kernel, second);
    return new Overlayfs(kernel.newDevice(), kernel.setup, upper, [upmost, lower]);
  });
});

function shell(command: string): string {
  const { output, errors } = node.run(['sh', '-c', command]);
  return output + errors;
}

test('layers are one tree: names, whiteouts, opaque directories, links, owners, times', (context) => {
  needs(context, 'busybox');
  expect(shell('ls etc data plain')).toBe('data:\nlarge\n\netc:\nmotd\nnew\nsame\n\nplain:\nnow-a-directory\n');
  expect(shell('cat etc/same; stat -c "%a %u %g %h %Y %s" etc/motd; cat etc/gone data/old')).toMatch(
    /^base\n600 12 34 2 1000000000 5\ncat: .*etc\/gone.*\n.*data\/old/,
  );
  expect(shell('md5sum < data/large')).toContain(createHash('md5').update(LARGE).digest('hex'));
});

test('changes leave the layers as they are', (context) => {
  needs(context, 'busybox');
  expect(shell('echo more >> etc/motd; rm etc/new; mkdir etc/new; ls etc/new; ls etc; cat etc/same')).toBe(
    'motd\nnew\nsame\nbase\nmore\n',
  );
  const etc = lower.root.lookup(node.kernel.setup, 'etc') as Inode;
  expect((etc.lookup(node.kernel.setup, 'motd') as Inode).size).toBe(5);
  expect(etc.create(node.kernel.setup, 'x', { mode: 0o100644, uid: 0, gid: 0 })).toBeLessThan(0);
});

test('a page of a layer is in memory once, however many roots show it', (context) => {
  needs(context, 'busybox');
  const { kernel } = node;
  const shared = layerOf(kernel, [{ name: 'large', data: LARGE }]);
  const [a, b] = [0, 1].map(() => {
    const overlay = new Overlayfs(kernel.newDevice(), kernel.setup, undefined, [shared]);
    return (overlay.root.lookup(kernel.setup, 'large') as Inode).cache!;
  });
  const frame = a!.get(1);
  expect(frame).toBeGreaterThan(0);
  expect(b!.get(1)).toBe(frame);
  expect(shared.reclaim(() => true)).toBe(1);
});

test('holes of a sparse file are zeros', (context) => {
  needs(context, 'busybox');
  const { kernel } = node;
  const inode = (lower.root.lookup(kernel.setup, 'data') as Inode).lookup(kernel.setup, 'holes') as Inode;
  const bytes = (index: number): Uint8Array => {
    const at = kernel.frames.hostAddress(inode.cache!.get(index));
    return kernel.frames.bytes.slice(at, at + 4096);
  };
  expect([...bytes(0)].findIndex((byte) => byte !== 0)).toBe(10);
  expect(bytes(5).every((byte) => byte === 0)).toBe(true);
  expect(bytes(12)[50000 - 12 * 4096]).toBe(0x62);
});

test('reading is in order and few calls of the host; a host that fails is EIO, once', (context) => {
  needs(context, 'busybox');
  upmost.reclaim(() => true);
  const before = reads;
  expect(shell('wc -c < data/large')).toBe('300000\n');
  const first = reads - before;
  expect(first).toBeLessThan(8);
  expect(upmost.reclaim(() => true)).toBeGreaterThan(LARGE.length / 4096);
  broken = true;
  expect(shell('wc -c data/large')).toContain('Input/output error');
  broken = false;
  expect(shell('wc -c < data/large')).toBe('300000\n');
});

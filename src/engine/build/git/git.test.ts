// Repositories of git's: packs, and what a commit shows, fetched of git's own server (git http-backend) on loopback. Oracle: git itself.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryStorage } from '../../../../test/memory-storage.js';
import { tarOf } from '../../../../test/tar.js';
import { NodeHttpClient } from '../../../hosts/node/http-client.js';
import { nodeStreams } from '../../../hosts/node/stream-codecs.js';
import type { LayerNode } from '../../../base/layer-index.js';
import type { Engine } from '../../engine.js';
import { fetchContext } from '../remote-context.js';
import { openStore } from '../../../oci/store/store.js';
import { checkout, gitAddress } from './checkout.js';
import { inflateAt } from './inflate.js';
import { objectsOf } from './pack.js';
import { sha1 } from './sha1.js';

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  '/context.tgz': gzipSync(
    tarOf([
      { name: 'Dockerfile', data: 'FROM tar\n' },
      { name: 'f', data: 'packed' },
    ]),
  ),
  '/Dockerfile': 'FROM text\n',
  '/noise': Buffer.from([0xff, 0xfe, 0xfd]),
};

const folder = mkdtempSync(join(tmpdir(), 'tabvisor-git-'));
const git = (...args: string[]): string =>
  execFileSync('git', ['-C', join(folder, 'work'), '-c', 'user.name=n', '-c', 'user.email=e@x', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
const hasGit = ((): boolean => {
  try {
    execFileSync('git', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
let server: Server;
let url: string;

/** A folder with what trees may have, twice changed: packs have deltas of the large file. */
function makeRepository(): void {
  const work = join(folder, 'work');
  mkdirSync(join(work, 'sub/deep'), { recursive: true });
  git('init', '-q', '-b', 'main');
  const large = Array.from({ length: 4000 }, (_, i) => `line ${i} ${(i * 7919) % 1009}\n`);
  for (const [change, name] of ['first', 'second'].entries()) {
    large[2000] = `changed ${change}\n`;
    writeFileSync(join(work, 'large'), large.join(''));
    writeFileSync(join(work, 'copy'), large.slice(0, 3000).join(''));
    writeFileSync(join(work, 'sub/deep/f'), name);
    writeFileSync(join(work, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(join(work, 'empty'), '');
    writeFileSync(join(work, 'sub/Dockerfile'), `FROM ${name}\n`);
    if (change === 0) symlinkSync('sub/deep/f', join(work, 'link'));
    git('add', '.');
    git('commit', '-qm', name);
    git('tag', '-am', name, `v${change + 1}`);
  }
  git('branch', 'other', 'v1');
  git('repack', '-qadf');
}

/** git http-backend as a server: man git-http-backend. */
function serve(): Server {
  return createServer((request, response) => {
    const [path, query = ''] = request.url!.split('?');
    const file = FILES[path!];
    if (file) {
      response.end(file);
      return;
    }
    if (path!.startsWith('/moved/')) {
      response.writeHead(301, { location: request.url!.replace('/moved/', '/') }).end();
      return;
    }
    const env = {
      ...{ ...process.env, GIT_PROJECT_ROOT: folder, GIT_HTTP_EXPORT_ALL: '1', PATH_INFO: path, QUERY_STRING: query },
      ...{ REQUEST_METHOD: request.method, CONTENT_TYPE: request.headers['content-type'] ?? '' },
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      GIT_CONFIG_PARAMETERS: "'uploadpack.allowAnySHA1InWant=true' 'safe.directory=*'",
    };
    const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    request.pipe(child.stdin);
    const pieces: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    child.on('close', () => {
      const all = Buffer.concat(pieces);
      const at = all.indexOf('\r\n\r\n');
      const status = /^Status: (\d+)/m.exec(all.subarray(0, at).toString())?.[1];
      response.writeHead(Number(status ?? 200)).end(all.subarray(at + 4));
    });
  });
}

beforeAll(async () => {
  if (!hasGit) return;
  mkdirSync(join(folder, 'work'));
  makeRepository();
  server = serve();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/work/.git`;
});
afterAll(() => {
  server?.close();
  rmSync(folder, { recursive: true });
});

async function shown(ref: string, inside = '', from = url): Promise<Record<string, string>> {
  const store = await openStore(new MemoryStorage(), nodeStreams, Date.now);
  const { files, release } = await checkout(store, new NodeHttpClient(), { url: from, ref, folder: inside });
  const found: Record<string, string> = {};
  const walk = async (node: LayerNode, path: string): Promise<void> => {
    for (const [name, child] of node.children!) {
      const bytes = new Uint8Array(child.size);
      await files.tree.read(child, 0, bytes);
      const what = child.children ? '' : (child.target ?? sha1(bytes));
      found[`${path}${name}`] = `${child.mode.toString(8)} ${what}`;
      if (child.children) await walk(child, `${path}${name}/`);
    }
  };
  await walk(files.tree.root, '');
  await release();
  return found;
}

/** What git itself shows. */
function expected(ref: string): Record<string, string> {
  const lines = git('ls-tree', '-rt', ref).split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [, mode, kind, name, path] = /^(\d+) (\w+) (\w+)\t(.*)$/.exec(line)!;
      const bytes =
        kind === 'tree'
          ? undefined
          : execFileSync('git', ['-C', join(folder, 'work'), 'cat-file', 'blob', name!], { maxBuffer: 1 << 24 });
      const type = mode === '040000' ? '40755' : mode === '120000' ? '120777' : mode!;
      return [path!, `${type} ${!bytes ? '' : mode === '120000' ? bytes.toString() : sha1(bytes)}`];
    }),
  );
}

test.runIf(hasGit)('branches, tags, commits, and what the server shows first', async () => {
  const [first, second] = [expected('v1'), expected('main')];
  expect(first).not.toEqual(second);
  expect(await shown('')).toEqual(second);
  expect(await shown('other')).toEqual(first);
  expect(await shown('v1')).toEqual(first);
  expect(await shown('refs/tags/v2')).toEqual(second);
  expect(await shown(git('rev-parse', 'v1^{commit}'))).toEqual(first);
  expect(await shown('', 'sub', url.replace('/work/', '/moved/work/'))).toEqual({
    ...{ deep: '40755 ', 'deep/f': second['sub/deep/f'], Dockerfile: second['sub/Dockerfile'] },
  });
});

test.runIf(hasGit)('what is not there is told', async () => {
  await expect(shown('nothing')).rejects.toThrow('repository does not contain ref nothing');
  await expect(shown('', 'none')).rejects.toThrow('the repository has no folder none');
  await expect(shown('', '', url.replace('work', 'other'))).rejects.toThrow(/answers 404/);
});

test.runIf(hasGit)('a context is a repository’s folder, a tar, or a Dockerfile alone', async () => {
  const store = await openStore(new MemoryStorage(), nodeStreams, Date.now);
  const engine = { images: { store }, host: { web: new NodeHttpClient() } } as unknown as Engine;
  const open = async (address: string) => {
    const { found, release } = await fetchContext(engine, address, '');
    const files = await found.context().then(
      ({ tree }) => [...tree.root.children!.keys()].sort(),
      (error: Error) => error.message,
    );
    await release();
    return [found.dockerfile.stages[0]!.base, files];
  };
  const { origin } = new URL(url);
  expect(await open(`${url}#v1:sub`)).toEqual(['first', ['Dockerfile', 'deep']]);
  expect(await open(`${origin}/context.tgz`)).toEqual(['tar', ['Dockerfile', 'f']]);
  expect(await open(`${origin}/Dockerfile`)).toEqual(['text', expect.stringContaining('a Dockerfile alone')]);
  await expect(open(`${origin}/noise`)).rejects.toThrow('is neither a tar nor a Dockerfile');
  await expect(open(url)).rejects.toThrow('Cannot locate specified Dockerfile');
  await expect(open('ftp://x/y')).rejects.toThrow('is not fetched here');
});

test('addresses', () => {
  expect(gitAddress('https://x.org/a/b.git#v1:sub/dir')).toEqual({
    ...{ url: 'https://x.org/a/b.git', ref: 'v1', folder: 'sub/dir' },
  });
  expect(gitAddress('github.com/a/b')).toEqual({ url: 'https://github.com/a/b', ref: '', folder: '' });
  expect(gitAddress('https://x.org/a.git#:dir')).toMatchObject({ ref: '', folder: 'dir' });
  expect([gitAddress('https://x.org/a.tar.gz'), gitAddress('./a.git')]).toEqual([undefined, undefined]);
  expect(() => gitAddress('git@github.com:a/b.git')).toThrow('repositories are fetched by https here');
});

test.each([0, 1, 9])('what zlib packs with level %d is found again, and nothing but that', (level) => {
  const plain = Buffer.from(Array.from({ length: 30_000 }, (_, i) => (i * i) >> (i % 7)));
  const packed = deflateSync(plain, { level });
  const data = Buffer.concat([Buffer.from('before'), packed, Buffer.from('behind')]);
  const { bytes, end } = inflateAt(data, 6, plain.length);
  expect(Buffer.compare(bytes, plain)).toBe(0);
  expect(end).toBe(6 + packed.length);
  for (const length of [plain.length - 1, plain.length + 1])
    expect(() => inflateAt(data, 6, length)).toThrow('the pack is damaged');
  expect(() => inflateAt(packed.subarray(0, 40), 0, plain.length)).toThrow('the pack is damaged');
});

/** A pack of objects: type, what comes before the data, data. */
function packOf(
  ...objects: (readonly [type: number, before: Uint8Array, data: Uint8Array, said?: number])[]
): Uint8Array {
  const head = Buffer.from([0x50, 0x41, 0x43, 0x4b, 0, 0, 0, 2, 0, 0, 0, objects.length]);
  const parts = objects.flatMap(([type, before, data, said = data.length]) => {
    const bytes = [(type << 4) | (said & 15)];
    for (let rest = said >> 4; rest > 0; rest >>= 7) {
      bytes[bytes.length - 1]! |= 0x80;
      bytes.push(rest & 0x7f);
    }
    return [Buffer.from(bytes), before, deflateSync(data)];
  });
  return Buffer.concat([head, ...parts, Buffer.alloc(20)]);
}
const none = new Uint8Array();
const blob = Buffer.from('some text of a blob');
const nameOf = (bytes: Buffer): Buffer => Buffer.from(sha1(Buffer.from(`blob ${bytes.length}\0`), bytes), 'hex');

test.each([
  ['no pack', Buffer.alloc(40), 'it is none'],
  ['a type that is none', packOf([5, none, blob]), 'type 5 is none'],
  ['a size that is another', packOf([3, none, blob, 18]), 'damaged'],
  ['a delta on nothing', packOf([7, Buffer.alloc(20), Buffer.from([1, 1, 1, 1])]), 'a delta lies on nothing'],
  ['a delta on itself', packOf([6, Buffer.from([0]), Buffer.from([1, 1, 1, 1])]), 'a delta lies on nothing'],
  [
    'a copy from outside',
    packOf([3, none, blob], [7, nameOf(blob), Buffer.from([19, 9, 0x91, 15, 9])]),
    'leads outside',
  ],
  ['more than the pack has', packOf([3, none, blob]).subarray(0, 30), 'it is none'],
])('a pack with %s is refused', (_what, pack, why) => {
  expect(() => objectsOf(pack)).toThrow(why);
});

// Parts of a build: arguments, words of history, sources and where they go, downloads. docs.docker.com/reference/dockerfile.
import { describe, expect, test } from 'vitest';
import { MemoryStorage } from '../../../test/memory-storage.js';
import { type TarFile, tarOf } from '../../../test/tar.js';
import { type HttpClient, HttpError } from '../../base/http.js';
import type { LayerNode } from '../../base/layer-index.js';
import { nodeStreams } from '../../hosts/node/stream-codecs.js';
import { indexLayer } from '../../oci/layer.js';
import { openStore } from '../../oci/store/store.js';
import { type Tree, treeOf } from '../../oci/tree/tree.js';
import { BuildArgs } from './build-args.js';
import { BuildCaches, type Sharing } from './caches.js';
import { Cancellation } from './cancellation.js';
import { rightsOf } from './chmod.js';
import { absolute } from './copy.js';
import { parseDockerfile } from './dockerfile.js';
import { download } from './download.js';
import { duration, parseDuration, quotedList } from './go-format.js';
import { LayerDraft } from './layer-draft.js';
import { ownerOf } from './owner.js';
import { runCommand } from './run.js';
import { mountOf } from './run-mounts.js';
import { checksumOf, sourcesOf } from './sources.js';
import { goalOf, orderOf } from './stage-order.js';

function treeFrom(...files: TarFile[]): Tree {
  const bytes = tarOf(files);
  const read = (at: number, into: Uint8Array): void => into.set(bytes.subarray(at, at + into.length));
  const tar = { name: 't', size: bytes.length, read };
  return treeOf({ index: indexLayer(tar), tar });
}
function paths(node: LayerNode, path = ''): string[] {
  return [...(node.children ?? [])]
    .flatMap(([name, child]) => [`${path}/${name}`, ...paths(child, `${path}/${name}`)])
    .sort();
}
const missing = (path: string): Error => new Error(`no ${path}`);

describe('arguments', () => {
  const given = new Map([
    ['A', 'given'],
    ['http_proxy', 'proxy'],
    ['X', 'x'],
  ]);
  const args = (): BuildArgs => new BuildArgs(given, { TARGETARCH: '386' });

  test('what FROM sees, a stage sees when it asks', () => {
    const all = args();
    all.declareBefore('A', 'default');
    all.declareBefore('B', 'before');
    expect([all.globals('A'), all.globals('B'), all.globals('TARGETARCH')]).toEqual(['given', 'before', '386']);
    expect([all.variables('A'), all.variables('B'), all.variables('http_proxy')]).toEqual([
      undefined,
      undefined,
      'proxy',
    ]);
    for (const name of ['A', 'B', 'TARGETARCH']) all.declare(name, undefined);
    expect([all.variables('A'), all.variables('B'), all.variables('TARGETARCH')]).toEqual(['given', 'before', '386']);
    const { inStage } = all;
    all.beginStage();
    expect(all.variables('B')).toBeUndefined();
    all.beginStage(inStage);
    expect(all.variables('B')).toBe('before');
    expect(all.declaredIn(['A=variable'])).toEqual(['A=variable', 'B=before', 'TARGETARCH=386']);
  });

  test('a command gets them, but where ENV says otherwise; proxies are no part of what it is known by', () => {
    const all = args();
    all.declare('A', 'default');
    all.declare('E', 'argument');
    expect(all.environment(['E=variable'])).toEqual(['http_proxy=proxy', 'A=given']);
    expect(all.remembered(['E=variable'])).toEqual(['A=given']);
    expect(all.unused).toEqual(['X']);
  });
});

test.each([
  ['u=rwX,go=rX', 0o100700, 0o100755],
  ['u=rwX,go=rX', 0o100600, 0o100644],
  ['u=rwX,go=rX', 0o040700, 0o040755],
  ['+x', 0o100644, 0o100755],
  ['g+w,o-r', 0o100644, 0o100660],
  ['u+s,+t', 0o100755, 0o105755],
  ['go=u-w', 0o100740, 0o100755],
  ['a=,u=r', 0o102777, 0o100400],
  ['4711', 0o100644, 0o104711],
  ['07000', 0o040777, 0o047000],
])('rights %s', (text, mode, become) => {
  expect(rightsOf(text)!(mode).toString(8)).toBe(become.toString(8));
});

test.each(['', '8', '17777', 'u', 'u+q', 'z=r', 'u=rw,', `${'u=r,'.repeat(60)}u=r`])('%s are no rights', (text) => {
  expect(rightsOf(text)).toBeUndefined();
});

test('stages that one needs, in the order in which they can be built', () => {
  const order = (text: string, target = ''): readonly number[] => {
    const { stages } = parseDockerfile(text);
    return orderOf(stages, goalOf(stages, target), (word) => word);
  };
  const file = 'FROM x AS a\nFROM y AS b\nCOPY --from=c / /\nFROM a AS c\nFROM z AS d\n';
  expect([order(`${file}FROM b`), order(file, 'b'), order(file)]).toEqual([[0, 2, 1, 4], [0, 2, 1], [3]]);
  expect(order('FROM b AS a\nFROM x AS b\nFROM a\nRUN --mount=from=1,target=/m x')).toEqual([0, 1, 2]);
  // what a variable names is any of them
  expect(order('FROM x AS a\nFROM y AS b\nFROM z\nCOPY --from=$W / /')).toEqual([0, 1, 2]);
  expect(() => order('FROM x AS a\nCOPY --from=a / /')).toThrow('circular dependency detected on stage: a');
  expect(() => order('FROM x AS a\nCOPY --from=b / /\nFROM a AS b')).toThrow(
    'circular dependency detected on stage: b',
  );
  expect(() => order('FROM x AS final', 'finl')).toThrow(
    'target stage "finl" could not be found (did you mean final?)',
  );
});

test('words as Go writes them', () => {
  expect(quotedList(['a', 'b "c"'])).toBe('["a" "b \\"c\\""]');
  expect(['1h2m3.5s', '100ms', '1m', '0', '1.5us'].map(parseDuration)).toEqual([3723.5e9, 1e8, 6e10, 0, 1500]);
  expect(['', '1', '-1s', '1x', `${'1s'.repeat(60)}`].map(parseDuration)).toEqual(Array(5).fill(undefined));
  expect([0, 1500, 2e6, 3e9, 90e9, 3723.5e9].map(duration)).toEqual(['0s', '1.5µs', '2ms', '3s', '1m30s', '1h2m3.5s']);
});

test('places of what is copied', () => {
  expect(['.', './', 'a', 'a/', '/a/../b', '/', '../x', 'a/.'].map((path) => absolute('/w', path))).toEqual([
    '/w/',
    '/w/',
    '/w/a',
    '/w/a/',
    '/b',
    '/',
    '/x',
    '/w/a/',
  ]);
});

test('sources: links within the tree alone, patterns name by name, none above it', () => {
  const tree = treeFrom(
    { name: 'd/one', data: '1' },
    { name: 'd/two', data: '2' },
    { name: 'e/one', data: '3' },
    { name: 'out', type: '2', link: '../../etc' },
    { name: 'abs', type: '2', link: '/d/one' },
    { name: 'loop', type: '2', link: 'loop' },
  );
  const found = (path: string): string[] => sourcesOf(tree, path, missing as never).map((source) => source.path);
  expect(found('*/one')).toEqual(['d/one', 'e/one']);
  expect(found('d/t?o')).toEqual(['d/two']);
  expect(found('/d/../e')).toEqual(['e']);
  expect(found('x*')).toEqual([]);
  expect(sourcesOf(tree, 'abs', missing as never)[0]!.node.size).toBe(1);
  expect(() => found('out/passwd')).toThrow('no out/passwd');
  expect(() => found('loop')).toThrow('no loop');
  expect(() => found('../x')).toThrow('forbidden path outside the build context');
});

test('a checksum is of names, rights, owners and bytes, and of no time', async () => {
  const sum = (file: Partial<TarFile>): Promise<string> => {
    const tree = treeFrom({ name: 'd/f', data: 'x', ...file });
    return checksumOf(nodeStreams, { path: 'd', tree, node: tree.root.children!.get('d')! });
  };
  const first = await sum({});
  expect(first).toMatch(/^dir:[0-9a-f]{64}$/);
  expect(await sum({ mtime: 7 })).toBe(first);
  const others = await Promise.all([{ data: 'y' }, { mode: 0o600 }, { uid: 1 }, { name: 'd/g' }].map(sum));
  expect(new Set([first, ...others]).size).toBe(5);
});

test('a draft of a layer has what is new, and the directories on the way as they are', () => {
  const image = treeFrom(
    { name: 'etc/', type: '5', mode: 0o750, uid: 3 },
    { name: 'etc/file', data: 'f' },
    { name: 'link', type: '2', link: 'etc/sub/..' },
    { name: 'up', type: '2', link: '../../..' },
    { name: 'loop', type: '2', link: 'loop' },
  );
  const draft = new LayerDraft(image, 5000);
  const { tree, node } = sourcesOf(treeFrom({ name: 'x', data: 'x', uid: 9 }), 'x', missing as never)[0]!;
  expect([draft.isDirectory('/etc'), draft.isDirectory('/etc/file'), draft.isDirectory('/no')]).toEqual([
    true,
    false,
    false,
  ]);
  draft.file(draft.directory('/link/new/'), 'x', tree, node, { owner: { uid: 1, gid: 2 }, rights: rightsOf('600') });
  draft.file(draft.directory('/up/top'), 'x', tree, node, {});
  const root = draft.tree.root;
  expect(paths(root)).toEqual(['/etc', '/etc/new', '/etc/new/x', '/top', '/top/x']);
  const etc = root.children!.get('etc')!;
  expect(etc).toMatchObject({ mode: 0o040750, uid: 3 });
  expect(etc.children!.get('new')).toMatchObject({ mode: 0o040755, uid: 0, seconds: 5 });
  expect(etc.children!.get('new')!.children!.get('x')).toMatchObject({ mode: 0o100600, uid: 1, gid: 2 });
  expect(root.children!.get('top')!.children!.get('x')!.uid).toBe(9);
  expect(() => draft.directory('/etc/file/x')).toThrow('cannot copy to non-directory: /etc/file');
  expect(() => draft.directory('/loop/x')).toThrow('too many levels of symbolic links');
});

test('a folder over a link or a file is a folder; over a folder it is merged', () => {
  const image = treeFrom(
    { name: 't/a/old', data: '' },
    { name: 't/b', type: '2', link: 'a' },
    { name: 't/c', data: 'c' },
  );
  const from = treeFrom(
    { name: 'a/n', data: '' },
    { name: 'b/n', data: '' },
    { name: 'c/n', data: '' },
    { name: '.wh.x', data: '' },
  );
  const draft = new LayerDraft(image, 0);
  draft.contents('/t', from, from.root, { excludes: (path) => path === 'c/n' });
  expect(paths(draft.tree.root)).toEqual(['/t', '/t/a', '/t/a/n', '/t/b', '/t/b/n', '/t/c']);
});

test('owners are the image’s', async () => {
  const image = treeFrom(
    { name: 'etc/passwd', data: 'bob:x:1000:1001:::\n' },
    { name: 'etc/group', data: 'staff:x:50:\n' },
  );
  const owners = await Promise.all(['bob', 'bob:staff', '7', '7:8', 'bob:9'].map((text) => ownerOf(image, text)));
  expect(owners.map(({ uid, gid }) => [uid, gid])).toEqual([
    [1000, 1001],
    [1000, 50],
    [7, 7],
    [7, 8],
    [1000, 9],
  ]);
  await expect(ownerOf(image, 'eve')).rejects.toThrow('no such user: eve');
  await expect(ownerOf(undefined, 'a:b:c')).rejects.toThrow('invalid chown string');
});

test('commands of RUN, and the places that they ask for', () => {
  const command = (text: string) =>
    runCommand(parseDockerfile(`FROM x\n${text}`).stages[0]!.instructions[0]!, ['sh', '-c']);
  expect(command('RUN a b').args).toEqual(['sh', '-c', 'a b']);
  expect(command('RUN ["a", "b"]').args).toEqual(['a', 'b']);
  expect(command('RUN <<E\na\nb\nE').args).toEqual(['sh', '-c', 'a\nb\n']);
  expect(command('RUN cat <<E >x\na\nE').args).toEqual(['sh', '-c', 'cat <<E >x\na\nE\n']);
  expect(command('RUN <<E\n#!/bin/x -y\nz\nE')).toMatchObject({
    args: ['/dev/pipes/E'],
    script: { path: '/dev/pipes/E', text: '#!/bin/x -y\nz\n' },
  });
  const mount = (text: string) => mountOf(text, '/w');
  expect(mount('type=cache,target=c/')).toEqual({
    ...{ type: 'cache', id: '/w/c', target: '/w/c', readOnly: false, sharing: 'shared' },
    begins: { mode: 0o755, uid: 0, gid: 0 },
  });
  expect(mount('type=cache,id=1,dst=/a,ro,mode=0700,uid=5,sharing=locked')).toMatchObject({
    ...{ id: '1', readOnly: true, sharing: 'locked', begins: { mode: 0o700, uid: 5, gid: 0 } },
  });
  const seeded = mount('type=cache,target=/a,from=x,source=y');
  expect(seeded).toMatchObject({ begins: { from: 'x', source: 'y' } });
  expect(mount('type=tmpfs,target=/t,size=1m')).toMatchObject({ target: '/t', size: 1 << 20 });
  expect(mount('target=/x')).toEqual({ type: 'bind', source: '/', target: '/x', writable: false });
  const bind = { type: 'bind', from: 'one', source: 'a/b', target: '/w/x', writable: true };
  expect(mount('from=one,src=a/b,dst=x,rw')).toEqual(bind);
  const secret = { type: 'secret', required: false, mode: 0o400, uid: 0, gid: 0 };
  expect(mount('type=secret,id=a/key')).toEqual({ ...secret, id: 'a/key', target: '/run/secrets/key' });
  expect(mount('type=secret,target=/r/t,mode=0444,uid=7,gid=8,required')).toEqual({
    ...{ type: 'secret', id: 't', target: '/r/t', mode: 0o444, uid: 7, gid: 8, required: true },
  });
  expect(mount('type=secret,id=k,env=KEY')).toEqual({ ...secret, id: 'k', env: 'KEY' });
  for (const [wrong, why] of [
    ['type=secret', 'one of source, target required'],
    ['type=secret,id=x,env=a-b', 'no name of a variable'],
    ['type=secret,id=x,mode=9', 'invalid value 9 for mode'],
    ['type=cache', 'target is needed'],
    ['type=bind,target=/', 'the root is no place'],
    ['type=bind,target=/x,size=1', "unexpected key 'size'"],
    ['type=bind,target=/x,rw=perhaps', 'invalid value for readwrite'],
    ['type=cache,target=/x,sharing=all', 'unsupported sharing value "all"'],
    ['type=ssh', 'no agent of ssh'],
    ['type=disk,target=/x', 'unsupported mount type "disk"'],
  ])
    expect(() => mount(wrong!)).toThrow(why);
});

test('a cache is shared, or waited for, or each has its own', async () => {
  const caches = new BuildCaches();
  const cancellation = new Cancellation();
  const take = (id: string, sharing: Sharing) => caches.take(id, sharing, nodeStreams, cancellation);
  const [one, other] = [await take('a', 'shared'), await take('a', 'shared')];
  const mine = await take('a', 'private');
  expect([one.name === other.name, one.name === mine.name]).toEqual([true, false]);
  const order: string[] = [];
  const locked = take('a', 'locked').then((cache) => {
    order.push('locked');
    return cache;
  });
  one.release();
  await Promise.resolve();
  order.push('released');
  other.release();
  const { name, release } = await locked;
  expect([order, name]).toEqual([['released', 'locked'], one.name]);
  const waiting = take('a', 'shared');
  cancellation.cancel();
  await expect(waiting).rejects.toThrow('build cancelled');
  release();
});

describe('a download', () => {
  const web = (answers: Record<string, { status?: number; location?: string; body?: string }>): HttpClient => ({
    async send({ url }) {
      const answer = answers[url];
      if (!answer) throw new HttpError(`${url}: no answer`, false);
      const headers: Record<string, string | undefined> = {
        location: answer.location,
        'last-modified': 'Thu, 01 Jan 1970 00:01:00 GMT',
      };
      const body = (async function* () {
        yield new TextEncoder().encode(answer.body ?? '');
      })();
      return { status: answer.status ?? 200, header: (name) => headers[name], body, cancel: () => {} };
    },
  });
  const store = () => openStore(new MemoryStorage(), nodeStreams, () => 0);

  test('follows, has its name and its time, and is checked', async () => {
    const at = await store();
    const answers = { 'http://a/x.tar?q=1': { status: 302, location: '/y' }, 'http://a/y': { body: 'abc' } };
    const sum = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    const { source, spooled } = await download(at, web(answers), 'http://a/x.tar?q=1', sum);
    expect(source).toMatchObject({ path: 'x.tar', node: { mode: 0o100600, size: 3, seconds: 60 } });
    await spooled.release();
    const other = `sha256:${'0'.repeat(64)}`;
    await expect(download(at, web(answers), 'http://a/y', other)).rejects.toThrow('digest mismatch');
    expect(await at.storage.list('partial')).toEqual([]);
  });

  test.each([
    [{ 'http://a/x': { status: 404 } }, 'the server answers 404'],
    [{ 'http://a/x': { status: 302, location: 'http://a/x' } }, 'more than 10 times'],
    [{ 'http://a/x': { status: 302, location: 'file:///etc/passwd' } }, 'is no address of the web'],
    [{}, 'no answer'],
  ])('%j is refused', async (answers, message) => {
    await expect(download(await store(), web(answers), 'http://a/x', undefined)).rejects.toThrow(message);
  });
});

test('who is told of a cancellation', () => {
  const cancellation = new Cancellation();
  let told = 0;
  const add = () => cancellation.onCancel(() => told++);
  add();
  add()();
  cancellation.check();
  cancellation.cancel();
  add();
  expect(told).toBe(2);
  expect(() => cancellation.check()).toThrow('build cancelled');
});

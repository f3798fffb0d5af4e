// Images between our command, a real registry, and skopeo: what one sends the other has, to the digest.
// Oracles: Debian's docker-registry, filled and read by skopeo.
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { jsonBytes } from '../../src/oci/json.js';
import { sha256 } from '../images.js';
import { busyboxRoot } from '../kernel/busybox-root.js';
import { needs, provisioned, root } from '../provisioned.js';
import { tarOf } from '../tar.js';
import { type Registry, skopeo, startRegistry } from './docker-registry.js';

const TOOLS = ['busybox', 'dockerRegistry', 'skopeo', 'skopeoLibraries'] as const;
/** `tester`, `secret`. */
const PASSWORD = 'tester:$2b$04$nsqp4AeHJoQowpHzjgIqweAP8ihqQlZMFtBUR3wnLDLyS6NFvT9Cu';

let folder: string;
let registry: Registry;
let closed: Registry;
/** A `docker save` of old, which is none of our making. */
let archive: string;

beforeAll(async () => {
  const program = provisioned('dockerRegistry');
  const busybox = provisioned('busybox');
  if (program === undefined || busybox === undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'tabvisor-registry-'));
  for (const name of ['open', 'closed']) mkdirSync(join(folder, name));
  registry = await startRegistry(program, join(folder, 'open'));
  closed = await startRegistry(program, join(folder, 'closed'), PASSWORD);
  const layers = [
    busyboxRoot(busybox),
    tarOf([
      { name: 'srv/', type: '5' },
      { name: 'srv/hello', data: 'from a layer\n' },
      { name: '.wh.tmp', data: '' },
    ]),
  ];
  const config = jsonBytes({
    os: 'linux',
    architecture: '386',
    config: { Cmd: ['cat', 'hello'], WorkingDir: '/srv', Env: ['PATH=/bin', 'FROM=image'] },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => sha256(layer)) },
  });
  archive = join(folder, 'archive.tar');
  writeFileSync(
    archive,
    tarOf([
      { name: 'config.json', data: config },
      ...layers.map((data, i) => ({ name: `${i}/layer.tar`, data })),
      {
        name: 'manifest.json',
        data: jsonBytes([
          { Config: 'config.json', RepoTags: ['test/app:1'], Layers: layers.map((_, i) => `${i}/layer.tar`) },
        ]),
      },
    ]),
  );
});
afterAll(async () => {
  await registry?.stop();
  await closed?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

function tools(context: TestContext) {
  return needs(context, ...TOOLS);
}
let stores = 0;
const newStore = (): string => join(folder, `store-${stores++}`);

function run(
  store: string,
  args: string[],
  env: Record<string, string> = {},
  input?: Uint8Array,
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(root, 'bin/tabvisor.mjs'), ...args], {
    encoding: 'utf8',
    input,
    env: { ...process.env, TABVISOR_DATA: store, DOCKER_CONFIG: join(folder, 'nobody'), ...env },
  });
}
function ok(store: string, args: string[], env: Record<string, string> = {}, input?: Uint8Array): string {
  const { status, stdout, stderr } = run(store, args, env, input);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}
const digestAt = (found: Record<'skopeo' | 'skopeoLibraries', string>, name: string): string =>
  `sha256:${createHash('sha256')
    .update(skopeo(found, 'inspect', '--raw', '--tls-verify=false', `docker://${name}`))
    .digest('hex')}`;

test('pulled, run, pushed under another name: skopeo finds the same digest there', (context) => {
  const found = tools(context);
  const name = `${registry.host}/test/app:1`;
  skopeo(found, 'copy', '--dest-tls-verify=false', `docker-archive:${archive}`, `docker://${name}`);
  const store = newStore();
  const pulled = ok(store, ['pull', name]);
  const digest = digestAt(found, name);
  expect(pulled).toContain(`1: Pulling from test/app\n`);
  expect(pulled).toContain(`Digest: ${digest}\nStatus: Downloaded newer image for ${name}\n${name}\n`);
  expect(pulled.match(/: Pull complete\n/g)!.length).toBe(2);
  expect(ok(store, ['pull', name])).toContain(`Status: Image is up to date for ${name}\n`);
  expect(ok(store, ['images', '--digests'])).toMatch(
    new RegExp(
      `^REPOSITORY +TAG +DIGEST +IMAGE ID +CREATED +SIZE\n${registry.host}/test/app +1 +${digest} +[0-9a-f]{12} `,
    ),
  );
  expect(ok(store, ['kernel', 'run', '--image', name])).toBe('from a layer\n');
  expect(
    ok(store, [
      'kernel',
      'run',
      '--image',
      name,
      '--env',
      'B=2',
      '--',
      'sh',
      '-c',
      'echo $FROM $B $PWD; test -e /tmp || echo hidden',
    ]),
  ).toMatch(/^image 2 \/srv\nhidden\n$/);
  const other = `${registry.host}/other/name:2`;
  ok(store, ['tag', name, other]);
  expect(ok(store, ['push', other])).toContain(`2: digest: ${digest} size: `);
  expect(digestAt(found, other)).toBe(digest);
  skopeo(found, 'copy', '--src-tls-verify=false', `docker://${other}`, `dir:${join(folder, 'copy')}`);
  // into a registry that has nothing of it
  const elsewhere = newStore();
  expect(ok(elsewhere, ['load', '-i', archive])).toBe('Loaded image: test/app:1\n');
  const third = `${registry.host}/third:1`;
  ok(elsewhere, ['tag', 'test/app:1', third]);
  ok(elsewhere, ['push', third]);
  const inspected = JSON.parse(skopeo(found, 'inspect', '--config', '--tls-verify=false', `docker://${third}`));
  expect(inspected.config.Cmd).toEqual(['cat', 'hello']);
  expect(JSON.parse(ok(store, ['inspect', name]))[0].Id).toBe(JSON.parse(ok(elsewhere, ['inspect', third]))[0].Id);
});

test('saved, for skopeo and for ourselves; a layout as a folder; a root', (context) => {
  const found = tools(context);
  const store = newStore();
  ok(store, ['load', '-q', '-i', archive]);
  const saved = join(folder, 'saved.tar');
  ok(store, ['save', '-o', saved, 'test/app:1']);
  const layout = join(folder, 'layout');
  ok(store, ['save', '-o', `${layout}/`, 'test/app:1']);
  const id = JSON.parse(ok(store, ['inspect', 'test/app:1']))[0].Id as string;
  for (const [i, source] of [`docker-archive:${saved}`, `oci:${layout}`].entries()) {
    skopeo(found, 'copy', source, `docker-archive:${join(folder, `back-${i}.tar`)}:back/app:${i}`);
    const other = newStore();
    expect(ok(other, ['load'], {}, readFileSync(join(folder, `back-${i}.tar`)))).toBe(`Loaded image: back/app:${i}\n`);
    expect(JSON.parse(ok(other, ['inspect', `back/app:${i}`]))[0].Id).toBe(id);
  }
  const other = newStore();
  expect(ok(other, ['load', '-i', layout])).toBe('Loaded image: test/app:1\n');
  const imported = ok(other, ['import', '-', 'mine:1'], {}, busyboxRoot(found.busybox));
  expect(imported).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(ok(other, ['kernel', 'run', '--image', 'mine:1', '--', 'echo', 'runs'])).toBe('runs\n');
  expect(ok(other, ['history', 'mine:1'])).toContain('Imported from -');
  expect(ok(other, ['rmi', 'mine:1', 'test/app:1'])).toMatch(/^Untagged: mine:1\nDeleted: sha256:/);
  expect(readdirSync(other, { recursive: true, encoding: 'utf8' }).filter((path) => /[0-9a-f]{64}/.test(path))).toEqual(
    [],
  );
});

test('a registry that wants a password: that of docker login, and nothing without it', (context) => {
  const found = tools(context);
  const config = join(folder, 'docker');
  mkdirSync(config);
  writeFileSync(
    join(config, 'config.json'),
    JSON.stringify({ auths: { [closed.host]: { auth: Buffer.from('tester:secret').toString('base64') } } }),
  );
  const login = { DOCKER_CONFIG: config };
  const name = `${closed.host}/private:1`;
  const store = newStore();
  ok(store, ['load', '-q', '-i', archive]);
  ok(store, ['tag', 'test/app:1', name]);
  const refused = run(store, ['push', name]);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('push access denied');
  ok(store, ['push', '-q', name], login);
  const other = newStore();
  const denied = run(other, ['pull', name]);
  expect(denied.status).toBe(1);
  expect(denied.stderr).toContain(
    `pull access denied for ${name}, repository does not exist or may require 'docker login'`,
  );
  ok(other, ['pull', '-q', name], login);
  expect(ok(other, ['images', '-q'])).toMatch(/^[0-9a-f]{12}\n$/);
  expect(skopeo(found, 'inspect', '--tls-verify=false', '--creds', 'tester:secret', `docker://${name}`)).toContain(
    '"Architecture": "386"',
  );
});

test('a pull whose process is killed is one that can be pulled again', async (context) => {
  const found = tools(context);
  const name = `${registry.host}/killed:1`;
  skopeo(found, 'copy', '--dest-tls-verify=false', `docker-archive:${archive}`, `docker://${name}`);
  const store = newStore();
  const child = spawn(process.execPath, [join(root, 'bin/tabvisor.mjs'), 'pull', name], {
    env: { ...process.env, TABVISOR_DATA: store },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  ok(store, ['pull', '-q', name]);
  expect(ok(store, ['kernel', 'run', '--image', name])).toBe('from a layer\n');
  expect(run(store, ['pull', `${registry.host}/nothing`]).stderr).toContain('manifest for ');
});

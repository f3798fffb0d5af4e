// Pulls, pushes and logins by docker's client through the daemon: registries that are cut, slow, protected or hostile, clients that go away.
// OCI distribution-spec; distribution, spec/auth/token.md; docker docs, "docker login". Oracles: Debian's docker-registry, skopeo.
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { jsonBytes } from '../../src/oci/json.js';
import type { Answer as Told } from '../fake-registry.js';
import { HttpRegistry } from '../http-registry.js';
import { imageOf, sha256 } from '../images.js';
import { needs } from '../provisioned.js';
import { type Registry, skopeo, startRegistry } from '../registry/docker-registry.js';
import { tarOf } from '../tar.js';
import { DebianRoot } from './debian-images.js';
import { type Daemon, sharedDaemon } from './daemon-fixture.js';

const APP = imageOf([[{ name: 'one', data: 'x'.repeat(40_000) }], [{ name: 'two', data: 'hello' }]], { Cmd: ['/one'] });
const BIG = APP.layers[0]!.descriptor.digest;
const BLOBS = [...APP.blobs.keys()];

let daemon: Daemon;
let registry: HttpRegistry;
let closed: Registry | undefined;
let mirror: HttpRegistry;
const starting = Promise.all([HttpRegistry.start(), HttpRegistry.start()]).then((both) => {
  [registry, mirror] = both as [HttpRegistry, HttpRegistry];
});
await starting;
sharedDaemon(
  (one) => {
    daemon = one;
  },
  {
    options: ['--registry-mirror', `http://${mirror!.host}`],
    env: (data) => ({ DOCKER_CONFIG: join(data, '../own') }),
  },
);
beforeEach(() => {
  for (const one of [registry, mirror]) {
    one.asked.length = 0;
    one.headers.length = 0;
    one.deliver = (_path, response, body) => void response.end(body);
    one.registry.override = () => undefined;
    one.registry.add('app', '1', APP);
  }
});
afterAll(async () => {
  await registry.stop();
  await mirror.stop();
  await closed?.stop();
});

const images = (): string[] =>
  ['blobs/sha256', 'layers/sha256', 'partial', 'partial/sha256'].flatMap((folder) => {
    try {
      return readdirSync(join(daemon.data, folder)).map((name) => `${folder}/${name}`);
    } catch {
      return [];
    }
  });

/** Bodies of one path stop in their middle, until they are let go. */
function holding(path: string): { begun: Promise<ServerResponse>; release(): void; left: Promise<void> } {
  let begin = (_response: ServerResponse): void => {};
  let leave = (): void => {};
  const begun = new Promise<ServerResponse>((resolve) => {
    begin = resolve;
  });
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  let release = (): void => {};
  registry.deliver = (asked, response, body) => {
    if (!asked.endsWith(path)) return void response.end(body);
    response.write(body.subarray(0, body.length >> 1));
    response.on('close', leave);
    release = () => void response.end(body.subarray(body.length >> 1));
    begin(response);
  };
  return { begun, release: () => release(), left };
}

test('a pull that its client leaves ends at once, and nothing of it is left', async () => {
  const before = images();
  const held = holding(BIG);
  const client = daemon.client('pull', `${registry.host}/app:1`);
  await held.begun;
  client.kill('SIGINT');
  await held.left;
  // what goes then goes behind the answer that nobody reads
  while (images().some((one) => !before.includes(one) && one !== 'partial/sha256')) await daemon.docker('version');
  expect((await daemon.docker('images', '-q', registry.host)).stdout).toBe('');
});

test('two pulls of one image share each request; one may leave, and when both have, nothing is left', async () => {
  const name = `${registry.host}/app:1`;
  let held = holding(BIG);
  const [one, two] = [daemon.client('pull', name), daemon.docker('pull', name)];
  await held.begun;
  while (registry.count(/manifests\/1$/) < 2) await daemon.docker('version');
  await one.expect('Pulling fs layer');
  one.kill('SIGINT');
  await one.exit();
  held.release();
  expect(await two).toMatchObject({ status: 0 });
  for (const digest of BLOBS) expect(registry.count(new RegExp(`blobs/${digest}`)), digest).toBe(1);
  await daemon.docker('rmi', name);

  const before = images();
  held = holding(BIG);
  const both = [daemon.client('pull', name), daemon.client('pull', name)];
  await held.begun;
  for (const client of both) await client.expect('Pulling fs layer');
  for (const client of both) client.kill('SIGINT');
  await held.left;
  while (images().some((file) => !before.includes(file) && file !== 'partial/sha256')) await daemon.docker('version');
  registry.deliver = (_path, response, body) => void response.end(body);
  expect(await daemon.docker('pull', name)).toMatchObject({ status: 0 });
  await daemon.docker('rmi', name);
});

test('the daemon ends in the middle of a pull, asked or killed: the next one pulls what is missing', async () => {
  const name = `${registry.host}/app:1`;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const held = holding(BIG);
    const pulling = daemon.docker('pull', name);
    await held.begun;
    await daemon.restart(signal);
    expect((await pulling).status).not.toBe(0);
    registry.deliver = (_path, response, body) => void response.end(body);
    expect(await daemon.docker('pull', name)).toMatchObject({ status: 0 });
    await daemon.docker('rmi', name);
  }
  await daemon.docker('image', 'prune', '-f');
});

test('a mirror is asked before Docker Hub, and is told nobody’s password', async () => {
  mirror.registry.add('library/mirrored', 'latest', APP);
  mirror.registry.override = (request): Told | undefined =>
    request.url.includes('/mirrored/blobs/')
      ? { status: 401, headers: { 'www-authenticate': 'Basic realm="mirror"' } }
      : undefined;
  const auth = Buffer.from('hubuser:hubsecret').toString('base64');
  mkdirSync(join(daemon.folder, 'config'), { recursive: true });
  const config = join(daemon.folder, 'config/config.json');
  writeFileSync(config, JSON.stringify({ auths: { 'https://index.docker.io/v1/': { auth } } }));
  await daemon.docker('pull', 'mirrored');
  expect(mirror.asked.length).toBeGreaterThan(0);
  expect(mirror.headers.map(({ authorization }) => authorization)).toEqual(mirror.headers.map(() => undefined));
  mirror.registry.override = () => undefined;
  expect(await daemon.docker('pull', 'mirrored')).toMatchObject({ status: 0 });
  writeFileSync(config, '{}');
  await daemon.docker('rmi', 'mirrored');
});

const USER = 'tester:secret';
const HTPASSWD = 'tester:$2b$04$nsqp4AeHJoQowpHzjgIqweAP8ihqQlZMFtBUR3wnLDLyS6NFvT9Cu';

/** One for all tests. */
async function closedRegistry(program: string): Promise<Registry> {
  const folder = join(daemon.folder, 'closed');
  mkdirSync(folder, { recursive: true });
  closed ??= await startRegistry(program, folder, HTPASSWD);
  return closed;
}

/** What `docker save` of old wrote, which is none of our making. */
function dockerArchive(layer: Uint8Array, config: object): Uint8Array {
  const image = { os: 'linux', architecture: '386', config, rootfs: { type: 'layers', diff_ids: [sha256(layer)] } };
  return tarOf([
    { name: 'config.json', data: jsonBytes(image) },
    { name: '0/layer.tar', data: layer },
    { name: 'manifest.json', data: jsonBytes([{ Config: 'config.json', Layers: ['0/layer.tar'] }]) },
  ]);
}

test('Basic: login says whether the password is right; with it, also out of a helper, pull and push; skopeo has the same digest', async (context) => {
  const tools = needs(context, 'dockerRegistry', 'skopeo', 'skopeoLibraries');
  const closed = await closedRegistry(tools.dockerRegistry);
  const name = `${closed.host}/private:1`;
  await daemon.docker('tag', 'busybox', name);
  expect((await daemon.docker('push', name)).stderr).toMatch(/push access denied/);
  const wrong = await daemon.docker('login', '-u', 'tester', '-p', 'guess', closed.host);
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toMatch(/unauthorized: authentication required/i);
  expect((await daemon.docker('login', '-u', 'tester', '-p', 'secret', closed.host)).stdout).toContain(
    'Login Succeeded',
  );
  const pushed = await daemon.docker('push', name);
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(pushed.stdout)?.[1];
  expect(digest, pushed.stderr).toBeDefined();
  const inspected = skopeo(tools, 'inspect', '--tls-verify=false', '--creds', USER, `docker://${name}`);
  expect(JSON.parse(inspected)).toMatchObject({ Digest: digest });
  await daemon.docker('rmi', name);
  await daemon.docker('logout', closed.host);
  expect((await daemon.docker('pull', name)).stderr).toMatch(/pull access denied for .*may require 'docker login'/);
  // a helper of the client's
  const bin = join(daemon.folder, 'bin');
  mkdirSync(bin);
  const helper = join(bin, 'docker-credential-test');
  writeFileSync(
    helper,
    `#!/bin/sh\ncat >>${bin}/asked; echo " $1" >>${bin}/asked\n[ "$1" = get ] && echo '{"ServerURL":"${closed.host}","Username":"tester","Secret":"secret"}'\n`,
  );
  chmodSync(helper, 0o755);
  writeFileSync(join(daemon.folder, 'config/config.json'), JSON.stringify({ credHelpers: { [closed.host]: 'test' } }));
  const path = process.env.PATH;
  process.env.PATH = `${bin}:${path}`;
  const pulled = await daemon.docker('pull', name);
  process.env.PATH = path;
  writeFileSync(join(daemon.folder, 'config/config.json'), '{}');
  expect(pulled).toMatchObject({ status: 0, stdout: expect.stringContaining(`Digest: ${digest}`) });
  expect(readFileSync(join(bin, 'asked'), 'utf8')).toContain(`${closed.host} get`);
});

test('Debian 12 out of a registry with a password: pulled with progress, run, pushed back, and taken by skopeo: the digests are equal', async (context) => {
  const tools = needs(context, 'dockerRegistry', 'skopeo', 'skopeoLibraries', 'debian');
  const { host } = await closedRegistry(tools.dockerRegistry);
  const [name, back, creds] = [`${host}/debian:12`, `${host}/back/debian:bookworm`, `--src-creds=${USER}`];
  const layer = join(daemon.folder, 'debian.tar');
  new DebianRoot(tools.debian).write(layer, []);
  const archive = join(daemon.folder, 'debian-image.tar');
  writeFileSync(archive, dockerArchive(readFileSync(layer), { Cmd: ['cat', '/etc/debian_version'] }));
  const [to, insecure] = [`docker://${name}`, '--tls-verify=false'];
  skopeo(tools, 'copy', '-q', '--dest-tls-verify=false', `--dest-creds=${USER}`, `docker-archive:${archive}`, to);
  const inspect = (image: string) =>
    JSON.parse(skopeo(tools, 'inspect', insecure, '--creds', USER, `docker://${image}`));
  const { Digest, Layers } = inspect(name);

  await daemon.docker('login', '-u', 'tester', '-p', 'secret', host);
  const pulling = daemon.terminal('pull', name);
  await pulling.expect(/: Downloading .*[\d.]+MB\/[\d.]+MB/);
  await pulling.expect(`Digest: ${Digest}`);
  expect(await pulling.exit()).toBe(0);
  expect((await daemon.docker('run', '--rm', name)).stdout).toMatch(/^12\.\d+\n$/);
  await daemon.docker('tag', name, back);
  const pushed = await daemon.docker('push', back);
  expect(pushed.stdout, pushed.stderr).toContain(`digest: ${Digest}`);
  expect(inspect(back)).toMatchObject({ Digest, Layers });
  const folder = join(daemon.folder, 'taken');
  skopeo(tools, 'copy', '-q', '--src-tls-verify=false', creds, `docker://${back}`, `dir:${folder}`);
  expect(sha256(readFileSync(join(folder, 'manifest.json')))).toBe(Digest);
  for (const digest of Layers as string[])
    expect(sha256(readFileSync(join(folder, digest.replace('sha256:', ''))))).toBe(digest);
  await daemon.docker('rmi', name, back);
  await daemon.docker('logout', host);
});

test('Bearer: the token is asked for where the registry says, with its scope; never from another place without TLS', async () => {
  const asked: (string | undefined)[] = [];
  let realm = `http://${registry.host}/token`;
  registry.registry.override = ({ url, headers }, path): Told | undefined => {
    if (path.startsWith('/token')) {
      asked.push(path);
      const right = headers.Authorization === `Basic ${Buffer.from(USER).toString('base64')}`;
      return right ? { status: 200, body: '{"token":"t0ken","expires_in":300}' } : { status: 401, body: '{}' };
    }
    if (url.includes('/v2/') && headers.Authorization !== 'Bearer t0ken')
      return { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="here"` } };
    return undefined;
  };
  const login = (password: string) => daemon.docker('login', '-u', 'tester', '-p', password, registry.host);
  expect((await login('guess')).stderr).toContain('gives no token');
  expect((await login('secret')).stdout).toContain('Login Succeeded');
  const name = `${registry.host}/app:1`;
  expect(await daemon.docker('pull', name)).toMatchObject({ status: 0 });
  expect(asked.at(-1)).toContain('scope=repository%3Aapp%3Apull');
  await daemon.docker('tag', name, `${registry.host}/mine:1`);
  expect(await daemon.docker('push', `${registry.host}/mine:1`)).toMatchObject({ status: 0 });
  expect(asked.at(-1)).toMatch(/scope=repository%3Amine%3A(pull%2Cpush|push%2Cpull)/);
  await daemon.docker('rmi', name, `${registry.host}/mine:1`);
  realm = `http://${mirror.host}/token`;
  // a token that is not known yet: another repository
  registry.registry.add('other', '1', APP);
  const refused = await daemon.docker('pull', `${registry.host}/other:1`);
  expect(refused.stderr).toMatch(/asks to log in at .*without TLS at another place/);
  expect(mirror.asked).toEqual([]);
  await daemon.docker('logout', registry.host);
});

test('who sends no credentials is nobody: those of the user that the daemon runs as are not lent', async () => {
  const own = join(daemon.folder, 'own');
  mkdirSync(own);
  const auth = Buffer.from(USER).toString('base64');
  writeFileSync(join(own, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  registry.registry.override = ({ headers }): Told | undefined =>
    headers.Authorization === `Basic ${auth}`
      ? undefined
      : { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
  const name = `${registry.host}/app:1`;
  expect((await daemon.docker('pull', name)).stderr).toContain('pull access denied');
  expect((await daemon.call('POST', '/auth', { serveraddress: registry.host })).status).toBe(401);
  expect((await daemon.call('GET', `/distribution/${name}/json`)).status).toBe(401);
  await daemon.docker('tag', 'busybox', name);
  expect((await daemon.docker('push', name)).stderr).toContain('push access denied');
  await daemon.docker('rmi', name);
  expect(registry.headers.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
});

test('a redirect to another host takes no credentials along', async () => {
  const basic = `Basic ${Buffer.from(USER).toString('base64')}`;
  registry.registry.override = ({ headers }, path): Told | undefined => {
    if (headers.Authorization !== basic) return { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
    if (path.endsWith(BIG)) return { status: 307, headers: { location: `http://${mirror.host}${path}` } };
    return undefined;
  };
  await daemon.docker('login', '-u', 'tester', '-p', 'secret', registry.host);
  expect(await daemon.docker('pull', `${registry.host}/app:1`)).toMatchObject({ status: 0 });
  expect(mirror.asked).toEqual([`GET /v2/app/blobs/${BIG}`]);
  expect(mirror.headers[0]!.authorization).toBeUndefined();
  await daemon.docker('rmi', `${registry.host}/app:1`);
  await daemon.docker('logout', registry.host);
});

test('nothing was answered that the description does not allow, and no bug was met', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
});

// What is kept and what may go, and images between registries and the daemon, by docker's own client.
// Oracle: the client, Debian's docker-registry, skopeo, the Engine API's description.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { needs } from '../provisioned.js';
import { type Registry, skopeo, startRegistry } from '../registry/docker-registry.js';
import { type Daemon, sharedDaemon } from './daemon-fixture.js';

let daemon: Daemon;
let registry: Registry | undefined;
sharedDaemon((one) => {
  daemon = one;
});
afterAll(async () => {
  await registry?.stop();
});

const out = async (...args: string[]): Promise<string> => (await daemon.docker(...args)).stdout;

test('sizes: of containers, images, layers in history, volumes', async () => {
  const write = 'head -c 100000 /dev/zero >/big; head -c 50000 /dev/zero >/v/data; ln /big /same';
  await daemon.docker('run', '--name', 'sized', '-v', 'kept:/v', 'busybox', 'sh', '-c', write);
  const image = Number(await out('image', 'inspect', '-f', '{{.Size}}', 'busybox'));
  expect(await out('inspect', '-s', '-f', '{{.SizeRw}} {{.SizeRootFs}}', 'sized')).toBe(`100000 ${100_000 + image}\n`);
  expect(await out('ps', '-as', '--format', '{{.Size}}')).toMatch(/^100kB \(virtual [\d.]+MB\)\n$/);
  await daemon.docker('commit', 'sized', 'grown');
  expect((await out('history', '--human=false', '--format', '{{.Size}}', 'grown')).split('\n')[1]).toBe(String(image));
  const usage = await out('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}}');
  expect(usage).toMatch(/^Images 2 1 [\d.]+MB\nContainers 1 0 100kB\nLocal Volumes 1 1 50kB\nBuild Cache 0 0 0B\n$/);
  expect(await out('system', 'df', '-v')).toMatch(/kept +1 +50kB/);
});

test('lists of images by filters', async () => {
  const names = (...filters: string[]) =>
    out('images', '--format', '{{.Repository}}:{{.Tag}}', ...filters.flatMap((filter) => ['--filter', filter]));
  expect(await names('reference=busy*')).toBe('busybox:latest\n');
  expect(await names('reference=*:lat*')).toBe('grown:latest\nbusybox:latest\n');
  expect(await names('before=grown')).toBe('busybox:latest\n');
  expect(await names('since=busybox')).toBe('grown:latest\n');
  expect(await names('until=1h')).toBe('');
  expect(await names('dangling=true')).toBe('');
  expect((await daemon.docker('images', '--filter', 'until=never')).stderr).toContain('neither a duration nor a time');
  expect((await daemon.docker('search', 'x')).stderr).toContain('registries are not searched here');
});

test('rmi: names one by one, what is in use, by force', async () => {
  await daemon.docker('tag', 'grown', 'grown:two');
  const id = (await out('images', '-q', 'grown:two')).trim();
  expect((await daemon.docker('rmi', 'grown:two')).stdout).toBe('Untagged: grown:two\n');
  expect((await daemon.docker('rmi', 'busybox')).stderr).toContain('is using its referenced image');
  await daemon.docker('tag', 'grown', 'elsewhere/grown');
  expect((await daemon.docker('rmi', id)).stderr).toContain('image is referenced in multiple repositories');
  expect((await daemon.docker('rmi', '-f', id)).stdout).toContain('Deleted: sha256:');
});

test('prune tells what has gone and how much that was', async () => {
  await daemon.docker('run', '--name', 'labelled', '--label', 'keep=1', 'busybox', 'true');
  expect(await out('container', 'prune', '-f', '--filter', 'until=1h')).toBe('Total reclaimed space: 0B\n');
  await daemon.docker('commit', 'labelled', 'loose');
  await daemon.docker('tag', 'busybox', 'loose');
  const pruned = await out('container', 'prune', '-f', '--filter', 'label!=keep');
  expect(pruned).toMatch(/^Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: 100kB\n$/);
  expect(await out('volume', 'prune', '-af')).toBe('Deleted Volumes:\nkept\n\nTotal reclaimed space: 50kB\n');
  expect(await out('image', 'prune', '-f')).toMatch(/^Deleted Images:\ndeleted: sha256:/);
  expect(await out('ps', '-aq')).not.toBe('');
  await daemon.docker('rm', 'labelled');
  await daemon.docker('rmi', 'loose');
  expect((await daemon.docker('system', 'prune', '-f')).stdout).toBe('Total reclaimed space: 0B\n');
});

test('an image goes to a registry, skopeo copies it with equal digests, and it comes back with progress', async (context) => {
  const tools = needs(context, 'dockerRegistry', 'skopeo', 'skopeoLibraries');
  const folder = join(daemon.folder, 'registry');
  mkdirSync(folder);
  registry = await startRegistry(tools.dockerRegistry, folder);
  const name = `${registry.host}/box`;
  await daemon.docker('tag', 'busybox', `${name}:1`);
  const pushed = await daemon.docker('push', `${name}:1`);
  expect(pushed.stdout).toMatch(/The push refers to repository \[127\.0\.0\.1:\d+\/box\]\n[0-9a-f]{12}: /);
  const digest = /1: digest: (sha256:[0-9a-f]{64}) size: \d+\n/.exec(pushed.stdout)![1]!;
  expect((await daemon.docker('push', `${name}:1`)).stdout).toContain('Layer already exists');
  const inspected = JSON.parse(skopeo(tools, 'inspect', '--tls-verify=false', `docker://${name}:1`)) as {
    Digest: string;
  };
  expect(inspected.Digest).toBe(digest);
  skopeo(
    tools,
    'copy',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    `docker://${name}:1`,
    `docker://${name}:copy`,
  );
  const id = await out('images', '-q', '--no-trunc', `${name}:1`);
  await daemon.docker('rmi', '-f', `${name}:1`);
  const [pulled, twin] = await Promise.all([
    daemon.docker('pull', `${name}:copy`),
    daemon.docker('pull', `${name}:copy`),
  ]);
  for (const { status, stdout } of [pulled, twin]) {
    expect(status).toBe(0);
    expect(stdout).toContain(`copy: Pulling from box\n`);
    expect(stdout).toContain(`Digest: ${digest}\n`);
    expect(stdout).toMatch(/Status: (Downloaded newer image|Image is up to date) for 127\.0\.0\.1:\d+\/box:copy\n/);
  }
  expect(await out('images', '-q', '--no-trunc', `${name}:copy`)).toBe(id);
  expect((await daemon.docker('pull', `${name}:copy`)).stdout).toContain(
    `Status: Image is up to date for ${name}:copy`,
  );
  expect(await out('images', '--digests', '--format', '{{.Digest}}', `${name}`)).toContain(digest);
  expect(await out('run', '--rm', `${name}@${digest}`, 'echo', 'by digest')).toBe('by digest\n');
  expect((await daemon.docker('pull', `${name}:none`)).stderr).toMatch(/manifest unknown|not found/);
  expect((await daemon.docker('pull', '--platform', 'linux/arm64', `${name}:copy`)).status).toBe(1);
  expect((await daemon.docker('push', `${registry.host}/absent`)).stderr).toContain('does not exist');
  await daemon.docker('rmi', `${name}:copy`);
});

test('nothing was answered that the description does not allow, and no bug was met', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
});

// docker compose brings up Debian's own nginx, redis and PostgreSQL, which find each other by name, and takes them down.
// Oracle: compose 2.26 itself, what the programs answer, and the Engine API's description, which every answer is checked against.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { needs, root } from '../provisioned.js';
import { Daemon, needsDocker } from './daemon-fixture.js';
import { DebianRoot } from './debian-images.js';

let starting: Promise<Daemon> | undefined;
let daemon: Daemon;

beforeEach(async (context) => {
  needsDocker(context);
  const { debian, dockerCompose } = needs(context, 'debian', 'dockerCompose');
  starting ??= Daemon.start(context, { memory: '512M' }).then(async (made) => {
    made.plugin('docker-compose', dockerCompose);
    for (const name of ['compose.yaml', 'nginx.conf']) cpSync(join(root, 'test/docker', name), join(made.folder, name));
    const packages = new DebianRoot(debian);
    for (const [image, name] of [
      ['nginx', 'nginx-light'],
      ['redis', 'redis-server'],
      ['postgres', 'postgresql-15'],
    ] as const) {
      const tar = join(made.folder, `${image}.tar`);
      packages.write(tar, [name]);
      const imported = await made.docker('import', tar, image);
      if (imported.status !== 0) throw new Error(imported.stderr);
    }
    return made;
  });
  daemon = await starting;
}, 60_000);
afterAll(async () => {
  if (daemon) await daemon.stop();
});

const docker = (...args: string[]) => daemon.docker(...args);
/** What compose prints that must not fail. */
async function compose(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await docker(
    'compose',
    '--ansi',
    'never',
    '-f',
    join(daemon.folder, 'compose.yaml'),
    ...args,
  );
  if (status !== 0)
    throw new Error(`compose ${args.join(' ')}: ${stderr}${stdout}${(await docker('ps', '-a')).stdout}`);
  return stdout;
}
const lines = (text: string) => text.trim().split('\n').sort();
const inside = (service: string, ...command: string[]) => compose('exec', '-T', service, ...command);
const query = (sql: string) => inside('db', 'psql', '-h', 'database', '-U', 'postgres', '-tAc', sql);
const states = async () =>
  lines(await compose('ps', '-a', '--format', '{{.Name}} {{.State}} {{.Health}}')).map((line) => line.trim());
/** The whole page of the published port. */
async function page(): Promise<string> {
  const at = (await compose('port', 'web', '80')).trim();
  expect(at).toMatch(/^127\.0\.0\.1:\d+$/);
  return (await fetch(`http://${at}/`)).text();
}

test('up waits for health; the services reach each other by name, and the host the web', {
  timeout: 240_000,
}, async () => {
  await compose('up', '-d');
  expect(await states()).toEqual(['shop-cache-1 running', 'shop-db-1 running healthy', 'shop-web-1 running']);
  // the page came up after the database
  const began = async (name: string) =>
    Date.parse((await docker('inspect', name, '--format', '{{.State.StartedAt}}')).stdout.trim());
  expect(await began('shop-web-1')).toBeGreaterThan(await began('shop-db-1'));
  expect(await page()).toBe('from the web\n');
  expect(await inside('cache', 'redis-cli', '-h', 'cache', 'set', 'key', 'value')).toBe('OK\n');
  await query('create table kept as select generate_series(1, 100) i');
  expect(await query('select sum(i) from kept')).toBe('5050\n');
  expect(await compose('logs', '--no-log-prefix', 'db')).toContain('database system is ready to accept connections');
  expect(lines(await compose('config', '--services'))).toEqual(['cache', 'db', 'web']);
  expect(await compose('top', 'cache')).toContain('redis-server');
});

test('a service is scaled, and answers by one name', async () => {
  await compose('up', '-d', '--no-recreate', '--scale', 'cache=3');
  expect((await states()).filter((line) => line.includes('cache'))).toHaveLength(3);
  const asked = await docker('run', '--rm', '--network', 'shop_back', 'busybox', 'nslookup', '-type=a', 'cache');
  expect(asked.stdout.match(/^Address: \d/gm)).toHaveLength(3);
  await compose('up', '-d', '--no-recreate', '--scale', 'cache=1');
  expect((await states()).filter((line) => line.includes('cache'))).toHaveLength(1);
});

test('what changes is made anew, its volume stays; stop, start, run', { timeout: 120_000 }, async () => {
  const old = (await compose('ps', '-q', 'db')).trim();
  await compose('up', '-d', '--force-recreate', '--no-deps', '-t', '30', '--wait', 'db');
  expect((await compose('ps', '-q', 'db')).trim()).not.toBe(old);
  expect(await query('select count(*) from kept')).toBe('100\n');
  await compose('stop', '-t', '2', 'web');
  expect(await states()).toContain('shop-web-1 exited');
  await compose('start', 'web');
  expect(await page()).toBe('from the web\n');
  expect(await compose('run', '--rm', '-T', '--no-deps', 'cache', 'redis-cli', '-h', 'cache', 'ping')).toBe('PONG\n');
});

test('down leaves nothing', async () => {
  await compose('down', '-v', '-t', '5');
  for (const list of [
    ['ps', '-aq'],
    ['volume', 'ls', '-q'],
    ['network', 'ls', '-q', '--filter', 'type=custom'],
  ])
    expect((await docker(...list)).stdout, list.join(' ')).toBe('');
});

test('nothing was answered that the description does not allow, and no bug was met', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
});

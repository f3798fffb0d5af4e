// A disk that is full: each who needs room is told so in plain words, the daemon and what runs live on, what frees room is done, and with
// room again all works; nothing that is half stays.
// man 8 mount (tmpfs, size); man 3 errno, ENOSPC.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeEach, expect, type TestContext, test } from 'vitest';
import { HttpRegistry } from '../http-registry.js';
import { imageOf } from '../images.js';
import { missing } from '../provisioned.js';
import { Daemon, needsDocker } from './daemon-fixture.js';

const disk = mkdtempSync(join(tmpdir(), 'tabvisor-disk-'));
let daemon: Daemon;
let registry: HttpRegistry;
let starting: Promise<void> | undefined;

async function begin(context: TestContext): Promise<void> {
  needsDocker(context);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', disk], { stdio: 'ignore' });
  } catch {
    missing(context, 'a disk of its own can not be mounted here: run the tests as root');
  }
  registry = await HttpRegistry.start();
  registry.registry.add('app', '1', imageOf([[{ name: 'data', data: 'x'.repeat(3_000_000) }]], { Cmd: ['/none'] }));
  daemon = await Daemon.start(context, { memory: '128M', data: join(disk, 'data') });
}
beforeEach(async (context) => {
  starting ??= begin(context);
  await starting;
});
afterAll(async () => {
  await daemon?.stop();
  await registry?.stop();
  try {
    execFileSync('umount', [disk], { stdio: 'ignore' });
  } catch {
    // it was not mounted
  }
  rmSync(disk, { recursive: true, force: true });
});

const FULL = /no space left/i;
const ballast = join(disk, 'ballast');

/** Leaves so many bytes. */
function fill(room: number): void {
  const fd = openSync(ballast, 'a');
  const piece = Buffer.alloc(1 << 16);
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(disk);
      const left = bavail * bsize - room;
      if (left <= 0) return;
      writeSync(fd, piece, 0, Math.min(left, piece.length));
    }
  } finally {
    closeSync(fd);
  }
}
const free = (): void => rmSync(ballast, { force: true });

function files(): string[] {
  return readdirSync(join(disk, 'data'), { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => relative(join(disk, 'data'), join(one.path, one.name)))
    .sort();
}

const DOCKERFILE = 'FROM busybox\nRUN head -c 2000000 /dev/zero >/big\n';
const build = () => daemon.dockerWith(DOCKERFILE, 'build', '-t', 'built', '-');

test('what needs room says that there is none; what runs goes on, and what frees room is done', async () => {
  mkdirSync(join(daemon.folder, 'context'));
  await daemon.docker('tag', 'busybox', 'spare');
  const loop = 'i=0; while :; do i=$((i+1)); echo line $i; sleep 0.02; done';
  await daemon.docker('run', '-d', '--name', 'talker', 'busybox', 'sh', '-c', loop);
  await daemon.docker('run', '-d', '--name', 'writer', 'busybox', 'sleep', '1000');
  await daemon.docker('create', '--name', 'old', 'busybox', 'true');
  await daemon.docker('exec', 'writer', 'sh', '-c', 'echo before >/kept; sync');
  fill(0);
  const before = files();
  const says = async (
    why: string,
    asked: Promise<{ status: number; stdout: string; stderr: string }>,
  ): Promise<void> => {
    const { status, stdout, stderr } = await asked;
    expect(`${stdout}${stderr}`, why).toMatch(FULL);
    expect(status, why).not.toBe(0);
  };
  await says('pull', daemon.docker('pull', `${registry.host}/app:1`));
  await says('create', daemon.docker('create', '--name', 'new', 'busybox', 'true'));
  await says('run', daemon.docker('run', '--rm', '--name', 'new', 'busybox', 'true'));
  await says('write', daemon.docker('exec', 'writer', 'sh', '-c', 'dd if=/dev/zero of=/big bs=1M count=8'));
  await says('commit', daemon.docker('commit', 'writer', 'made'));
  await says('build', build());
  await says('volume', daemon.docker('volume', 'create', 'vol'));
  await says('network', daemon.docker('network', 'create', 'n'));
  await says('tag', daemon.docker('tag', 'busybox', 'another'));
  await says('import', daemon.docker('import', join(daemon.folder, 'root.tar'), 'imported'));
  // what could not be kept is not seen
  expect((await daemon.docker('images', '--format', '{{.Repository}}')).stdout.split('\n').sort().join(' ')).toBe(
    ' busybox spare',
  );
  expect((await daemon.docker('ps', '-a', '--format', '{{.Names}}')).stdout).toBe('old\nwriter\ntalker\n');
  expect((await daemon.docker('volume', 'ls', '-q')).stdout).toBe('');
  expect((await daemon.docker('exec', 'writer', 'cat', '/kept')).stdout).toBe('before\n');
  expect(files()).toEqual(before);
  // what is said is answered, also when its lines are lost
  expect((await daemon.docker('logs', '--tail', '1', 'talker')).stdout).toMatch(/^line \d+\n$/);
  // removals need no room
  expect((await daemon.docker('rmi', 'spare')).stderr).toBe('');
  expect((await daemon.docker('rm', 'old')).stderr).toBe('');
});

test('with room again all of it works, nothing half is left, and a new process finds all', async () => {
  free();
  expect((await daemon.docker('exec', 'writer', 'sh', '-c', 'echo after >>/kept; sync; cat /kept')).stdout).toBe(
    'before\nafter\n',
  );
  const said = Number((await daemon.docker('logs', '--tail', '1', 'talker')).stdout.slice(5));
  const follower = daemon.client('logs', '-f', '--tail', '0', 'talker');
  await follower.expect(/line \d+\n/);
  follower.kill();
  expect(Number((await daemon.docker('logs', '--tail', '1', 'talker')).stdout.slice(5))).toBeGreaterThan(said);
  for (const asked of [
    daemon.docker('pull', `${registry.host}/app:1`),
    daemon.docker('run', '--rm', 'busybox', 'true'),
    daemon.docker('commit', 'writer', 'made'),
    build(),
    daemon.docker('volume', 'create', 'vol'),
    daemon.docker('tag', 'busybox', 'another'),
  ])
    expect(await asked).toMatchObject({ status: 0 });
  await daemon.restart('SIGKILL');
  expect((await daemon.docker('start', 'writer')).status).toBe(0);
  expect((await daemon.docker('exec', 'writer', 'cat', '/kept')).stdout).toBe('before\nafter\n');
  expect((await daemon.docker('run', '--rm', 'built', 'stat', '-c', '%s', '/big')).stdout).toBe('2000000\n');
  await daemon.docker('rm', '-f', 'writer', 'talker');
  await daemon.docker('volume', 'rm', 'vol');
  await daemon.docker('rmi', '-f', 'made', 'built', 'another', `${registry.host}/app:1`, 'busybox');
  await daemon.docker('system', 'prune', '-f');
  expect(files()).toEqual(['engine.host', 'images.json', 'lock', 'networks.json', 'reserve']);
});

// The same podman commands with runc and with `tabvisor oci`: what is printed and the status are the same.
// Oracle: Debian's runc on the host's kernel. man 1 podman-run, podman-exec, podman-cp.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { provisioned } from '../provisioned.js';
import { OURS, Podman } from './podman-fixture.js';

const IMAGE = 'box:1';
const isThere =
  ['podman', 'runc', 'busybox'].every((name) => provisioned(name) !== undefined) && process.getuid?.() === 0;
const shell = (text: string): string[] => [IMAGE, 'sh', '-c', text];
const run = (...args: string[]): string[] => ['run', '--rm', ...args];
/** No files of `folder` are in what is printed. */
const commands = (folder: string): string[][] => [
  run(
    '--read-only',
    '--network',
    'none',
    ...shell('touch /x /tmp/y /run/z; grep -c -E " /(run|tmp|var/tmp) tmpfs " /proc/mounts'),
  ),
  run(
    '--tmpfs',
    '/etc',
    '--tmpfs',
    '/t:size=1m,mode=1700',
    '--shm-size',
    '2m',
    '--network',
    'none',
    ...shell(
      'ls /etc; grep " /t " /proc/mounts; ls -ld /t | cut -c1-10; df -k /dev/shm | tail -n 1 | awk "{print \\$2}"',
    ),
  ),
  // who has users of its own gets its network between create and start
  run(
    '--uidmap',
    '0:100000:2000',
    '--gidmap',
    '0:100000:2000',
    ...shell(
      'id -u; touch /x && echo made; ip route | grep -c default; ping -c 1 10.88.0.1 | grep received; ip addr show eth0 | grep -o brd.*255',
    ),
  ),
  run('--systemd', 'always', '--network', 'none', ...shell('ls -d /run/lock /sys/fs/cgroup')),
  [
    'run',
    '-d',
    '--name',
    'a',
    '--network',
    'none',
    '-v',
    'vol:/v',
    '-v',
    `${folder}/bound:/w/x`,
    IMAGE,
    'sleep',
    '1000',
  ],
  ['exec', '-e', 'X=1', '-w', '/tmp', '-u', 'bob', 'a', 'sh', '-c', 'id -u; pwd; echo $X; exit 6'],
  // it runs: podman looks for its files where the process of the pid file has them
  ['cp', `${folder}/file`, 'a:/tmp/file'],
  ['cp', `${folder}/file`, 'a:/v/file'],
  ['cp', `${folder}/file`, 'a:/w/x/file'],
  ['exec', 'a', 'cat', '/tmp/file', '/v/file', '/w/x/file'],
  ['exec', '-t', 'a', 'tty'],
  // places in what is mounted; what only the host can mount
  run('--network', 'none', '-v', 'vol:/etc', '--secret', 'known', ...shell('ls /etc; cat /run/secrets/known')),
  run(
    ...['--network', 'none', '-v', `${folder}/bound:/h:O`, '--mount', 'type=image,src=box:1,dst=/i'],
    ...shell('touch /h/new; ls /h /i; cat /i/etc/group'),
  ),
  ['cp', 'a:/nowhere', folder],
  ['diff', 'a'],
  ['top', 'a', 'pid'],
  ['rm', '-f', '-t', '0', 'a'],
  ['volume', 'rm', 'vol'],
];

let podmans: Record<string, Podman> = {};

beforeAll(() => {
  if (!isThere) return;
  for (const runtime of ['runc', OURS]) {
    const podman = new Podman();
    podmans[runtime] = podman;
    podman.importBusybox(IMAGE);
    writeFileSync(join(podman.folder, 'file'), 'text\n');
    mkdirSync(join(podman.folder, 'bound'));
    podman.on('runc', 'secret', 'create', 'known', join(podman.folder, 'file'));
  }
});
afterAll(() => {
  for (const podman of Object.values(podmans)) podman.close();
  podmans = {};
});

describe.skipIf(!isThere)('podman', () => {
  test('beside runc', async () => {
    expect(spawnSync('runc', ['--version']).status).toBe(0);
    const session = async (runtime: string): Promise<unknown[]> => {
      const podman = podmans[runtime]!;
      const said: unknown[] = [];
      for (const command of commands(podman.folder)) {
        const { status, stdout, stderr } = await podman.beside(runtime, ...command);
        const masked = (text: string): string =>
          text
            .replaceAll(podman.folder, 'FOLDER')
            .replace(/[0-9a-f]{64}/g, 'ID')
            .replace(/^WARNING: image platform.*\n/gm, '');
        // processes of our kernel are none of the host's, and no other is shown
        const shown = command[0] === 'top' ? '' : command[0] === 'diff' ? stdout.split('\n').sort().join('\n') : stdout;
        said.push([command.join(' ').replaceAll(podman.folder, 'FOLDER'), status, masked(shown), masked(stderr)]);
      }
      return said;
    };
    const [theirs, ours] = await Promise.all([session('runc'), session(OURS)]);
    expect(ours).toEqual(theirs);
  });
});

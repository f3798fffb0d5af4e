// What containers keep their files in: volumes that take what the image has, folders of the host and whose they are, limits of disks.
// Oracle: docker's own client, and the Engine API's description, which every answer is checked against.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { needs } from '../provisioned.js';
import { type Daemon, sharedDaemon } from './daemon-fixture.js';
import { DebianRoot } from './debian-images.js';

let daemon: Daemon;
sharedDaemon(
  (one) => {
    daemon = one;
  },
  { memory: '512M' },
);

const run = (...args: string[]) => daemon.docker('run', '--rm', ...args);

test('a volume takes what the image has at its place, once, and not with nocopy', async () => {
  const look = ['sh', '-c', 'stat -c "%n %a %u:%g" /etc; stat -c "%n %a %u:%g %Y" /etc/* | sort; cat /etc/passwd'];
  const { stdout: image } = await run('busybox', ...look);
  // what the engine puts over files is no file of the image's
  const shown = (text: string): string[] =>
    text.split('\n').filter((line) => !/^\/etc\/(hosts|hostname|mtab|resolv.conf) /.test(line));
  const lines = (await run('-v', 'etc:/etc:ro', 'busybox', ...look)).stdout;
  expect(shown(lines)).toEqual(shown(image));
  await run('-v', 'etc:/etc', 'busybox', 'sh', '-c', 'rm /etc/group; echo more >> /etc/passwd');
  const again = await run('-v', 'etc:/data', 'busybox', 'sh', '-c', 'ls /data; tail -n 1 /data/passwd');
  expect(again.stdout).not.toContain('group');
  expect(again.stdout).toMatch(/more\n$/);
  expect((await run('-v', 'empty:/home:nocopy', 'busybox', 'ls', '/home')).stdout).toBe('');
  expect((await run('--mount', 'type=volume,target=/home,volume-nocopy', 'busybox', 'ls', '/home')).stdout).toBe('');
  expect((await run('-v', '/home', 'busybox', 'ls', '/home')).stdout).toBe('bob\n');
});

test('a folder of the host that is not there is made by -v, and not by --mount', async () => {
  const folder = join(daemon.folder, 'new/deep');
  const refused = await run('--mount', `type=bind,source=${folder},target=/d`, 'busybox', 'true');
  expect(refused.stderr).toContain('bind source path does not exist');
  expect(existsSync(folder)).toBe(false);
  expect((await run('-v', `${folder}:/d`, 'busybox', 'sh', '-c', 'echo made > /d/file')).status).toBe(0);
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('made\n');
  expect(statSync(folder).uid).toBe(process.getuid!());
});

test('devices of the node are given as they are asked for', async () => {
  const given = ['--device', '/dev/zero:/dev/nothing', '--device', '/dev/kmsg:/dev/kmsg:r'];
  const script = 'head -c 2 /dev/nothing | wc -c; echo x > /dev/kmsg; stat -c "%t:%T" /dev/kmsg';
  const { stdout, stderr } = await run(...given, 'busybox', 'sh', '-c', script);
  expect(stdout).toBe('2\n1:b\n');
  expect(stderr).toContain('Operation not permitted');
  expect((await run('--device', '/dev/sda', 'busybox', 'true')).stderr).toContain('"/dev/sda": no such file');
});

test('limits of disks are those of the group, and what is moved is in stats', async () => {
  const limits = ['--device-write-bps', '/dev/vda:1mb', '--device-read-iops', '/dev/vda:500', '--blkio-weight', '500'];
  const shown = await run(...limits, 'busybox', 'cat', '/sys/fs/cgroup/io.max', '/sys/fs/cgroup/io.weight');
  expect(shown.stdout).toBe('254:0 rbps=max wbps=1048576 riops=500 wiops=max\ndefault 4950\n');
  expect((await run('--device-write-bps', '/dev/sda:1mb', 'busybox', 'true')).stderr).toContain(
    'no such device: /dev/sda',
  );
  const folder = join(daemon.folder, 'moved');
  const write = 'dd if=/dev/zero of=/d/file bs=4096 count=25 conv=fsync 2>/dev/null; exec sleep 1000';
  await daemon.docker('run', '-d', '--name', 'mover', '-v', `${folder}:/d`, 'busybox', 'sh', '-c', write);
  let said = '';
  while (!/[1-9].* \/ 10[0-9]kB/.test(said))
    said = (await daemon.docker('stats', '--no-stream', '--format', '{{.BlockIO}}', 'mover')).stdout;
  expect((await daemon.docker('rm', '-f', 'mover')).status).toBe(0);
});

test('what PostgreSQL has committed in a volume is there when the daemon was killed', {
  timeout: 240_000,
}, async (context) => {
  const { debian } = needs(context, 'debian');
  const tar = join(daemon.folder, 'postgres.tar');
  new DebianRoot(debian).write(tar, ['postgresql-15']);
  expect((await daemon.docker('import', tar, 'postgres')).status).toBe(0);
  const server = `
    chown postgres /data
    exec chroot --userspec=postgres:postgres / sh -c '
      test -f /data/PG_VERSION || initdb -D /data -A trust --no-sync --no-locale -E UTF8 >/dev/null 2>&1 || exit
      exec postgres -D /data -k /tmp -c jit=off -c max_wal_size=80MB'`;
  const path = 'PATH=/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/bin';
  await daemon.docker('run', '-d', '--name', 'db', '-e', path, '-v', 'db:/data', 'postgres', 'sh', '-c', server);
  const query = (sql: string) => daemon.docker('exec', 'db', 'psql', '-h', '/tmp', '-U', 'postgres', '-tAc', sql);
  /** Until it has said so often that it is. */
  const up = async (times: number): Promise<void> => {
    for (let said = ''; said.split('ready to accept connections').length <= times; ) {
      said = (await daemon.docker('logs', 'db')).stderr;
      if ((await daemon.docker('inspect', 'db', '--format', '{{.State.Running}}')).stdout !== 'true\n')
        throw new Error(said);
    }
  };
  await up(1);
  expect((await query('create table kept(i int)')).status).toBe(0);
  let committed = 0;
  const insert = async (): Promise<boolean> => (await query(`insert into kept values (${committed + 1})`)).status === 0;
  while (committed < 3 && (await insert())) committed++;
  const cut = (async () => {
    while (await insert()) committed++;
  })();
  await daemon.restart('SIGKILL');
  await cut;
  expect((await daemon.docker('start', 'db')).status).toBe(0);
  await up(2);
  const { stdout } = await query('select count(*), max(i) from kept');
  const [count, last] = stdout.trim().split('|').map(Number);
  expect(count).toBe(last);
  // the last one may have been on its way to us
  expect(last! - committed).toBeOneOf([0, 1]);
  expect((await query('select pg_get_userbyid(datdba) from pg_database limit 1')).stdout).toBe('postgres\n');
  await daemon.docker('rm', '-f', 'db');
});

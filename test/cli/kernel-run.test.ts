// `tabvisor kernel run` as people use it: roots, users, statuses, pipes, terminals, and what is said about wrong options.
// docs/kernel-run.md.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Console } from '../console.js';
import { busyboxRoot } from '../kernel/busybox-root.js';
import { missing, needs, provisioned, root } from '../provisioned.js';
import { tarOf } from '../tar.js';

const COMMAND = join(root, 'bin/tabvisor.mjs');
let folder: string;
let tar: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabvisor-kernel-run-'));
  tar = join(folder, 'root.tar');
  const busybox = provisioned('busybox');
  if (busybox !== undefined) writeFileSync(tar, busyboxRoot(busybox));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(options: string[], program: string[], input: string | Uint8Array = '') {
  const args = [COMMAND, 'kernel', 'run', '--node-memory', '128M', ...options, '--', ...program];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') },
  });
  return { status, stdout, stderr };
}
const sh = (command: string, ...options: string[]) => run(['--rootfs', tar, ...options], ['sh', '-c', command]);

test("exit statuses: the program's, 128 + n, 126, 127", (context) => {
  needs(context, 'busybox');
  expect(sh('echo out; echo err >&2; exit 3')).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n' });
  expect(sh('sh -c \'kill -SEGV $$\'; echo $?; exec sh -c "kill -9 \\$\\$; exit 12"').stdout).toContain('139');
  expect(run(['--rootfs', tar], ['/etc/passwd'])).toMatchObject({
    status: 126,
    stderr: expect.stringContaining('executed'),
  });
  expect(run(['--rootfs', tar], ['nothing'])).toMatchObject({
    status: 127,
    stderr: expect.stringContaining('nothing'),
  });
});

test('on a pipe nothing is lost, in either direction', (context) => {
  needs(context, 'busybox');
  const lines = Array.from({ length: 1_000_000 }, (_, i) => `${i + 1}\n`).join('');
  const { stdout, stderr } = run(['--rootfs', tar, '-i'], ['sh', '-c', 'tee /dev/stderr | cat | cat'], lines);
  expect(stdout === lines).toBe(true);
  expect(stderr === lines).toBe(true);
});

test('users by name and number, with their groups and home; environment and directory', (context) => {
  needs(context, 'busybox');
  expect(sh('id; echo $HOME; pwd; echo $A', '--user', 'bob', '--env', 'A=b=c', '--cwd', '/home/bob').stdout).toBe(
    'uid=1000(bob) gid=1001(bob) groups=4(adm),7(lp)\n/home/bob\n/home/bob\nb=c\n',
  );
  expect(sh('id; echo $HOME; touch /x 2>&1', '--user', '77:lp').stdout).toBe(
    'uid=77 gid=7(lp)\n/\ntouch: /x: Permission denied\n',
  );
});

test('a root is never written: changes are in memory, in a file, or with ,rw in the folder', (context) => {
  const { busybox } = needs(context, 'busybox');
  const before = createHash('sha256').update(readFileSync(tar)).digest('hex');
  const upper = join(folder, 'changes');
  const change = 'echo kept > /etc/kept; rm /etc/group; mkdir -p /var/d';
  expect(sh(change).status).toBe(0);
  expect(sh(`ls /etc/group && ${change}`, '--upper', upper).status).toBe(0);
  expect(sh('cat /etc/kept; ls /etc', '--upper', upper).stdout).toBe('kept\nkept\npasswd\n');
  expect(createHash('sha256').update(readFileSync(tar)).digest('hex')).toBe(before);
  expect(existsSync(`${upper}.lock`)).toBe(false);

  const rootFolder = join(folder, 'folder');
  mkdirSync(join(rootFolder, 'bin'), { recursive: true });
  writeFileSync(join(rootFolder, 'bin/sh'), readFileSync(busybox), { mode: 0o755 });
  expect(run(['--rootfs', rootFolder], ['sh', '-c', 'echo a > /a; cat /a']).stdout).toBe('a\n');
  expect(readdirSync(rootFolder)).toEqual(['bin']);
  run(['--rootfs', `${rootFolder},rw`], ['sh', '-c', 'echo b > /b']);
  expect(readFileSync(join(rootFolder, 'b'), 'utf8')).toBe('b\n');
});

test("a folder of changes is one process's alone, until that is gone", (context) => {
  needs(context, 'busybox');
  const upper = join(folder, 'locked');
  mkdirSync(upper);
  writeFileSync(join(upper, 'lock'), `${process.pid}\n`);
  expect(sh('true', '--upper', upper)).toMatchObject({
    status: 125,
    stderr: expect.stringContaining(`process ${process.pid}`),
  });
  // no process has that number
  writeFileSync(join(upper, 'lock'), '4194305\n');
  expect(sh('true', '--upper', upper).status).toBe(0);
});

test('a tar.gz is uncompressed once, which is said; layers lie on each other', (context) => {
  needs(context, 'busybox');
  const packed = join(folder, 'root.tar.gz');
  writeFileSync(packed, gzipSync(readFileSync(tar)));
  const second = join(folder, 'second.tar');
  writeFileSync(
    second,
    tarOf([
      { name: 'etc/.wh.passwd', data: '' },
      { name: 'etc/new', data: 'new\n' },
    ]),
  );
  const args = ['--rootfs', packed, '--rootfs', second];
  const first = run(args, ['sh', '-c', 'cat /etc/new; ls /etc']);
  expect(first.stdout).toBe('new\ngroup\nnew\n');
  expect(first.stderr).toContain('an uncompressed copy is kept');
  expect(run(args, ['ls', '/etc'])).toEqual({ status: 0, stdout: 'group\nnew\n', stderr: '' });
});

test('with a virtual clock and equal seeds two runs are the same, to the last system call', (context) => {
  needs(context, 'busybox');
  const script =
    '(sleep 1000; echo later) & for i in 1 2 3; do head -c 9 /dev/urandom | md5sum; done; cat /proc/uptime /proc/sys/kernel/random/boot_id; seq 30000 | sort -r | tail -1; md5sum; wait; date';
  const runOf = (seed: string) =>
    run(['--rootfs', tar, '-i', '--clock', 'virtual', '--seed', seed, '--strace'], ['sh', '-c', script], 'input');
  const [first, second, other] = [runOf('7'), runOf('7'), runOf('8')];
  expect(first.stderr.split('\n').length).toBeGreaterThan(300);
  expect(second).toEqual(first);
  expect(other.stdout).not.toBe(first.stdout);
  expect(first.stdout).toMatch(/later\n.*2026/);
});

test('--strace shows the calls that are asked for, --stats counts and times all', (context) => {
  needs(context, 'busybox');
  const stats = join(folder, 'stats.json');
  const { stderr } = sh('cat /etc/passwd > /dev/null', '--strace=openat,execve', '--stats', stats);
  expect(stderr).toMatch(/^\[\d+\] openat\(AT_FDCWD, "\/etc\/passwd", 0x\w+, 0\w*\) = 3$/m);
  expect(stderr).not.toContain('read(');
  const report = JSON.parse(readFileSync(stats, 'utf8'));
  const openat = report.calls.find((call: { name: string }) => call.name === 'openat');
  expect(openat.calls).toBeGreaterThan(0);
  expect(openat.seconds).toBeGreaterThan(0);
  expect(report.pageFaults).toBeGreaterThan(0);
  expect(report.cpu.instructions).toBeGreaterThan(1000);
});

test.each([
  ['SIGTERM', 'trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 1; done', 9, 'ready\ncaught\n'],
  ['SIGINT', 'echo ready; while :; do sleep 1; done', 130, 'ready\n'],
] as const)('%s goes to the program, and ends one that does not catch it', async (signal, script, status, output) => {
  if (!existsSync(tar)) return;
  const child = spawn(process.execPath, [COMMAND, 'kernel', 'run', '--rootfs', tar, '--', 'sh', '-c', script]);
  let seen = '';
  child.stdout.on('data', (bytes) => {
    if (seen === '') child.kill(signal);
    seen += bytes;
  });
  const [code] = await once(child, 'close');
  expect({ code, seen }).toEqual({ code: status, seen: output });
});

test('on a terminal: job control, Ctrl-C, the size of the window, the status', async (context) => {
  needs(context, 'busybox');
  if (spawnSync('script', ['--version']).status !== 0) missing(context, 'script(1) is not there: install bsdutils');
  const command = `stty cols 72 rows 20; exec ${process.execPath} ${COMMAND} kernel run --rootfs ${tar} -t -i -- sh`;
  const shell = Console.spawn('script', ['-qec', command, '/dev/null'], { deadline: 100 });
  await shell.expect('/ # ');
  shell.send('stty size; tty\r');
  await shell.expect('20 72\n/dev/pts/0\n');
  // what is typed before the program is there is the shell's: it has to say first that it is
  shell.send('sh -c "echo up; exec sleep 1000"\r');
  await shell.expect('\nup\n');
  shell.send('\x03');
  await shell.expect('/ # ');
  shell.send('echo status $?\r');
  await shell.expect('\nstatus 130\n');
  shell.send('sh -c "echo up; exec sleep 1000"\r');
  await shell.expect('\nup\n');
  shell.send('\x1a');
  await shell.expect('Stopped');
  shell.send('jobs; exec sh -c "exit 5"\r');
  expect(await shell.exit()).toBe(5);
});

test('a program is on its own: process 1, a group, mounts, names and interfaces of its own', (context) => {
  needs(context, 'busybox');
  const script = 'echo $$; cat /proc/self/cgroup; hostname; ls /sys/class/net';
  const group =
    'cd /sys/fs/cgroup; mkdir g && rmdir g && echo delegated; (echo 1 > pids.max) 2>/dev/null || cat pids.max';
  expect(sh(`${script}; ${group}`, '--hostname', 'web')).toMatchObject({
    stdout: '1\n0::/\nweb\nlo\ndelegated\nmax\n',
  });
});

test("--userns: root inside is an ordinary user outside, files of the root are root's inside", (context) => {
  needs(context, 'busybox');
  const script = 'id -u; cat /proc/self/uid_map; ls -ln / | grep etc; touch /x; chown 1000:5 /x; ls -ln /x; hostname a';
  const [id, map, etc, file] = sh(`${script}; hostname`, '--userns').stdout.split('\n');
  expect([id, map!.trim().split(/ +/)]).toEqual(['0', ['0', '100000', '65536']]);
  expect(etc).toMatch(/ 0 +0 /);
  expect(file).toMatch(/ 1000 +5 /);
  expect(sh('cat /proc/self/gid_map', '--userns', '0:5000:1,1:70000:10').stdout.trim().split(/\s+/)).toEqual([
    '0',
    '5000',
    '1',
    '1',
    '70000',
    '10',
  ]);
  expect(sh('true', '--userns', '0:5000:1', '--user', 'bob')).toMatchObject({
    status: 125,
    stderr: expect.stringContaining('--userns does not map'),
  });
  // the same folder is written with the owners that it has outside
  const rootFolder = join(folder, 'mapped');
  mkdirSync(join(rootFolder, 'bin'), { recursive: true });
  writeFileSync(join(rootFolder, 'bin/sh'), readFileSync(provisioned('busybox')!), { mode: 0o755 });
  run(['--rootfs', `${rootFolder},rw`, '--userns'], ['sh', '-c', 'echo b > /b']);
  expect(statSync(join(rootFolder, 'b')).uid).toBe(statSync(rootFolder).uid);
});

test.each([
  [['--rootfs', '/nowhere'], 'no such file'],
  [['--rootfs', '/dev/null'], 'neither a folder nor a file'],
  [['--rootfs', process.execPath], 'no tar'],
  [['--rootfs', 'TAR', '--upper', 'TAR'], 'is no folder'],
  [['--rootfs', 'TAR', '--user', 'nobody'], 'unable to find user nobody'],
  [['--rootfs', 'TAR', '--user', 'bob:nobody'], 'unable to find group nobody'],
  [['--rootfs', 'TAR', '--cwd', '/nowhere'], 'no such directory'],
  [['--rootfs', 'TAR', '--stats', '/nowhere/x'], 'no such file'],
  [['--rootfs', 'TAR', '--bind', '/dev/null:/x'], '--bind /dev/null: not a folder'],
])('%j is refused with a sentence', (options, message) => {
  if (!existsSync(tar)) return;
  const { status, stderr, stdout } = run(
    options.map((option) => (option === 'TAR' ? tar : option)),
    ['true'],
  );
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('bug of tabvisor');
  expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
});

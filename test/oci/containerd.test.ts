// Debian's containerd with `tabvisor oci` in the place of runc: busybox's image and a Debian root, in the foreground and detached, on a
// terminal, with exec and limits. docs/oci-runtime.md; ctr(8).
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, type TestContext } from 'vitest';
import { Console } from '../console.js';
import { busyboxRoot } from '../kernel/busybox-root.js';
import { missing, needs, provisioned, root } from '../provisioned.js';
import { imageTar } from './image-tar.js';

const IMAGE = 'docker.io/library/box:1';
const busybox = provisioned('busybox');
const containerd = provisioned('containerd');
const CGROUP = ['--mount', 'type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro'];
let folder: string | undefined;
let daemon: ChildProcess | undefined;

beforeAll(async () => {
  if (containerd === undefined || busybox === undefined || process.getuid?.() !== 0) return;
  folder = mkdtempSync(join(tmpdir(), 'tabvisor-containerd-'));
  const config = `version = 2
    root = "${folder}/root"
    state = "${folder}/state"
    disabled_plugins = ["io.containerd.grpc.v1.cri"]
    [grpc]
    address = "${folder}/socket"`;
  writeFileSync(join(folder, 'config.toml'), config);
  writeFileSync(join(folder, 'image.tar'), imageTar(busyboxRoot(busybox), IMAGE));
  daemon = spawn(containerd, ['--config', join(folder, 'config.toml')], { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((resolve) => {
    let log = '';
    daemon!.stderr!.on('data', (bytes) => {
      log += bytes;
      if (log.includes('successfully booted')) resolve();
    });
    daemon!.once('exit', () => resolve());
  });
  expect(existsSync(join(folder, 'socket'))).toBe(true);
  ctr('images', 'import', '--platform', 'linux/386', '--snapshotter', 'native', join(folder, 'image.tar'));
});
afterAll(async () => {
  if (!daemon || !folder) return;
  for (const id of ctr('task', 'ls', '-q').stdout.split('\n').filter(Boolean)) ctr('task', 'delete', '--force', id);
  const ended = once(daemon, 'exit');
  daemon.kill();
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

const address = (): string[] => ['--address', join(folder!, 'socket')];
function ctr(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('ctr', [...address(), ...args], { encoding: 'utf8', input: '', timeout: 60_000 });
}

function need(context: TestContext): void {
  needs(context, 'containerd', 'busybox');
  if (!folder) missing(context, 'containerd needs root');
}

const runtime = ['--runc-binary', join(root, 'bin/tabvisor-oci.mjs')];
const RUN = ['--snapshotter', 'native', '--platform', 'linux/386', ...runtime];

test('in the foreground: output, status, limits, rights', (context) => {
  need(context);
  const limits = ['--memory-limit', `${32 << 20}`, '--cpus', '0.5', '--env', 'A=b', '--cwd', '/tmp', '--read-only'];
  const script =
    'id -u; pwd; echo $A; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max; touch /x 2>/dev/null; exit 4';
  const ended = ctr('run', '--rm', ...RUN, ...CGROUP, ...limits, IMAGE, 'one', 'sh', '-c', script);
  expect(ended).toMatchObject({ status: 4, stdout: '0\n/tmp\nb\n33554432\n50000 100000\n' });
  expect(ctr('containers', 'ls', '-q').stdout).toBe('');
});

test('detached: exec, pause, kill, delete', (context) => {
  need(context);
  expect(ctr('run', '-d', ...RUN, IMAGE, 'two', 'sh', '-c', 'while :; do sleep 1; done').status).toBe(0);
  const status = (): string => /^two +\d+ +(\w+)/m.exec(ctr('task', 'ls').stdout)?.[1] ?? 'gone';
  expect(status()).toBe('RUNNING');
  const more = [
    'task',
    'exec',
    '--exec-id',
    'more',
    'two',
    'sh',
    '-c',
    'cat /proc/1/comm; ls /proc | grep -c "^1$"; exit 3',
  ];
  expect(ctr(...more)).toMatchObject({ status: 3, stdout: 'sh\n1\n' });
  expect(ctr('task', 'pause', 'two').status).toBe(0);
  expect(status()).toBe('PAUSED');
  expect(ctr('task', 'resume', 'two').status).toBe(0);
  expect(ctr('task', 'kill', '--signal', 'SIGKILL', 'two').status).toBe(0);
  for (let looks = 0; status() !== 'STOPPED' && looks < 500; looks++);
  // the task's status is the program's
  expect(ctr('task', 'delete', 'two').stderr).toContain('exit with non-zero exit code 137');
  expect(ctr('containers', 'rm', 'two').status).toBe(0);
});

test('on a terminal', async (context) => {
  need(context);
  if (spawnSync('script', ['--version']).status !== 0) missing(context, 'script(1) is not there: install bsdutils');
  const words = ['ctr', ...address(), 'run', '--rm', '-t', ...RUN, '--env', "'PS1=>'", IMAGE, 'three', 'sh'];
  const shell = Console.spawn('script', ['-qec', words.join(' '), '/dev/null'], { deadline: 120 });
  await shell.expect('>');
  shell.send('echo $((6*7))\r');
  await shell.expect('\n42\n');
  shell.send('exit 5\r');
  expect(await shell.exit()).toBe(5);
});

test('a Debian root', (context) => {
  need(context);
  const { debian } = needs(context, 'debian');
  const script = 'cat /etc/os-release | grep ^ID=; dpkg-query -W bash | cut -f1; echo $BASH_VERSION | cut -c1-3';
  const words = ['run', '--rm', '--rootfs', '--read-only', ...runtime, debian, 'four', '/bin/bash', '-c', script];
  expect(ctr(...words)).toMatchObject({ status: 0, stdout: 'ID=debian\nbash\n5.2\n' });
});

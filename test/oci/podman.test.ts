// Debian's podman with `tabvisor oci` as its runtime runs our image: detached and in the foreground, on a terminal, with exec and limits.
// docs/oci-runtime.md.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, type TestContext } from 'vitest';
import { Console } from '../console.js';
import { missing, needs, provisioned, root } from '../provisioned.js';

const IMAGE = 'box:1';
/** What a host with low limits and no groups to give away asks for; no network of the host's can be had. */
const RUN = ['--network', 'none', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000'];
let folder: string;
let globals: string[];

beforeAll(() => {
  if (provisioned('podman') === undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'tabvisor-podman-'));
  globals = [
    ...['--storage-driver', 'vfs', '--root', join(folder, 'root'), '--runroot', join(folder, 'run')],
    ...['--cgroup-manager', 'cgroupfs', '--runtime', join(root, 'bin/tabvisor-oci.mjs')],
  ];
  const image = join(root, 'guest/build/tabvisor-image.tar');
  execFileSync('podman', [...globals, 'import', '--arch', '386', image, IMAGE], { stdio: 'pipe' });
});
afterAll(() => {
  if (folder === undefined) return;
  spawnSync('podman', [...globals, 'rm', '--all', '--force', '--time', '0']);
  rmSync(folder, { recursive: true, force: true });
});

function podman(context: TestContext, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  needs(context, 'podman');
  return spawnSync('podman', [...globals, ...args], { encoding: 'utf8' });
}

test('in the foreground: output, status, limits, a folder of the host', (context) => {
  const commands =
    'hostname; id; cat /sys/fs/cgroup/memory.max /proc/self/cgroup; cat /mnt/os-release | head -n 1; exit 4';
  const limits = ['-m', '32m', '--hostname', 'inner', '-v', `${join(root, 'guest/image/etc')}:/mnt:ro`];
  const { status, stdout } = podman(context, 'run', '--rm', ...RUN, ...limits, IMAGE, 'sh', '-c', commands);
  expect(stdout).toBe('inner\nuid=0(root) gid=0(root) groups=0(root)\n33554432\n0::/\nNAME="tabvisor"\n');
  expect(status).toBe(4);
});

test('users of a container that are others on the host', (context) => {
  const map = ['--uidmap', '0:100000:2000', '--gidmap', '0:100000:2000'];
  const script = 'id; cat /proc/self/uid_map; touch /x && echo made';
  const { stdout, stderr } = podman(context, 'run', '--rm', ...RUN, ...map, IMAGE, 'sh', '-c', script);
  expect(stdout.replace(/ +/g, ' '), stderr).toBe('uid=0(root) gid=0(root) groups=0(root)\n 0 100000 2000\nmade\n');
});

test('a program that is not there, or is none, is 127 and 126', (context) => {
  expect(podman(context, 'run', '--rm', ...RUN, IMAGE, 'nothing').status).toBe(127);
  expect(podman(context, 'run', '--rm', ...RUN, IMAGE, '/etc/passwd').status).toBe(126);
});

test('detached: logs, exec, pause, stop, inspect', (context) => {
  const script = 'echo started; while :; do sleep 1; done';
  expect(podman(context, 'run', '-d', '--name', 'one', ...RUN, IMAGE, 'sh', '-c', script).status).toBe(0);
  expect(podman(context, 'exec', 'one', 'sh', '-c', 'ps | grep -c started; exit 3')).toMatchObject({ status: 3 });
  expect(podman(context, 'pause', 'one').status).toBe(0);
  expect(podman(context, 'unpause', 'one').status).toBe(0);
  expect(podman(context, 'stop', '-t', '0', 'one').status).toBe(0);
  expect(podman(context, 'logs', 'one').stdout).toBe('started\n');
  const state = podman(context, 'inspect', 'one', '--format', '{{.State.Status}} {{.State.ExitCode}}').stdout;
  expect(state).toBe('exited 137\n');
  expect(podman(context, 'rm', 'one').status).toBe(0);
});

test('rootless: a user of the host who is root in it', (context) => {
  needs(context, 'podman');
  const nobody = ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups'];
  if (spawnSync('setpriv', [...nobody, 'unshare', '--user', 'true']).status !== 0)
    missing(context, 'an ordinary user may not make user namespaces here');
  const home = mkdtempSync(join(tmpdir(), 'tabvisor-rootless-'));
  try {
    mkdirSync(join(home, 'run'), { mode: 0o700 });
    execFileSync('chown', ['-R', 'nobody:nogroup', home]);
    const own = ['--storage-driver', 'vfs', '--storage-opt', 'vfs.ignore_chown_errors=true'];
    const env = { ...process.env, HOME: home, XDG_RUNTIME_DIR: join(home, 'run') };
    const as = (...args: string[]) =>
      spawnSync('setpriv', [...nobody, 'podman', ...own, ...globals.slice(6), ...args], {
        encoding: 'utf8',
        env,
        cwd: home,
      });
    const image = readFileSync(join(root, 'guest/build/tabvisor-image.tar'));
    writeFileSync(join(home, 'image.tar'), image, { mode: 0o644 });
    as('import', '--arch', '386', join(home, 'image.tar'), IMAGE);
    const script = 'id; cat /proc/self/uid_map; touch /h/made; exit 4';
    const { status, stdout, stderr } = as('run', '--rm', ...RUN, '-v', `${home}:/h`, IMAGE, 'sh', '-c', script);
    expect(stdout.replace(/ +/g, ' '), stderr).toBe('uid=0(root) gid=0(root) groups=0(root)\n 0 0 4294967295\n');
    expect(status).toBe(4);
    expect(statSync(join(home, 'made')).uid).toBe(Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' })));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

test('on a terminal', async (context) => {
  needs(context, 'podman');
  if (spawnSync('script', ['--version']).status !== 0) missing(context, 'script(1) is not there: install bsdutils');
  const command = ['podman', ...globals, 'run', '--rm', '-it', ...RUN, '--env', "'PS1=>'", IMAGE, 'sh'].join(' ');
  const shell = Console.spawn('script', ['-qec', command, '/dev/null'], { deadline: 120 });
  await shell.expect('>');
  shell.send('echo $((6*7)); sleep 100\r');
  await shell.expect('\n42\n');
  shell.send('\x03');
  await shell.expect('>');
  shell.send('exit 5\r');
  expect(await shell.exit()).toBe(5);
});

// Several programs on one node: `tabvisor kernel run --control` and `--node`, what they share and what not, and how they end.
// docs/kernel-run.md, "Several programs on a node".
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KernelState } from '../../src/cli/kernel-control.js';
import { Console } from '../console.js';
import { busyboxRoot } from '../kernel/busybox-root.js';
import { missing, provisioned, root } from '../provisioned.js';

const COMMAND = join(root, 'bin/tabvisor.mjs');
/** The first program: it says that it is there, and ends with status 7 when it is told to. */
const FIRST = 'trap "exit 7" TERM; echo up; mkdir /first; sleep 1000000 & while :; do wait $!; done';
let folder: string;
let tar: string;
let socket: string;
let node: ChildProcess | undefined;

async function startNode(path: string, script = FIRST): Promise<ChildProcess> {
  const args = ['--rootfs', tar, '--node-memory', '128M', '--control', path, '--hostname', 'first'];
  const child = spawn(process.execPath, [COMMAND, 'kernel', 'run', ...args, '--', 'sh', '-c', script]);
  await once(child.stdout!, 'data');
  return child;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tabvisor-kernel-node-'));
  tar = join(folder, 'root.tar');
  socket = join(folder, 'k');
  const busybox = provisioned('busybox');
  if (busybox === undefined) return;
  writeFileSync(tar, busyboxRoot(busybox));
  node = await startNode(socket);
}, 60_000);
afterAll(async () => {
  const ended = node && once(node, 'close');
  node?.kill('SIGTERM');
  if (ended) expect(await ended).toEqual([7, null]);
  rmSync(folder, { recursive: true, force: true });
});

function run(options: string[], program: string[], input = '') {
  const args = [COMMAND, 'kernel', 'run', '--node', socket, ...options, '--', ...program];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    cwd: folder,
  });
  return { status, stdout, stderr };
}
// a path of the host means what it means to whoever has written it
const sh = (command: string, ...options: string[]) => run(['--rootfs', 'root.tar', ...options], ['sh', '-c', command]);
const NAMES = 'for n in mnt uts ipc pid net cgroup; do readlink /proc/self/ns/$n; done';

test("the socket is its owner's alone", (context) => {
  if (!node) return missing(context, 'busybox is not there: run scripts/provision');
  expect(statSync(socket).mode & 0o777).toBe(0o600);
});

test('a second program has a root, processes, a name, interfaces and a group of its own, and its own status', (context) => {
  if (!node) return missing(context, 'busybox is not there: run scripts/provision');
  const script = 'echo $$; hostname; ls -d /first; ps | grep -c [s]leep; cat /sys/fs/cgroup/pids.max; exit 3';
  expect(sh(script, '--hostname', 'second', '--pids', '9')).toEqual({
    status: 3,
    stdout: '1\nsecond\n0\n9\n',
    stderr: 'ls: /first: No such file or directory\n',
  });
  const [first, second] = [sh(NAMES), sh(NAMES)].map(({ stdout }) => stdout.split('\n'));
  for (const name of first!.filter(Boolean)) expect(second).not.toContain(name);
});

test("--share: what is named is the other's, all else its own", (context) => {
  if (!node) return missing(context, 'busybox is not there: run scripts/provision');
  expect(sh('hostname; ps | grep -c "[e]cho up"; ls -d /first', '--share', 'uts=1,pid=1')).toMatchObject({
    status: 1,
    stdout: 'first\n1\n',
  });
  const links = 'for n in mnt uts ipc pid net cgroup user; do readlink /proc/$1/ns/$n; done';
  const all = run(['--share', 'all=1'], ['sh', '-c', `${links}; echo; set 1; ${links}; ls -d /first`, 'sh', 'self']);
  const [mine, others] = all.stdout.split('\n\n');
  expect(others).toBe(`${mine}\n/first\n`);
});

test('nothing is lost on the way, in either direction; without -i input is empty', (context) => {
  if (!node) return missing(context, 'busybox is not there: run scripts/provision');
  const lines = Array.from({ length: 200_000 }, (_, i) => `${i + 1}\n`).join('');
  const { stdout, stderr } = run(['--rootfs', tar, '-i'], ['sh', '-c', 'tee /dev/stderr | cat'], lines);
  expect(stdout === lines).toBe(true);
  expect(stderr === lines).toBe(true);
  expect(run(['--rootfs', tar], ['wc', '-c'], 'not for it').stdout).toBe('0\n');
});

test("a signal is the program's; who is gone takes his program with him; a reader who is gone ends it", async (context) => {
  if (!node) return missing(context, 'busybox is not there: run scripts/provision');
  const start = (script: string) => {
    const args = [COMMAND, 'kernel', 'run', '--node', socket, '--rootfs', tar, '--share', 'pid=1', '--'];
    return spawn(process.execPath, [...args, 'sh', '-c', script]);
  };
  const caught = start('trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.1; done');
  let seen = '';
  caught.stdout.on('data', (bytes) => {
    if (seen === '') caught.kill('SIGINT');
    seen += bytes;
  });
  expect(await once(caught, 'close')).toEqual([9, null]);
  expect(seen).toBe('ready\ncaught\n');

  const killed = start('echo ready; exec sleep 2000000');
  await once(killed.stdout, 'data');
  const gone = once(killed, 'close');
  killed.kill('SIGKILL');
  await gone;
  const deaf = start('yes 3000000');
  await once(deaf.stdout, 'data');
  const ended = once(deaf, 'close');
  deaf.stdout.destroy();
  expect(await ended).toEqual([141, null]);
  const left = 'while ps | grep -q "[s]leep 2000000\\|[y]es 3000000"; do sleep 0.1; done; echo none';
  expect(sh(left, '--share', 'pid=1').stdout).toBe('none\n');
});

test('a terminal: size, Ctrl-C, /dev/console, status', async (context) => {
  if (!node) return missing(context, 'busybox is not there: run scripts/provision');
  if (spawnSync('script', ['--version']).status !== 0) missing(context, 'script(1) is not there: install bsdutils');
  const command = `stty cols 72 rows 20; exec ${process.execPath} ${COMMAND} kernel run --node ${socket} --rootfs ${tar} -t -i -- sh`;
  const shell = Console.spawn('script', ['-qec', command, '/dev/null'], { deadline: 100 });
  await shell.expect('/ # ');
  shell.send('stty size; tty; echo console > /dev/console\r');
  await shell.expect('20 72\n/dev/pts/0\nconsole\n');
  shell.send('sh -c "echo up; exec sleep 1000"\r');
  await shell.expect('\nup\n');
  shell.send('\x03');
  await shell.expect('/ # ');
  shell.send('echo status $?; exec sh -c "exit 5"\r');
  await shell.expect('\nstatus 130\n');
  expect(await shell.exit()).toBe(5);
});

test('with the first program the node ends, and with it all others', async (context) => {
  if (!node) return missing(context, 'busybox is not there: run scripts/provision');
  const path = join(folder, 'short');
  const first = await startNode(path);
  const args = [
    COMMAND,
    'kernel',
    'run',
    '--node',
    path,
    '--rootfs',
    tar,
    '--',
    'sh',
    '-c',
    'echo up; exec sleep 1000',
  ];
  const second = spawn(process.execPath, args);
  await once(second.stdout, 'data');
  const ends = Promise.all([once(first, 'close'), once(second, 'close')]);
  first.kill('SIGTERM');
  expect(await ends).toEqual([
    [7, null],
    [137, null],
  ]);
});

test('kernel top shows the programs by their numbers', (context) => {
  if (!node) return missing(context, 'busybox is not there: run scripts/provision');
  const { stdout } = spawnSync(process.execPath, [COMMAND, 'kernel', 'top', socket, '--once'], { encoding: 'utf8' });
  expect(stdout).toMatch(/^GROUP +PID +PROCS/);
  expect(stdout).toMatch(/^ +program +1 +2 /m);
  // what was there for those who have ended is gone
  expect(stdout).not.toContain('program-');
});

async function state(): Promise<KernelState> {
  const caller = connect(socket);
  caller.write('\n');
  const [bytes] = await once(caller, 'data');
  caller.destroy();
  return JSON.parse(bytes.toString());
}

test('programs that come and go leave no memory, group or disk behind', async (context) => {
  if (!node) return missing(context, 'busybox is not there: run scripts/provision');
  const one = () => {
    sh('echo a > /a; mkdir /sys/fs/cgroup/g; sleep 1000 & cat /sys/block/*/dev | wc -l', '--userns');
    return sh('cat /proc/partitions', '--bind', `${folder}:/mnt`).stdout;
  };
  const [disks, before] = [one(), await state()];
  expect(one()).toBe(disks);
  expect(one()).toBe(disks);
  const after = await state();
  expect(after.groups.map(({ path }) => path)).toEqual(['/', '/program']);
  // less than one of the three roots with its pages
  expect(before.memory.free - after.memory.free).toBeLessThan(256 << 10);
});

test('whoever shares the mounts of a program that has ended goes on there, and its changes are kept', async (context) => {
  if (!node) return missing(context, 'busybox is not there: run scripts/provision');
  const upper = ['--rootfs', tar, '--upper', join(folder, 'upper')];
  const start = (options: string[], script: string) =>
    spawn(process.execPath, [COMMAND, 'kernel', 'run', '--node', socket, '-i', ...options, '--', 'sh', '-c', script]);
  const first = start(upper, 'echo up; read word; echo $word > /first');
  await once(first.stdout, 'data');
  const { pid } = (await state()).programs.find(({ group }) => group !== '/program')!;
  const second = start(['--share', `mnt=${pid}`], 'echo up; read word; echo $word > /second; sync');
  await once(second.stdout, 'data');
  const [firstEnds, secondEnds] = [once(first, 'close'), once(second, 'close')];
  first.stdin.end('one\n');
  expect(await firstEnds).toEqual([0, null]);
  second.stdin.end('two\n');
  expect(await secondEnds).toEqual([0, null]);
  expect(run(upper, ['cat', '/first', '/second']).stdout).toBe('one\ntwo\n');
});

test('hostile callers get nothing, and the node goes on', async (context) => {
  if (!node) return missing(context, 'busybox is not there: run scripts/provision');
  const frame = (kind: number, length: number, bytes = Buffer.alloc(0)) => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(length);
    head[4] = kind;
    return Buffer.concat([head, bytes]);
  };
  const request = JSON.stringify({ options: { rootfs: [tar] }, args: ['sleep', '1000'] });
  const refused = [
    'what\n',
    'x'.repeat(2 << 20),
    'run \n',
    'run null\n',
    'run {"options":{"rootfs":1},"args":["true"]}\n',
    'run {"options":{"rootfs":["/"],"__proto__":{"tty":1}},"args":[]}\n',
    Buffer.concat([Buffer.from(`run ${request}\n`), frame(0, 0xffffffff)]),
    // more input than was agreed upon
    Buffer.concat([Buffer.from(`run ${request}\n`), ...Array(5).fill(frame(0, 65536, Buffer.alloc(65536)))]),
    Buffer.concat([
      Buffer.from(`run ${request}\n`),
      frame(3, 1, Buffer.of(9)),
      frame(77, 0),
      frame(2, 0),
      frame(0, 65537),
    ]),
  ];
  for (const bytes of refused) {
    const caller = connect(socket);
    caller.on('error', () => {});
    caller.resume();
    // a reset is as good as an end
    const closed = new Promise((resolve) => caller.on('close', resolve));
    caller.write(bytes);
    await closed;
  }
  expect(sh('echo on').stdout).toBe('on\n');
});

test.each([
  [['--rootfs', '/nowhere'], 'no such file', 125],
  [['--rootfs', 'root.tar', '--share', 'net=99'], 'no such process', 125],
  [['--rootfs', 'root.tar', '--cwd', '/nowhere'], 'no such directory', 125],
  [['--rootfs', 'root.tar', '--user', 'nobody'], 'unable to find user nobody', 125],
])('%j is refused with a sentence', (options, message, status) => {
  if (!node) return;
  const result = run(options, ['true']);
  expect(result.stderr).toContain(message);
  expect(result).toMatchObject({ status, stdout: '' });
});

test('where no node is', (context) => {
  if (!node) return missing(context, 'busybox is not there: run scripts/provision');
  const { status, stderr } = run(['--node', join(folder, 'nobody'), '--rootfs', tar], ['true']);
  expect({ status, stderr }).toEqual({ status: 125, stderr: expect.stringContaining('--control') });
});

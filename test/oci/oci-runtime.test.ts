// `tabvisor oci`, called as engines call it: a container from its creation to its end, what goes wrong, and what is left behind: nothing.
// OCI runtime-spec, runtime.md; runc(8). Source: src/cli/oci.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProcessSpec, RuntimeSpec } from '../../src/base/runtime-spec.js';
import { missing, root } from '../provisioned.js';

const COMMAND = join(root, 'bin/tabvisor-oci.mjs');
let folder: string;
let states: string;
let bundles = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabvisor-oci-'));
  states = join(folder, 'states');
  mkdirSync(join(folder, 'rootfs'));
  execFileSync('tar', ['-xf', join(root, 'guest/build/tabvisor-image.tar'), '-C', join(folder, 'rootfs')]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A bundle whose program is a shell's `commands`. */
function bundle(commands: string, change: Partial<RuntimeSpec> & { process?: ProcessSpec } & object = {}): string {
  const path = join(folder, `bundle${bundles++}`);
  mkdirSync(path);
  const config = {
    ...{ ociVersion: '1.0.2', root: { path: '../rootfs' }, hostname: 'inner' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
    ],
    ...change,
    linux: {
      namespaces: ['pid', 'mount', 'uts', 'ipc', 'network', 'cgroup'].map((type) => ({ type })),
      ...change.linux,
    },
    process: { args: ['sh', '-c', commands], env: ['PATH=/bin'], cwd: '/', ...change.process },
  };
  writeFileSync(join(path, 'config.json'), JSON.stringify(config));
  return path;
}

function oci(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(COMMAND, ['--root', states, '--node-memory', '64M', ...args], { encoding: 'utf8', input: '' });
}

interface Created {
  output(): string;
  /** All of its input. */
  input(text: string): void;
  /** The sandbox has closed its streams. */
  ended: Promise<void>;
}

/** Creates a container whose streams are pipes of ours, also when who created it has ended. */
async function create(id: string, path: string, ...args: string[]): Promise<Created> {
  const fifo = join(path, 'input');
  execFileSync('mkfifo', [fifo]);
  const reading = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const writing = openSync(fifo, 'w');
  const words = ['--root', states, '--node-memory', '64M', 'create', '--bundle', path, ...args, id];
  const child = spawn(COMMAND, words, { stdio: [reading, 'pipe', 'pipe'] });
  closeSync(reading);
  let text = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (bytes) => {
      text += bytes;
    });
  const ended = once(child, 'close').then(() => {});
  const [status] = await once(child, 'exit');
  expect(text).toBe('');
  expect(status).toBe(0);
  const input = (given: string): void => {
    writeSync(writing, given);
    closeSync(writing);
  };
  return { output: () => text, input, ended };
}

const state = (id: string) => JSON.parse(oci('state', id).stdout);

test('created, started, asked, ended, deleted', async () => {
  const path = bundle('echo hello from $(hostname); read line; echo "got $line"; exit 7');
  const pidFile = join(folder, 'pid');
  const container = await create('one', path, '--pid-file', pidFile);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  expect(state('one')).toMatchObject({ ociVersion: '1.0.2', id: 'one', status: 'created', pid, bundle: path });
  expect(container.output()).toBe('');
  expect(oci('start', 'one')).toMatchObject({ status: 0, stderr: '' });
  expect(state('one').status).toBe('running');
  expect(oci('start', 'one').stderr).toContain('cannot start an already running container');
  expect(oci('delete', 'one').stderr).toContain('cannot delete container one that is not stopped: running');
  expect(oci('pause', 'one').status).toBe(0);
  expect(state('one').status).toBe('paused');
  expect(oci('resume', 'one').status).toBe(0);
  expect(oci('exec', 'one', 'sh', '-c', 'hostname; echo $(wc -l < /proc/1/status); exit 3')).toMatchObject({
    status: 3,
  });
  expect(oci('ps', 'one').stdout).toMatch(/^UID +PID +PPID +CMD\n0 +\d+ +\d+ +sh -c echo hello/);
  expect(oci('list', '-q').stdout).toBe('one\n');
  container.input('a line\n');
  await container.ended;
  expect(container.output()).toBe('hello from inner\ngot a line\n');
  expect(state('one')).toMatchObject({ status: 'stopped', pid: 0 });
  expect(oci('kill', 'one').stderr).toContain('container not running');
  expect(oci('delete', 'one')).toMatchObject({ status: 0, stderr: '' });
  expect(oci('state', 'one').stderr).toContain('container does not exist: one');
  expect(readdirSync(states)).toEqual([]);
});

test('run has the program’s streams and status, and leaves nothing', () => {
  const path = bundle('read x; echo "<$x>"; echo wrong >&2; exit 9');
  const words = ['--root', states, '--node-memory', '64M', 'run', '--bundle', path, 'two'];
  const { status, stdout, stderr } = spawnSync(COMMAND, words, { encoding: 'utf8', input: 'word\n' });
  expect({ status, stdout, stderr }).toEqual({ status: 9, stdout: '<word>\n', stderr: 'wrong\n' });
  expect(readdirSync(states)).toEqual([]);
});

test('limits, and their change while it runs', async () => {
  const linux = { resources: { memory: { limit: 16 << 20 }, pids: { limit: 5 } } };
  const path = bundle('cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; read x; eat 64 > /tmp/eaten; echo $?', {
    linux: { ...linux, namespaces: ['pid', 'mount', 'uts', 'cgroup'].map((type) => ({ type }) as never) },
  });
  const container = await create('three', path);
  oci('start', 'three');
  expect(oci('update', '--pids-limit', '7', 'three')).toMatchObject({ status: 0, stderr: '' });
  const { data } = JSON.parse(oci('events', '--stats', 'three').stdout);
  expect(data).toMatchObject({ memory: { usage: { limit: 16 << 20 } }, pids: { limit: 7 } });
  container.input('\n');
  await container.ended;
  expect(container.output()).toBe('16777216\n5\n137\n');
  expect(oci('delete', 'three').status).toBe(0);
});

test('disks: limits and weights of the config and of update, what has been moved', async () => {
  writeFileSync(join(folder, 'rootfs/data'), 'x'.repeat(20_000));
  const rate = (of: number) => [{ major: 254, minor: 0, rate: of }];
  const blockIO = {
    ...{ weight: 500, throttleReadBpsDevice: rate(1 << 20), throttleWriteBpsDevice: rate(2 << 20) },
    ...{ throttleReadIOPSDevice: rate(100), throttleWriteIOPSDevice: rate(0) },
  };
  const resources = { blockIO } as RuntimeSpec['linux'];
  const path = bundle('cat /data > /dev/null; cat /sys/fs/cgroup/io.max /sys/fs/cgroup/io.weight; read line', {
    linux: { namespaces: [{ type: 'mount' }, { type: 'uts' }, { type: 'cgroup' }], resources } as RuntimeSpec['linux'],
  });
  const container = await create('disks', path);
  oci('start', 'disks');
  while (!container.output().includes('default')) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(container.output()).toBe('254:0 rbps=1048576 wbps=2097152 riops=100 wiops=max\ndefault 4950\n');
  const { blkio } = JSON.parse(oci('events', '--stats', 'disks').stdout).data;
  const [read] = blkio.ioServiceBytesRecursive;
  expect(read).toMatchObject({ major: 254, minor: 0, op: 'Read' });
  expect(read.value).toBeGreaterThanOrEqual(20_000);
  expect(oci('update', '--blkio-weight', '10', 'disks')).toMatchObject({ status: 0, stderr: '' });
  expect(oci('exec', 'disks', 'cat', '/sys/fs/cgroup/io.weight').stdout).toBe('default 1\n');
  container.input('\n');
  await container.ended;
  oci('delete', 'disks');
  const elsewhere = { blockIO: { throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }] } };
  const refused = bundle('true', { linux: { resources: elsewhere } as RuntimeSpec['linux'] });
  expect(oci('run', '--bundle', refused, 'disks').stderr).toContain("io.max: '8:0 rbps=1000': ENODEV");
});

test('a config to begin with, what the runtime can do, and what it can not', () => {
  const path = join(folder, 'begin');
  mkdirSync(path);
  expect(oci('spec', '--bundle', path)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(oci('spec', '--bundle', path).stderr).toContain('config.json is there already');
  const spec = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8'));
  Object.assign(spec, { root: { path: '../rootfs', readonly: true } });
  Object.assign(spec.process, { terminal: false, args: ['sh', '-c', 'echo $(hostname) $$'] });
  writeFileSync(join(path, 'config.json'), JSON.stringify(spec));
  expect(oci('run', '--bundle', path, 'begun')).toMatchObject({ status: 0, stdout: 'tabvisor 1\n' });
  expect(JSON.parse(oci('features').stdout).linux.namespaces).toContain('user');
  for (const name of ['checkpoint', 'restore']) {
    const { status, stderr } = oci(name, '--image-path', '/tmp/x', 'begun');
    expect(status).not.toBe(0);
    expect(stderr).toContain(`${name}: containers of the OCI runtime are not kept`);
  }
  const nothing = bundle('true', { process: { args: ['nope'] } });
  expect(oci('run', '--bundle', nothing, 'gone').stderr).toContain('executable file not found in $PATH');
  expect(oci('list', '-q').stdout).toBe('');
});

test('signals, and the end of a sandbox', async () => {
  const container = await create('four', bundle('echo ready; while :; do sleep 1; done'));
  oci('start', 'four');
  // process 1 takes no signal that it does not handle; but this one
  expect(oci('kill', 'four', 'TERM').status).toBe(0);
  expect(state('four').status).toBe('running');
  expect(oci('kill', 'four', 'KILL').status).toBe(0);
  await container.ended;
  expect(oci('delete', 'four').status).toBe(0);

  // whoever kills the sandbox ends the container
  const other = await create('five', bundle('sleep 1000'));
  oci('start', 'five');
  process.kill(state('five').pid, 'SIGKILL');
  await other.ended;
  expect(state('five').status).toBe('stopped');
  expect(oci('delete', '--force', 'five').status).toBe(0);
  expect(oci('delete', '--force', 'five').status).toBe(0);
});

test('what is wrong is said, in the log too, and leaves nothing', () => {
  const log = join(folder, 'log');
  const wrong = (path: string, id = 'bad') =>
    oci('--log', log, '--log-format', 'json', 'create', '--bundle', path, id).stderr;
  expect(wrong(join(folder, 'nowhere'))).toContain('config.json: no such file');
  expect(oci('create')).toMatchObject({ status: 1, stderr: expect.stringContaining("missing required argument 'id'") });
  expect(wrong(bundle('true'), '../x')).toContain("invalid container ID format: '../x'");
  expect(wrong(bundle('true', { process: { terminal: true } }))).toContain('--console-socket is missing');
  expect(wrong(bundle('true', { root: { path: 'none' } }))).toContain('no such file');
  expect(wrong(bundle('true', { mounts: [{ destination: '/x', type: 'nofs' }] }))).toContain(
    "there is no filesystem 'nofs'",
  );
  expect(wrong(bundle('true', { hooks: { createContainer: [{ path: '/bin/false' }] } } as never))).toContain(
    'hook /bin/false: status 1',
  );
  const lines = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(6);
  expect(lines[1]).toMatchObject({ level: 'error', msg: expect.stringContaining('invalid container ID') });
  expect(existsSync(join(states, 'bad'))).toBe(false);
});

test('hooks of the host hear of it', async () => {
  const seen = join(folder, 'seen');
  const hook = (name: string) => [{ path: '/bin/sh', args: ['sh', '-c', `echo ${name} $(cat) >> ${seen}`] }];
  const hooks = { createRuntime: hook('made'), poststart: hook('started'), poststop: hook('gone') };
  const container = await create('six', bundle('true', { hooks } as never));
  oci('start', 'six');
  await container.ended;
  oci('delete', 'six');
  const lines = readFileSync(seen, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['made', 'started', 'gone']);
  expect(lines[0]).toContain('"id":"six"');
});

test('two who delete, one who kills while another starts', async () => {
  const begin = (...args: string[]): Promise<number> =>
    once(spawn(COMMAND, ['--root', states, ...args], { stdio: 'ignore' }), 'exit').then(([status]) => status);
  await create('seven', bundle('sleep 1000'));
  const [started, killed] = await Promise.all([begin('start', 'seven'), begin('kill', 'seven', 'KILL')]);
  // whoever comes first: it has ended then
  expect([started, killed].includes(0)).toBe(true);
  const deleted = await Promise.all([begin('delete', '-f', 'seven'), begin('delete', '-f', 'seven')]);
  expect(deleted).toEqual([0, 0]);
  expect(readdirSync(states)).not.toContain('seven');
});

test("the host's own network: out by its sockets, to its loopback too", async () => {
  const server = createServer((socket) => void socket.end('told\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const namespaces = ['pid', 'mount', 'uts'].map((type) => ({ type }));
  const path = bundle(`nc 10.0.2.2 ${port}`, { linux: { namespaces } as RuntimeSpec['linux'] });
  const child = spawn(COMMAND, ['--root', states, '--node-memory', '64M', 'run', '--bundle', path, 'eight'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (bytes) => {
    text += bytes;
  });
  await once(child, 'close');
  server.close();
  expect(text).toBe('told\n');
});

test('an ordinary user: the network of the host is left alone', (context) => {
  if (process.getuid?.() !== 0) missing(context, 'it takes root to be somebody else');
  const path = bundle('id; nc 10.0.2.2 1 || echo alone');
  const place = mkdtempSync(join(tmpdir(), 'tabvisor-user-'));
  execFileSync('cp', ['-r', path, join(folder, 'rootfs'), place]);
  execFileSync('chown', ['-R', '65534:65534', place]);
  const words = [
    '--root',
    join(place, 'states'),
    '--node-memory',
    '64M',
    'run',
    '--bundle',
    join(place, basename(path)),
    'nine',
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...words], {
    ...{ encoding: 'utf8', input: '', uid: 65534, gid: 65534, env: { PATH: process.env.PATH } },
  });
  rmSync(place, { recursive: true, force: true });
  expect(stdout, stderr).toMatch(/^uid=0.*\nalone\n$/);
  expect(status).toBe(0);
});

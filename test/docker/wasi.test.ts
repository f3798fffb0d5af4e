// Images of platform wasi/wasm by docker's own client: built, run with environment, mounts and limits, through the whole lifecycle.
// The program is ours (wasi-program.as), of preview 1: jco's adapter makes it a component.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env as environment } from 'node:process';
import { afterAll, expect, test } from 'vitest';
import { root } from '../provisioned.js';
import { type Daemon, sharedDaemon } from './daemon-fixture.js';
import { wasiProgram } from './wasi.js';

let daemon: Daemon;
sharedDaemon((one) => {
  daemon = one;
});
const scratch = mkdtempSync(join(tmpdir(), 'tabvisor-wasi-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const out = async (...args: string[]): Promise<string> => {
  const { stdout, stderr } = await daemon.docker(...args);
  return stdout + stderr;
};
const run = (...args: string[]) => daemon.docker('run', '--rm', ...args);

test('docker build makes an image of platform wasi/wasm', async () => {
  writeFileSync(join(scratch, 'app.wasm'), wasiProgram(scratch));
  const file = 'FROM scratch\nCOPY app.wasm /app.wasm\nENTRYPOINT ["/app.wasm"]\n';
  writeFileSync(join(scratch, 'Dockerfile'), file);
  const built = await daemon.docker('build', '--platform', 'wasi/wasm', '-t', 'app', scratch);
  expect(built.stderr + built.stdout).toContain('Successfully tagged app:latest');
  expect(await out('image', 'inspect', '-f', '{{.Os}}/{{.Architecture}}', 'app')).toBe('wasi/wasm\n');
});

test('arguments, environment, standard streams and exit codes', async () => {
  expect(await run('app', 'args', 'a', 'b c')).toEqual({ status: 0, stdout: '/app.wasm\nargs\na\nb c\n', stderr: '' });
  expect((await run('-e', 'WHO=me', 'app', 'env')).stdout).toContain('WHO=me\n');
  const echoed = await daemon.dockerWith('what is typed', 'run', '--rm', '-i', 'app', 'echo');
  expect(echoed).toEqual({ status: 0, stdout: 'what is typed', stderr: 'to standard error\n' });
  expect((await run('app', 'exit', '7')).status).toBe(7);
  const long = 'x'.repeat(300_000);
  expect((await daemon.dockerWith(long, 'run', '--rm', '-i', 'app', 'echo')).stdout).toBe(long);
});

test('clocks and chance are the host’s', async () => {
  const [slept, seconds] = (await run('app', 'time')).stdout.split('\n');
  expect(slept).toBe('slept true');
  expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(120);
  expect((await run('app', 'random')).stdout).not.toBe((await run('app', 'random')).stdout);
});

const FILES = `written by wasm
mkdir 0
rename 0
symlink 0
list ../ ./ link sub/
written by wasm
size 16
rmdir 55
unlink 0
again 44
`;

test('a folder of the host and a volume: files made, listed, renamed, linked, removed', async () => {
  const folder = join(scratch, 'data');
  mkdirSync(folder);
  expect((await run('-v', `${folder}:/data`, 'app', 'files', '/data')).stdout).toBe(FILES);
  expect(readFileSync(join(folder, 'sub/two'), 'utf8')).toBe('written by wasm\n');
  expect((await run('-v', 'kept:/data', 'app', 'files', '/data')).stdout).toBe(FILES);
  expect((await run('-v', 'kept:/data:ro', 'app', 'cat', '/data/sub/two')).stdout).toBe('written by wasm\n');
  // EROFS
  expect((await run('-v', 'kept:/data:ro', 'app', 'write', '/data/x', 'y')).stdout).toBe('/data/x: errno 69\n');
  expect((await run('--read-only', 'app', 'write', '/x', 'y')).stdout).toBe('/x: errno 69\n');
  // EACCES: whoever is no root can't write there
  expect((await run('--user', '1000', 'app', 'write', '/x', 'y')).stdout).toBe('/x: errno 2\n');
});

test('no path leads out of a mount', async () => {
  const folder = join(scratch, 'jail');
  mkdirSync(folder);
  symlinkSync('/app.wasm', join(folder, 'absolute'));
  symlinkSync('../app.wasm', join(folder, 'upwards'));
  symlinkSync('loop', join(folder, 'loop'));
  writeFileSync(join(folder, 'inside'), 'inside\n');
  symlinkSync('./../jail/../inside', join(folder, 'around'));
  symlinkSync('inside', join(folder, 'fine'));
  const cat = async (name: string) => (await run('-v', `${folder}:/jail`, 'app', 'cat', `/jail/${name}`)).stdout;
  // EPERM
  for (const name of ['absolute', 'upwards', 'around', '../app.wasm'])
    expect(await cat(name)).toBe(`/jail/${name}: errno 63\n`);
  // ELOOP
  expect(await cat('loop')).toBe('/jail/loop: errno 32\n');
  expect(await cat('fine')).toBe('inside\n');
});

test('what it changes is in its layer: diff, commit, cp', async () => {
  await daemon.docker('run', '--name', 'changed', 'app', 'write', '/made', 'by wasm');
  expect(await out('diff', 'changed')).toContain('A /made\n');
  await daemon.docker('commit', 'changed', 'app:changed');
  expect((await run('app:changed', 'cat', '/made')).stdout).toBe('by wasm');
  await daemon.docker('cp', 'changed:/made', scratch);
  expect(readFileSync(join(scratch, 'made'), 'utf8')).toBe('by wasm');
});

test('memory ends at the limit, and stats tell it', async () => {
  // 256 pages, of which the adapter has some, taken 16 at a time
  expect((await run('-m', '16m', 'app', 'hog')).stdout).toMatch(/^2[345]\d pages\n$/);
  await daemon.docker('run', '-d', '--name', 'hog', '-m', '32m', 'app', 'hog', 'wait');
  for (let said = ''; !said.includes('pages'); ) said = await out('logs', 'hog');
  expect(await out('stats', '--no-stream', '--format', '{{.MemUsage}}', 'hog')).toMatch(/^3[12][.\d]*MiB \/ 32MiB/);
  expect(await out('update', '--memory', '64m', 'hog')).toContain('its limits can not be changed');
  expect(await out('pause', 'hog')).toContain('can not be paused');
  expect(await out('rm', '-f', 'hog')).toBe('hog\n');
  expect(await run('-m', '6m', 'app', 'args')).toMatchObject({ status: 0 });
});

test('limits of CPU time are refused with the reason', async () => {
  const refused = await run('--cpus', '0.5', 'app', 'args');
  expect(refused.status).toBe(125);
  expect(refused.stderr).toContain('whose time is the host’s to share out');
});

test('a trap ends it with 134 and says where', async () => {
  const { status, stderr } = await run('app', 'trap');
  expect(status).toBe(134);
  expect(stderr).toMatch(
    /^wasi: trap: wasm `unreachable` instruction executed\n {4}at program\/_start wasm-function\[/,
  );
  const deep = await run('app', 'deep');
  expect(deep).toMatchObject({ status: 134, stderr: expect.stringContaining('Maximum call stack size exceeded') });
});

test('an endless loop: logs, ps, top, exec, stop, kill, wait, restart policies', async () => {
  await daemon.docker('run', '-d', '--name', 'loop', 'app', 'loop');
  for (let said = ''; !said.includes('looping'); ) said = await out('logs', 'loop');
  expect(await out('top', 'loop')).toContain('/app.wasm loop');
  expect(parseFloat(await out('stats', '--no-stream', '--format', '{{.CPUPerc}}', 'loop'))).toBeGreaterThan(20);
  expect(await out('exec', 'loop', '/app.wasm', 'args', 'second')).toBe('/app.wasm\nargs\nsecond\n');
  expect((await daemon.docker('exec', 'loop', '/app.wasm', 'exit', '5')).status).toBe(5);
  expect(await out('stop', 'loop')).toBe('loop\n');
  expect(await out('inspect', '-f', '{{.Platform}} {{.State.Status}} {{.State.ExitCode}}', 'loop')).toBe(
    'wasi exited 143\n',
  );
  await daemon.docker('start', 'loop');
  expect(await out('kill', 'loop')).toBe('loop\n');
  expect(await out('wait', 'loop')).toBe('137\n');
  await daemon.docker('run', '-d', '--name', 'again', '--restart', 'on-failure:1', 'app', 'exit', '9');
  for (let said = ''; said !== '1 exited\n'; )
    said = await out('inspect', '-f', '{{.RestartCount}} {{.State.Status}}', 'again');
  expect(await out('inspect', '-f', '{{.State.ExitCode}}', 'again')).toBe('9\n');
});

test('a program in any container; what is none is refused with its reason', async () => {
  writeFileSync(join(scratch, 'none.wasm'), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  const mount = ['-v', `${scratch}:/w`];
  expect((await run(...mount, 'busybox', '/w/app.wasm', 'args')).stdout).toBe('/w/app.wasm\nargs\n');
  const none = await run(...mount, 'busybox', '/w/none.wasm');
  expect(none).toMatchObject({ status: 126, stderr: expect.stringContaining('is no command of WASI preview 1') });
  // whatever jco keeps of it, it is a second start that is quicker: the same answer comes again
  expect(await run(...mount, 'busybox', '/w/none.wasm')).toEqual(none);
});

test('tabvisor oci runs it, and tabvisor run without a daemon', () => {
  const bundle = join(scratch, 'bundle');
  mkdirSync(join(bundle, 'rootfs'), { recursive: true });
  copyFileSync(join(scratch, 'app.wasm'), join(bundle, 'rootfs/app.wasm'));
  const process = { args: ['/app.wasm', 'args', 'x'], cwd: '/' };
  const linux = { namespaces: ['pid', 'mount'].map((type) => ({ type })) };
  const mounts = [{ destination: '/dev', type: 'tmpfs', source: 'tmpfs' }];
  writeFileSync(
    join(bundle, 'config.json'),
    JSON.stringify({ ociVersion: '1.0.2', root: { path: 'rootfs' }, process, linux, mounts }),
  );
  const env = { ...environment, XDG_DATA_HOME: join(scratch, 'own') };
  const command = (name: string, ...args: string[]) =>
    spawnSync(join(root, 'bin', name), args, { encoding: 'utf8', env, input: '' });
  const states = ['--root', join(scratch, 'states'), '--node-memory', '64M'];
  const said = { status: 0, stdout: '/app.wasm\nargs\nx\n', stderr: '' };
  expect(command('tabvisor-oci.mjs', ...states, 'run', '--bundle', bundle, 'one')).toMatchObject(said);
  const own = command('tabvisor.mjs', 'run', '--rm', '-v', `${scratch}:/w`, 'tabvisor', '/w/app.wasm', 'args');
  expect(own).toMatchObject({ status: 0, stdout: '/w/app.wasm\nargs\n' });
});

test('nothing has complained', () => {
  expect(daemon.complaints).toBe('');
  expect(daemon.problems).toEqual([]);
});

// The docker client of Debian 12, 20.10, which speaks version 1.41 of the API: a session of its words.
// Oracle: the client itself, and the description of 1.41, which every answer is checked against.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { needs } from '../provisioned.js';
import { type Registry, startRegistry } from '../registry/docker-registry.js';
import { tarOf } from '../tar.js';
import { buildContext } from './build-context.js';
import { type Daemon, sharedDaemon } from './daemon-fixture.js';

let daemon: Daemon;
let registry: Registry | undefined;
sharedDaemon((one) => {
  daemon = one;
});
beforeEach((context) => {
  daemon.program = needs(context, 'dockerOld').dockerOld;
});
afterAll(async () => {
  await registry?.stop();
});

const docker = (...args: string[]) => daemon.docker(...args);
const out = async (...args: string[]): Promise<string> => (await docker(...args)).stdout;

test('it is the old one, and it is told of the engine', async () => {
  expect(await out('version', '-f', '{{.Client.APIVersion}} {{.Server.APIVersion}} {{.Server.Arch}}')).toBe(
    '1.41 1.51 386\n',
  );
  expect(await out('info', '-f', '{{.NCPU}} {{.CgroupVersion}} {{.OSType}}')).toBe('1 2 linux\n');
  expect(await out('images', '--format', '{{.Repository}}:{{.Tag}}')).toBe('busybox:latest\n');
});

test('run: streams, status, limits; what is not there', async () => {
  const limits = ['-m', '32m', '--cpus', '0.5', '--pids-limit', '20', '-e', 'A=1', '--user', '7:8', '--read-only'];
  const script = 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max; echo $A; id -u; touch /x; exit 3';
  const ran = await docker('run', '--rm', ...limits, '--init', '--cap-drop', 'ALL', 'busybox', 'sh', '-c', script);
  const stderr = 'touch: /x: Read-only file system\n';
  expect(ran).toEqual({ status: 3, stdout: '33554432\n50000 100000\n1\n7\n', stderr });
  expect((await docker('run', '--rm', 'busybox', 'nothing')).status).toBe(127);
  expect((await docker('run', '--rm', '--pull', 'never', 'nothing')).stderr).toContain('No such image: nothing:latest');
  expect(await out('ps', '-aq')).toBe('');
});

test('a terminal: its size, Ctrl-C, detach keys, attach, exec', async () => {
  const shell = daemon.terminal('run', '-it', '--name', 'shell', '-h', 'box', 'busybox', 'sh');
  await shell.expect('/ # ');
  shell.send('stty size; hostname\r');
  await shell.expect('30 90\nbox\n');
  shell.send('sh -c "echo up; exec sleep 1000"\r');
  await shell.expect('\nup\n');
  shell.send('\x03');
  await shell.expect('^C');
  shell.send('echo status $?\r');
  await shell.expect('\nstatus 130\n');
  const second = daemon.terminal('exec', '-it', 'shell', 'sh', '-c', '"tty; exit 2"');
  await second.expect('/dev/pts/1\n');
  expect(await second.exit()).toBe(2);
  shell.send('\x10\x11');
  expect(await shell.exit()).toBe(0);
  const again = daemon.terminal('attach', 'shell');
  again.send('exit 5\r');
  expect(await again.exit()).toBe(5);
  expect(await out('wait', 'shell')).toBe('5\n');
  await docker('rm', '-f', 'shell');
});

test('a service: ps, logs, exec, top, stats, cp, diff, commit, pause, update, rename, port, inspect, stop', async () => {
  await docker('volume', 'create', '--label', 'x=y', 'data');
  await docker('network', 'create', '--subnet', '10.9.0.0/24', 'front');
  const server = 'echo up; trap "exit 4" TERM; while :; do nc -l -p 80 -e echo served & wait $!; done';
  const flags = ['-v', 'data:/v', '--network', 'front', '-p', '127.0.0.1::80', '-l', 'a=b', '--name', 'web'];
  const id = (await out('run', '-d', ...flags, 'busybox', 'sh', '-c', server)).trim();
  const logs = daemon.client('logs', '-f', 'web');
  await logs.expect('up\n');
  expect(await out('ps', '-f', 'label=a=b', '--format', '{{.Names}} {{.Image}} {{.State}}')).toBe(
    'web busybox running\n',
  );
  expect(await out('port', 'web')).toMatch(/^80\/tcp -> 127\.0\.0\.1:\d+\n$/);
  const ask = 'until nc web 80 </dev/null | grep served; do :; done';
  expect(await out('run', '--rm', '--network', 'front', 'busybox', 'sh', '-c', ask)).toBe('served\n');
  expect(
    await docker('exec', '-e', 'X=1', '-w', '/v', 'web', 'sh', '-c', 'echo $X; pwd; echo n >/new; exit 6'),
  ).toEqual({ status: 6, stdout: '1\n/v\n', stderr: '' });
  expect(await out('top', 'web', '-o', 'pid,args')).toContain('sh -c echo up');
  expect(await out('stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}}', 'web')).toMatch(
    /^web [\d.]+\w+ \/ 256MiB\n$/,
  );
  const file = join(daemon.folder, 'copied');
  expect((await docker('cp', 'web:/new', file)).status).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe('n\n');
  expect((await docker('cp', file, 'web:/back')).status).toBe(0);
  expect(await out('diff', 'web')).toBe('A /back\nA /new\nA /v\n');
  expect(await out('commit', '-m', 'made', 'web', 'made:1')).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(await out('history', '--format', '{{.Comment}}', 'made:1')).toMatch(/^made\n/);
  await docker('pause', 'web');
  expect(await out('inspect', '-f', '{{.State.Status}}', 'web')).toBe('paused\n');
  await docker('unpause', 'web');
  expect(await out('update', '-m', '64m', 'web')).toBe('web\n');
  await docker('rename', 'web', 'other');
  expect(await out('stop', '-t', '60', 'other')).toBe('other\n');
  expect(await logs.exit()).toBe(0);
  expect(await out('inspect', '-f', '{{.State.ExitCode}} {{.HostConfig.Memory}}', 'other')).toBe('4 67108864\n');
  expect(await out('rm', 'other')).toBe('other\n');
  const until = String(Math.ceil(Date.now() / 1000));
  const said = await out(
    'events',
    '--since',
    '1h',
    '--until',
    until,
    '-f',
    `container=${id}`,
    '--format',
    '{{.Action}}',
  );
  expect(said).toMatch(
    /^create\n[\s\S]*exec_start: sh[\s\S]*\npause\nunpause\nupdate\nrename\n[\s\S]*\ndie\n[\s\S]*destroy\n$/,
  );
  expect(await out('network', 'rm', 'front')).toBe('front\n');
  expect(await out('volume', 'ls', '-q', '-f', 'label=x=y')).toBe('data\n');
  expect(await out('volume', 'rm', 'data')).toBe('data\n');
});

test('a classic build; save and load; push to a registry and pull from it; prune', async (context) => {
  const folder = join(daemon.folder, 'context');
  mkdirSync(folder);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nARG A\nRUN echo $A >/built\nCMD ["cat", "/built"]\n');
  const built = await docker('build', '--build-arg', 'A=told', '-t', 'own:1', folder);
  expect(built.stdout).toContain('Successfully tagged own:1\n');
  const tar = join(daemon.folder, 'own.tar');
  await docker('save', '-o', tar, 'own:1', 'busybox');
  expect(await out('rmi', 'own:1')).toContain('Untagged: own:1\nDeleted: sha256:');
  expect((await out('load', '-i', tar)).split('\n').sort()).toEqual([
    '',
    'Loaded image: busybox:latest',
    'Loaded image: own:1',
  ]);
  const { dockerRegistry } = needs(context, 'dockerRegistry');
  registry = await startRegistry(dockerRegistry, daemon.folder);
  const name = `${registry.host}/own:1`;
  await docker('tag', 'own:1', name);
  expect(await out('push', name)).toMatch(/1: digest: sha256:[0-9a-f]{64} size: \d+\n$/);
  await docker('rmi', name, 'own:1');
  expect(await out('pull', name)).toContain(`Status: Downloaded newer image for ${name}\n`);
  expect(await out('run', '--rm', name)).toBe('told\n');
  expect(await out('system', 'df', '--format', '{{.Type}} {{.TotalCount}}')).toMatch(/^Images 3\n/);
  expect(await out('system', 'prune', '-af')).toContain(`untagged: ${name}\n`);
});

test('builds of BuildKit without buildx: of a folder, a tar and a Dockerfile; secrets, files of the result, failures', async () => {
  const build = (...args: string[]) => daemon.docker('build', ...args);
  process.env.DOCKER_BUILDKIT = '1';
  process.env.BUILDKIT_PROGRESS = 'plain';
  const files = {
    f: 'one\n',
    Dockerfile: `FROM busybox AS made
COPY f /f
RUN --mount=type=secret,id=key wc -c < /run/secrets/key >> /f
FROM scratch
COPY --from=made /f /
`,
  };
  const place = buildContext(daemon.folder, files);
  const key = join(daemon.folder, 'old-key');
  writeFileSync(key, '1234');
  const built = await build('-t', 'kit', '--target', 'made', '--secret', `id=key,src=${key}`, place);
  expect([built.status, built.stderr]).toEqual([
    0,
    expect.stringMatching(/^#\d+ naming to docker.io\/library\/kit:latest/m),
  ]);
  expect(await out('run', '--rm', 'kit', 'cat', '/f')).toBe('one\n4\n');
  expect(await out('history', '--format', '{{.CreatedBy}}', '--no-trunc', 'kit')).toMatch(/^RUN .* # buildkit\n/);
  const quiet = await build('-q', '--target', 'made', '--secret', `id=key,src=${key}`, place);
  expect(quiet.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  const folder = join(daemon.folder, 'old-out');
  await build('-o', folder, '--secret', `id=key,src=${key}`, place);
  expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('one\n4\n');
  const failed = await build(
    '--target',
    'made',
    '--no-cache',
    '--build-arg',
    'X=1',
    buildContext(daemon.folder, {
      Dockerfile: 'FROM busybox AS made\nRUN exit 3\n',
    }),
  );
  expect([failed.status, failed.stderr]).toEqual([
    1,
    expect.stringContaining('did not complete successfully: exit code: 3'),
  ]);
  const tar = tarOf([
    { name: 'Dockerfile', data: 'FROM busybox\nCOPY f /f\n' },
    { name: 'f', data: 'of a tar\n' },
  ]);
  const streamed = await daemon.dockerWith(tar, 'build', '-t', 'streamed', '-');
  expect(streamed.stderr).toMatch(/^#\d+ \[internal\] load remote build context/m);
  // as the SDKs ask: the request is the context, and there is no session
  const sent = await daemon.send('POST', '/v1.41/build?version=2&t=sdk&dockerfile=Dockerfile', tar);
  const lines = sent.body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.at(-1)).toEqual({ id: 'moby.image.id', aux: { ID: expect.stringMatching(/^sha256:/) } });
  expect(lines[0]).toEqual({ id: 'moby.buildkit.trace', aux: expect.any(String) });
  expect(await out('run', '--rm', 'sdk', 'cat', '/f')).toBe('of a tar\n');
});

test('nothing was answered that the description does not allow, and no bug was met', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
});

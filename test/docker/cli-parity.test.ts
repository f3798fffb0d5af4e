// Our command line beside docker's own client, before one daemon: the same words print the same and end with the same.
// Oracle: docker 28.2.2. Where both are to differ (our name, our advice) is said here.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { WORDS } from '../../src/cli/docker/words.js';
import { Console } from '../console.js';
import { root } from '../provisioned.js';
import { Daemon, needsDocker, type Ran } from './daemon-fixture.js';

let starting: Promise<Daemon> | undefined;
let daemon: Daemon;

beforeEach(async (context) => {
  needsDocker(context);
  starting ??= Daemon.start(context).then(async (started) => {
    await started.docker('run', '-d', '--name', 'web', '-l', 'a=b', '-l', 'c.d/e-f=1', '-p', '127.0.0.1::80', ...SLEEP);
    await started.docker('run', '--name', 'done', '-e', 'A=1', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3');
    await started.docker('volume', 'create', '--label', 'x=y', 'kept');
    await started.docker('network', 'create', '--label', 'n=1', 'net');
    await started.docker('tag', 'busybox', '127.0.0.1:5000/some/where:1.2');
    return started;
  });
  daemon = await starting;
});
afterAll(async () => {
  if (daemon) await daemon.stop();
});

const SLEEP = ['busybox', 'sleep', '1000'];

function tabvisorWith(input: string, ...args: string[]): Promise<Ran> {
  const env = { ...process.env, DOCKER_HOST: daemon.host, DOCKER_CONFIG: join(daemon.folder, 'config') };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(root, 'bin/tabvisor.mjs'), ...args],
      { env, maxBuffer: 64 << 20 },
      (error, stdout, stderr) =>
        resolve({ status: error ? ((error.code as unknown as number) ?? -1) : 0, stdout, stderr }),
    );
    child.stdin!.on('error', () => {});
    child.stdin!.end(input);
  });
}
const tabvisor = (...args: string[]): Promise<Ran> => tabvisorWith('', ...args);

/** Ids and times are masked, and the program's name; how wide a column of times is, is not compared. */
function masked(text: string): string {
  return (
    text
      .replace(/^DEPRECATED: (.|\n {12})*\n\n/m, '')
      .replace(/\b[0-9a-f]{64}\b/g, 'LONG-ID')
      .replace(/(About (?:a|an)|Less than a|\d+) (second|minute|hour)s?( ago)? */g, 'SPAN ')
      .replace(/ {2,}/g, '  ')
      .replace(/\bdocker: /g, 'tabvisor: ')
      .replace(/(['" ])docker /g, '$1tabvisor ')
      // of the clients themselves
      .replace(/^ (Version: +\d|Context: ).*\n/gm, '')
  );
}
const shown = ({ status, stdout, stderr }: Ran) => ({
  status,
  stdout: masked(stdout),
  stderr: masked(stderr).replace(/^exit status 1\n/m, ''),
});

const PS = ['ps', '-a'];
test.each<string[]>([
  ['ps'],
  PS,
  [...PS, '--no-trunc'],
  [...PS, '-q'],
  ['ps', '-aq', '--no-trunc'],
  ['ps', '-n', '1'],
  ['ps', '-l', '--format', '{{.Names}}'],
  ['ps', '-s'],
  [...PS, '--filter', 'name=web'],
  [...PS, '-f', 'status=exited', '-f', 'label=a=b'],
  [...PS, '-f', 'nonsense=1'],
  [...PS, '--format', 'json'],
  [...PS, '--format', '{{json .}}'],
  [...PS, '--format', '{{json .Names}} {{upper .Names}}'],
  [...PS, '--format', 'table {{.ID}}\t{{.Names}}'],
  [...PS, '--format', 'table {{.ID}}\\t{{.Names}}\\t{{.Ports}}\\t{{.Labels}}\\t{{.Label "a"}}'],
  [...PS, '--format', 'table {{.Names}} {{.State}}'],
  [...PS, '--format', '{{.Names}}: {{.Label "c.d/e-f"}} {{.Mounts}} {{.Networks}} {{.LocalVolumes}} {{.CreatedAt}}'],
  [...PS, '--format', '{{if eq .State "running"}}{{.Names}} runs{{else}}{{.Names}} has ended{{end}}'],
  [...PS, '--format', '{{with .Ports}}{{.}}{{else}}no ports{{end}}'],
  [...PS, '--format', '{{range split .Labels ","}}[{{.}}]{{end}}'],
  [...PS, '--no-trunc', '--format', '{{json .}} {{json .Command}}'],
  [...PS, '--format', '{{.Foo}}'],
  [...PS, '--format', '{{.ID'],
  [...PS, '--format', '{{foo .ID}}'],
  [...PS, '--format', '{{join (split .Names "e") "-"}} {{title .Names}} {{len .Names}} {{printf "%6s|" .Names}}'],
  [...PS, '--format', '{{truncate .ID 4}} {{pad .Names 1 2}}| {{println .Names}}'],
  ['container', 'ls', '-a', '--format', '{{.Names}}'],
  ['images'],
  ['images', '-q'],
  ['images', '--no-trunc', '--digests'],
  ['images', 'busybox'],
  ['images', 'nothing'],
  ['images', '--format', '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}} {{.CreatedSince}} {{.Digest}} {{.Containers}}'],
  ['images', '--format', 'json'],
  ['images', '--filter', 'dangling=true'],
  ['image', 'ls', '--format', 'table {{.Repository}}\t{{.Tag}}'],
  ['images', '-f', 'nonsense'],
  ['images', '--format', '{{.SharedSize}} {{.UniqueSize}} {{.VirtualSize}}', 'busybox'],
  ['history', 'busybox'],
  ['history', '--no-trunc', '--format', 'json', 'busybox'],
  ['history', '-q', 'busybox'],
  ['history', '-H=false', '--format', '{{.Size}} {{.Comment}}', 'busybox'],
  ['inspect', 'web'],
  ['inspect', 'busybox'],
  ['inspect', 'nothing'],
  ['inspect', '-f', '{{.Name}}', 'nothing'],
  ['inspect', 'web', 'nothing', 'kept', 'net'],
  ['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}} {{.State.Running}}', 'web', 'done'],
  [
    'inspect',
    '-f',
    '{{json .Config.Env}} {{json .Config.Labels}} {{.Config.Labels}} {{index .Config.Labels "a"}}',
    'web',
  ],
  [
    'inspect',
    '-f',
    '{{index .Config.Labels "absent"}}|{{.HostConfig.Binds}} {{.Config.Entrypoint}} {{.Config.Cmd}}',
    'web',
  ],
  ['inspect', '-f', '{{range $p, $b := .NetworkSettings.Ports}}{{$p}} {{(index $b 0).HostIp}}{{end}}', 'web'],
  ['inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.Gateway}}{{end}}', 'web'],
  ['inspect', '-f', '{{.Foo}}', 'web'],
  ['inspect', '-f', '{{.State.Foo}}', 'web'],
  ['inspect', '-f', '{{.Foo', 'web'],
  [
    'inspect',
    '-f',
    '{{if gt .HostConfig.Memory 0}}limited{{else}}free{{end}} {{len .Mounts}} {{printf "%q" .Name}} {{slice .Name 1 3}}',
    'web',
  ],
  ['inspect', '--format', 'json', 'web', 'done'],
  ['inspect', '-f', '{{json .}}', 'done'],
  ['inspect', '-f', '{{json .}}', 'busybox'],
  ['inspect', '-f', '{{json .}}', 'net'],
  ['inspect', '-f', '{{json .}}', 'kept'],
  ['inspect', '-f', '{{.SizeRw}} {{with .State.Health}}{{.Status}}{{else}}none{{end}}', 'web'],
  ['inspect', '-s', '-f', '{{.SizeRw}} {{.SizeRootFs}}', 'done'],
  ['inspect', '-f', '{{.NetworkSettings.Ports}} {{.Mounts}} {{.HostConfig.LogConfig}} {{.GraphDriver}}', 'web'],
  ['inspect', '-f', '{{.HostConfig.RestartPolicy}} {{.Config.StopTimeout}} {{.HostConfig.Init}}', 'web'],
  ['inspect', '--type', 'plugin', 'web'],
  ['inspect', '--type', 'secret', 'web'],
  ['inspect', '--type', 'image', 'web'],
  ['inspect', '--type', 'nothing', 'web'],
  ['container', 'inspect', 'nothing'],
  ['image', 'inspect', '-f', '{{.Os}}/{{.Architecture}} {{json .RepoTags}} {{.Config.Cmd}}', 'busybox'],
  ['image', 'inspect', 'nothing'],
  ['image', 'inspect', '--platform', 'linux/386', 'busybox'],
  ['image', 'inspect', '--platform', 'linux/amd64', 'busybox'],
  ['rmi', '--platform', 'linux/amd64', 'busybox'],
  ['network', 'ls'],
  ['network', 'ls', '--format', 'json'],
  ['network', 'ls', '-q', '--no-trunc', '-f', 'name=net'],
  ['network', 'inspect', 'net'],
  ['network', 'inspect', '-f', '{{.Name}} {{.Driver}} {{json .Labels}}', 'net'],
  ['network', 'inspect', 'nothing'],
  ['network', 'inspect', '-v', 'net'],
  ['network', 'create', '--config-only', 'x'],
  ['network', 'create', '--ingress', 'x'],
  ['volume', 'ls'],
  ['volume', 'ls', '-q'],
  ['volume', 'ls', '--cluster'],
  ['volume', 'ls', '--format', 'json'],
  ['volume', 'inspect', 'kept'],
  ['volume', 'inspect', 'nothing'],
  ['port', 'web'],
  ['port', 'web', '80'],
  ['port', 'web', '81'],
  ['logs', 'done'],
  ['logs', '--tail', '1', 'done'],
  ['logs', 'nothing'],
  ['logs', '--since', '1h', 'done'],
  ['logs', '--since', 'x', 'done'],
  ['events', '--until', 'x'],
  ['logs', '--until', '2000-01-01', 'done'],
  ['top', 'web', '-o', 'pid,args'],
  ['top', 'done'],
  ['exec', 'web', 'echo', 'hello'],
  ['exec', '-e', 'X=1', '-w', '/var', '-u', '1:2', 'web', 'sh', '-c', 'echo $X; pwd; id -u; id -g; exit 5'],
  ['exec', 'web', 'nothing'],
  ['exec', 'web', '/etc/passwd'],
  ['exec', 'done', 'true'],
  ['exec', 'web'],
  ['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3'],
  ['run', '--rm', 'busybox', 'nothing'],
  ['run', '--rm', 'busybox', '/etc/passwd'],
  ['run', '--rm', '--name', 'web', 'busybox', 'true'],
  ['run', '--rm', '-v', 'a:b:c:d', 'busybox', 'true'],
  ['run', '--rm', '--restart', 'always', 'busybox', 'true'],
  ['run', '--rm', '--network', 'nothing', 'busybox', 'true'],
  [
    'run',
    '--rm',
    '-m',
    '32m',
    '--cpus',
    '0.5',
    '-h',
    'box',
    '-e',
    'A=1',
    '-eB=2',
    '-w/var',
    'busybox',
    'sh',
    '-c',
    'hostname; echo $A $B; pwd; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max',
  ],
  [
    'run',
    '--rm',
    '--read-only',
    '--tmpfs',
    '/s',
    '--user',
    '7:8',
    '--cap-drop',
    'ALL',
    '--ulimit',
    'nofile=77',
    '--entrypoint',
    'sh',
    'busybox',
    '-c',
    'touch /x; touch /s/x; id -u; grep CapBnd /proc/self/status; ulimit -n',
  ],
  [
    'run',
    '--rm',
    '--group-add',
    'adm',
    '--cgroup-parent',
    'own',
    '--device',
    '/dev/null:/dev/x:r',
    ...'busybox id -G'.split(' '),
  ],
  [
    'run',
    '--rm',
    '--blkio-weight',
    '500',
    '--device-read-bps',
    '/dev/vda:1mb',
    ...'busybox cat /sys/fs/cgroup/io.max'.split(' '),
  ],
  ['run', '--rm', '--volumes-from', 'nothing', 'busybox', 'true'],
  ['run', '--rm', '--mount', 'type=volume,dst=/x,volume-driver=banana', 'busybox', 'true'],
  ['run', '--rm', '--gpus', 'all', 'busybox', 'true'],
  ['run', '--rm', '--cpu-rt-period', '5', 'busybox', 'true'],
  ['run', '--rm', '--oom-kill-disable', '--memory-swappiness', '5', 'busybox', 'true'],
  ['update', '--blkio-weight', '300', 'web'],
  ['start', 'nothing'],
  ['stop', 'nothing', 'done'],
  ['kill', 'done'],
  ['kill', '-s', 'NOTHING', 'web'],
  ['pause', 'done'],
  ['unpause', 'web'],
  ['rm', 'web'],
  ['rm', '-f', 'nothing'],
  ['rename', 'web', 'done'],
  ['wait', 'done'],
  ['wait', 'nothing'],
  ['update', 'web'],
  ['update', '-m', '64m', 'web'],
  ['rmi', 'nothing'],
  ['tag', 'nothing', 'other'],
  ['tag', 'busybox', 'WRONG'],
  ['attach', 'done'],
  ['volume', 'create', 'kept'],
  ['volume', 'rm', 'nothing'],
  ['network', 'create', 'net'],
  ['network', 'rm', 'nothing'],
  ['stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}'],
  ['info'],
  ['info', '--format', '{{.NCPU}} {{.OSType}} {{.Driver}} {{.ClientInfo.Debug}}'],
  ['search', 'busybox'],
  ['builder', 'prune', '-f'],
  ['builder', 'nothing'],
  ['system', 'df', '-v'],
  ['system', 'df', '-v', '--format', 'json'],
  ['system', 'df', '-v', '--format', '{{range .Images}}{{.Repository}} {{end}}{{len .Volumes}}'],
  ['version', '--format', '{{.Server.Version}} {{.Server.Os}} {{range .Server.Components}}{{.Name}}{{end}}'],
  ['version', '--format', '{{.Client.Foo}}'],
  ['events', '--since', '1h', '--until', '0s', '--filter', 'event=tag'],
])('%s %s %s %s %s', async (...args) => {
  const [ours, theirs] = await Promise.all([tabvisor(...args), daemon.docker(...args)]);
  // docker's order of an image's names is that of a map
  const sorted = (ran: Ran) => ({ ...ran, stdout: ran.stdout.split('\n').sort().join('\n') });
  const ordered = args[0] === 'images' ? sorted : (ran: Ran) => ran;
  expect(ordered(shown(ours))).toEqual(ordered(shown(theirs)));
});

test.each<string[]>([
  ['ps', '--nothing'],
  ['ps', 'x'],
  ['run'],
  ['rm'],
  ['logs'],
  ['exec', 'web'],
  ['tag', 'a'],
  ['rename', 'a', 'b', 'c'],
])('what is no command line is refused alike: %s %s', async (...args) => {
  const [ours, theirs] = await Promise.all([tabvisor(...args), daemon.docker(...args)]);
  expect(ours.status).toBe(theirs.status);
  const first = ({ stderr }: Ran): string => masked(stderr.split('\n')[0]!).replace(/^tabvisor: /, '');
  expect(first(ours)).toBe(first(theirs));
});

const flagsOf = (name: string, flags: string) => flags.split(' ').map((flag) => `${name} --${flag}`);

/** Docker's, which we have not: what is of Windows, checkpoints, and volumes of clusters are not here. */
const ABSENT: string[] = [
  ...flagsOf('create', 'cpu-count cpu-percent io-maxbandwidth io-maxiops use-api-socket'),
  ...flagsOf('images', 'tree'),
  ...flagsOf('rm', 'link'),
  ...flagsOf('run', 'cpu-count cpu-percent io-maxbandwidth io-maxiops use-api-socket'),
  ...flagsOf('start', 'checkpoint checkpoint-dir'),
  ...flagsOf(
    'volume create',
    'availability group limit-bytes required-bytes scope secret sharing topology-preferred topology-required type',
  ),
];

test('the flags of each command are docker’s, of its kinds', () => {
  const kinds: Record<string, string> = {
    strings: 'list',
    map: 'list',
    mount: 'list',
    network: 'list',
    ulimit: 'list',
    uint16: 'int',
    'gpu-request': 'list',
  };
  // which some of its helps leave out
  const own = ['save', 'load', 'build --secret', 'update --kernel-memory'];
  const absent: string[] = [];
  return Promise.all(
    Object.entries(WORDS).map(async ([name, { load }]) => {
      const help = execFileSync('docker', [...name.split(' '), '--help'], {
        encoding: 'utf8',
        env: { ...process.env, DOCKER_BUILDKIT: '0' },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const known = new Map(
        [...help.matchAll(/^ +(?:-(\w), )?\s*--([\w-]+)(?: ([a-z][\w-]*))?(?: {2,}|$)/gm)].map(
          ([, short, long, kind]) => [long!, { short, kind: kind === undefined ? 'bool' : (kinds[kind] ?? kind) }],
        ),
      );
      for (const { name: flag, short, kind } of (await load()).flags) {
        if ((own.includes(name) || own.includes(`${name} --${flag}`)) && !known.has(flag)) continue;
        expect({ name, flag, short, kind }).toEqual({ name, flag, ...known.get(flag) });
        known.delete(flag);
      }
      known.delete('help');
      absent.push(...[...known.keys()].map((flag) => `${name} --${flag}`));
    }),
  ).then(() => expect(absent.sort()).toEqual(ABSENT));
});

test('standard input, files and archives go the same ways', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tabvisor-parity-'));
  const large = 'x'.repeat(1_000_000);
  expect((await tabvisorWith(large, 'run', '--rm', '-i', 'busybox', 'wc', '-c')).stdout.trim()).toBe('1000000');
  expect(await tabvisorWith('typed', 'exec', '-i', 'web', 'cat')).toEqual({ status: 0, stdout: 'typed', stderr: '' });
  writeFileSync(join(folder, 'env'), '# a comment\nONE=1\nHOME\n');
  const args = ['run', '--rm', '--env-file', join(folder, 'env'), 'busybox', 'env'];
  expect(
    shown(await tabvisor(...args))
      .stdout.split('\n')
      .filter((line) => !/^HOSTNAME/.test(line)),
  ).toEqual(
    shown(await daemon.docker(...args))
      .stdout.split('\n')
      .filter((line) => !/^HOSTNAME/.test(line)),
  );
  expect((await tabvisor('save', '-o', join(folder, 'image.tar'), 'busybox')).status).toBe(0);
  expect((await tabvisor('load', '-i', join(folder, 'image.tar'))).stdout).toBe('Loaded image: busybox:latest\n');
  mkdirSync(join(folder, 'from'));
  expect((await tabvisor('save', '-o', `${join(folder, 'layout')}/`, 'busybox')).status).toBe(0);
  expect(readFileSync(join(folder, 'layout/oci-layout'), 'utf8')).toContain('1.0.0');
  expect((await tabvisor('load', '-i', join(folder, 'layout'))).status).toBe(0);
});

test('cp, diff, export and build: the same files by either client', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tabvisor-parity-'));
  const script = 'echo x >/new; mkdir /d; echo y >/d/f; ln -s f /d/l';
  mkdirSync(join(folder, 'context'));
  writeFileSync(join(folder, 'context/Dockerfile'), 'FROM busybox\nCOPY . /c\nRUN ls -a /c\n');
  for (const name of ['keep', 'skip']) writeFileSync(join(folder, 'context', name), name);
  writeFileSync(join(folder, 'context/.dockerignore'), 'skip\n');
  const clients = { docker: (...args: string[]) => daemon.docker(...args), tabvisor };
  const told: Record<string, unknown[]> = {};
  for (const [name, client] of Object.entries(clients)) {
    const own = join(folder, name);
    mkdirSync(own);
    const files = `files-of-${name}`;
    await daemon.docker('run', '--name', files, 'busybox', 'sh', '-c', script);
    const said: unknown[] = [];
    const run = async (...args: string[]): Promise<void> =>
      void said.push(
        JSON.parse(
          JSON.stringify(await client(...args))
            .replaceAll(own, 'OWN')
            .replaceAll(files, 'FILES'),
        ),
      );
    await run('diff', files);
    await run('cp', '-q', `${files}:/d`, `${own}/`);
    await run('cp', '-q', `${files}:/d`, `${own}/e`);
    await run('cp', '-q', `${files}:/d/.`, `${own}/g`);
    await run('cp', '-q', `${files}:/new`, `${own}/new2`);
    await run('cp', `${files}:/nothing`, own);
    await run('cp', `${files}:/new`, `${own}/nothing/`);
    await run('cp', 'nothing:/new', own);
    await run('cp', 'a', 'b');
    await run('cp', '-q', `${own}/new2`, `${files}:/d/renamed`);
    await run('cp', '-q', `${own}/e/.`, `${files}:/d`);
    said.push(readdirSync(own, { recursive: true, encoding: 'utf8' }).sort());
    const built = await client('build', '-q', '--label', 'a=b', join(folder, 'context'));
    said.push(built.stdout);
    told[name] = said;
  }
  expect(told.tabvisor).toEqual(told.docker);
  const output = join(folder, 'files.tar');
  expect((await tabvisor('export', '-o', output, 'files-of-tabvisor')).status).toBe(0);
  expect(readFileSync(output).includes('d/renamed')).toBe(true);
  expect((await tabvisor('rm', 'files-of-tabvisor')).stdout).toBe('files-of-tabvisor\n');
});

test('a terminal: its size, its keys, Ctrl-C, and that it is left as it was', async () => {
  const command = `stty cols 91 rows 31; ${process.execPath} ${join(root, 'bin/tabvisor.mjs')} -H ${daemon.host} run --rm -it busybox sh; stty -a | grep -o ' icanon'`;
  const console = Console.spawn('script', ['-qec', command, '/dev/null'], { deadline: 100 });
  await console.expect('/ # ');
  console.send('stty size\n');
  await console.expect('31 91');
  console.send('sh -c "echo up; exec sleep 1000"\n');
  await console.expect('\nup\n');
  console.send('\x03');
  await console.expect('^C');
  console.send('exit 3\n');
  await console.expect(' icanon');
  expect(await console.exit()).toBe(0);
});

test('the keys that detach leave the container running; attach comes back to it', async () => {
  const binary = `${process.execPath} ${join(root, 'bin/tabvisor.mjs')} -H ${daemon.host}`;
  const first = Console.spawn('script', ['-qec', `${binary} run -it --name kept busybox sh`, '/dev/null'], {
    deadline: 100,
  });
  await first.expect('/ # ');
  first.send('\x10\x11');
  await first.expect('read escape sequence');
  await first.exit();
  const second = Console.spawn('script', ['-qec', `${binary} attach --detach-keys ctrl-a,x kept`, '/dev/null'], {
    deadline: 100,
  });
  second.send('echo $((6*7))\n');
  await second.expect('42');
  second.send('\x01x');
  await second.expect('read escape sequence');
  expect(await second.exit()).toBe(1);
  expect((await tabvisor('ps', '-q', '-f', 'name=kept')).stdout).not.toBe('');
  expect((await tabvisor('rm', '-f', 'kept')).status).toBe(0);
});

test('signals are the container’s', async () => {
  const script = 'trap "echo got; exit 9" TERM; echo up; while :; do sleep 1; done';
  const running = Console.spawn(
    process.execPath,
    [join(root, 'bin/tabvisor.mjs'), '-H', daemon.host, 'run', '--rm', 'busybox', 'sh', '-c', script],
    {
      deadline: 100,
    },
  );
  await running.expect('up\n');
  running.kill('SIGTERM');
  await running.expect('got\n');
  expect(await running.exit()).toBe(9);
});

// Docker's own client against our daemon: what it prints, and what it ends with.
// Oracle: the client itself, and the Engine API's description, which every answer is checked against.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { missing } from '../provisioned.js';
import { type Daemon, sharedDaemon } from './daemon-fixture.js';

let daemon: Daemon;
sharedDaemon((one) => {
  daemon = one;
});

const run = (...args: string[]) => daemon.docker('run', '--rm', ...args);

test('version, info and images tell of the engine', async () => {
  expect((await daemon.docker('version')).stdout).toMatch(/Server: tabvisor\n[\s\S]*OS\/Arch: +linux\/386/);
  expect((await daemon.docker('info', '--format', '{{.NCPU}} {{.CgroupVersion}} {{.OSType}}')).stdout).toBe(
    '1 2 linux\n',
  );
  expect((await daemon.docker('images', '--format', '{{.Repository}}:{{.Tag}}')).stdout).toBe('busybox:latest\n');
  expect((await daemon.docker('image', 'inspect', 'busybox', '--format', '{{.Os}}/{{.Architecture}}')).stdout).toBe(
    'linux/386\n',
  );
});

test('run tells output and errors apart, and ends with the status', async () => {
  expect(await run('busybox', 'true')).toEqual({ status: 0, stdout: '', stderr: '' });
  const ran = await run('busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3');
  expect(ran).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n' });
  expect(await daemon.dockerWith('typed', 'run', '--rm', '-i', 'busybox', 'cat')).toMatchObject({ stdout: 'typed' });
  expect((await daemon.docker('ps', '-aq')).stdout).toBe('');
});

test('a program that is not there, or is none, is 127 and 126', async () => {
  const absent = await run('busybox', 'nothing');
  expect(absent.status).toBe(127);
  expect(absent.stderr).toContain('exec: "nothing": executable file not found in $PATH');
  expect((await run('busybox', '/etc/passwd')).status).toBe(126);
  expect((await run('127.0.0.1:1/absent', 'true')).status).toBe(125);
  expect((await daemon.docker('ps', '-aq')).stdout).toBe('');
});

test('what is not here is refused, and what does not start is gone with --rm', async () => {
  const refused = async (...args: string[]) => {
    const { status, stderr } = await run(...args, 'busybox', 'true');
    return `${status} ${stderr
      .split('\n')
      .filter((line) => line.startsWith('docker: '))
      .at(-1)}`;
  };
  expect(await refused('--pid', 'container:none')).toMatch(/^125 .*No such container: none/);
  expect(await refused('--gpus', 'all')).toMatch(
    /^125 .*could not select device driver "" with capabilities: \[\[gpu\]\]/,
  );
  expect(await refused('--runtime', 'runsc')).toMatch(/^125 .*unknown or invalid runtime name: runsc/);
  expect(await refused('--isolation', 'hyperv')).toMatch(/^125 .*invalid isolation/);
  expect((await daemon.docker('create', '--pull', 'never', '--platform', 'linux/arm64', 'busybox')).stderr).toContain(
    'its platform (linux/386) does not match the specified platform (linux/arm64)',
  );
  expect((await daemon.docker('ps', '-aq')).stdout).toBe('');
});

test('flags of run are what the container sees', async () => {
  const { stdout } = await run(
    ...[
      '-m',
      '32m',
      '--cpus',
      '0.5',
      '--pids-limit',
      '20',
      '-e',
      'A=1',
      '--user',
      'bob',
      '--hostname',
      'box',
      '--read-only',
    ],
    ...[
      '--cap-drop',
      'ALL',
      '--cap-add',
      'KILL',
      '--ulimit',
      'nofile=77:88',
      '-w',
      '/var',
      '--tmpfs',
      '/scratch',
      '--group-add',
      '7',
    ],
    ...['--add-host', 'other:10.0.0.9', '--security-opt', 'no-new-privileges', '--sysctl', 'kernel.msgmax=4096'],
    'busybox',
    'sh',
    '-c',
    `cd /sys/fs/cgroup; cat memory.max cpu.max pids.max; id; hostname; echo $A $HOME $OLDPWD; touch /x 2>&1; touch /scratch/y && echo yes;
     grep -E 'CapBnd|NoNewPrivs|Seccomp:' /proc/self/status; ulimit -n; grep other /etc/hosts; cat /proc/sys/kernel/msgmax`,
  );
  expect(stdout.split('\n')).toEqual([
    ...[
      '33554432',
      '50000 100000',
      '20',
      'uid=1000(bob) gid=1001(bob) groups=4(adm),7(lp),1001(bob)',
      'box',
      '1 /home/bob /var',
    ],
    ...['touch: /x: Read-only file system', 'yes', 'CapBnd:\t0000000000000020', 'NoNewPrivs:\t1', 'Seccomp:\t2', '77'],
    ...['10.0.0.9\tother', '4096', ''],
  ]);
});

test('folders and files of the host, and volumes, are in it', async () => {
  const folder = join(daemon.folder, 'shared');
  mkdirSync(folder);
  writeFileSync(join(folder, 'from'), 'host\n');
  const both = await run(
    '-v',
    `${folder}:/d`,
    '-v',
    `${folder}/from:/one:ro`,
    'busybox',
    'sh',
    '-c',
    'cat /d/from /one; echo box >/d/to; echo x >/one',
  );
  expect(both.stdout).toBe('host\nhost\n');
  expect(both.stderr).toContain('Read-only file system');
  expect(readFileSync(join(folder, 'to'), 'utf8')).toBe('box\n');
  await run('-v', 'kept:/v', 'busybox', 'sh', '-c', 'echo still >/v/it');
  expect((await run('-v', 'kept:/v:ro', 'busybox', 'cat', '/v/it')).stdout).toBe('still\n');
  expect((await daemon.docker('volume', 'ls', '-q')).stdout).toBe('kept\n');
  expect((await daemon.docker('volume', 'rm', 'kept')).status).toBe(0);
});

test('what a container writes and what it reads goes at any length', async () => {
  const large = 'x'.repeat(3_000_000);
  expect((await daemon.dockerWith(large, 'run', '--rm', '-i', 'busybox', 'wc', '-c')).stdout.trim()).toBe('3000000');
  expect((await run('busybox', 'dd', 'if=/dev/zero', 'bs=1M', 'count=5')).stdout).toHaveLength(5 << 20);
});

test('a container in the background: ps, logs, exec, top, stats, pause, stop, start, inspect, rm', async () => {
  const script = 'trap "exit 4" TERM; echo up; while :; do sleep 1; done';
  const started = await daemon.docker('run', '-d', '--name', 'web', '--label', 'a=b', 'busybox', 'sh', '-c', script);
  const id = started.stdout.trim();
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  const logs = daemon.client('logs', '-f', 'web');
  await logs.expect('up\n');
  expect(
    (await daemon.docker('ps', '--format', '{{.Names}} {{.State}} {{.Image}}', '--filter', 'label=a=b')).stdout,
  ).toBe('web running busybox\n');
  expect(await daemon.docker('exec', 'web', 'sh', '-c', 'hostname; exit 6')).toMatchObject({
    status: 6,
    stdout: `${id.slice(0, 12)}\n`,
  });
  expect((await daemon.docker('exec', 'web', 'nothing')).status).toBe(127);
  expect((await daemon.docker('exec', '-d', 'web', 'touch', '/made')).status).toBe(0);
  expect((await daemon.dockerWith('in', 'exec', '-i', 'web', 'cat')).stdout).toBe('in');
  expect((await daemon.docker('top', 'web')).stdout).toMatch(/CMD\n.* sh -c trap "exit 4"/);
  expect((await daemon.docker('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}')).stdout).toMatch(
    /^web \d+\n$/,
  );
  expect((await daemon.docker('pause', 'web')).status).toBe(0);
  expect((await daemon.docker('ps', '--format', '{{.Status}}')).stdout).toContain('(Paused)');
  expect((await daemon.docker('unpause', 'web')).status).toBe(0);
  expect((await daemon.docker('update', '--memory', '64m', '--pids-limit', '50', 'web')).status).toBe(0);
  expect(
    (await daemon.docker('exec', 'web', 'cat', '/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/pids.max')).stdout,
  ).toBe('67108864\n50\n');
  expect((await daemon.docker('run', '--name', 'web', 'busybox')).stderr).toContain(
    'Conflict. The container name "/web" is already in use',
  );
  expect((await daemon.docker('rm', 'web')).stderr).toContain('stop the container before removing or force remove');
  expect((await daemon.docker('stop', 'web')).status).toBe(0);
  expect(await logs.exit()).toBe(0);
  expect(
    (await daemon.docker('inspect', 'web', '--format', '{{.State.Status}} {{.State.ExitCode}} {{.Config.Labels.a}}'))
      .stdout,
  ).toBe('exited 4 b\n');
  // what it has changed is there when it starts again
  await daemon.docker('start', 'web');
  expect((await daemon.docker('exec', 'web', 'ls', '/made')).stdout).toBe('/made\n');
  expect((await daemon.docker('rename', 'web', 'other')).status).toBe(0);
  expect((await daemon.docker('kill', 'other')).stdout).toBe('other\n');
  // who is killed has ended when that is answered: a start behind it starts
  expect((await daemon.docker('start', 'other')).status).toBe(0);
  expect((await daemon.docker('exec', 'other', 'ls', '/made')).stdout).toBe('/made\n');
  expect((await daemon.docker('kill', 'other')).stdout).toBe('other\n');
  expect((await daemon.docker('wait', 'other')).stdout).toBe('137\n');
  expect((await daemon.docker('logs', '--tail', '1', '-t', 'other')).stdout).toMatch(/^\d{4}-\d\d-\d\dT\S+Z up\n$/);
  expect((await daemon.docker('rm', 'other')).status).toBe(0);
});

test('a container on a terminal: size, Ctrl-C, resize, status', async (context) => {
  if (spawnSync('script', ['--version']).status !== 0) missing(context, 'script(1) is not there: install bsdutils');
  const shell = daemon.terminal('run', '--rm', '-it', 'busybox', 'sh');
  await shell.expect('/ # ');
  const outside = /\/dev\/pts\/\d+/.exec(shell.output)![0];
  shell.send('stty size; tty\r');
  await shell.expect('30 90\n/dev/pts/0\n');
  spawnSync('stty', ['-F', outside, 'rows', '40', 'cols', '100']);
  shell.send('until stty size | grep -q "40 100"; do sleep 0.1; done; echo re"sized"\r');
  await shell.expect('\nresized\n');
  shell.send('sh -c "echo up; exec sleep 1000"\r');
  await shell.expect('\nup\n');
  shell.send('\x03');
  await shell.expect('^C');
  shell.send('echo status $?; exit 5\r');
  await shell.expect('\nstatus 130\n');
  expect(await shell.exit()).toBe(5);
});

test('what is executed in a container has its limits', async () => {
  const flags = ['--name', 'bounded', '--ulimit', 'nofile=77:88', '--security-opt', 'no-new-privileges'];
  await daemon.docker('run', '-d', ...flags, 'busybox', 'sleep', '1000');
  const script = 'ulimit -n; ulimit -Hn; grep NoNewPrivs /proc/self/status';
  expect((await daemon.docker('exec', 'bounded', 'sh', '-c', script)).stdout).toBe('77\n88\nNoNewPrivs:\t1\n');
  // of files, where nothing is said, as many as servers ask for
  expect((await daemon.docker('run', '--rm', 'busybox', 'sh', '-c', 'ulimit -n 65536 && ulimit -n')).stdout).toBe(
    '65536\n',
  );
  await daemon.docker('rm', '-f', 'bounded');
});

test('exec and attach on a terminal; detach keys leave the container running', async (context) => {
  if (spawnSync('script', ['--version']).status !== 0) missing(context, 'script(1) is not there: install bsdutils');
  await daemon.docker('run', '-dit', '--name', 'shell', 'busybox', 'sh');
  const second = daemon.terminal('exec', '-it', 'shell', 'sh');
  await second.expect('/ # ');
  second.send('stty size; tty; exit 2\r');
  await second.expect('30 90\n/dev/pts/1\n');
  expect(await second.exit()).toBe(2);
  const first = daemon.terminal('attach', 'shell');
  first.send('echo he"re"\r');
  await first.expect('\nhere\n');
  first.send('\x10\x11');
  await first.expect('read escape sequence');
  expect((await daemon.docker('ps', '-q')).stdout).not.toBe('');
  expect((await daemon.docker('rm', '-f', 'shell')).status).toBe(0);
});

test('too much memory ends a container with 137, which says why', async () => {
  const ran = await daemon.docker(
    'run',
    '--name',
    'greedy',
    '-m',
    '8m',
    'busybox',
    'sh',
    '-c',
    'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done',
  );
  expect(ran.status).toBe(137);
  expect((await daemon.docker('inspect', 'greedy', '--format', '{{.State.OOMKilled}}')).stdout).toBe('true\n');
  await daemon.docker('rm', 'greedy');
});

test('events tell what has happened, in its order', async () => {
  await run('--name', 'short', 'busybox', 'sh', '-c', 'exit 9');
  const { stdout } = await daemon.docker(
    'events',
    '--since',
    '1h',
    '--until',
    String(Math.ceil(Date.now() / 1000)),
    '--filter',
    'container=short',
    '--format',
    '{{.Action}} {{.Actor.Attributes.exitCode}}',
  );
  expect(stdout.split('\n').map((line) => line.replace(' <no value>', '').trim())).toEqual([
    'create',
    'start',
    'die 9',
    'destroy',
    '',
  ]);
});

test('with --init process 1 is nobody’s program, and who ends is let go', async () => {
  const { stdout } = await run('--init', 'busybox', 'sh', '-c', 'ps -o pid,comm; true');
  expect(stdout.split('\n').map((line) => line.trim().split(/\s+/))).toEqual([
    ['PID', 'COMMAND'],
    ['1', 'init'],
    ['2', 'sh'],
    ['3', 'ps'],
    [''],
  ]);
});

test('images are tagged, saved, removed and loaded', async () => {
  const tar = join(daemon.folder, 'saved.tar');
  expect((await daemon.docker('tag', 'busybox', 'other:v1')).status).toBe(0);
  expect((await daemon.docker('save', '-o', tar, 'other:v1')).status).toBe(0);
  expect((await daemon.docker('rmi', 'other:v1')).stdout).toBe('Untagged: other:v1\n');
  expect((await daemon.docker('load', '-i', tar)).stdout).toBe('Loaded image: other:v1\n');
  expect((await run('other:v1', 'echo', 'loaded')).stdout).toBe('loaded\n');
  expect((await daemon.docker('rmi', 'other:v1')).status).toBe(0);
});

test('networks: addresses, names, ports of the host, isolation', async () => {
  expect(
    (await run('busybox', 'sh', '-c', 'ip -4 addr show eth0 | grep -o "172.17[^ ]*"; tail -1 /etc/hosts')).stdout,
  ).toMatch(/^172\.17\.0\.(\d+)\/16\n172\.17\.0\.\1\t[0-9a-f]{12}\n$/);
  expect((await daemon.docker('network', 'create', '--subnet', '10.9.0.0/24', '--label', 'a=b', 'front')).status).toBe(
    0,
  );
  const server = 'while :; do printf "HTTP/1.0 200 OK\\r\\n\\r\\nfrom web\\n" | nc -l -p 80; done';
  const flags = ['--name', 'web', '--network', 'front', '--network-alias', 'www', '-p', '80'];
  expect((await daemon.docker('run', '-d', ...flags, 'busybox', 'sh', '-c', server)).status).toBe(0);
  const ask = (host: string) => `until wget -qO- http://${host}/ 2>/dev/null; do sleep 0.1; done`;
  const asked = await run(
    '--network',
    'front',
    '--ip',
    '10.9.0.77',
    'busybox',
    'sh',
    '-c',
    `${ask('web')}; ${ask('www')}; ip -4 addr show eth0 | grep -c 10.9.0.77/24`,
  );
  expect(asked.stdout).toBe('from web\nfrom web\n1\n');
  // from another network there is neither the name nor a way
  expect(
    (
      await run(
        'busybox',
        'sh',
        '-c',
        'nslookup -type=a web >/dev/null || echo no name; ping -c1 -w1 10.9.0.2 >/dev/null || echo no way',
      )
    ).stdout,
  ).toBe('no name\nno way\n');
  const published = (await daemon.docker('port', 'web', '80')).stdout.trim();
  expect(published).toMatch(/^127\.0\.0\.1:\d+$/);
  let text = '';
  while (text === '')
    text = await fetch(`http://${published}/`).then(
      (answer) => answer.text(),
      () => '',
    );
  expect(text).toBe('from web\n');
  expect(
    (await daemon.docker('network', 'ls', '--filter', 'label=a=b', '--format', '{{.Name}} {{.Driver}}')).stdout,
  ).toBe('front bridge\n');
  expect(
    (
      await daemon.docker(
        'network',
        'inspect',
        'front',
        '--format',
        '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}',
      )
    ).stdout,
  ).toBe('web 10.9.0.2/24\n');
  expect((await daemon.docker('network', 'rm', 'front')).stderr).toContain('active endpoints');
  expect((await daemon.docker('network', 'create', '--subnet', '10.9.0.0/16', 'other')).stderr).toContain(
    'Pool overlaps',
  );
  expect((await run('--network', 'absent', 'busybox', 'true')).stderr).toContain('network absent not found');
  expect((await daemon.docker('rm', '-f', 'web')).status).toBe(0);
  expect((await daemon.docker('network', 'rm', 'front')).status).toBe(0);
  await expect(fetch(`http://${published}/`)).rejects.toThrow();
});

test('containers share namespaces, and none of the network when told so', async () => {
  await daemon.docker('run', '-d', '--name', 'lender', '--hostname', 'lent', 'busybox', 'sleep', '1000');
  expect((await run('--pid', 'container:lender', 'busybox', 'ps', '-o', 'args')).stdout).toContain('\nsleep 1000\n');
  expect((await run('--network', 'none', 'busybox', 'ls', '/sys/class/net')).stdout).toBe('lo\n');
  expect((await daemon.docker('rm', '-f', 'lender')).status).toBe(0);
});

test('every version from 1.24 to 1.51 is answered as its description says', async () => {
  const { body } = await daemon.call('POST', '/v1.51/containers/create?name=versions', {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
  });
  expect(JSON.parse(body)).toEqual({ Id: expect.any(String), Warnings: [] });
  expect((await daemon.call('POST', '/v1.24/containers/versions/start')).status).toBe(204);
  expect((await daemon.call('POST', '/v1.24/containers/versions/start')).status).toBe(304);
  for (const version of ['1.25', '1.41', '1.44', '1.51'])
    for (const path of [
      '/containers/json?all=1',
      '/containers/versions/json',
      '/containers/versions/top',
      '/containers/versions/stats?stream=0&one-shot=1',
      '/images/json',
      '/images/busybox/json',
      '/images/busybox/history',
      '/info',
      '/version',
      '/volumes',
      '/networks',
      '/networks/bridge',
      '/containers/nothing/json',
    ])
      expect((await daemon.call('GET', `/v${version}${path}`)).status).toBe(path.includes('nothing') ? 404 : 200);
  expect((await daemon.call('DELETE', '/containers/versions?force=1')).status).toBe(204);
  expect(await daemon.call('GET', '/v1.23/_ping')).toMatchObject({
    status: 400,
    body: expect.stringContaining('too old'),
  });
  expect(await daemon.call('GET', '/v1.99/_ping')).toMatchObject({
    status: 400,
    body: expect.stringContaining('too new'),
  });
});

test.each([
  [{ Image: 'busybox', Cmd: 7 }, 400],
  [{ Image: 'busybox', HostConfig: [] }, 400],
  [{ Image: 'busybox', Cmd: ['x'], HostConfig: { Memory: 1000 } }, 400],
  [{ Image: 'busybox', Cmd: ['x'], HostConfig: { CapAdd: ['NOTHING'] } }, 400],
  [{ Image: 'busybox', Cmd: ['x'], HostConfig: { Binds: ['/a:/'] } }, 400],
  [{ Image: 'busybox', Cmd: ['x\0y'] }, 400],
  [{ Image: 'busybox' }, 400],
  [{ Image: 'absent', Cmd: ['x'] }, 404],
])('a request that makes no sense is refused: %j', async (body, status) => {
  expect(await daemon.call('POST', '/containers/create', body)).toMatchObject({
    status,
    body: expect.stringContaining('"message"'),
  });
  expect((await daemon.call('GET', '/containers/json?all=1')).body).toBe('[]\n');
});

test('nothing was answered that the description does not allow, and no bug was met', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
});

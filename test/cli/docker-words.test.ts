// Our command line where no daemon listens: the same engine in the command's own process, or a daemon that it starts; one lock for a folder.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, type TestContext, test } from 'vitest';
import { Console } from '../console.js';
import { busyboxRoot } from '../kernel/busybox-root.js';
import { needs, root } from '../provisioned.js';

const program = join(root, 'bin/tabvisor.mjs');
const folder = mkdtempSync(join(tmpdir(), 'tabvisor-words-'));
const data = join(folder, 'data');
const environment = (): NodeJS.ProcessEnv => {
  const { DOCKER_HOST, ...rest } = process.env;
  return { ...rest, TABVISOR_DATA: data, DOCKER_CONFIG: join(folder, 'config') };
};
const tabvisor = (...args: string[]) =>
  spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', env: environment(), timeout: 120_000 });
const holder = (): number => Number.parseInt(readFileSync(join(data, 'lock'), 'utf8'), 10);

function image(context: TestContext): void {
  const { busybox } = needs(context, 'busybox');
  if (existsSync(join(data, 'images.json'))) return;
  writeFileSync(join(folder, 'root.tar'), busyboxRoot(busybox));
  const made = tabvisor('import', join(folder, 'root.tar'), 'busybox');
  expect(made.stderr).toBe('');
}

beforeEach(image);
afterAll(async () => {
  if (existsSync(join(data, 'lock'))) {
    process.kill(holder(), 'SIGTERM');
    await gone();
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Until nobody has the folder. */
async function gone(): Promise<void> {
  while (existsSync(join(data, 'lock'))) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('run works in its own process; nothing listens or is locked behind it', () => {
  const ran = tabvisor('run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3');
  expect(ran).toMatchObject({ status: 3, stdout: 'out\n', stderr: 'err\n' });
  expect(existsSync(join(data, 'lock'))).toBe(false);
  expect(existsSync(join(data, 'docker.sock'))).toBe(false);
  expect(tabvisor('run', '--rm', 'busybox', 'nothing').status).toBe(127);
  expect(tabvisor('images', '-q').stdout).toMatch(/^[0-9a-f]{12}\n$/);
});

/** A line of a shell in which `tabvisor` is ours. */
const shell = (line: string) =>
  spawnSync('bash', ['-c', `tabvisor() { "${process.execPath}" "${program}" "$@"; }; ${line}`], {
    ...{ encoding: 'utf8', env: environment(), timeout: 120_000 },
  });

test('who reads it may have enough, or no room: it ends, and what has been written is kept', () => {
  const count = 'i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done; exec sleep 1000';
  const cut = shell(`tabvisor run --name counter busybox sh -c '${count}' | head -n 1`);
  expect(cut).toMatchObject({ status: 0, stdout: 'line 0\n', stderr: '' });
  expect(existsSync(join(data, 'lock'))).toBe(false);
  expect(shell('tabvisor logs counter | head -n 1').stdout).toBe('line 0\n');
  expect(tabvisor('rm', 'counter').status).toBe(0);
  const full = shell('tabvisor save busybox >/dev/full');
  expect(full).toMatchObject({ status: 1, stderr: 'tabvisor: standard output: no space left on the device\n' });
});

test('a signal ends it in order, and the terminal is as it was', async () => {
  const ours = `env -u DOCKER_HOST TABVISOR_DATA="${data}" "${process.execPath}" "${program}"`;
  const line = `${ours} run --name typed -it busybox sh; echo ended with $?; stty -a | grep -o ' icanon'`;
  const console = Console.spawn('script', ['-qec', line, '/dev/null'], { deadline: 100 });
  await console.expect('/ # ');
  process.kill(holder(), 'SIGTERM');
  await console.expect('ended with 143');
  await console.expect(' icanon');
  await console.exit();
  expect(tabvisor('ps', '-aqf', 'name=typed', '-f', 'status=exited').stdout).not.toBe('');
  expect(tabvisor('rm', 'typed').status).toBe(0);
});

test('where no folder can be, and no engine is, it says what to do', () => {
  const inFolder = (place: string, word: string, ...args: string[]) =>
    spawnSync(process.execPath, [program, word, '--data', place, ...args], {
      encoding: 'utf8',
      env: environment(),
      timeout: 60_000,
    });
  for (const [word, ...args] of [['ps'], ['run', '-d', 'busybox', 'true']])
    expect(inFolder('/proc/nothing', word!, ...args)).toMatchObject({
      status: 125,
      stderr: 'tabvisor: /proc/nothing: no such file or directory\ntabvisor: Choose a path where there can be files.\n',
    });
  expect(inFolder(program, 'ps').stderr).toContain('is there already, and no folder');
  expect(tabvisor('-H', 'unix:///no/such', 'ps').stderr).toContain(
    "'tabvisor daemon --host unix:///no/such' starts one",
  );
  expect(tabvisor('context', 'ls')).toMatchObject({ status: 1, stderr: expect.stringContaining('DOCKER_HOST') });
});

test('an engine that ends meanwhile is told of', async () => {
  const socket = join(folder, 'short.sock');
  const short = spawn(
    process.execPath,
    [program, 'daemon', '--host', `unix://${socket}`, '--data', join(folder, 'short')],
    {
      ...{ stdio: ['ignore', 'ignore', 'pipe'], env: environment() },
    },
  );
  await once(short.stderr!, 'data');
  const events = Console.spawn(process.execPath, [program, '-H', `unix://${socket}`, 'events', '--since', '1h'], {
    deadline: 60,
  });
  tabvisor('-H', `unix://${socket}`, 'network', 'create', 'told');
  await events.expect('network create');
  short.kill('SIGKILL');
  await events.expect('unexpected EOF: the engine has ended, or dropped us');
  expect(await events.exit()).toBe(1);
});

test('a command that finds the folder locked speaks to whoever has it', async () => {
  const first = Console.spawn(
    'env',
    [
      '-u',
      'DOCKER_HOST',
      `TABVISOR_DATA=${data}`,
      process.execPath,
      program,
      'run',
      '-i',
      '--rm',
      '--name',
      'held',
      'busybox',
      'cat',
    ],
    {
      deadline: 100,
    },
  );
  first.send('typed\n');
  await first.expect('typed\n');
  expect(tabvisor('ps', '--format', '{{.Names}} {{.State}}').stdout).toBe('held running\n');
  expect(tabvisor('exec', 'held', 'echo', 'more').stdout).toBe('more\n');
  expect(tabvisor('stop', '-t', '0', 'held').stdout).toBe('held\n');
  expect(await first.exit()).toBe(137);
});

test('run -d starts a daemon and says so; who comes later finds it', async () => {
  const started = tabvisor('run', '-d', '--name', 'stays', 'busybox', 'sleep', '1000');
  expect(started.stderr).toContain(`no daemon listened: process ${holder()} is one now, on unix://${data}/docker.sock`);
  expect(started.stdout).toMatch(/^[0-9a-f]{64}\n$/);
  const again = tabvisor('run', '--rm', 'busybox', 'true');
  expect(again).toMatchObject({ status: 0, stderr: '' });
  expect(tabvisor('inspect', '-f', '{{.State.Running}}', 'stays').stdout).toBe('true\n');
  const other = spawnSync(process.execPath, [program, 'daemon', '--data', data], {
    encoding: 'utf8',
    env: environment(),
    timeout: 60_000,
  });
  expect(other.status).toBe(125);
  expect(other.stderr).toContain(`process ${holder()} uses it`);
});

test('a daemon that can not start is told of, with its reason', () => {
  const ran = spawnSync(process.execPath, [program, 'run', '-d', '--data', '/dev/null/x', 'busybox', 'true'], {
    encoding: 'utf8',
    env: environment(),
  });
  expect(ran.status).not.toBe(0);
  expect(ran.stderr).toContain('/dev/null');
});

const openssl = (...args: string[]) => spawnSync('openssl', args, { encoding: 'utf8', cwd: folder });

function certificates(): boolean {
  const key = (name: string): void =>
    void openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', `${name}-key.pem`);
  const sign = (name: string, extensions: string): void => {
    key(name);
    openssl('req', '-new', '-key', `${name}-key.pem`, '-subj', `/CN=${name}`, '-out', `${name}.csr`);
    writeFileSync(join(folder, `${name}.ext`), extensions);
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca-key.pem',
      '-CAcreateserial',
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.pem`,
    );
  };
  key('ca');
  openssl('req', '-x509', '-new', '-key', 'ca-key.pem', '-subj', '/CN=ca', '-days', '1', '-out', 'ca.pem');
  sign('server', 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n');
  sign('client', 'extendedKeyUsage=clientAuth\n');
  return existsSync(join(folder, 'client.pem'));
}

test('TLS: a client certificate of the authority is asked for; docker and ours speak with it', async (context) => {
  if (openssl('version').status !== 0) context.skip('openssl is not there: apt-get install openssl');
  expect(certificates()).toBe(true);
  const at = (name: string): string => join(folder, name);
  const serverFiles = [
    '--tlsverify',
    '--tlscacert',
    at('ca.pem'),
    '--tlscert',
    at('server.pem'),
    '--tlskey',
    at('server-key.pem'),
  ];
  const daemon: ChildProcess = spawn(
    process.execPath,
    [program, 'daemon', '--data', at('tls'), '--host', 'tcp://127.0.0.1:0', ...serverFiles],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: environment(),
    },
  );
  try {
    let said = '';
    for await (const piece of daemon.stderr!) {
      said += String(piece);
      if (said.includes('\n')) break;
    }
    const host = /listening on (tcp:\S+)/.exec(said)![1]!;
    const files = [
      '--tlsverify',
      '--tlscacert',
      at('ca.pem'),
      '--tlscert',
      at('client.pem'),
      '--tlskey',
      at('client-key.pem'),
    ];
    const run = (file: string, args: string[]) =>
      new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
        execFile(file, args, { env: environment() }, (error, stdout, stderr) =>
          resolve({ status: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
        );
      });
    const ours = (args: string[]) => run(process.execPath, [program, '-H', host, ...args]);
    expect(await ours([...files, 'info', '-f', '{{.OSType}}'])).toEqual({ status: 0, stdout: 'linux\n', stderr: '' });
    if (spawnSync('docker', ['--version']).status === 0)
      expect(await run('docker', ['-H', host, ...files, 'info', '-f', '{{.OSType}}'])).toMatchObject({
        status: 0,
        stdout: 'linux\n',
      });
    // no certificate; not the authority's; no TLS
    expect((await ours(['--tlsverify', '--tlscacert', at('ca.pem'), 'ps'])).status).toBe(1);
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'other-key.pem',
      '-subj',
      '/CN=other',
      '-out',
      'other.pem',
    );
    const wrong = [
      '--tlsverify',
      '--tlscacert',
      at('ca.pem'),
      '--tlscert',
      at('other.pem'),
      '--tlskey',
      at('other-key.pem'),
    ];
    expect((await ours([...wrong, 'ps'])).status).toBe(1);
    expect((await ours(['ps'])).status).toBe(1);
    // somebody else's authority says who the daemon is
    expect(
      (
        await ours([
          '--tlsverify',
          '--tlscacert',
          at('other.pem'),
          '--tlscert',
          at('client.pem'),
          '--tlskey',
          at('client-key.pem'),
          'ps',
        ])
      ).status,
    ).toBe(1);
  } finally {
    daemon.kill('SIGTERM');
  }
});

test('without TLS a port is of loopback alone', () => {
  const ran = tabvisor('daemon', '--data', join(folder, 'open'), '--host', 'tcp://0.0.0.0:0');
  expect(ran.status).toBe(125);
  expect(ran.stderr).toContain('--tlsverify');
});

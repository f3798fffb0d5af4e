// What the engine knows of its containers: their health, and that all of it outlives the daemon.
// Oracle: docker's own client, and the Engine API's description, which every answer is checked against.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Daemon, sharedDaemon } from './daemon-fixture.js';

let daemon: Daemon;
sharedDaemon((one) => {
  daemon = one;
});

const inspect = async (name: string, format: string): Promise<string> =>
  (await daemon.docker('inspect', name, '--format', format)).stdout.trim();

/** Until the daemon says so. */
async function until(name: string, format: string, wanted: string): Promise<void> {
  while ((await inspect(name, format)) !== wanted) await daemon.docker('version');
}

const eventsOf = async (name: string): Promise<string[]> => {
  const now = String(Math.ceil(Date.now() / 1000));
  const filters = ['--filter', `container=${name}`, '--format', '{{.Action}}'];
  const { stdout } = await daemon.docker('events', '--since', '1h', '--until', now, ...filters);
  return stdout.trim().split('\n');
};

test('health: a check makes a container healthy and unhealthy, in inspect, ps and events', async () => {
  const check = ['--health-cmd', 'cat /well', '--health-interval', '50ms', '--health-retries', '2'];
  await daemon.docker('run', '-d', '--name', 'patient', ...check, 'busybox', 'sleep', '1000');
  await until('patient', '{{.State.Health.Status}}', 'unhealthy');
  expect(Number(await inspect('patient', '{{.State.Health.FailingStreak}}'))).toBeGreaterThanOrEqual(2);
  expect(
    await inspect('patient', '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}'),
  ).toBe("1 cat: can't open '/well': No such file or directory");
  await daemon.docker('exec', 'patient', 'sh', '-c', 'echo fine >/well');
  await until('patient', '{{.State.Health.Status}} {{.State.Health.FailingStreak}}', 'healthy 0');
  const list = (filter: string) =>
    daemon.docker('ps', '--filter', `health=${filter}`, '--format', '{{.Names}} {{.Status}}');
  expect((await list('healthy')).stdout).toMatch(/^patient Up .* \(healthy\)\n$/);
  expect((await list('unhealthy')).stdout).toBe('');
  await daemon.docker('stop', '-t', '0', 'patient');
  const events = await eventsOf('patient');
  expect(events.filter((event) => !event.startsWith('exec_') && event !== 'kill')).toEqual([
    ...['create', 'start', 'health_status: unhealthy', 'health_status: healthy', 'die', 'stop'],
  ]);
  expect(events.slice(2, 5)).toEqual([
    ...['exec_create: /bin/sh -c cat /well', 'exec_start: /bin/sh -c cat /well', 'exec_die'],
  ]);
  await daemon.docker('rm', 'patient');
});

test('health: what fails in its beginning does not count; a check that takes too long is ended', async () => {
  const start = ['--health-start-period', '1h', '--health-start-interval', '20ms', '--health-retries', '1'];
  const check = ['--health-cmd', 'exit 3', '--health-timeout', '100ms'];
  await daemon.docker('run', '-d', '--name', 'young', ...start, ...check, 'busybox', 'sleep', '1000');
  await until('young', '{{len .State.Health.Log}}', '5');
  expect(await inspect('young', '{{.State.Health.Status}} {{.State.Health.FailingStreak}}')).toBe('starting 0');
  expect((await daemon.docker('ps', '--format', '{{.Status}}')).stdout).toContain('(health: starting)');
  await daemon.docker('rm', '-f', 'young');

  const slow = ['--health-cmd', 'echo on it; sleep 1000', '--health-timeout', '300ms', '--health-interval', '20ms'];
  await daemon.docker('run', '-d', '--name', 'slow', ...slow, '--health-retries', '1', 'busybox', 'sleep', '1000');
  await until('slow', '{{.State.Health.Status}}', 'unhealthy');
  expect(
    await inspect('slow', '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}'),
  ).toMatch(/^-1 Health check exceeded timeout \(300ms\)/);
  await daemon.docker('rm', '-f', 'slow');
});

test('health: none when it is switched off; what makes no sense is refused', async () => {
  await daemon.docker('run', '-d', '--name', 'plain', '--no-healthcheck', 'busybox', 'sleep', '1000');
  expect(await inspect('plain', '{{.State.Health}} {{.Config.Healthcheck.Test}}')).toBe('<nil> [NONE]');
  await daemon.docker('rm', '-f', 'plain');
  const asked = { Image: 'busybox', Cmd: ['true'], Healthcheck: { Test: ['CMD', 'true'], Interval: 1000 } };
  expect(await daemon.call('POST', '/containers/create', asked)).toMatchObject({
    status: 400,
    body: expect.stringContaining('Interval in Healthcheck cannot be less than 1ms'),
  });
});

const names = async (...filters: string[]): Promise<string> =>
  (await daemon.docker('ps', ...filters, '--format', '{{.Names}} {{.State}}')).stdout;

test('all of it outlives the daemon, killed or asked to end; who ran is ended, or started again by its policy', async () => {
  await daemon.docker('volume', 'create', '--label', 'a=b', 'data');
  await daemon.docker('network', 'create', '--subnet', '10.8.0.0/24', 'front');
  const ids = (await daemon.docker('network', 'ls', '-q')).stdout;
  const run = (name: string, ...args: string[]) =>
    daemon.docker('run', '-d', '--stop-signal', 'KILL', '--name', name, ...args);
  const sleep = ['busybox', 'sleep', '1000'];
  await run(
    'plain',
    '-v',
    'data:/d',
    '-l',
    'x=y',
    'busybox',
    'sh',
    '-c',
    'test -e /made || { echo out; echo err >&2; }; echo a >/made; echo b >/d/it; sync; exec sleep 1000',
  );
  await run('always', '--restart', 'always', ...sleep);
  await run('unless', '--restart', 'unless-stopped', ...sleep);
  await run('stopped-always', '--restart', 'always', ...sleep);
  await run('stopped-unless', '--restart', 'unless-stopped', ...sleep);
  await run('gone', '--rm', ...sleep);
  await daemon.docker(
    'create',
    '--stop-signal',
    'KILL',
    '--name',
    'made',
    '--network',
    'front',
    '--restart',
    'always',
    ...sleep,
  );
  await daemon.docker('rename', 'made', 'renamed');
  await daemon.docker('run', '--name', 'done', 'busybox', 'sh', '-c', 'echo last words; exit 3');
  await daemon.docker('stop', '-t', '0', 'stopped-always', 'stopped-unless');

  await daemon.docker('exec', 'plain', 'sync');
  await daemon.restart('SIGKILL');
  await until('always', '{{.State.Running}}', 'true');
  await until('unless', '{{.State.Running}}', 'true');
  await until('stopped-always', '{{.State.Running}}', 'true');
  expect((await names('-a')).trim().split('\n').sort()).toEqual([
    ...['always running', 'done exited', 'plain exited', 'renamed created', 'stopped-always running'],
    ...['stopped-unless exited', 'unless running'],
  ]);
  expect(await inspect('plain', '{{.State.ExitCode}} {{.Config.Labels.x}} {{(index .Mounts 0).Name}}')).toBe(
    '137 y data',
  );
  expect(await inspect('done', '{{.State.ExitCode}} {{.Path}} {{.State.Error}}')).toBe('3 sh');
  expect(await daemon.docker('logs', 'plain')).toEqual({ status: 0, stdout: 'out\n', stderr: 'err\n' });
  expect((await daemon.docker('volume', 'ls', '--filter', 'label=a=b', '-q')).stdout).toBe('data\n');
  expect((await daemon.docker('network', 'ls', '-q')).stdout).toBe(ids);
  expect((await daemon.docker('start', '-a', 'done')).stdout).toBe('last words\n');
  expect((await daemon.docker('logs', 'done')).stdout).toBe('last words\nlast words\n');
  await daemon.docker('start', 'renamed', 'plain');
  expect((await daemon.docker('exec', 'plain', 'cat', '/made', '/d/it')).stdout).toBe('a\nb\n');

  await daemon.restart('SIGTERM');
  await until('always', '{{.State.Running}}', 'true');
  expect(await inspect('plain', '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 137');
  await until('renamed', '{{.State.Running}}', 'true');
  expect(await inspect('renamed', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}')).toMatch(
    /^10\.8\.0\.\d+$/,
  );
  const all = (await daemon.docker('ps', '-aq')).stdout.trim().split('\n');
  expect((await daemon.docker('rm', '-f', ...all)).stderr).toBe('');
  expect((await daemon.docker('network', 'rm', 'front')).status).toBe(0);
  expect((await daemon.docker('volume', 'rm', 'data')).status).toBe(0);
  expect(daemon.left()).toEqual({ containers: [], volumes: [] });
});

test('a policy starts again who fails, as often as is said; who is stopped stays so', async () => {
  const flags = ['--restart', 'on-failure:2'];
  await daemon.docker('run', '-d', '--name', 'failing', ...flags, 'busybox', 'sh', '-c', 'echo try; exit 7');
  await until('failing', '{{.State.Status}} {{.RestartCount}}', 'exited 2');
  expect((await daemon.docker('logs', 'failing')).stdout).toBe('try\ntry\ntry\n');
  expect(await eventsOf('failing')).toEqual(['create', 'start', 'die', 'start', 'die', 'start', 'die']);
  await daemon.docker('run', '-d', '--name', 'again', '--restart', 'always', 'busybox', 'false');
  // it is that now and then: asked until it was
  const saying = async (text: string, ...asked: string[]): Promise<void> => {
    for (let said = ''; !said.includes(text); ) {
      const { stdout, stderr } = await daemon.docker(...asked);
      said = stdout + stderr;
    }
  };
  await saying('restarting true', 'inspect', 'again', '--format', '{{.State.Status}} {{.State.Running}}');
  await saying('Restarting (1)', 'ps', '--filter', 'name=again');
  await saying('is restarting, wait until the container is running', 'exec', 'again', 'true');
  expect((await daemon.docker('stop', 'again')).status).toBe(0);
  expect(await inspect('again', '{{.State.Status}}')).toBe('exited');
  expect((await daemon.docker('update', '--restart', 'no', 'again')).status).toBe(0);
  expect(await inspect('again', '{{.HostConfig.RestartPolicy.Name}}')).toBe('no');
  expect((await daemon.docker('create', '--rm', '--restart', 'always', 'busybox')).status).toBe(125);
  await daemon.docker('rm', 'failing', 'again');
});

test('logs: since, until, tail, follow, files that are put aside', async () => {
  const flags = ['--log-opt', 'max-size=2k', '--log-opt', 'max-file=2'];
  const script = 'for i in $(seq 100); do echo line $i; done; while ! test -e /go; do sleep 0.1; done; echo end';
  await daemon.docker('run', '-d', '--name', 'talker', ...flags, 'busybox', 'sh', '-c', script);
  const follower = daemon.client('logs', '-f', '--tail', '1', 'talker');
  await follower.expect('line 100\n');
  const kept = (await daemon.docker('logs', 'talker')).stdout.trim().split('\n');
  expect(kept.length).toBeLessThan(60);
  expect(kept.at(-1)).toBe('line 100');
  expect((await daemon.docker('logs', '--tail', '2', 'talker')).stdout).toBe('line 99\nline 100\n');
  const time = /^\S+/.exec((await daemon.docker('logs', '-t', '--tail', '1', 'talker')).stdout)![0];
  await daemon.docker('exec', 'talker', 'touch', '/go');
  await follower.expect('end\n');
  expect(await follower.exit()).toBe(0);
  expect((await daemon.docker('logs', '--since', time, 'talker')).stdout).toBe('line 100\nend\n');
  expect((await daemon.docker('logs', '--until', time, '--tail', '3', 'talker')).stdout).toBe('line 99\nline 100\n');
  // who collects logs reads the file
  const file = (await daemon.docker('inspect', 'talker', '-f', '{{.LogPath}}')).stdout.trim();
  expect(readFileSync(file, 'utf8')).toMatch(/"log":"end\\n","stream":"stdout","time":"[^"]+"\}\n$/);
  await daemon.docker('rm', 'talker');
  expect((await daemon.docker('create', '--log-opt', 'colour=red', 'busybox', 'true')).stderr).toContain(
    'unknown log opt',
  );
});

test('nothing was answered that the description does not allow, and no bug was met', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
});

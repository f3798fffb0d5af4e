// What the engine knows of its containers: their health, and that all of it outlives the daemon.
// Oracle: docker's own client, and the Engine API's description, which every answer is checked against.
import { afterAll, beforeEach, expect, test } from 'vitest';
import { Daemon, needsDocker } from './daemon-fixture.js';

let starting: Promise<Daemon> | undefined;
let daemon: Daemon;

beforeEach(async (context) => {
  needsDocker(context);
  starting ??= Daemon.start(context);
  daemon = await starting;
});
afterAll(async () => {
  if (daemon) await daemon.stop();
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

test('nothing was answered that the description does not allow, and no bug was met', () => {
  expect(daemon.problems).toEqual([]);
  expect(daemon.complaints).toBe('');
});

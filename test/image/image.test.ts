// The image that the package brings: its shell and tools give what dash and coreutils give natively; what they show of the kernel.
// Source: guest/image.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { missing, root } from '../provisioned.js';
import { scratch } from '../scratch.js';

/** It is the root of whoever names no other. */
const COMMAND = ['bin/tabvisor.mjs', 'kernel', 'run'];

/** What commands print in the image, and their status. */
async function inside(
  commands: string,
  ...options: string[]
): Promise<{ output: string; status: number | NodeJS.Signals }> {
  const args = [...COMMAND, ...options, '--', 'sh', '-c', commands];
  const run = Console.spawn(process.execPath, args, { deadline: 120 });
  const status = await run.exit();
  return { output: run.output, status };
}

test.each(['shell', 'tools'])('%s: natively and here', async (name) => {
  const script = readFileSync(join(root, `test/image/${name}.sh`), 'utf8');
  const native = execFileSync('sh', ['-c', script], {
    cwd: scratch(),
    env: { HOME: '/root', PATH: '/bin:/usr/bin' },
    encoding: 'utf8',
  });
  const here = await inside(script, '--cwd', '/tmp', '--env', 'HOME=/root', '--env', 'PATH=/bin');
  expect(here.output).toBe(native);
  expect(native.split('\n').length).toBeGreaterThan(40);
});

test('limits are met: memory, processes, the processor', async () => {
  const limits = ['--memory', '16M', '--pids', '8', '--cpus', '0.5'];
  const commands = [
    'eat 64 > eaten; echo $?; tail -n 1 eaten; grep oom_kill /sys/fs/cgroup/memory.events; free | grep limit',
    'forks 100; echo $?; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max',
  ];
  const { output } = await inside(commands.join('\n'), '--cwd', '/tmp', ...limits);
  const lines = output.split('\n');
  expect(lines[0]).toBe('137');
  expect(lines[1]).toMatch(/^1[0-5] MiB$/);
  expect(lines.slice(2)).toEqual([
    'oom_kill 1',
    'limit       16777216',
    'forks: after 6: Resource temporarily unavailable',
    '1',
    '8',
    '50000 100000',
    '',
  ]);
});

test('what a process sees is its namespaces’', async () => {
  const commands = 'hostname; unshare -mupf sh -c "hostname inner; hostname; ps; echo \\$\\$"; hostname';
  const { output, status } = await inside(commands, '--hostname', 'outer');
  expect(status).toBe(0);
  expect(output).toMatch(/^outer\ninner\n *PID .*\n +1 +0 root .*sh -c .*\n +\d +1 root .* ps\n1\nouter\n$/);
});

test('httpd serves a folder: files by their types, lists, HEAD; what leads out, is not there or is another method is refused', async () => {
  const request = (line: string): string => `echo -n "${line} HTTP/1.0\r\n\r\n" | nc 127.0.0.1 8000`;
  const asked = [
    'GET /',
    'GET /a%20b/',
    'GET /a%20b/x',
    'GET /a%20b/x/',
    'HEAD /a%20b/x/f%26g',
    'GET /a%20b/x/f%26g?q',
  ];
  const wrong = ['GET /../etc/passwd', 'GET /%2e%2e/etc', 'GET /%00', 'GET //host/', 'GET x', 'GET /none', 'POST /'];
  const commands = [
    "mkdir -p 'a b/x'; echo '<p>hi' > 'a b/index.html'; echo text > 'a b/x/f&g'",
    'httpd -p 8000 . & until nc 127.0.0.1 8000 < /dev/null; do sleep 0.1; done',
    ...[...asked, ...wrong].map((line) => `${request(line)}; echo; echo ===`),
  ];
  const { output } = await inside(commands.join('\n'), '--cwd', '/tmp', '--env', 'PATH=/bin');
  const answers = output.split('===').map((text) => text.replaceAll('\r', '').trim());
  expect(answers[0]).toContain('<li><a href="a%20b/">a b/</a>');
  expect(answers[1]).toContain('text/html; charset=utf-8\nConnection: close\n\n<p>hi');
  expect(answers[2]).toContain('Location: /a%20b/x/');
  expect(answers[3]).toContain('<a href="f%26g">f&#38;g</a>');
  expect(answers[4]).toMatch(/^HTTP\/1.0 200 OK\nContent-Type: text\/plain; charset=utf-8\nConnection: close$/);
  expect(answers[5]).toMatch(/\n\ntext$/);
  const statuses = answers.slice(asked.length).flatMap((text) => /HTTP\/1.0 (\d+)/.exec(text)?.[1] ?? []);
  expect(statuses).toEqual(['400', '400', '400', '400', '400', '404', '501']);
});

test('a shell at a terminal: Ctrl-C, a job that stops and goes on, the end', async (context) => {
  if (spawnSync('script', ['--version']).status !== 0) missing(context, 'script(1) is not there: install bsdutils');
  const command = `exec ${process.execPath} ${COMMAND.join(' ')} -t -i --env 'PS1=$ ' -- sh`;
  const shell = Console.spawn('script', ['-qec', command, '/dev/null'], { deadline: 120 });
  await shell.expect('$ ');
  shell.send('cat /etc/motd\r');
  await shell.expect('unshare -mupf sh');
  shell.send('echo begun; sleep 100\r');
  await shell.expect('\nbegun');
  shell.send('\x03');
  await shell.expect('$ ');
  shell.send('echo $?; cat\r');
  await shell.expect('130');
  shell.send('line\r');
  await shell.expect('line\nline');
  shell.send('\x1a');
  await shell.expect('stopped cat');
  shell.send('fg\r');
  await shell.expect('cat\n');
  shell.send('\x04');
  await shell.expect('$ ');
  shell.send('exit 3\r');
  expect(await shell.exit()).toBe(3);
});

// Shell completion: a real bash, on a terminal, with a daemon behind it; zsh and fish where they are. Oracle: bash's readline.
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { Console } from '../console.js';
import { type Daemon, sharedDaemon } from '../docker/daemon-fixture.js';
import { missing, root } from '../provisioned.js';

let daemon: Daemon;
sharedDaemon((one) => {
  daemon = one;
});

/** A folder with our command in it, as it would be in PATH. */
function bin(): string {
  const folder = join(daemon.folder, 'bin');
  mkdirSync(folder, { recursive: true });
  try {
    symlinkSync(join(root, 'bin/tabvisor.mjs'), join(folder, 'tabvisor'));
  } catch {
    // it is there
  }
  return folder;
}

const environment = () => ({ ...process.env, PATH: `${bin()}:${process.env.PATH}`, DOCKER_HOST: daemon.host });
/** Not in our own turn: between the command and the daemon is a proxy of this process. */
const told = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)('tabvisor', args, { env: environment() })).stdout;
const ask = async (line: string): Promise<string[]> =>
  (await told('__complete', line))
    .split('\n')
    .slice(1, -1)
    .map((word) => word.split('\t')[0]!);

test('a bash completes commands, flags, names of the engine, files', async (context) => {
  if (spawnSync('script', ['--version']).status !== 0) missing(context, 'script(1) is not there: install bsdutils');
  await daemon.docker('run', '-d', '--name', 'webserver', 'busybox', 'sleep', '1000');
  await daemon.docker('tag', 'busybox', 'library.example:5000/app:v1');
  writeFileSync(join(daemon.folder, 'variables.env'), '');
  const start = `cd ${daemon.folder}; stty cols 200; PATH=${bin()}:$PATH DOCKER_HOST=${daemon.host} PS1='> ' exec bash --norc --noprofile -i`;
  const bash = Console.spawn('script', ['-qec', start, '/dev/null'], { deadline: 60 });
  await bash.expect('> ');
  bash.send("bind 'set enable-bracketed-paste off'; source <(tabvisor completion bash); echo re'ady'\n");
  await bash.expect('ready\n');
  const completes = async (typed: string, whole: string): Promise<void> => {
    // what has been completed is printed by a line that is a comment to the shell
    bash.send(`${typed}\t`);
    await bash.expect(whole);
    bash.send('\x15');
  };
  await completes('tabvisor netw', 'tabvisor network ');
  await completes('tabvisor network cr', 'tabvisor network create ');
  await completes('tabvisor run --cpu-per', 'tabvisor run --cpu-period ');
  await completes('tabvisor exec -it webs', 'tabvisor exec -it webserver ');
  await completes('tabvisor run library.example:5000/a', 'tabvisor run library.example:5000/app:v1 ');
  await completes('tabvisor run --network=brid', 'tabvisor run --network=bridge ');
  await completes('tabvisor run --env-file varia', 'tabvisor run --env-file variables.env ');
  await completes('tabvisor cp webs', 'tabvisor cp webserver:');
  await completes('tabvisor kernel ru', 'tabvisor kernel run ');
  bash.send('exit\n');
  await bash.exit();
  await daemon.docker('rm', '-f', 'webserver');
});

test('what can stand at a place of a line', async () => {
  expect(await ask('tabvisor ')).toEqual(
    expect.arrayContaining(['run', 'ps', 'network', 'daemon', 'vm', 'completion']),
  );
  expect(await ask('tabvisor container r')).toEqual(['words', 'rename', 'restart', 'rm', 'run', 'remove']);
  expect(await ask('tabvisor run --restart un')).toEqual(['words', 'unless-stopped']);
  expect(await ask('tabvisor run --rm -v')).toEqual(['words']);
  expect(await ask('tabvisor run busybox -')).toEqual(['files']);
  expect(await ask('tabvisor network rm bri')).toEqual(['words', 'bridge']);
  expect(await ask('tabvisor completion ')).toEqual(['words', 'bash', 'zsh', 'fish']);
  expect(await ask('tabvisor completion f')).toEqual(['words', 'fish']);
  expect(await ask('tabvisor nothing ')).toEqual(['words']);
  expect(await ask('tabvisor -H unix:///no/such rm ')).toEqual(['words']);
});

test.each(['zsh', 'fish'])('%s reads its script, where it is', async (shell) => {
  const script = await told('completion', shell);
  expect(script).toContain('__complete');
  if (spawnSync(shell, ['--version']).status !== 0) return;
  const path = join(daemon.folder, `completion.${shell}`);
  writeFileSync(path, script);
  expect(spawnSync(shell, ['-n', path], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

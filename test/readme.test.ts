// Every shell line of the README: its npm scripts, files and options are there, and what needs nothing else is run.
// README.md.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { daemonCommand } from '../src/cli/commands/daemon.js';
import { demoCommand } from '../src/cli/commands/demo.js';
import { kernelRunCommand } from '../src/cli/commands/kernel-run.js';
import { vmRunCommand } from '../src/cli/commands/vm-run.js';
import { checkArguments } from '../src/cli/docker/command.js';
import { containerOf } from '../src/cli/docker/container-options.js';
import { parseFlags } from '../src/cli/docker/flags.js';
import { begin } from '../src/cli/docker/host.js';
import { nodeHost } from '../src/cli/docker/node/node-host.js';
import { isDockers } from '../src/cli/docker/main.js';
import { parseTemplate } from '../src/cli/docker/template/parser.js';
import { find, WORDS } from '../src/cli/docker/words.js';
import { parseReference } from '../src/oci/reference.js';
import { parseKernelOptions, type RawKernelOptions } from '../src/cli/kernel-options.js';
import { parseOptions, type RawOptions } from '../src/cli/options.js';
import { needs, root } from './provisioned.js';
import { scratch } from './scratch.js';
import { Console } from './console.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) => block!.split('\n'));
const prompted = [...readme.matchAll(/^\$ (.*)$/gm)].map(([, line]) => line!);
const lines = [...prompted, ...blocks]
  .map((line) => line.replace(/ {2,}#.*$/, '').trim())
  .filter((line) => line !== '');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** What a reader has from elsewhere, or has just made. */
const READERS_OWN = ['disk.img', 'debian.iso'];

/** Words of a shell line; quotes alone are understood. */
const words = (line: string): string[] =>
  [...line.matchAll(/(?:'([^']*)'|"([^"]*)"|[^\s'"]+)/g)].map(([all, single, double]) => single ?? double ?? all);

/** What a command line of ours means to its command. */
function options<T>(command: Command, args: string[]): T {
  command.exitOverride().action(() => {});
  command.parse(args, { from: 'user' });
  return command.opts() as T;
}

const manifest = readFileSync(join(root, 'scripts/provision.d/manifest.sh'), 'utf8');
const isThere = (path: string): boolean => {
  const name = path.replace('.cache/guest/', '');
  return path === name ? existsSync(join(root, path)) : manifest.includes(name);
};

begin(nodeHost('test'));

test('there are lines, and each begins with something that is known', () => {
  expect(lines.length).toBeGreaterThan(12);
  for (const one of lines.flatMap((line) => line.split(' && ')))
    expect(one).toMatch(/^(npm (ci|test|run)|npx tabvisor |docker |scripts\/provision|truncate |bash |echo )/);
});

test.each(lines.flatMap((line) => line.split(' && ')))('%s', async (line) => {
  const [program, ...args] = words(line);
  if (program === 'npm' && args[0] === 'run')
    expect(scripts).toHaveProperty([args.find((arg, i) => i > 0 && !arg.startsWith('-'))!]);
  if (program === 'bash' || program!.includes('/'))
    expect(existsSync(join(root, program === 'bash' ? args[0]! : program!))).toBe(true);
  if (program !== 'npx') return;
  if (args[1] === 'daemon') return void expect(options(daemonCommand('0'), args.slice(2, -1))).toHaveProperty('host');
  if (args[1] === 'demo') return void expect(demoCommand().name()).toBe('demo');
  if (isDockers(args.slice(1))) {
    const { name, taken } = find(args.slice(1))!;
    const command = await WORDS[name]!.load();
    const { values, args: rest } = parseFlags(command.flags, args.slice(1 + taken), !command.flagsFirst, '');
    checkArguments(command, rest);
    if (name === 'run') expect(containerOf(values, rest, values.is('detach')).Image).toMatch(/^(debian:12|tabvisor)$/);
    if (name === 'pull') expect(parseReference(rest[0]!).tag).toBe('12');
    parseTemplate(values.text('format').replace(/^table /, ''));
    return;
  }
  if (args.includes('--help'))
    return void expect(
      execFileSync(process.execPath, [join(root, 'bin/tabvisor.mjs'), ...args.slice(1)], { encoding: 'utf8' }),
    ).toContain('Examples');
  if (args[1] === 'kernel') {
    const { rootfs } = parseKernelOptions(options<RawKernelOptions>(kernelRunCommand(), args.slice(3)));
    for (const path of rootfs) expect(isThere(relative(root, resolve(root, path))), path).toBe(true);
    return;
  }
  const parsed = parseOptions(options<RawOptions>(vmRunCommand(), args.slice(3)));
  const { kernel, initrd, bios, vgabios, cdrom } = parsed;
  const paths = [
    kernel,
    initrd,
    bios,
    vgabios,
    cdrom,
    ...parsed.disks.map(({ path }) => path),
    ...parsed.shares.map(({ path }) => path),
  ];
  for (const path of paths.filter((one) => one !== undefined))
    if (!READERS_OWN.includes(path)) expect(isThere(path), path).toBe(true);
});

test('a program of the Debian root says what the README asks it', (context) => {
  needs(context, 'debian');
  const args = words(lines.find((one) => one.includes('python3'))!).slice(2);
  expect(execFileSync(process.execPath, ['bin/tabvisor.mjs', ...args], { cwd: root, encoding: 'utf8' })).toBe(
    `${2n ** 100n}\n`,
  );
});

test('a folder, a network and a disk reach Linux as the README says', async (context) => {
  needs(context, 'kernel', 'initramfs');
  const line = lines.find((one) => one.includes('--share'))!;
  const disk = join(scratch(), 'disk.img');
  writeFileSync(disk, '');
  truncateSync(disk, 64 << 20);
  const args = words(line)
    .slice(4)
    .map((word) => word.replace(/^disk\.img/, disk));
  const console = Console.machine(args, { deadline: 300 });
  await console.expect('library.md');
  await console.expect('/dev/vda\n');
  await console.expect('eth0');
  console.send('poweroff -f\n');
  expect(await console.exit()).toBe(0);
});

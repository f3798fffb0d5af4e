// info: what an engine says of itself. Docker docs, "docker system info".
import { CLIENT_API, type Json } from './api-client.js';
import type { DockerCommand } from './command.js';
import { flag } from './flags.js';
import { host } from './host.js';
import { binarySize } from './stats.js';
import { inspected } from './tabular.js';

export const infoCommand: DockerCommand = {
  name: 'info',
  usage: '',
  what: 'What the engine says of itself',
  aliases: ['system info', 'info'],
  flags: [flag('-f, --format', 'string', 'json, or a Go template')],
  least: 0,
  most: 0,
  async run({ values, engine }) {
    const told = await (await engine()).get('/info');
    const format = values.text('format');
    const { own: Version, os: Os, arch: Arch, node: NodeVersion } = host.version;
    const ClientInfo = {
      ...{ Debug: false, Version, DefaultAPIVersion: CLIENT_API, Os, Arch, NodeVersion },
      ...{ Plugins: [], Warnings: null },
    };
    if (format !== '') return void host.stdout.write(inspected([{ ...told, ClientInfo }], format));
    host.stdout.write(`Client:\n Version:    ${Version}\n Debug Mode: false\n\nServer:\n${serverLines(told)}\n\n`);
    for (const warning of told.Warnings ?? []) host.stderr.write(`${warning}\n`);
  },
};

type Line = readonly [name: string, value: unknown];

/** One below the other, each further in than its title. */
const below = (depth: number, lines: readonly string[]): string =>
  lines.map((line) => `\n${' '.repeat(depth)}${line}`).join('');
const listed = (depth: number, names: readonly string[] | null | undefined): string =>
  names?.length ? below(depth, names) : '';

function serverLines(told: Json): string {
  const { Plugins: plugins, RegistryConfig: registries } = told;
  const insecure = [
    ...Object.values((registries?.IndexConfigs ?? {}) as Record<string, Json>)
      .filter(({ Secure }) => !Secure)
      .map(({ Name }) => Name),
    ...(registries?.InsecureRegistryCIDRs ?? []),
  ];
  const lines: (Line | false)[] = [
    ['Containers', told.Containers],
    [' Running', told.ContainersRunning],
    [' Paused', told.ContainersPaused],
    [' Stopped', told.ContainersStopped],
    ['Images', told.Images],
    ['Server Version', told.ServerVersion],
    [
      'Storage Driver',
      told.Driver +
        below(
          2,
          (told.DriverStatus ?? []).map(([name, is]: Line) => `${name}: ${is}`),
        ),
    ],
    ['Logging Driver', told.LoggingDriver],
    ['Cgroup Driver', told.CgroupDriver],
    ['Cgroup Version', told.CgroupVersion],
    ['Plugins', ''],
    [' Volume', plugins?.Volume?.join(' ')],
    [' Network', plugins?.Network?.join(' ')],
    !!plugins?.Authorization?.length && [' Authorization', plugins.Authorization.join(' ')],
    [' Log', plugins?.Log?.join(' ')],
    ['Swarm', told.Swarm?.LocalNodeState],
    ['Runtimes', Object.keys(told.Runtimes ?? {}).join(' ')],
    ['Default Runtime', told.DefaultRuntime],
    ['Init Binary', told.InitBinary],
    ['containerd version', told.ContainerdCommit?.ID],
    ['runc version', told.RuncCommit?.ID],
    ['init version', told.InitCommit?.ID],
    !!told.SecurityOptions?.length && ['Security Options', below(2, told.SecurityOptions.flatMap(securityLines))],
    ['Kernel Version', told.KernelVersion],
    ['Operating System', told.OperatingSystem],
    ['OSType', told.OSType],
    ['Architecture', told.Architecture],
    ['CPUs', told.NCPU],
    ['Total Memory', binarySize(told.MemTotal)],
    ['Name', told.Name],
    ['ID', told.ID],
    ['Docker Root Dir', told.DockerRootDir],
    ['Debug Mode', told.Debug],
    ...(['HttpProxy', 'HttpsProxy', 'NoProxy'] as const).map(
      (name): Line | false => !!told[name] && [name.replace(/^Https?/, (word) => `${word.toUpperCase()} `), told[name]],
    ),
    !!told.Labels?.length && ['Labels', listed(2, told.Labels)],
    ['Experimental', told.ExperimentalBuild],
    insecure.length > 0 && ['Insecure Registries', listed(2, insecure)],
    !!registries?.Mirrors?.length && ['Registry Mirrors', listed(2, registries.Mirrors)],
    ['Live Restore Enabled', told.LiveRestoreEnabled],
  ];
  return lines
    .filter((line): line is Line => line !== false)
    .map(
      ([name, value = '']) =>
        ` ${name}:${`${value}`.startsWith('\n') || (value === '' && name === 'Plugins') ? value : ` ${value}`}`,
    )
    .join('\n');
}

/** As name=seccomp,profile=builtin. */
function securityLines(option: string): string[] {
  const parts = option.split(',').map((part) => part.split('=') as [string, string?]);
  const name = parts.find(([key]) => key === 'name')?.[1] ?? option;
  const others = parts.filter(([key]) => key !== 'name');
  return [name, ...others.map(([key, is = '']) => ` ${key[0]!.toUpperCase()}${key.slice(1)}: ${is}`)];
}

// version, info, events, system df. Docker docs, "docker version", "docker system info", "docker system events", "docker system df".
import { decimalSize } from '../../base/units.js';
import { CLIENT_API, filtersOf, type Json, textLines } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Complaint } from './complaint.js';
import { flag } from './flags.js';
import { binarySize } from './stats.js';
import { formatted, inspected, type Shape } from './tabular.js';
import { TemplateError } from './template/nodes.js';
import { execute } from './template/execute.js';
import { parseTemplate } from './template/parser.js';
import { goJson, struct } from './template/print.js';
import { eventTime, timestamp } from './times.js';
import { host } from './host.js';

const FORMAT = flag('-f, --format', 'string', 'json, or a Go template');

export const versionCommand: DockerCommand = {
  name: 'version',
  usage: '',
  what: 'Versions of this command and of the engine',
  flags: [FORMAT],
  least: 0,
  most: 0,
  async run({ values, engine }) {
    const Client = struct(
      {
        Version: host.version.own,
        ApiVersion: CLIENT_API,
        DefaultAPIVersion: CLIENT_API,
        NodeVersion: host.version.node,
        Os: host.version.os,
        Arch: host.version.arch,
      },
      'system.clientVersion',
    );
    let Server: Json = null;
    let problem: Complaint | undefined;
    try {
      const told = await (await engine()).get('/version');
      const Components = (told.Components ?? []).map((one: Json) => struct(one, 'types.ComponentVersion'));
      Server = struct({ ...told, Components }, '*types.Version');
    } catch (error) {
      if (!(error instanceof Complaint)) throw error;
      problem = error;
    }
    const both = struct({ Client, Server }, 'system.versionInfo');
    const format = values.text('format');
    host.stdout.write(format === '' ? versionText(Client, Server) : shownVersion(format, both));
    if (problem) throw problem;
  },
};

function shownVersion(format: string, both: object): string {
  if (format === 'json') return `${goJson(both)}\n`;
  let phase = 'parsing';
  try {
    const template = parseTemplate(format, 'version');
    phase = 'executing';
    return `${execute(template, both)}\n`;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    if (phase === 'parsing') throw new Complaint(`template parsing error: ${error.message}`, 64);
    host.stdout.write('\n');
    throw new Complaint(error.message);
  }
}

const rows = (indent: number, entries: readonly (readonly [string, unknown])[]): string =>
  entries.map(([name, value]) => `${' '.repeat(indent)}${`${name}:`.padEnd(20 - indent)}${value}`.trimEnd()).join('\n');

function versionText(client: Json, server: Json): string {
  const own = rows(1, [
    ['Version', client.Version],
    ['API version', client.ApiVersion],
    ['Node version', client.NodeVersion],
    ['OS/Arch', `${client.Os}/${client.Arch}`],
  ]);
  if (!server) return `Client: tabvisor\n${own}\n`;
  const parts = server.Components.map(
    ({ Name, Version, Details }: Json) =>
      ` ${Name}:\n${rows(2, [
        ['Version', Version],
        ...(Name === 'Engine'
          ? ([
              ['API version', `${Details.ApiVersion} (minimum version ${Details.MinAPIVersion})`],
              ['OS/Arch', `${Details.Os}/${Details.Arch}`],
              ['Kernel', Details.KernelVersion],
            ] as const)
          : []),
      ])}`,
  );
  return `Client: tabvisor\n${own}\n\nServer: ${server.Platform?.Name ?? ''}\n${parts.join('\n')}\n`;
}

export const infoCommand: DockerCommand = {
  name: 'info',
  usage: '',
  what: 'What the engine says of itself',
  aliases: ['system info', 'info'],
  flags: [FORMAT],
  least: 0,
  most: 0,
  async run({ values, engine }) {
    const told = await (await engine()).get('/info');
    const format = values.text('format');
    if (format !== '') return void host.stdout.write(inspected([told], format));
    const lines: [string, unknown][] = [
      ['Containers', told.Containers],
      [' Running', told.ContainersRunning],
      [' Paused', told.ContainersPaused],
      [' Stopped', told.ContainersStopped],
      ['Images', told.Images],
      ['Server Version', told.ServerVersion],
      ['Storage Driver', told.Driver],
      ['Logging Driver', told.LoggingDriver],
      ['Cgroup Driver', told.CgroupDriver],
      ['Cgroup Version', told.CgroupVersion],
      ['Runtimes', Object.keys(told.Runtimes ?? {}).join(' ')],
      ['Security Options', (told.SecurityOptions ?? []).join(' ')],
      ['Kernel Version', told.KernelVersion],
      ['Operating System', told.OperatingSystem],
      ['OSType', told.OSType],
      ['Architecture', told.Architecture],
      ['CPUs', told.NCPU],
      ['Total Memory', binarySize(told.MemTotal)],
      ['Name', told.Name],
      ['ID', told.ID],
      ['Data Folder', told.DockerRootDir],
    ];
    host.stdout.write(lines.map(([name, value]) => `${name}: ${value ?? ''}\n`).join(''));
    for (const warning of told.Warnings ?? []) host.stderr.write(`${warning}\n`);
  },
};

const eventLine = (line: string): string => {
  const { Type, Action, Actor, time }: Json = JSON.parse(line);
  // more digits than a number of ours has
  const timeNano = /"timeNano":(\d+)/.exec(line)?.[1];
  const attributes = Object.entries(Actor.Attributes ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort();
  const when = eventTime(timeNano === undefined ? BigInt(time) * 1_000_000_000n : BigInt(timeNano));
  return `${when} ${Type} ${Action} ${Actor.ID}${attributes.length > 0 ? ` (${attributes.join(', ')})` : ''}\n`;
};

export const eventsCommand: DockerCommand = {
  name: 'events',
  usage: '',
  what: 'What happens in the engine, as it happens',
  aliases: ['system events', 'events'],
  flags: [
    flag('-f, --filter', 'list', 'only some: type=, event=, container= and others'),
    flag('--format', 'string', 'json, or a Go template'),
    flag('--since', 'string', 'also what has been since: a date, or as 42m'),
    flag('--until', 'string', 'no longer than until then'),
  ],
  least: 0,
  most: 0,
  async run({ values, engine }) {
    const query = {
      filters: filtersOf(values.list('filter')),
      since: timestamp(values.text('since')),
      until: timestamp(values.text('until')),
    };
    const format = values.text('format');
    const response = await (await engine()).send('GET', '/events', query);
    for await (const line of textLines(response.body))
      host.stdout.write(format === '' ? eventLine(line) : inspected([JSON.parse(line)], format));
  },
};

interface Usage {
  type: string;
  total: number;
  active: number;
  size: number;
  reclaimable: number;
}

const usageShape: Shape<Usage> = {
  type: '*formatter.diskUsageContext',
  members: {
    Type: ['TYPE', ({ type }) => type],
    TotalCount: ['TOTAL', ({ total }) => String(total)],
    Active: ['ACTIVE', ({ active }) => String(active)],
    Size: ['SIZE', ({ size }) => decimalSize(size, 4)],
    Reclaimable: [
      'RECLAIMABLE',
      ({ size, reclaimable, type }) => {
        const shown = decimalSize(Math.max(0, reclaimable), 4);
        return size > 0 && type !== 'Build Cache'
          ? `${shown} (${Math.trunc((100 * Math.max(0, reclaimable)) / size)}%)`
          : shown;
      },
    ],
  },
  table: '{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
};

const total = (list: readonly Json[], value: (one: Json) => number): number =>
  list.reduce((sum, one) => sum + value(one), 0);

export const dfCommand: DockerCommand = {
  name: 'system df',
  usage: '',
  what: 'What images, containers and volumes need',
  flags: [flag('--format', 'string', "json, a Go template, or 'table TEMPLATE'")],
  least: 0,
  most: 0,
  async run({ values, engine }) {
    const told = await (await engine()).get('/system/df');
    const [images, containers, volumes, caches]: Json[][] = [
      told.Images ?? [],
      told.Containers ?? [],
      told.Volumes ?? [],
      told.BuildCache ?? [],
    ];
    const used = images!.filter(({ Containers }) => Containers > 0);
    const running = containers!.filter(({ State }) => /running|paused|restarting/.test(State));
    const isLinked = ({ UsageData }: Json): boolean => UsageData?.RefCount > 0;
    const volumeSize = ({ UsageData }: Json): number => Math.max(0, UsageData?.Size ?? 0);
    const layers = told.LayersSize ?? 0;
    const kept = total(used, ({ Size, SharedSize }) => (Size === -1 || SharedSize === -1 ? 0 : Size - SharedSize));
    const list: Usage[] = [
      { type: 'Images', total: images!.length, active: used.length, size: layers, reclaimable: layers - kept },
      {
        ...{
          type: 'Containers',
          total: containers!.length,
          active: running.length,
          size: total(containers!, ({ SizeRw = 0 }) => SizeRw),
        },
        reclaimable: total(containers!, ({ SizeRw = 0 }) => SizeRw) - total(running, ({ SizeRw = 0 }) => SizeRw),
      },
      {
        ...{
          type: 'Local Volumes',
          total: volumes!.length,
          active: volumes!.filter(isLinked).length,
          size: total(volumes!, volumeSize),
        },
        reclaimable: total(
          volumes!.filter((one) => !isLinked(one)),
          volumeSize,
        ),
      },
      {
        ...{
          type: 'Build Cache',
          total: caches!.length,
          active: caches!.filter(({ InUse }) => InUse).length,
          size: total(caches!, ({ Size }) => Size),
        },
        reclaimable: total(
          caches!.filter(({ InUse, Shared }) => !InUse && !Shared),
          ({ Size }) => Size,
        ),
      },
    ];
    host.stdout.write(formatted(usageShape, list, values.text('format')));
  },
};

import { CLIENT_API, filtersOf, type Json, textLines } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Complaint } from './complaint.js';
import { flag } from './flags.js';
import { inspected } from './tabular.js';
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
    flag('-f, --filter', 'filter', 'only some: type=, event=, container= and others'),
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

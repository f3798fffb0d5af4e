// What there is to see of containers: logs, top, port, diff. Engine API, ContainerLogs, ContainerTop, ContainerChanges.
import { type Json, part } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Complaint } from './complaint.js';
import { flag, type Values } from './flags.js';
import { show } from './session.js';
import { formatted, type Shape, tabulated } from './tabular.js';
import { timestamp } from './times.js';
import { host } from './host.js';

export const logsCommand: DockerCommand = {
  name: 'logs',
  usage: 'CONTAINER',
  what: 'What a container has written',
  aliases: ['container logs', 'logs'],
  flags: [
    flag('--details', 'bool', 'with the attributes of the log'),
    flag('-f, --follow', 'bool', 'and what it writes from now on'),
    flag('--since', 'string', 'only what is younger: a date, or as 42m'),
    flag('-n, --tail', 'string', 'so many lines of the end', 'all'),
    flag('-t, --timestamps', 'bool', 'with times'),
    flag('--until', 'string', 'only what is older: a date, or as 42m'),
  ],
  least: 1,
  most: 1,
  async run({ values, args, engine }) {
    const api = await engine();
    const { Id, Config } = await api.get(`/containers/${part(args[0]!)}/json`);
    const response = await api.send('GET', `/containers/${Id}/logs`, {
      ...{
        stdout: true,
        stderr: true,
        follow: values.is('follow'),
        timestamps: values.is('timestamps'),
        details: values.is('details'),
      },
      ...{ tail: values.text('tail'), since: timeOf(values, 'since'), until: timeOf(values, 'until') },
    });
    await show(response.body, Config.Tty);
  },
};

function timeOf(values: Values, name: string): string | undefined {
  try {
    return timestamp(values.text(name));
  } catch (error) {
    throw error instanceof Complaint ? new Complaint(`invalid value for "${name}": ${error.message}`) : error;
  }
}

export const topCommand: DockerCommand = {
  name: 'top',
  usage: 'CONTAINER [ps OPTIONS]',
  what: 'The processes of a container',
  aliases: ['container top', 'top'],
  flags: [],
  least: 1,
  flagsFirst: true,
  async run({ args, engine }) {
    const [container, ...options] = args as [string, ...string[]];
    const { Titles, Processes } = await (await engine()).get(`/containers/${part(container)}/top`, {
      ps_args: options.join(' '),
    });
    host.stdout.write(`${tabulated([Titles, ...Processes].map((row: string[]) => row.join('\t')).join('\n'), 20)}\n`);
  },
};

export const portCommand: DockerCommand = {
  name: 'port',
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  what: 'The ports of this host that lead to a container',
  aliases: ['container port', 'port'],
  flags: [],
  least: 1,
  most: 2,
  async run({ args, engine }) {
    const [container, port] = args as [string, string?];
    const { NetworkSettings } = await (await engine()).get(`/containers/${part(container)}/json`);
    const ports = (NetworkSettings.Ports ?? {}) as Record<string, { HostIp: string; HostPort: string }[] | null>;
    const hostOf = ({ HostIp, HostPort }: { HostIp: string; HostPort: string }): string =>
      HostIp.includes(':') ? `[${HostIp}]:${HostPort}` : `${HostIp}:${HostPort}`;
    if (port !== undefined) {
      const key = port.includes('/') ? port : `${port}/tcp`;
      const bindings = ports[key];
      if (!bindings?.length) throw new Complaint(`Error: No public port '${port}' published for ${container}`);
      for (const binding of bindings) host.stdout.write(`${hostOf(binding)}\n`);
      return;
    }
    const lines = Object.entries(ports).flatMap(([key, bindings]) =>
      (bindings ?? []).map((one) => `${key} -> ${hostOf(one)}`),
    );
    for (const line of lines.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1)))
      host.stdout.write(`${line}\n`);
  },
};

const diffShape: Shape<Json> = {
  type: '*formatter.diffContext',
  members: { Type: ['CHANGE TYPE', ({ Kind }) => 'CAD'[Kind]], Path: ['PATH', ({ Path }) => Path] },
  table: '{{.Type}}\t{{.Path}}',
};

export const diffCommand: DockerCommand = {
  name: 'diff',
  usage: 'CONTAINER',
  what: 'What has changed in the root of a container',
  aliases: ['container diff', 'diff'],
  flags: [],
  least: 1,
  most: 1,
  async run({ args, engine }) {
    const changes = (await (await engine()).get(`/containers/${part(args[0]!)}/changes`)) ?? [];
    host.stdout.write(formatted(diffShape, changes, '{{.Type}} {{.Path}}'));
  },
};

// ps. Docker docs, "docker container ls": its columns.
import { decimalSize, spanOf } from '../../base/units.js';
import { filtersOf, type Json } from './api-client.js';
import type { DockerCommand } from './command.js';
import { flag } from './flags.js';
import { formatted, type Shape } from './tabular.js';
import { quoted } from './template/print.js';
import { localTime } from './times.js';
import { host } from './host.js';

const SHORT = 12;
const COMMAND_MAX = 20;
const MOUNT_MAX = 15;

export function ellipsis(text: string, most: number): string {
  const letters = [...text];
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`;
}

export const shortId = (id: string): string => id.replace(/^sha256:/, '').slice(0, SHORT);
export const labelsOf = (labels: Record<string, string> | null | undefined): string =>
  Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(',');
/** `.Label "name"` of a template. */
export const labelOf =
  (labels: Record<string, string> | null | undefined) =>
  (name: string): string =>
    labels && Object.hasOwn(labels, name) ? labels[name]! : '';

interface Port {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: string;
}

/** Neighbouring ports of one address and protocol as one range. */
export function portsShown(ports: readonly Port[]): string {
  const keyOf = ({ IP = '', Type, PublicPort }: Port): string => `${IP} ${Type} ${PublicPort ? 'public' : ''}`;
  const sorted = [...ports].sort(
    (a, b) =>
      a.PrivatePort - b.PrivatePort ||
      (a.IP ?? '').localeCompare(b.IP ?? '') ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      a.Type.localeCompare(b.Type),
  );
  const single: string[] = [];
  const groups = new Map<string, { key: string; first: Port; last: Port }>();
  const done: { first: Port; last: Port }[] = [];
  for (const port of sorted) {
    if (port.PublicPort && port.PublicPort !== port.PrivatePort) {
      single.push(`${address(port.IP)}:${port.PublicPort}->${port.PrivatePort}/${port.Type}`);
      continue;
    }
    const key = keyOf(port);
    const group = groups.get(key);
    if (group && group.last.PrivatePort + 1 === port.PrivatePort) group.last = port;
    else if (!group || group.last.PrivatePort !== port.PrivatePort) {
      if (group) done.push(group);
      groups.set(key, { key, first: port, last: port });
    }
  }
  const shown = [...done, ...groups.values()].map(({ first, last }) => {
    const range =
      first.PrivatePort === last.PrivatePort ? `${first.PrivatePort}` : `${first.PrivatePort}-${last.PrivatePort}`;
    return first.PublicPort ? `${address(first.IP)}:${range}->${range}/${first.Type}` : `${range}/${first.Type}`;
  });
  return [...shown, ...single].join(', ');
}
const address = (ip = ''): string => (ip.includes(':') ? `[${ip}]` : ip);

export const psShape = (full: boolean, withSize: boolean): Shape<Json> => ({
  type: '*formatter.ContainerContext',
  members: {
    ID: ['CONTAINER ID', ({ Id }) => (full ? Id : Id.slice(0, SHORT))],
    Names: [
      'NAMES',
      ({ Names }) =>
        Names.map((name: string) => name.replace(/^\//, ''))
          .filter((name: string) => full || !name.includes('/'))
          .join(','),
    ],
    Image: [
      'IMAGE',
      ({ Image, ImageID }) => {
        if (Image === '') return '<no image>';
        if (full) return Image;
        return ImageID && Image.replace(/^sha256:/, '').startsWith(shortId(ImageID))
          ? shortId(Image)
          : Image.replace(/@sha256:[0-9a-f]{64}$/, '');
      },
    ],
    Command: ['COMMAND', ({ Command }) => quoted(full ? Command : ellipsis(Command, COMMAND_MAX))],
    CreatedAt: ['CREATED AT', ({ Created }) => localTime(Created)],
    RunningFor: ['CREATED', ({ Created }) => `${spanOf(Date.now() - Created * 1000)} ago`],
    Ports: ['PORTS', ({ Ports }) => portsShown(Ports ?? [])],
    State: ['STATE', ({ State }) => State],
    Status: ['STATUS', ({ Status }) => Status],
    Size: [
      'SIZE',
      ({ SizeRw = 0, SizeRootFs = 0 }) =>
        decimalSize(SizeRw, 3) + (SizeRootFs > 0 ? ` (virtual ${decimalSize(SizeRootFs, 3)})` : ''),
    ],
    Labels: ['LABELS', ({ Labels }) => labelsOf(Labels)],
    Label: ['', ({ Labels }) => labelOf(Labels)],
    Mounts: [
      'MOUNTS',
      ({ Mounts }) =>
        (Mounts ?? [])
          .map(({ Name, Source }: { Name?: string; Source: string }) =>
            full ? Name || Source : ellipsis(Name || Source, MOUNT_MAX),
          )
          .join(','),
    ],
    LocalVolumes: [
      'LOCAL VOLUMES',
      ({ Mounts }) => String((Mounts ?? []).filter(({ Driver }: { Driver?: string }) => Driver === 'local').length),
    ],
    Networks: ['NETWORKS', ({ NetworkSettings }) => Object.keys(NetworkSettings?.Networks ?? {}).join(',')],
    Platform: ['PLATFORM', ({ ImageManifestDescriptor }) => ImageManifestDescriptor?.platform ?? null],
  },
  table: `{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}${withSize ? '\t{{.Size}}' : ''}`,
  quiet: '{{.ID}}',
});

export const psCommand: DockerCommand = {
  name: 'ps',
  usage: '',
  what: 'List containers',
  aliases: ['container ls', 'container list', 'container ps', 'ps'],
  flags: [
    flag('-a, --all', 'bool', 'also those that do not run'),
    flag('-f, --filter', 'filter', 'only some: status=, name=, label=, ancestor= and others'),
    flag('--format', 'string', "json, a Go template, or 'table TEMPLATE'"),
    flag('-n, --last', 'int', 'only the last so many', '-1'),
    flag('-l, --latest', 'bool', 'only the last one'),
    flag('--no-trunc', 'bool', 'all of each column'),
    flag('-q, --quiet', 'bool', 'only IDs'),
    flag('-s, --size', 'bool', 'with sizes'),
  ],
  least: 0,
  most: 0,
  async run({ values, engine }) {
    const format = values.text('format');
    const last = values.is('latest') ? 1 : (values.number('last') ?? -1);
    const size = values.is('size') || (!values.is('quiet') && /\.Size\b|\bjson \.[ }|]/.test(format));
    const rows = await (await engine()).get('/containers/json', {
      all: values.is('all'),
      size,
      ...(last > 0 && { limit: last }),
      filters: filtersOf(values.list('filter')),
    });
    host.stdout.write(formatted(psShape(values.is('no-trunc'), size), rows, format, values.is('quiet')));
  },
};

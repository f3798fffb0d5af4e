// volume ls, create, rm. Docker docs, "docker volume".
import { decimalSize } from '../../base/units.js';
import { filtersOf, type Json, part } from './api-client.js';
import type { DockerCommand } from './command.js';
import { pairs } from './container-options.js';
import { removeEach } from './each.js';
import { flag } from './flags.js';
import { labelOf, labelsOf } from './ps.js';
import { formatted, type Shape } from './tabular.js';
import { host } from './host.js';

const NONE = 'N/A';

export const volumeShape: Shape<Json> = {
  type: '*formatter.volumeContext',
  members: {
    Name: ['VOLUME NAME', ({ Name }) => Name],
    Driver: ['DRIVER', ({ Driver }) => Driver],
    Scope: ['SCOPE', ({ Scope }) => Scope],
    Mountpoint: ['MOUNTPOINT', ({ Mountpoint }) => Mountpoint],
    Labels: ['LABELS', ({ Labels }) => labelsOf(Labels)],
    Label: ['', ({ Labels }) => labelOf(Labels)],
    Links: ['LINKS', ({ UsageData }) => (UsageData ? String(UsageData.RefCount) : NONE)],
    Size: ['SIZE', ({ UsageData }) => (UsageData ? decimalSize(UsageData.Size, 4) : NONE)],
    Availability: ['AVAILABILITY', () => NONE],
    Group: ['GROUP', () => NONE],
    Status: ['STATUS', () => NONE],
  },
  table: '{{.Driver}}\t{{.Name}}',
  quiet: '{{.Name}}',
};

const CLUSTER = 'table {{.Name}}\t{{.Group}}\t{{.Driver}}\t{{.Availability}}\t{{.Status}}';

export const volumeLsCommand: DockerCommand = {
  name: 'volume ls',
  usage: '',
  what: 'List volumes',
  aliases: ['volume ls', 'volume list'],
  flags: [
    flag('--cluster', 'bool', 'only those of a swarm, and how they are'),
    flag('-f, --filter', 'filter', 'only some: name=, dangling=, label= and others'),
    flag('--format', 'string', "json, a Go template, or 'table TEMPLATE'"),
    flag('-q, --quiet', 'bool', 'only names'),
  ],
  least: 0,
  most: 0,
  async run({ values, engine }) {
    const { Volumes } = await (await engine()).get('/volumes', { filters: filtersOf(values.list('filter')) });
    const rows: Json[] = [...(Volumes ?? [])].sort((a: Json, b: Json) =>
      a.Name.localeCompare(b.Name, 'en', { numeric: true }),
    );
    if (values.is('cluster')) {
      const shown = rows.filter(({ ClusterVolume }) => ClusterVolume);
      return void host.stdout.write(formatted(volumeShape, shown, values.text('format') || CLUSTER));
    }
    host.stdout.write(formatted(volumeShape, rows, values.text('format'), values.is('quiet')));
  },
};

export const volumeCreateCommand: DockerCommand = {
  name: 'volume create',
  usage: '[VOLUME]',
  what: 'Make a volume',
  flags: [
    flag('-d, --driver', 'string', 'its driver', 'local'),
    flag('--label', 'list', 'a label'),
    flag('-o, --opt', 'list', 'an option of the driver'),
  ],
  least: 0,
  most: 1,
  async run({ values, args, engine }) {
    const body = {
      Name: args[0] ?? '',
      Driver: values.text('driver'),
      DriverOpts: pairs(values.list('opt')),
      Labels: pairs(values.list('label')),
    };
    host.stdout.write(`${(await (await engine()).post('/volumes/create', {}, body)).Name}\n`);
  },
};

export const volumeRmCommand: DockerCommand = {
  name: 'volume rm',
  usage: 'VOLUME [VOLUME...]',
  what: 'Remove volumes',
  aliases: ['volume rm', 'volume remove'],
  flags: [flag('-f, --force', 'bool', 'one that is not there is no failure')],
  least: 1,
  async run({ values, args, engine }) {
    const api = await engine();
    const force = values.is('force');
    await removeEach(args, (volume) => api.delete(`/volumes/${part(volume)}`, { force }), {
      force,
      absent: /no such volume/i,
    });
  },
};

// network ls, create, rm, connect, disconnect. Docker docs, "docker network".
import { type ApiClient, filtersOf, type Json, part } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Complaint } from './complaint.js';
import { pairs } from './container-options.js';
import { removeEach } from './each.js';
import { flag } from './flags.js';
import { labelOf, labelsOf, shortId } from './ps.js';
import { formatted, type Shape } from './tabular.js';
import { goTime } from './times.js';
import { host } from './host.js';

const shape = (full: boolean): Shape<Json> => ({
  type: '*network.networkContext',
  members: {
    ID: ['NETWORK ID', ({ Id }) => (full ? Id : shortId(Id))],
    Name: ['NAME', ({ Name }) => Name],
    Driver: ['DRIVER', ({ Driver }) => Driver],
    Scope: ['SCOPE', ({ Scope }) => Scope],
    IPv4: ['IPV4', ({ EnableIPv4 }) => String(EnableIPv4 ?? false)],
    IPv6: ['IPV6', ({ EnableIPv6 }) => String(EnableIPv6 ?? false)],
    Internal: ['INTERNAL', ({ Internal }) => String(Internal)],
    Labels: ['LABELS', ({ Labels }) => labelsOf(Labels)],
    Label: ['', ({ Labels }) => labelOf(Labels)],
    CreatedAt: ['CREATED AT', ({ Created }) => goTime(Created)],
  },
  table: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
  quiet: '{{.ID}}',
});

export const networkLsCommand: DockerCommand = {
  name: 'network ls',
  usage: '',
  what: 'List networks',
  aliases: ['network ls', 'network list'],
  flags: [
    flag('-f, --filter', 'filter', 'only some: name=, driver=, label= and others'),
    flag('--format', 'string', "json, a Go template, or 'table TEMPLATE'"),
    flag('--no-trunc', 'bool', 'all of each ID'),
    flag('-q, --quiet', 'bool', 'only IDs'),
  ],
  least: 0,
  most: 0,
  async run({ values, engine }) {
    const rows: Json[] = await (await engine()).get('/networks', { filters: filtersOf(values.list('filter')) });
    rows.sort((a, b) => a.Name.localeCompare(b.Name, 'en', { numeric: true }));
    host.stdout.write(formatted(shape(values.is('no-trunc')), rows, values.text('format'), values.is('quiet')));
  },
};

export const networkCreateCommand: DockerCommand = {
  name: 'network create',
  usage: 'NETWORK',
  what: 'Make a network',
  flags: [
    flag('--attachable', 'bool', 'for containers by hand, too, where it is of a swarm'),
    flag('--aux-address', 'list', 'addresses of others (NAME=ADDRESS)'),
    flag('--config-from', 'string', 'the network that has its configuration'),
    flag('--config-only', 'bool', 'a configuration for others, where the engine has such'),
    flag('-d, --driver', 'string', 'its driver', 'bridge'),
    flag('--gateway', 'list', 'the gateway of a subnet'),
    flag('--ingress', 'bool', 'the way into a swarm'),
    flag('--internal', 'bool', 'without a way out'),
    flag('--ipam-driver', 'string', 'who gives out its addresses', 'default'),
    flag('--ipam-opt', 'list', 'an option of who gives out its addresses'),
    flag('--ip-range', 'list', 'addresses of containers, out of the subnet'),
    flag('--ipv4', 'bool', 'with IPv4', 'true'),
    flag('--ipv6', 'bool', 'with IPv6'),
    flag('--label', 'list', 'a label'),
    flag('-o, --opt', 'list', 'an option of the driver'),
    flag('--scope', 'string', 'how far it reaches'),
    flag('--subnet', 'list', 'its addresses, as 10.1.0.0/24'),
  ],
  least: 1,
  most: 1,
  async run({ values, args, engine }) {
    const [gateways, ranges] = [values.list('gateway'), values.list('ip-range')];
    const subnets = values.list('subnet');
    if ((gateways.length > 0 || ranges.length > 0) && subnets.length === 0)
      throw new Complaint('no matching subnet for gateway or ip-range: give --subnet');
    // they are all of the first subnet, unless there is one of IPv6
    const auxiliary = Object.entries(pairs(values.list('aux-address')));
    const Config = subnets.map((Subnet, i) => ({
      Subnet,
      AuxiliaryAddresses: Object.fromEntries(
        auxiliary.filter(([, one]) => subnets.length === 1 || one.includes(':') === subnets[i]!.includes(':')),
      ),
      ...(gateways[i] && { Gateway: gateways[i] }),
      ...(ranges[i] && { IPRange: ranges[i] }),
    }));
    const body = {
      Name: args[0],
      Driver: values.text('driver'),
      Internal: values.is('internal'),
      Attachable: values.is('attachable'),
      Ingress: values.is('ingress'),
      Scope: values.text('scope'),
      ConfigOnly: values.is('config-only'),
      ...(values.has('config-from') && { ConfigFrom: { Network: values.text('config-from') } }),
      ...(values.has('ipv4') && { EnableIPv4: values.is('ipv4') }),
      ...(values.has('ipv6') && { EnableIPv6: values.is('ipv6') }),
      IPAM: { Driver: values.text('ipam-driver'), Options: pairs(values.list('ipam-opt')), Config },
      Options: pairs(values.list('opt')),
      Labels: pairs(values.list('label')),
    };
    const { Id, Warning } = await (await engine()).post('/networks/create', {}, body);
    if (Warning) host.stderr.write(`WARNING: ${Warning}\n`);
    host.stdout.write(`${Id}\n`);
  },
};

export const networkRmCommand: DockerCommand = {
  name: 'network rm',
  usage: 'NETWORK [NETWORK...]',
  what: 'Remove networks',
  aliases: ['network rm', 'network remove'],
  flags: [flag('-f, --force', 'bool', 'one that is not there is no failure')],
  least: 1,
  async run({ values, args, engine }) {
    const api = await engine();
    await removeEach(args, (network) => api.delete(`/networks/${part(network)}`), {
      force: values.is('force'),
      absent: /not found/,
    });
  },
};

/** `args`: the network and the container. */
function change(api: ApiClient, how: string, args: readonly string[], more: object): Promise<Json> {
  const [network, Container] = args as [string, string];
  return api.post(`/networks/${part(network)}/${how}`, {}, { Container, ...more });
}

export const networkConnectCommand: DockerCommand = {
  name: 'network connect',
  usage: 'NETWORK CONTAINER',
  what: 'Put a container into a network',
  flags: [
    flag('--alias', 'list', 'a name of it there'),
    flag('--driver-opt', 'list', 'an option of the driver'),
    flag('--gw-priority', 'int', 'the network of the greatest one leads out', '0'),
    flag('--ip', 'string', 'its IPv4 address'),
    flag('--ip6', 'string', 'its IPv6 address'),
    flag('--link', 'list', 'another container by a name of its own (NAME[:ALIAS])'),
    flag('--link-local-ip', 'list', 'a link-local address'),
  ],
  least: 2,
  most: 2,
  async run({ values, args, engine }) {
    const [ip, ip6] = [values.text('ip'), values.text('ip6')];
    const EndpointConfig = {
      IPAMConfig: {
        ...(ip && { IPv4Address: ip }),
        ...(ip6 && { IPv6Address: ip6 }),
        ...(values.has('link-local-ip') && { LinkLocalIPs: values.list('link-local-ip') }),
      },
      Aliases: values.list('alias'),
      Links: values.list('link'),
      DriverOpts: pairs(values.list('driver-opt')),
      GwPriority: values.number('gw-priority') ?? 0,
    };
    await change(await engine(), 'connect', args, { EndpointConfig });
  },
};

export const networkDisconnectCommand: DockerCommand = {
  name: 'network disconnect',
  usage: 'NETWORK CONTAINER',
  what: 'Take a container out of a network',
  flags: [flag('-f, --force', 'bool', 'whatever it is doing')],
  least: 2,
  most: 2,
  async run({ values, args, engine }) {
    await change(await engine(), 'disconnect', args, { Force: values.is('force') });
  },
};

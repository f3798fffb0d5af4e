// What a container asks of networks: which, by which names and addresses, with which ports of the host. Docker docs, "Port publishing".
import type { Endpoint, PublishedPort } from '../runtime/node-client.js';
import { formatAddress } from '../net/address.js';
import type { Container } from './container.js';
import { InvalidParameter } from './errors.js';
import { Members } from './json-members.js';
import type { Networks } from './networks.js';

/** What is asked of one network. */
export interface EndpointRequest {
  network: string;
  address: string;
  aliases: string[];
}

/** A container's place in a network while it runs. */
export interface Place {
  /** Names of the network and its id. */
  network: string;
  id: string;
  address: string;
  gateway: string;
  bits: number;
  names: string[];
}

/** From a create request: the network of the mode, and those that are named besides. */
export function parseEndpoints(body: unknown, mode: string): EndpointRequest[] {
  if (mode === 'host' || mode === 'none' || mode.startsWith('container:')) return [];
  const configs = new Members(body, 'the config').members('NetworkingConfig').entries('EndpointsConfig');
  const first = mode === 'default' ? 'bridge' : mode;
  const found = new Map<string, EndpointRequest>([[first, { network: first, address: '', aliases: [] }]]);
  for (const [name, value] of configs) {
    const config = new Members(value, `EndpointsConfig.${name}`);
    const network = name === 'default' ? 'bridge' : name;
    const address = config.members('IPAMConfig').text('IPv4Address');
    found.set(network, { network, address, aliases: config.texts('Aliases') ?? [] });
  }
  return [...found.values()];
}

/** The ports that are asked for: bindings, and with -P all that are exposed. Throws InvalidParameter. */
export function portsOf({ host, config }: Pick<Container, 'host' | 'config'>): PublishedPort[] {
  const ports: PublishedPort[] = [];
  const add = (text: string, address: string, hostPort: string): void => {
    const match = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
    const number = Number(match?.[1]);
    if (!match || number < 1 || number > 65535 || !/^(\d{1,5})?$/.test(hostPort) || Number(hostPort) > 65535)
      throw new InvalidParameter(`invalid port specification: "${hostPort}:${text}"`);
    const protocol = match[2] === 'udp' ? 'udp' : 'tcp';
    // nobody but this host, unless somebody says so
    ports.push({ protocol, port: number, hostAddress: address || '127.0.0.1', hostPort: Number(hostPort || 0) });
  };
  for (const [port, bindings] of Object.entries(host.PortBindings))
    for (const { HostIp, HostPort } of bindings) add(port, HostIp, HostPort);
  if (host.PublishAllPorts)
    for (const port of Object.keys(config.ExposedPorts ?? {})) if (!(port in host.PortBindings)) add(port, '', '');
  return ports;
}

/** Puts a container into its networks: what the node is told. Throws EngineError; release() undoes it. */
export async function enter(networks: Networks, container: Container): Promise<Endpoint[]> {
  const endpoints: Endpoint[] = [];
  const ports = portsOf(container);
  container.places = [];
  for (const { network: name, address: asked, aliases } of container.endpoints) {
    const network = networks.find(name);
    if (!network.subnet) throw new InvalidParameter(`network ${name}: containers enter it by --network ${name} alone`);
    await networks.prepare(network);
    const address = formatAddress(networks.allocate(network, container.id, asked));
    // in the first network of all nobody is found by name
    const names = network.name === 'bridge' ? [] : [container.name, container.id.slice(0, 12), ...aliases];
    const gateway = formatAddress(network.subnet.network + 1);
    container.places.push({
      network: network.name,
      id: network.id,
      address,
      gateway,
      bits: network.subnet.bits,
      names,
    });
    const own = endpoints.length === 0 ? ports : [];
    endpoints.push({ network: network.id, interface: `eth${endpoints.length}`, address, names, ports: own });
  }
  return endpoints;
}

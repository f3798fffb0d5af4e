// A container's places in networks: which are asked for, by which names and addresses; entering and leaving them.
// Docker Engine API, definition EndpointSettings; docs, "Networking overview".
import { formatAddress, inNetwork, parseAddress } from '../net/address.js';
import type { Endpoint, NodeClient, PublishedPort } from '../runtime/node-client.js';
import type { Container } from './container.js';
import { Conflict, Forbidden, InvalidParameter } from './errors.js';
import { Members } from './json-members.js';
import { bindingOf, type Network, type Networks } from './networks.js';
import { portsOf } from './published-ports.js';

/** What is asked of one network. */
export interface EndpointRequest {
  network: string;
  address: string;
  address6: string;
  aliases: string[];
  /** As db, or db:database. */
  links: string[];
  station: string;
  linkLocal?: string[];
  /** The name of its interface; undefined: the next one. */
  interface?: string;
  /** The greatest of its networks is the one that leads out. */
  priority: number;
}

/** A container's place in a network while it runs. */
export interface Place {
  /** The network's name and id. */
  network: string;
  id: string;
  endpoint: string;
  address: string;
  gateway: string;
  bits: number;
  ipv6?: { address: string; gateway: string; bits: number };
  station: string;
  /** Names that it is found by. */
  names: string[];
}

/** What a node is told of a container's networks. */
export interface NetworkSetup {
  endpoints?: Endpoint[];
  ports: PublishedPort[];
  nameServers?: string[];
}

export const hasNetworks = (mode: string): boolean =>
  mode !== 'host' && mode !== 'none' && !mode.startsWith('container:');

const SYSCTLS = 'com.docker.network.endpoint.sysctls';
const INTERFACE = 'com.docker.network.endpoint.ifname';
const INTERFACE_NAME = /^[a-z][a-z0-9.-]{0,14}$/;

/** RFC 3927, RFC 4291 section 2.5.6. */
function isLinkLocal(text: string): boolean {
  const address = parseAddress(text);
  return typeof address === 'number'
    ? inNetwork(address, 0xa9fe0000, 16)
    : address !== undefined && inNetwork(address, 0xfe80n << 112n, 10);
}

/** EndpointSettings for a network. Throws InvalidParameter. */
export function parseEndpoint(network: string, config: Members): EndpointRequest {
  const ipam = config.members('IPAMConfig');
  const refuse = (what: string): never => {
    throw new InvalidParameter(`invalid endpoint settings: ${what}`);
  };
  const linkLocal = ipam.texts('LinkLocalIPs') ?? [];
  for (const text of linkLocal) if (!isLinkLocal(text)) refuse(`invalid link-local IP address: ${text}`);
  const options = config.map('DriverOpts');
  const name = options[INTERFACE];
  if (options[SYSCTLS] !== undefined) refuse(`the driver option ${SYSCTLS} is not supported here: use --sysctl`);
  if (name !== undefined && !INTERFACE_NAME.test(name)) refuse(`invalid interface name: ${name}`);
  return {
    ...{ network, address: ipam.text('IPv4Address'), address6: ipam.text('IPv6Address') },
    ...{
      aliases: config.texts('Aliases') ?? [],
      links: config.texts('Links') ?? [],
      station: config.text('MacAddress'),
      priority: config.number('GwPriority'),
    },
    ...(linkLocal.length > 0 && { linkLocal }),
    ...(name !== undefined && { interface: name }),
  };
}

/** From a create request: the network of the mode, and those that are named besides. */
export function parseEndpoints(body: unknown, mode: string, networks: Networks): EndpointRequest[] {
  if (!hasNetworks(mode)) return [];
  const config = new Members(body, 'the config');
  const first = networks.nameOf(mode);
  // clients of an API before 1.44 say it here
  const station = config.text('MacAddress');
  const found = new Map([[first, { ...parseEndpoint(first, new Members({}, '')), station }]]);
  for (const [reference, value] of config.members('NetworkingConfig').entries('EndpointsConfig')) {
    const name = networks.nameOf(reference);
    const asked = parseEndpoint(name, new Members(value, `EndpointsConfig.${name}`));
    found.set(name, { ...asked, station: asked.station || (name === first ? station : '') });
  }
  return [...found.values()];
}

/** Puts a container that is about to start into its networks. Throws EngineError; release() undoes it. */
export async function enter(networks: Networks, container: Container): Promise<NetworkSetup> {
  if (!hasNetworks(container.host.NetworkMode)) return { ports: [] };
  const endpoints: Endpoint[] = [];
  container.places = [];
  for (const request of container.endpoints) endpoints.push(await place(networks, container, request));
  const { Dns } = container.host;
  const first = container.endpoints[0];
  const binding = first && bindingOf(networks.find(first.network));
  return { endpoints, ports: portsOf(container, binding), ...(Dns.length > 0 && { nameServers: Dns }) };
}

async function place(networks: Networks, container: Container, request: EndpointRequest): Promise<Endpoint> {
  const network = networks.find(request.network);
  const [pool, pool6] = network.pools;
  if (!pool)
    throw new InvalidParameter(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    );
  await networks.prepare(network);
  const { id, address, address6, station } = networks.seat(network, container.id, request);
  const names = namesOf(container, request);
  container.places.push({
    ...{ network: network.name, id: network.id, endpoint: id, address: formatAddress(address), station, names },
    ...{ gateway: network.internal ? '' : formatAddress(pool.gateway), bits: pool.bits },
    ...(address6 !== undefined && {
      ipv6: { address: formatAddress(address6), gateway: formatAddress(pool6!.gateway), bits: pool6!.bits },
    }),
  });
  return {
    ...{ network: network.id, address: formatAddress(address), station },
    ...(address6 !== undefined && { address6: formatAddress(address6) }),
    names: toldNames(container, network.name, names),
    links: Object.fromEntries(request.links.map(linkOf)),
    priority: request.priority,
    linkLocal: request.linkLocal,
    interface: request.interface,
  };
}

/** What a container is found by; in the first network of all nobody is found by name. */
function namesOf({ name, id }: Container, { network, aliases }: EndpointRequest): string[] {
  return network === 'bridge' ? [] : [...new Set([name, id.slice(0, 12), ...aliases])];
}

/** Before them what its address is called. */
const toldNames = ({ name }: Container, network: string, names: string[]): string[] =>
  names.length > 0 ? [`${name}.${network}`, ...names] : [];

/** A container has got another name: it is found by that one, and no longer by the old one. */
export async function renamed(node: NodeClient, container: Container): Promise<void> {
  for (const place of container.places) {
    const request = container.endpoints.find(({ network }) => network === place.network);
    if (request) place.names = namesOf(container, request);
    const names = toldNames(container, place.network, place.names);
    await node.call('rename', { id: container.id, network: place.id, names });
  }
}

/** The name that is given, and whose it is. */
function linkOf(link: string): [alias: string, name: string] {
  const [name = '', alias] = link.split(':');
  return [alias || name, name];
}

/** A container goes into one more network, at once if it runs. Throws EngineError. */
export async function connect(
  { networks, node }: { networks: Networks; node: NodeClient },
  container: Container,
  request: EndpointRequest,
): Promise<void> {
  const network = networks.find(request.network);
  if (network.driver === 'host' || container.host.NetworkMode === 'host')
    throw new Forbidden('container cannot be disconnected from host network or connected to host network');
  if (container.host.NetworkMode.startsWith('container:'))
    throw new InvalidParameter(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  if (!hasNetworks(container.host.NetworkMode) || network.pools.length === 0)
    throw new Forbidden(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    );
  if (container.endpoints.some((one) => one.network === network.name))
    throw new Forbidden(`endpoint with name ${container.name} already exists in network ${network.name}`);
  networks.check(network, request);
  if (container.running) {
    const endpoint = await place(networks, container, request);
    try {
      await node.call('connect', { id: container.id, endpoint });
    } catch (error) {
      leave(networks, container, network);
      throw error;
    }
  }
  container.endpoints.push({ ...request, network: network.name });
}

/** A container leaves a network, at once if it runs. Throws EngineError. */
export async function disconnect(
  { networks, node }: { networks: Networks; node: NodeClient },
  container: Container,
  network: Network,
): Promise<void> {
  if (network.driver === 'host')
    throw new Conflict('container cannot be disconnected from host network or connected to host network');
  const at = container.endpoints.findIndex((one) => one.network === network.name);
  if (at < 0) throw new Forbidden(`container ${container.id} is not connected to network ${network.name}`);
  if (container.running) await node.call('disconnect', { id: container.id, network: network.id });
  leave(networks, container, network);
  container.endpoints.splice(at, 1);
}

function leave(networks: Networks, container: Container, network: Network): void {
  container.places = container.places.filter(({ id }) => id !== network.id);
  networks.release(container.id, network);
}

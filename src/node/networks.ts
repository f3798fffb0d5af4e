// Networks of a node's containers by their ids: who is in which, and the ports of the host that lead to them.
// Ours, over kernel/net/container-network.
import { messageOf } from '../base/errors.js';
import { IPPROTO_TCP, IPPROTO_UDP } from '../kernel/abi/inet.js';
import type { Kernel } from '../kernel/kernel.js';
import { type Attachment, ContainerNetwork, type Published } from '../kernel/net/container-network.js';
import { NameService } from '../kernel/net/name-service.js';
import type { NetNamespace } from '../kernel/ns/net-namespace.js';
import { type Address, bitsOf, type Network, parseAddress, parseIpv4 } from '../net/address.js';
import type { ArgumentOf, Endpoint, PublishedPort, Subnet } from './contract.js';
import { checked, Refusal } from './refusal.js';
import type { OpenPort, Uplink } from './uplink.js';

/** Ports of the node that those of the host lead to. */
const FIRST_PORT = 20_000;
const LAST_PORT = 60_000;
const INTERFACE = /^[a-z][a-z0-9.-]{0,14}$/;
/** Where a container asks for names, as in Docker's networks. */
const RESOLVER = parseIpv4('127.0.0.11')!;
const INTERFACES_MAX = 256;

interface Place {
  network: ContainerNetwork;
  attachment: Attachment;
  priority: number;
}

/** One port of the host on its way to a container. */
interface Way {
  asked: PublishedPort;
  nodePort: number;
  open?: OpenPort;
}

/** A container that has networks. */
interface Member {
  namespace: NetNamespace;
  /** By the networks' ids, in the order of its interfaces' making. */
  places: Map<string, Place>;
  ways: Way[];
  names: NameService;
  /** The one by which what it sends goes out. */
  leading?: Place;
}

export class Networks {
  private readonly networks = new Map<string, ContainerNetwork>();
  /** Of the names of interfaces, where it is not eth. */
  private readonly prefixes = new Map<string, string>();
  private readonly members = new Map<string, Member>();
  private readonly usedPorts = new Set<number>();

  constructor(
    private readonly kernel: Kernel,
    private readonly uplink: Uplink | undefined,
  ) {}

  add({ id, bridge, subnet, gateway, ipv6, prefix, ...more }: ArgumentOf<'addNetwork'>): void {
    if (this.networks.has(id)) throw new Refusal('conflict', `network ${id} is there already`);
    if (!INTERFACE.test(bridge)) throw new Refusal('invalid', `network ${bridge}: that is no name of an interface`);
    const first = subnetOf({ subnet, gateway });
    const options = {
      ...{ ...more, name: bridge, network: first, gateway: first.gateway },
      ...(ipv6 && { second: subnetOf(ipv6) }),
      nameServers: this.uplink?.nameServers,
    };
    this.networks.set(id, checked(`network ${bridge}`, ContainerNetwork.create(this.kernel.netNamespace, options)));
    if (prefix !== undefined) this.prefixes.set(id, prefix);
  }

  private network(id: string): ContainerNetwork {
    const network = this.networks.get(id);
    if (!network) throw new Refusal('missing', `there is no network ${id}`);
    return network;
  }

  remove(id: string): void {
    const network = this.network(id);
    if ([...this.members.values()].some(({ places }) => places.has(id)))
      throw new Refusal('conflict', `network ${id} has containers`);
    network.close();
    this.networks.delete(id);
    this.prefixes.delete(id);
  }

  // ---- containers -----------------------------------------------------------------------------------------------------------------

  /** Puts a container into its networks. Throws Refusal, and then it is in none. */
  attach(
    id: string,
    namespace: NetNamespace,
    { endpoints, ports = [], nameServers }: Pick<ArgumentOf<'create'>, 'endpoints' | 'ports' | 'nameServers'>,
  ): void {
    if (!endpoints) return;
    const outer = nameServers?.map(addressOf) ?? this.uplink?.nameServers ?? [];
    const names = new NameService(namespace, RESOLVER, outer, []);
    const member: Member = { namespace, places: new Map(), ways: [], names };
    this.members.set(id, member);
    try {
      for (const asked of ports) member.ways.push({ asked, nodePort: this.freePort() });
      for (const endpoint of endpoints) this.join(member, endpoint);
      this.lead(member);
    } catch (error) {
      this.detach(id);
      throw error;
    }
  }

  private freePort(): number {
    for (let port = FIRST_PORT; port <= LAST_PORT; port++)
      if (!this.usedPorts.has(port)) {
        this.usedPorts.add(port);
        return port;
      }
    throw new Refusal('conflict', 'no port of the node is free');
  }

  private join({ namespace, places, names: service }: Member, endpoint: Endpoint): void {
    const { network: id, address, address6, station, names, links = {}, priority = 0, linkLocal = [] } = endpoint;
    const network = this.network(id);
    if (places.has(id)) throw new Refusal('conflict', `the container is in network ${id} already`);
    const options = {
      ...{ name: endpoint.interface ?? freeName(namespace, this.prefixes.get(id)), names, address: addressOf(address) },
      linkLocal: linkLocal.map(addressOf),
      ...(address6 !== undefined && { second: addressOf(address6) }),
      ...(station !== undefined && { station: Number.parseInt(station.replaceAll(':', ''), 16) }),
    };
    const attachment = checked(`network ${id}`, network.attach(namespace, options));
    places.set(id, { network, attachment, priority });
    service.tables.push(network.names);
    for (const [alias, name] of Object.entries(links)) service.aliases.set(alias.toLowerCase(), name);
  }

  /** The ports lead to the container by the first of its networks that lead out, of the greatest priority, and what it sends goes by it. */
  private lead(member: Member): void {
    const { places, ways, leading: before } = member;
    const published = ways.map(({ asked: { protocol, port }, nodePort }): Published => {
      return { protocol: protocol === 'udp' ? IPPROTO_UDP : IPPROTO_TCP, port: nodePort, to: port };
    });
    const [leading] = [...places.values()]
      .filter(({ network }) => !network.options.internal)
      .sort((a, b) => b.priority - a.priority);
    for (const { network, attachment } of places.values()) network.publish(attachment, []);
    if (!leading) return;
    if (before && before !== leading && [...places.values()].includes(before))
      before.network.noWayOutOf(before.attachment);
    member.leading = leading;
    leading.network.wayOutOf(leading.attachment);
    checked('the ports', leading.network.publish(leading.attachment, published));
  }

  private member(id: string): Member {
    const member = this.members.get(id);
    if (!member) throw new Refusal('conflict', `container ${id} has no networks of its own`);
    return member;
  }

  connect(id: string, endpoint: Endpoint): void {
    const member = this.member(id);
    this.join(member, endpoint);
    this.lead(member);
  }

  rename(id: string, network: string, names: readonly string[]): void {
    const { network: of, attachment } = this.place(this.member(id), id, network);
    of.rename(attachment, names);
  }

  private place({ places }: Member, id: string, network: string): Place {
    const place = places.get(network);
    if (!place) throw new Refusal('missing', `container ${id} is not in network ${network}`);
    return place;
  }

  disconnect(id: string, network: string): void {
    const member = this.member(id);
    const place = this.place(member, id, network);
    this.leave(member, network, place);
    this.lead(member);
  }

  private leave({ places, names }: Member, id: string, { network, attachment }: Place): void {
    network.detach(attachment);
    places.delete(id);
    names.tables.splice(names.tables.indexOf(network.names), 1);
  }

  /** Opens the container's ports on the host. Throws Refusal; those that are open close when it is detached. */
  async publish(id: string): Promise<PublishedPort[]> {
    const open: PublishedPort[] = [];
    const { ways } = this.member(id);
    for (const way of ways) {
      way.open = await this.open(way);
      // the container may have gone meanwhile
      if (this.members.get(id)?.ways === ways) open.push({ ...way.asked, hostPort: way.open.port });
      else way.open.close();
    }
    return open;
  }

  private async open({ asked, nodePort }: Way): Promise<OpenPort> {
    const { protocol, port, hostAddress, hostPort, lastHostPort = hostPort } = asked;
    if (!this.uplink)
      throw new Refusal(
        'invalid',
        `port ${port}: can not be published, as this node has no sockets: containers of its network reach it by the container's name`,
      );
    for (let at = hostPort; ; at++)
      try {
        return await this.uplink.publish(protocol, hostAddress, at, nodePort);
      } catch (error) {
        if (at >= lastHostPort) throw new Refusal('conflict', whyNotBound(asked, error));
      }
  }

  detach(id: string): void {
    const member = this.members.get(id);
    if (!member) return;
    this.members.delete(id);
    for (const [network, place] of [...member.places]) this.leave(member, network, place);
    member.names.close();
    for (const { open, nodePort } of member.ways) {
      open?.close();
      this.usedPorts.delete(nodePort);
    }
  }
}

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new Refusal('invalid', `'${text}' is no address`);
  return address;
}

function subnetOf({ subnet, gateway }: Subnet): Network & { gateway: Address } {
  const [text = '', bits = ''] = subnet.split('/');
  const network = addressOf(text);
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > bitsOf(network))
    throw new Refusal('invalid', `'${subnet}' is no network`);
  return { network, bits: Number(bits), gateway: addressOf(gateway) };
}

function freeName(namespace: NetNamespace, prefix = 'eth'): string {
  for (let i = 0; i < INTERFACES_MAX; i++) if (!namespace.interfaceNamed(`${prefix}${i}`)) return `${prefix}${i}`;
  throw new Refusal('conflict', 'the container has too many interfaces');
}

/** In the words that people look for. */
function whyNotBound({ protocol, hostAddress, hostPort }: PublishedPort, error: unknown): string {
  const bind = `Bind for ${hostAddress}:${hostPort}`;
  const { code } = ((error as Error).cause ?? error) as { code?: string };
  if (code === 'EADDRINUSE') return `${bind} failed: port is already allocated`;
  return `failed to bind host port for ${hostAddress}:${hostPort}/${protocol}: ${messageOf(error)}`;
}

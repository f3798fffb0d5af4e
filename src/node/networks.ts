// Networks of a node's containers by their ids: who is in which, and the ports of the host that lead to them.
// Ours, over kernel/net/container-network.
import { messageOf } from '../base/errors.js';
import { IPPROTO_TCP } from '../kernel/abi/inet.js';
import type { Kernel } from '../kernel/kernel.js';
import { type Attachment, ContainerNetwork } from '../kernel/net/container-network.js';
import type { NetNamespace } from '../kernel/ns/net-namespace.js';
import { parseIpv4 } from '../net/address.js';
import type { Endpoint, PublishedPort } from './contract.js';
import { checked, Refusal } from './refusal.js';
import type { OpenPort, Uplink } from './uplink.js';

/** Ports of the node that those of the host lead to. */
const FIRST_PORT = 20_000;
const LAST_PORT = 60_000;
const INTERFACE = /^[a-z][a-z0-9.-]{0,14}$/;

interface Place {
  network: ContainerNetwork;
  attachment: Attachment;
}

/** One port of the host on its way to a container. */
interface Way {
  asked: PublishedPort;
  nodePort: number;
  open?: OpenPort;
}

export class Networks {
  private readonly networks = new Map<string, ContainerNetwork>();
  private readonly places = new Map<string, Place[]>();
  private readonly ways = new Map<string, Way[]>();
  private readonly usedPorts = new Set<number>();

  constructor(
    private readonly kernel: Kernel,
    private readonly uplink: Uplink | undefined,
  ) {}

  add({ id, bridge, subnet, internal }: { id: string; bridge: string; subnet: string; internal: boolean }): void {
    if (this.networks.has(id)) throw new Refusal('conflict', `network ${id} is there already`);
    const [text, bits] = subnet.split('/');
    const network = parseIpv4(text ?? '');
    if (network === undefined || !/^\d{1,2}$/.test(bits ?? '') || !INTERFACE.test(bridge))
      throw new Refusal('invalid', `network ${bridge}: '${subnet}' is no IPv4 network`);
    const options = {
      ...{ name: bridge, network: { network, bits: Number(bits) }, internal },
      nameServers: this.uplink?.nameServers,
    };
    this.networks.set(id, checked(`network ${bridge}`, ContainerNetwork.create(this.kernel.netNamespace, options)));
  }

  remove(id: string): void {
    const network = this.networks.get(id);
    if (!network) throw new Refusal('missing', `there is no network ${id}`);
    if ([...this.places.values()].some((places) => places.some((place) => place.network === network)))
      throw new Refusal('conflict', `network ${id} has containers`);
    network.close();
    this.networks.delete(id);
  }

  /** Puts a container into its networks. Throws Refusal, and then it is in none. */
  attach(id: string, namespace: NetNamespace, endpoints: readonly Endpoint[]): void {
    const places: Place[] = [];
    const ways: Way[] = [];
    this.places.set(id, places);
    this.ways.set(id, ways);
    try {
      for (const endpoint of endpoints) {
        const network = this.networks.get(endpoint.network);
        if (!network) throw new Refusal('missing', `there is no network ${endpoint.network}`);
        const address = parseIpv4(endpoint.address);
        if (address === undefined) throw new Refusal('invalid', `'${endpoint.address}' is no address`);
        const own = endpoint.ports.map((asked): Way => ({ asked, nodePort: this.freePort() }));
        ways.push(...own);
        const published = own.map(({ asked, nodePort }) => ({ protocol: IPPROTO_TCP, port: nodePort, to: asked.port }));
        const options = { name: endpoint.interface, address, names: endpoint.names, published };
        const attachment = checked(`network ${endpoint.network}`, network.attach(namespace, options));
        places.push({ network, attachment });
      }
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

  /** Opens the container's ports on the host. Throws Refusal; those that are open close when it is detached. */
  async publish(id: string): Promise<PublishedPort[]> {
    const open: PublishedPort[] = [];
    for (const way of this.ways.get(id) ?? []) {
      const { asked, nodePort } = way;
      if (asked.protocol !== 'tcp')
        throw new Refusal('invalid', `port ${asked.port}/udp: only TCP ports are published`);
      if (!this.uplink) throw new Refusal('invalid', `port ${asked.port}: the node has no network outside`);
      try {
        way.open = await this.uplink.publish(asked.hostAddress, asked.hostPort, nodePort);
      } catch (error) {
        throw new Refusal(
          'conflict',
          `failed to bind host port for ${asked.hostAddress}:${asked.hostPort}: ${messageOf(error)}`,
        );
      }
      // the container may have gone meanwhile
      if (this.ways.get(id)?.includes(way)) open.push({ ...asked, hostPort: way.open.port });
      else way.open.close();
    }
    return open;
  }

  detach(id: string): void {
    for (const { network, attachment } of this.places.get(id) ?? []) network.detach(attachment);
    for (const { open, nodePort } of this.ways.get(id) ?? []) {
      open?.close();
      this.usedPorts.delete(nodePort);
    }
    this.places.delete(id);
    this.ways.delete(id);
  }
}

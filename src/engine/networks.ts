// Networks of containers: which there are, who has which address in them. Docker Engine API, "Networks"; docs, "Networking overview".
// Three are there from the beginning: bridge, host, none. Addresses are given out here, so that they are known before a container begins.
import { formatAddress, inNetwork, parseIpv4 } from '../net/address.js';
import type { NodeClient } from '../runtime/node-client.js';
import { Conflict, Forbidden, InvalidParameter, NotFound } from './errors.js';
import type { Events } from './events.js';
import { type EngineHost, randomHex } from './host.js';
import { Members } from './json-members.js';

export interface Network {
  id: string;
  name: string;
  driver: 'bridge' | 'host' | 'null';
  internal: boolean;
  labels: Record<string, string>;
  /** Milliseconds since 1970. */
  created: number;
  /** Of a bridge. */
  subnet?: { network: number; bits: number };
  /** Addresses by the ids of containers that run. */
  readonly endpoints: Map<string, number>;
}

/** The subnets that are given out: 172.17.0.0/16 to 172.31.0.0/16, then /20s of 192.168.0.0/16. */
const POOL: readonly { network: number; bits: number }[] = [
  ...Array.from({ length: 15 }, (_, i) => ({ network: parseIpv4(`172.${17 + i}.0.0`)!, bits: 16 })),
  ...Array.from({ length: 16 }, (_, i) => ({ network: parseIpv4(`192.168.${16 * i}.0`)!, bits: 20 })),
];
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

export class Networks {
  private readonly networks = new Map<string, Network>();
  /** Bridges that the node has. */
  private readonly made = new Set<string>();

  constructor(
    private readonly node: NodeClient,
    private readonly host: EngineHost,
    private readonly events: Events,
  ) {
    this.add('bridge', 'bridge', { subnet: POOL[0] });
    this.add('host', 'host', {});
    this.add('none', 'null', {});
  }

  private add(name: string, driver: Network['driver'], more: Partial<Network>): Network {
    const network: Network = {
      ...{ id: randomHex(this.host, 32), name, driver, internal: false, labels: {}, created: this.host.date() },
      ...more,
      endpoints: new Map(),
    };
    this.networks.set(network.id, network);
    return network;
  }

  list(): Network[] {
    return [...this.networks.values()];
  }

  /** By name, id, or the beginning of one. Throws NotFound. */
  find(reference: string): Network {
    const wanted = reference === 'default' ? 'bridge' : reference;
    const all = this.list();
    const found =
      all.find(({ id, name }) => id === wanted || name === wanted) ?? all.find(({ id }) => id.startsWith(wanted));
    if (!found || reference === '') throw new NotFound(`network ${reference} not found`);
    return found;
  }

  /** From the body of a request. Throws InvalidParameter, Conflict. */
  create(body: unknown): Network {
    const given = new Members(body, 'the network');
    const name = given.text('Name');
    if (!NAME.test(name)) throw new InvalidParameter(`invalid network name: '${name}'`);
    if (this.list().some((network) => network.name === name))
      throw new Conflict(`network with name ${name} already exists`);
    const driver = given.text('Driver') || 'bridge';
    if (driver !== 'bridge')
      throw new NotFound(`could not find plugin ${driver} in v1 plugin registry: plugin not found`);
    if (given.flag('EnableIPv6')) throw new InvalidParameter('networks have IPv4 alone by now: leave --ipv6 away');
    const config = given.members('IPAM').list('Config')[0];
    const asked = new Members(config, 'IPAM.Config').text('Subnet');
    const subnet = asked ? this.parse(asked) : this.free();
    const network = this.add(name, 'bridge', { subnet, internal: given.flag('Internal'), labels: given.map('Labels') });
    this.events.tell('network', 'create', network.id, { name, type: 'bridge' });
    return network;
  }

  private parse(text: string): { network: number; bits: number } {
    const [address, bits] = text.split('/');
    const network = parseIpv4(address ?? '');
    if (network === undefined || !/^\d{1,2}$/.test(bits ?? '') || Number(bits) < 8 || Number(bits) > 29)
      throw new InvalidParameter(`invalid subnet ${text}: it is no IPv4 network of 8 to 29 bits`);
    const subnet = { network, bits: Number(bits) };
    if (!inNetwork(network, network, subnet.bits) || network % 2 ** (32 - subnet.bits) !== 0)
      throw new InvalidParameter(`invalid subnet ${text}: its host bits are not zero`);
    if (this.overlaps(subnet))
      throw new InvalidParameter('invalid pool request: Pool overlaps with other one on this address space');
    return subnet;
  }

  private overlaps(one: { network: number; bits: number }): boolean {
    return this.list().some(({ subnet }) => {
      if (!subnet) return false;
      const bits = Math.min(subnet.bits, one.bits);
      return inNetwork(one.network, subnet.network, bits);
    });
  }

  private free(): { network: number; bits: number } {
    const subnet = POOL.find((one) => !this.overlaps(one));
    if (!subnet) throw new InvalidParameter('all predefined address pools have been fully subnetted');
    return subnet;
  }

  async remove(network: Network): Promise<void> {
    if (['bridge', 'host', 'none'].includes(network.name))
      throw new Forbidden(`${network.name} is a pre-defined network and cannot be removed`);
    if (network.endpoints.size > 0)
      throw new Forbidden(`error while removing network: network ${network.name} has active endpoints`);
    this.networks.delete(network.id);
    if (this.made.delete(network.id)) await this.node.call('removeNetwork', { id: network.id });
    this.events.tell('network', 'destroy', network.id, { name: network.name, type: network.driver });
  }

  /** The node has the network's bridge from now on. */
  async prepare({ id, name, subnet, internal }: Network): Promise<void> {
    if (!subnet || this.made.has(id)) return;
    this.made.add(id);
    const bridge = name === 'bridge' ? 'docker0' : `br-${id.slice(0, 12)}`;
    try {
      await this.node.call('addNetwork', { id, bridge, subnet: textOf(subnet), internal });
    } catch (error) {
      this.made.delete(id);
      throw error;
    }
  }

  /** An address for a container, which has it until release(). Throws Conflict. */
  allocate(network: Network, container: string, asked: string): number {
    const { network: first, bits } = network.subnet!;
    const taken = new Set(network.endpoints.values());
    const last = first + 2 ** (32 - bits) - 2;
    let address = asked ? parseIpv4(asked) : undefined;
    if (asked && (address === undefined || address <= first + 1 || address > last || taken.has(address)))
      throw new Conflict(`invalid address ${asked}: it is not free in network ${network.name}`);
    if (address === undefined) for (address = first + 2; taken.has(address); address++);
    if (address > last) throw new Conflict(`no available IPv4 addresses on network ${network.name}`);
    network.endpoints.set(container, address);
    return address;
  }

  release(container: string): void {
    for (const { endpoints } of this.list()) endpoints.delete(container);
  }
}

export const textOf = ({ network, bits }: { network: number; bits: number }): string =>
  `${formatAddress(network)}/${bits}`;
export const gatewayOf = ({ network }: { network: number }): string => formatAddress(network + 1);

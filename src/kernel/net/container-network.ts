// A network of containers: a bridge in the node's network namespace, a pair of interfaces for each container, names, published ports, and
// the rules that keep it from other networks. As container engines make them: moby's bridge driver, in its documentation.
import { type Address, bitsOf, type Network } from '../../net/address.js';
import { EADDRINUSE, EEXIST, EINVAL, ENOBUFS } from '../abi/errno.js';
import { RT_SCOPE_LINK, RT_TABLE_MAIN, RTN_UNICAST, RTPROT_BOOT } from '../abi/rtnetlink.js';
import type { NetNamespace } from '../ns/net-namespace.js';
import type { Rule } from './filter/rules.js';
import { ANY_4, ANY_6 } from './inet/endpoint.js';
import { Bridge } from './link/bridge.js';
import { localStation } from './link/link-kinds.js';
import { Veth } from './link/veth.js';
import { NameService } from './name-service.js';
import { NameTable } from './name-table.js';

const LOOPBACK: Network = { network: 0x7f000000, bits: 8 };
/** Addresses of IPv6 that everybody has besides those of the network: none yet, and those of the link. RFC 4291 sections 2.5.2, 2.5.6. */
const LINK_6: Network = { network: 0xfe80n << 112n, bits: 10 };
/** RFC 3927 section 2.1. */
const LINK_4: Network = { network: 0xa9fe0000, bits: 16 };
const UNSPECIFIED_6: Network = { network: 0n, bits: 128 };

export interface NetworkOptions {
  /** Of the bridge, and of its rules. */
  name: string;
  network: Network;
  /** The bridge's address; undefined: the first one. */
  gateway?: Address;
  /** Addresses of IPv6 besides those of IPv4. */
  second?: Network & { gateway: Address };
  /** Outer name servers. */
  nameServers?: readonly Address[];
  /** Nothing goes out, and nothing is published. */
  internal?: boolean;
  /** Of its interfaces; undefined: Ethernet's. */
  mtu?: number;
  /** Those that are in it do not reach each other but by published ports. */
  isolated?: boolean;
  /** What goes out keeps its addresses. */
  keepsAddresses?: boolean;
}

/** A port of the node that leads to a container's. */
export interface Published {
  /** IPPROTO_TCP or IPPROTO_UDP. */
  protocol: number;
  /** The node's address; undefined: any of them. */
  address?: Address;
  port: number;
  to: number;
}

export interface AttachOptions {
  /** Of the container's interface. */
  name?: string;
  /** Of the interface; undefined: a random one. */
  station?: number;
  /** Undefined: the next that is free. */
  address?: Address;
  /** In the second network. */
  second?: Address;
  /** Addresses of the link alone besides. */
  linkLocal?: readonly Address[];
  /** The container's names and aliases in this network. */
  names?: readonly string[];
  published?: readonly Published[];
}

/** A container's place in a network. */
export interface Attachment {
  readonly address: Address;
  readonly second?: Address;
  readonly inside: Veth;
  published: readonly Published[];
}

export class ContainerNetwork {
  readonly bridge: Bridge;
  readonly names = new NameTable();
  private readonly service: NameService;
  readonly gateway: Address;
  private readonly attachments = new Set<Attachment>();
  private lastHost = 1;

  private constructor(
    private readonly namespace: NetNamespace,
    readonly options: NetworkOptions,
  ) {
    const { name, network, second, nameServers = [] } = options;
    this.gateway = options.gateway ?? this.host(1);
    this.bridge = new Bridge(namespace, namespace.newIndex(), name, localStation(namespace));
    namespace.add(this.bridge);
    const { addressing } = namespace;
    addressing.add(this.bridge, addressing.plain(this.gateway, network.bits, { label: name }));
    if (second) addressing.add(this.bridge, addressing.plain(second.gateway, second.bits));
    addressing.setUp(this.bridge, true);
    for (const { network: one } of this.networks)
      namespace.setForwarding(typeof one === 'number' ? 'forward4' : 'forward6', true);
    this.service = new NameService(namespace, this.gateway, options.internal ? [] : nameServers, [this.names]);
    this.applyRules();
  }

  /** A network, or a negated errno: the name is taken, the addresses are too few. */
  static create(namespace: NetNamespace, options: NetworkOptions): ContainerNetwork | number {
    const { network, bits } = options.network;
    if (bits > bitsOf(network) - 2 || bits < 8) return -EINVAL;
    if (namespace.interfaceNamed(options.name)) return -EEXIST;
    if (namespace.isFull) return -ENOBUFS;
    return new ContainerNetwork(namespace, options);
  }

  private get networks(): Network[] {
    const { network, second } = this.options;
    return second ? [network, second] : [network];
  }

  private host(number: number): Address {
    const { network } = this.options.network;
    return typeof network === 'number' ? network + number : network + BigInt(number);
  }
  private get hostsMax(): number {
    const { network, bits } = this.options.network;
    // neither the network's own address nor everybody's
    return 2 ** Math.min(24, bitsOf(network) - bits) - 2;
  }

  private freeAddress(): Address | undefined {
    const taken = new Set([...this.attachments].map(({ address }) => address).concat(this.gateway));
    for (let tries = 0; tries < this.hostsMax; tries++) {
      this.lastHost = (this.lastHost % this.hostsMax) + 1;
      const address = this.host(this.lastHost);
      if (!taken.has(address)) return address;
    }
    return undefined;
  }

  /** Puts a container's namespace into the network: its place there, or a negated errno. */
  attach(container: NetNamespace, options: AttachOptions = {}): Attachment | number {
    const { namespace } = this;
    const { name = 'eth0', names = [], published = [], second } = options;
    const address = options.address ?? this.freeAddress();
    if (address === undefined || container.isFull || namespace.isFull) return -ENOBUFS;
    if (container.interfaceNamed(name)) return -EEXIST;
    if ([...this.attachments].some((one) => one.address === address) || address === this.gateway) return -EADDRINUSE;
    if (published.some((one) => this.isPublished(one))) return -EADDRINUSE;
    const outsideName = namespace.newName('veth%d')!;
    const inside = new Veth(container, container.newIndex(), name, options.station ?? localStation(container));
    const outside = new Veth(namespace, namespace.newIndex(), outsideName, localStation(namespace));
    Veth.join(inside, outside);
    for (const one of [inside, outside]) one.mtu = this.options.mtu ?? one.mtu;
    container.add(inside);
    namespace.add(outside);
    this.bridge.enslave(outside);
    if (outside.port) outside.port.flags.isolated = this.options.isolated ?? false;
    namespace.addressing.setUp(outside, true);
    const { addressing } = container;
    addressing.add(inside, addressing.plain(address, this.options.network.bits, { label: name }));
    if (second !== undefined && this.options.second)
      addressing.add(inside, addressing.plain(second, this.options.second.bits));
    for (const one of options.linkLocal ?? [])
      addressing.add(
        inside,
        addressing.plain(one, typeof one === 'number' ? LINK_4.bits : LINK_6.bits, { scope: RT_SCOPE_LINK }),
      );
    addressing.setUp(inside, true);
    const attachment: Attachment = { address, second, inside, published: this.options.internal ? [] : published };
    this.attachments.add(attachment);
    this.wayOutOf(attachment);
    this.rename(attachment, names);
    this.applyRules();
    return attachment;
  }

  /** A container has these names, and no others. */
  rename({ address, second }: Attachment, names: readonly string[]): void {
    for (const one of second === undefined ? [address] : [address, second]) {
      this.names.remove(one);
      for (const name of names) this.names.add(name, one);
    }
  }

  /** What is for nobody nearby goes by this network, if no other one has it. */
  wayOutOf({ inside, second }: Attachment): void {
    const { routes, changes, interfaces } = inside.namespace;
    // the container may have removed it
    if (this.options.internal || interfaces.get(inside.index) !== inside) return;
    for (const gateway of this.gatewaysOf(second)) {
      const route = {
        ...{ destination: typeof gateway === 'number' ? ANY_4 : ANY_6, bits: 0, gateway },
        ...{ interface: inside, metric: 0, table: RT_TABLE_MAIN, protocol: RTPROT_BOOT, scope: 0 },
        ...{ type: RTN_UNICAST, flags: 0 },
      };
      if (routes.add(route, { exclusive: true }) === 0) changes.routeChanged(route, false);
    }
  }

  private gatewaysOf(second: Address | undefined): Address[] {
    return [this.gateway, ...(second === undefined ? [] : [this.options.second!.gateway])];
  }

  /** It goes by another one from now on. */
  noWayOutOf({ inside, second }: Attachment): void {
    const { routes, changes } = inside.namespace;
    for (const gateway of this.gatewaysOf(second)) {
      const destination = typeof gateway === 'number' ? ANY_4 : ANY_6;
      const gone = routes.remove({ destination, bits: 0, gateway, interface: inside, table: RT_TABLE_MAIN });
      if (typeof gone !== 'number') changes.routeChanged(gone, true);
    }
  }

  /** Other ports lead to a container from now on: 0, or a negated errno. */
  publish(attachment: Attachment, published: readonly Published[]): number {
    if (published.some((one) => !attachment.published.includes(one) && this.isPublished(one))) return -EADDRINUSE;
    attachment.published = this.options.internal ? [] : published;
    this.applyRules();
    return 0;
  }

  /** A container leaves; what of it is gone already is no matter. */
  detach(attachment: Attachment): void {
    if (!this.attachments.delete(attachment)) return;
    const { inside, address, second } = attachment;
    this.names.remove(address);
    if (second !== undefined) this.names.remove(second);
    inside.namespace.remove(inside);
    this.applyRules();
  }

  /** The network goes, with the interfaces of those in it. */
  close(): void {
    for (const one of [...this.attachments]) this.detach(one);
    this.service.close();
    this.namespace.filter.set(this.owner, []);
    this.namespace.remove(this.bridge);
  }

  private get owner(): string {
    return `network ${this.options.name}`;
  }

  private isPublished({ protocol, address, port }: Published): boolean {
    return this.namespace.filter.rules.some(
      ({ match, verdict }) =>
        verdict.do === 'dnat' &&
        match.protocol === protocol &&
        match.destinationPorts?.[0] === port &&
        (match.destination === undefined || address === undefined || match.destination.network === address),
    );
  }

  // ---- rules ----------------------------------------------------------------------------------------------------------------------

  private applyRules(): void {
    const { internal } = this.options;
    this.namespace.filter.set(this.owner, [
      ...this.isolation(),
      ...(internal || this.options.keepsAddresses ? [] : this.wayOut()),
      ...[...this.attachments].flatMap((one) => one.published.flatMap((port) => this.wayIn(one.address, port))),
    ]);
  }

  /** Only answers and what is published come in; nobody speaks as somebody else; an internal network has no way out. */
  private isolation(): Rule[] {
    const { name, internal, second, isolated } = this.options;
    const sources = second ? [...this.networks, LINK_6, UNSPECIFIED_6] : this.networks;
    const rules: Rule[] = [
      { hook: 'prerouting', match: { in: name, sources }, not: ['sources'], verdict: { do: 'drop' } },
      { hook: 'forward', match: { states: ['invalid'] }, verdict: { do: 'drop' } },
      { hook: 'forward', match: { states: ['established', 'related'] }, verdict: { do: 'accept' } },
      { hook: 'forward', match: { redirected: true }, verdict: { do: 'accept' } },
      { hook: 'forward', match: { in: name, out: name }, not: ['in'], verdict: { do: 'drop' } },
    ];
    // behind what is answered or published
    if (isolated) rules.push({ hook: 'forward', match: { in: name, out: name }, verdict: { do: 'drop' } });
    if (internal)
      rules.unshift({ hook: 'forward', match: { in: name, out: name }, not: ['out'], verdict: { do: 'drop' } });
    return rules;
  }

  /** What goes out goes as the node. */
  private wayOut(): Rule[] {
    const { name, network } = this.options;
    return [
      {
        hook: 'postrouting',
        match: { source: network, out: name },
        not: ['out'],
        verdict: { do: 'masquerade' },
      },
    ];
  }

  /** A published port: from outside, from the node, and from the container itself by the node's address. */
  private wayIn(to: Address, { protocol, address, port, to: inner }: Published): Rule[] {
    const { name, network } = this.options;
    const at = {
      ...{ protocol, destinationPorts: [port, port] as const, toUs: true },
      destination: address === undefined ? undefined : { network: address, bits: bitsOf(address) },
    };
    const there = { out: name, destination: { network: to, bits: bitsOf(to) }, redirected: true };
    return [
      { hook: 'prerouting', match: at, verdict: { do: 'dnat', to, port: inner } },
      { hook: 'output', match: at, verdict: { do: 'dnat', to, port: inner } },
      { hook: 'postrouting', match: { ...there, source: network }, verdict: { do: 'masquerade' } },
      { hook: 'postrouting', match: { ...there, source: LOOPBACK }, verdict: { do: 'masquerade' } },
    ];
  }
}

// A network of containers: a bridge in the node's network namespace, a pair of interfaces for each container, names, published ports, and
// the rules that keep it from other networks. As container engines make them: moby's bridge driver, in its documentation.
import { type Address, bitsOf, type Network } from '../../net/address.js';
import { EADDRINUSE, EEXIST, EINVAL, ENOBUFS } from '../abi/errno.js';
import { RT_TABLE_MAIN, RTN_UNICAST, RTPROT_BOOT } from '../abi/rtnetlink.js';
import type { NetNamespace } from '../ns/net-namespace.js';
import type { Rule } from './filter/rules.js';
import { ANY_4, ANY_6 } from './inet/endpoint.js';
import { Bridge } from './link/bridge.js';
import { localStation } from './link/link-kinds.js';
import { Veth } from './link/veth.js';
import { NameService } from './name-service.js';

const LOOPBACK: Network = { network: 0x7f000000, bits: 8 };

export interface NetworkOptions {
  /** Of the bridge, and of its rules. */
  name: string;
  /** Its addresses; the first one is the bridge's. */
  network: Network;
  /** Outer name servers. */
  nameServers?: readonly Address[];
  /** Nothing goes out, and nothing is published. */
  internal?: boolean;
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
  /** Undefined: the next that is free. */
  address?: Address;
  /** The container's names and aliases in this network. */
  names?: readonly string[];
  published?: readonly Published[];
}

/** A container's place in a network. */
export interface Attachment {
  readonly address: Address;
  readonly inside: Veth;
  readonly published: readonly Published[];
}

export class ContainerNetwork {
  readonly bridge: Bridge;
  readonly names: NameService;
  readonly gateway: Address;
  private readonly attachments = new Set<Attachment>();
  private lastHost = 1;

  private constructor(
    private readonly namespace: NetNamespace,
    readonly options: NetworkOptions,
  ) {
    const { name, network, nameServers = [] } = options;
    this.gateway = this.host(1);
    this.bridge = new Bridge(namespace, namespace.newIndex(), name, localStation(namespace));
    namespace.add(this.bridge);
    const { addressing } = namespace;
    addressing.add(this.bridge, addressing.plain(this.gateway, network.bits, { label: name }));
    addressing.setUp(this.bridge, true);
    namespace.setForwarding(typeof network.network === 'number' ? 'forward4' : 'forward6', true);
    this.names = new NameService(namespace, this.gateway, options.internal ? [] : nameServers);
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
    const { name = 'eth0', names = [], published = [] } = options;
    const address = options.address ?? this.freeAddress();
    if (address === undefined || container.isFull || namespace.isFull) return -ENOBUFS;
    if (container.interfaceNamed(name)) return -EEXIST;
    if ([...this.attachments].some((one) => one.address === address) || address === this.gateway) return -EADDRINUSE;
    if (published.some((one) => this.isPublished(one))) return -EADDRINUSE;
    const outsideName = namespace.newName('veth%d')!;
    const inside = new Veth(container, container.newIndex(), name, localStation(container));
    const outside = new Veth(namespace, namespace.newIndex(), outsideName, localStation(namespace));
    Veth.join(inside, outside);
    container.add(inside);
    namespace.add(outside);
    this.bridge.enslave(outside);
    namespace.addressing.setUp(outside, true);
    const { addressing, routes, changes } = container;
    addressing.add(inside, addressing.plain(address, this.options.network.bits, { label: name }));
    addressing.setUp(inside, true);
    if (!this.options.internal) {
      const route = {
        ...{ destination: typeof address === 'number' ? ANY_4 : ANY_6, bits: 0, gateway: this.gateway },
        ...{ interface: inside, metric: 0, table: RT_TABLE_MAIN, protocol: RTPROT_BOOT, scope: 0 },
        ...{ type: RTN_UNICAST, flags: 0 },
      };
      if (routes.add(route) === 0) changes.routeChanged(route, false);
    }
    const attachment = { address, inside, published: this.options.internal ? [] : published };
    this.attachments.add(attachment);
    for (const one of names) this.names.add(one, address);
    this.applyRules();
    return attachment;
  }

  /** A container leaves; what of it is gone already is no matter. */
  detach(attachment: Attachment): void {
    if (!this.attachments.delete(attachment)) return;
    const { inside, address } = attachment;
    this.names.remove(address);
    inside.namespace.remove(inside);
    this.applyRules();
  }

  /** The network goes, with the interfaces of those in it. */
  close(): void {
    for (const one of [...this.attachments]) this.detach(one);
    this.names.close();
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
      ...(internal ? [] : this.wayOut()),
      ...[...this.attachments].flatMap((one) => one.published.flatMap((port) => this.wayIn(one.address, port))),
    ]);
  }

  /** Only answers and what is published come in; nobody speaks as somebody else; an internal network has no way out. */
  private isolation(): Rule[] {
    const { name, network, internal } = this.options;
    const rules: Rule[] = [
      { hook: 'prerouting', match: { in: name, source: network }, not: ['source'], verdict: { do: 'drop' } },
      { hook: 'forward', match: { states: ['invalid'] }, verdict: { do: 'drop' } },
      { hook: 'forward', match: { states: ['established', 'related'] }, verdict: { do: 'accept' } },
      { hook: 'forward', match: { redirected: true }, verdict: { do: 'accept' } },
      { hook: 'forward', match: { in: name, out: name }, not: ['in'], verdict: { do: 'drop' } },
    ];
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

// Network namespaces: interfaces with their addresses, routes and neighbours, the ports of each protocol, names of abstract unix sockets.
// man 7 network_namespaces.
import type { Address } from '../../net/address.js';
import type { Clock } from '../../base/time.js';
import { inNetwork } from '../../net/address.js';
import { EEXIST, EINVAL, ENOBUFS } from '../abi/errno.js';
import { RT_TABLE_LOCAL, RTN_BROADCAST, RTN_LOCAL } from '../abi/rtnetlink.js';
import type { Kernel } from '../kernel.js';
import { Addressing } from '../net/addressing.js';
import { Counters } from '../net/counters.js';
import { PacketFilter } from '../net/filter/packet-filter.js';
import { Icmp } from '../net/icmp.js';
import { BROADCAST_4, isMulticast } from '../net/inet/endpoint.js';
import { RawTable } from '../net/inet/raw-table.js';
import { TcpTable } from '../net/inet/tcp-table.js';
import { UdpTable } from '../net/inet/udp-table.js';
import type { Interface } from '../net/interface.js';
import { Internet } from '../net/internet.js';
import { Loopback } from '../net/loopback.js';
import { NetChanges } from '../net/net-changes.js';
import { PacketTable } from '../net/packet/packet-table.js';
import { NetSettings } from '../net/net-settings.js';
import { Routes } from '../net/routes.js';
import { UnixSockets } from '../net/unix-sockets.js';
import { Namespace } from './namespace.js';
import type { LimitedKind } from './namespace-limits.js';
import type { UserNamespace } from './user-namespace.js';

/** Interfaces that one namespace may have. */
const INTERFACES_MAX = 4096;
const INDEX_MAX = 2 ** 31 - 1;
const NAME_MAX = 15;

/** May an interface be called so? Linux net/core/dev.c dev_valid_name. */
export const isName = (name: string): boolean =>
  name.length > 0 && name.length <= NAME_MAX && name !== '.' && name !== '..' && !/[/:\s]/.test(name);

export class NetNamespace extends Namespace implements Clock {
  readonly settings = new NetSettings();
  /** By index, in the order of their making. */
  readonly interfaces = new Map<number, Interface>();
  private readonly names = new Map<string, Interface>();
  readonly routes = new Routes();
  readonly counters = new Counters();
  readonly internet = new Internet(this);
  readonly filter = new PacketFilter(this);
  readonly addressing = new Addressing(this);
  readonly icmp = new Icmp(this);
  readonly tcp: TcpTable;
  readonly udp: UdpTable;
  readonly raw = new RawTable(this);
  readonly packets = new PacketTable();
  /** Told of what happens to interfaces, addresses, routes and neighbours. */
  readonly changes = new NetChanges();
  /** Protocol and port of netlink sockets. */
  readonly netlinkPorts = new Set<string>();
  readonly unix = new UnixSockets();
  readonly loopback: Loopback;
  /** Numbers that other namespaces have here. */
  readonly numbers = new Map<NetNamespace, number>();
  private lastIndex = 0;

  constructor(
    readonly kernel: Kernel,
    readonly owner: UserNamespace,
  ) {
    super();
    this.tcp = new TcpTable(this);
    this.udp = new UdpTable(this);
    // as Linux has it, the first namespace's; net.core.devconf_inherit_init_net is 0
    const first: NetNamespace | undefined = kernel.netNamespace;
    for (const name of ['all', 'default'] as const) if (first) this.settings[name].takeOver4(first.settings[name]);
    this.loopback = new Loopback(this, this.newIndex());
    this.add(this.loopback);
    kernel.netNamespaces.add(this);
  }

  get limitedBy(): LimitedKind {
    return 'net';
  }

  /** net.ipv4.conf.all.forwarding and IPv6's: of each interface, and of those to come. */
  setForwarding(field: 'forward4' | 'forward6', on: boolean): void {
    for (const one of [this.settings.all, this.settings.default]) one[field] = on;
    for (const { settings } of this.interfaces.values()) settings[field] = on;
  }

  /** Nanoseconds of the monotonic clock. */
  now(): number {
    return this.kernel.clock.monotonic();
  }

  /** 32 random bits. */
  random(): number {
    return new DataView(this.kernel.randomBytes(4).buffer).getUint32(0);
  }

  newIndex(): number {
    do this.lastIndex = (this.lastIndex % INDEX_MAX) + 1;
    while (this.interfaces.has(this.lastIndex));
    return this.lastIndex;
  }

  /** A name as `template` has it, with a number for %d that no other interface has; undefined: it can't be one. */
  newName(template: string): string | undefined {
    if (!isName(template)) return undefined;
    if (!template.includes('%')) return template;
    if (!/^[^%]*%d[^%]*$/.test(template)) return undefined;
    let number = 0;
    while (this.names.has(template.replace('%d', String(number)))) number++;
    return template.replace('%d', String(number)).slice(0, NAME_MAX);
  }

  get isFull(): boolean {
    return this.interfaces.size >= INTERFACES_MAX;
  }

  add(one: Interface): void {
    this.interfaces.set(one.index, one);
    this.names.set(one.name, one);
    this.changes.linkChanged(one, false);
  }

  /** An interface goes, with what it had. */
  remove(one: Interface): void {
    if (this.interfaces.get(one.index) !== one) return;
    for (const upper of [...one.uppers]) upper.namespace.remove(upper);
    one.part();
    this.takeOut(one);
    one.close();
  }

  /** It goes to another namespace, as `name` there: 0, or a negated errno. */
  move(one: Interface, to: NetNamespace, name = one.name): number {
    if (to === this) return 0;
    if (!one.movable) return -EINVAL;
    if (to.interfaceNamed(name)) return -EEXIST;
    if (to.isFull) return -ENOBUFS;
    this.takeOut(one);
    one.namespace = to;
    one.settings.takeOver(to.settings.default);
    one.name = name;
    if (to.interfaces.has(one.index)) one.index = to.newIndex();
    to.add(one);
    return 0;
  }

  private takeOut(one: Interface): void {
    this.addressing.setUp(one, false);
    this.addressing.clear(one);
    this.packets.parted(one);
    one.leave();
    // its queue stays behind: Linux net/core/dev.c dev_shutdown
    one.traffic.setRoot(undefined);
    this.interfaces.delete(one.index);
    this.names.delete(one.name);
    this.changes.linkChanged(one, true);
  }

  /** The number of another namespace here; it gets one if need be. */
  numberOf(other: NetNamespace): number {
    let number = this.numbers.get(other);
    if (number !== undefined) return number;
    const taken = new Set(this.numbers.values());
    number = 0;
    while (taken.has(number)) number++;
    this.numbers.set(other, number);
    this.changes.numberChanged(other, number, false);
    return number;
  }

  override free(): void {
    const first = this.kernel.netNamespace;
    this.filter.clear();
    // what was made goes; cards go back
    for (const one of [...this.interfaces.values()])
      if (one.kind !== undefined || one === this.loopback || this === first) this.remove(one);
      else this.move(one, first, first.interfaceNamed(one.name) ? first.newName('dev%d') : one.name);
    this.kernel.netNamespaces.delete(this);
    for (const other of this.kernel.netNamespaces) {
      const number = other.numbers.get(this);
      if (number === undefined) continue;
      other.numbers.delete(this);
      other.changes.numberChanged(this, number, true);
    }
  }

  interfaceNamed(name: string): Interface | undefined {
    return this.names.get(name);
  }

  /** Nobody has the name yet. */
  rename(one: Interface, name: string): void {
    this.names.delete(one.name);
    one.name = name;
    this.names.set(name, one);
  }

  /** Is it an address that packets to us may have? */
  isOwn(address: Address): boolean {
    const route = this.routes.lookup(address);
    return typeof route !== 'number' && route.table === RT_TABLE_LOCAL && route.type === RTN_LOCAL;
  }

  /** Is it everybody's address on the link of `by`? */
  isBroadcast(address: Address, by: Interface): boolean {
    if (address === BROADCAST_4) return true;
    const route = this.routes.lookup(address);
    return typeof route !== 'number' && route.type === RTN_BROADCAST && route.interface === by;
  }

  /** May a socket be bound to it? */
  isBindable(address: Address): boolean {
    if (isMulticast(address) || this.isOwn(address)) return true;
    return [...this.interfaces.values()].some((one) => this.isBroadcast(address, one));
  }

  /** The first interface that everybody's address is good for. */
  broadcastInterface(): Interface | undefined {
    const route = this.routes.lookup(0x08080808);
    if (typeof route !== 'number' && route.interface) return route.interface;
    for (const one of this.interfaces.values()) if (one.up && one !== this.loopback) return one;
    return undefined;
  }

  /** Some address of ours to speak to `destination` from. */
  anySource(destination: Address): Address | undefined {
    for (const one of this.interfaces.values()) {
      if (!one.up || (one === this.loopback && this.interfaces.size > 1 && !inNetwork(destination, 0x7f000000, 8)))
        continue;
      const source = one.sourceFor(destination);
      if (source !== undefined) return source;
    }
    return undefined;
  }
}

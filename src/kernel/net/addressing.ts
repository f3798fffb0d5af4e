// Addresses come to interfaces and go, and with them the routes that they bring. Linux net/ipv4/devinet.c, fib_frontend.c, net/ipv6/addrconf.c.
import { type Address, bitsOf } from '../../net/address.js';
import { EACCES, EADDRNOTAVAIL, EEXIST, ENOBUFS } from '../abi/errno.js';
import { IFF_LOOPBACK, IFF_UP } from '../abi/inet.js';
import {
  IFA_F_NOPREFIXROUTE,
  IFA_F_PERMANENT,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_UNICAST,
  RTPROT_KERNEL,
} from '../abi/rtnetlink.js';
import type { NetNamespace } from '../ns/net-namespace.js';
import { isLinkLocal, isLoopback, networkOf } from './inet/endpoint.js';
import type { Interface, InterfaceAddress } from './interface.js';
import type { Route } from './routes.js';

/** Addresses that one interface may have. */
const ADDRESSES_MAX = 4096;
/** Metrics of routes that come of themselves. */
const METRIC_6 = 256;
const LIFE_FOREVER = 0xffffffff;
const MULTICAST_6 = 0xffn << 120n;

export class Addressing {
  constructor(private readonly namespace: NetNamespace) {}

  /** An address that stays, with what follows from it. */
  plain(address: Address, bits: number, more: Partial<InterfaceAddress> = {}): InterfaceAddress {
    return {
      address,
      bits,
      peer: address,
      scope: scopeOf(address),
      label: '',
      flags: IFA_F_PERMANENT,
      protocol: 0,
      valid: LIFE_FOREVER,
      preferred: LIFE_FOREVER,
      metric: 0,
      created: Math.floor(this.namespace.now() / 1e6),
      ...more,
    };
  }

  add(to: Interface, address: InterfaceAddress): number {
    const there = to.addresses.some(
      (own) => own.address === address.address && (typeof own.address === 'bigint' || own.bits === address.bits),
    );
    if (there) return -EEXIST;
    if (typeof address.address === 'bigint' && to.settings.disabled6) return -EACCES;
    if (to.addresses.length >= ADDRESSES_MAX) return -ENOBUFS;
    // those of IPv6 from the widest scope on, as they are listed
    const narrower = (own: InterfaceAddress): boolean => typeof own.address === 'bigint' && own.scope > address.scope;
    const at = typeof address.address === 'bigint' ? to.addresses.findIndex(narrower) : -1;
    to.addresses.splice(at < 0 ? to.addresses.length : at, 0, address);
    for (const route of this.routesOf(to, address)) this.namespace.routes.add(route);
    to.changed();
    this.namespace.changes.addressChanged(to, address, false);
    return 0;
  }

  remove(from: Interface, address: Address, bits: number | undefined): number {
    const at = from.addresses.findIndex((own) => own.address === address && (bits === undefined || own.bits === bits));
    if (at < 0) return -EADDRNOTAVAIL;
    const [gone] = from.addresses.splice(at, 1) as [InterfaceAddress];
    const kept = from.addresses.flatMap((own) => this.routesOf(from, own));
    for (const route of this.routesOf(from, gone)) {
      const needed = kept.some((other) => other.destination === route.destination && other.bits === route.bits);
      if (!needed) this.namespace.routes.remove({ ...route, source: undefined, flags: undefined });
    }
    // a way that speaks from it leads nowhere
    this.namespace.routes.drop((route) => route.source === address && route.interface === from);
    from.changed();
    this.namespace.changes.addressChanged(from, gone, true);
    return 0;
  }

  /** The interface goes up or down: what goes by it comes back, or goes. */
  setUp(one: Interface, up: boolean): void {
    if (one.up === up) return;
    one.configured = up ? one.configured | IFF_UP : one.configured & ~IFF_UP;
    const { routes } = this.namespace;
    if (up) {
      for (const address of one.addresses) for (const route of this.routesOf(one, address)) routes.add(route);
      if ((one.configured & IFF_LOOPBACK) === 0) routes.add(this.multicast(one));
      one.wentUp();
    } else {
      routes.drop((route) => route.interface === one);
      one.traffic.reset();
      // addresses of IPv6 go with it, those of IPv4 stay
      for (const { address } of [...one.addresses])
        if (typeof address === 'bigint' && !isLoopback(address)) this.remove(one, address, undefined);
    }
    one.changed();
    this.namespace.changes.linkChanged(one, false);
    one.upChanged();
  }

  /** net.ipv6.conf.X.disable_ipv6: IPv6 goes from an interface, or comes back. */
  setIpv6(one: Interface, on: boolean): void {
    if (one.settings.disabled6 === !on) return;
    one.settings.disabled6 = !on;
    if (!on) {
      for (const { address } of [...one.addresses])
        if (typeof address === 'bigint') this.remove(one, address, undefined);
    } else if (one.up) {
      one.wentUp();
      one.changed();
    }
  }

  /** All that an interface has brought. */
  clear(one: Interface): void {
    for (const { address, bits } of [...one.addresses]) this.remove(one, address, bits);
    this.namespace.routes.drop((route) => route.interface === one);
  }

  private multicast(by: Interface): Route {
    return {
      ...{ destination: MULTICAST_6, bits: 8, interface: by, metric: METRIC_6, table: RT_TABLE_LOCAL },
      ...{ protocol: RTPROT_KERNEL, scope: RT_SCOPE_UNIVERSE, type: RTN_MULTICAST, flags: 0 },
    };
  }

  private routesOf(by: Interface, own: InterfaceAddress): Route[] {
    if (!by.up) return [];
    const { address, bits, peer } = own;
    const loopback = isLoopback(address);
    const whole = bitsOf(address);
    if (typeof address === 'bigint') {
      const host = { interface: by, metric: 0, table: RT_TABLE_LOCAL, protocol: RTPROT_KERNEL, flags: 0 };
      const local: Route = { destination: address, bits: whole, scope: RT_SCOPE_UNIVERSE, type: RTN_LOCAL, ...host };
      if (bits === whole && loopback)
        return [local, { ...local, table: RT_TABLE_MAIN, metric: METRIC_6, type: RTN_UNICAST }];
      if ((own.flags & IFA_F_NOPREFIXROUTE) !== 0) return [local];
      const network = networkOf(address, bits);
      return [
        local,
        {
          ...local,
          destination: network,
          bits,
          table: RT_TABLE_MAIN,
          metric: own.metric || METRIC_6,
          type: RTN_UNICAST,
        },
      ];
    }
    const common = { interface: by, source: address, metric: 0, protocol: RTPROT_KERNEL, flags: 0 };
    const inLocal = { ...common, table: RT_TABLE_LOCAL };
    const routes: Route[] = [{ ...inLocal, destination: address, bits: 32, scope: RT_SCOPE_HOST, type: RTN_LOCAL }];
    const network = networkOf(peer, bits) as number;
    if ((by.configured & IFF_LOOPBACK) !== 0) {
      // all of its networks are here
      if (bits < 32) routes.push({ ...inLocal, destination: network, bits, scope: RT_SCOPE_HOST, type: RTN_LOCAL });
      if (bits < 31) routes.push(this.broadcast(inLocal, network, bits));
      return routes;
    }
    if ((own.flags & IFA_F_NOPREFIXROUTE) === 0 && (bits < 32 || peer !== address))
      routes.push({
        ...{ ...common, metric: own.metric, table: RT_TABLE_MAIN, destination: network, bits },
        ...{ scope: RT_SCOPE_LINK, type: RTN_UNICAST },
      });
    if (own.broadcast !== undefined) routes.push(this.broadcast(inLocal, own.broadcast, 32));
    if (bits < 31) routes.push(this.broadcast(inLocal, network, bits));
    return routes;
  }

  private broadcast(
    common: Omit<Route, 'destination' | 'bits' | 'scope' | 'type'>,
    network: number,
    bits: number,
  ): Route {
    const last = (network | (bits === 32 ? 0 : 0xffffffff >>> bits)) >>> 0;
    return { ...common, destination: last, bits: 32, scope: RT_SCOPE_LINK, type: RTN_BROADCAST };
  }
}

function scopeOf(address: Address): number {
  if (isLoopback(address)) return RT_SCOPE_HOST;
  return isLinkLocal(address) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

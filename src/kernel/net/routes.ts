// Routes of a namespace, for both families. man 8 ip-route; Linux net/ipv4/fib_trie.c, net/ipv6/route.c.
import { type Address, inNetwork } from '../../net/address.js';
import { EACCES, EEXIST, EHOSTUNREACH, EINVAL, ENETUNREACH, ENOSPC, ESRCH } from '../abi/errno.js';
import { RT_TABLE_LOCAL, RT_TABLE_MAIN, RTN_BLACKHOLE, RTN_PROHIBIT, RTN_UNREACHABLE } from '../abi/rtnetlink.js';
import type { Interface } from './interface.js';

/** Routes that one namespace may have. */
const ROUTES_MAX = 16_384;

export interface Route {
  readonly destination: Address;
  readonly bits: number;
  readonly gateway?: Address;
  readonly interface?: Interface;
  /** Addresses that packets get which have none. */
  readonly source?: Address;
  readonly metric: number;
  readonly table: number;
  /** RTPROT_*: who made it. */
  readonly protocol: number;
  readonly scope: number;
  /** RTN_*. */
  readonly type: number;
  readonly flags: number;
}

/** What the types that lead nowhere answer. */
const REFUSED: Readonly<Record<number, number>> = {
  [RTN_BLACKHOLE]: -EINVAL,
  [RTN_UNREACHABLE]: -EHOSTUNREACH,
  [RTN_PROHIBIT]: -EACCES,
};

const equal = (a: Route, b: Route): boolean =>
  a.destination === b.destination && a.bits === b.bits && a.table === b.table && a.metric === b.metric;

/** A route in a request to delete: what is undefined is not looked at. */
export type RouteMatch = Partial<Route> & Pick<Route, 'destination' | 'bits' | 'table'>;

export class Routes {
  private list: Route[] = [];

  get all(): readonly Route[] {
    return this.list;
  }

  /** `exclusive`: there must be none to the same place. `replace`: one that is there goes. */
  add(route: Route, { exclusive = false, replace = false, create = true } = {}): number {
    const place = this.list.findIndex((other) => equal(other, route));
    const same = this.list.some(
      (other) => equal(other, route) && other.interface === route.interface && other.gateway === route.gateway,
    );
    if (place >= 0 && exclusive) return -EEXIST;
    if (place >= 0 && replace) {
      this.list[place] = route;
      return 0;
    }
    if (place < 0 && !create) return -ESRCH;
    if (same && !replace) return -EEXIST;
    if (this.list.length >= ROUTES_MAX) return -ENOSPC;
    // long prefixes first, low metrics first, the older first
    const rank = (one: Route): number => one.bits * 2 ** 32 - one.metric;
    const at = this.list.findIndex((other) => rank(other) < rank(route));
    this.list.splice(at < 0 ? this.list.length : at, 0, route);
    return 0;
  }

  /** The first that is as `match` says; -ESRCH: there is none. */
  remove(match: RouteMatch): Route | number {
    const at = this.list.findIndex((route) =>
      (Object.keys(match) as (keyof Route)[]).every((key) => match[key] === undefined || match[key] === route[key]),
    );
    if (at < 0) return -ESRCH;
    return this.list.splice(at, 1)[0]!;
  }

  /** All that go by an interface, or for which `also` is true, go. */
  drop(wanted: (route: Route) => boolean): Route[] {
    const gone = this.list.filter(wanted);
    if (gone.length > 0) this.list = this.list.filter((route) => !wanted(route));
    return gone;
  }

  /** The way to `destination`, by interface `by` if it is not 0: a route, or a negated errno. */
  lookup(destination: Address, by = 0): Route | number {
    const local = this.find(destination, by, RT_TABLE_LOCAL);
    const found = local ?? this.find(destination, by, RT_TABLE_MAIN);
    if (!found) return -ENETUNREACH;
    return REFUSED[found.type] ?? found;
  }

  private find(destination: Address, by: number, table: number): Route | undefined {
    for (const route of this.list) {
      if (route.table !== table || !inNetwork(destination, route.destination, route.bits)) continue;
      if (route.interface && !route.interface.up) continue;
      // what is ours is ours by whatever interface
      if (by !== 0 && table !== RT_TABLE_LOCAL && route.interface && route.interface.index !== by) continue;
      return route;
    }
    return undefined;
  }
}

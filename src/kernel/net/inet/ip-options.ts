// Options of IP and IPv6 that are numbers: what they are at the start, what may be set. man 7 ip, ipv6; Linux net/ipv4/ip_sockglue.c, net/ipv6/ipv6_sockglue.c.
import {
  IP_BIND_ADDRESS_NO_PORT,
  IP_FREEBIND,
  IP_HDRINCL,
  IP_MINTTL,
  IP_MTU_DISCOVER,
  IP_MULTICAST_ALL,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_PKTINFO,
  IP_RECVERR,
  IP_RECVOPTS,
  IP_RECVTOS,
  IP_RECVTTL,
  IP_RETOPTS,
  IP_TOS,
  IP_TRANSPARENT,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_AUTOFLOWLABEL,
  IPV6_FREEBIND,
  IPV6_MTU_DISCOVER,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_LOOP,
  IPV6_RECVERR,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  IPV6_RECVTCLASS,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
} from '../../abi/inet.js';

export interface OptionRule {
  readonly initial: number;
  /** What may be given; with `flag` anything may, and it is 0 or 1. */
  readonly least: number;
  readonly most: number;
  readonly flag?: boolean;
  /** What -1 stands for. */
  readonly standard?: number;
}

const flag = (initial = 0): OptionRule => ({ initial, least: -(2 ** 31), most: 2 ** 31, flag: true });
const range = (initial: number, least: number, most: number, standard?: number): OptionRule => ({
  initial,
  least,
  most,
  standard,
});

export const TTL_DEFAULT = 64;

export const IP_RULES: ReadonlyMap<number, OptionRule> = new Map([
  [IP_TOS, range(0, -(2 ** 31), 2 ** 31)],
  [IP_TTL, range(TTL_DEFAULT, 1, 255, TTL_DEFAULT)],
  [IP_HDRINCL, flag()],
  [IP_RECVOPTS, flag()],
  [IP_RETOPTS, flag()],
  [IP_PKTINFO, flag()],
  [IP_MTU_DISCOVER, range(1, 0, 5)],
  [IP_RECVERR, flag()],
  [IP_RECVTTL, flag()],
  [IP_RECVTOS, flag()],
  [IP_FREEBIND, flag()],
  [IP_TRANSPARENT, flag()],
  [IP_MINTTL, range(0, 0, 255)],
  [IP_BIND_ADDRESS_NO_PORT, flag()],
  [IP_MULTICAST_TTL, range(1, 0, 255, 1)],
  [IP_MULTICAST_LOOP, flag(1)],
  [IP_MULTICAST_ALL, flag(1)],
]);

export const IPV6_RULES: ReadonlyMap<number, OptionRule> = new Map([
  [IPV6_UNICAST_HOPS, range(TTL_DEFAULT, 0, 255, TTL_DEFAULT)],
  [IPV6_MULTICAST_IF, range(0, 0, 2 ** 31 - 1)],
  [IPV6_MULTICAST_HOPS, range(1, 0, 255, 1)],
  [IPV6_MULTICAST_LOOP, range(1, 0, 1)],
  [IPV6_MTU_DISCOVER, range(1, 0, 5)],
  [IPV6_RECVERR, flag()],
  [IPV6_V6ONLY, flag()],
  [IPV6_RECVPKTINFO, flag()],
  [IPV6_RECVHOPLIMIT, flag()],
  [IPV6_RECVTCLASS, flag()],
  [IPV6_TCLASS, range(0, 0, 255, 0)],
  [IPV6_FREEBIND, flag()],
  [IPV6_AUTOFLOWLABEL, flag(1)],
]);

/** Options of one socket that were set, at the two levels. */
export class IpOptions {
  private readonly four = new Map<number, number>();
  private readonly six = new Map<number, number>();

  /** Undefined: there is no such number. */
  get(level: number, name: number): number | undefined {
    const rules = level === IPPROTO_IP ? IP_RULES : IPV6_RULES;
    const set = level === IPPROTO_IP ? this.four : this.six;
    return set.get(name) ?? rules.get(name)?.initial;
  }

  ip(name: number): number {
    return this.get(IPPROTO_IP, name) ?? 0;
  }
  ip6(name: number): number {
    return this.get(IPPROTO_IPV6, name) ?? 0;
  }

  /** False: not such a value; undefined: there is no such number. */
  set(level: number, name: number, value: number): boolean | undefined {
    const rule = (level === IPPROTO_IP ? IP_RULES : IPV6_RULES).get(name);
    if (!rule) return undefined;
    let given = rule.flag ? (value === 0 ? 0 : 1) : value;
    if (rule.standard !== undefined && value === -1) given = rule.standard;
    else if (value < rule.least || value > rule.most) return false;
    if (level === IPPROTO_IP && name === IP_TOS) given &= 0xff;
    (level === IPPROTO_IP ? this.four : this.six).set(name, given);
    return true;
  }

  /** Those of `other`: a connection has what its listener had. */
  copy(other: IpOptions): void {
    for (const [name, value] of other.four) this.four.set(name, value);
    for (const [name, value] of other.six) this.six.set(name, value);
  }
}

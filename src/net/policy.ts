// Where a guest may go: everywhere that is public, and where it was allowed.
// Source: RFC 6890 and IANA's registries of special-purpose addresses for what is not public.
import { InputError } from '../base/errors.js';
import { type Address, bitsOf, inNetwork, type Network, parseAddress, parseIpv4, parseIpv6 } from './address.js';

/** Networks that the Internet does not route. */
const NOT_PUBLIC: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/**
 * What of IPv6 is public: global unicast, and none of it that holds an IPv4 address which somebody would unpack (6to4, Teredo). Loopback,
 * unique and site-local, link-local and multicast addresses, NAT64 and the mapped addresses of IPv4 lie outside.
 */
const PUBLIC_6: readonly [string, number] = ['2000::', 3];
const NOT_PUBLIC_6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];
/** IPv4 in IPv6's clothes: no packet goes to it, and the host's sockets would take it for what it holds. */
const MAPPED: readonly [string, number] = ['::ffff:0:0', 96];
/** A network of the host's whose every address is as near as the host. */
const OWN_BITS = { v4: 32, v6: 64 };

const listed = ([text, bits]: readonly [string, number]): Network => ({
  network: parseAddress(text) as Address,
  bits,
});
const contains = ({ network, bits }: Network, address: Address): boolean => inNetwork(address, network, bits);
const GLOBAL = listed(PUBLIC_6);
const MAPPED_IPV4 = listed(MAPPED);
const SPECIAL = [...NOT_PUBLIC, ...NOT_PUBLIC_6].map(listed);

/** A network that may be reached, at one port or at all. */
export interface Allowed extends Network {
  port?: number;
}

/** `ADDRESS[/BITS][:PORT]`, an IPv6 address in brackets. `label` names the option in messages. Throws InputError. */
export function parseAllowed(text: string, label = '--net allow='): Allowed {
  const match = /^(?:([\d.]+)|\[([\da-f:.]+)\])(?:\/(\d{1,3}))?(?::(\d{1,5}))?$/i.exec(text);
  const network = match?.[1] ? parseIpv4(match[1]) : match?.[2] ? parseIpv6(match[2]) : undefined;
  const bits = Number(match?.[3] ?? bitsOf(network ?? 0));
  const port = match?.[4] === undefined ? undefined : Number(match[4]);
  const wrongPort = port !== undefined && (port < 1 || port > 65535);
  if (network === undefined || bits > bitsOf(network) || wrongPort) {
    throw new InputError(
      `${label}${text}: not an address`,
      'Write it as 127.0.0.1:8000 or 192.168.0.0/16, with IPv6 as [::1]:8000 or [fd12::]/64.',
    );
  }
  if (contains(MAPPED_IPV4, network)) {
    throw new InputError(`${label}${text}: an IPv4 address within IPv6`, 'Write the IPv4 address itself.');
  }
  return { network, bits, port };
}

/** Whether an address is one that the IPv6 Internet routes. */
export function isGlobal6(address: Address): boolean {
  return contains(GLOBAL, address) && !SPECIAL.some((network) => contains(network, address));
}

export class Policy {
  /** `own`: addresses of the host. */
  constructor(
    private readonly allowed: readonly Allowed[],
    private readonly own: () => readonly Address[],
  ) {}

  permits(address: Address, port: number): boolean {
    if (contains(MAPPED_IPV4, address)) return false;
    const named = this.allowed.some((one) => contains(one, address) && (one.port === undefined || one.port === port));
    if (named) return true;
    if (typeof address === 'bigint' && !isGlobal6(address)) return false;
    if (SPECIAL.some((network) => contains(network, address))) return false;
    // the host's own services, and with IPv6 those of its neighbours, are not public only because their addresses are
    const bits = typeof address === 'number' ? OWN_BITS.v4 : OWN_BITS.v6;
    return !this.own().some((network) => contains({ network, bits }, address));
  }
}

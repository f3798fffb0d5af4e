// Addresses of a network: its subnets, which of their addresses are given out, and which are kept back.
// Docker Engine API, definitions IPAM, IPAMConfig; docs, "Networking overview", "Subnet allocation".
import {
  type Address,
  bitsOf,
  formatAddress,
  inNetwork,
  type Network as Range,
  parseAddress,
  parseIpv4,
} from '../net/address.js';
import { InvalidParameter } from './errors.js';
import { Members } from './json-members.js';

export interface Pool extends Range {
  gateway: Address;
  /** Only these are given out by themselves. */
  range?: Range;
  /** Addresses of others, by their names. */
  auxiliary: ReadonlyMap<string, Address>;
}

/** A pool as it is kept. */
export interface PoolRecord {
  subnet: string;
  gateway: string;
  range?: string;
  auxiliary: Record<string, string>;
}

/** The subnets that are given out: 172.17.0.0/16 to 172.31.0.0/16, then /20s of 192.168.0.0/16. */
const PREDEFINED: readonly Range[] = [
  ...Array.from({ length: 15 }, (_, i) => ({ network: parseIpv4(`172.${17 + i}.0.0`)!, bits: 16 })),
  ...Array.from({ length: 16 }, (_, i) => ({ network: parseIpv4(`192.168.${16 * i}.0`)!, bits: 20 })),
];

export const textOf = ({ network, bits }: Range): string => `${formatAddress(network)}/${bits}`;

export const recordOfPool = (pool: Pool): PoolRecord => ({
  ...{ subnet: textOf(pool), gateway: formatAddress(pool.gateway), range: pool.range && textOf(pool.range) },
  auxiliary: Object.fromEntries([...pool.auxiliary].map(([name, address]) => [name, formatAddress(address)])),
});

export const poolFrom = ({ subnet, gateway, range, auxiliary }: PoolRecord): Pool => ({
  ...{ ...parseRange(subnet)!, gateway: parseAddress(gateway)!, ...(range && { range: parseRange(range)! }) },
  auxiliary: new Map(Object.entries(auxiliary).map(([name, address]) => [name, parseAddress(address)!])),
});

const plus = (address: Address, more: number): Address =>
  typeof address === 'number' ? address + more : address + BigInt(more);

function poolOf(range: Range): Pool {
  return { ...range, gateway: plus(range.network, 1), auxiliary: new Map() };
}

/** Of the network that is there from the beginning. */
export const FIRST_POOL = poolOf(PREDEFINED[0]!);

const contains = ({ network, bits }: Range, address: Address): boolean =>
  typeof network === typeof address && inNetwork(address, network, bits);

const overlap = (one: Range, other: Range): boolean =>
  typeof one.network === typeof other.network && inNetwork(one.network, other.network, Math.min(one.bits, other.bits));

/** `text`: as 10.9.0.0/24. Undefined: it is none. */
function parseRange(text: string): Range | undefined {
  const [first = '', bits = ''] = text.split('/');
  const address = parseAddress(first);
  if (address === undefined || !/^\d{1,3}$/.test(bits) || Number(bits) > bitsOf(address)) return undefined;
  return { network: address, bits: Number(bits) };
}

function firstOf({ network, bits }: Range): Address {
  if (typeof network === 'number') return network - (network % 2 ** (32 - bits));
  return (network >> BigInt(128 - bits)) << BigInt(128 - bits);
}

/** A subnet as it is asked for. Throws InvalidParameter. */
function parsePool(item: unknown): Pool {
  const config = new Members(item, 'IPAM.Config');
  const text = config.text('Subnet');
  const subnet = parseRange(text);
  if (!subnet || subnet.bits < 8 || subnet.bits > bitsOf(subnet.network) - 2)
    throw new InvalidParameter(`invalid network config:\ninvalid subnet ${text}: invalid CIDR block notation`);
  if (firstOf(subnet) !== subnet.network)
    throw new InvalidParameter(
      `invalid network config:\ninvalid subnet ${text}: it should be ${formatAddress(firstOf(subnet))}/${subnet.bits}`,
    );
  const within = (name: string, given: string): Address => {
    const address = parseAddress(given.split('/')[0]!);
    if (address === undefined || !contains(subnet, address))
      throw new InvalidParameter(`invalid network config:\ninvalid ${name} ${given}: parent subnet is ${text}`);
    return address;
  };
  const rangeText = config.text('IPRange');
  const range = rangeText ? parseRange(rangeText) : undefined;
  if (rangeText && (!range || range.bits < subnet.bits || !contains(subnet, range.network)))
    throw new InvalidParameter(`invalid network config:\ninvalid ip-range ${rangeText}: parent subnet is ${text}`);
  const auxiliary = Object.entries(config.map('AuxiliaryAddresses'));
  return {
    ...subnet,
    gateway: config.text('Gateway') ? within('gateway', config.text('Gateway')) : plus(subnet.network, 1),
    ...(range && { range: { ...range, network: firstOf(range) } }),
    auxiliary: new Map(auxiliary.map(([name, address]) => [name, within('auxiliary address', address)])),
  };
}

/**
 * The pools of a new network, IPv4's first: as asked, or the next that are free; `taken` are others'. `random`: 64 bits for a unique local
 * address. Throws InvalidParameter.
 */
export function poolsOf(ipam: Members, ipv6: boolean, taken: readonly Range[], random: () => bigint): Pool[] {
  const asked = ipam
    .list('Config')
    .filter((item) => new Members(item, 'IPAM.Config').text('Subnet') !== '')
    .map(parsePool);
  for (const pool of asked)
    if (taken.some((other) => overlap(pool, other)))
      throw new InvalidParameter('invalid pool request: Pool overlaps with other one on this address space');
  const of = (kind: 'number' | 'bigint'): Pool[] => asked.filter(({ network }) => typeof network === kind);
  if (of('number').length > 1 || of('bigint').length > 1)
    throw new InvalidParameter("bridge driver doesn't support more than one subnet of a family");
  const free = (): Pool => {
    const range = PREDEFINED.find((one) => !taken.some((other) => overlap(one, other)));
    if (!range) throw new InvalidParameter('all predefined address pools have been fully subnetted');
    return poolOf(range);
  };
  const first = of('number')[0] ?? free();
  if (!ipv6) return [first];
  return [first, of('bigint')[0] ?? poolOf(localRange(random()))];
}

/** fd00::/8, 40 random bits, a subnet. RFC 4193 section 3. */
const localRange = (random: bigint): Range => ({ network: ((0xfdn << 56n) | (random >> 8n)) << 64n, bits: 64 });

/** Has the pool this address to give, whoever has it? */
export function givable(pool: Pool, address: Address): boolean {
  if (!contains(pool, address) || address === pool.network || address === pool.gateway) return false;
  return address !== lastOf(pool) && ![...pool.auxiliary.values()].includes(address);
}

/** Everybody's; IPv6 has none. */
function lastOf({ network, bits }: Range): Address | undefined {
  return typeof network === 'number' ? network + 2 ** (32 - bits) - 1 : undefined;
}

/** The first address that nobody has; undefined: there is none. */
export function freeAddress(pool: Pool, taken: ReadonlySet<Address>): Address | undefined {
  const range = pool.range ?? pool;
  // as many tries as there are that can be refused
  const tries = Math.min(2 ** Math.min(32, bitsOf(range.network) - range.bits), taken.size + pool.auxiliary.size + 4);
  for (let i = 0; i < tries; i++) {
    const address = plus(range.network, i);
    if (givable(pool, address) && !taken.has(address)) return address;
  }
  return undefined;
}

/** As the API shows it, and takes it. */
export const shownPool = (pool: Pool) => ({
  Subnet: textOf(pool),
  ...(pool.range && { IPRange: textOf(pool.range) }),
  Gateway: formatAddress(pool.gateway),
  ...(pool.auxiliary.size > 0 && {
    AuxiliaryAddresses: Object.fromEntries([...pool.auxiliary].map(([name, one]) => [name, formatAddress(one)])),
  }),
});

// IP addresses of both families: as numbers, as text, in networks.
// Source: RFC 791; RFC 4291 section 2.2 (IPv6 as text), RFC 5952 (the one way to write it).

/** IPv4 is a number below 2^32, IPv6 a bigint below 2^128, so that neither is ever taken for the other. */
export type Address = number | bigint;

export interface Network {
  network: Address;
  bits: number;
}

const GROUPS = 8;

/** Undefined when it is neither. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

export function parseIpv4(text: string): number | undefined {
  // no zeros in front: some take such a number for an octal one
  const parts = text.split('.').map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
  if (parts.length !== 4 || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((value, part) => value * 256 + part, 0);
}

/** With no zone: what it would be good for is another host's. */
export function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [before, after] = halves.map((half, i) => groupsOf(half, i === halves.length - 1));
  if (!before || (halves.length === 2 && !after)) return undefined;
  const missing = GROUPS - before.length - (after?.length ?? 0);
  if (after ? missing < 1 : missing !== 0) return undefined;
  const groups = [...before, ...new Array<number>(missing).fill(0), ...(after ?? [])];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** Groups of four digits; at the end of all, the last two may be written as an IPv4 address. */
function groupsOf(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const embedded = atEnd && i === parts.length - 1 ? parseIpv4(part) : undefined;
    if (embedded !== undefined) groups.push(embedded >>> 16, embedded & 0xffff);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

export function formatAddress(address: Address): string {
  if (typeof address === 'number') return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
  const groups = Array.from({ length: GROUPS }, (_, i) => Number((address >> BigInt(16 * (7 - i))) & 0xffffn));
  const { start, length } = longestZeros(groups);
  const hex = (some: number[]): string => some.map((group) => group.toString(16)).join(':');
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** The first of the longest. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}

/** Bits of an address of this family. */
export const bitsOf = (address: Address): number => (typeof address === 'number' ? 32 : 128);

/** Whether `address` lies in `network`/`bits`; never in one of the other family. */
export function inNetwork(address: Address, network: Address, bits: number): boolean {
  if (typeof address === 'number')
    return typeof network === 'number' && (bits === 0 || (address ^ network) >>> (32 - bits) === 0);
  return typeof network === 'bigint' && (address ^ network) >> BigInt(128 - bits) === 0n;
}

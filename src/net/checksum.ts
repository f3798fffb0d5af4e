// The Internet checksum.
// Source: RFC 1071; the pseudo headers of RFC 9293 section 3.1, RFC 768 and RFC 8200 section 8.1.
import type { Address } from './address.js';

/** Ones' complement sum of big-endian 16-bit words; an odd last byte counts as the high half of one. */
export function sum(bytes: Uint8Array, start = 0, end = bytes.length, initial = 0): number {
  let total = initial;
  let at = start;
  for (; at + 1 < end; at += 2) total += (bytes[at] << 8) | bytes[at + 1];
  if (at < end) total += bytes[at] << 8;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

export function checksum(bytes: Uint8Array, start = 0, end = bytes.length, initial = 0): number {
  return ~sum(bytes, start, end, initial) & 0xffff;
}

/** The sum of the pseudo header that TCP, UDP and ICMPv6 put in front of their own. */
export function pseudoHeader(source: Address, destination: Address, protocol: number, length: number): number {
  return words(source) + words(destination) + protocol + length;
}

function words(address: Address): number {
  if (typeof address === 'number') return (address >>> 16) + (address & 0xffff);
  let total = 0;
  for (let rest = address; rest > 0n; rest >>= 32n) total += words(Number(rest & 0xffffffffn));
  return total;
}

// The Internet checksum.
// Source: RFC 1071; the pseudo header of RFC 9293 section 3.1 and RFC 768.

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

/** The sum of the pseudo header that TCP and UDP put in front of their own. Addresses are u32. */
export function pseudoHeader(source: number, destination: number, protocol: number, length: number): number {
  let total = protocol + length;
  for (const address of [source, destination]) total += (address >>> 16) + (address & 0xffff);
  return total;
}

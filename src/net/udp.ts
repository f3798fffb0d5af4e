// UDP datagrams.
// Source: RFC 768; RFC 8200 section 8.1 (over IPv6 each has a checksum).
import { checksum, pseudoHeader } from './checksum.js';
import type { Address } from './address.js';
import { put16, u16 } from './big-endian.js';
import { type Packet, PROTOCOL } from './packet.js';

const HEADER = 8;

export interface Datagram {
  sourcePort: number;
  destinationPort: number;
  data: Uint8Array;
}

/** Undefined when it is not whole or its checksum is wrong. */
export function parseUdp({ source, destination, payload }: Packet): Datagram | undefined {
  if (payload.length < HEADER) return undefined;
  const length = u16(payload, 4);
  if (length < HEADER || length > payload.length) return undefined;
  const pseudo = pseudoHeader(source, destination, PROTOCOL.UDP, length);
  const unchecked = typeof source === 'number' && u16(payload, 6) === 0;
  if (!unchecked && (u16(payload, 6) === 0 || checksum(payload, 0, length, pseudo) !== 0)) return undefined;
  return {
    sourcePort: u16(payload, 0),
    destinationPort: u16(payload, 2),
    data: payload.subarray(HEADER, length),
  };
}

export function makeUdp(
  source: Address,
  destination: Address,
  { sourcePort, destinationPort, data }: Datagram,
): Uint8Array {
  const bytes = new Uint8Array(HEADER + data.length);
  put16(bytes, 0, sourcePort);
  put16(bytes, 2, destinationPort);
  put16(bytes, 4, bytes.length);
  bytes.set(data, HEADER);
  const value = checksum(bytes, 0, bytes.length, pseudoHeader(source, destination, PROTOCOL.UDP, bytes.length));
  // 0 would mean that there is none
  put16(bytes, 6, value === 0 ? 0xffff : value);
  return bytes;
}

// UDP datagrams.
// Source: RFC 768.
import { checksum, pseudoHeader } from './checksum.js';
import { type Ipv4Packet, PROTOCOL, put16, u16 } from './ipv4.js';

const HEADER = 8;

export interface Datagram {
  sourcePort: number;
  destinationPort: number;
  data: Uint8Array;
}

/** Undefined when it is not whole or its checksum is wrong. */
export function parseUdp({ source, destination, payload }: Ipv4Packet): Datagram | undefined {
  if (payload.length < HEADER) return undefined;
  const length = u16(payload, 4);
  if (length < HEADER || length > payload.length) return undefined;
  const pseudo = pseudoHeader(source, destination, PROTOCOL.UDP, length);
  if (u16(payload, 6) !== 0 && checksum(payload, 0, length, pseudo) !== 0) return undefined;
  return {
    sourcePort: u16(payload, 0),
    destinationPort: u16(payload, 2),
    data: payload.subarray(HEADER, length),
  };
}

export function makeUdp(
  source: number,
  destination: number,
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

// IPv4: the header, fragments of packets that are too long for a frame.
// Source: RFC 791; RFC 815 is what reassembly could grow into.
import { put16, put32, u16, u32 } from '../big-endian.js';
import { checksum } from '../checksum.js';
import { ETHERNET_HEADER, MTU } from '../ethernet.js';
import type { Fragment } from '../reassembly.js';

export const IPV4_HEADER = 20;
const MORE_FRAGMENTS = 0x2000;
const DONT_FRAGMENT = 0x4000;
const OFFSET_MASK = 0x1fff;
const TIME_TO_LIVE = 64;

/** Addresses are u32. */
export interface Ipv4Packet extends Fragment {
  source: number;
  destination: number;
  timeToLive: number;
  /** The header as it came, for ICMP's errors. */
  header: Uint8Array;
}

/** The packet in an Ethernet frame; undefined when it is not a whole and sound one. */
export function parseIpv4(frame: Uint8Array): Ipv4Packet | undefined {
  const packet = frame.subarray(ETHERNET_HEADER);
  if (packet.length < IPV4_HEADER || packet[0] >> 4 !== 4) return undefined;
  const headerLength = (packet[0] & 15) * 4;
  const length = u16(packet, 2);
  if (headerLength < IPV4_HEADER || length < headerLength || length > packet.length) return undefined;
  if (checksum(packet, 0, headerLength) !== 0) return undefined;
  return {
    source: u32(packet, 12),
    destination: u32(packet, 16),
    protocol: packet[9],
    timeToLive: packet[8],
    identification: u16(packet, 4),
    fragmentOffset: (u16(packet, 6) & OFFSET_MASK) * 8,
    more: (u16(packet, 6) & MORE_FRAGMENTS) !== 0,
    payload: packet.subarray(headerLength, length),
    header: packet.subarray(0, headerLength),
  };
}

export interface Ipv4Header {
  source: number;
  destination: number;
  protocol: number;
  identification: number;
  timeToLive?: number;
  /** Type of service. */
  service?: number;
  dontFragment?: boolean;
}

/** Writes the header of a packet with `length` bytes of payload at `at`. */
export function writeIpv4(bytes: Uint8Array, at: number, header: Ipv4Header, length: number, fragment = 0): void {
  bytes[at] = 0x45;
  bytes[at + 1] = header.service ?? 0;
  put16(bytes, at + 2, IPV4_HEADER + length);
  put16(bytes, at + 4, header.identification);
  put16(bytes, at + 6, header.dontFragment ? fragment | DONT_FRAGMENT : fragment);
  bytes[at + 8] = header.timeToLive ?? TIME_TO_LIVE;
  bytes[at + 9] = header.protocol;
  put16(bytes, at + 10, 0);
  put32(bytes, at + 12, header.source);
  put32(bytes, at + 16, header.destination);
  put16(bytes, at + 10, checksum(bytes, at, at + IPV4_HEADER));
}

/** The pieces that a payload is sent in: each with the value of its fragment field. */
export function fragments(payload: Uint8Array, mtu = MTU): { bytes: Uint8Array; field: number }[] {
  const most = (mtu - IPV4_HEADER) & ~7;
  if (payload.length <= mtu - IPV4_HEADER) return [{ bytes: payload, field: 0 }];
  const pieces: { bytes: Uint8Array; field: number }[] = [];
  for (let at = 0; at < payload.length; at += most) {
    const bytes = payload.subarray(at, at + most);
    pieces.push({ bytes, field: (at >> 3) | (at + bytes.length < payload.length ? MORE_FRAGMENTS : 0) });
  }
  return pieces;
}

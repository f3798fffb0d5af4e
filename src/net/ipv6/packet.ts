// IPv6: the header, extension headers, fragments of packets that are too long for a frame.
// Source: RFC 8200 sections 3, 4; RFC 5095 (no routing header that routes), RFC 6946 (atomic fragments).
import { put16, put32, put128, u16, u32, u128 } from '../big-endian.js';
import { ETHERNET_HEADER, MTU } from '../ethernet.js';
import type { Fragment } from '../reassembly.js';

export const IPV6_HEADER = 40;
const FRAGMENT_HEADER = 8;
const NEXT = { HOP_BY_HOP: 0, ROUTING: 43, FRAGMENT: 44, DESTINATION_OPTIONS: 60 };
const OFFSET_MASK = 0xfff8;
const MORE_FRAGMENTS = 1;
const HOP_LIMIT = 64;
/** Extension headers of one packet; each of RFC 8200 comes once, and destination options twice. */
const EXTENSIONS_MAX = 8;
/** An option of another kind than this is not skipped by those who do not know it. */
const SKIPPABLE = 0;
const PAD_1 = 0;

export interface Ipv6Packet extends Fragment {
  source: bigint;
  destination: bigint;
  hopLimit: number;
  /** Header and extension headers as they came, for ICMPv6's errors. */
  header: Uint8Array;
}

/** The packet in an Ethernet frame; undefined when it is not a whole and sound one, or asks for what nobody here does. */
export function parseIpv6(frame: Uint8Array): Ipv6Packet | undefined {
  const packet = frame.subarray(ETHERNET_HEADER);
  if (packet.length < IPV6_HEADER || packet[0] >> 4 !== 6) return undefined;
  const end = IPV6_HEADER + u16(packet, 4);
  if (end > packet.length) return undefined;
  const extensions = skipExtensions(packet[6], packet.subarray(0, end), IPV6_HEADER);
  if (!extensions) return undefined;
  const { protocol, at, fragment } = extensions;
  return {
    source: u128(packet, 8),
    destination: u128(packet, 24),
    protocol,
    hopLimit: packet[7],
    identification: fragment?.identification ?? 0,
    fragmentOffset: fragment?.offset ?? 0,
    more: fragment?.more ?? false,
    payload: packet.subarray(at, end),
    header: packet.subarray(0, at),
  };
}

/** What a packet that was put together of fragments holds behind its extension headers; undefined as of parseIpv6. */
export function unwrap(whole: Ipv6Packet): Ipv6Packet | undefined {
  const extensions = skipExtensions(whole.protocol, whole.payload, 0);
  if (extensions?.at === 0 && !extensions.fragment) return whole;
  if (!extensions || extensions.fragment) return undefined;
  return { ...whole, protocol: extensions.protocol, payload: whole.payload.subarray(extensions.at) };
}

interface Extensions {
  protocol: number;
  /** Where the payload begins. */
  at: number;
  fragment?: { identification: number; offset: number; more: boolean };
}

/** Goes over the extension headers that begin at `at`, up to what the protocol is or the packet is a fragment of. */
function skipExtensions(first: number, bytes: Uint8Array, start: number): Extensions | undefined {
  let next = first;
  let at = start;
  for (let count = 0; count < EXTENSIONS_MAX; count++) {
    if (next === NEXT.FRAGMENT) {
      if (at + FRAGMENT_HEADER > bytes.length) return undefined;
      const field = u16(bytes, at + 2);
      const fragment = {
        identification: u32(bytes, at + 4),
        offset: field & OFFSET_MASK,
        more: (field & MORE_FRAGMENTS) !== 0,
      };
      return { protocol: bytes[at], at: at + FRAGMENT_HEADER, fragment };
    }
    if (next !== NEXT.HOP_BY_HOP && next !== NEXT.ROUTING && next !== NEXT.DESTINATION_OPTIONS)
      return { protocol: next, at };
    const size = (bytes[at + 1] + 1) * 8;
    // beyond the end the size is no number
    if (!(at + size <= bytes.length)) return undefined;
    const body = bytes.subarray(at + 2, at + size);
    if (next === NEXT.ROUTING ? body[1] !== 0 : !canSkip(body)) return undefined;
    next = bytes[at];
    at += size;
  }
  return undefined;
}

/** Section 4.2: whether all options may be passed over. */
function canSkip(options: Uint8Array): boolean {
  for (let at = 0; at < options.length; ) {
    if (options[at] >> 6 !== SKIPPABLE) return false;
    at += options[at] === PAD_1 ? 1 : 2 + (options[at + 1] ?? 0);
  }
  return true;
}

export interface Ipv6Header {
  source: bigint;
  destination: bigint;
  protocol: number;
  hopLimit?: number;
  /** Traffic class. */
  service?: number;
}

/** The packets that a payload is sent in: one, or fragments with `identification`. */
export function makeIpv6(header: Ipv6Header, payload: Uint8Array, identification: number, mtu = MTU): Uint8Array[] {
  if (payload.length <= mtu - IPV6_HEADER) return [wholeIpv6(header, payload)];
  const most = (mtu - IPV6_HEADER - FRAGMENT_HEADER) & ~7;
  const packets: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += most) {
    const piece = payload.subarray(at, at + most);
    const bytes = new Uint8Array(FRAGMENT_HEADER + piece.length);
    bytes[0] = header.protocol;
    put16(bytes, 2, at | (at + piece.length < payload.length ? MORE_FRAGMENTS : 0));
    put32(bytes, 4, identification);
    bytes.set(piece, FRAGMENT_HEADER);
    packets.push(onePacket(header, NEXT.FRAGMENT, bytes));
  }
  return packets;
}

/** In one piece, whatever its length. */
export const wholeIpv6 = (header: Ipv6Header, payload: Uint8Array): Uint8Array =>
  onePacket(header, header.protocol, payload);

function onePacket(
  { source, destination, hopLimit = HOP_LIMIT, service = 0 }: Ipv6Header,
  next: number,
  payload: Uint8Array,
): Uint8Array {
  const packet = new Uint8Array(IPV6_HEADER + payload.length);
  packet[0] = 0x60 | (service >> 4);
  packet[1] = (service & 15) << 4;
  put16(packet, 4, payload.length);
  packet[6] = next;
  packet[7] = hopLimit;
  put128(packet, 8, source);
  put128(packet, 24, destination);
  packet.set(payload, IPV6_HEADER);
  return packet;
}

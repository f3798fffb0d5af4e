// ICMPv6: its checksum, echo, and the error that says that a destination cannot be reached.
// Source: RFC 4443.
import { put16 } from '../big-endian.js';
import { checksum, pseudoHeader } from '../checksum.js';
import { PROTOCOL } from '../packet.js';
import { IPV6_HEADER, type Ipv6Packet } from './packet.js';

export const ICMPV6 = { UNREACHABLE: 1, ECHO: 128, ECHO_REPLY: 129 } as const;
export const ADMINISTRATIVELY_PROHIBITED = 1;
const HEADER = 8;
/** An error is no longer than the smallest packet that every link takes. */
const ERROR_MAX = 1280 - IPV6_HEADER;
const FIRST_INFORMATIONAL = 128;

/** Whether the message is whole and its checksum right. */
export function isSound({
  source,
  destination,
  payload,
}: Pick<Ipv6Packet, 'source' | 'destination' | 'payload'>): boolean {
  const pseudo = pseudoHeader(source, destination, PROTOCOL.ICMPV6, payload.length);
  return payload.length >= 4 && checksum(payload, 0, payload.length, pseudo) === 0;
}

/** Puts the checksum into a message that goes from `source` to `destination`. */
export function seal(source: bigint, destination: bigint, message: Uint8Array): Uint8Array {
  put16(message, 2, 0);
  const pseudo = pseudoHeader(source, destination, PROTOCOL.ICMPV6, message.length);
  put16(message, 2, checksum(message, 0, message.length, pseudo));
  return message;
}

/** The answer to an echo request; undefined for anything else. */
export function echoReply(packet: Ipv6Packet): Uint8Array | undefined {
  const { source, destination, payload } = packet;
  if (payload.length < HEADER || payload[0] !== ICMPV6.ECHO || payload[1] !== 0 || !isSound(packet)) return undefined;
  const reply = payload.slice();
  reply[0] = ICMPV6.ECHO_REPLY;
  return seal(destination, source, reply);
}

/** The error about `packet`, from `source`; undefined when no error may be sent about it (section 2.4). */
export function unreachable(packet: Ipv6Packet, code: number, source: bigint): Uint8Array | undefined {
  const aboutError = packet.protocol === PROTOCOL.ICMPV6 && !(packet.payload[0] >= FIRST_INFORMATIONAL);
  if (aboutError || isMulticast(packet.destination)) return undefined;
  const quoted = [...packet.header, ...packet.payload.subarray(0, ERROR_MAX)].slice(0, ERROR_MAX - HEADER);
  const message = new Uint8Array(HEADER + quoted.length);
  message[0] = ICMPV6.UNREACHABLE;
  message[1] = code;
  message.set(quoted, HEADER);
  return seal(source, packet.source, message);
}

export function isMulticast(address: bigint): boolean {
  return address >> 120n === 0xffn;
}

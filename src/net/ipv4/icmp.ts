// ICMP: echo, and the error that says that a destination cannot be reached.
// Source: RFC 792; RFC 1812 section 4.3.2.
import { checksum } from '../checksum.js';
import { put16 } from '../big-endian.js';
import { PROTOCOL } from '../packet.js';
import { IPV4_HEADER, type Ipv4Packet } from './packet.js';

const ECHO_REPLY = 0;
const UNREACHABLE = 3;
const ECHO = 8;
const HEADER = 8;
/** Bytes of the packet that an error quotes behind its header. */
const QUOTED = 8;
export const UNREACHABLE_CODE = { HOST: 1, PORT: 3, PROHIBITED: 13 } as const;

/** The answer to an echo request; undefined for anything else. */
export function echoReply({ payload }: Ipv4Packet): Uint8Array | undefined {
  if (payload.length < HEADER || payload[0] !== ECHO || payload[1] !== 0 || checksum(payload) !== 0) return undefined;
  const reply = payload.slice();
  reply[0] = ECHO_REPLY;
  put16(reply, 2, 0);
  put16(reply, 2, checksum(reply));
  return reply;
}

/** The error about `packet`; undefined when no error may be sent about it. */
export function unreachable(packet: Ipv4Packet, code: number): Uint8Array | undefined {
  const about = packet.payload[0];
  if (packet.protocol === PROTOCOL.ICMP && about !== ECHO) return undefined;
  const quote = packet.payload.subarray(0, QUOTED);
  const message = new Uint8Array(HEADER + packet.header.length + quote.length);
  message[0] = UNREACHABLE;
  message[1] = code;
  message.set(packet.header, HEADER);
  message.set(quote, HEADER + Math.max(IPV4_HEADER, packet.header.length));
  put16(message, 2, checksum(message));
  return message;
}

// TCP segments: reading and writing them, sequence numbers.
// Source: RFC 9293 section 3.1 (header), 3.4 (sequence numbers); RFC 7323 section 2 (window scale).
import { checksum, pseudoHeader } from '../checksum.js';
import type { Address } from '../address.js';
import { put16, put32, u16, u32 } from '../big-endian.js';
import { type Packet, PROTOCOL } from '../packet.js';

export const FLAG = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 } as const;
export const TCP_HEADER = 20;
const OPTION = { END: 0, NOP: 1, MSS: 2, SCALE: 3 };
const SCALE_MAX = 14;

export interface Segment {
  sourcePort: number;
  destinationPort: number;
  /** u32. */
  sequence: number;
  acknowledgment: number;
  flags: number;
  /** As it stands in the header, not scaled. */
  window: number;
  data: Uint8Array;
  /** Of SYN segments. */
  maximumSegmentSize?: number;
  windowScale?: number;
  /** With URG: how far behind `sequence` urgent data end. */
  urgent?: number;
}

/** a - b in sequence space: negative when a is before b. */
export const distance = (a: number, b: number): number => (a - b) | 0;
export const advance = (sequence: number, by: number): number => (sequence + by) >>> 0;
/** Sequence numbers that a segment takes. */
export const lengthOf = ({ data, flags }: Segment): number =>
  data.length + (flags & FLAG.SYN ? 1 : 0) + (flags & FLAG.FIN ? 1 : 0);

/** Undefined when it is not whole or its checksum is wrong. */
export function parseSegment({ source, destination, payload }: Packet): Segment | undefined {
  if (payload.length < TCP_HEADER) return undefined;
  const header = (payload[12] >> 4) * 4;
  if (header < TCP_HEADER || header > payload.length) return undefined;
  const pseudo = pseudoHeader(source, destination, PROTOCOL.TCP, payload.length);
  if (checksum(payload, 0, payload.length, pseudo) !== 0) return undefined;
  const segment: Segment = {
    sourcePort: u16(payload, 0),
    destinationPort: u16(payload, 2),
    sequence: u32(payload, 4),
    acknowledgment: u32(payload, 8),
    flags: payload[13] & 0x3f,
    window: u16(payload, 14),
    data: payload.subarray(header),
  };
  if (segment.flags & FLAG.URG) segment.urgent = u16(payload, 18);
  if (segment.flags & FLAG.SYN) readOptions(segment, payload.subarray(TCP_HEADER, header));
  return segment;
}

function readOptions(segment: Segment, options: Uint8Array): void {
  for (let at = 0; at < options.length && options[at] !== OPTION.END; ) {
    if (options[at] === OPTION.NOP) {
      at++;
      continue;
    }
    const length = options[at + 1] ?? 0;
    if (length < 2 || at + length > options.length) return;
    if (options[at] === OPTION.MSS && length === 4) segment.maximumSegmentSize = u16(options, at + 2);
    if (options[at] === OPTION.SCALE && length === 3) segment.windowScale = Math.min(options[at + 2], SCALE_MAX);
    at += length;
  }
}

export function makeSegment(source: Address, destination: Address, segment: Segment): Uint8Array {
  const { maximumSegmentSize, windowScale, data } = segment;
  const options = (maximumSegmentSize === undefined ? 0 : 4) + (windowScale === undefined ? 0 : 4);
  const bytes = new Uint8Array(TCP_HEADER + options + data.length);
  put16(bytes, 0, segment.sourcePort);
  put16(bytes, 2, segment.destinationPort);
  put32(bytes, 4, segment.sequence);
  put32(bytes, 8, segment.acknowledgment);
  bytes[12] = ((TCP_HEADER + options) / 4) << 4;
  bytes[13] = segment.flags;
  put16(bytes, 14, segment.window);
  put16(bytes, 18, segment.urgent ?? 0);
  let at = TCP_HEADER;
  if (maximumSegmentSize !== undefined) {
    bytes.set([OPTION.MSS, 4, maximumSegmentSize >> 8, maximumSegmentSize & 0xff], at);
    at += 4;
  }
  if (windowScale !== undefined) bytes.set([OPTION.NOP, OPTION.SCALE, 3, windowScale], at);
  bytes.set(data, TCP_HEADER + options);
  const pseudo = pseudoHeader(source, destination, PROTOCOL.TCP, bytes.length);
  put16(bytes, 16, checksum(bytes, 0, bytes.length, pseudo));
  return bytes;
}

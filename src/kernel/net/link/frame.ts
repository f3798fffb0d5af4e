// Ethernet frames between the interfaces of a node. An IP packet crosses as what it is, a long TCP segment as one; bytes are made of it where
// it leaves the node. Linux struct sk_buff, net/core/gso.c; RFC 894, 2464.
import { ETHERNET_HEADER, ETHERTYPE, destinationOf, etherTypeOf, makeFrame, sourceOf } from '../../../net/ethernet.js';
import { IPV4_HEADER, writeIpv4 } from '../../../net/ipv4/packet.js';
import { IPV6_HEADER, wholeIpv6 } from '../../../net/ipv6/packet.js';
import { advance, FLAG, TCP_HEADER } from '../../../net/tcp/segment.js';
import type { Queued } from '../queue/qdisc.js';
import { lengthOf, type Packet, payloadOf } from '../packet.js';

const FRAME_LEAST = 60;

export interface Frame {
  /** Stations. */
  readonly destination: number;
  readonly source: number;
  /** ETHERTYPE. */
  readonly type: number;
  /** One of these is there. Several interfaces may be given the same one: nobody writes to it. */
  readonly packet?: Packet;
  /** The whole frame. */
  readonly bytes?: Uint8Array;
  /** Of bytes: what a packet says of itself. */
  readonly priority?: number;
  readonly mark?: number;
  /** The packet socket that has sent it, which does not see it. */
  readonly maker?: object;
  /** Devices that it has come through. */
  readonly hops: number;
}

export function frameOf(
  bytes: Uint8Array,
  { priority, mark, maker }: Pick<Frame, 'priority' | 'mark' | 'maker'> = {},
): Frame {
  return {
    ...{ destination: destinationOf(bytes), source: sourceOf(bytes), type: etherTypeOf(bytes), bytes, hops: 0 },
    ...{ priority, mark, maker },
  };
}

export function frameOfPacket(destination: number, source: number, packet: Packet): Frame {
  const type = typeof packet.source === 'number' ? ETHERTYPE.IPV4 : ETHERTYPE.IPV6;
  return { destination, source, type, packet, hops: 0 };
}

/** As it comes out of a device. */
export function passedOn({ destination, source, type, packet, bytes, hops }: Frame): Frame {
  return { destination, source, type, packet, bytes, hops: hops + 1 };
}

/** As it comes out of a wire: what its sender's queues were told of it has stayed there. Linux net/core/dev.c __dev_forward_skb. */
export function arrivedOf(frame: Frame): Frame {
  const { packet } = frame;
  const bare = packet?.priority || packet?.mark ? { ...packet, priority: undefined, mark: undefined } : packet;
  return passedOn({ ...frame, packet: bare });
}

/** A frame that waits. */
export class QueuedFrame implements Queued {
  readonly size: number;

  constructor(readonly load: Frame) {
    this.size = frameSize(load);
  }
  get priority(): number | undefined {
    return (this.load.packet ?? this.load).priority;
  }
  get mark(): number | undefined {
    return (this.load.packet ?? this.load).mark;
  }
  get protocol(): number {
    return this.load.type;
  }
  bytes(): Uint8Array {
    return bytesOf(this.load);
  }
}

const headerOf = ({ source }: Packet): number => (typeof source === 'number' ? IPV4_HEADER : IPV6_HEADER);

/** Bytes of the largest IP packet that `packet` is on a wire. */
export function packetSize(packet: Packet): number {
  const { segmentSize, segment } = packet;
  const length =
    segmentSize !== undefined && segment && segment.data.length > segmentSize
      ? segmentSize + TCP_HEADER
      : lengthOf(packet);
  return headerOf(packet) + length;
}

/** Bytes of the frame, which may be longer than a wire takes. */
export function frameSize({ packet, bytes }: Frame): number {
  return packet ? ETHERNET_HEADER + headerOf(packet) + lengthOf(packet) : bytes!.length;
}

/** The packets of a long segment, each with at most `most` bytes of data. */
export function segmentsOf(packet: Packet, most: number): Packet[] {
  const { segment } = packet;
  if (!segment || segment.data.length <= most) return [packet];
  const { data, flags, sequence, urgent } = segment;
  const packets: Packet[] = [];
  for (let at = 0; at < data.length; at += most) {
    const end = Math.min(data.length, at + most);
    const left = urgent !== undefined && urgent > at ? urgent - at : undefined;
    const clear = (end < data.length ? FLAG.FIN | FLAG.PSH : 0) | (left === undefined ? FLAG.URG : 0);
    packets.push({
      ...packet,
      segmentSize: undefined,
      payload: undefined,
      segment: {
        ...segment,
        ...{ sequence: advance(sequence, at), flags: flags & ~clear, urgent: left, data: data.subarray(at, end) },
      },
    });
  }
  return packets;
}

/** What goes over a wire of a frame: itself, or its segments. */
export function wireFrames(frame: Frame, identification: number): Uint8Array[] {
  const { packet, bytes } = frame;
  if (!packet) return [padded(bytes!)];
  return segmentsOf(packet, packet.segmentSize ?? Number.POSITIVE_INFINITY).map((one, i) =>
    padded(packetFrame(frame.destination, frame.source, one, (identification + i) & 0xffff)),
  );
}

/** A wire takes no shorter ones. */
function padded(bytes: Uint8Array): Uint8Array {
  if (bytes.length >= FRAME_LEAST) return bytes;
  const frame = new Uint8Array(FRAME_LEAST);
  frame.set(bytes);
  return frame;
}

/** A packet in one frame, whatever its length. */
export function packetFrame(to: number, from: number, packet: Packet, identification: number): Uint8Array {
  const payload = payloadOf(packet);
  const { source, destination, protocol, timeToLive, service, dontFragment } = packet;
  if (typeof source === 'bigint') {
    const header = { source, destination: destination as bigint, protocol, hopLimit: timeToLive, service };
    const bytes = wholeIpv6(header, payload);
    const frame = makeFrame(to, from, ETHERTYPE.IPV6, bytes.length);
    frame.set(bytes, ETHERNET_HEADER);
    return frame.subarray(0, ETHERNET_HEADER + bytes.length);
  }
  const frame = makeFrame(to, from, ETHERTYPE.IPV4, IPV4_HEADER + payload.length);
  const header = { source, destination: destination as number, protocol, timeToLive, service, dontFragment };
  writeIpv4(frame, ETHERNET_HEADER, { ...header, identification }, payload.length);
  frame.set(payload, ETHERNET_HEADER + IPV4_HEADER);
  return frame.subarray(0, ETHERNET_HEADER + IPV4_HEADER + payload.length);
}

/** In one piece: as one sees it who looks at the interface. */
export const bytesOf = ({ packet, bytes, destination, source }: Frame): Uint8Array =>
  bytes ?? packetFrame(destination, source, packet!, 0);

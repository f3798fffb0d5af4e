// Who watches frames at the interfaces of a node: what packet sockets are to tcpdump, for the host. Linux net/core/dev.c dev_queue_xmit_nit.
import { ETHERNET_HEADER, ETHERTYPE, makeFrame } from '../../net/ethernet.js';
import { IPV4_HEADER, writeIpv4 } from '../../net/ipv4/packet.js';
import { wholeIpv6 } from '../../net/ipv6/packet.js';
import type { Interface } from './interface.js';
import { type Packet, payloadOf } from './packet.js';

export interface Capture {
  /** Bytes need to be made of packets for it, at this interface. */
  wants(by: Interface): boolean;
  /** A frame that has come or, behind the queue, is going. The bytes are only lent. */
  sees(by: Interface, frame: Uint8Array, sent: boolean): void;
}

/** A packet in one frame, whatever its length: as it looks on links that have no wire. */
export function frameOf(packet: Packet, from: number, to: number): Uint8Array {
  const { source, destination, protocol, timeToLive, service, dontFragment } = packet;
  const payload = payloadOf(packet);
  if (typeof source === 'bigint') {
    const header = { source, destination: destination as bigint, protocol, hopLimit: timeToLive };
    const bytes = wholeIpv6(header, payload);
    const frame = makeFrame(to, from, ETHERTYPE.IPV6, bytes.length);
    frame.set(bytes, ETHERNET_HEADER);
    return frame;
  }
  const frame = makeFrame(to, from, ETHERTYPE.IPV4, IPV4_HEADER + payload.length);
  const header = { source, destination: destination as number, protocol, timeToLive, service, dontFragment };
  writeIpv4(frame, ETHERNET_HEADER, { ...header, identification: 0 }, payload.length);
  frame.set(payload, ETHERNET_HEADER + IPV4_HEADER);
  return frame;
}

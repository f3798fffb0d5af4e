// Packet sockets of a namespace: who sees which frame. man 7 packet; Linux net/core/dev.c dev_queue_xmit_nit, net/packet/af_packet.c.
import { BROADCAST, isGroup } from '../../../net/ethernet.js';
import {
  ETH_P_ALL,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  PACKET_OUTGOING,
} from '../../abi/packet.js';
import type { Interface } from '../interface.js';
import { bytesOf, type Frame } from '../link/frame.js';
import type { PacketSocket } from './packet-socket.js';

/** A frame as a packet socket sees it. */
export interface Sight {
  by: Interface;
  bytes: Uint8Array;
  /** ETHERTYPE. */
  protocol: number;
  /** PACKET_HOST and so on. */
  kind: number;
  source: number;
  mark: number;
}

export class PacketTable {
  readonly sockets = new Set<PacketSocket>();

  /** Does anybody look at this interface? */
  wants(by: Interface): boolean {
    for (const socket of this.sockets) if (socket.looksAt(by)) return true;
    return false;
  }

  /** A frame goes, or has come. */
  sees(by: Interface, frame: Frame, sent: boolean): void {
    if (this.sockets.size === 0) return;
    let sight: Sight | undefined;
    const kind = sent ? PACKET_OUTGOING : kindOf(frame.destination, by);
    for (const socket of [...this.sockets]) {
      // only who asked for all sees what goes, but for who has sent it
      if (!socket.looksAt(by) || socket === frame.maker) continue;
      if (socket.ether !== ETH_P_ALL && (sent || socket.ether !== frame.type)) continue;
      sight ??= {
        ...{ by, bytes: bytesOf(frame), protocol: frame.type, kind, source: frame.source },
        mark: (frame.packet ?? frame).mark ?? 0,
      };
      socket.sees(sight);
    }
  }

  /** An interface goes from the namespace. */
  parted(by: Interface): void {
    for (const socket of this.sockets) socket.parted(by);
  }
}

function kindOf(destination: number, by: Interface): number {
  if (destination === BROADCAST) return PACKET_BROADCAST;
  if (isGroup(destination)) return PACKET_MULTICAST;
  return destination === by.station ? PACKET_HOST : PACKET_OTHERHOST;
}

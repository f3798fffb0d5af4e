// A packet of either family, as what lies above IP sees it.
// Source: the assigned protocol numbers (IANA).
import type { Address } from './address.js';

export const PROTOCOL = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58 } as const;

/** The payload is in place. */
export interface Packet {
  source: Address;
  destination: Address;
  protocol: number;
  payload: Uint8Array;
}

/** Sends `payload` as one packet; both addresses are of one family. */
export type SendPacket = (source: Address, destination: Address, protocol: number, payload: Uint8Array) => void;

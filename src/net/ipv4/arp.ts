// ARP: which station has an IPv4 address.
// Source: RFC 826.
import { ETHERNET_HEADER, ETHERTYPE, makeFrame, putStation, stationAt } from '../ethernet.js';
import { put16, put32, u16, u32 } from '../big-endian.js';

const LENGTH = 28;
const ETHERNET_IPV4 = 0x0001_0800;
const SIZES = 0x0604;
export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

export interface Arp {
  operation: number;
  senderStation: number;
  senderAddress: number;
  targetStation: number;
  targetAddress: number;
}

export function parseArp(frame: Uint8Array): Arp | undefined {
  const at = ETHERNET_HEADER;
  if (frame.length < at + LENGTH || u32(frame, at) !== ETHERNET_IPV4 || u16(frame, at + 4) !== SIZES) return undefined;
  return {
    operation: u16(frame, at + 6),
    senderStation: stationAt(frame, at + 8),
    senderAddress: u32(frame, at + 14),
    targetStation: stationAt(frame, at + 18),
    targetAddress: u32(frame, at + 24),
  };
}

/** The frame of `arp`, sent to `destination`. */
export function arpFrame(destination: number, arp: Arp): Uint8Array {
  const frame = makeFrame(destination, arp.senderStation, ETHERTYPE.ARP, LENGTH);
  const at = ETHERNET_HEADER;
  put32(frame, at, ETHERNET_IPV4);
  put16(frame, at + 4, SIZES);
  put16(frame, at + 6, arp.operation);
  putStation(frame, at + 8, arp.senderStation);
  put32(frame, at + 14, arp.senderAddress);
  putStation(frame, at + 18, arp.targetStation);
  put32(frame, at + 24, arp.targetAddress);
  return frame;
}

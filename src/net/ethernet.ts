// Ethernet frames, without the checksum at their end.
// Source: IEEE 802.3; RFC 894 (IPv4 over Ethernet), RFC 2464 (IPv6).

export const ETHERTYPE = { IPV4: 0x0800, ARP: 0x0806, IPV6: 0x86dd } as const;
export const ETHERNET_HEADER = 14;
/** Bytes of a frame's payload. */
export const MTU = 1500;
const FRAME_MIN = 60;
/** Longer than any card's: what a virtio card may send at all. */
export const FRAME_MAX = 65536;

/** Takes a frame from, or brings one to, whatever is at the other end of the cable. The bytes are the taker's. */
export type FrameSink = (frame: Uint8Array) => void;

/** A station's address as a number below 2^48, for maps. */
export function stationAt(frame: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 6; i++) value = value * 256 + frame[at + i];
  return value;
}
export const destinationOf = (frame: Uint8Array): number => stationAt(frame, 0);
export const sourceOf = (frame: Uint8Array): number => stationAt(frame, 6);
export const etherTypeOf = (frame: Uint8Array): number => (frame[12] << 8) | frame[13];

export const BROADCAST = 0xffffffffffff;

/** Broadcast and multicast addresses have the lowest bit of their first byte set. */
export function isGroup(station: number): boolean {
  return (Math.floor(station / 2 ** 40) & 1) === 1;
}

export function putStation(bytes: Uint8Array, at: number, station: number): void {
  let left = station;
  for (let i = 5; i >= 0; i--) {
    bytes[at + i] = left % 256;
    left = Math.floor(left / 256);
  }
}

const STATION = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;

/** Of `52:54:00:12:34:56`; undefined when it is written otherwise. */
export function parseStation(text: string): number | undefined {
  return STATION.test(text) ? Number.parseInt(text.replaceAll(':', ''), 16) : undefined;
}

export function formatStation(station: number): string {
  const digits = station.toString(16).padStart(12, '0');
  return digits.replace(/(..)(?!$)/g, '$1:');
}

/** The six bytes of an address. */
export function stationBytes(station: number): Uint8Array {
  const bytes = new Uint8Array(6);
  putStation(bytes, 0, station);
  return bytes;
}

/** A frame with room for `length` bytes of payload, padded with zeros to the smallest size. */
export function makeFrame(destination: number, source: number, type: number, length: number): Uint8Array {
  const frame = new Uint8Array(Math.max(FRAME_MIN, ETHERNET_HEADER + length));
  putStation(frame, 0, destination);
  putStation(frame, 6, source);
  frame[12] = type >> 8;
  frame[13] = type & 0xff;
  return frame;
}

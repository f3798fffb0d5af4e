// Captures of frames as tcpdump and Wireshark read them: blocks of pcapng.
// Source: IETF draft-ietf-opsawg-pcapng, sections 3, 4.1 (section header), 4.2 (interface), 4.3 (enhanced packet).

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER = 0x1a2b3c4d;
const LINKTYPE_ETHERNET = 1;
/** Bytes of a frame that are kept: tcpdump's own choice. */
export const SNAP_LENGTH = 262_144;
const OPTION_END = 0;
const IF_NAME = 2;
const IF_TSRESOL = 9;
/** Times are counted in 10^-9 seconds. */
const NANOSECONDS = 9;
const EPB_FLAGS = 2;
const FLAG_INBOUND = 1;
const FLAG_OUTBOUND = 2;
const NAME_MAX = 255;

/** When a frame was seen: seconds since 1970, and the rest. */
export interface SeenAt {
  seconds: number;
  nanoseconds: number;
}

const padded = (length: number): number => (length + 3) & ~3;

/** A block of `length` bytes of body, which `fill` writes from offset 8 on. */
function block(type: number, length: number, fill: (bytes: Uint8Array, view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(12 + padded(length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  view.setUint32(bytes.length - 4, bytes.length, true);
  fill(bytes, view);
  return bytes;
}

/** What a file begins with. */
export function sectionHeader(): Uint8Array {
  return block(SECTION_HEADER, 16, (_bytes, view) => {
    view.setUint32(8, BYTE_ORDER, true);
    view.setUint16(12, 1, true);
    // how long the section is, nobody knows yet
    view.setBigInt64(16, -1n, true);
  });
}

/** An interface; those of a section are numbered in their order, from 0. */
export function interfaceBlock(name: string): Uint8Array {
  const text = Uint8Array.from(name.slice(0, NAME_MAX), (char) => char.charCodeAt(0));
  const resolution = 8 + 8 + 4 + padded(text.length);
  return block(INTERFACE_DESCRIPTION, resolution + 4, (bytes, view) => {
    view.setUint16(8, LINKTYPE_ETHERNET, true);
    view.setUint32(12, SNAP_LENGTH, true);
    view.setUint16(16, IF_NAME, true);
    view.setUint16(18, text.length, true);
    bytes.set(text, 20);
    view.setUint16(resolution, IF_TSRESOL, true);
    view.setUint16(resolution + 2, 1, true);
    bytes[resolution + 4] = NANOSECONDS;
    view.setUint16(resolution + 8, OPTION_END, true);
  });
}

/** A frame at interface number `by`. */
export function packetBlock(
  by: number,
  { seconds, nanoseconds }: SeenAt,
  frame: Uint8Array,
  sent: boolean,
): Uint8Array {
  const kept = Math.min(frame.length, SNAP_LENGTH);
  const time = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
  return block(ENHANCED_PACKET, 20 + padded(kept) + 12, (bytes, view) => {
    view.setUint32(8, by, true);
    view.setUint32(12, Number(time >> 32n), true);
    view.setUint32(16, Number(time & 0xffffffffn), true);
    view.setUint32(20, kept, true);
    view.setUint32(24, frame.length, true);
    bytes.set(frame.subarray(0, kept), 28);
    const options = 28 + padded(kept);
    view.setUint16(options, EPB_FLAGS, true);
    view.setUint16(options + 2, 4, true);
    view.setUint32(options + 4, sent ? FLAG_OUTBOUND : FLAG_INBOUND, true);
  });
}

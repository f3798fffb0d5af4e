// Puts fragments of packets together again, within bounds that a sender cannot pass.
// Source: RFC 791 section 3.2; RFC 8200 section 4.5; RFC 1858 and 5722 (overlapping fragments are an attack: the packet is dropped).
import type { Clock } from '../base/time.js';
import type { Packet } from './packet.js';

const PACKET_MAX = 65535;
const PACKETS_MAX = 64;
const FRAGMENTS_MAX = 64;
/** Nanoseconds that a packet's first fragment waits for the others. */
const PATIENCE = 15e9;

export interface Fragment extends Packet {
  identification: number;
  /** Bytes into the whole payload; with `more`, others follow. */
  fragmentOffset: number;
  more: boolean;
}

interface Partial {
  since: number;
  pieces: { offset: number; bytes: Uint8Array }[];
  /** Length of the whole payload, when its last fragment is here. */
  length: number | undefined;
}

export class Reassembly<P extends Fragment> {
  private readonly partials = new Map<string, Partial>();

  constructor(private readonly clock: Clock) {}

  /** The whole packet that this one completes, or is; undefined while pieces are missing. */
  add(packet: P): P | undefined {
    if (packet.fragmentOffset === 0 && !packet.more) return packet;
    const key = `${packet.source} ${packet.destination} ${packet.protocol} ${packet.identification}`;
    this.forgetOld();
    const partial = this.partials.get(key) ?? { since: this.clock.now(), pieces: [], length: undefined };
    this.partials.set(key, partial);
    if (!take(partial, packet)) {
      this.partials.delete(key);
      return undefined;
    }
    const payload = whole(partial);
    if (!payload) return undefined;
    this.partials.delete(key);
    return { ...packet, fragmentOffset: 0, more: false, payload };
  }

  private forgetOld(): void {
    const now = this.clock.now();
    for (const [key, { since }] of this.partials) {
      if (now - since > PATIENCE || this.partials.size >= PACKETS_MAX) this.partials.delete(key);
    }
  }
}

/** False: the packet can no longer become a sound one. */
function take(partial: Partial, { fragmentOffset, more, payload }: Fragment): boolean {
  const end = fragmentOffset + payload.length;
  if (end > PACKET_MAX || partial.pieces.length >= FRAGMENTS_MAX) return false;
  if (more && payload.length % 8 !== 0) return false;
  if (partial.pieces.some(({ offset, bytes }) => offset < end && fragmentOffset < offset + bytes.length)) return false;
  if (!more) {
    if (partial.length !== undefined) return false;
    partial.length = end;
  }
  partial.pieces.push({ offset: fragmentOffset, bytes: payload.slice() });
  return true;
}

function whole({ pieces, length }: Partial): Uint8Array | undefined {
  if (length === undefined) return undefined;
  if (pieces.reduce((sum, { bytes }) => sum + bytes.length, 0) !== length) return undefined;
  const payload = new Uint8Array(length);
  for (const { offset, bytes } of pieces) {
    if (offset + bytes.length > length) return undefined;
    payload.set(bytes, offset);
  }
  return payload;
}

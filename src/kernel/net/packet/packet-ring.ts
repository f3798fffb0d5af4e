// A ring of frames that a program reads in its own memory: PACKET_RX_RING with TPACKET_V2. Linux Documentation/networking/packet_mmap.rst,
// net/packet/af_packet.c tpacket_rcv. DEVIATION: TPACKET_V1 and V3 are refused, as by a kernel before them; libpcap takes V2 then.
import {
  TP_STATUS_CSUM_VALID,
  TP_STATUS_KERNEL,
  TP_STATUS_LOSING,
  TP_STATUS_TS_SOFTWARE,
  TP_STATUS_USER,
} from '../../abi/packet.js';
import { EINVAL, ENOMEM } from '../../abi/errno.js';
import { type Frames, PAGE_SIZE } from '../../mm/frames.js';
import { PageCache } from '../../mm/page-cache.js';
import type { Timestamp } from '../../vfs/timestamp.js';

/** struct tpacket2_hdr; with the sockaddr_ll behind it. */
export const HEADER_V2 = 32;
const HEADERS = HEADER_V2 + 20;
const ALIGNMENT = 16;
/** Bytes of one ring: they are frames that nobody takes back. */
const RING_MAX = 16 << 20;

/** struct tpacket_req. */
export interface RingRequest {
  blockSize: number;
  blocks: number;
  frameSize: number;
  frames: number;
}

export class RingMemory extends PageCache {
  /** The socket has let go of it. */
  private left = false;

  leave(): void {
    this.left = true;
    if (!this.mapped) this.drop(0, Number.POSITIVE_INFINITY);
  }
  protected override unmapped(): void {
    if (this.left) this.drop(0, Number.POSITIVE_INFINITY);
  }
}

export class PacketRing {
  readonly memory: RingMemory;
  /** The slot that the next frame goes to. */
  private head = 0;

  private constructor(
    frames: Frames,
    private readonly request: RingRequest,
    private readonly reserve: number,
  ) {
    this.memory = new RingMemory(frames);
  }

  static make(frames: Frames, request: RingRequest, reserve: number): PacketRing | number {
    const { blockSize, blocks, frameSize, frames: count } = request;
    if (blockSize <= 0 || blockSize % PAGE_SIZE !== 0 || blocks <= 0) return -EINVAL;
    if (frameSize < HEADERS + reserve || frameSize % ALIGNMENT !== 0) return -EINVAL;
    const each = Math.floor(blockSize / frameSize);
    if (each === 0 || each * blocks !== count) return -EINVAL;
    const size = blockSize * blocks;
    if (size > RING_MAX) return -ENOMEM;
    const ring = new PacketRing(frames, request, reserve);
    for (let page = 0; page < size / PAGE_SIZE; page++) {
      if (ring.memory.get(page) > 0) continue;
      ring.close();
      return -ENOMEM;
    }
    return ring;
  }

  close(): void {
    this.memory.leave();
  }

  private place(slot: number): number {
    const { blockSize, frameSize } = this.request;
    const each = Math.floor(blockSize / frameSize);
    return Math.floor(slot / each) * blockSize + (slot % each) * frameSize;
  }

  /** Has the program something to read? */
  get filled(): boolean {
    const last = (this.head + this.request.frames - 1) % this.request.frames;
    return this.read(this.place(last)) !== TP_STATUS_KERNEL;
  }

  /** Puts a frame into the next slot; false: the program has not read what is there. `header`: bytes of the link's header that go along. */
  put(bytes: Uint8Array, length: number, header: number, from: Uint8Array, time: Timestamp, losing: boolean): boolean {
    const { frameSize, frames } = this.request;
    const at = this.place(this.head);
    if (this.read(at) !== TP_STATUS_KERNEL) return false;
    const network = aligned(HEADERS + Math.max(16, header)) + this.reserve;
    const start = network - header;
    const snapped = Math.max(0, Math.min(bytes.length, frameSize - start));
    const slot = new Uint8Array(start + snapped);
    const view = new DataView(slot.buffer);
    view.setUint32(4, length, true);
    view.setUint32(8, snapped, true);
    view.setUint16(12, start, true);
    view.setUint16(14, network, true);
    view.setUint32(16, time.seconds >>> 0, true);
    view.setUint32(20, time.nanoseconds, true);
    slot.set(from, HEADER_V2);
    slot.set(bytes.subarray(0, snapped), start);
    // a slot may be too short even for where the frame would begin
    this.write(at + 4, slot.subarray(4, frameSize));
    // the slot is the program's when all else is there
    view.setUint32(
      0,
      TP_STATUS_USER | TP_STATUS_CSUM_VALID | TP_STATUS_TS_SOFTWARE | (losing ? TP_STATUS_LOSING : 0),
      true,
    );
    this.write(at, slot.subarray(0, 4));
    this.head = (this.head + 1) % frames;
    return true;
  }

  private read(at: number): number {
    const { frames } = this.memory;
    const frame = this.memory.get(Math.floor(at / PAGE_SIZE));
    if (frame <= 0) return TP_STATUS_USER;
    const place = frames.hostAddress(frame) + (at % PAGE_SIZE);
    return new DataView(frames.bytes.buffer, frames.bytes.byteOffset).getUint32(place, true);
  }

  private write(at: number, bytes: Uint8Array): void {
    const { frames } = this.memory;
    for (let done = 0; done < bytes.length; ) {
      const within = (at + done) % PAGE_SIZE;
      const piece = bytes.subarray(done, done + PAGE_SIZE - within);
      const frame = this.memory.get(Math.floor((at + done) / PAGE_SIZE));
      if (frame <= 0) return;
      frames.bytes.set(piece, frames.hostAddress(frame) + within);
      frames.written(frame);
      done += piece.length;
    }
  }
}

const aligned = (length: number): number => Math.ceil(length / ALIGNMENT) * ALIGNMENT;

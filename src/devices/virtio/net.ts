// virtio-net: one pair of queues, a control queue for what the driver sets; frames without offloads.
// Source: virtio 1.2, section 5.1.
import type { DirectMemory } from '../device.js';
import { gather, scatter } from './buffers.js';
import { VirtioDevice } from './virtio-device.js';
import { RingError, type Virtqueue } from './virtqueue.js';

const TYPE = 1;
const QUEUE_SIZE = 256;
const F = { MAC: 5, STATUS: 16 };
const RECEIVE = 0;
const SEND = 1;
/** struct virtio_net_hdr with num_buffers, as VERSION_1 has it. */
const HEADER = 12;
const LINK_UP = 1;
const FRAME_MAX = 65536;
const ADDRESS_AND_LENGTHS = 14;
/** Frames that wait for the driver's buffers. */
const BACKLOG = 256;

export interface NetOptions {
  memory: DirectMemory;
  /** 6 bytes. */
  address: Uint8Array;
  /** Takes a frame that the guest has sent, without a checksum at its end. The bytes are the taker's. */
  send: (frame: Uint8Array) => void;
}

export class VirtioNet extends VirtioDevice {
  readonly config = new Uint8Array(8);
  private readonly send: (frame: Uint8Array) => void;
  private waiting: Uint8Array[] = [];
  private readonly header = new Uint8Array(HEADER);

  constructor({ memory, address, send }: NetOptions) {
    super(memory, { type: TYPE, features: [F.MAC, F.STATUS], queues: [QUEUE_SIZE, QUEUE_SIZE] });
    this.send = send;
    this.config.set(address);
    this.config[6] = LINK_UP;
    // num_buffers
    this.header[10] = 1;
  }

  /** A frame from the network. Without a buffer for it, it waits; when too many wait, it is lost. */
  receive(frame: Uint8Array): void {
    if (!this.queues[RECEIVE].enabled || this.waiting.length >= BACKLOG || frame.length > FRAME_MAX) return;
    this.waiting.push(frame);
    this.notify(RECEIVE);
  }

  override reset(): void {
    super.reset();
    this.waiting = [];
  }

  protected serve(index: number, queue: Virtqueue): void {
    if (index === SEND) this.transmit(queue);
    else this.deliver(queue);
  }

  private transmit(queue: Virtqueue): void {
    for (let chain = queue.next(); chain; chain = queue.next()) {
      const length = chain.readableBytes - HEADER;
      if (length < ADDRESS_AND_LENGTHS || length > FRAME_MAX) throw new RingError(`a frame of ${length} bytes`);
      const frame = new Uint8Array(length);
      gather(chain.readable, HEADER, frame);
      queue.push(chain, 0);
      this.send(frame);
    }
  }

  private deliver(queue: Virtqueue): void {
    let taken = 0;
    for (const frame of this.waiting) {
      const chain = queue.next();
      if (!chain) break;
      taken++;
      if (chain.writableBytes < HEADER) throw new RingError('a receive buffer without room for the header');
      scatter(chain.writable, 0, this.header);
      // a frame that does not fit is lost; its buffer goes back empty of it
      const fits = frame.length <= chain.writableBytes - HEADER;
      if (fits) scatter(chain.writable, HEADER, frame);
      queue.push(chain, fits ? HEADER + frame.length : HEADER);
    }
    this.waiting.splice(0, taken);
  }
}

// virtio-balloon: the guest gives memory back when asked (inflate), and reports what it does not use.
// Source: virtio 1.2, section 5.5; 5.5.6.7 (free page reporting).
import type { DirectMemory } from '../device.js';
import { gather } from './buffers.js';
import { VirtioDevice } from './virtio-device.js';
import type { Chain, Virtqueue } from './virtqueue.js';

const TYPE = 5;
const QUEUE_SIZE = 128;
const F = { MUST_TELL_HOST: 0, DEFLATE_ON_OOM: 2, REPORTING: 5 };
const PAGE = 4096;
const INFLATE = 0;
const REPORTING = 2;
/** Page numbers of one request. */
const NUMBERS_MAX = 65536;

export interface BalloonOptions {
  memory: DirectMemory;
  /** Tells the host that the guest does not need these bytes of RAM nor what is in them. */
  release: (address: number, length: number) => void;
}

export class VirtioBalloon extends VirtioDevice {
  /** num_pages (what we want), actual (what the guest has given), both u32. */
  readonly config = new Uint8Array(8);
  /** Bytes that the guest has handed back since its last reset, by either way. */
  released = 0;
  private readonly release: BalloonOptions['release'];

  constructor({ memory, release }: BalloonOptions) {
    const features = [F.MUST_TELL_HOST, F.DEFLATE_ON_OOM, F.REPORTING];
    super(memory, { type: TYPE, features, queues: [QUEUE_SIZE, QUEUE_SIZE, QUEUE_SIZE] });
    this.release = release;
  }

  get target(): number {
    return new DataView(this.config.buffer).getUint32(0, true) * PAGE;
  }

  /** Bytes that the guest is to give back. */
  set target(bytes: number) {
    new DataView(this.config.buffer).setUint32(0, Math.floor(bytes / PAGE), true);
    this.transport?.signalConfig();
  }

  /** Bytes in the balloon, by the guest's word. */
  get actual(): number {
    return new DataView(this.config.buffer).getUint32(4, true) * PAGE;
  }

  override writeConfig(offset: number, width: 1 | 2 | 4, value: number): void {
    for (let i = 0; i < width; i++) {
      if (offset + i >= 4 && offset + i < 8) this.config[offset + i] = value >>> (8 * i);
    }
  }

  override reset(): void {
    super.reset();
    this.config.fill(0, 4);
    this.released = 0;
  }

  protected serve(index: number, queue: Virtqueue): void {
    for (let chain = queue.next(); chain; chain = queue.next()) {
      if (index === INFLATE) this.inflate(chain);
      else if (index === REPORTING) this.report(chain);
      queue.push(chain, 0);
    }
  }

  /** Page numbers, u32 each. Neighbours go back to the host together. */
  private inflate(chain: Chain): void {
    const numbers = new Uint8Array(Math.min(chain.readableBytes, NUMBERS_MAX * 4) & ~3);
    gather(chain.readable, 0, numbers);
    const view = new DataView(numbers.buffer);
    for (let at = 0; at < numbers.length; at += 4) this.give(view.getUint32(at, true) * PAGE, PAGE);
  }

  /** The buffers themselves are the free memory. */
  private report(chain: Chain): void {
    for (const { address, bytes } of chain.writable) this.give(address, bytes.length);
  }

  private give(address: number, length: number): void {
    if (!this.memory.ram(address, length)) return;
    this.release(address, length);
    this.released += length;
  }
}

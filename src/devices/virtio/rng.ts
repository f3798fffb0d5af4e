// virtio-rng: random bytes from the host.
// Source: virtio 1.2, section 5.4.
import type { DirectMemory } from '../device.js';
import { VirtioDevice } from './virtio-device.js';
import { RingError, type Virtqueue } from './virtqueue.js';

const TYPE = 4;
const QUEUE_SIZE = 8;
/** Bytes of one answer; a driver that wants more asks again. */
const ANSWER_MAX = 65536;

export class VirtioRng extends VirtioDevice {
  readonly config = new Uint8Array(0);

  /** `random` fills an array of at most 65,536 bytes. */
  constructor(
    memory: DirectMemory,
    private readonly random: (into: Uint8Array) => void,
  ) {
    super(memory, { type: TYPE, features: [], queues: [QUEUE_SIZE] });
  }

  protected serve(_index: number, queue: Virtqueue): void {
    for (let chain = queue.next(); chain; chain = queue.next()) {
      if (chain.writableBytes === 0) throw new RingError('a request for random bytes with no room for any');
      let done = 0;
      for (const { bytes } of chain.writable) {
        const piece = bytes.subarray(0, ANSWER_MAX - done);
        this.random(piece);
        done += piece.length;
        if (done === ANSWER_MAX) break;
      }
      queue.push(chain, done);
    }
  }
}

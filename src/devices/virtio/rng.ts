// virtio-rng: random bytes from the host.
// Source: virtio 1.2, section 5.4.
import type { DirectMemory } from '../device.js';
import { SnapshotError, section } from '../snapshot-fields.js';
import { VirtioDevice } from './virtio-device.js';
import { RingError, type Virtqueue } from './virtqueue.js';

const TYPE = 4;
const QUEUE_SIZE = 8;
/** Bytes of one answer; a driver that wants more asks again. */
const ANSWER_MAX = 65536;
/** An answer that is longer is for somebody who has asked for it. */
const HELD_MAX = 4096;

interface Piece {
  address: number;
  bytes: Uint8Array;
}

export class VirtioRng extends VirtioDevice {
  readonly config = new Uint8Array(0);
  /** The latest answer, which Linux asks for ahead of whoever will read it. */
  private held: Piece[] = [];

  /** `random` fills an array of at most 65,536 bytes. */
  constructor(
    memory: DirectMemory,
    private readonly random: (into: Uint8Array) => void,
  ) {
    super(memory, { type: TYPE, features: [], queues: [QUEUE_SIZE] });
  }

  override reset(): void {
    super.reset();
    this.held = [];
  }

  override save(): unknown {
    return { ...(super.save() as object), held: this.held };
  }

  /**
   * DEVIATION: section 2.7.8, used buffers are the driver's. What Linux has asked for ahead would be the same in all machines of one
   * snapshot, so where guest memory still has the answer as it was given there is another one then.
   */
  override restore(state: unknown): void {
    super.restore(state);
    const { held } = section(state);
    this.held = [];
    if (held === undefined) return;
    if (!Array.isArray(held)) throw new SnapshotError('snapshot: held is no list');
    for (const one of held) {
      const { address, bytes } = section(one);
      if (typeof address !== 'number' || !(bytes instanceof Uint8Array)) throw new SnapshotError('snapshot: held');
      const there = this.memory.ram(address, bytes.length);
      if (!there?.every((byte, i) => byte === bytes[i])) continue;
      this.fill(address, there);
      this.memory.written(address, there.length);
    }
  }

  protected serve(_index: number, queue: Virtqueue): void {
    for (let chain = queue.next(); chain; chain = queue.next()) {
      if (chain.writableBytes === 0) throw new RingError('a request for random bytes with no room for any');
      this.held = [];
      let done = 0;
      for (const { address, bytes } of chain.writable) {
        const piece = bytes.subarray(0, ANSWER_MAX - done);
        this.fill(address, piece);
        done += piece.length;
        if (done === ANSWER_MAX) break;
      }
      if (done > HELD_MAX) this.held = [];
      queue.push(chain, done);
    }
  }

  private fill(address: number, bytes: Uint8Array): void {
    this.random(bytes);
    this.held.push({ address, bytes: bytes.slice() });
  }
}

// What every virtio device is: a type, features, queues, a configuration space. Transports drive it.
// Source: virtio 1.2, chapter 2 (basic facilities) and 6 (reserved feature bits).
import type { DirectMemory, Snapshottable, Width } from '../device.js';
import { restoreFields, saveFields, section } from '../snapshot-fields.js';
import { QUEUE_SIZE_MAX, RingError, Virtqueue } from './virtqueue.js';

/** Feature bits of rings and transports, as numbers of bits. */
export const FEATURE = { INDIRECT_DESC: 28, EVENT_IDX: 29, VERSION_1: 32 } as const;

/** What a device asks of the transport that it sits behind. */
export interface Transport {
  /** The driver is told that queue `index` has used buffers. */
  signalQueue(index: number): void;
  /** The driver is told that the configuration has changed. */
  signalConfig(): void;
  /** The driver has broken a rule: the device stops until it is reset. */
  needsReset(reason: string): void;
}

export interface VirtioOptions {
  /** Section 5: device type number. */
  type: number;
  /** Feature bits of the type. */
  features: readonly number[];
  /** Most entries of each queue. */
  queues: readonly number[];
}

/** Two words of 32 bits. */
export type Features = readonly [number, number];

export abstract class VirtioDevice implements Snapshottable {
  readonly type: number;
  readonly offered: Features;
  readonly queues: readonly Virtqueue[];
  /** Configuration space of the type, little-endian. */
  abstract readonly config: Uint8Array;
  protected accepted: [number, number] = [0, 0];
  protected transport: Transport | undefined;
  /** Grows whenever the rings stop being the device's to touch: what was begun before is not to be finished in them. */
  protected epoch = 0;

  constructor(
    protected readonly memory: DirectMemory,
    options: VirtioOptions,
  ) {
    this.type = options.type;
    const words: [number, number] = [0, 0];
    for (const bit of [...options.features, ...Object.values(FEATURE)]) words[bit >> 5] |= 1 << (bit & 31);
    this.offered = [words[0] >>> 0, words[1] >>> 0];
    this.queues = options.queues.map((size) => new Virtqueue(memory, Math.min(size, QUEUE_SIZE_MAX)));
  }

  attach(transport: Transport): void {
    this.transport = transport;
  }

  /** The driver has accepted these of the offered features. */
  accept(features: Features): void {
    this.accepted = [features[0], features[1]];
    for (const queue of this.queues) queue.eventIndex = this.has(FEATURE.EVENT_IDX);
  }

  protected has(bit: number): boolean {
    return ((this.accepted[bit >> 5] >>> (bit & 31)) & 1) !== 0;
  }

  /** The driver has made buffers of queue `index` available. Never throws. */
  notify(index: number): void {
    const queue = this.queues[index];
    if (!queue?.enabled) return;
    this.guarded(() => {
      this.serve(index, queue);
      queue.listen();
    });
    this.signal(index);
  }

  /** Tells the driver of what has been pushed, if it wants to know. */
  protected signal(index: number): void {
    if (this.queues[index].takeSignal()) this.transport?.signalQueue(index);
  }

  /** Runs `action`; a broken rule of the rings makes the device ask for a reset. */
  protected guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.epoch++;
      this.transport?.needsReset(error.message);
    }
  }

  /** Takes what waits in the queue. Throws RingError. */
  protected abstract serve(index: number, queue: Virtqueue): void;

  /** The driver writes its configuration: which bytes it may change is the device's to say. */
  writeConfig(_offset: number, _width: Width, _value: number): void {}

  reset(): void {
    this.epoch++;
    this.accepted = [0, 0];
    for (const queue of this.queues) queue.reset();
  }

  save(): unknown {
    return {
      ...saveFields(this, ['accepted', 'config']),
      queues: Object.fromEntries(this.queues.map((queue, i) => [i, queue.save()])),
    };
  }

  restore(state: unknown): void {
    restoreFields(this, ['accepted', 'config'], state);
    const queues = section(state, 'queues');
    this.guarded(() => {
      this.queues.forEach((queue, i) => void queue.restore(section(queues, String(i))));
    });
  }
}

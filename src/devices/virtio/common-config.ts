// The common configuration structure: feature negotiation, device status, set-up of queues.
// Source: virtio 1.2, sections 4.1.4.3 (layout and rules) and 2.1 (device status).
import type { Snapshottable, Width } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';
import { FEATURE, type Transport, type VirtioDevice } from './virtio-device.js';
import { NO_VECTOR, RingError, type Virtqueue } from './virtqueue.js';

const STATUS = { DRIVER_OK: 4, FEATURES_OK: 8, NEEDS_RESET: 64 };
const TWO_32 = 2 ** 32;

/** One register: where it lies, how wide it is, what it does. */
interface Register {
  readonly offset: number;
  readonly width: Width;
  read(): number;
  write?(value: number): void;
}

export class CommonConfig implements Snapshottable {
  configVector = NO_VECTOR;
  private status = 0;
  private generation = 0;
  private offeredWord = 0;
  private driverWord = 0;
  private driver: [number, number] = [0, 0];
  private selected = 0;
  private readonly registers: readonly Register[];

  constructor(
    private readonly device: VirtioDevice,
    private readonly transport: Transport,
    private readonly resetAll: () => void,
  ) {
    this.registers = this.layout();
  }

  /** The driver has set the device going, and it is well. */
  get running(): boolean {
    return (this.status & (STATUS.DRIVER_OK | STATUS.NEEDS_RESET)) === STATUS.DRIVER_OK;
  }

  setNeedsReset(): void {
    this.status |= STATUS.NEEDS_RESET;
  }

  configChanged(): void {
    this.generation = (this.generation + 1) & 0xff;
  }

  reset(): void {
    this.configVector = NO_VECTOR;
    this.status = 0;
    this.offeredWord = 0;
    this.driverWord = 0;
    this.driver = [0, 0];
    this.selected = 0;
  }

  /** Any width at any offset is answered; what is in no register reads as 0. */
  read(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) {
      const register = this.at(offset + i);
      const byte = register ? (register.read() >>> (8 * (offset + i - register.offset))) & 0xff : 0;
      value |= byte << (8 * i);
    }
    return value >>> 0;
  }

  /** Writes of another width than the register's have no effect (4.1.3.1 forbids them). */
  write(offset: number, width: Width, value: number): void {
    const register = this.at(offset);
    if (register?.offset === offset && register.width === width) register.write?.(value >>> 0);
  }

  save(): unknown {
    return saveFields(this, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
  }

  private at(offset: number): Register | undefined {
    return this.registers.find((one) => offset >= one.offset && offset < one.offset + one.width);
  }

  private get queue(): Virtqueue | undefined {
    return this.device.queues[this.selected];
  }

  private layout(): Register[] {
    const { device } = this;
    const vectorOf = (value: number): number => (value <= device.queues.length ? value : NO_VECTOR);
    const address = (offset: number, field: 'descriptors' | 'driverArea' | 'deviceArea'): Register[] => [
      {
        offset,
        width: 4,
        read: () => (this.queue?.[field] ?? 0) % TWO_32,
        write: (value) => this.change((queue) => (queue[field] += value - (queue[field] % TWO_32))),
      },
      {
        offset: offset + 4,
        width: 4,
        read: () => Math.floor((this.queue?.[field] ?? 0) / TWO_32),
        write: (value) => this.change((queue) => (queue[field] = value * TWO_32 + (queue[field] % TWO_32))),
      },
    ];
    return [
      { offset: 0, width: 4, read: () => this.offeredWord, write: (value) => (this.offeredWord = value) },
      { offset: 4, width: 4, read: () => device.offered[this.offeredWord] ?? 0 },
      { offset: 8, width: 4, read: () => this.driverWord, write: (value) => (this.driverWord = value) },
      {
        offset: 12,
        width: 4,
        read: () => this.driver[this.driverWord] ?? 0,
        write: (value) => this.setDriverFeatures(value),
      },
      { offset: 16, width: 2, read: () => this.configVector, write: (value) => (this.configVector = vectorOf(value)) },
      { offset: 18, width: 2, read: () => device.queues.length },
      { offset: 20, width: 1, read: () => this.status, write: (value) => this.setStatus(value) },
      { offset: 21, width: 1, read: () => this.generation },
      { offset: 22, width: 2, read: () => this.selected, write: (value) => (this.selected = value) },
      {
        offset: 24,
        width: 2,
        read: () => this.queue?.size ?? 0,
        write: (value) => this.change((queue) => (queue.size = value)),
      },
      {
        offset: 26,
        width: 2,
        read: () => this.queue?.vector ?? NO_VECTOR,
        write: (value) => {
          if (this.queue) this.queue.vector = vectorOf(value);
        },
      },
      { offset: 28, width: 2, read: () => (this.queue?.enabled ? 1 : 0), write: (value) => this.enable(value) },
      { offset: 30, width: 2, read: () => this.selected },
      ...address(32, 'descriptors'),
      ...address(40, 'driverArea'),
      ...address(48, 'deviceArea'),
    ];
  }

  private setDriverFeatures(value: number): void {
    if (this.driverWord < 2 && !(this.status & STATUS.FEATURES_OK)) this.driver[this.driverWord] = value;
  }

  /** What a queue is made of is fixed once it is enabled. */
  private change(action: (queue: Virtqueue) => void): void {
    if (this.queue && !this.queue.enabled) action(this.queue);
  }

  private enable(value: number): void {
    const { queue } = this;
    if (value !== 1 || !queue || queue.enabled) return;
    try {
      queue.enable();
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.transport.needsReset(`queue ${this.selected}: ${error.message}`);
    }
  }

  private setStatus(value: number): void {
    if (value === 0) {
      this.resetAll();
      return;
    }
    const added = value & ~this.status;
    // bits are set one after another and cleared by a reset alone
    this.status |= value & ~STATUS.NEEDS_RESET;
    if (added & STATUS.FEATURES_OK) this.negotiate();
    if (added & STATUS.DRIVER_OK && this.status & STATUS.NEEDS_RESET)
      this.transport.needsReset('started though broken');
  }

  /** FEATURES_OK stays set when the driver's choice is one that the device can serve. */
  private negotiate(): void {
    const { offered } = this.device;
    const known = this.driver.every((word, i) => (word & ~offered[i]) === 0);
    const modern = (this.driver[1] & (1 << (FEATURE.VERSION_1 - 32))) !== 0;
    if (known && modern) this.device.accept(this.driver);
    else this.status &= ~STATUS.FEATURES_OK;
  }
}

const FIELDS = ['configVector', 'status', 'generation', 'offeredWord', 'driverWord', 'driver', 'selected'];

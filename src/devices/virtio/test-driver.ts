// A driver for tests: sets a device up through its PCI function and puts descriptors into its rings as it is told.
// Source: virtio 1.2, sections 3.1.1 and 2.7, from the driver's side.
import { SILENT } from '../../base/log.js';
import { PCI, type PciRange } from '../pci/pci-function.js';
import { BenchLine, BenchMemory } from '../test-bench.js';
import { VirtioPci } from './pci-transport.js';
import type { VirtioDevice } from './virtio-device.js';

export const COMMON = {
  DEVICE_FEATURE_SELECT: 0,
  DEVICE_FEATURE: 4,
  DRIVER_FEATURE_SELECT: 8,
  DRIVER_FEATURE: 12,
  CONFIG_VECTOR: 16,
  QUEUES: 18,
  STATUS: 20,
  QUEUE_SELECT: 22,
  QUEUE_SIZE: 24,
  QUEUE_VECTOR: 26,
  QUEUE_ENABLE: 28,
  QUEUE_DESCRIPTORS: 32,
  QUEUE_DRIVER: 40,
  QUEUE_DEVICE: 48,
} as const;
export const STATUS = { ACKNOWLEDGE: 1, DRIVER: 2, DRIVER_OK: 4, FEATURES_OK: 8, NEEDS_RESET: 64 } as const;
export const DESCRIPTOR = { NEXT: 1, WRITE: 2, INDIRECT: 4 } as const;

const RAM = 1 << 20;
const NOTIFY = 0x3000;
const ISR = 0x1000;
const BAR_COMMAND = 7;

/** Where a queue's parts lie: one page of descriptors, one for each ring. */
const layout = (queue: number): { table: number; avail: number; used: number } => {
  const base = 0x10000 + queue * 0x8000;
  return { table: base, avail: base + 0x4000, used: base + 0x6000 };
};

export interface Descriptor {
  address: number;
  length: number;
  flags?: number;
  next?: number;
}

/** Memory from here on is free for buffers. */
export const BUFFERS = 0x80000;

export class TestDriver {
  readonly memory: BenchMemory;
  readonly line = new BenchLine();
  readonly messages: { address: number; data: number }[] = [];
  readonly pci: VirtioPci;
  readonly device: VirtioDevice;
  private structures!: Extract<PciRange, { kind: 'mmio' }>['device'];
  private readonly availIndex: number[] = [];

  constructor(make: (memory: BenchMemory) => VirtioDevice) {
    this.memory = new BenchMemory(RAM);
    this.device = make(this.memory);
    this.pci = new VirtioPci(
      this.device,
      { message: (address, data) => this.messages.push({ address, data }) },
      SILENT,
    );
    this.pci.attach(
      {
        map: (range) => {
          if (range.kind === 'mmio' && range.name === 'virtio') this.structures = range.device;
        },
        unmap() {},
      },
      this.line,
    );
    for (const { register } of this.pci.bars) this.pci.writeConfig(register, 4, 0xe0000000 + register * 0x10000);
    this.pci.writeConfig(PCI.COMMAND, 2, BAR_COMMAND);
  }

  read(offset: number, width: 1 | 2 | 4): number {
    return this.structures.readMmio(offset, width);
  }
  write(offset: number, width: 1 | 2 | 4, value: number): void {
    this.structures.writeMmio(offset, width, value);
  }

  get status(): number {
    return this.read(COMMON.STATUS, 1);
  }
  get isr(): number {
    return this.read(ISR, 1);
  }

  /** Negotiates `features` (all that are offered by default), sets every queue up, goes. */
  start(features?: [number, number], size = 8): void {
    this.write(COMMON.STATUS, 1, 0);
    this.write(COMMON.STATUS, 1, STATUS.ACKNOWLEDGE | STATUS.DRIVER);
    for (const word of [0, 1]) {
      this.write(COMMON.DEVICE_FEATURE_SELECT, 4, word);
      this.write(COMMON.DRIVER_FEATURE_SELECT, 4, word);
      this.write(COMMON.DRIVER_FEATURE, 4, features?.[word] ?? this.read(COMMON.DEVICE_FEATURE, 4));
    }
    this.write(COMMON.STATUS, 1, this.status | STATUS.FEATURES_OK);
    for (let queue = 0; queue < this.read(COMMON.QUEUES, 2); queue++) this.setUp(queue, size);
    this.write(COMMON.STATUS, 1, this.status | STATUS.DRIVER_OK);
  }

  setUp(queue: number, size: number, at: Partial<ReturnType<typeof layout>> = {}): void {
    const { table, avail, used } = { ...layout(queue), ...at };
    this.availIndex[queue] = 0;
    this.write(COMMON.QUEUE_SELECT, 2, queue);
    this.write(COMMON.QUEUE_SIZE, 2, size);
    for (const [offset, address] of [
      [COMMON.QUEUE_DESCRIPTORS, table],
      [COMMON.QUEUE_DRIVER, avail],
      [COMMON.QUEUE_DEVICE, used],
    ]) {
      this.write(offset, 4, address % 2 ** 32);
      this.write(offset + 4, 4, Math.floor(address / 2 ** 32));
    }
    this.write(COMMON.QUEUE_ENABLE, 2, 1);
  }

  describe(queue: number, index: number, descriptor: Descriptor): void {
    this.put(layout(queue).table + index * 16, descriptor);
  }

  /** Writes a descriptor anywhere, as of an indirect table. */
  put(at: number, { address, length, flags = 0, next = 0 }: Descriptor): void {
    const view = new DataView(this.memory.bytes.buffer);
    view.setUint32(at, address % 2 ** 32, true);
    view.setUint32(at + 4, Math.floor(address / 2 ** 32), true);
    view.setUint32(at + 8, length, true);
    view.setUint16(at + 12, flags, true);
    view.setUint16(at + 14, next, true);
  }

  /** Makes the chain that begins at `head` available. */
  offer(queue: number, head: number, size = 8): void {
    const { avail } = layout(queue);
    const index = this.availIndex[queue];
    const view = new DataView(this.memory.bytes.buffer);
    view.setUint16(avail + 4 + (index % size) * 2, head, true);
    this.availIndex[queue] = (index + 1) & 0xffff;
    view.setUint16(avail + 2, this.availIndex[queue], true);
  }

  setAvailIndex(queue: number, index: number): void {
    new DataView(this.memory.bytes.buffer).setUint16(layout(queue).avail + 2, index, true);
  }

  notify(queue: number): void {
    this.write(NOTIFY + queue * 4, 2, queue);
  }

  /** Describes `parts` as one chain from descriptor 0 on, offers and notifies it. */
  send(queue: number, parts: Descriptor[]): void {
    parts.forEach((part, i) => {
      const more = i + 1 < parts.length ? DESCRIPTOR.NEXT : 0;
      this.describe(queue, i, { ...part, flags: (part.flags ?? 0) | more, next: i + 1 });
    });
    this.offer(queue, 0);
    this.notify(queue);
  }

  usedIndex(queue: number): number {
    return this.memory.readU16(layout(queue).used + 2);
  }
  /** Head and length of a used entry. */
  used(queue: number, index: number): { head: number; length: number } {
    const at = layout(queue).used + 4 + index * 8;
    return { head: this.memory.readU32(at), length: this.memory.readU32(at + 4) };
  }
  setUsedEvent(queue: number, index: number, size = 8): void {
    new DataView(this.memory.bytes.buffer).setUint16(layout(queue).avail + 4 + size * 2, index, true);
  }
  availEvent(queue: number, size = 8): number {
    return this.memory.readU16(layout(queue).used + 4 + size * 8);
  }
}

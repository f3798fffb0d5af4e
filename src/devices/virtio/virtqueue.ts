// One split virtqueue: the only code that touches rings. Everything in them is a guest's word and is checked here.
// Source: virtio 1.2, section 2.7 (split virtqueues), 2.7.10 (used_event and avail_event).
import type { DirectMemory } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

export const QUEUE_SIZE_MAX = 1024;
export const NO_VECTOR = 0xffff;

const DESCRIPTOR = 16;
const FLAG = { NEXT: 1, WRITE: 2, INDIRECT: 4 };
const NO_INTERRUPT = 1;
/** Bytes of one chain, whatever its descriptors add up to. */
const CHAIN_BYTES_MAX = 2 ** 31;
const FIELDS = [
  ...['size', 'enabled', 'vector', 'descriptors', 'driverArea', 'deviceArea', 'lastAvail', 'usedIndex', 'signalled'],
  ...['eventIndex'],
];

/** The driver broke a rule of the ring; the device must stop and ask for a reset. */
export class RingError extends Error {
  override readonly name = 'RingError';
}

/** One buffer of a chain: its bytes in guest memory, in place. */
export interface Buffer {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** A request: what the device may read, then what it may write. */
export interface Chain {
  readonly head: number;
  readonly readable: Buffer[];
  readonly writable: Buffer[];
  readonly readableBytes: number;
  readonly writableBytes: number;
}

export class Virtqueue {
  /** What the driver chose; a power of two. */
  size: number;
  enabled = false;
  /** MSI-X vector of its interrupts. */
  vector = NO_VECTOR;
  /** Guest-physical addresses as written; beyond 4 GiB there is nothing. */
  descriptors = 0;
  driverArea = 0;
  deviceArea = 0;
  /** The driver has accepted VIRTIO_F_EVENT_IDX. */
  eventIndex = false;

  private lastAvail = 0;
  private usedIndex = 0;
  /** Value of usedIndex when the driver was last told of it; -1: never. */
  private signalled = -1;
  private table: DataView | undefined;
  private avail: DataView | undefined;
  private used: DataView | undefined;

  constructor(
    private readonly memory: DirectMemory,
    readonly sizeMax: number,
  ) {
    this.size = sizeMax;
  }

  reset(): void {
    this.size = this.sizeMax;
    this.enabled = false;
    this.vector = NO_VECTOR;
    this.descriptors = 0;
    this.driverArea = 0;
    this.deviceArea = 0;
    this.eventIndex = false;
    this.lastAvail = 0;
    this.usedIndex = 0;
    this.signalled = -1;
    this.table = undefined;
    this.avail = undefined;
    this.used = undefined;
  }

  /** Throws RingError when the size or an address cannot be. */
  enable(): void {
    const { size } = this;
    if (size === 0 || size > this.sizeMax || (size & (size - 1)) !== 0) throw new RingError(`queue size ${size}`);
    this.table = this.area('descriptor table', this.descriptors, 16, size * DESCRIPTOR);
    this.avail = this.area('available ring', this.driverArea, 2, 6 + size * 2);
    this.used = this.area('used ring', this.deviceArea, 4, 6 + size * 8);
    this.enabled = true;
  }

  /** The next request, or undefined. Throws RingError. */
  next(): Chain | undefined {
    const { table, avail } = this;
    if (!table || !avail) return undefined;
    const waiting = (avail.getUint16(2, true) - this.lastAvail) & 0xffff;
    if (waiting === 0) return undefined;
    if (waiting > this.size) throw new RingError(`available index is ${waiting} ahead in a ring of ${this.size}`);
    const head = avail.getUint16(4 + (this.lastAvail & (this.size - 1)) * 2, true);
    const chain = this.collect(table, head);
    this.lastAvail = (this.lastAvail + 1) & 0xffff;
    return chain;
  }

  /** Whether `next` would find something. */
  get waiting(): boolean {
    return this.avail !== undefined && this.avail.getUint16(2, true) !== this.lastAvail;
  }

  /** Puts the chain that `next` gave last back, to be given again. */
  unread(): void {
    this.lastAvail = (this.lastAvail - 1) & 0xffff;
  }

  /** Gives a request back; `written` bytes of its writable part have been filled. */
  push(chain: Chain, written: number): void {
    const { used } = this;
    if (!used) return;
    let left = written;
    for (const { address, bytes } of chain.writable) {
      if (left <= 0) break;
      this.memory.written(address, Math.min(left, bytes.length));
      left -= bytes.length;
    }
    const entry = 4 + (this.usedIndex & (this.size - 1)) * 8;
    used.setUint32(entry, chain.head, true);
    used.setUint32(entry + 4, written, true);
    this.memory.written(this.deviceArea + entry, 8);
    this.usedIndex = (this.usedIndex + 1) & 0xffff;
    used.setUint16(2, this.usedIndex, true);
    this.memory.written(this.deviceArea + 2, 2);
  }

  /** Asks to be notified of the next request. */
  listen(): void {
    if (!this.used || !this.eventIndex) return;
    this.used.setUint16(4 + this.size * 8, this.lastAvail, true);
    this.memory.written(this.deviceArea + 4 + this.size * 8, 2);
  }

  /** Whether the driver wants an interrupt for what has been pushed since it was last told. */
  takeSignal(): boolean {
    const { avail, usedIndex, signalled } = this;
    if (!avail || usedIndex === signalled) return false;
    this.signalled = usedIndex;
    if (!this.eventIndex) return (avail.getUint16(0, true) & NO_INTERRUPT) === 0;
    if (signalled < 0) return true;
    const event = avail.getUint16(4 + this.size * 2, true);
    return ((usedIndex - event - 1) & 0xffff) < ((usedIndex - signalled) & 0xffff);
  }

  save(): unknown {
    return saveFields(this, FIELDS);
  }

  /** Throws SnapshotError, or RingError when the areas do not lie in memory. */
  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
    if (this.enabled) this.enable();
  }

  private area(what: string, address: number, alignment: number, length: number): DataView {
    const bytes = address % alignment === 0 ? this.memory.ram(address, length) : undefined;
    if (!bytes) throw new RingError(`${what} at 0x${address.toString(16)}, ${length} bytes`);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private collect(queueTable: DataView, head: number): Chain {
    const readable: Buffer[] = [];
    const writable: Buffer[] = [];
    let readableBytes = 0;
    let writableBytes = 0;
    let table = queueTable;
    let entries = this.size;
    let index = head;
    let indirect = false;
    for (let count = 0; ; count++) {
      if (count === this.size) throw new RingError('a chain longer than its queue');
      if (index >= entries) throw new RingError(`descriptor ${index} of ${entries}`);
      const at = index * DESCRIPTOR;
      const address = table.getUint32(at, true);
      const high = table.getUint32(at + 4, true);
      const length = table.getUint32(at + 8, true);
      const flags = table.getUint16(at + 12, true);
      if (flags & FLAG.INDIRECT) {
        if (indirect || flags & FLAG.NEXT || length === 0 || length % DESCRIPTOR !== 0) {
          throw new RingError(`an indirect table of ${length} bytes with flags ${flags}`);
        }
        entries = length / DESCRIPTOR;
        if (entries > this.size) throw new RingError(`an indirect table of ${entries} in a queue of ${this.size}`);
        table = this.indirectTable(address, high, length);
        indirect = true;
        index = 0;
        count--; // the table is full with as many buffers as the queue has entries
        continue;
      }
      const bytes = high === 0 && length > 0 ? this.memory.ram(address, length) : undefined;
      if (!bytes) throw new RingError(`a buffer of ${length} bytes at 0x${address.toString(16)}`);
      if (flags & FLAG.WRITE) {
        writable.push({ address, bytes });
        writableBytes += length;
      } else {
        if (writable.length > 0) throw new RingError('a readable buffer behind a writable one');
        readable.push({ address, bytes });
        readableBytes += length;
      }
      if (readableBytes + writableBytes > CHAIN_BYTES_MAX) throw new RingError('a chain of more than 2 GiB');
      if (!(flags & FLAG.NEXT)) return { head, readable, writable, readableBytes, writableBytes };
      index = table.getUint16(at + 14, true);
    }
  }

  private indirectTable(address: number, high: number, length: number): DataView {
    const bytes = high === 0 ? this.memory.ram(address, length) : undefined;
    if (!bytes) throw new RingError(`an indirect table at 0x${address.toString(16)}`);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

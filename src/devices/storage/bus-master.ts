// The bus master of one IDE channel: walks a table of physical regions and moves data between them and the device.
// Source: Programming Interface for Bus Master IDE Controller, revision 1.0.
import type { DmaPort } from './ata-device.js';
import { BytePorts } from '../byte-ports.js';
import type { GuestMemory, PortDevice, Resettable, Snapshottable } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

const COMMAND = { START: 0x01, TO_MEMORY: 0x08 };
const STATUS = { ACTIVE: 0x01, ERROR: 0x02, INTERRUPT: 0x04, CAPABLE: 0x60 };
const LAST = 0x80000000;
/** A table lies within 64 KiB, so it has at most this many entries. */
const MOST_ENTRIES = 8192;

const FIELDS = ['command', 'status', 'table', 'next', 'entries', 'address', 'left', 'last'];

export class BusMaster implements DmaPort, Snapshottable, Resettable {
  /** 8 ports. */
  readonly ports: PortDevice = new BytePorts(
    8,
    (offset) => this.read(offset),
    (offset, value) => this.write(offset, value),
  );
  /** Called when the guest starts the engine. */
  started: () => void = () => {};

  private command = 0;
  private status = 0;
  private table = 0;
  /** The next entry of the table, how many have been read, and what is left of the present region. */
  private next = 0;
  private entries = 0;
  private address = 0;
  private left = 0;
  private last = false;

  constructor(private readonly memory: GuestMemory) {}

  get active(): boolean {
    return (this.status & STATUS.ACTIVE) !== 0;
  }

  get toMemoryDirection(): boolean {
    return (this.command & COMMAND.TO_MEMORY) !== 0;
  }

  /** The device has interrupted; once all regions are used up the engine is done as well. */
  deviceInterrupt(): void {
    this.status |= STATUS.INTERRUPT;
    if (this.last && this.left === 0) this.status &= ~STATUS.ACTIVE;
  }

  toMemory(bytes: Uint8Array): number {
    return this.walk(bytes, (address, part) => this.memory.write(address, part));
  }

  fromMemory(bytes: Uint8Array): number {
    return this.walk(bytes, (address, part) => this.memory.read(address, part));
  }

  reset(): void {
    this.command = 0;
    this.status = 0;
    this.table = 0;
    this.left = 0;
    this.last = false;
  }

  save(): unknown {
    return saveFields(this, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
  }

  private walk(bytes: Uint8Array, move: (address: number, part: Uint8Array) => void): number {
    let done = 0;
    while (done < bytes.length) {
      if (this.left === 0 && !this.fetch()) {
        this.status &= ~STATUS.ACTIVE;
        break;
      }
      const length = Math.min(this.left, bytes.length - done);
      move(this.address, bytes.subarray(done, done + length));
      done += length;
      this.address += length;
      // Nothing lies past 4 GiB, and nothing wraps: the rest of such a region moves nowhere.
      if (this.address > 0xffffffff) this.address = 0xffffffff;
      this.left -= length;
    }
    return done;
  }

  /** Reads the next entry of the table. */
  private fetch(): boolean {
    if (this.last || this.entries >= MOST_ENTRIES) return false;
    this.entries++;
    const flags = this.memory.readU32((this.next + 4) >>> 0);
    this.address = (this.memory.readU32(this.next) & ~1) >>> 0;
    this.left = flags & 0xfffe || 0x10000;
    this.last = (flags & LAST) !== 0;
    this.next = (this.next + 8) >>> 0;
    return true;
  }

  private read(offset: number): number {
    if (offset === 0) return this.command;
    if (offset === 2) return this.status;
    return offset >= 4 ? (this.table >>> (8 * (offset - 4))) & 0xff : 0;
  }

  private write(offset: number, value: number): void {
    if (offset === 0) this.writeCommand(value & (COMMAND.START | COMMAND.TO_MEMORY));
    else if (offset === 2) {
      const cleared = this.status & ~(value & (STATUS.ERROR | STATUS.INTERRUPT));
      this.status = (cleared & ~STATUS.CAPABLE) | (value & STATUS.CAPABLE);
    } else if (offset >= 4) {
      const shift = 8 * (offset - 4);
      this.table = ((this.table & ~(0xff << shift)) | (value << shift)) & ~3;
    }
  }

  private writeCommand(value: number): void {
    const start = (value & ~this.command & COMMAND.START) !== 0;
    this.command = value;
    if (!(value & COMMAND.START)) {
      this.status &= ~STATUS.ACTIVE;
      return;
    }
    if (!start) return;
    this.status |= STATUS.ACTIVE;
    this.next = this.table >>> 0;
    this.entries = 0;
    this.left = 0;
    this.last = false;
    this.started();
  }
}

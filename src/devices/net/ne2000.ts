// An NE2000 on PCI, as the RTL8029AS makes it: the DP8390's registers, its ring of pages, the remote DMA port.
// Source: National Semiconductor DP8390D data sheet; Realtek RTL8029AS data sheet.
import { floating } from '../byte-ports.js';
import type { StringPortDevice, Width } from '../device.js';
import { crc32OfAddress } from './ethernet-hash.js';
import { PciFunction } from '../pci/pci-function.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

const PAGE = 256;
/** 32 KiB of packet memory at 0x4000; the station address PROM at 0. */
const MEMORY_START = 0x4000;
const MEMORY_END = 0xc000;
const PROM_SIZE = 32;
/** Frames without checksum: 60 to 1514 bytes, and a VLAN tag. */
const LEAST_FRAME = 60;
const MOST_FRAME = 1518;
const HEADER = 4;
const CHECKSUM = 4;

const CR = { STOP: 0x01, START: 0x02, TRANSMIT: 0x04, READ: 0x08, WRITE: 0x10, NO_DMA: 0x20 };
const ISR = { RECEIVED: 0x01, TRANSMITTED: 0x02, OVERFLOW: 0x10, DMA_DONE: 0x40, RESET: 0x80 };
const RCR = { BROADCAST: 0x04, MULTICAST: 0x08, PROMISCUOUS: 0x10, MONITOR: 0x20 };
const RSR = { INTACT: 0x01, GROUP: 0x20 };
const TSR_SENT = 0x01;
const TCR_LOOPBACK = 0x06;
const DCR_WORDS = 0x01;
const IDENTITY = [0x50, 0x70];

const FIELDS = [
  'memory',
  'command',
  'start',
  'stop',
  'boundary',
  'current',
  'transmitPage',
  'transmitCount',
  'transmitStatus',
  'receiveStatus',
  'status',
  'mask',
  'remoteAddress',
  'remoteCount',
  'receiveControl',
  'transmitControl',
  'dataControl',
  'station',
  'multicast',
];

export interface Ne2000Options {
  /** Six bytes. */
  address: Uint8Array;
  /** A frame that the guest sends, without checksum. The bytes are the receiver's own. */
  send: (frame: Uint8Array) => void;
}

/** Pages that a frame takes. The chip links the next one as soon as one is full, whether or not the frame goes on: drivers count so. */
const pagesOf = (length: number): number => Math.floor((HEADER + length + CHECKSUM) / PAGE) + 1;

export class Ne2000 extends PciFunction {
  private readonly memory = new Uint8Array(MEMORY_END);
  private command = CR.STOP | CR.NO_DMA;
  /** Pages of the receive ring: first, one past the last, where the guest has read to, where the next frame goes. */
  private start = 0;
  private stop = 0;
  private boundary = 0;
  private current = 0;
  private transmitPage = 0;
  private transmitCount = 0;
  private transmitStatus = 0;
  private receiveStatus = 0;
  private status = ISR.RESET;
  private mask = 0;
  private remoteAddress = 0;
  private remoteCount = 0;
  private receiveControl = 0;
  private transmitControl = 0;
  private dataControl = 0;
  private readonly station = new Uint8Array(6);
  private readonly multicast = new Uint8Array(8);

  constructor(private readonly options: Ne2000Options) {
    super({
      vendor: 0x10ec,
      device: 0x8029,
      classCode: 0x020000,
      subsystemVendor: 0x10ec,
      subsystem: 0x8029,
      interruptPin: 1,
    });
    this.addBar(0, { kind: 'io', size: 32, ports: this.ports(), name: 'ne2000' });
    this.resetChip();
  }

  /** Whether a frame would find room now. */
  canReceive(): boolean {
    if (this.command & CR.STOP || !this.ringIsValid()) return false;
    return this.freeBytes() > pagesOf(MOST_FRAME) * PAGE;
  }

  /** A frame from the network, without checksum. False: there was no room, and the guest will be told. */
  receive(frame: Uint8Array): boolean {
    if (frame.length > MOST_FRAME || this.command & CR.STOP || !this.ringIsValid()) return false;
    if (!this.wants(frame)) return true;
    const length = Math.max(LEAST_FRAME, frame.length);
    const total = HEADER + length + CHECKSUM;
    const pages = pagesOf(length);
    // the ring is never filled to the boundary, where it would look empty
    if (pages * PAGE >= this.freeBytes()) {
      this.raise(ISR.OVERFLOW);
      return false;
    }
    let next = this.current + pages;
    if (next >= this.stop) next -= this.stop - this.start;
    this.receiveStatus = RSR.INTACT | (frame[0] & 1 ? RSR.GROUP : 0);
    const stored = new Uint8Array(total);
    stored.set([this.receiveStatus, next, total & 0xff, total >> 8]);
    stored.set(frame, HEADER);
    this.storeInRing(stored);
    this.current = next;
    this.raise(ISR.RECEIVED);
    return true;
  }

  override reset(): void {
    super.reset();
    this.resetChip();
  }

  override save(): unknown {
    return { ...(super.save() as object), ...saveFields(this, FIELDS) };
  }

  override restore(state: unknown): void {
    super.restore(state);
    restoreFields(this, FIELDS, state);
    this.drive();
  }

  private ports(): StringPortDevice {
    return {
      readPort: (offset, width) => this.read(offset, width),
      writePort: (offset, width, value) => this.write(offset, width, value),
      readPortString: (offset, width, data) => {
        for (let at = 0; at + width <= data.length; at += width) {
          const value = this.read(offset, width);
          for (let i = 0; i < width; i++) data[at + i] = value >>> (8 * i);
        }
      },
      writePortString: (offset, width, data) => {
        for (let at = 0; at + width <= data.length; at += width) {
          let value = 0;
          for (let i = 0; i < width; i++) value |= data[at + i] << (8 * i);
          this.write(offset, width, value >>> 0);
        }
      },
    };
  }

  private read(offset: number, width: Width): number {
    if (offset >= 0x10 && offset < 0x18) return this.readRemote(width);
    let value = 0;
    for (let i = 0; i < width; i++) value |= (this.readRegister(offset + i) & 0xff) << (8 * i);
    return value >>> 0;
  }

  private write(offset: number, width: Width, value: number): void {
    if (offset >= 0x10 && offset < 0x18) this.writeRemote(width, value);
    else for (let i = 0; i < width; i++) this.writeRegister(offset + i, (value >>> (8 * i)) & 0xff);
    this.drive();
  }

  private readRegister(offset: number): number {
    if (offset >= 0x18 && offset < 0x20) {
      this.resetChip();
      return 0;
    }
    if (offset >= 0x10) return floating(1);
    if (offset === 0) return this.command;
    switch (this.command >> 6) {
      case 0:
        return this.readPage0(offset);
      case 1:
        if (offset < 7) return this.station[offset - 1];
        return offset === 7 ? this.current : this.multicast[offset - 8];
      case 2:
        return this.readPage2(offset);
      default:
        return 0;
    }
  }

  private readPage0(offset: number): number {
    switch (offset) {
      case 0x01:
      case 0x08:
        return this.remoteAddress;
      case 0x02:
      case 0x09:
        return this.remoteAddress >> 8;
      case 0x03:
        return this.boundary;
      case 0x04:
        return this.transmitStatus;
      case 0x07:
        return this.status;
      case 0x0a:
      case 0x0b:
        return IDENTITY[offset - 0x0a];
      case 0x0c:
        return this.receiveStatus;
      default:
        // Collisions, the FIFO, and the tallies of errors that do not happen here.
        return 0;
    }
  }

  private readPage2(offset: number): number {
    switch (offset) {
      case 0x01:
        return this.start;
      case 0x02:
        return this.stop;
      case 0x04:
        return this.transmitPage;
      case 0x0c:
        return this.receiveControl | 0xc0;
      case 0x0d:
        return this.transmitControl | 0xe0;
      case 0x0e:
        return this.dataControl | 0x80;
      case 0x0f:
        return this.mask | 0x80;
      default:
        return 0;
    }
  }

  private writeRegister(offset: number, value: number): void {
    // Writing to the reset ports ends the reset that reading began.
    if (offset >= 0x10) return;
    if (offset === 0) {
      this.writeCommand(value);
      return;
    }
    const page = this.command >> 6;
    if (page === 0) this.writePage0(offset, value);
    else if (page === 1) {
      if (offset < 7) this.station[offset - 1] = value;
      else if (offset === 7) this.current = value;
      else this.multicast[offset - 8] = value;
    }
  }

  private writePage0(offset: number, value: number): void {
    switch (offset) {
      case 0x01:
        this.start = value;
        break;
      case 0x02:
        this.stop = value;
        break;
      case 0x03:
        this.boundary = value;
        break;
      case 0x04:
        this.transmitPage = value;
        break;
      case 0x05:
        this.transmitCount = (this.transmitCount & 0xff00) | value;
        break;
      case 0x06:
        this.transmitCount = (this.transmitCount & 0xff) | (value << 8);
        break;
      case 0x07:
        // The reset bit shows the chip's state and is not acknowledged.
        this.status &= ~(value & 0x7f);
        break;
      case 0x08:
        this.remoteAddress = (this.remoteAddress & 0xff00) | value;
        break;
      case 0x09:
        this.remoteAddress = (this.remoteAddress & 0xff) | (value << 8);
        break;
      case 0x0a:
        this.remoteCount = (this.remoteCount & 0xff00) | value;
        break;
      case 0x0b:
        this.remoteCount = (this.remoteCount & 0xff) | (value << 8);
        break;
      case 0x0c:
        this.receiveControl = value & 0x3f;
        break;
      case 0x0d:
        this.transmitControl = value & 0x1f;
        break;
      case 0x0e:
        this.dataControl = value & 0x7f;
        break;
      case 0x0f:
        this.mask = value & 0x7f;
        break;
    }
  }

  private writeCommand(value: number): void {
    this.command = value & ~CR.TRANSMIT;
    if (value & CR.STOP) this.status |= ISR.RESET;
    else if (value & CR.START) this.status &= ~ISR.RESET;
    // A transfer of no bytes is done as it begins.
    if (value & (CR.READ | CR.WRITE) && !(value & CR.NO_DMA) && this.remoteCount === 0) this.status |= ISR.DMA_DONE;
    if (value & CR.TRANSMIT && !(value & CR.STOP)) this.transmit();
  }

  private transmit(): void {
    const first = this.transmitPage * PAGE;
    const frame = new Uint8Array(Math.min(this.transmitCount, MOST_FRAME));
    for (let i = 0; i < frame.length; i++) frame[i] = this.peek(first + i);
    this.transmitStatus = TSR_SENT;
    this.raise(ISR.TRANSMITTED);
    if (this.transmitControl & TCR_LOOPBACK) this.receive(frame);
    else if (frame.length > 0) this.options.send(frame);
  }

  private peek(address: number): number {
    if (address < PROM_SIZE || (address >= MEMORY_START && address < MEMORY_END)) return this.memory[address];
    return 0xff;
  }

  /** One access of the data port. In word mode the chip fetches words, of which a byte access sees the low half. */
  private readRemote(width: Width): number {
    const step = Math.max(width, this.dataControl & DCR_WORDS ? 2 : 1);
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.peek((this.remoteAddress + i) & 0xffff) << (8 * i);
    this.advanceRemote(step);
    this.drive();
    return value >>> 0;
  }

  private writeRemote(width: Width, value: number): void {
    if (this.remoteCount === 0) return;
    for (let i = 0; i < width; i++) {
      const address = (this.remoteAddress + i) & 0xffff;
      if (address >= MEMORY_START && address < MEMORY_END) this.memory[address] = value >>> (8 * i);
    }
    this.advanceRemote(Math.max(width, this.dataControl & DCR_WORDS ? 2 : 1));
  }

  /** At the end of the ring the address goes on at its beginning. */
  private advanceRemote(step: number): void {
    this.remoteAddress = (this.remoteAddress + step) & 0xffff;
    if (this.remoteAddress === this.stop * PAGE) this.remoteAddress = this.start * PAGE;
    if (this.remoteCount === 0) return;
    this.remoteCount = Math.max(0, this.remoteCount - step);
    if (this.remoteCount === 0) this.status |= ISR.DMA_DONE;
  }

  private ringIsValid(): boolean {
    const inMemory = this.start * PAGE >= MEMORY_START && this.stop * PAGE <= MEMORY_END && this.start < this.stop;
    return inMemory && this.current >= this.start && this.current < this.stop;
  }

  private freeBytes(): number {
    const pages = this.boundary - this.current;
    return (pages > 0 ? pages : pages + this.stop - this.start) * PAGE;
  }

  private storeInRing(bytes: Uint8Array): void {
    const at = this.current * PAGE;
    const first = Math.min(bytes.length, this.stop * PAGE - at);
    this.memory.set(bytes.subarray(0, first), at);
    this.memory.set(bytes.subarray(first, first + (this.stop - this.start) * PAGE), this.start * PAGE);
  }

  /** The address filter. In monitor mode frames are looked at and not kept. */
  private wants(frame: Uint8Array): boolean {
    const control = this.receiveControl;
    if (control & RCR.MONITOR) return false;
    const address = frame.subarray(0, 6);
    if (address.length < 6) return false;
    if (address.every((byte) => byte === 0xff)) return (control & (RCR.BROADCAST | RCR.PROMISCUOUS)) !== 0;
    if (address[0] & 1) {
      if (control & RCR.PROMISCUOUS) return true;
      const hash = crc32OfAddress(address) >>> 26;
      return (control & RCR.MULTICAST) !== 0 && (this.multicast[hash >> 3] & (1 << (hash & 7))) !== 0;
    }
    return (control & RCR.PROMISCUOUS) !== 0 || address.every((byte, i) => byte === this.station[i]);
  }

  private raise(bits: number): void {
    this.status |= bits;
    this.drive();
  }

  private drive(): void {
    this.setInterrupt((this.status & this.mask & 0x7f) !== 0);
  }

  private resetChip(): void {
    this.command = CR.STOP | CR.NO_DMA;
    this.status = ISR.RESET;
    this.mask = 0;
    this.remoteCount = 0;
    // The PROM gives each byte twice, and 'W' at its end for a card with 16 bits.
    for (let i = 0; i < 16; i++) this.memory.fill(i < 6 ? this.options.address[i] : 0x57, 2 * i, 2 * i + 2);
    this.drive();
  }
}

// QEMU's firmware configuration device: numbered items and named files that firmware reads by port or by DMA.
// Source: QEMU docs/specs/fw_cfg.rst.
import { floating } from '../byte-ports.js';
import type { GuestMemory, Resettable, Snapshottable, StringPortDevice, Width } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

const KEY = { SIGNATURE: 0x00, ID: 0x01, FILE_DIR: 0x19, FIRST_FILE: 0x20 };
const ID_TRADITIONAL = 1;
const ID_DMA = 2;
const NAME_SIZE = 56;
const PORT = { SELECT: 0, DATA: 1, DMA_HIGH: 4, DMA_LOW: 8 };
/** The DMA register reads as "QEMU CFG". */
const DMA_SIGNATURE = [0x51, 0x45, 0x4d, 0x55, 0x20, 0x43, 0x46, 0x47];
const DMA = { ERROR: 1, READ: 2, SKIP: 4, SELECT: 8, WRITE: 16 };
/** Zeros past the end of an item that one command may ask for. */
const MOST_PADDING = 1 << 20;
const FIELDS = ['selected', 'offset', 'dmaHigh'];

export class FwCfg implements StringPortDevice, Snapshottable, Resettable {
  private selected = 0;
  private offset = 0;
  private dmaHigh = 0;
  private readonly items = new Map<number, Uint8Array>();
  private readonly files = new Map<string, Uint8Array>();

  constructor(private readonly memory: GuestMemory) {
    this.addItem(KEY.SIGNATURE, Uint8Array.of(0x51, 0x45, 0x4d, 0x55));
    this.addItem(KEY.ID, Uint8Array.of(ID_TRADITIONAL | ID_DMA, 0, 0, 0));
    this.listFiles();
  }

  addItem(key: number, bytes: Uint8Array): void {
    this.items.set(key, bytes);
  }

  /** Adds a file before the machine starts. Names are at most 55 characters. */
  addFile(name: string, bytes: Uint8Array): void {
    if (name.length >= NAME_SIZE) throw new RangeError(`firmware file name of more than 55 characters: ${name}`);
    this.files.set(name, bytes);
    this.listFiles();
  }

  readPort(offset: number, width: Width): number {
    if (offset === PORT.DATA) return ((floating(width) & ~0xff) | this.next()) >>> 0;
    if (offset < PORT.DMA_HIGH) return floating(width);
    let value = 0;
    for (let i = 0; i < width; i++) value |= (DMA_SIGNATURE[offset - PORT.DMA_HIGH + i] ?? 0xff) << (8 * i);
    return value >>> 0;
  }

  writePort(offset: number, width: Width, value: number): void {
    if (offset === PORT.SELECT && width <= 2) {
      this.selected = value & 0xffff;
      this.offset = 0;
    } else if (offset === PORT.DMA_HIGH && width === 4) this.dmaHigh = swap32(value);
    else if (offset === PORT.DMA_LOW && width === 4) {
      const high = this.dmaHigh;
      this.dmaHigh = 0;
      if (high === 0) this.runDma(swap32(value));
    }
  }

  readPortString(offset: number, width: Width, data: Uint8Array): void {
    if (offset === PORT.DATA && width === 1) {
      for (let i = 0; i < data.length; i++) data[i] = this.next();
      return;
    }
    for (let i = 0; i < data.length; i += width) {
      const value = this.readPort(offset, width);
      for (let j = 0; j < width; j++) data[i + j] = value >>> (8 * j);
    }
  }

  writePortString(offset: number, width: Width, data: Uint8Array): void {
    for (let i = 0; i + width <= data.length; i += width) {
      let value = 0;
      for (let j = 0; j < width; j++) value |= data[i + j] << (8 * j);
      this.writePort(offset, width, value >>> 0);
    }
  }

  reset(): void {
    this.selected = 0;
    this.offset = 0;
    this.dmaHigh = 0;
  }

  save(): unknown {
    return saveFields(this, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
  }

  private item(): Uint8Array {
    return this.items.get(this.selected & 0xbfff) ?? new Uint8Array(0);
  }

  /** Past the end there are zeros. */
  private next(): number {
    const byte = this.item()[this.offset] ?? 0;
    this.skip(1);
    return byte;
  }

  private skip(bytes: number): void {
    this.offset = Math.min(this.offset + bytes, 0xffffffff);
  }

  private runDma(address: number): void {
    const command = new Uint8Array(16);
    this.memory.read(address, command);
    const data = new DataView(command.buffer);
    const control = data.getUint32(0);
    const length = data.getUint32(4);
    const high = data.getUint32(8);
    const target = data.getUint32(12);
    if (control & DMA.SELECT) {
      this.selected = control >>> 16;
      this.offset = 0;
    }
    let failed = false;
    if (control & DMA.READ) failed = high !== 0 || !this.dmaRead(target, length);
    else if (control & DMA.WRITE) failed = true;
    else if (control & DMA.SKIP) this.skip(length);
    this.memory.writeU32(address, swap32(failed ? DMA.ERROR : 0));
  }

  private dmaRead(target: number, length: number): boolean {
    const bytes = this.item().subarray(this.offset, this.offset + length);
    const padding = length - bytes.length;
    if (padding > MOST_PADDING) return false;
    this.memory.write(target, bytes);
    if (padding > 0 && target + bytes.length <= 0xffffffff) {
      this.memory.write(target + bytes.length, new Uint8Array(padding));
    }
    this.skip(length);
    return true;
  }

  /** The directory and the keys of the files, which follow the order of their names. */
  private listFiles(): void {
    const names = [...this.files.keys()].sort();
    const directory = new Uint8Array(4 + names.length * 64);
    const data = new DataView(directory.buffer);
    data.setUint32(0, names.length);
    names.forEach((name, index) => {
      const bytes = this.files.get(name) ?? new Uint8Array(0);
      const at = 4 + index * 64;
      data.setUint32(at, bytes.length);
      data.setUint16(at + 4, KEY.FIRST_FILE + index);
      for (let i = 0; i < name.length; i++) directory[at + 8 + i] = name.charCodeAt(i);
      this.addItem(KEY.FIRST_FILE + index, bytes);
    });
    this.addItem(KEY.FILE_DIR, directory);
  }
}

function swap32(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

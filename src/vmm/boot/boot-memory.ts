// Guest RAM as a loader sees it: pieces to read files into, and checked room for them.
// Ours.
import type { ByteSource } from '../../base/host.js';

/** Files are read in pieces of this size, so that progress can be shown and nothing large is allocated. */
const PIECE = 4 * 1024 * 1024;

export type Progress = (name: string, done: number, total: number) => void;

export class BootMemory {
  /** `ram` is the guest's RAM from physical address 0, contiguous. */
  constructor(
    private readonly ram: Uint8Array,
    private readonly progress: Progress = () => {},
  ) {}

  get size(): number {
    return this.ram.length;
  }

  /** The bytes at `address`; the caller has checked that they are there. */
  at(address: number, length: number): Uint8Array {
    return this.ram.subarray(address, address + length);
  }

  write(address: number, bytes: Uint8Array): void {
    this.ram.set(bytes, address);
  }

  view(address: number, length: number): DataView {
    return new DataView(this.ram.buffer, this.ram.byteOffset + address, length);
  }

  /** Reads `length` bytes of `file` to `address`. */
  load(file: ByteSource, offset: number, address: number, length: number): void {
    for (let done = 0; done < length; done += PIECE) {
      const piece = Math.min(PIECE, length - done);
      file.read(offset + done, this.at(address + done, piece));
      this.progress(file.name, done + piece, length);
    }
  }
}

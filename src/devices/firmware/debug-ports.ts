// Ports by which a guest talks to its developer: the 0xE9 console, isa-debug-exit, and byte logs.
// Source: Bochs "port_e9_hack"; QEMU's isa-debugcon and isa-debug-exit.
import type { PortDevice, Width } from '../device.js';
import { floating } from '../byte-ports.js';

/** Reads as this value where a debug console listens. */
export const DEBUG_CONSOLE_PRESENT = 0xe9;

/** Passes each byte written on to `write`. What a guest may write in all is bounded by whoever takes the bytes. */
export class DebugConsole implements PortDevice {
  constructor(private readonly write: (byte: number) => void) {}

  readPort(_offset: number, width: Width): number {
    return ((floating(width) & ~0xff) | DEBUG_CONSOLE_PRESENT) >>> 0;
  }

  writePort(_offset: number, width: Width, value: number): void {
    for (let i = 0; i < width; i++) this.write((value >>> (8 * i)) & 0xff);
  }
}

/** Ends the machine with a value. */
export class DebugExit implements PortDevice {
  constructor(private readonly exit: (value: number) => void) {}

  readPort(): number {
    return 0;
  }

  writePort(_offset: number, _width: Width, value: number): void {
    this.exit(value >>> 0);
  }
}

/** Collects bytes written to a port and hands them on in blocks; past `limit` bytes in all it drops them. */
export class LogPort implements PortDevice {
  /** Bytes that the guest wrote, and those of them that were dropped. */
  written = 0;
  dropped = 0;
  private readonly block: Uint8Array;
  private used = 0;

  constructor(
    private readonly sink: (bytes: Uint8Array) => void,
    private readonly limit = 1 << 30,
    blockSize = 4096,
  ) {
    this.block = new Uint8Array(blockSize);
  }

  readPort(_offset: number, width: Width): number {
    return floating(width);
  }

  writePort(_offset: number, width: Width, value: number): void {
    for (let i = 0; i < width; i++) this.append((value >>> (8 * i)) & 0xff);
  }

  /** Hands on what has been collected. The machine calls it when it stops, and now and then. */
  flush(): void {
    if (this.used === 0) return;
    const bytes = this.block.slice(0, this.used);
    this.used = 0;
    this.sink(bytes);
  }

  private append(byte: number): void {
    if (this.written++ >= this.limit) {
      this.dropped++;
      return;
    }
    this.block[this.used++] = byte;
    if (this.used === this.block.length) this.flush();
  }
}

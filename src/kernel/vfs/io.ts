// Where data of a read goes and data of a write comes from: a program's buffers, or the kernel's own bytes. Linux struct iov_iter.
// Files move bytes by `give` and `take` without knowing which it is; a fault of the program ends the transfer short.
import { EFAULT } from '../abi/errno.js';
import type { AddressSpace } from '../mm/address-space.js';
import { clearOut, copyIn, copyOut } from '../mm/user-memory.js';

export interface Io {
  /** Bytes that can still be moved. */
  readonly left: number;
  /** Moves `length` bytes of `from`, from `at` on, into the buffer. How many it took. */
  give(from: Uint8Array, at: number, length: number): number;
  /** Moves `length` bytes out of the buffer to `into` at `at`. How many it gave. */
  take(into: Uint8Array, at: number, length: number): number;
  /** Moves `length` zeros into the buffer. */
  giveZeros(length: number): number;
  /** Passes over `length` bytes: an earlier try of the call has moved them. */
  skip(length: number): void;
  /** Undoes the newest moves of `length` bytes in all. */
  back(length: number): void;
}

/** A program's buffers. */
export class UserIo implements Io {
  left = 0;
  private readonly addresses: number[] = [];
  private readonly lengths: number[] = [];
  private index = 0;
  private offset = 0;

  constructor(private readonly space: AddressSpace) {}

  static of(space: AddressSpace, address: number, length: number): UserIo {
    const io = new UserIo(space);
    io.add(address, length);
    return io;
  }

  add(address: number, length: number): void {
    this.addresses.push(address);
    this.lengths.push(length);
    this.left += length;
  }

  give(from: Uint8Array, at: number, length: number): number {
    return this.move(length, (address, done, piece) => copyOut(this.space, address, from, at + done, piece));
  }

  take(into: Uint8Array, at: number, length: number): number {
    return this.move(length, (address, done, piece) => copyIn(this.space, address, into, at + done, piece));
  }

  giveZeros(length: number): number {
    return this.move(length, (address, _done, piece) => clearOut(this.space, address, piece));
  }

  skip(length: number): void {
    this.move(length, (_address, _done, piece) => piece);
  }

  back(length: number): void {
    this.left += length;
    let rest = length;
    while (rest > 0) {
      if (this.offset === 0) {
        this.index--;
        this.offset = this.lengths[this.index]!;
      }
      const step = Math.min(rest, this.offset);
      this.offset -= step;
      rest -= step;
    }
  }

  private move(length: number, copy: (address: number, done: number, piece: number) => number): number {
    let done = 0;
    while (done < length && this.left > 0) {
      const room = this.lengths[this.index]! - this.offset;
      if (room === 0) {
        this.index++;
        this.offset = 0;
        continue;
      }
      const piece = Math.min(room, length - done);
      const moved = copy(this.addresses[this.index]! + this.offset, done, piece);
      this.offset += moved;
      this.left -= moved;
      done += moved;
      if (moved < piece) break;
    }
    return done;
  }
}

/** The kernel's own bytes. */
export class KernelIo implements Io {
  private position = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.position;
  }
  /** Bytes that were moved. */
  get done(): number {
    return this.position;
  }

  give(from: Uint8Array, at: number, length: number): number {
    const piece = Math.min(length, this.left);
    this.bytes.set(from.subarray(at, at + piece), this.position);
    this.position += piece;
    return piece;
  }

  take(into: Uint8Array, at: number, length: number): number {
    const piece = Math.min(length, this.left);
    into.set(this.bytes.subarray(this.position, this.position + piece), at);
    this.position += piece;
    return piece;
  }

  giveZeros(length: number): number {
    const piece = Math.min(length, this.left);
    this.bytes.fill(0, this.position, this.position + piece);
    this.position += piece;
    return piece;
  }

  skip(length: number): void {
    this.position += Math.min(length, this.left);
  }

  back(length: number): void {
    this.position -= length;
  }
}

/** The value of a transfer that moved `done` of what it wanted: a fault before the first byte is an error. */
export function transferred(done: number, wanted: number): number {
  return done === 0 && wanted > 0 ? -EFAULT : done;
}

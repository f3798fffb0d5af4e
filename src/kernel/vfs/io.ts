// Where data of a read goes and data of a write comes from: a program's buffers, or the kernel's own bytes. Linux struct iov_iter.
// Files move bytes by `give` and `take` without knowing which it is; a fault of the program ends the transfer short.
import { EFAULT } from '../abi/errno.js';
import type { AddressSpace } from '../mm/address-space.js';
import { clearOut, copyIn, copyOut } from '../mm/user-memory.js';

export interface Io {
  /** Bytes that can still be moved. */
  readonly left: number;
  /** Are these a call's own buffers, so that a call that waits finds what it has done in its CallState? */
  readonly resumes: boolean;
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

/** A program's buffers: nearly always one. */
export class UserIo implements Io {
  left: number;
  readonly resumes = true;
  /** Addresses and lengths of the others, in turn. */
  private rest?: number[];
  /** The buffer at hand, and how far it is done. */
  private index = 0;
  private offset = 0;

  constructor(
    private readonly space: AddressSpace,
    private readonly first = 0,
    private readonly firstLength = 0,
  ) {
    this.left = firstLength;
  }

  add(address: number, length: number): void {
    this.rest ??= [];
    this.rest.push(address, length);
    this.left += length;
  }

  give(from: Uint8Array, at: number, length: number): number {
    let done = 0;
    while (done < length) {
      const piece = this.piece(length - done);
      const moved = copyOut(this.space, this.address, from, at + done, piece);
      this.advance(moved);
      done += moved;
      if (moved < piece || piece === 0) break;
    }
    return done;
  }

  take(into: Uint8Array, at: number, length: number): number {
    let done = 0;
    while (done < length) {
      const piece = this.piece(length - done);
      const moved = copyIn(this.space, this.address, into, at + done, piece);
      this.advance(moved);
      done += moved;
      if (moved < piece || piece === 0) break;
    }
    return done;
  }

  giveZeros(length: number): number {
    let done = 0;
    while (done < length) {
      const piece = this.piece(length - done);
      const moved = clearOut(this.space, this.address, piece);
      this.advance(moved);
      done += moved;
      if (moved < piece || piece === 0) break;
    }
    return done;
  }

  skip(length: number): void {
    for (let left = length; left > 0; ) {
      const piece = this.piece(left);
      if (piece === 0) return;
      this.advance(piece);
      left -= piece;
    }
  }

  back(length: number): void {
    this.left += length;
    let rest = length;
    while (rest > 0) {
      if (this.offset === 0) {
        this.index--;
        this.offset = this.lengthAt(this.index);
      }
      const step = Math.min(rest, this.offset);
      this.offset -= step;
      rest -= step;
    }
  }

  private lengthAt(index: number): number {
    return index === 0 ? this.firstLength : this.rest![2 * index - 1]!;
  }

  /** Where the next byte is. */
  private get address(): number {
    return (this.index === 0 ? this.first : this.rest![2 * this.index - 2]!) + this.offset;
  }

  /** How many bytes, of `wanted`, lie together from the next one on; 0: there is none. */
  private piece(wanted: number): number {
    if (this.left === 0) return 0;
    while (this.offset === this.lengthAt(this.index)) {
      this.index++;
      this.offset = 0;
    }
    return Math.min(wanted, this.lengthAt(this.index) - this.offset);
  }

  private advance(length: number): void {
    this.offset += length;
    this.left -= length;
  }
}

/** The kernel's own bytes. */
export class KernelIo implements Io {
  readonly resumes = false;
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

// A ring of bytes in shared memory with one writer and one reader, on two threads: a console's output.
// Lamport, "Proving the correctness of multiprocess programs" (1977): each side writes its own index alone.

const HEADER = 8;
const WRITTEN = 0;
const READ = 1;

export class ByteRing {
  private readonly indices: Int32Array;
  private readonly bytes: Uint8Array;

  /** Memory for a ring of `size` bytes, a power of two. */
  static memory(size: number): SharedArrayBuffer {
    return new SharedArrayBuffer(HEADER + size);
  }

  constructor(memory: SharedArrayBuffer) {
    this.indices = new Int32Array(memory, 0, 2);
    this.bytes = new Uint8Array(memory, HEADER);
  }

  /** Bytes that wait to be read. The indices grow without end, modulo 2^32. */
  get length(): number {
    return (Atomics.load(this.indices, WRITTEN) - Atomics.load(this.indices, READ)) >>> 0;
  }

  /** Writes what fits; how much that was. */
  write(from: Uint8Array): number {
    const count = Math.min(from.length, this.bytes.length - this.length);
    const at = Atomics.load(this.indices, WRITTEN);
    for (let i = 0; i < count; i++) this.bytes[(at + i) & (this.bytes.length - 1)] = from[i];
    Atomics.store(this.indices, WRITTEN, (at + count) | 0);
    return count;
  }

  /** Takes what is there, at most so many bytes. */
  read(most: number): Uint8Array {
    const count = Math.min(most, this.length);
    const at = Atomics.load(this.indices, READ);
    const into = new Uint8Array(count);
    for (let i = 0; i < count; i++) into[i] = this.bytes[(at + i) & (this.bytes.length - 1)];
    Atomics.store(this.indices, READ, (at + count) | 0);
    return into;
  }
}

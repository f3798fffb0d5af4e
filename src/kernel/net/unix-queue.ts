// What a Unix socket has been sent and has not read: messages, or the bytes of a stream as writes brought them. Linux net/unix/af_unix.c,
// unix_stream_read_generic, __unix_dgram_recvmsg.
import { EFAULT } from '../abi/errno.js';
import { MSG_PEEK, MSG_TRUNC } from '../abi/socket.js';
import type { HeldMemory } from '../mm/held-memory.js';
import type { Io } from '../vfs/io.js';
import { type Ancillary, dropFiles, type Received } from './socket.js';

/** The buffer that an empty stream keeps for what is written next, if that is little. */
const SMALL = 1024;
/** What a chunk takes beside its bytes, about. */
const OVERHEAD = 256;

/** A message, or bytes of a stream that came with one write. */
interface Chunk {
  bytes: Uint8Array;
  /** What of `bytes` has not been read yet. */
  at: number;
  end: number;
  from: Uint8Array;
  ancillary?: Ancillary;
}

export class UnixQueue {
  private chunks: Chunk[] = [];
  /** Bytes that wait, as they count against the buffer's size: an empty message is one. */
  size = 0;
  private small?: Uint8Array;

  constructor(private readonly memory: HeldMemory) {}

  /** Messages, or pieces of a stream. */
  get length(): number {
    return this.chunks.length;
  }

  /** Bytes that a stream has to read. */
  get streamBytes(): number {
    return this.chunks.reduce((sum, { end, at }) => sum + end - at, 0);
  }

  /** Bytes of the next message. */
  get messageBytes(): number {
    return this.chunks[0]?.bytes.length ?? 0;
  }

  /** Is there memory for so many bytes that are to come? */
  holdMore(length: number): boolean {
    return this.memory.hold(this.size + length + (this.chunks.length + 1) * OVERHEAD, true);
  }

  /** Room for `length` bytes of a stream. */
  bufferFor(length: number): Uint8Array {
    if (this.chunks.length > 0 || length > SMALL) return new Uint8Array(length);
    this.small ??= new Uint8Array(SMALL);
    return this.small;
  }

  /** The first `end` of `bytes`, with what goes along. */
  put(bytes: Uint8Array, end: number, from: Uint8Array, ancillary: Ancillary | undefined): void {
    this.chunks.push({ bytes, at: 0, end, from, ancillary });
    this.size += Math.max(1, end);
    for (const file of ancillary?.files ?? []) file.hold();
  }

  private remove(): void {
    const chunk = this.chunks.shift()!;
    this.size -= Math.max(1, chunk.end);
    this.memory.hold(this.size + this.chunks.length * OVERHEAD);
  }

  readStream(io: Io, flags: number): Received | number {
    const peek = (flags & MSG_PEEK) !== 0;
    const wanted = io.left;
    let length = 0;
    let ancillary: Ancillary | undefined;
    let index = 0;
    while (io.left > 0) {
      const chunk = this.chunks[index];
      if (!chunk) break;
      // descriptors mark where a read ends
      if (length > 0 && (chunk.ancillary?.files || ancillary?.files)) break;
      const piece = Math.min(io.left, chunk.end - chunk.at);
      const moved = io.give(chunk.bytes, chunk.at, piece);
      length += moved;
      if (chunk.ancillary) {
        ancillary = peek ? heldAgain(chunk.ancillary) : chunk.ancillary;
        if (!peek) chunk.ancillary = undefined;
      }
      if (peek) {
        index++;
        continue;
      }
      chunk.at += moved;
      if (moved < piece) break;
      if (chunk.at === chunk.end) this.remove();
    }
    if (length === 0 && wanted > 0) return -EFAULT;
    return { length, ancillary, flags: 0 };
  }

  readMessage(io: Io, flags: number): Received | number {
    const { bytes, from, ancillary } = this.chunks[0]!;
    const room = Math.min(io.left, bytes.length);
    if (io.give(bytes, 0, room) < room) return -EFAULT;
    const peek = (flags & MSG_PEEK) !== 0;
    if (!peek) this.remove();
    const truncated = room < bytes.length;
    return {
      length: truncated && (flags & MSG_TRUNC) !== 0 ? bytes.length : room,
      from: from.length > 2 ? from : undefined,
      ancillary: peek && ancillary ? heldAgain(ancillary) : ancillary,
      flags: truncated ? MSG_TRUNC : 0,
    };
  }

  /** Nobody will read it. */
  drop(): void {
    for (const chunk of this.chunks) dropFiles(chunk.ancillary);
    this.chunks = [];
  }
}

/** For who only looks: the files stay in the queue, too. */
function heldAgain(ancillary: Ancillary): Ancillary {
  return { ...ancillary, files: ancillary.files?.map((file) => file.hold()) };
}

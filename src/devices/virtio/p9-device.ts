// virtio-9p: a folder of the host as a file system of the guest.
// Source: virtio 1.2, section 5.9 (file system devices of type 9).
import type { DirectMemory } from '../device.js';
import { SnapshotError, section } from '../snapshot-fields.js';
import { gather, scatter } from './buffers.js';
import type { FileTree } from '../../base/file-tree.js';
import { MSIZE_MAX, P9Server } from './p9/server.js';
import { VirtioDevice } from './virtio-device.js';
import { RingError, type Virtqueue } from './virtqueue.js';

const TYPE = 9;
const QUEUE_SIZE = 128;
const MOUNT_TAG = 0;
const MESSAGE_MIN = 7;
const REPLY_MIN = 11;
const TAG_MAX = 255;

export class VirtioP9 extends VirtioDevice {
  readonly config: Uint8Array;
  private readonly server: P9Server;

  /** `tag` is what the guest mounts by: ASCII, at most 255 characters. */
  constructor(
    memory: DirectMemory,
    private readonly tag: string,
    tree: FileTree,
  ) {
    super(memory, { type: TYPE, features: [MOUNT_TAG], queues: [QUEUE_SIZE] });
    if (tag.length === 0 || tag.length > TAG_MAX) throw new Error(`a mount tag of ${tag.length} characters`);
    this.config = new Uint8Array(2 + tag.length);
    this.config[0] = tag.length;
    for (let i = 0; i < tag.length; i++) this.config[2 + i] = tag.charCodeAt(i) & 0x7f;
    this.server = new P9Server(tree);
  }

  override reset(): void {
    super.reset();
    this.server?.reset();
  }

  /** Throws SnapshotError when the guest has something open that could not be opened again. */
  override save(): unknown {
    try {
      return { ...(super.save() as object), server: this.server.save() };
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      throw new SnapshotError(`the share ${this.tag} cannot be saved: ${error.message}`);
    }
  }

  override restore(state: unknown): void {
    super.restore(state);
    const { server } = section(state);
    if (server !== undefined) this.server.restore(server);
  }

  protected serve(_index: number, queue: Virtqueue): void {
    for (let chain = queue.next(); chain; chain = queue.next()) {
      const { readable, writable, readableBytes, writableBytes } = chain;
      if (readableBytes < MESSAGE_MIN || readableBytes > MSIZE_MAX)
        throw new RingError(`a message of ${readableBytes} bytes`);
      if (writableBytes < REPLY_MIN) throw new RingError('a message without room for its answer');
      const message = new Uint8Array(readableBytes);
      gather(readable, 0, message);
      // the transport's message may be longer than what the size field says
      const size = Math.min(readableBytes, message[0] | (message[1] << 8) | (message[2] << 16) | (message[3] << 24));
      const reply = this.server.answer(message.subarray(0, Math.max(MESSAGE_MIN, size)), writableBytes);
      queue.push(chain, scatter(writable, 0, reply));
    }
  }
}

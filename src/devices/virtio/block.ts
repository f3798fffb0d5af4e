// virtio-blk: a disk. Requests go to the back-end in place, from and to guest memory.
// Source: virtio 1.2, section 5.2.
import { type BlockBackend, BlockError, readPieces, writePieces } from '../storage/block-backend.js';
import type { DirectMemory, Timer, Timers } from '../device.js';
import type { InFlight } from '../storage/in-flight.js';
import { gather, scatter, slices } from './buffers.js';
import { VirtioDevice } from './virtio-device.js';
import { type Chain, RingError, type Virtqueue } from './virtqueue.js';

const TYPE = 2;
const QUEUE_SIZE = 256;
const SECTOR = 512;
const F = { SEG_MAX: 2, RO: 5, BLK_SIZE: 6, FLUSH: 9, DISCARD: 13, WRITE_ZEROES: 14 };
const REQUEST = { IN: 0, OUT: 1, FLUSH: 4, GET_ID: 8, DISCARD: 11, WRITE_ZEROES: 13 };
const STATUS = { OK: 0, IOERR: 1, UNSUPP: 2 };
const HEADER = 16;
const ID_LENGTH = 20;
const RANGE = 16;
const RANGES_MAX = 16;
/** Most sectors of one discard or write-zeroes range. */
const RANGE_SECTORS = 32768;
const UNMAP = 1;
/** Bytes that one notification may move before the CPU gets its turn again. */
const TURN = 32 * 1024 * 1024;
/** Most flushes on their way at once. A driver may offer the same buffers again and again. */
const FLUSHES_MAX = 64;

export interface BlockOptions {
  memory: DirectMemory;
  timers: Timers;
  backend: BlockBackend;
  /** At most 20 characters. */
  serial: string;
  /** Where to count what goes on beside the CPU; absent: nothing does. */
  inFlight?: InFlight;
}

export class VirtioBlock extends VirtioDevice {
  readonly config = new Uint8Array(60);
  private readonly backend: BlockBackend;
  private readonly serial: string;
  private readonly inFlight?: InFlight;
  /** Flushes of this epoch that are on their way. */
  private flushes = 0;
  private readonly timer: Timer;
  private readonly header = new Uint8Array(HEADER);
  private readonly headerView = new DataView(this.header.buffer);

  constructor({ memory, timers, backend, serial, inFlight }: BlockOptions) {
    const features = [F.SEG_MAX, F.BLK_SIZE, F.FLUSH];
    super(memory, {
      type: TYPE,
      features: backend.readOnly ? [...features, F.RO] : [...features, F.DISCARD, F.WRITE_ZEROES],
      queues: [QUEUE_SIZE],
    });
    this.backend = backend;
    this.serial = serial;
    this.inFlight = inFlight;
    this.timer = timers.create(() => this.notify(0));
    this.now = () => timers.now();
    const view = new DataView(this.config.buffer);
    const sectors = Math.floor(backend.size / SECTOR);
    view.setUint32(0, sectors % 2 ** 32, true);
    view.setUint32(4, Math.floor(sectors / 2 ** 32), true);
    view.setUint32(12, QUEUE_SIZE - 2, true);
    view.setUint32(20, SECTOR, true);
    for (const at of [36, 48]) view.setUint32(at, RANGE_SECTORS, true);
    for (const at of [40, 52]) view.setUint32(at, RANGES_MAX, true);
    view.setUint32(44, (backend.discardUnit ?? SECTOR) / SECTOR, true);
    view.setUint8(56, 1);
  }

  private readonly now: () => number;

  override reset(): void {
    super.reset();
    this.timer.cancel();
    this.flushes = 0;
  }

  /** A snapshot of a device with work left notifies itself again. */
  override restore(state: unknown): void {
    super.restore(state);
    this.timer.arm(this.now());
  }

  protected serve(_index: number, queue: Virtqueue): void {
    for (let moved = 0; moved < TURN; ) {
      if (this.flushes === FLUSHES_MAX) return; // the end of one serves the queue again
      const chain = queue.next();
      if (!chain) return;
      moved += chain.readableBytes + chain.writableBytes;
      this.perform(chain, queue);
    }
    if (queue.waiting) this.timer.arm(this.now());
  }

  /** Does one request, or begins a flush. */
  private perform(chain: Chain, queue: Virtqueue): void {
    if (chain.writableBytes < 1) throw new RingError('a disk request without a status byte');
    if (gather(chain.readable, 0, this.header) < HEADER) throw new RingError('a disk request without a header');
    const room = chain.writableBytes - 1;
    if (this.inFlight && this.headerView.getUint32(0, true) === REQUEST.FLUSH) {
      const flushed = this.backend.flushBeside?.();
      if (flushed) {
        this.flushBeside(chain, queue, flushed);
        return;
      }
    }
    let status: number = STATUS.IOERR;
    let written = 0;
    try {
      written = this.transfer(chain, room);
      status = written < 0 ? STATUS.UNSUPP : STATUS.OK;
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
    }
    finish(chain, queue, status, written);
  }

  /**
   * The guest goes on while the host's storage writes, which takes milliseconds. Nothing else is worth another thread: section "Time, exits
   * and the disk" of docs/RATIONALE.md. Earlier writes are in the file, later ones may overtake the flush.
   */
  private flushBeside(chain: Chain, queue: Virtqueue, flushed: Promise<void>): void {
    const { epoch, inFlight } = this;
    const end = (status: number): void => {
      inFlight?.end();
      if (epoch !== this.epoch) return;
      this.flushes--;
      finish(chain, queue, status, 0);
      this.notify(0);
    };
    this.flushes++;
    inFlight?.begin();
    flushed.then(
      () => end(STATUS.OK),
      (error) => {
        end(STATUS.IOERR);
        if (!(error instanceof BlockError)) throw error;
      },
    );
  }

  /** Bytes written to guest memory; -1: no such request. Throws BlockError. */
  private transfer(chain: Chain, room: number): number {
    const { readable, writable, readableBytes } = chain;
    const offset = (this.headerView.getUint32(8, true) + this.headerView.getUint32(12, true) * 2 ** 32) * SECTOR;
    switch (this.headerView.getUint32(0, true)) {
      case REQUEST.IN:
        this.check(offset, room);
        readPieces(this.backend, offset, slices(writable, 0, room));
        return room;
      case REQUEST.OUT: {
        const length = readableBytes - HEADER;
        this.check(offset, length);
        this.writable();
        writePieces(this.backend, offset, slices(readable, HEADER, length));
        return 0;
      }
      case REQUEST.FLUSH:
        this.backend.flush();
        return 0;
      case REQUEST.GET_ID: {
        const id = new Uint8Array(Math.min(ID_LENGTH, room));
        for (let i = 0; i < id.length; i++) id[i] = this.serial.charCodeAt(i) & 0x7f;
        return scatter(writable, 0, id);
      }
      case REQUEST.DISCARD:
      case REQUEST.WRITE_ZEROES:
        this.writable();
        this.ranges(chain, this.headerView.getUint32(0, true) === REQUEST.WRITE_ZEROES);
        return 0;
      default:
        return -1;
    }
  }

  /** Section 5.2.6: segments of {sector u64, sectors u32, flags u32}. */
  private ranges(chain: Chain, zero: boolean): void {
    const length = chain.readableBytes - HEADER;
    if (length === 0 || length % RANGE !== 0 || length / RANGE > RANGES_MAX)
      throw new BlockError('a wrong list of ranges');
    const list = new Uint8Array(length);
    gather(chain.readable, HEADER, list);
    const view = new DataView(list.buffer);
    for (let at = 0; at < length; at += RANGE) {
      const offset = (view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32) * SECTOR;
      const sectors = view.getUint32(at + 8, true);
      const flags = view.getUint32(at + 12, true);
      if (sectors > RANGE_SECTORS || flags & ~UNMAP || (!zero && flags !== 0)) throw new BlockError('a wrong range');
      this.check(offset, sectors * SECTOR);
      if (zero) this.backend.write(offset, new Uint8Array(sectors * SECTOR));
      else this.backend.discard?.(offset, sectors * SECTOR);
    }
  }

  private check(offset: number, length: number): void {
    if (length % SECTOR !== 0 || offset + length > this.backend.size) throw new BlockError('not on the disk');
  }

  private writable(): void {
    if (this.backend.readOnly) throw new BlockError('the disk is read-only');
  }
}

/** Writes the status behind the `written` bytes and gives the request back. */
function finish(chain: Chain, queue: Virtqueue, status: number, written: number): void {
  const room = chain.writableBytes - 1;
  scatter(chain.writable, room, Uint8Array.of(status));
  // the status byte lies behind all data, so all of it counts as written
  const all = status === STATUS.OK && written === 0 && room > 0;
  queue.push(chain, all ? chain.writableBytes : Math.max(0, written) + 1);
}

// One end of a cable that is a socket: frames out, bounded, and frames in, from whoever is at the other end.
// Framing: src/net/frame-stream.ts. What comes in is hostile: a peer that breaks a rule is disconnected.
import type { Socket } from 'node:net';
import type { FrameSink } from '../../net/ethernet.js';
import { FRAME_MAX } from '../../net/ethernet.js';
import { FrameReader, framePrefix, isFrameLength } from '../../net/frame-stream.js';

/** Bytes that wait for a peer; while there are more, frames for it are lost, as on any network. */
const QUEUE_MAX = 1024 * 1024;
/** How long a peer may take nothing of what waits, or leave a frame unfinished. */
const PATIENCE_MILLISECONDS = 30_000;

export interface PeerEvents {
  frame: FrameSink;
  /** Once, at the end. `fault`: what the peer did wrong; undefined when it has just gone. */
  closed(fault: string | undefined): void;
}

export class SwitchPeer {
  private readonly reader = new FrameReader();
  private fault: string | undefined;
  /** Runs while the queue is full, and while a frame is unfinished. */
  private taking: NodeJS.Timeout | undefined;
  private finishing: NodeJS.Timeout | undefined;
  private finished = -1;

  constructor(
    private readonly socket: Socket,
    private readonly events: PeerEvents,
    private readonly patience = PATIENCE_MILLISECONDS,
  ) {
    socket.on('data', (bytes) => this.receive(bytes));
    socket.on('drain', () => this.drained());
    // a reset is an end like any other
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(this.taking);
      clearTimeout(this.finishing);
      this.events.closed(this.fault);
    });
    socket.resume();
  }

  /** Sends a frame; one that is none, and one that finds the queue full, is lost. */
  send(frame: Uint8Array): void {
    const { socket } = this;
    if (!isFrameLength(frame.length) || socket.destroyed) return;
    if (socket.writableLength >= QUEUE_MAX) {
      this.taking ??= this.watchQueue();
      return;
    }
    // what the machine sends in one turn goes out in one write
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    socket.write(framePrefix(frame.length));
    socket.write(frame);
  }

  disconnect(fault?: string): void {
    this.fault ??= fault;
    this.socket.destroy();
  }

  private receive(bytes: Uint8Array): void {
    const wrong = this.reader.read(bytes, (frame) => {
      if (!this.socket.destroyed) this.events.frame(frame);
    });
    if (wrong !== undefined) this.disconnect(`it announced a frame of ${wrong} bytes, frames have 14 to ${FRAME_MAX}`);
    else this.watchFrame();
  }

  /** Each frame has its own time, however it drips in. */
  private watchFrame(): void {
    if (this.reader.isPending && this.finished === this.reader.frames) return;
    clearTimeout(this.finishing);
    this.finished = -1;
    if (!this.reader.isPending) return;
    this.finished = this.reader.frames;
    this.finishing = setTimeout(
      () => this.disconnect(`it left a frame unfinished for ${this.patience / 1000} seconds`),
      this.patience,
    ).unref();
  }

  private watchQueue(taken = this.taken()): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.taken() === taken) this.disconnect(`it took nothing for ${this.patience / 1000} seconds`);
      else this.taking = this.watchQueue();
    }, this.patience).unref();
  }

  /** Bytes that have left the queue. */
  private taken(): number {
    return this.socket.bytesWritten - this.socket.writableLength;
  }

  private drained(): void {
    clearTimeout(this.taking);
    this.taking = undefined;
  }
}

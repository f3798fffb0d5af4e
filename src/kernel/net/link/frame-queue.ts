// Frames between the interfaces of a node that wait until the one before them is dealt with: no device is called from within itself, however
// they are joined. Linux net/core/dev.c softnet_data, process_backlog.
import type { EthernetInterface } from '../ethernet-interface.js';
import type { Frame } from './frame.js';

/** Frames that wait; more are lost. */
const QUEUE_MAX = 4096;
/** Frames that one call may lead to: bridges in a circle and two ends that answer each other for ever lose the rest. */
const PASSES_MAX = 16_384;
/** DEVIATION: a frame that has come through more devices goes in a circle, and is lost. Linux lets it go round for ever. */
export const HOPS_MAX = 64;

export class FrameQueue {
  private waiting: { to: EthernetInterface; frame: Frame }[] = [];
  private first = 0;
  private busy = false;

  /** Brings a frame to an interface, now or after those that wait. False: it is lost. */
  push(to: EthernetInterface, frame: Frame): boolean {
    if (frame.hops > HOPS_MAX || this.waiting.length - this.first >= QUEUE_MAX) return false;
    this.waiting.push({ to, frame });
    if (!this.busy) this.run();
    return true;
  }

  private run(): void {
    this.busy = true;
    for (let passes = 0; this.first < this.waiting.length && passes < PASSES_MAX; passes++) {
      const { to, frame } = this.waiting[this.first++]!;
      if (this.first === this.waiting.length) {
        this.waiting = [];
        this.first = 0;
      } else if (this.first >= QUEUE_MAX) {
        this.waiting = this.waiting.slice(this.first);
        this.first = 0;
      }
      to.receive(frame);
    }
    this.waiting = [];
    this.first = 0;
    this.busy = false;
  }
}

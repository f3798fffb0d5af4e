// A token bucket in the way of frames that are not an interface's own to queue: what comes by a cable. As an ifb with a tbf has it on Linux.
import type { Timers } from '../../task/timers.js';
import { Rate } from './rate.js';
import { Tbf } from './tbf.js';
import { type QueueSurroundings, TrafficControl } from './traffic-control.js';

const TC_H_ROOT = 0xffffffff;
const HANDLE = 0x1_0000;
/** Nanoseconds that a full queue takes to drain, and bytes that it holds at least: a connection's first burst is not lost. */
const LATENCY = 100e6;
const QUEUE_LEAST = 128 << 10;

export interface ShapeOptions {
  /** Bytes a second. */
  rate: number;
  /** Bytes that go at once. */
  burst: number;
}

/** The longest frame of a card, and a hundredth of a second: what timers may be late by. */
export const burstOf = (rate: number): number => Math.max(Math.ceil(rate / 100), 10 * 1514);

export class Shaper implements QueueSurroundings {
  private readonly traffic: TrafficControl;

  constructor(
    readonly timers: Timers,
    private readonly clock: { monotonic(): number },
    { rate, burst }: ShapeOptions,
    private readonly onward: (frame: Uint8Array) => void,
  ) {
    const bytes = new Rate({ bytes: rate });
    const limit = Math.max(QUEUE_LEAST, Math.ceil((rate * LATENCY) / 1e9));
    const options = { rate: bytes, buffer: bytes.timeOf(burst), longest: burst, limit, peakBuffer: 0 };
    this.traffic = new TrafficControl(this);
    this.traffic.setRoot(new Tbf(HANDLE, TC_H_ROOT, options, this.now()));
  }

  now(): number {
    return this.clock.monotonic();
  }

  send(frame: Uint8Array): void {
    this.traffic.send({ size: frame.length, load: frame });
  }

  dispatch(load: unknown): void {
    this.onward(load as Uint8Array);
  }
}

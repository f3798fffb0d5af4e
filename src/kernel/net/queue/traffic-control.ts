// The queue before an interface: what is sent goes through its discipline, and on when that says so. Linux net/sched/sch_generic.c __qdisc_run.
import type { Timed, Timers } from '../../task/timers.js';
import { NoQueue, type Qdisc, type Queued } from './qdisc.js';

/** Disciplines of one interface, and how deep they hang in each other. Linux sch_api.c check_loop. */
const QDISCS_MAX = 256;
const DEPTH_MAX = 8;
/** Packets that go in one turn: two ends that answer each other for ever let others in. */
const TURN_MAX = 65_536;
/** Numbers for those that come without: 8001: is the first. */
const FIRST_NUMBER = 0x8000_0000;
const NUMBER_STEP = 0x1_0000;

/** Where the queue is. */
export interface QueueSurroundings {
  readonly timers: Timers;
  /** Nanoseconds of the monotonic clock. */
  now(): number;
  /** It is sent. */
  dispatch(load: unknown): void;
}

export class TrafficControl implements Timed {
  /** Undefined: what comes goes. */
  root?: Qdisc;
  private running = false;
  private newest = FIRST_NUMBER;

  constructor(private readonly around: QueueSurroundings) {}

  /** Does nothing wait here, ever? */
  get isOpen(): boolean {
    return this.root === undefined || this.root instanceof NoQueue;
  }

  send(item: Queued): void {
    if (this.isOpen) {
      this.around.dispatch(item.load);
      return;
    }
    this.root!.enqueue(item);
    this.run();
  }

  /** The discipline changes; what waits in the one before is lost. */
  setRoot(root: Qdisc | undefined): void {
    this.root?.reset();
    this.root = root;
    this.around.timers.cancel(this);
  }

  reset(): void {
    this.root?.reset();
    this.around.timers.cancel(this);
  }

  expire(): void {
    this.run();
  }

  /** Sends what may go. What that leads to may send again, which is for this loop too. */
  private run(): void {
    if (this.running) return;
    this.running = true;
    for (let sent = 0, root = this.root; root; sent++, root = this.root) {
      if (sent === TURN_MAX) {
        this.around.timers.set(this, this.around.now());
        break;
      }
      const item = root.dequeue(this.around.now());
      if (!item) {
        this.around.timers.set(this, root.readyAt);
        break;
      }
      this.around.dispatch(item.load);
    }
    this.running = false;
  }

  // ---- what there is ------------------------------------------------------------------------------------------------------------

  /** Those with a number, the root first. */
  get all(): Qdisc[] {
    const found: Qdisc[] = [];
    const add = (one: Qdisc): void => {
      if (one.handle !== 0) found.push(one);
      for (const child of one.children) add(child);
    };
    if (this.root) add(this.root);
    return found;
  }

  /** The discipline of a major number. */
  find(handle: number): Qdisc | undefined {
    return this.all.find((one) => one.handle === handle);
  }

  /** A major number that is free. */
  newHandle(): number {
    const taken = new Set(this.all.map((one) => one.handle));
    do {
      this.newest += NUMBER_STEP;
      if (this.newest >= 0xffff_0000) this.newest = FIRST_NUMBER + NUMBER_STEP;
    } while (taken.has(this.newest));
    return this.newest;
  }

  /** May another one hang in `parent`? */
  hasRoomBelow(parent: Qdisc): boolean {
    let depth = 1;
    for (let at: Qdisc | undefined = parent; at && depth <= DEPTH_MAX; depth++)
      at = this.find((at.parent & 0xffff0000) >>> 0);
    return depth <= DEPTH_MAX && this.all.length < QDISCS_MAX;
  }
}

// The connections of a socket that listens: half open ones, and those that wait to be accepted. man 2 listen, man 7 tcp.
import { POLLIN } from '../../abi/poll.js';
import type { WaitQueue } from '../../task/wait-queue.js';
import type { TcpEndpoint } from './tcp-endpoint.js';

const HALF_OPEN_MAX = 4096;

export class TcpBacklog {
  private readonly waiting: TcpEndpoint[] = [];
  private readonly halfOpen = new Set<TcpEndpoint>();
  private ended = false;

  constructor(
    /** How many may wait, and one more. */
    public most: number,
    /** Of the socket. */
    private readonly waiters: WaitQueue,
  ) {}

  get count(): number {
    return this.waiting.length;
  }

  /** Who calls then asks again. */
  get full(): boolean {
    return this.waiting.length > this.most || this.halfOpen.size >= HALF_OPEN_MAX;
  }

  /** Somebody has called. */
  add(end: TcpEndpoint): void {
    end.listener = this;
    this.halfOpen.add(end);
  }

  /** It is open. */
  opened(end: TcpEndpoint): void {
    this.halfOpen.delete(end);
    if (this.ended) end.abort();
    else {
      this.waiting.push(end);
      this.waiters.wake(POLLIN);
    }
  }

  /** It has come to nothing. */
  refused(end: TcpEndpoint): void {
    this.halfOpen.delete(end);
  }

  take(): TcpEndpoint | undefined {
    return this.waiting.shift();
  }

  /** Nobody listens any more. */
  end(): void {
    this.ended = true;
    const all = [...this.waiting, ...this.halfOpen];
    this.waiting.length = 0;
    this.halfOpen.clear();
    for (const end of all) {
      end.listener = undefined;
      end.leave(true);
    }
  }
}

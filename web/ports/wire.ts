// A connection on a MessagePort: bytes both ways, each way with a window; either may end before the other.
// Ours. Between who wants a published port and the node's worker, where it goes on as TCP.

/** Bytes of one direction that nobody has taken yet. */
export const WINDOW = 1 << 18;

/** `reset`: also by a container in which nothing listens; `unpublished`: no container has the port; `elsewhere`: this page runs none. */
export type Ending = 'ended' | 'reset' | 'unpublished' | 'full' | 'elsewhere';

export type OnWire =
  /** The port is a container's: what follows is of the connection. */
  | { open: true }
  | { bytes: Uint8Array }
  | { end: true }
  /** So many bytes have been taken. */
  | { taken: number }
  | { over: Ending };

/** What is sent with a port, on which the connection then is: to the page, and on to the engine's and the node's worker. */
export interface Dial {
  /** As the host, which is the tab, has it. */
  dial: number;
}

export class WireOver extends Error {
  constructor(readonly why: Ending) {
    super(why);
  }
}

/** The end of who has asked for the connection. */
export class WireClient {
  private readonly waiting: Uint8Array[] = [];
  private under = 0;
  private opened = false;
  private ended = false;
  private over?: Ending;
  private readonly sleepers: (() => void)[] = [];

  constructor(private readonly port: MessagePort) {
    port.onmessage = ({ data }: MessageEvent<OnWire>) => {
      this.receive(data);
      for (const wake of this.sleepers.splice(0)) wake();
    };
  }

  private receive(message: OnWire): void {
    if ('bytes' in message) this.waiting.push(message.bytes);
    else if ('taken' in message) this.under -= message.taken;
    else if ('open' in message) this.opened = true;
    else if ('end' in message) this.ended = true;
    else this.over ??= message.over;
  }

  private send(message: OnWire): void {
    this.port.postMessage(message);
  }

  private changed(): Promise<void> {
    return new Promise((resolve) => this.sleepers.push(resolve));
  }

  /** Rejects with WireOver when it leads to no container. */
  async open(): Promise<void> {
    while (!this.opened) {
      if (this.over) throw new WireOver(this.over);
      await this.changed();
    }
  }

  /** What comes, up to its end. Throws WireOver when there is none. */
  async *incoming(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const bytes = this.waiting.shift();
      if (bytes) {
        this.send({ taken: bytes.length });
        yield bytes;
      } else if (this.ended || this.over === 'ended') return;
      else if (this.over) throw new WireOver(this.over);
      else await this.changed();
    }
  }

  /** Resolves when there is room for more; false: nobody takes any more. */
  async write(bytes: Uint8Array): Promise<boolean> {
    for (let at = 0; at < bytes.length && !this.over; at += WINDOW) {
      const piece = bytes.slice(at, at + WINDOW);
      this.under += piece.length;
      this.send({ bytes: piece });
      while (this.under >= WINDOW && !this.over) await this.changed();
    }
    return !this.over;
  }

  close(): void {
    this.over ??= 'ended';
    for (const wake of this.sleepers.splice(0)) wake();
    this.send({ over: 'ended' });
    this.port.close();
  }
}

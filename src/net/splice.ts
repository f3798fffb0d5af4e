// Joins a TCP connection of a guest with a stream of the host: data, ends and pressure go through in both directions.
// Ours.
import type { HostStream, StreamEvents } from './host-network.js';
import type { Connection, ConnectionEvents } from './tcp/connection.js';

/** What both halves call; `connect` the connection and `host` the stream as soon as each exists. */
export class Splice {
  connection: Connection | undefined;
  host: HostStream | undefined;
  /** From the host, and not yet taken by the connection. */
  private waiting: Uint8Array[] = [];
  private hostEnded = false;
  /** To the host, and not yet taken by it. */
  private owed = 0;
  private over = false;

  /** `finished` when nothing is left of the pair. */
  constructor(private readonly finished: () => void) {}

  /** Events of the connection, but for what it sends. */
  readonly fromGuest: Omit<ConnectionEvents, 'segment'> = {
    established: () => this.flush(),
    data: (bytes) => {
      if (this.host?.write(bytes)) this.connection?.release(bytes.length);
      else this.owed += bytes.length;
    },
    end: () => this.host?.end(),
    drain: () => this.flush(),
    closed: (why) => {
      if (why !== 'ended' || !this.hostEnded) this.host?.abort();
      this.finish();
    },
  };

  /** Events of the host's stream, once it is open. */
  readonly fromHost: Omit<StreamEvents, 'open'> = {
    data: (bytes) => {
      this.waiting.push(bytes);
      this.flush();
    },
    end: () => {
      this.hostEnded = true;
      this.flush();
    },
    drain: () => {
      const { owed } = this;
      this.owed = 0;
      this.connection?.release(owed);
    },
    closed: (why) => {
      if (why === 'ended') {
        this.hostEnded = true;
        this.flush();
      } else this.connection?.abort();
    },
  };

  private flush(): void {
    const { connection } = this;
    if (!connection) return;
    while (this.waiting.length > 0) {
      const [bytes] = this.waiting;
      const taken = connection.write(bytes);
      if (taken < bytes.length) {
        this.waiting[0] = bytes.subarray(taken);
        this.host?.pause();
        return;
      }
      this.waiting.shift();
    }
    this.host?.resume();
    if (this.hostEnded) connection.end();
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.waiting = [];
    this.finished();
  }
}

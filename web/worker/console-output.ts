// The way out of a serial port: onto the ring that the page reads, or, without shared memory, in messages that it acknowledges.
// Ours. A guest that writes faster than it is shown waits: nothing piles up.
import { ByteRing } from '../machine/byte-ring.js';
import { type MachineEvent, UNSHOWN_MOST } from '../machine/contract.js';

/** Milliseconds between two looks at a full ring. */
const LOOK = 4;

export class ConsoleOutput {
  private readonly ring?: ByteRing;
  private pending: number[] = [];
  private unshown = 0;
  private room: (() => void) | undefined;

  constructor(
    memory: SharedArrayBuffer | undefined,
    private readonly events: MessagePort,
  ) {
    if (memory) this.ring = new ByteRing(memory);
  }

  /** At most what a guest sends in a slice of its time lies here. */
  readonly transmit = (byte: number): void => void this.pending.push(byte);

  /** The page has shown so many bytes of messages. */
  shown(count: number): void {
    this.unshown = Math.max(0, this.unshown - count);
    if (this.unshown < UNSHOWN_MOST) this.room?.();
  }

  /** Sends what waits; what the guest must wait for when there is no room. */
  flush(): Promise<void> | undefined {
    if (this.pending.length === 0) return undefined;
    const { ring } = this;
    if (ring) {
      const count = ring.write(Uint8Array.from(this.pending));
      this.pending = this.pending.slice(count);
      if (this.pending.length === 0) return undefined;
      return new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    const room = UNSHOWN_MOST - this.unshown;
    if (room > 0) {
      const bytes = Uint8Array.from(this.pending.slice(0, room));
      this.pending = this.pending.slice(room);
      this.unshown += bytes.length;
      const event: MachineEvent = { kind: 'output', bytes };
      this.events.postMessage(event, [bytes.buffer]);
      if (this.pending.length === 0) return undefined;
    }
    return new Promise((resolve) => {
      this.room = resolve;
    });
  }

  /** Sends all that is left. */
  async finish(): Promise<void> {
    while (this.pending.length > 0) await this.flush();
  }
}

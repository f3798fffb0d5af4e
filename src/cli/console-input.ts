// Bytes on their way to the guest's console, in the order in which they came: from the terminal, a pipe, a socket, a script.
// They stay here until the guest listens (src/devices/serial/uart.ts, `receive`), so whoever is at its end may be held back.

/** Takes what the guest has room for; returns how many bytes that was. */
export type Receiver = (bytes: Uint8Array) => number;

const NOTHING = new Uint8Array(0);

export class ConsoleInput {
  /** Called when everything has gone to the guest. */
  drained: () => void = () => {};
  private waiting = NOTHING;
  private passing = false;
  private receive: Receiver = () => 0;

  /** The guest is there. */
  attach(receive: Receiver): void {
    this.receive = receive;
    this.room();
  }

  /** Bytes that the guest has not taken yet. */
  get size(): number {
    return this.waiting.length;
  }

  push(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.waiting.length + bytes.length);
    joined.set(this.waiting);
    joined.set(bytes, this.waiting.length);
    this.waiting = joined;
    this.room();
  }

  /** The guest has room again. */
  readonly room = (): void => {
    // the guest may ask while it is given something
    if (this.passing || this.waiting.length === 0) return;
    this.passing = true;
    for (let taken = 1; taken > 0 && this.waiting.length > 0; this.waiting = this.waiting.subarray(taken))
      taken = this.receive(this.waiting);
    this.passing = false;
    if (this.waiting.length === 0) this.drained();
  };
}

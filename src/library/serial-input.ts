// What is typed at a machine's console, on its way: the guest takes it as it has room.
// Ours. Nothing is lost and nothing overtakes.

interface Sending {
  rest: Uint8Array;
  taken: () => void;
}

export class SerialInput {
  private readonly queue: Sending[] = [];
  private passing = false;
  private started = false;

  /** `receive` returns how many bytes the guest's port took; it has more room when `room` is called. */
  constructor(private readonly receive: (bytes: Uint8Array) => number) {}

  /** Resolves when the guest's port has taken all of it, or the machine has ended. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.queue.push({ rest: bytes, taken: resolve });
      this.room();
    });
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.queue.reduce((sum, { rest }) => sum + rest.length, 0);
  }

  readonly room = (): void => {
    // the guest may ask while it is given something
    if (this.passing || !this.started) return;
    this.passing = true;
    for (let first = this.queue[0]; first; first = this.queue[0]) {
      for (let taken = 1; taken > 0 && first.rest.length > 0; first.rest = first.rest.subarray(taken))
        taken = this.receive(first.rest);
      if (first.rest.length > 0) break;
      this.queue.shift();
      first.taken();
    }
    this.passing = false;
  };

  /** The machine is on; what its ports held before that is gone. */
  start(): void {
    this.started = true;
    this.room();
  }

  /** The machine has ended: nobody takes anything any more. */
  end(): void {
    for (const { taken } of this.queue.splice(0)) taken();
  }
}

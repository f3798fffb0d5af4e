// The cable between a machine's network card and whatever it is plugged into.
// Ours.

type Frames = (frame: Uint8Array) => void;

export class Cable {
  /** Frames from the network go here: into the card. */
  deliver: Frames = () => {};
  /** Frames from the card go here: into the network. */
  onTransmit: Frames = () => {};

  constructor(private readonly wake: () => void) {}

  /** The card sends a frame. */
  readonly transmit: Frames = (frame) => this.onTransmit(frame);

  /** The network sends a frame; a machine that sleeps wakes up for it. */
  receive(frame: Uint8Array): void {
    this.deliver(frame);
    this.wake();
  }
}

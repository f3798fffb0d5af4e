// An Ethernet card: what goes out by it leaves the node as bytes, over a cable. Linux Documentation/networking/driver.rst.
import { ETHERNET_HEADER } from '../../../net/ethernet.js';
import { EthernetInterface } from '../ethernet-interface.js';
import { type Frame, frameOf, wireFrames } from './frame.js';

/** Frames go to whatever is at the other end. */
export interface FrameOutput {
  transmit(frame: Uint8Array): void;
}

export class Card extends EthernetInterface {
  /** Undefined: nothing is plugged in. */
  output?: FrameOutput;
  private identification = 0;

  override get carrier(): boolean {
    return this.output !== undefined;
  }

  /** A frame from the other end of the cable. */
  arrived(bytes: Uint8Array): void {
    if (bytes.length >= ETHERNET_HEADER) this.namespace.kernel.links.push(this, frameOf(bytes));
  }

  protected override send(frame: Frame): boolean {
    if (!this.output) return false;
    const frames = wireFrames(frame, this.identification);
    this.identification = (this.identification + frames.length) & 0xffff;
    for (const bytes of frames) this.output.transmit(bytes);
    return true;
  }

  override close(): void {
    this.output = undefined;
  }
}

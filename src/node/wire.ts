// Who carries the frames of an interface that leads out of the node.
// Ours.
import type { FrameSink } from '../net/ethernet.js';

/** Both ends of a cable: frames are the taker's. */
export interface Wire {
  transmit: FrameSink;
  deliver: FrameSink;
}

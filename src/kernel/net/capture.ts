// Who watches frames at the interfaces of a node: what packet sockets are to tcpdump, for the host. Linux net/core/dev.c dev_queue_xmit_nit.
import type { Interface } from './interface.js';

export interface Capture {
  /** Bytes need to be made of packets for it, at this interface. */
  wants(by: Interface): boolean;
  /** A frame that has come or, behind the queue, is going. The bytes are only lent. */
  sees(by: Interface, frame: Uint8Array, sent: boolean): void;
}

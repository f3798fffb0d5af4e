// What a node has of the world outside: where names are asked, and ports of the host that lead to ports of the node.
// Ours. Node's is cli/node-uplink.ts.
import type { Address } from '../net/address.js';

export interface OpenPort {
  /** As the host has it. */
  port: number;
  close(): void;
}

export interface Uplink {
  nameServers: readonly Address[];
  /** Opens a port of the host, which leads to the node's `to`. Rejects with the host's error. */
  publish(protocol: 'tcp' | 'udp', address: string, port: number, to: number): Promise<OpenPort>;
}

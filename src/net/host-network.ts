// What the gateway asks of the host's own network: streams, datagrams, names. Node's is src/hosts/node/sockets.ts.
// Ours. Nothing here throws; what fails is told by events.

import type { Address } from './address.js';

export interface StreamEvents {
  open(): void;
  data(bytes: Uint8Array): void;
  /** The other side has ended its stream; ours may go on. */
  end(): void;
  /** After a `write` that returned false: go on. */
  drain(): void;
  /** Over. `refused` when it never opened because nobody listens. */
  closed(why: 'ended' | 'refused' | 'unreachable' | 'reset'): void;
}

export interface HostStream {
  /** False: do not write more before `drain`. */
  write(bytes: Uint8Array): boolean;
  end(): void;
  /** Gives it up at once. */
  abort(): void;
  /** Stops and starts `data`. */
  pause(): void;
  resume(): void;
}

export interface HostDatagrams {
  send(address: Address, port: number, data: Uint8Array): void;
  close(): void;
}

export interface HostNetwork {
  connect(address: Address, port: number, events: StreamEvents): HostStream;
  /** Datagrams of one family. */
  datagrams(family: 4 | 6, receive: (address: Address, port: number, data: Uint8Array) => void): HostDatagrams;
  /** Addresses of a name, of the families that the host has a way to; empty when it has none. `undefined`: the host could not ask. */
  lookup(name: string): Promise<Address[] | undefined>;
  /** Addresses of the host itself. */
  ownAddresses(): Address[];
}

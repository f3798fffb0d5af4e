// What the gateway asks of the host's own network: streams, datagrams, names. Node's is src/hosts/node/sockets.ts.
// Ours. Addresses are IPv4, u32. Nothing here throws; what fails is told by events.

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
  send(address: number, port: number, data: Uint8Array): void;
  close(): void;
}

export interface HostNetwork {
  connect(address: number, port: number, events: StreamEvents): HostStream;
  datagrams(receive: (address: number, port: number, data: Uint8Array) => void): HostDatagrams;
  /** IPv4 addresses of a name; empty when it has none. `undefined`: the host could not ask. */
  lookup(name: string): Promise<number[] | undefined>;
  /** Addresses of the host itself. */
  ownAddresses(): number[];
}

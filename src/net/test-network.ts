// A host network for tests, which is a list of what was asked of it.
// Contract: HostNetwork.
import type { Address } from './address.js';
import type { HostNetwork, HostStream, StreamEvents } from './host-network.js';

export interface Stream {
  address: Address;
  port: number;
  events: StreamEvents;
  written: string;
  ended: boolean;
  aborted: boolean;
  paused: boolean;
  /** What `write` answers. */
  takes: boolean;
}

export class FakeNetwork implements HostNetwork {
  streams: Stream[] = [];
  sent: { address: Address; port: number; text: string }[] = [];
  answer: (address: Address, port: number, data: Uint8Array) => void = () => {};
  closed = 0;
  /** Of the sockets for datagrams. */
  families: (4 | 6)[] = [];
  names: Record<string, Address[]> = {};
  own: Address[] = [];

  stream(address: Address, port: number, events: StreamEvents): HostStream {
    const one: Stream = {
      address,
      port,
      events,
      written: '',
      ended: false,
      aborted: false,
      paused: false,
      takes: true,
    };
    this.streams.push(one);
    return {
      write: (bytes) => {
        one.written += String.fromCharCode(...bytes);
        return one.takes;
      },
      end: () => {
        one.ended = true;
      },
      abort: () => {
        one.aborted = true;
      },
      pause: () => {
        one.paused = true;
      },
      resume: () => {
        one.paused = false;
      },
    };
  }
  connect(to: Address, port: number, events: StreamEvents): HostStream {
    return this.stream(to, port, events);
  }
  datagrams(family: 4 | 6, receive: FakeNetwork['answer']) {
    this.families.push(family);
    this.answer = receive;
    return {
      send: (to: Address, port: number, data: Uint8Array) => {
        this.sent.push({ address: to, port, text: String.fromCharCode(...data) });
      },
      close: () => {
        this.closed++;
      },
    };
  }
  lookup = async (name: string): Promise<Address[] | undefined> =>
    name === 'broken' ? undefined : (this.names[name] ?? []);
  ownAddresses = (): Address[] => this.own;
}

// The network outside of a tab, which has no sockets: nothing can be reached, no name is known. The gateway itself answers all the same.
// Contract: src/net/host-network.ts.
import type { HostDatagrams, HostNetwork, HostStream, StreamEvents } from '../../net/host-network.js';

export class ClosedNetwork implements HostNetwork {
  /** `wake` is called behind every event, so that a machine that sleeps hears of it. */
  constructor(private readonly wake: () => void) {}

  connect(_address: number, _port: number, events: StreamEvents): HostStream {
    setTimeout(() => {
      events.closed('unreachable');
      this.wake();
    });
    return { write: () => true, end() {}, abort() {}, pause() {}, resume() {} };
  }

  datagrams(): HostDatagrams {
    return { send() {}, close() {} };
  }

  async lookup(): Promise<undefined> {
    setTimeout(() => this.wake());
    return undefined;
  }

  ownAddresses(): number[] {
    return [];
  }
}

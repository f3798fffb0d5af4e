// A node's way out of a tab, which has no sockets: published ports are the tab's own, and who wants one comes by a MessagePort.
// Contract: src/node/uplink.ts; wire.ts. From here on it is TCP: a gateway, whose network ends at itself, and the node's card.
import { ClosedNetwork } from '../../src/hosts/browser/closed-network.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Card } from '../../src/kernel/net/link/card.js';
import { HostTimers } from '../../src/kernel/task/host-timers.js';
import { stationAt } from '../../src/net/ethernet.js';
import { Gateway } from '../../src/net/gateway.js';
import type { HostStream, StreamEvents } from '../../src/net/host-network.js';
import { FIRST_GUEST } from '../../src/net/private-network.js';
import { Switch } from '../../src/net/switch.js';
import type { OpenPort, Uplink } from '../../src/node/uplink.js';
import { plugCard } from '../../src/node/uplink-card.js';
import { NETWORK_ADDRESS } from '../../src/vmm/layout.js';
import { type Ending, type OnWire, WINDOW } from './wire.js';

const CONNECTIONS_MAX = 256;
/** Where a port comes from when none is named: as Linux chooses them. */
const FIRST_FREE = 32_768;
const LAST_FREE = 60_999;

export class TabUplink implements Uplink {
  /** Nobody is asked for names of elsewhere. */
  readonly nameServers = [];
  /** Ports of the node by those of the tab. */
  private readonly ports = new Map<number, number>();
  private readonly gateway: Gateway;
  private readonly streams = new Set<WireStream>();

  constructor(
    kernel: Kernel,
    private readonly wake: () => void,
  ) {
    const wire = new Switch();
    const plug = wire.plug((frame) => {
      card.arrived(frame);
      wake();
    });
    const card: Card = plugCard(kernel, stationAt(NETWORK_ADDRESS, 0), (frame) => plug.send(frame));
    this.gateway = new Gateway(wire, {
      ...{ timers: new HostTimers(kernel), network: new ClosedNetwork(wake), allowed: [] },
      random: () => new DataView(kernel.randomBytes(4).buffer).getUint32(0),
    });
  }

  async publish(protocol: 'tcp' | 'udp', _address: string, port: number, to: number): Promise<OpenPort> {
    if (protocol === 'udp') throw new Error('what a tab opens is HTTP, so only TCP ports can be published in it');
    const at = port === 0 ? this.freePort() : port;
    if (at === undefined || this.ports.has(at)) throw Object.assign(new Error('in use'), { code: 'EADDRINUSE' });
    this.ports.set(at, to);
    return { port: at, close: () => void this.ports.delete(at) };
  }

  private freePort(): number | undefined {
    for (let port = FIRST_FREE; port <= LAST_FREE; port++) if (!this.ports.has(port)) return port;
    return undefined;
  }

  /** Somebody wants to speak to a port. */
  dial(port: number, channel: MessagePort): void {
    const say = (message: OnWire): void => channel.postMessage(message);
    const refuse = (over: Ending): void => {
      say({ over });
      channel.close();
    };
    const to = this.ports.get(port);
    if (to === undefined || this.streams.size >= CONNECTIONS_MAX) {
      refuse(to === undefined ? 'unpublished' : 'full');
      return;
    }
    say({ open: true });
    const accepted = this.gateway.accept(FIRST_GUEST, to, (events) => {
      const stream = new WireStream(channel, events, this.wake, () => void this.streams.delete(stream));
      this.streams.add(stream);
      return stream;
    });
    if (!accepted) refuse('full');
    this.wake();
  }
}

/** A port as a stream of the host's. */
class WireStream implements HostStream {
  private under = 0;
  /** Given to the connection while it wanted no more. */
  private untold = 0;
  private paused = false;
  private readonly ended = { here: false, there: false };

  constructor(
    private readonly channel: MessagePort,
    private readonly events: StreamEvents,
    wake: () => void,
    private readonly gone: () => void,
  ) {
    channel.onmessage = ({ data }: MessageEvent<OnWire>) => {
      this.receive(data);
      wake();
    };
    // where the browser says so: the other end was killed
    channel.addEventListener('close', () => {
      this.receive({ over: 'reset' });
      wake();
    });
  }

  private receive(message: OnWire): void {
    const { events } = this;
    if ('bytes' in message) {
      this.untold += message.bytes.length;
      events.data(message.bytes);
      if (!this.paused) this.tell();
    } else if ('end' in message) {
      this.ended.there = true;
      events.end();
      this.settle();
    } else if ('taken' in message) {
      const full = this.under >= WINDOW;
      this.under -= message.taken;
      if (full && this.under < WINDOW) events.drain();
    } else if ('over' in message) {
      this.leave();
      events.closed('reset');
    }
  }

  private tell(): void {
    if (this.untold > 0) this.channel.postMessage({ taken: this.untold } satisfies OnWire);
    this.untold = 0;
  }

  /** Who has heard both ends may say no more. */
  private settle(): void {
    if (this.ended.here && this.ended.there) this.gone();
  }

  private leave(): void {
    this.channel.onmessage = null;
    this.channel.close();
    this.gone();
  }

  write(bytes: Uint8Array): boolean {
    this.under += bytes.length;
    this.channel.postMessage({ bytes: bytes.slice() } satisfies OnWire);
    return this.under < WINDOW;
  }

  end(): void {
    this.channel.postMessage({ end: true } satisfies OnWire);
    this.ended.here = true;
    this.settle();
  }

  abort(): void {
    this.channel.postMessage({ over: 'reset' } satisfies OnWire);
    this.leave();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.tell();
  }
}

// A learning switch: sends a frame where its destination was last heard, everywhere when it was never heard.
// Source: IEEE 802.1D, section 7.8 (the learning process), 7.9 (the filtering database).
import { destinationOf, ETHERNET_HEADER, FRAME_MAX, type FrameSink, isGroup, sourceOf } from './ethernet.js';

/** Addresses that are remembered; the oldest goes first. */
const STATIONS_MAX = 4096;

/** One socket of the switch. */
export interface SwitchPort {
  /** A frame from the cable. The bytes are the switch's from then on. */
  send(frame: Uint8Array): void;
  unplug(): void;
}

/** Who wants to know what the switch learns. */
export interface SwitchWatch {
  /** A station was heard at another port than before, and both are plugged in. */
  moved?(station: number): void;
  /** The port that a station was heard at has been unplugged. */
  gone?(station: number): void;
}

export class Switch {
  private readonly ports = new Set<FrameSink>();
  private readonly stations = new Map<number, FrameSink>();

  constructor(private readonly watch: SwitchWatch = {}) {}

  /** Plugs a cable in; `receive` takes the frames that leave by it and must not change them. */
  plug(receive: FrameSink): SwitchPort {
    const port: FrameSink = (frame) => receive(frame);
    this.ports.add(port);
    return {
      send: (frame) => this.forward(port, frame),
      unplug: () => {
        this.ports.delete(port);
        for (const [station, at] of this.stations) {
          if (at !== port) continue;
          this.stations.delete(station);
          this.watch.gone?.(station);
        }
      },
    };
  }

  private forward(from: FrameSink, frame: Uint8Array): void {
    if (frame.length < ETHERNET_HEADER || frame.length > FRAME_MAX || !this.ports.has(from)) return;
    const source = sourceOf(frame);
    if (!isGroup(source)) this.learn(source, from);
    const to = this.stations.get(destinationOf(frame));
    if (to) {
      if (to !== from) to(frame);
      return;
    }
    for (const port of [...this.ports]) if (port !== from) port(frame);
  }

  private learn(station: number, port: FrameSink): void {
    const before = this.stations.get(station);
    if (before === port) return;
    if (before) this.watch.moved?.(station);
    // setting anew moves it to the end of the map's order
    this.stations.delete(station);
    this.stations.set(station, port);
    if (this.stations.size > STATIONS_MAX) {
      const [oldest] = this.stations.keys();
      this.stations.delete(oldest);
    }
  }
}

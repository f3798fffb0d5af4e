// Which station has an address, and the frames that wait for the answer: the same for ARP and for neighbour discovery.
// Source: RFC 826; RFC 1122 section 2.3.2.2; RFC 4861 section 7.2 (packets wait).
import type { Address } from './address.js';
import { BROADCAST, type FrameSink, putStation } from './ethernet.js';

const NEIGHBOURS_MAX = 1024;
const WAITING_MAX = 64;

export class Neighbours<A extends Address> {
  private readonly stations = new Map<A, number>();
  private waiting: { destination: A; frame: Uint8Array }[] = [];

  /** `ask` puts the question on the wire. */
  constructor(
    private readonly send: FrameSink,
    private readonly ask: (address: A) => void,
  ) {}

  /** Which station was last heard with an address. */
  stationOf(address: A): number | undefined {
    return this.stations.get(address);
  }

  /** Sends frames to whoever has the address; those that wait for the answer are bounded. */
  deliver(destination: A, frames: readonly Uint8Array[]): void {
    const station = this.stations.get(destination);
    for (const frame of frames) {
      putStation(frame, 0, station ?? BROADCAST);
      if (station !== undefined) this.send(frame);
      else if (this.waiting.length < WAITING_MAX) this.waiting.push({ destination, frame });
    }
    if (station === undefined) this.ask(destination);
  }

  learn(address: A, station: number): void {
    if (this.stations.get(address) === station) return;
    if (this.stations.size >= NEIGHBOURS_MAX) this.stations.clear();
    this.stations.set(address, station);
    const ready = this.waiting.filter(({ destination }) => destination === address);
    this.waiting = this.waiting.filter(({ destination }) => destination !== address);
    for (const { frame } of ready) {
      putStation(frame, 0, station);
      this.send(frame);
    }
  }

  forget(station: number): void {
    for (const [address, at] of this.stations) if (at === station) this.stations.delete(address);
  }
}

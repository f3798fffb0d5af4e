// Neighbours of an interface: which station has an address, how sure that is, and the packets that wait to know.
// RFC 826, 4861 section 7.3; man 8 ip-neighbour; Linux net/core/neighbour.c.
import type { Address } from '../../net/address.js';
import {
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
} from '../abi/rtnetlink.js';
import type { Timed } from '../task/timers.js';
import type { Interface } from './interface.js';
import type { Packet } from './packet.js';

/** Neighbours of one interface that were not set by hand; the longest unused goes. */
const NEIGHBOURS_MAX = 1024;
const WAITING_MAX = 64;
const PROBES = 3;
const PROBE_NS = 1e9;
const REACHABLE_NS = 30e9;
const DELAY_NS = 5e9;

export interface Neighbour {
  readonly address: Address;
  readonly interface: Interface;
  station?: number;
  /** NUD_*. */
  state: number;
  probes: number;
  /** Nanoseconds: when it was last sure, used, changed. */
  confirmed: number;
  used: number;
  updated: number;
}

/** What the link does for the table. */
export interface NeighbourLink {
  /** Puts the question on the wire: to `station`, or to all. */
  ask(address: Address, station: number | undefined): void;
  /** Sends a packet to a station. */
  sendTo(packet: Packet, station: number): void;
}

export class Probe implements Timed {
  constructor(
    private readonly table: NeighbourTable,
    readonly neighbour: Neighbour,
  ) {}
  expire(): void {
    this.table.due(this);
  }
}

export class NeighbourTable {
  private readonly neighbours = new Map<Address, Neighbour>();
  private readonly probes = new Map<Neighbour, Probe>();
  private waiting: { neighbour: Neighbour; packet: Packet }[] = [];

  constructor(
    private readonly of: Interface,
    private readonly link: NeighbourLink,
  ) {}

  get all(): Iterable<Neighbour> {
    return this.neighbours.values();
  }

  get(address: Address): Neighbour | undefined {
    return this.neighbours.get(address);
  }

  /** Sends a packet to whoever has `address`, now or when that is known. */
  deliver(packet: Packet, address: Address): void {
    const now = this.of.namespace.now();
    const neighbour = this.neighbours.get(address) ?? this.make(address, now);
    neighbour.used = now;
    if (neighbour.station !== undefined && (neighbour.state & (NUD_INCOMPLETE | NUD_FAILED)) === 0) {
      if (neighbour.state === NUD_REACHABLE && now - neighbour.confirmed > REACHABLE_NS) this.set(neighbour, NUD_STALE);
      if (neighbour.state === NUD_STALE) this.set(neighbour, NUD_DELAY, now + DELAY_NS);
      this.link.sendTo(packet, neighbour.station);
      return;
    }
    if (this.waiting.length < WAITING_MAX) this.waiting.push({ neighbour, packet });
    if (neighbour.state !== NUD_INCOMPLETE) {
      neighbour.probes = 0;
      this.set(neighbour, NUD_INCOMPLETE);
      this.probe(neighbour);
    }
  }

  /** A station was heard with an address. `answer`: it was asked for it; else the address must be known already, or `make` it. */
  learn(address: Address, station: number, answer: boolean, make: boolean): void {
    const now = this.of.namespace.now();
    let neighbour = this.neighbours.get(address);
    if (!neighbour && !make) return;
    neighbour ??= this.make(address, now);
    if ((neighbour.state & (NUD_PERMANENT | NUD_NOARP)) !== 0) return;
    const same = neighbour.station === station;
    if (same && !answer && neighbour.state !== NUD_FAILED) return;
    neighbour.station = station;
    if (answer) neighbour.confirmed = now;
    this.set(neighbour, answer ? NUD_REACHABLE : NUD_STALE);
    this.flush(neighbour);
  }

  private flush(neighbour: Neighbour): void {
    const ready = this.waiting.filter((one) => one.neighbour === neighbour);
    this.waiting = this.waiting.filter((one) => one.neighbour !== neighbour);
    for (const { packet } of ready) this.link.sendTo(packet, neighbour.station!);
  }

  /** Set by hand. */
  put(address: Address, station: number | undefined, state: number): void {
    const now = this.of.namespace.now();
    const neighbour = this.neighbours.get(address) ?? this.make(address, now);
    if (station !== undefined) neighbour.station = station;
    if (state === NUD_REACHABLE) neighbour.confirmed = now;
    this.set(neighbour, state);
    if (neighbour.station !== undefined && (state & (NUD_INCOMPLETE | NUD_FAILED)) === 0) this.flush(neighbour);
  }

  remove(address: Address): boolean {
    const neighbour = this.neighbours.get(address);
    if (!neighbour) return false;
    this.drop(neighbour);
    return true;
  }

  /** Forgets all; `byHand`: but for those that were set by hand. */
  clear(byHand = false): void {
    for (const neighbour of [...this.neighbours.values()])
      if (!byHand || (neighbour.state & NUD_PERMANENT) === 0) this.drop(neighbour);
  }

  private drop(neighbour: Neighbour): void {
    this.stop(neighbour);
    this.neighbours.delete(neighbour.address);
    this.waiting = this.waiting.filter((one) => one.neighbour !== neighbour);
    this.of.namespace.changes.neighbourChanged(neighbour, true);
  }

  private make(address: Address, now: number): Neighbour {
    if (this.neighbours.size >= NEIGHBOURS_MAX) {
      let oldest: Neighbour | undefined;
      for (const one of this.neighbours.values())
        if ((one.state & NUD_PERMANENT) === 0 && (!oldest || one.used < oldest.used)) oldest = one;
      if (oldest) this.drop(oldest);
    }
    const neighbour = { address, interface: this.of, state: 0, probes: 0, confirmed: now, used: now, updated: now };
    this.neighbours.set(address, neighbour);
    return neighbour;
  }

  private set(neighbour: Neighbour, state: number, due = Number.POSITIVE_INFINITY): void {
    this.stop(neighbour);
    neighbour.updated = this.of.namespace.now();
    if (neighbour.state !== state) {
      neighbour.state = state;
      this.of.namespace.changes.neighbourChanged(neighbour, false);
    }
    if (due === Number.POSITIVE_INFINITY) return;
    const probe = new Probe(this, neighbour);
    this.probes.set(neighbour, probe);
    this.of.namespace.kernel.timers.set(probe, due);
  }

  private stop(neighbour: Neighbour): void {
    const probe = this.probes.get(neighbour);
    if (!probe) return;
    this.probes.delete(neighbour);
    this.of.namespace.kernel.timers.cancel(probe);
  }

  /** A neighbour has not answered in time, or was used and is to be asked again. */
  due({ neighbour }: Probe): void {
    this.probes.delete(neighbour);
    if (neighbour.state === NUD_DELAY) {
      neighbour.probes = 0;
      neighbour.state = NUD_PROBE;
    }
    if (neighbour.probes < PROBES) {
      this.probe(neighbour);
      return;
    }
    const lost = this.waiting.filter((one) => one.neighbour === neighbour);
    this.waiting = this.waiting.filter((one) => one.neighbour !== neighbour);
    this.set(neighbour, NUD_FAILED);
    for (const { packet } of lost) this.of.namespace.icmp.hostUnreachable(packet);
  }

  private probe(neighbour: Neighbour): void {
    neighbour.probes++;
    this.set(neighbour, neighbour.state, this.of.namespace.now() + PROBE_NS);
    this.link.ask(neighbour.address, neighbour.state === NUD_PROBE ? neighbour.station : undefined);
  }
}

// Which station has which address: as many leases as there are addresses, and none taken from a machine that uses it.
// Source: RFC 2131, sections 3.1, 4.3.1 (what to offer), 4.3.2 (what to grant), 4.3.3 (declined addresses).
import type { Clock } from '../../base/time.js';

export interface LeaseRules {
  clock: Clock;
  first: number;
  last: number;
  /** How long a lease is. */
  nanoseconds: number;
  /** The station that alone has the first address. */
  firstFor?: number;
  heardAt: (address: number) => number | undefined;
}

/** How long nobody is given an address that a station has found in use. */
const DECLINED_NANOSECONDS = 60e9;

interface Lease {
  address: number;
  /** Machine time in nanoseconds; 0 while it is only offered, or released: another station may have it when none is free. */
  until: number;
}

export class DhcpLeases {
  /** By station, the one that was longest silent first. */
  private readonly leases = new Map<number, Lease>();
  private readonly taken = new Set<number>();

  constructor(private readonly rules: LeaseRules) {}

  /** An address to offer: its own, the wanted one when it is free, else any. Undefined: all are in use. */
  offer(station: number, wanted: number): number | undefined {
    const own = this.leases.get(station);
    if (own && (own.until > 0 || !this.heardFromOther(own.address, station))) return own.address;
    this.drop(station);
    const address = this.isFree(wanted, station) ? wanted : this.choose(station);
    if (address !== undefined) this.hold(station, { address, until: 0 });
    return address;
  }

  /**
   * Makes `wanted` the station's for the length of a lease; false: it cannot have it. A station that is not known may have been
   * given its address by a gateway before this one: it keeps it.
   */
  take(station: number, wanted: number): boolean {
    if (this.leases.get(station)?.address !== wanted) {
      if (this.leases.has(station) || !this.isFree(wanted, station)) return false;
    } else if (this.offer(station, wanted) !== wanted) return false;
    this.hold(station, { address: wanted, until: this.rules.clock.now() + this.rules.nanoseconds });
    return true;
  }

  /** Its address is kept for it until another station needs it. */
  release(station: number): void {
    const lease = this.leases.get(station);
    if (lease) lease.until = 0;
  }

  /** The station has found its address in use. */
  decline(station: number, address: number): void {
    if (this.leases.get(station)?.address !== address) return;
    this.leases.delete(station);
    // under a name that no station has, so that it comes free in its turn
    this.leases.set(-address, { address, until: this.rules.clock.now() + DECLINED_NANOSECONDS });
  }

  private hold(station: number, lease: Lease): void {
    // setting anew moves it to the end of the map's order
    this.drop(station);
    this.leases.set(station, lease);
    this.taken.add(lease.address);
  }

  private drop(station: number): void {
    const lease = this.leases.get(station);
    if (!lease) return;
    this.leases.delete(station);
    this.taken.delete(lease.address);
  }

  private choose(station: number): number | undefined {
    const { last, clock } = this.rules;
    let heard: number | undefined;
    for (let address = this.firstOf(station); address <= last; address++) {
      if (this.isFree(address, station)) return address;
      if (!this.taken.has(address)) heard ??= address;
    }
    const now = clock.now();
    for (const [other, { address, until }] of this.leases) {
      if (until > now || address < this.firstOf(station)) continue;
      this.drop(other);
      return address;
    }
    // whoever says that all addresses are its own must not keep others out
    return heard;
  }

  private isFree(address: number, station: number): boolean {
    const inRange = address >= this.firstOf(station) && address <= this.rules.last;
    return inRange && !this.taken.has(address) && !this.heardFromOther(address, station);
  }

  private firstOf(station: number): number {
    const { first, firstFor } = this.rules;
    return firstFor === undefined || firstFor === station ? first : first + 1;
  }

  private heardFromOther(address: number, station: number): boolean {
    const heard = this.rules.heardAt(address);
    return heard !== undefined && heard !== station;
  }
}

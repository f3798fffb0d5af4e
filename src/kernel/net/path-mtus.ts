// How long packets may be on the ways that are narrower than their first link, as routers have told. RFC 1191, 8201; Linux net/ipv4/route.c.
import type { Address } from '../../net/address.js';
import type { NetNamespace } from '../ns/net-namespace.js';

/** Places that are known; the oldest goes. */
const PLACES_MAX = 1024;
/** Nanoseconds until the way is tried again. */
const EXPIRES = 600e9;
/** net.ipv4.route.min_pmtu; RFC 8200 section 5. */
const LEAST_4 = 552;
const LEAST_6 = 1280;

export class PathMtus {
  private readonly known = new Map<Address, { mtu: number; until: number }>();

  constructor(private readonly namespace: NetNamespace) {}

  /** Bytes of a packet that goes to `destination` by a link of `mtu`. */
  of(destination: Address, mtu: number): number {
    if (this.known.size === 0) return mtu;
    const entry = this.known.get(destination);
    if (!entry) return mtu;
    if (this.namespace.now() < entry.until) return Math.min(mtu, entry.mtu);
    this.known.delete(destination);
    return mtu;
  }

  /** A router says that packets to `destination` have room for `mtu` bytes. */
  learn(destination: Address, mtu: number): void {
    if (mtu <= 0) return;
    this.known.delete(destination);
    if (this.known.size >= PLACES_MAX)
      for (const oldest of this.known.keys()) {
        this.known.delete(oldest);
        break;
      }
    const least = typeof destination === 'number' ? LEAST_4 : LEAST_6;
    this.known.set(destination, { mtu: Math.max(least, mtu), until: this.namespace.now() + EXPIRES });
  }
}

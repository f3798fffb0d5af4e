// Ports of one protocol in a namespace: who has which, who may share one, which is free. man 7 ip (SO_REUSEADDR), socket (SO_REUSEPORT);
// Linux net/ipv4/inet_connection_sock.c inet_csk_bind_conflict, net/ipv4/udp.c.
import type { Address } from '../../../net/address.js';
import { ANY_4, ANY_6, type Endpoint, isAny } from './endpoint.js';

/** Somebody who has a port. */
export interface PortHolder {
  readonly local: Endpoint;
  /** Of IPv6: does it leave IPv4 alone? */
  readonly only6: boolean;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  /** Of its user. */
  readonly uid: number;
  /** Index of the interface that it is bound to, 0: none. */
  readonly device: number;
  /** TCP: a port that is listened on is not shared by SO_REUSEADDR. */
  readonly listening: boolean;
}

/** net.ipv4.ip_local_port_range, as it begins. */
export const PORT_FIRST = 32768;
export const PORT_LAST = 60999;

/** Is `local` an address that packets to `address` come to? */
export function covers(local: Address, only6: boolean, address: Address): boolean {
  if (local === ANY_6) return typeof address === 'bigint' || !only6;
  if (local === ANY_4) return typeof address === 'number';
  return local === address;
}

function overlap(a: PortHolder, b: PortHolder): boolean {
  const [x, y] = [a.local.address, b.local.address];
  if (isAny(x) && isAny(y)) return typeof x === typeof y || (x === ANY_6 ? !a.only6 : !b.only6);
  return isAny(x) ? covers(x, a.only6, y) : covers(y, b.only6, x);
}

export class PortTable<H extends PortHolder> {
  private readonly ports = new Map<number, Set<H>>();
  private readonly none: ReadonlySet<H> = new Set();

  constructor(
    /** Random bits, of which the low 16 count. */
    private readonly numbers: { random(): number },
  ) {}

  holders(port: number): ReadonlySet<H> {
    return this.ports.get(port) ?? this.none;
  }

  /** All, by port. */
  *all(): Generator<H> {
    for (const holders of this.ports.values()) yield* holders;
  }

  /** Whom `holder` can't share its port with. */
  conflict(holder: H): H | undefined {
    for (const other of this.holders(holder.local.port)) {
      if (other === holder || !overlap(holder, other)) continue;
      if (holder.device !== 0 && other.device !== 0 && holder.device !== other.device) continue;
      if (holder.reuseAddress && other.reuseAddress && !other.listening) continue;
      if (holder.reusePort && other.reusePort && holder.uid === other.uid) continue;
      return other;
    }
    return undefined;
  }

  add(holder: H): void {
    const { port } = holder.local;
    const holders = this.ports.get(port);
    if (holders) holders.add(holder);
    else this.ports.set(port, new Set([holder]));
  }

  remove(holder: H): void {
    const { port } = holder.local;
    const holders = this.ports.get(port);
    if (holders?.delete(holder) && holders.size === 0) this.ports.delete(port);
  }

  /** A port of the range that `free` takes; 0: there is none. */
  choose({ first, last }: { first: number; last: number }, free: (port: number) => boolean): number {
    const count = last - first + 1;
    const start = (this.numbers.random() & 0xffff) % count;
    for (let i = 0; i < count; i++) {
      const port = first + ((start + i) % count);
      if (free(port)) return port;
    }
    return 0;
  }
}

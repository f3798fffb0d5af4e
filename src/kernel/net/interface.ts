// Network interfaces of a namespace: what all kinds have in common. man 7 netdevice; Linux include/linux/netdevice.h.
import type { Address } from '../../net/address.js';
import { inNetwork } from '../../net/address.js';
import { IFF_RUNNING, IFF_UP, IFF_LOOPBACK, IFF_LOWER_UP } from '../abi/inet.js';
import type { NetNamespace } from '../ns/net-namespace.js';
import type { BridgePort } from './link/bridge-port.js';
import { LinkSettings } from './net-settings.js';
import type { Packet } from './packet.js';
import { type QueueSurroundings, TrafficControl } from './queue/traffic-control.js';
import type { Timers } from '../task/timers.js';

/** An address of an interface, and what is known of it: ip-address(8). */
export interface InterfaceAddress {
  readonly address: Address;
  readonly bits: number;
  /** IPv4: where it lies at the other end of a line, else the address itself. */
  readonly peer: Address;
  readonly broadcast?: number;
  /** RT_SCOPE_*. */
  readonly scope: number;
  readonly label: string;
  /** IFA_F_*. */
  flags: number;
  readonly protocol: number;
  /** Seconds that it stays, of which preferred; 0xffffffff: for ever. */
  readonly valid: number;
  readonly preferred: number;
  readonly metric: number;
  /** Milliseconds of the monotonic clock. */
  readonly created: number;
}

/** Traffic in one direction. */
export interface Traffic {
  bytes: number;
  packets: number;
  errors: number;
  dropped: number;
  multicast: number;
}
const noTraffic = (): Traffic => ({ bytes: 0, packets: 0, errors: 0, dropped: 0, multicast: 0 });

export abstract class Interface implements QueueSurroundings {
  readonly addresses: InterfaceAddress[] = [];
  readonly received = noTraffic();
  readonly sent = noTraffic();
  queueLength = 1000;
  alias?: string;
  /** What waits to be sent. */
  readonly traffic = new TrafficControl(this);

  readonly settings = new LinkSettings();
  /** IFLA_GROUP. */
  group = 0;
  /** Bytes of data that a TCP segment may have on its way out; IFLA_GSO_MAX_SIZE. */
  segmentsMax = 65536;
  /** Interfaces that are made on top of it: macvlan. */
  readonly uppers: Interface[] = [];
  /** The bridge's port that it is: its frames are the bridge's. */
  port?: BridgePort;

  constructor(
    public namespace: NetNamespace,
    public index: number,
    public name: string,
    /** ARPHRD_*. */
    readonly type: number,
    /** IFF_* flags but for those that say how it is. */
    public configured: number,
    public mtu: number,
    /** Its address on the link: a station's number. */
    public station: number,
  ) {
    this.settings.takeOver(namespace.settings.default);
  }

  /** 'loopback', 'veth': the kind that `ip link` shows; undefined: a card. */
  get kind(): string | undefined {
    return undefined;
  }

  /** What its frames go by: IFLA_LINK. */
  get lower(): Interface | undefined {
    return undefined;
  }

  /** Those of the node that it is made of: a macvlan's other one, a bridge's ports. */
  get parts(): readonly Interface[] {
    return [];
  }

  /** Is it one of those that go by another one? */
  get hasLower(): boolean {
    return this.lower !== undefined;
  }

  /** May it go to another namespace? */
  get movable(): boolean {
    return true;
  }

  get up(): boolean {
    return (this.configured & IFF_UP) !== 0;
  }

  /** Is somebody at the other end? */
  get carrier(): boolean {
    return true;
  }

  /** As RFC 2863 has it: nobody knows of one that has no link below. */
  get operState(): 'unknown' | 'down' | 'lowerlayerdown' | 'up' {
    if (!this.up) return 'down';
    if (!this.carrier) return this.lower ? 'lowerlayerdown' : 'down';
    return (this.configured & IFF_LOOPBACK) !== 0 ? 'unknown' : 'up';
  }

  /** IFF_* flags as a program sees them. */
  get flags(): number {
    return this.configured | (this.up && this.carrier ? IFF_RUNNING | IFF_LOWER_UP : 0);
  }

  has(address: Address): boolean {
    return this.addresses.some((own) => own.address === address);
  }

  /** The address that it speaks from to `destination`. */
  sourceFor(destination: Address): Address | undefined {
    const family = this.addresses.filter((own) => typeof own.address === typeof destination);
    const near = family.find((own) => inNetwork(destination, own.peer, own.bits));
    return (near ?? family.find((own) => own.scope === 0) ?? family[0])?.address;
  }

  /** Sends a packet to `nextHop`, which is on its link. */
  abstract transmit(packet: Packet, nextHop: Address): void;

  setStation(station: number): void {
    this.station = station;
  }

  get timers(): Timers {
    return this.namespace.kernel.timers;
  }
  now(): number {
    return this.namespace.now();
  }
  /** Sends what its queue has let go. */
  abstract dispatch(load: unknown): void;

  /** What it has of its own accord once it is up. */
  wentUp(): void {}

  /** It has gone up or down: what hangs on it is told. */
  upChanged(): void {}

  /** It has gone up or down, or its addresses have changed. */
  changed(): void {}

  /** It is about to go for ever. */
  part(): void {}

  /** It goes out of its namespace: into another one, or for ever. */
  leave(): void {}

  /** It goes for ever, and is out of its namespace already. */
  close(): void {}
}

// A bridge: an interface that forwards frames between its ports, and is itself a station on what they join.
// IEEE 802.1D section 7; man 8 ip-link; Linux net/bridge/br_device.c, br_input.c, br_forward.c, br_if.c.
// DEVIATION: no spanning tree, no VLANs, no snooping of multicast: groups are flooded.
import { isGroup, BROADCAST } from '../../../net/ethernet.js';
import { EBUSY, EINVAL, ELOOP, EMLINK, EXFULL } from '../../abi/errno.js';
import { IFF_LOOPBACK } from '../../abi/inet.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import { EthernetInterface } from '../ethernet-interface.js';
import type { Interface } from '../interface.js';
import type { Refusal } from '../netlink/route-requests.js';
import { BridgePort } from './bridge-port.js';
import { BridgeTable } from './bridge-table.js';
import { type Frame, passedOn } from './frame.js';
import { nesting } from './nesting.js';

/** BR_MAX_PORTS; 0 is none's. */
const PORTS_MAX = 1023;
const AGEING = 300e9;
/** Groups of the link itself, which no bridge forwards: IEEE 802.1D table 7-10. */
const LINK_GROUPS = 0x0180c2_000000;
const MTU = 1500;

export class Bridge extends EthernetInterface {
  readonly ports: BridgePort[] = [];
  readonly table = new BridgeTable(this);
  /** Nanoseconds after which a station is forgotten. */
  ageing = AGEING;
  priority = 0x8000;
  /** A program has said which address, or how long packets are: ports do not. */
  stationSet = false;
  mtuSet = false;
  /** What its ports are to do has been looked at. Before that it is thought to have a link. */
  private selected = false;

  constructor(namespace: NetNamespace, index: number, name: string, station: number) {
    super(namespace, index, name, station);
    this.ownStation();
  }

  override get kind(): string {
    return 'bridge';
  }

  /** It is there for those of its namespace alone. */
  override get movable(): boolean {
    return false;
  }

  override get carrier(): boolean {
    return !this.selected || this.ports.some((port) => port.forwards);
  }

  override get operState(): 'unknown' | 'down' | 'lowerlayerdown' | 'up' {
    return this.up && !this.selected ? 'unknown' : super.operState;
  }

  override get parts(): readonly EthernetInterface[] {
    return this.ports.map(({ of }) => of);
  }

  // ---- ports --------------------------------------------------------------------------------------------------------------------

  /** Makes an interface a port: 0, or why not. */
  enslave(one: Interface): number | Refusal {
    if ((one.configured & IFF_LOOPBACK) !== 0 || !(one instanceof EthernetInterface)) return -EINVAL;
    if (one instanceof Bridge) return { error: -ELOOP, message: 'Can not enslave a bridge to a bridge' };
    if (one.port || one.uppers.length > 0) return -EBUSY;
    const fits = nesting(this, one);
    if (fits !== 'fits') return fits === 'loop' ? -EBUSY : -EMLINK;
    const taken = new Set(this.ports.map(({ number }) => number));
    let number = 1;
    while (taken.has(number)) number++;
    if (number > PORTS_MAX) return -EXFULL;
    const port = new BridgePort(this, one, number);
    one.port = port;
    this.ports.push(port);
    this.table.put(localEntry(one.station, port, this.namespace.now()));
    this.adapt();
    this.namespace.changes.portChanged(port, false);
    this.carrierChanged();
    return 0;
  }

  /** A port is an interface of its own again. */
  release(port: BridgePort): void {
    const at = this.ports.indexOf(port);
    if (at < 0) return;
    this.ports.splice(at, 1);
    this.table.flush(port, false);
    this.namespace.changes.portChanged(port, true);
    port.of.port = undefined;
    this.adapt();
    this.ownStation();
    this.carrierChanged();
  }

  /** A port has come up or gone down. */
  portChanged(): void {
    this.carrierChanged();
  }

  /** A port's address is another one. */
  portStation(port: BridgePort, before: number): void {
    const entry = this.table.get(before);
    if (entry?.port === port && entry.local) this.table.remove(entry);
    this.table.put(localEntry(port.of.station, port, this.namespace.now()));
    this.adapt();
  }

  /** Its address is the lowest of its ports', its packets as long as all of them take. */
  adapt(): void {
    const { ports } = this;
    this.selected = true;
    if (!this.stationSet) {
      const lowest = ports.reduce((least, { of }) => Math.min(least, of.station), BROADCAST);
      super.setStation(ports.length > 0 ? lowest : 0);
      this.ownStation();
    }
    if (!this.mtuSet)
      this.mtu = ports.reduce((least, { of }) => Math.min(least, of.mtu), ports.length > 0 ? BROADCAST : MTU);
    this.segmentsMax = ports.reduce((least, { of }) => Math.min(least, of.segmentsMax), 65536);
  }

  override setStation(station: number): void {
    this.stationSet = true;
    super.setStation(station);
    this.ownStation();
    this.selected = true;
    if (this.up) this.carrierChanged();
  }

  /** Frames to its address are its own, by whatever port. */
  private ownStation(): void {
    for (const entry of this.table.all)
      if (entry.local && entry.port === undefined && entry.station !== this.station) this.table.remove(entry);
    if (this.station !== 0 && !this.table.get(this.station)?.local)
      this.table.put(localEntry(this.station, undefined, this.namespace.now()));
  }

  override leave(): void {
    for (const port of [...this.ports]) {
      this.release(port);
      port.of.namespace.changes.linkChanged(port.of, false);
    }
    super.leave();
  }

  // ---- frames -------------------------------------------------------------------------------------------------------------------

  /** What the namespace itself sends. */
  protected override send(frame: Frame): boolean {
    const to = isGroup(frame.destination) ? undefined : this.table.find(frame.destination, this.namespace.now())?.port;
    if (to) this.forward(to, undefined, frame);
    else this.flood(undefined, frame);
    return true;
  }

  /** A frame has come by a port. */
  heard(port: BridgePort, frame: Frame): void {
    if (!port.forwards) return;
    const { source, destination } = frame;
    if (isGroup(source) || source === 0) return;
    const now = this.namespace.now();
    if (port.flags.learning) this.table.learn(source, port, now);
    if (destination >= LINK_GROUPS && destination < LINK_GROUPS + 16) return;
    if (isGroup(destination)) {
      this.flood(port, frame);
      this.receive(passedOn(frame));
      return;
    }
    const entry = this.table.find(destination, now);
    if (entry?.local) this.receive(passedOn(frame), true);
    else if (entry?.port) {
      entry.used = now;
      this.forward(entry.port, port, frame);
    } else this.flood(port, frame);
  }

  private forward(to: BridgePort, from: BridgePort | undefined, frame: Frame): void {
    if (!to.forwards || (to === from && !to.flags.hairpin) || (from?.flags.isolated && to.flags.isolated)) return;
    // what is too long for the link is lost without a word
    if (to.of.fits(frame)) to.of.put(passedOn(frame));
    else to.of.sent.dropped++;
  }

  private flood(from: BridgePort | undefined, frame: Frame): void {
    const { destination } = frame;
    const flag =
      destination === BROADCAST ? 'broadcastFlood' : isGroup(destination) ? 'multicastFlood' : ('flood' as const);
    for (const port of this.ports) if (from === undefined || port.flags[flag]) this.forward(port, from, frame);
  }
}

const localEntry = (station: number, port: BridgePort | undefined, now: number) => ({
  ...{ station, port, local: true, static: true, added: false, updated: now, used: now },
});

// An interface with an address of its own on another interface's wire. man 8 ip-link; Linux drivers/net/macvlan.c.
// DEVIATION: modes private, vepa and bridge; passthru and source are not there.
import { isGroup } from '../../../net/ethernet.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import { EthernetInterface } from '../ethernet-interface.js';
import { type Frame, passedOn } from './frame.js';

/** MACVLAN_MODE_*: how those on one wire hear each other: never; by way of what is at its other end; at once. */
export const MACVLAN_MODE = { private: 1, vepa: 2, bridge: 4 } as const;

export class Macvlan extends EthernetInterface {
  constructor(
    namespace: NetNamespace,
    index: number,
    name: string,
    station: number,
    readonly below: EthernetInterface,
    public mode: number,
  ) {
    super(namespace, index, name, station);
    this.mtu = below.mtu;
    this.segmentsMax = below.segmentsMax;
    below.uppers.push(this);
  }

  override get kind(): string {
    return 'macvlan';
  }

  override get lower(): EthernetInterface {
    return this.below;
  }

  override get parts(): readonly EthernetInterface[] {
    return [this.below];
  }

  override get carrier(): boolean {
    return this.below.up && this.below.carrier;
  }

  override close(): void {
    const at = this.below.uppers.indexOf(this);
    if (at >= 0) this.below.uppers.splice(at, 1);
  }

  private sibling(station: number): Macvlan | undefined {
    return this.below.uppers.find((one) => one.station === station && one instanceof Macvlan) as Macvlan | undefined;
  }

  protected override send(frame: Frame): boolean {
    const { below, mode } = this;
    const { links } = this.namespace.kernel;
    if (mode === MACVLAN_MODE.bridge) {
      if (isGroup(frame.destination)) {
        for (const one of below.uppers)
          if (one instanceof Macvlan && one !== this && one.mode === MACVLAN_MODE.bridge)
            links.push(one, passedOn(frame));
      } else {
        const to = this.sibling(frame.destination);
        if (to?.mode === MACVLAN_MODE.bridge) return links.push(to, passedOn(frame));
      }
    }
    if (!below.up) return false;
    below.put(passedOn(frame));
    return true;
  }

  protected override fromBelow(frame: Frame): boolean {
    if (!isGroup(frame.destination)) {
      if (frame.destination !== this.station) return false;
      this.receive(passedOn(frame));
      return true;
    }
    // what one of them has said has come back from the other end of the wire: bridge mode has heard it already
    const from = this.sibling(frame.source);
    const hears =
      from === undefined ||
      (from !== this && from.mode !== MACVLAN_MODE.private && this.mode === MACVLAN_MODE.vepa) ||
      (from !== this && from.mode === MACVLAN_MODE.vepa && this.mode === MACVLAN_MODE.bridge);
    if (hears && this.up) this.receive(passedOn(frame));
    return false;
  }
}

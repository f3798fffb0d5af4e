// What changes in a namespace's network, told to those who listen: netlink's multicast groups. man 7 rtnetlink.
import type { NetNamespace } from '../ns/net-namespace.js';
import type { Interface, InterfaceAddress } from './interface.js';
import type { Bridge } from './link/bridge.js';
import type { BridgePort } from './link/bridge-port.js';
import type { StationEntry } from './link/bridge-table.js';
import type { Neighbour } from './neighbour-table.js';
import type { Route } from './routes.js';

export interface NetListener {
  linkChanged(one: Interface, gone: boolean): void;
  addressChanged(of: Interface, address: InterfaceAddress, gone: boolean): void;
  routeChanged(route: Route, gone: boolean): void;
  neighbourChanged(neighbour: Neighbour, gone: boolean): void;
  stationChanged(bridge: Bridge, entry: StationEntry, gone: boolean): void;
  portChanged(port: BridgePort, gone: boolean): void;
  /** Another namespace has got a number, or lost it. */
  numberChanged(other: NetNamespace, number: number, gone: boolean): void;
}

export class NetChanges implements NetListener {
  private readonly listeners = new Set<NetListener>();

  add(listener: NetListener): void {
    this.listeners.add(listener);
  }
  remove(listener: NetListener): void {
    this.listeners.delete(listener);
  }

  linkChanged(one: Interface, gone: boolean): void {
    for (const listener of this.listeners) listener.linkChanged(one, gone);
  }
  addressChanged(of: Interface, address: InterfaceAddress, gone: boolean): void {
    for (const listener of this.listeners) listener.addressChanged(of, address, gone);
  }
  routeChanged(route: Route, gone: boolean): void {
    for (const listener of this.listeners) listener.routeChanged(route, gone);
  }
  neighbourChanged(neighbour: Neighbour, gone: boolean): void {
    for (const listener of this.listeners) listener.neighbourChanged(neighbour, gone);
  }
  stationChanged(bridge: Bridge, entry: StationEntry, gone: boolean): void {
    for (const listener of this.listeners) listener.stationChanged(bridge, entry, gone);
  }
  portChanged(port: BridgePort, gone: boolean): void {
    for (const listener of this.listeners) listener.portChanged(port, gone);
  }
  numberChanged(other: NetNamespace, number: number, gone: boolean): void {
    for (const listener of this.listeners) listener.numberChanged(other, number, gone);
  }
}

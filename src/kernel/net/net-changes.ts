// What changes in a namespace's network, told to those who listen: netlink's multicast groups. man 7 rtnetlink.
import type { Interface, InterfaceAddress } from './interface.js';
import type { Neighbour } from './neighbour-table.js';
import type { Route } from './routes.js';

export interface NetListener {
  linkChanged(one: Interface, gone: boolean): void;
  addressChanged(of: Interface, address: InterfaceAddress, gone: boolean): void;
  routeChanged(route: Route, gone: boolean): void;
  neighbourChanged(neighbour: Neighbour, gone: boolean): void;
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
}

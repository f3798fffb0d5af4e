// An interface that has addresses, and loses what goes out by it. Linux drivers/net/dummy.c.
import { IFF_BROADCAST, IFF_NOARP } from '../../abi/inet.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import { EthernetInterface } from '../ethernet-interface.js';

export class Dummy extends EthernetInterface {
  constructor(namespace: NetNamespace, index: number, name: string, station: number) {
    super(namespace, index, name, station);
    this.configured = IFF_BROADCAST | IFF_NOARP;
  }

  override get kind(): string {
    return 'dummy';
  }

  override get operState(): 'unknown' | 'down' | 'up' | 'lowerlayerdown' {
    return this.up ? 'unknown' : 'down';
  }

  protected override send(): boolean {
    return true;
  }
}

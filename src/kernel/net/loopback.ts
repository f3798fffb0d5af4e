// The interface lo: what goes out by it has come. Linux drivers/net/loopback.c.
import type { Address } from '../../net/address.js';
import { ARPHRD_LOOPBACK, IFF_LOOPBACK } from '../abi/inet.js';
import { RT_SCOPE_HOST } from '../abi/rtnetlink.js';
import type { NetNamespace } from '../ns/net-namespace.js';
import { LOOPBACK_4, LOOPBACK_6 } from './inet/endpoint.js';
import { Interface } from './interface.js';
import type { Passing } from './internet.js';
import type { Packet } from './packet.js';

const MTU = 65536;

export class Loopback extends Interface {
  constructor(namespace: NetNamespace, index: number) {
    super(namespace, index, 'lo', ARPHRD_LOOPBACK, IFF_LOOPBACK, MTU, 0);
  }

  override get movable(): boolean {
    return false;
  }

  /** The addresses that every system has, unless it was given others. Linux net/ipv4/devinet.c, net/ipv6/addrconf.c init_loopback. */
  override wentUp(): void {
    const { addressing } = this.namespace;
    if (!this.addresses.some(({ address }) => typeof address === 'number'))
      addressing.add(this, addressing.plain(LOOPBACK_4, 8, { scope: RT_SCOPE_HOST, label: this.name }));
    addressing.add(this, addressing.plain(LOOPBACK_6, 128, { scope: RT_SCOPE_HOST }));
  }

  override dispatch(load: unknown): void {
    this.namespace.internet.passOn(load as Passing);
  }

  /** Packets of the namespace to itself never get here: the internet passes them on. */
  transmit(packet: Packet, _nextHop: Address): void {
    this.namespace.internet.arrive(packet, this);
  }
}

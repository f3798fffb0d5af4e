// The kernel's own DHCP client: an interface gets its address, its way out and name servers from its network, and keeps them.
// RFC 2131 section 4.4; in the manner of Linux net/ipv4/ipconfig.c, which programs see as /proc/net/pnp.
import { put16, put32, u32 } from '../../net/big-endian.js';
import { putStation } from '../../net/ethernet.js';
import {
  AT,
  COOKIE,
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  FIXED,
  OPTION,
  readOptions,
  TYPE,
} from '../../net/ipv4/dhcp-message.js';
import { makeUdp } from '../../net/udp.js';
import { IPPROTO_UDP } from '../abi/inet.js';
import { RT_SCOPE_UNIVERSE, RT_TABLE_MAIN, RTN_UNICAST } from '../abi/rtnetlink.js';
import type { Timed } from '../task/timers.js';
import type { DatagramWatch, EthernetInterface } from './ethernet-interface.js';
import { ANY_4, BROADCAST_4 } from './inet/endpoint.js';
import { datagramOf, type Packet } from './packet.js';

const RTPROT_DHCP = 16;
const FIRST_PAUSE = 1e9;
const LONGEST_PAUSE = 16e9;
const LEASE_STANDARD = 3600;
const BOOT_REQUEST = 1;
const ETHERNET = 1;
const STATION_SIZE = 6;
const BROADCAST_FLAG = 0x8000;
const OPTIONS_SIZE = 64;

type Phase = 'discover' | 'request' | 'bound';

export class DhcpClient implements Timed, DatagramWatch {
  phase: Phase = 'discover';
  /** Of the network, once it is bound. */
  nameServers: number[] = [];
  address = ANY_4;
  private server = ANY_4;
  private offered = ANY_4;
  private pause = FIRST_PAUSE;
  private readonly transaction: number;

  constructor(private readonly of: EthernetInterface) {
    this.transaction = of.namespace.random();
  }

  /** Begins to ask. */
  start(): void {
    this.of.watch = this;
    this.ask();
  }

  expire(): void {
    if (this.phase === 'bound') {
      // half the lease has passed
      this.offered = this.address;
      this.phase = 'request';
      this.pause = FIRST_PAUSE;
    } else this.pause = Math.min(LONGEST_PAUSE, this.pause * 2);
    this.ask();
  }

  private ask(): void {
    const { namespace } = this.of;
    namespace.kernel.timers.set(this, namespace.now() + this.pause);
    const message = new Uint8Array(FIXED + OPTIONS_SIZE);
    message.set([BOOT_REQUEST, ETHERNET, STATION_SIZE], AT.OPERATION);
    put32(message, AT.TRANSACTION, this.transaction);
    put16(message, AT.FLAGS, BROADCAST_FLAG);
    putStation(message, AT.HARDWARE, this.of.station);
    put32(message, AT.COOKIE, COOKIE);
    const options = [OPTION.TYPE, 1, this.phase === 'discover' ? TYPE.DISCOVER : TYPE.REQUEST];
    const word = (value: number): number[] => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
    if (this.phase === 'request') {
      options.push(OPTION.REQUESTED, 4, ...word(this.offered));
      if (this.server !== ANY_4) options.push(OPTION.SERVER, 4, ...word(this.server));
    }
    options.push(OPTION.END);
    message.set(options, FIXED);
    const datagram = { sourcePort: DHCP_CLIENT_PORT, destinationPort: DHCP_SERVER_PORT, data: message };
    this.of.transmit(
      {
        ...{ source: ANY_4, destination: BROADCAST_4, protocol: IPPROTO_UDP, timeToLive: 64, service: 0, interface: 0 },
        payload: makeUdp(ANY_4, BROADCAST_4, datagram),
      },
      BROADCAST_4,
    );
  }

  sees(packet: Packet): boolean {
    const datagram = datagramOf(packet);
    if (datagram?.destinationPort !== DHCP_CLIENT_PORT || datagram.sourcePort !== DHCP_SERVER_PORT) return false;
    const { data } = datagram;
    if (data.length < FIXED || u32(data, AT.COOKIE) !== COOKIE || u32(data, AT.TRANSACTION) !== this.transaction)
      return true;
    const options = readOptions(data.subarray(FIXED));
    const word = (code: number): number | undefined => {
      const bytes = options.get(code);
      return bytes && bytes.length >= 4 ? u32(bytes, 0) : undefined;
    };
    const type = options.get(OPTION.TYPE)?.[0];
    if (type === TYPE.OFFER && this.phase === 'discover') {
      this.offered = u32(data, AT.YOURS);
      this.server = word(OPTION.SERVER) ?? ANY_4;
      this.phase = 'request';
      this.pause = FIRST_PAUSE;
      this.ask();
    } else if (type === TYPE.ACK && this.phase === 'request') {
      const servers = options.get(OPTION.DNS) ?? new Uint8Array(0);
      this.nameServers = [];
      for (let at = 0; at + 4 <= servers.length && at < 12; at += 4) this.nameServers.push(u32(servers, at));
      const mask = word(OPTION.MASK) ?? 0xffffff00;
      this.bind(
        u32(data, AT.YOURS),
        Math.clz32(~mask >>> 0),
        word(OPTION.ROUTER),
        word(OPTION.LEASE) ?? LEASE_STANDARD,
      );
    } else if (type === TYPE.NAK && this.phase === 'request') {
      this.leave();
      this.phase = 'discover';
      this.pause = FIRST_PAUSE;
      this.ask();
    }
    return true;
  }

  private bind(address: number, bits: number, router: number | undefined, lease: number): void {
    const { of } = this;
    const { addressing, routes, kernel, changes } = of.namespace;
    kernel.timers.set(this, of.namespace.now() + (lease / 2) * 1e9);
    this.phase = 'bound';
    if (this.address === address) return;
    this.leave();
    this.address = address;
    const broadcast = bits < 31 ? (address | (0xffffffff >>> bits)) >>> 0 : undefined;
    addressing.add(of, addressing.plain(address, bits, { broadcast, label: of.name }));
    if (router === undefined) return;
    const route = {
      ...{ destination: ANY_4, bits: 0, gateway: router, interface: of, source: address, metric: 0 },
      ...{ table: RT_TABLE_MAIN, protocol: RTPROT_DHCP, scope: RT_SCOPE_UNIVERSE, type: RTN_UNICAST, flags: 0 },
    };
    if (routes.add(route) === 0) changes.routeChanged(route, false);
  }

  private leave(): void {
    if (this.address !== ANY_4) this.of.namespace.addressing.remove(this.of, this.address, undefined);
    this.address = ANY_4;
  }
}

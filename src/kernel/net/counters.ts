// What the protocols of a namespace have counted: /proc/net/snmp, netstat, snmp6. RFC 2011, 2012, 2013, 4293; Linux include/uapi/linux/snmp.h.
import type { Address } from '../../net/address.js';
import { lengthOf, type Packet, payloadOf } from './packet.js';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../abi/inet.js';
import { isMulticast } from './inet/endpoint.js';

const IP = [
  ...['InReceives', 'InHdrErrors', 'InAddrErrors', 'ForwDatagrams', 'InUnknownProtos', 'InDiscards', 'InDelivers'],
  ...['OutRequests', 'OutDiscards', 'OutNoRoutes', 'ReasmReqds', 'ReasmOKs', 'ReasmFails', 'FragOKs', 'FragFails'],
  ...['FragCreates', 'InMcastPkts', 'OutMcastPkts', 'InOctets', 'OutOctets', 'InMcastOctets', 'OutMcastOctets'],
  'InTooBigErrors',
] as const;
const TCP = [
  ...['ActiveOpens', 'PassiveOpens', 'AttemptFails', 'EstabResets', 'InSegs', 'OutSegs', 'RetransSegs', 'InErrs'],
  ...['OutRsts', 'ListenOverflows', 'ListenDrops'],
] as const;
const UDP = ['InDatagrams', 'NoPorts', 'InErrors', 'OutDatagrams', 'RcvbufErrors'] as const;

export type Counts<Name extends string> = Record<Name, number>;
const zeros = <Name extends string>(names: readonly Name[]): Counts<Name> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Counts<Name>;

export type IpCounts = Counts<(typeof IP)[number]>;

export class IcmpCounts {
  errors = 0;
  /** By type. */
  readonly in = new Map<number, number>();
  readonly out = new Map<number, number>();

  static add(counts: Map<number, number>, type: number): void {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
}

/** Of one version of IP. */
export class FamilyCounters {
  readonly ip = zeros(IP);
  readonly icmp = new IcmpCounts();
  readonly udp = zeros(UDP);
}

export class Counters {
  readonly four = new FamilyCounters();
  readonly six = new FamilyCounters();
  readonly tcp = zeros(TCP);

  of(address: Address): FamilyCounters {
    return typeof address === 'number' ? this.four : this.six;
  }

  /** A packet has come. */
  received(packet: Packet): void {
    const { ip } = this.of(packet.source);
    const bytes = sizeOf(packet);
    ip.InReceives++;
    ip.InOctets += bytes;
    if (!isMulticast(packet.destination)) return;
    ip.InMcastPkts++;
    ip.InMcastOctets += bytes;
  }

  /** A packet of our own goes. */
  sent(packet: Packet): void {
    const { ip, icmp } = this.of(packet.source);
    const bytes = sizeOf(packet);
    ip.OutRequests++;
    ip.OutOctets += bytes;
    if (packet.protocol === (typeof packet.source === 'number' ? IPPROTO_ICMP : IPPROTO_ICMPV6))
      IcmpCounts.add(icmp.out, payloadOf(packet)[0] ?? 0);
    if (!isMulticast(packet.destination)) return;
    ip.OutMcastPkts++;
    ip.OutMcastOctets += bytes;
  }
}

const sizeOf = (packet: Packet): number => lengthOf(packet) + (typeof packet.source === 'number' ? 20 : 40);

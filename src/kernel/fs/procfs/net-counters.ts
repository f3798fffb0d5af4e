// /proc/net/snmp, netstat, snmp6: what protocols have counted. man 5 proc; Linux net/ipv4/proc.c, net/ipv6/proc.c. Programs go by the names:
// what is never counted here is 0 in snmp, as its columns are fixed, and left out elsewhere.
import type { IcmpCounts } from '../../net/counters.js';
import type { NetNamespace } from '../../ns/net-namespace.js';

const TTL = 64;
/** net.ipv4.tcp_rto_min, tcp_rto_max in milliseconds. */
const RTO = { least: 200, most: 120_000 };

/** Names of ICMP's types. */
const TYPES: readonly (readonly [name: string, type: number])[] = [
  ['DestUnreachs', 3],
  ['TimeExcds', 11],
  ['ParmProbs', 12],
  ['SrcQuenchs', 4],
  ['Redirects', 5],
  ['Echos', 8],
  ['EchoReps', 0],
  ['Timestamps', 13],
  ['TimestampReps', 14],
  ['AddrMasks', 17],
  ['AddrMaskReps', 18],
];
const TYPES_6: readonly (readonly [name: string, type: number])[] = [
  ['DestUnreachs', 1],
  ['PktTooBigs', 2],
  ['TimeExcds', 3],
  ['ParmProblems', 4],
  ['Echos', 128],
  ['EchoReplies', 129],
  ['RouterSolicits', 133],
  ['RouterAdvertisements', 134],
  ['NeighborSolicits', 135],
  ['NeighborAdvertisements', 136],
];

type Column = readonly [name: string, value: number];
const total = (counts: ReadonlyMap<number, number>): number => [...counts.values()].reduce((sum, one) => sum + one, 0);
const line = (protocol: string, columns: readonly Column[]): string =>
  `${protocol}: ${columns.map(([name]) => name).join(' ')}\n${protocol}: ${columns.map(([, value]) => value).join(' ')}\n`;
const pick = <Name extends string>(counts: Record<Name, number>, ...names: Name[]): Column[] =>
  names.map((name) => [name, counts[name]]);
const byType = (counts: ReadonlyMap<number, number>, prefix: string, names = TYPES): Column[] =>
  names.map(([name, type]) => [`${prefix}${name}`, counts.get(type) ?? 0]);
const types = (counts: ReadonlyMap<number, number>, prefix: string): Column[] =>
  [...counts].sort(([a], [b]) => a - b).map(([type, count]) => [`${prefix}Type${type}`, count]);

function icmpLines(icmp: IcmpCounts): string {
  const all: Column[] = [
    ['InMsgs', total(icmp.in)],
    ['InErrors', icmp.errors],
    ['InCsumErrors', 0],
  ];
  all.push(...byType(icmp.in, 'In'), ['OutMsgs', total(icmp.out)], ['OutErrors', 0], ...byType(icmp.out, 'Out'));
  const each = [...types(icmp.in, 'In'), ...types(icmp.out, 'Out')];
  return line('Icmp', all) + (each.length > 0 ? line('IcmpMsg', each) : '');
}

export function snmp({ counters, settings, tcp: table }: NetNamespace): string {
  const { ip, icmp, udp } = counters.four;
  const { tcp } = counters;
  const open = [...table.connections].filter(
    ({ connection: { state } }) => state === 'established' || state === 'close-wait',
  );
  const ipColumns: Column[] = [
    ...([
      ['Forwarding', settings.all.forward4 ? 1 : 2],
      ['DefaultTTL', TTL],
    ] as Column[]),
    ...pick(ip, 'InReceives', 'InHdrErrors', 'InAddrErrors', 'ForwDatagrams', 'InUnknownProtos', 'InDiscards'),
    ...pick(ip, 'InDelivers', 'OutRequests', 'OutDiscards', 'OutNoRoutes'),
    ['ReasmTimeout', 0],
    ...pick(ip, 'ReasmReqds', 'ReasmOKs', 'ReasmFails', 'FragOKs', 'FragFails', 'FragCreates'),
  ];
  const tcpColumns: Column[] = [
    ...([
      ['RtoAlgorithm', 1],
      ['RtoMin', RTO.least],
      ['RtoMax', RTO.most],
      ['MaxConn', -1],
    ] as Column[]),
    ...pick(tcp, 'ActiveOpens', 'PassiveOpens', 'AttemptFails', 'EstabResets'),
    ['CurrEstab', open.length],
    ...pick(tcp, 'InSegs', 'OutSegs', 'RetransSegs', 'InErrs', 'OutRsts'),
    ['InCsumErrors', 0],
  ];
  const udpColumns: Column[] = [
    ...pick(udp, 'InDatagrams', 'NoPorts', 'InErrors', 'OutDatagrams', 'RcvbufErrors'),
    ...([
      ['SndbufErrors', 0],
      ['InCsumErrors', 0],
      ['IgnoredMulti', 0],
      ['MemErrors', 0],
    ] as Column[]),
  ];
  const none = udpColumns.map(([name]): Column => [name, 0]);
  const lines = [line('Ip', ipColumns), icmpLines(icmp), line('Tcp', tcpColumns), line('Udp', udpColumns)];
  return lines.join('') + line('UdpLite', none);
}

export function netstat({ counters, tcp: table }: NetNamespace): string {
  const { ip } = counters.four;
  const waiting = [...table.connections].filter(({ connection: { state } }) => state === 'time-wait').length;
  return (
    line('TcpExt', [['TW', waiting], ...pick(counters.tcp, 'ListenOverflows', 'ListenDrops')]) +
    line('IpExt', pick(ip, 'InMcastPkts', 'OutMcastPkts', 'InOctets', 'OutOctets', 'InMcastOctets', 'OutMcastOctets'))
  );
}

export function snmp6({ counters: { six } }: NetNamespace): string {
  const { ip, icmp, udp } = six;
  const named = (prefix: string, columns: readonly Column[]): Column[] =>
    columns.map(([name, value]) => [`${prefix}${name}`, value]);
  const all: Column[] = [
    ...named('Ip6', pick(ip, 'InReceives', 'InHdrErrors', 'InTooBigErrors', 'InAddrErrors', 'InUnknownProtos')),
    ...named('Ip6', pick(ip, 'InDiscards', 'InDelivers')),
    ['Ip6OutForwDatagrams', ip.ForwDatagrams],
    ...named('Ip6', pick(ip, 'OutRequests', 'OutDiscards', 'OutNoRoutes', 'ReasmReqds', 'ReasmOKs', 'ReasmFails')),
    ...named('Ip6', pick(ip, 'FragOKs', 'FragFails', 'FragCreates', 'InMcastPkts', 'OutMcastPkts', 'InOctets')),
    ...named('Ip6', pick(ip, 'OutOctets', 'InMcastOctets', 'OutMcastOctets')),
    ...([
      ['Icmp6InMsgs', total(icmp.in)],
      ['Icmp6InErrors', icmp.errors],
      ['Icmp6OutMsgs', total(icmp.out)],
    ] as Column[]),
    ...byType(icmp.in, 'Icmp6In', TYPES_6),
    ...byType(icmp.out, 'Icmp6Out', TYPES_6),
    ...named('Icmp6', [...types(icmp.in, 'In'), ...types(icmp.out, 'Out')]),
    ...named('Udp6', pick(udp, 'InDatagrams', 'NoPorts', 'InErrors', 'OutDatagrams', 'RcvbufErrors')),
  ];
  return all.map(([name, value]) => `${name.padEnd(32)}\t${value}\n`).join('');
}

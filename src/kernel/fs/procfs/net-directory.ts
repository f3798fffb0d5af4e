// /proc/PID/net: the network of a process's namespace. man 5 proc; Linux net/core/net-procfs.c, net/ipv4/fib_trie.c, arp.c, net/ipv6/addrconf.c.
import { addressBytes } from '../../net/inet/endpoint.js';
import { formatAddress } from '../../../net/address.js';
import { formatStation } from '../../../net/ethernet.js';
import {
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_PERMANENT,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTN_UNICAST,
} from '../../abi/rtnetlink.js';
import { AF_INET, AF_INET6 } from '../../abi/socket.js';
import { EthernetInterface } from '../../net/ethernet-interface.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Entry } from './inodes.js';
import { netstat, snmp, snmp6 } from './net-counters.js';
import { datagrams, packet, sockstat, tcp, unix } from './net-sockets.js';
import { ofTask, type ProcessSubject } from './subject.js';
import { text } from './text.js';

const RTF_UP = 1;
const RTF_GATEWAY = 2;
const RTF_HOST = 4;
const RTF_LOCAL = 0x80000000;
/** Of if_inet6: addresses of the host, of the link. */
const SCOPES: Readonly<Record<number, string>> = { 254: '10', 253: '20' };

const bare = (address: bigint): string => address.toString(16).padStart(32, '0');
const lower = (value: number, digits: number): string => (value >>> 0).toString(16).padStart(digits, '0');
const pad = (value: number | string, width: number): string => String(value).padStart(width);

function dev({ interfaces }: NetNamespace): string {
  let all =
    'Inter-|   Receive                                                |  Transmit\n' +
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n';
  for (const { name, received, sent } of interfaces.values()) {
    const { bytes, packets, errors, dropped, multicast } = received;
    const inward = [
      [bytes, 7],
      [packets, 7],
      [errors, 4],
      [dropped, 4],
      [0, 4],
      [0, 5],
      [0, 10],
      [multicast, 9],
    ] as const;
    const outward = [
      [sent.bytes, 8],
      [sent.packets, 7],
      [sent.errors, 4],
      [sent.dropped, 4],
      [0, 4],
      [0, 5],
      [0, 7],
      [0, 10],
    ] as const;
    const columns = [...inward, ...outward].map(([value, width]) => pad(value, width));
    all += `${pad(name, 6)}: ${columns.join(' ')}\n`;
  }
  return all;
}

/** An IPv4 address as a word in the order of the machine. */
const word = (address: number): string =>
  lower(new DataView(addressBytes(address).buffer).getUint32(0, true), 8).toUpperCase();

function route({ routes }: NetNamespace): string {
  const line = (content: string): string => `${content.padEnd(127)}\n`;
  let all = line('Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT');
  const main = routes.all.filter(
    ({ table, destination }) => table === RT_TABLE_MAIN && typeof destination === 'number',
  );
  for (const { destination, bits, gateway, metric, interface: by, type } of main.sort((a, b) =>
    a.destination < b.destination ? -1 : 1,
  )) {
    const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
    const flags = RTF_UP | (gateway === undefined ? 0 : RTF_GATEWAY) | (bits === 32 ? RTF_HOST : 0);
    const columns = [by?.name ?? '*', word(destination as number), word(Number(gateway ?? 0))];
    columns.push(
      lower(type === RTN_UNICAST ? flags : flags | 0x200, 4).toUpperCase(),
      '0',
      '0',
      String(metric),
      word(mask),
    );
    all += line([...columns, '0', '0', '0'].join('\t'));
  }
  return all;
}

function route6({ routes }: NetNamespace): string {
  let all = '';
  for (const { destination, bits, gateway, metric, interface: by, table } of routes.all) {
    if (typeof destination !== 'bigint') continue;
    const local = table === RT_TABLE_LOCAL ? RTF_LOCAL : 0;
    const flags = RTF_UP | local | (gateway === undefined ? 0 : RTF_GATEWAY);
    const next = bare(typeof gateway === 'bigint' ? gateway : 0n);
    const numbers = [metric, 1, 0, flags].map((value) => lower(value, 8)).join(' ');
    all += `${bare(destination)} ${lower(bits, 2)} ${bare(0n)} 00 ${next} ${numbers} ${pad(by?.name ?? 'lo', 8)}\n`;
  }
  return all;
}

function inet6({ interfaces }: NetNamespace): string {
  let all = '';
  for (const { addresses, index, name } of interfaces.values())
    for (const { address, bits, scope, flags } of addresses)
      if (typeof address === 'bigint')
        all += `${bare(address)} ${lower(index, 2)} ${lower(bits, 2)} ${SCOPES[scope] ?? '00'} ${lower(flags & 0xff, 2)} ${pad(name, 8)}\n`;
  return all;
}

function arp({ interfaces }: NetNamespace): string {
  let all = 'IP address       HW type     Flags       HW address            Mask     Device\n';
  for (const one of interfaces.values()) {
    if (!(one instanceof EthernetInterface)) continue;
    for (const { address, station, state } of one.neighbours.all) {
      if (typeof address !== 'number') continue;
      const known = station !== undefined && (state & (NUD_INCOMPLETE | NUD_FAILED)) === 0;
      const flags = (known ? 2 : 0) | ((state & NUD_PERMANENT) !== 0 ? 4 : 0);
      const hardware = formatStation(known ? station : 0);
      all += `${formatAddress(address).padEnd(16)} 0x${'1'.padEnd(10)}0x${flags.toString(16).padEnd(10)}${hardware}     *        ${one.name}\n`;
    }
  }
  return all;
}

const file = (name: string, make: (namespace: NetNamespace) => string): Entry<ProcessSubject> =>
  text(
    name,
    0o444,
    ofTask((task) => make(task.namespaces.net)),
  );

export const NET: readonly Entry<ProcessSubject>[] = [
  file('arp', arp),
  file('dev', dev),
  file('icmp', (namespace) => datagrams(namespace, 'icmp', AF_INET)),
  file('icmp6', (namespace) => datagrams(namespace, 'icmp', AF_INET6)),
  file('if_inet6', inet6),
  file('ipv6_route', route6),
  file('netstat', netstat),
  file('packet', packet),
  // ticks of traffic control, in nanoseconds of the clock and of what times are written in: Linux net/sched/sch_api.c psched_show
  file('psched', () => '000003e8 00000040 000f4240 3b9aca00\n'),
  file('raw', (namespace) => datagrams(namespace, 'raw', AF_INET)),
  file('raw6', (namespace) => datagrams(namespace, 'raw', AF_INET6)),
  file('route', route),
  file('snmp', snmp),
  file('snmp6', snmp6),
  file('sockstat', (namespace) => sockstat(namespace, AF_INET)),
  file('sockstat6', (namespace) => sockstat(namespace, AF_INET6)),
  file('tcp', (namespace) => tcp(namespace, AF_INET)),
  file('tcp6', (namespace) => tcp(namespace, AF_INET6)),
  file('udp', (namespace) => datagrams(namespace, 'udp', AF_INET)),
  file('udp6', (namespace) => datagrams(namespace, 'udp', AF_INET6)),
  file('unix', unix),
];

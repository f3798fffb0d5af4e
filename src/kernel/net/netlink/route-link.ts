// Interfaces by netlink, as they are told: RTM_GETLINK and what has changed. man 7 rtnetlink; Linux net/core/rtnetlink.c rtnl_fill_ifinfo,
// net/bridge/br_netlink.c br_fill_ifinfo.
import { stationBytes } from '../../../net/ethernet.js';
import { ENODEV } from '../../abi/errno.js';
import { ARPHRD_LOOPBACK, IFF_ALLMULTI, IFF_PROMISC } from '../../abi/inet.js';
import * as rt from '../../abi/rtnetlink.js';
import { AF_BRIDGE } from '../../abi/socket.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Interface } from '../interface.js';
import type { BridgePort } from '../link/bridge-port.js';
import { describePort, INFO_SIZE, kindNamed } from '../link/link-kinds.js';
import { Attributes, Body, type Request } from './message.js';
import type { Answer } from './route-requests.js';

/** RFC 2863, as IFLA_OPERSTATE has it. */
const OPER_STATES = { unknown: 0, down: 2, lowerlayerdown: 3, up: 6 } as const;
const BROADCAST_STATION = 0xffffffffffff;
const STATISTICS = 24;
const MTU_LEAST = 68;
const MTU_MOST = 65535;
const SEGMENTS_MOST = 65535;
const EVERYTHING = 0xffffffff;

export function linkMessage(one: Interface, gone = false): { type: number; body: Uint8Array } {
  const loopback = one.type === ARPHRD_LOOPBACK;
  const { port, lower } = one;
  const body = new Body()
    .u8(0, 0)
    .u16(one.type)
    .u32(one.index, one.flags, gone ? EVERYTHING : 0);
  body
    .attributeText(rt.IFLA_IFNAME, one.name)
    .attribute32(rt.IFLA_TXQLEN, one.queueLength)
    .attribute8(rt.IFLA_OPERSTATE, OPER_STATES[one.operState])
    .attribute8(rt.IFLA_LINKMODE, 0)
    .attribute32(rt.IFLA_MTU, one.mtu)
    .attribute32(rt.IFLA_MIN_MTU, loopback ? 0 : MTU_LEAST)
    .attribute32(rt.IFLA_MAX_MTU, loopback ? 0 : MTU_MOST)
    .attribute32(rt.IFLA_GROUP, one.group)
    .attribute32(rt.IFLA_PROMISCUITY, (port ? 1 : 0) + ((one.configured & IFF_PROMISC) !== 0 ? 1 : 0))
    .attribute32(rt.IFLA_ALLMULTI, (one.configured & IFF_ALLMULTI) !== 0 ? 1 : 0)
    .attribute32(rt.IFLA_NUM_TX_QUEUES, 1)
    .attribute32(rt.IFLA_NUM_RX_QUEUES, 1)
    .attribute32(rt.IFLA_GSO_MAX_SEGS, SEGMENTS_MOST)
    .attribute32(rt.IFLA_GSO_MAX_SIZE, one.segmentsMax)
    .attribute8(rt.IFLA_CARRIER, one.carrier ? 1 : 0)
    .attributeText(rt.IFLA_QDISC, one.traffic.root?.kind ?? (one.up ? 'noqueue' : 'noop'))
    .attribute(rt.IFLA_ADDRESS, stationBytes(one.station))
    .attribute(rt.IFLA_BROADCAST, stationBytes(loopback ? 0 : BROADCAST_STATION));
  if (one.hasLower) {
    body.attribute32(rt.IFLA_LINK, lower?.index ?? 0);
    if (lower && lower.namespace !== one.namespace)
      body.attribute32(rt.IFLA_LINK_NETNSID, one.namespace.numberOf(lower.namespace));
  }
  if (port) body.attribute32(rt.IFLA_MASTER, port.bridge.index);
  const numbers = statistics(one);
  body.attribute(rt.IFLA_STATS64, new Body().u64(...numbers).taken);
  body.attribute(rt.IFLA_STATS, new Body().u32(...numbers.map((number) => number % 2 ** 32)).taken);
  if (one.alias) body.attributeText(rt.IFLA_IFALIAS, one.alias);
  if (one.kind !== undefined || port) body.nested(rt.IFLA_LINKINFO, information(one));
  return { type: gone ? rt.RTM_DELLINK : rt.RTM_NEWLINK, body: body.taken };
}

/** IFLA_LINKINFO. */
function information(one: Interface): Body {
  const { kind, port } = one;
  const body = new Body();
  if (kind !== undefined) {
    body.attributeText(rt.IFLA_INFO_KIND, kind);
    const data = kindNamed(kind)?.describe?.(one);
    if (data) body.nested(rt.IFLA_INFO_DATA, data);
  }
  if (port) {
    body.attributeText(rt.IFLA_INFO_SLAVE_KIND, 'bridge');
    body.nested(rt.IFLA_INFO_SLAVE_DATA, describePort(port));
  }
  return body;
}

/** A port, as those see it who ask about AF_BRIDGE. */
export function portMessage(port: BridgePort, gone = false): { type: number; body: Uint8Array } {
  const { of, bridge } = port;
  const body = new Body().u8(AF_BRIDGE, 0).u16(of.type).u32(of.index, of.flags, 0);
  body
    .attributeText(rt.IFLA_IFNAME, of.name)
    .attribute32(rt.IFLA_MASTER, bridge.index)
    .attribute32(rt.IFLA_MTU, of.mtu)
    .attribute8(rt.IFLA_OPERSTATE, OPER_STATES[of.operState])
    .attribute(rt.IFLA_ADDRESS, stationBytes(of.station));
  if (of.lower) body.attribute32(rt.IFLA_LINK, of.lower.index);
  body.nested(rt.IFLA_PROTINFO, describePort(port));
  return { type: gone ? rt.RTM_DELLINK : rt.RTM_NEWLINK, body: body.taken };
}

/** struct rtnl_link_stats64. */
function statistics({ received, sent }: Interface): number[] {
  const numbers = [received.packets, sent.packets, received.bytes, sent.bytes, received.errors, sent.errors];
  numbers.push(received.dropped, sent.dropped, received.multicast);
  while (numbers.length < STATISTICS) numbers.push(0);
  return numbers;
}

/** The interface that a request is about, by index or name. */
export function interfaceOf(namespace: NetNamespace, request: Request): Interface | undefined {
  if (request.body.length < INFO_SIZE) return undefined;
  const index = request.view.getInt32(4, true);
  if (index > 0) return namespace.interfaces.get(index);
  const name = Attributes.behind(request, INFO_SIZE).text(rt.IFLA_IFNAME);
  return name === undefined ? undefined : namespace.interfaceNamed(name);
}

export function getLinks(namespace: NetNamespace, request: Request, dump: boolean): Answer {
  if (!dump) {
    const one = interfaceOf(namespace, request);
    return one ? [linkMessage(one)] : -ENODEV;
  }
  const all = [...namespace.interfaces.values()].sort((a, b) => a.index - b.index);
  if (request.body[0] === AF_BRIDGE) return all.flatMap(({ port }) => (port ? [portMessage(port)] : []));
  // `ip link show master M`, `type T`
  const asked = request.body.length >= INFO_SIZE ? Attributes.behind(request, INFO_SIZE) : undefined;
  const master = asked?.u32(rt.IFLA_MASTER);
  const kind = asked?.nested(rt.IFLA_LINKINFO)?.text(rt.IFLA_INFO_KIND);
  return all
    .filter((one) => master === undefined || one.port?.bridge.index === master)
    .filter((one) => kind === undefined || one.kind === kind)
    .map((one) => linkMessage(one));
}

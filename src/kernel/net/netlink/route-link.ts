// Interfaces by netlink: RTM_GETLINK and its kin. man 7 rtnetlink; Linux net/core/rtnetlink.c rtnl_fill_ifinfo, do_setlink.
import { stationAt, stationBytes } from '../../../net/ethernet.js';
import { EBUSY, EEXIST, EINVAL, ENODEV, EOPNOTSUPP } from '../../abi/errno.js';
import { ARPHRD_LOOPBACK, IFF_ALLMULTI, IFF_NOARP, IFF_PROMISC, IFF_UP } from '../../abi/inet.js';
import {
  IFLA_ADDRESS,
  IFLA_BROADCAST,
  IFLA_CARRIER,
  IFLA_GROUP,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_LINKMODE,
  IFLA_MTU,
  IFLA_NUM_RX_QUEUES,
  IFLA_NUM_TX_QUEUES,
  IFLA_OPERSTATE,
  IFLA_PROMISCUITY,
  IFLA_QDISC,
  IFLA_STATS,
  IFLA_STATS64,
  IFLA_TXQLEN,
  NLM_F_CREATE,
  NLM_F_EXCL,
  RTM_DELLINK,
  RTM_NEWLINK,
} from '../../abi/rtnetlink.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Interface } from '../interface.js';
import { Attributes, Body, type Request } from './message.js';
import type { Answer } from './route-requests.js';

/** struct ifinfomsg. */
const INFO_SIZE = 16;
const OPER_UNKNOWN = 0;
const OPER_DOWN = 2;
const OPER_UP = 6;
const BROADCAST_STATION = 0xffffffffffff;
const STATISTICS = 24;
const NAME_MAX = 15;
const MTU_LEAST = 68;
/** Flags that a request may change. */
const SETTABLE = IFF_UP | IFF_PROMISC | IFF_ALLMULTI | IFF_NOARP;

export function linkMessage(one: Interface, gone = false): { type: number; body: Uint8Array } {
  const loopback = one.type === ARPHRD_LOOPBACK;
  const body = new Body()
    .u8(0, 0)
    .u16(one.type)
    .u32(one.index, one.flags, gone ? 0xffffffff : 0);
  body
    .attributeText(IFLA_IFNAME, one.name)
    .attribute32(IFLA_TXQLEN, one.queueLength)
    .attribute8(IFLA_OPERSTATE, { unknown: OPER_UNKNOWN, down: OPER_DOWN, up: OPER_UP }[one.operState])
    .attribute8(IFLA_LINKMODE, 0)
    .attribute32(IFLA_MTU, one.mtu)
    .attribute32(IFLA_GROUP, 0)
    .attribute32(IFLA_PROMISCUITY, 0)
    .attribute32(IFLA_NUM_TX_QUEUES, 1)
    .attribute32(IFLA_NUM_RX_QUEUES, 1)
    .attribute8(IFLA_CARRIER, one.carrier ? 1 : 0)
    .attributeText(IFLA_QDISC, one.up ? 'noqueue' : 'noop')
    .attribute(IFLA_ADDRESS, stationBytes(one.station))
    .attribute(IFLA_BROADCAST, stationBytes(loopback ? 0 : BROADCAST_STATION));
  const numbers = statistics(one);
  body.attribute(IFLA_STATS64, new Body().u64(...numbers).taken);
  body.attribute(IFLA_STATS, new Body().u32(...numbers.map((number) => number % 2 ** 32)).taken);
  if (one.alias) body.attributeText(IFLA_IFALIAS, one.alias);
  if (one.kind) body.nested(IFLA_LINKINFO, new Body().attributeText(IFLA_INFO_KIND, one.kind));
  return { type: gone ? RTM_DELLINK : RTM_NEWLINK, body: body.taken };
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
  const name = Attributes.behind(request, INFO_SIZE).text(IFLA_IFNAME);
  return name === undefined ? undefined : namespace.interfaceNamed(name);
}

export function getLinks(namespace: NetNamespace, request: Request, dump: boolean): Answer {
  if (dump) return [...namespace.interfaces.values()].map((one) => linkMessage(one));
  const one = interfaceOf(namespace, request);
  return one ? [linkMessage(one)] : -ENODEV;
}

export function changeLink(namespace: NetNamespace, request: Request): Answer {
  const { body, view, flags } = request;
  if (body.length < INFO_SIZE) return -EINVAL;
  const one = interfaceOf(namespace, request);
  const attributes = Attributes.behind(request, INFO_SIZE);
  if (!one) {
    if ((flags & NLM_F_CREATE) === 0) return -ENODEV;
    // what kinds there are to make
    return -EOPNOTSUPP;
  }
  if ((flags & NLM_F_EXCL) !== 0) return -EEXIST;
  const mtu = attributes.u32(IFLA_MTU);
  if (mtu !== undefined && (mtu < MTU_LEAST || mtu > 65536)) return -EINVAL;
  const name = view.getInt32(4, true) > 0 ? attributes.text(IFLA_IFNAME) : undefined;
  if (name !== undefined && name !== one.name) {
    if (name === '' || name.length > NAME_MAX || /[/\s:]/.test(name)) return -EINVAL;
    if (namespace.interfaceNamed(name)) return -EEXIST;
    if (one.up) return -EBUSY;
    one.name = name;
  }
  if (mtu !== undefined) one.mtu = mtu;
  const length = attributes.u32(IFLA_TXQLEN);
  if (length !== undefined) one.queueLength = length;
  const alias = attributes.text(IFLA_IFALIAS);
  if (alias !== undefined) one.alias = alias.slice(0, 255);
  const station = attributes.bytes(IFLA_ADDRESS);
  if (station) {
    if (station.length < 6 || (station[0]! & 1) !== 0 || one.type === ARPHRD_LOOPBACK) return -EINVAL;
    one.station = stationAt(station, 0);
  }
  const [given, mask] = [view.getUint32(8, true), view.getUint32(12, true)];
  // without a mask all flags are meant, if there are any
  const changed = (mask === 0 ? (given === 0 ? 0 : 0xffffffff) : mask) & SETTABLE;
  one.configured = (one.configured & ~(changed & ~IFF_UP)) | (given & changed & ~IFF_UP);
  if ((changed & IFF_UP) !== 0) namespace.addressing.setUp(one, (given & IFF_UP) !== 0);
  namespace.changes.linkChanged(one, false);
  return 0;
}

export function removeLink(namespace: NetNamespace, request: Request): Answer {
  const one = interfaceOf(namespace, request);
  if (!one) return -ENODEV;
  // cards and the loopback stay
  if (one.kind === undefined) return -EOPNOTSUPP;
  namespace.remove(one);
  return 0;
}

// Kinds of interfaces that programs make: what `ip link add type KIND` takes and `ip -details link` shows of each.
// man 8 ip-link; Linux net/core/rtnetlink.c rtnl_link_ops.
import { stationAt, stationBytes } from '../../../net/ethernet.js';
import { EADDRINUSE, EBUSY, EEXIST, EINVAL, EMLINK, ENOBUFS, ENODEV, EOPNOTSUPP, ERANGE } from '../../abi/errno.js';
import * as rt from '../../abi/rtnetlink.js';
import { isName, type NetNamespace } from '../../ns/net-namespace.js';
import { EthernetInterface } from '../ethernet-interface.js';
import type { Interface } from '../interface.js';
import { Attributes, Body } from '../netlink/message.js';
import type { Refusal } from '../netlink/route-requests.js';
import { Bridge } from './bridge.js';
import { type BridgePort, PORT_STATE, type PortFlags } from './bridge-port.js';
import { Dummy } from './dummy.js';
import { Macvlan, MACVLAN_MODE } from './macvlan.js';
import { nesting } from './nesting.js';
import { Veth } from './veth.js';

/** struct ifinfomsg. */
export const INFO_SIZE = 16;
/** Hundredths of a second, in which a bridge tells time. */
const TICK = 1e7;
const STATION_SIZE = 6;
/** On one interface: each frame is offered to all of them. */
const MACVLANS_MAX = 256;

/** What is asked for. */
export interface NewLink {
  /** Where it is to be, and where its maker is. */
  namespace: NetNamespace;
  from: NetNamespace;
  /** As the caller finds namespaces: 0 or a negated errno when there is none; undefined: none is named. */
  namespaceIn(attributes: Attributes): NetNamespace | number | undefined;
  index: number;
  name: string;
  /** What `name` was made of: with %d where a number goes. */
  template: string;
  attributes: Attributes;
  /** IFLA_INFO_DATA. */
  data: Attributes | undefined;
}

export interface LinkKind {
  name: string;
  /** Makes it, and puts it into its namespace. */
  make(wanted: NewLink): Interface | number | Refusal;
  /** IFLA_INFO_DATA. */
  describe?(one: Interface): Body;
  change?(one: Interface, data: Attributes): number | Refusal;
}

/** An address that no card has. */
export function localStation({ kernel }: NetNamespace): number {
  const bytes = kernel.randomBytes(STATION_SIZE);
  bytes[0] = (bytes[0]! & 0xfe) | 2;
  return stationAt(bytes, 0);
}

/** The address that a request asks for, or a new one; -EINVAL: it is none. */
function stationIn(namespace: NetNamespace, attributes: Attributes): number {
  const bytes = attributes.bytes(rt.IFLA_ADDRESS);
  if (!bytes) return localStation(namespace);
  return bytes.length < STATION_SIZE || (bytes[0]! & 1) !== 0 ? -EINVAL : stationAt(bytes, 0);
}

const veth: LinkKind = {
  name: 'veth',
  make(wanted) {
    const { namespace, attributes, data } = wanted;
    const peerInfo = data?.bytes(rt.VETH_INFO_PEER);
    if (peerInfo && peerInfo.length < INFO_SIZE) return -EINVAL;
    const said = new Attributes(peerInfo ? peerInfo.subarray(INFO_SIZE) : new Uint8Array(0));
    const there = wanted.namespaceIn(said) ?? namespace;
    if (typeof there === 'number') return there;
    const [own, other] = [stationIn(namespace, attributes), stationIn(there, said)];
    if (own < 0 || other < 0) return -EINVAL;
    if (there.isFull) return -ENOBUFS;
    const template = said.text(rt.IFLA_IFNAME) ?? 'veth%d';
    if (!isName(template)) return -EINVAL;
    const name = there.newName(template);
    if (name === undefined || there.interfaceNamed(name)) return -EEXIST;
    if (there === namespace && name === wanted.name && !wanted.template.includes('%')) return -EEXIST;
    const index = peerInfo ? new DataView(peerInfo.buffer, peerInfo.byteOffset).getInt32(4, true) : 0;
    if (index < 0 || (index > 0 && (there.interfaces.has(index) || index === wanted.index))) return -EEXIST;
    // the other end is there first
    const peer = new Veth(there, index || there.newIndex(), name, other);
    peer.mtu = said.u32(rt.IFLA_MTU) ?? peer.mtu;
    there.add(peer);
    const one = new Veth(namespace, 0, namespace.newName(wanted.template) ?? wanted.name, own);
    one.index = wanted.index || namespace.newIndex();
    Veth.join(one, peer);
    namespace.add(one);
    return one;
  },
};

const dummy: LinkKind = {
  name: 'dummy',
  make({ namespace, index, name, attributes }) {
    const station = stationIn(namespace, attributes);
    if (station < 0) return -EINVAL;
    const one = new Dummy(namespace, index || namespace.newIndex(), name, station);
    namespace.add(one);
    return one;
  },
};

const bridge: LinkKind = {
  name: 'bridge',
  make({ namespace, index, name, attributes, data }) {
    const station = stationIn(namespace, attributes);
    if (station < 0) return -EINVAL;
    const one = new Bridge(namespace, index || namespace.newIndex(), name, station);
    one.stationSet = attributes.bytes(rt.IFLA_ADDRESS) !== undefined;
    one.mtuSet = attributes.u32(rt.IFLA_MTU) !== undefined;
    const failed = data ? changeBridge(one, data) : 0;
    if (failed !== 0) return failed;
    namespace.add(one);
    return one;
  },
  describe: (one) => describeBridge(one as Bridge),
  change: (one, data) => changeBridge(one as Bridge, data),
};

/** What is only there switched off. */
const OFF: readonly (readonly [attribute: number, what: string])[] = [
  [rt.IFLA_BR_STP_STATE, 'no spanning tree here'],
  [rt.IFLA_BR_VLAN_FILTERING, 'no VLANs here'],
  [rt.IFLA_BR_MCAST_SNOOPING, 'no snooping of multicast here'],
];

function changeBridge(one: Bridge, data: Attributes): number | Refusal {
  for (const [attribute, message] of OFF)
    if ((data.bytes(attribute)?.[0] ?? 0) !== 0) return { error: -EOPNOTSUPP, message };
  const priority = data.bytes(rt.IFLA_BR_PRIORITY);
  if (priority && priority.length >= 2) one.priority = priority[0]! | (priority[1]! << 8);
  const ageing = data.u32(rt.IFLA_BR_AGEING_TIME);
  if (ageing !== undefined) one.ageing = ageing * TICK;
  if (data.bytes(rt.IFLA_BR_FDB_FLUSH)) one.table.flush(undefined, true);
  return 0;
}

function describeBridge(one: Bridge): Body {
  const identity = new Uint8Array(8);
  identity.set([one.priority >> 8, one.priority & 255]);
  identity.set(stationBytes(one.ports.length > 0 || one.stationSet ? one.station : 0), 2);
  const body = new Body();
  for (const [attribute, value] of [
    [rt.IFLA_BR_FORWARD_DELAY, 1500],
    [rt.IFLA_BR_HELLO_TIME, 200],
    [rt.IFLA_BR_MAX_AGE, 2000],
    [rt.IFLA_BR_AGEING_TIME, Math.min(0xffffffff, Math.floor(one.ageing / TICK))],
    [rt.IFLA_BR_STP_STATE, 0],
  ] as const)
    body.attribute32(attribute, value);
  return body
    .attribute(rt.IFLA_BR_PRIORITY, Uint8Array.of(one.priority & 255, one.priority >> 8))
    .attribute8(rt.IFLA_BR_VLAN_FILTERING, 0)
    .attribute(rt.IFLA_BR_BRIDGE_ID, identity)
    .attribute(rt.IFLA_BR_ROOT_ID, identity)
    .attribute(rt.IFLA_BR_ROOT_PORT, new Uint8Array(2))
    .attribute32(rt.IFLA_BR_ROOT_PATH_COST, 0)
    .attribute(rt.IFLA_BR_GROUP_ADDR, Uint8Array.of(0x01, 0x80, 0xc2, 0, 0, 0))
    .attribute8(rt.IFLA_BR_MCAST_SNOOPING, 0);
}

const macvlan: LinkKind = {
  name: 'macvlan',
  make({ namespace, from, index, name, attributes, data }) {
    const wanted = from.interfaces.get(attributes.u32(rt.IFLA_LINK) ?? 0);
    if (!wanted) return attributes.u32(rt.IFLA_LINK) === undefined ? -EINVAL : -ENODEV;
    // one on another one shares its wire
    const below = wanted instanceof Macvlan ? wanted.below : wanted;
    if (!(below instanceof EthernetInterface)) return -EINVAL;
    if (below.port) return -EBUSY;
    if (nesting(undefined, below) !== 'fits') return -EMLINK;
    if (below.uppers.length >= MACVLANS_MAX) return -ENOBUFS;
    const mode = data?.u32(rt.IFLA_MACVLAN_MODE) ?? MACVLAN_MODE.vepa;
    if (!Object.values<number>(MACVLAN_MODE).includes(mode)) return -EOPNOTSUPP;
    const mtu = attributes.u32(rt.IFLA_MTU);
    if (mtu !== undefined && mtu > below.mtu) return -EINVAL;
    const station = stationIn(namespace, attributes);
    if (station < 0) return -EINVAL;
    if (isTaken(below, station)) return -EADDRINUSE;
    const one = new Macvlan(namespace, index || namespace.newIndex(), name, station, below, mode);
    namespace.add(one);
    return one;
  },
  describe: (one) =>
    new Body()
      .attribute32(rt.IFLA_MACVLAN_MODE, (one as Macvlan).mode)
      .attribute(rt.IFLA_MACVLAN_FLAGS, new Uint8Array(2)),
  change(one, data) {
    const mode = data.u32(rt.IFLA_MACVLAN_MODE);
    if (mode === undefined) return 0;
    if (!Object.values<number>(MACVLAN_MODE).includes(mode)) return -EOPNOTSUPP;
    (one as Macvlan).mode = mode;
    return 0;
  },
};

/** Has the interface, or one on it, the address? */
export const isTaken = (below: EthernetInterface, station: number): boolean =>
  below.station === station || below.uppers.some((one) => one.station === station);

export const LINK_KINDS: readonly LinkKind[] = [veth, bridge, dummy, macvlan];
export const kindNamed = (name: string | undefined): LinkKind | undefined =>
  LINK_KINDS.find((kind) => kind.name === name);

// ---- ports of a bridge ----------------------------------------------------------------------------------------------------------

const FLAGS: readonly (readonly [attribute: number, flag: keyof PortFlags])[] = [
  [rt.IFLA_BRPORT_MODE, 'hairpin'],
  [rt.IFLA_BRPORT_GUARD, 'guard'],
  [rt.IFLA_BRPORT_PROTECT, 'rootBlock'],
  [rt.IFLA_BRPORT_FAST_LEAVE, 'fastLeave'],
  [rt.IFLA_BRPORT_LEARNING, 'learning'],
  [rt.IFLA_BRPORT_UNICAST_FLOOD, 'flood'],
  [rt.IFLA_BRPORT_MCAST_FLOOD, 'multicastFlood'],
  [rt.IFLA_BRPORT_BCAST_FLOOD, 'broadcastFlood'],
  [rt.IFLA_BRPORT_ISOLATED, 'isolated'],
];

/** IFLA_INFO_SLAVE_DATA, IFLA_PROTINFO. */
export function describePort(port: BridgePort): Body {
  const { state, priority, cost, number, flags } = port;
  const identity = ((priority >> 2) << 10) | number;
  const two = (value: number): Uint8Array => Uint8Array.of(value & 255, value >> 8);
  const body = new Body()
    .attribute8(rt.IFLA_BRPORT_STATE, state)
    .attribute(rt.IFLA_BRPORT_PRIORITY, two(priority))
    .attribute32(rt.IFLA_BRPORT_COST, cost)
    .attribute(rt.IFLA_BRPORT_ID, two(identity))
    .attribute(rt.IFLA_BRPORT_NO, two(number));
  for (const [attribute, flag] of FLAGS) body.attribute8(attribute, flags[flag] ? 1 : 0);
  return body;
}

export function changePort(port: BridgePort, data: Attributes): number {
  const state = data.bytes(rt.IFLA_BRPORT_STATE)?.[0];
  if (state !== undefined && state > 4) return -EINVAL;
  const cost = data.u32(rt.IFLA_BRPORT_COST);
  if (cost !== undefined && (cost < 1 || cost > 65535)) return -ERANGE;
  const priority = data.bytes(rt.IFLA_BRPORT_PRIORITY);
  if (priority && priority.length < 2) return -EINVAL;
  if (priority && (priority[0]! > 63 || priority[1] !== 0)) return -ERANGE;
  if (state !== undefined) {
    // without a spanning tree a port that is not off forwards, whatever was asked for
    port.disabled = state === PORT_STATE.disabled;
    port.bridge.portChanged();
  }
  if (cost !== undefined) port.cost = cost;
  if (priority) port.priority = priority[0]!;
  for (const [attribute, flag] of FLAGS) {
    const value = data.bytes(attribute)?.[0];
    if (value !== undefined) port.flags[flag] = value !== 0;
  }
  if (data.bytes(rt.IFLA_BRPORT_FLUSH)) port.bridge.table.flush(port, true);
  return 0;
}

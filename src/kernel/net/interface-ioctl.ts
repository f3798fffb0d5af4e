// ioctls on sockets that are about interfaces, their addresses and routes. man 7 netdevice; Linux net/core/dev_ioctl.c, net/ipv4/devinet.c.
import { u16, u32 } from '../../net/big-endian.js';
import { EADDRNOTAVAIL, EEXIST, EFAULT, EINVAL, ENODEV, EOPNOTSUPP, EPERM, ESRCH } from '../abi/errno.js';
import { IFF_LOOPBACK, IFF_UP } from '../abi/inet.js';
import { RT_SCOPE_LINK, RT_SCOPE_UNIVERSE, RT_TABLE_MAIN, RTN_UNICAST, RTPROT_BOOT } from '../abi/rtnetlink.js';
import { AF_INET } from '../abi/socket.js';
import { putStation } from '../../net/ethernet.js';
import { copyIn, copyOut, readU32, writeU32 } from '../mm/user-memory.js';
import type { NetNamespace } from '../ns/net-namespace.js';
import { CAP_NET_ADMIN } from '../security/capability.js';
import type { Task } from '../task/task.js';
import { writeEndpoint } from './inet/endpoint.js';
import type { Interface, InterfaceAddress } from './interface.js';
import { setMtu, setName, setStation } from './link/link-settings.js';

const SIOCADDRT = 0x890b;
const SIOCDELRT = 0x890c;
const SIOCGIFNAME = 0x8910;
const SIOCGIFCONF = 0x8912;
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const SIOCGIFADDR = 0x8915;
const SIOCSIFADDR = 0x8916;
const SIOCGIFDSTADDR = 0x8917;
const SIOCGIFBRDADDR = 0x8919;
const SIOCSIFBRDADDR = 0x891a;
const SIOCGIFNETMASK = 0x891b;
const SIOCSIFNETMASK = 0x891c;
const SIOCGIFMETRIC = 0x891d;
const SIOCGIFMTU = 0x8921;
const SIOCSIFMTU = 0x8922;
const SIOCSIFNAME = 0x8923;
const SIOCSIFHWADDR = 0x8924;
const SIOCGIFHWADDR = 0x8927;
const SIOCGIFINDEX = 0x8933;
const SIOCGIFTXQLEN = 0x8942;
const SIOCSIFTXQLEN = 0x8943;
const SIOCGIFMAP = 0x8970;
const SIOCETHTOOL = 0x8946;

/** struct ifreq: a name, and 16 bytes of what the command is about. */
const NAME_SIZE = 16;
const REQUEST_SIZE = 32;
const RTF_GATEWAY = 2;

/** Undefined: the command is none of these. */
export function interfaceIoctl(
  task: Task,
  namespace: NetNamespace,
  command: number,
  argument: number,
): number | undefined {
  if (command < 0x8900 || command > 0x89ff) return undefined;
  if (command === SIOCGIFCONF) return configuration(task, namespace, argument);
  if (command === SIOCADDRT || command === SIOCDELRT) return changeRoute(task, namespace, command, argument);
  const bytes = new Uint8Array(REQUEST_SIZE);
  const view = new DataView(bytes.buffer);
  if (copyIn(task.space, argument, bytes, 0, REQUEST_SIZE) !== REQUEST_SIZE) return -EFAULT;
  const end = bytes.subarray(0, NAME_SIZE).indexOf(0);
  const name = String.fromCharCode(...bytes.subarray(0, end < 0 ? NAME_SIZE - 1 : end));
  const one =
    command === SIOCGIFNAME
      ? namespace.interfaces.get(view.getInt32(NAME_SIZE, true))
      : namespace.interfaceNamed(name.split(':')[0]!);
  const known = HANDLED.has(command);
  if (!known) return undefined;
  if (!one) return -ENODEV;
  if (CHANGES.has(command)) {
    if (!task.credentials.capable(namespace.owner, CAP_NET_ADMIN)) return -EPERM;
    return change(one, command, view, name);
  }
  const failed = answer(one, command, bytes, name);
  if (failed !== 0) return failed;
  return copyOut(task.space, argument, bytes, 0, REQUEST_SIZE) === REQUEST_SIZE ? 0 : -EFAULT;
}

const HANDLED: ReadonlySet<number> = new Set([
  ...[SIOCGIFNAME, SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCGIFADDR, SIOCSIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR],
  ...[SIOCSIFBRDADDR, SIOCGIFNETMASK, SIOCSIFNETMASK, SIOCGIFMETRIC, SIOCGIFMTU, SIOCSIFMTU, SIOCGIFHWADDR],
  ...[SIOCGIFINDEX, SIOCGIFTXQLEN, SIOCGIFMAP, SIOCETHTOOL, SIOCSIFNAME, SIOCSIFHWADDR, SIOCSIFTXQLEN],
]);
/** Those that need CAP_NET_ADMIN. */
const CHANGES: ReadonlySet<number> = new Set([
  ...[SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFBRDADDR, SIOCSIFNETMASK, SIOCSIFMTU],
  ...[SIOCSIFNAME, SIOCSIFHWADDR, SIOCSIFTXQLEN],
]);

/** The IPv4 address with the label, else the first. */
function addressOf(one: Interface, label: string): InterfaceAddress | undefined {
  const four = one.addresses.filter(({ address }) => typeof address === 'number');
  return four.find((own) => own.label === label) ?? (label === one.name ? four[0] : undefined);
}

const maskOf = (bits: number): number => (bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0);

function answer(one: Interface, command: number, bytes: Uint8Array, label: string): number {
  const view = new DataView(bytes.buffer);
  const int = (value: number): number => {
    view.setInt32(NAME_SIZE, value, true);
    return 0;
  };
  const address = (value: number | undefined): number => {
    if (value === undefined) return -EADDRNOTAVAIL;
    bytes.set(writeEndpoint(AF_INET, { address: value, port: 0, scope: 0 }), NAME_SIZE);
    return 0;
  };
  const own = addressOf(one, label);
  switch (command) {
    case SIOCGIFNAME:
      bytes.fill(0, 0, NAME_SIZE);
      for (let i = 0; i < one.name.length; i++) bytes[i] = one.name.charCodeAt(i);
      return 0;
    case SIOCGIFINDEX:
      return int(one.index);
    case SIOCGIFFLAGS:
      view.setInt16(NAME_SIZE, one.flags & 0xffff, true);
      return 0;
    case SIOCGIFMTU:
      return int(one.mtu);
    case SIOCGIFMETRIC:
      return int(0);
    case SIOCGIFTXQLEN:
      return int(one.queueLength);
    case SIOCGIFMAP:
      bytes.fill(0, NAME_SIZE);
      return 0;
    case SIOCGIFHWADDR:
      bytes.fill(0, NAME_SIZE);
      view.setUint16(NAME_SIZE, one.type, true);
      putStation(bytes, NAME_SIZE + 2, one.station);
      return 0;
    case SIOCGIFADDR:
      return address(own?.address as number | undefined);
    case SIOCGIFDSTADDR:
      return address(own?.peer as number | undefined);
    case SIOCGIFBRDADDR:
      return address(own && (own.broadcast ?? 0));
    case SIOCGIFNETMASK:
      return address(own && maskOf(own.bits));
    default:
      return -EOPNOTSUPP;
  }
}

const LINK_CHANGES: ReadonlySet<number> = new Set([SIOCSIFMTU, SIOCSIFNAME, SIOCSIFHWADDR, SIOCSIFTXQLEN]);

function changeLink(one: Interface, command: number, view: DataView): number {
  const value = view.getInt32(NAME_SIZE, true);
  const bytes = new Uint8Array(view.buffer);
  switch (command) {
    case SIOCSIFMTU: {
      const failed = setMtu(one, value);
      return typeof failed === 'number' ? failed : failed.error;
    }
    case SIOCSIFNAME: {
      const name = bytes.subarray(NAME_SIZE, 2 * NAME_SIZE);
      const end = name.indexOf(0);
      return setName(one, String.fromCharCode(...name.subarray(0, end < 0 ? NAME_SIZE : end)));
    }
    case SIOCSIFHWADDR:
      if (view.getUint16(NAME_SIZE, true) !== one.type) return -EINVAL;
      return setStation(one, bytes.subarray(NAME_SIZE + 2));
    default:
      if (value < 0) return -EINVAL;
      one.queueLength = value;
      return 0;
  }
}

function change(one: Interface, command: number, view: DataView, label: string): number {
  const { addressing } = one.namespace;
  const bytes = new Uint8Array(view.buffer);
  if (command === SIOCSIFFLAGS) {
    addressing.setUp(one, (view.getInt16(NAME_SIZE, true) & IFF_UP) !== 0);
    return 0;
  }
  if (LINK_CHANGES.has(command)) {
    const failed = changeLink(one, command, view);
    if (failed === 0) one.namespace.changes.linkChanged(one, false);
    return failed;
  }
  if (u16(bytes, NAME_SIZE) !== AF_INET << 8) return -EINVAL;
  const given = u32(bytes, NAME_SIZE + 4);
  const own = addressOf(one, label);
  let bits = own?.bits ?? classOf(given);
  let address = own?.address as number | undefined;
  let { broadcast } = own ?? {};
  if (command === SIOCSIFADDR) {
    address = given;
    bits = classOf(given);
    broadcast = undefined;
  } else if (address === undefined) return -EADDRNOTAVAIL;
  else if (command === SIOCSIFBRDADDR) broadcast = given;
  else {
    bits = Math.clz32(~given >>> 0);
    if (maskOf(bits) !== given) return -EINVAL;
    broadcast = undefined;
  }
  if (own) addressing.remove(one, own.address, own.bits);
  if (given === 0 && command === SIOCSIFADDR) return 0;
  const loopback = (one.configured & IFF_LOOPBACK) !== 0;
  if (broadcast === undefined && !loopback && bits < 31) broadcast = (address! | ~maskOf(bits)) >>> 0;
  const failed = addressing.add(one, addressing.plain(address!, bits, { broadcast, label }));
  if (failed === 0 && command === SIOCSIFADDR) addressing.setUp(one, true);
  return failed;
}

/** The network's bits that an address of old had: classes A, B and C. */
function classOf(address: number): number {
  return address >>> 31 === 0 ? 8 : address >>> 30 === 2 ? 16 : address >>> 29 === 6 ? 24 : 32;
}

/** SIOCGIFCONF: IPv4 addresses, each with its interface's name. */
function configuration(task: Task, namespace: NetNamespace, argument: number): number {
  const { wordSize } = task.abi;
  const room = readU32(task.space, argument);
  const buffer = readU32(task.space, argument + wordSize);
  if (room < 0 || buffer < 0) return -EFAULT;
  let at = 0;
  for (const one of namespace.interfaces.values())
    for (const { address, label } of one.addresses) {
      if (typeof address !== 'number') continue;
      if (buffer !== 0) {
        if (at + REQUEST_SIZE > room) continue;
        const bytes = new Uint8Array(REQUEST_SIZE);
        const name = label || one.name;
        for (let i = 0; i < name.length && i < NAME_SIZE - 1; i++) bytes[i] = name.charCodeAt(i);
        bytes.set(writeEndpoint(AF_INET, { address, port: 0, scope: 0 }), NAME_SIZE);
        if (copyOut(task.space, buffer + at, bytes, 0, REQUEST_SIZE) !== REQUEST_SIZE) return -EFAULT;
      }
      at += REQUEST_SIZE;
    }
  return writeU32(task.space, argument, at);
}

/** struct rtentry: SIOCADDRT and SIOCDELRT of route(8). */
function changeRoute(task: Task, namespace: NetNamespace, command: number, argument: number): number {
  if (!task.credentials.capable(namespace.owner, CAP_NET_ADMIN)) return -EPERM;
  const layout = task.abi.structs.rtentry;
  const bytes = new Uint8Array(layout.size);
  if (copyIn(task.space, argument, bytes, 0, bytes.length) !== bytes.length) return -EFAULT;
  const fields = layout.read(new DataView(bytes.buffer), 0);
  const at = (name: string): number => u32(bytes, layout.offsetOf(name) + 4);
  const mask = at('mask');
  const bits = Math.clz32(~mask >>> 0);
  if (maskOf(bits) !== mask) return -EINVAL;
  const destination = (at('destination') & mask) >>> 0;
  const gateway = (fields.flags! & RTF_GATEWAY) !== 0 ? at('gateway') : undefined;
  let by: Interface | undefined;
  if (fields.device !== 0) {
    const name = new Uint8Array(NAME_SIZE);
    copyIn(task.space, fields.device!, name, 0, NAME_SIZE - 1);
    by = namespace.interfaceNamed(String.fromCharCode(...name.subarray(0, name.indexOf(0))));
    if (!by) return -ENODEV;
  } else if (gateway !== undefined) {
    const way = namespace.routes.lookup(gateway);
    if (typeof way === 'number') return way;
    by = way.interface;
  }
  if (!by) return -ENODEV;
  const metric = Math.max(0, fields.metric! - 1);
  const place = { destination, bits, table: RT_TABLE_MAIN };
  if (command === SIOCDELRT) {
    const gone = namespace.routes.remove({ ...place, interface: by });
    if (typeof gone === 'number') return -ESRCH;
    namespace.changes.routeChanged(gone, true);
    return 0;
  }
  const scope = gateway === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  const route = { ...place, gateway, interface: by, metric, protocol: RTPROT_BOOT, scope, type: RTN_UNICAST, flags: 0 };
  const failed = namespace.routes.add(route, { exclusive: true });
  if (failed === 0) namespace.changes.routeChanged(route, false);
  return failed === -EEXIST ? -EEXIST : failed;
}

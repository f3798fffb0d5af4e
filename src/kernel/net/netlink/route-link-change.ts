// Interfaces by netlink, as programs make, change, move and remove them: RTM_NEWLINK, RTM_SETLINK, RTM_DELLINK.
// man 7 rtnetlink, man 8 ip-link; Linux net/core/rtnetlink.c do_setlink, rtnl_newlink, rtnl_dellink.
import { EBUSY, EEXIST, EINVAL, ENOBUFS, ENODEV, EOPNOTSUPP, EPERM, ERANGE } from '../../abi/errno.js';
import { IFF_ALLMULTI, IFF_MULTICAST, IFF_NOARP, IFF_PROMISC, IFF_UP } from '../../abi/inet.js';
import * as rt from '../../abi/rtnetlink.js';
import { AF_BRIDGE } from '../../abi/socket.js';
import { isName, type NetNamespace } from '../../ns/net-namespace.js';
import { CAP_NET_ADMIN } from '../../security/capability.js';
import type { Task } from '../../task/task.js';
import type { Interface } from '../interface.js';
import { Bridge } from '../link/bridge.js';
import { changePort, INFO_SIZE, kindNamed } from '../link/link-kinds.js';
import { checkMtu, setMtu, setName, setStation } from '../link/link-settings.js';
import { Attributes, type Request } from './message.js';
import { interfaceOf } from './route-link.js';
import { namedNamespace } from './route-namespace.js';
import type { Answer, Refusal } from './route-requests.js';

const SEGMENTS_MOST = 65536;
const ALIAS_MAX = 255;
const NAME_MAX = 15;
/** Flags that a request may change. */
const SETTABLE = IFF_UP | IFF_PROMISC | IFF_ALLMULTI | IFF_NOARP | IFF_MULTICAST;

/** RTM_NEWLINK, RTM_SETLINK. */
export function changeLink(task: Task, namespace: NetNamespace, request: Request): Answer {
  const { body, flags, type } = request;
  if (body.length < INFO_SIZE) return -EINVAL;
  const attributes = Attributes.behind(request, INFO_SIZE);
  const name = attributes.text(rt.IFLA_IFNAME);
  if (name !== undefined && name.length > NAME_MAX)
    return { error: -ERANGE, message: 'Attribute failed policy validation' };
  if (name !== undefined && !isName(name)) return -EINVAL;
  const one = interfaceOf(namespace, request);
  if (body[0] === AF_BRIDGE) return one?.port ? setPort(one, attributes) : one ? -EOPNOTSUPP : -ENODEV;
  if (!one)
    return (flags & rt.NLM_F_CREATE) !== 0 && type === rt.RTM_NEWLINK ? make(task, namespace, request) : -ENODEV;
  if (type === rt.RTM_NEWLINK && (flags & rt.NLM_F_EXCL) !== 0) return -EEXIST;
  if (type === rt.RTM_NEWLINK && (flags & rt.NLM_F_REPLACE) !== 0) return -EOPNOTSUPP;
  const failed = changeKind(one, attributes);
  return failed !== 0 ? failed : change(task, one, request, attributes);
}

/** What its kind, or its bridge, has beside. */
function changeKind(one: Interface, attributes: Attributes): number | Refusal {
  const information = attributes.nested(rt.IFLA_LINKINFO);
  if (!information) return 0;
  const kind = information.text(rt.IFLA_INFO_KIND);
  const data = information.nested(rt.IFLA_INFO_DATA);
  if (kind !== undefined && data) {
    if (kind !== one.kind) return -EOPNOTSUPP;
    const failed = kindNamed(kind)?.change?.(one, data) ?? -EOPNOTSUPP;
    if (failed !== 0) return failed;
  }
  const ofPort = information.nested(rt.IFLA_INFO_SLAVE_DATA);
  if (!ofPort) return 0;
  return one.port ? changePort(one.port, ofPort) : -EOPNOTSUPP;
}

/** `bridge link set`. */
function setPort(one: Interface, attributes: Attributes): number {
  const data = attributes.nested(rt.IFLA_PROTINFO);
  if (!data) return -EINVAL;
  const failed = changePort(one.port!, data);
  if (failed === 0) one.namespace.changes.portChanged(one.port!, false);
  return failed;
}

/** The namespace that a request names, when the caller may put something into it. */
function target(task: Task, attributes: Attributes): NetNamespace | number | undefined {
  const named = namedNamespace(task, attributes.u32(rt.IFLA_NET_NS_PID), attributes.u32(rt.IFLA_NET_NS_FD));
  if (named === undefined || typeof named === 'number') return named;
  return task.credentials.capable(named.owner, CAP_NET_ADMIN) ? named : -EPERM;
}

function make(task: Task, from: NetNamespace, request: Request): Answer {
  const attributes = Attributes.behind(request, INFO_SIZE);
  const information = attributes.nested(rt.IFLA_LINKINFO);
  const kindName = information?.text(rt.IFLA_INFO_KIND);
  const kind = kindNamed(kindName);
  if (!kind) return kindName === undefined ? -EOPNOTSUPP : { error: -EOPNOTSUPP, message: 'Unknown device type' };
  const namespace = target(task, attributes) ?? from;
  if (typeof namespace === 'number') return namespace;
  if (namespace.isFull) return -ENOBUFS;
  const index = request.view.getInt32(4, true);
  if (index < 0) return -EINVAL;
  if (index > 0 && namespace.interfaces.has(index)) return -EBUSY;
  const mtu = attributes.u32(rt.IFLA_MTU);
  const refused = mtu === undefined ? 0 : checkMtu(mtu);
  if (refused !== 0) return refused;
  const template = attributes.text(rt.IFLA_IFNAME) ?? `${kind.name}%d`;
  const name = namespace.newName(template);
  if (name === undefined) return -EINVAL;
  if (namespace.interfaceNamed(name)) return -EEXIST;
  const data = information?.nested(rt.IFLA_INFO_DATA);
  const namespaceIn = (said: Attributes): NetNamespace | number | undefined => target(task, said);
  const made = kind.make({ namespace, namespaceIn, index, name, template, attributes, data, from });
  if (typeof made === 'number' || 'error' in made) return made;
  const rest = change(task, made, request, attributes, true);
  if (rest !== 0) namespace.remove(made);
  return rest;
}

/** What all interfaces have. `fresh`: it was made by this request, which has said its name and address already. */
function change(task: Task, one: Interface, request: Request, attributes: Attributes, fresh = false): Answer {
  const { view } = request;
  let name = view.getInt32(4, true) > 0 && !fresh ? attributes.text(rt.IFLA_IFNAME) : undefined;
  if (!fresh) {
    const to = target(task, attributes);
    if (typeof to === 'number') return to;
    if (to && to !== one.namespace) {
      const failed = one.namespace.move(one, to, name);
      if (failed !== 0) return one.movable ? failed : { error: failed, message: 'The interface netns is immutable' };
      name = undefined;
    }
    const station = attributes.bytes(rt.IFLA_ADDRESS);
    const failed = station ? setStation(one, station) : 0;
    if (failed !== 0) return failed;
  }
  const { namespace } = one;
  const mtu = attributes.u32(rt.IFLA_MTU);
  if (mtu !== undefined) {
    const failed = setMtu(one, mtu);
    if (failed !== 0) return failed;
  }
  one.group = attributes.u32(rt.IFLA_GROUP) ?? one.group;
  if (name !== undefined && name !== one.name) {
    const failed = setName(one, name);
    if (failed !== 0) return failed;
  }
  const alias = attributes.text(rt.IFLA_IFALIAS);
  if (alias !== undefined) one.alias = alias.slice(0, ALIAS_MAX);
  const segments = attributes.u32(rt.IFLA_GSO_MAX_SIZE);
  if (segments !== undefined) {
    if (segments > SEGMENTS_MOST) return { error: -EINVAL, message: 'too big gso_max_size' };
    one.segmentsMax = segments;
    one.port?.bridge.adapt();
  }
  one.queueLength = attributes.u32(rt.IFLA_TXQLEN) ?? one.queueLength;
  const master = attributes.u32(rt.IFLA_MASTER);
  if (master !== undefined) {
    const failed = setMaster(one, master);
    if (failed !== 0) return failed;
  }
  const [given, mask] = [view.getUint32(8, true), view.getUint32(12, true)];
  // without a mask all flags are meant, if there are any
  const changed = (mask === 0 ? (given === 0 ? 0 : 0xffffffff) : mask) & SETTABLE;
  one.configured = (one.configured & ~(changed & ~IFF_UP)) | (given & changed & ~IFF_UP);
  if ((changed & IFF_UP) !== 0) namespace.addressing.setUp(one, (given & IFF_UP) !== 0);
  namespace.changes.linkChanged(one, false);
  return 0;
}

/** It becomes a bridge's port, or an interface of its own again. */
function setMaster(one: Interface, index: number): number | Refusal {
  if (one.port?.bridge.index === index) return 0;
  // out of the one is not undone if the other does not take it
  one.port?.bridge.release(one.port);
  const bridge = index === 0 ? undefined : one.namespace.interfaces.get(index);
  if (index !== 0 && !bridge) return -EINVAL;
  if (bridge && !(bridge instanceof Bridge))
    return { error: -EOPNOTSUPP, message: 'Device does not allow enslaving to a bridge.' };
  return bridge ? bridge.enslave(one) : 0;
}

export function removeLink(namespace: NetNamespace, request: Request): Answer {
  if (request.body.length < INFO_SIZE) return -EINVAL;
  const one = interfaceOf(namespace, request);
  if (!one) return -ENODEV;
  // cards and the loopback stay
  if (one.kind === undefined) return -EOPNOTSUPP;
  namespace.remove(one);
  return 0;
}
